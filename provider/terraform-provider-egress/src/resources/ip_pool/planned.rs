//! What a plan knows, and what it says.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::identity::{Identity, Key};
use egress_model::ip_pool::{Association, InUse};
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::arguments::{Arguments, Outputs, Recorded};
use super::backend::{Entry, Fate, Leaving, Picture, Pool, Pools};
use super::outputs::{self, Computed, Known};
use super::report;
use crate::session::Adoption;

/// What a plan is made of.
pub(super) struct Planning<'a> {
    pub(super) identity: Identity,
    pub(super) adoption: Adoption,
    /// The state; null when creating.
    pub(super) prior: &'a Value,
    /// What the state's arguments were; those of the plan when creating.
    pub(super) before: &'a Arguments,
    /// The planned arguments; those of the state when destroying.
    pub(super) after: &'a Arguments,
    pub(super) destroys: bool,
    /// The first create failed halfway, so that nobody has been told these IPs.
    pub(super) incomplete: bool,
    /// The keys of which it is not known yet where their address comes from.
    pub(super) undecided: BTreeSet<Key>,
}

impl Planning<'_> {
    /// Looks at the cloud, and says what an apply would do.
    pub(super) async fn plan(&self, pools: &dyn Pools, diagnostics: &mut Diagnostics) -> Option<Computed> {
        let outputs = match Outputs::read(self.prior) {
            Ok(outputs) => outputs,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                return None;
            }
        };
        let recorded = outputs.recorded();
        let entries = if self.destroys { BTreeMap::new() } else { self.after.entries(pools.default_tags(), &recorded) };
        let (decided, undecided): (BTreeMap<_, _>, BTreeMap<_, _>) =
            entries.into_iter().partition(|(key, entry)| entry.is_some() && !self.undecided.contains(key));
        let decided: BTreeMap<Key, Entry> =
            decided.into_iter().filter_map(|(key, entry)| Some((key, entry?))).collect();
        let mut state = outputs.state(self.before, self.after);
        // Nothing can be said of these keys: they neither keep nor lose anything in this plan.
        state.retain(|_, held| !undecided.contains_key(&held.key));
        let in_use = if self.destroys { InUse::Wait } else { InUse::Postpone };
        let pool = Pool { identity: self.identity.clone(), entries: decided, in_use, state };
        let picture = match pools.picture(&pool).await {
            Ok(picture) => picture,
            Err(error) => {
                diagnostics.push(report::unreadable("look at the pool's addresses", &error));
                return None;
            }
        };
        self.speak(pools, &pool, &picture, &outputs, diagnostics).await;
        if self.destroys {
            return None;
        }
        Some(self.compute(pools, &pool, &picture, &recorded, &undecided.into_keys().collect::<Vec<_>>()).await)
    }

    async fn speak(
        &self,
        pools: &dyn Pools,
        pool: &Pool,
        picture: &Picture,
        outputs: &Outputs,
        diagnostics: &mut Diagnostics,
    ) {
        let guards = self.before_or_after().guards() && !self.incomplete;
        let earlier = outputs.leaving();
        let (old, new): (Vec<&Leaving>, Vec<_>) =
            picture.leaving.iter().partition(|leaving| earlier.contains_key(&leaving.row.id));
        let used: BTreeMap<_, Association> = picture
            .leaving
            .iter()
            .filter_map(|leaving| Some((leaving.row.id.clone(), leaving.row.association.clone()?)))
            .collect();
        // Only for the message: without it the ids are shown.
        let users = if used.is_empty() { BTreeMap::new() } else { pools.users(&used).await.unwrap_or_default() };
        diagnostics.extend(report::leaves(&new, &users, guards, self.destroys));
        diagnostics.extend(report::left_before(&old, &users));
        if self.destroys {
            return;
        }
        let recorded = outputs.recorded();
        let known_lost = outputs.lost();
        for (key, entry) in &pool.entries {
            let row = picture.kept.get(key);
            if picture.missing.contains(key) {
                diagnostics.push(report::missing(key, entry.existing.as_ref().map_or("", |id| id.as_str())));
            }
            let gone = recorded.get(key).filter(|recorded| !picture.all.contains_key(&recorded.id));
            let ip = known_lost.get(key).or_else(|| gone.map(|recorded| &recorded.public_ip));
            let recovers = |ip: &String| entry.recover.is_some_and(|recover| recover.to_string() == *ip);
            if let Some(ip) = ip.filter(|ip| picture.allocates.contains(key) && !recovers(ip)) {
                diagnostics.push(report::lost(key, ip, guards));
            }
            let Some(row) = row else { continue };
            match &row.mark {
                Some(mark) if entry.existing.is_some() && mark.identity != self.identity => {
                    diagnostics.push(report::foreign(key, row, &mark.identity.to_string()));
                }
                _ => {}
            }
            let Some(recorded) = recorded.get(key).filter(|recorded| entry.existing.is_none() && recorded.id == row.id)
            else {
                continue;
            };
            if self.before.adopts(key) {
                diagnostics.push(report::taken_over(key, row));
            } else if !recorded.managed && !outputs::is_managed(row, &self.identity) {
                diagnostics.push(report::retagged(key, row));
            }
        }
        let known = |row: &super::backend::Row| pool.state.contains_key(&row.id);
        let found: Vec<_> = picture
            .kept
            .iter()
            .filter(|(key, row)| !known(row) && pool.entries.get(*key).is_some_and(|entry| entry.existing.is_none()))
            .collect();
        diagnostics.extend(report::found(&found, self.adoption));
        if !picture.allocates.is_empty() {
            match pools.quota().await {
                Ok(Some(quota)) => diagnostics.extend(report::quota(&quota, picture.allocates.len())),
                Ok(None) => {}
                // The limit is a warning only, and reading it may not be allowed.
                Err(error) => tracing::warn!(%error, "the limit of addresses is not known"),
            }
        }
    }

    fn before_or_after(&self) -> &Arguments {
        if self.destroys { self.before } else { self.after }
    }

    async fn compute(
        &self,
        pools: &dyn Pools,
        pool: &Pool,
        picture: &Picture,
        recorded: &BTreeMap<Key, Recorded>,
        undecided: &[Key],
    ) -> Computed {
        let mut known: BTreeMap<Key, Known> = BTreeMap::new();
        for (key, entry) in &pool.entries {
            let planned = match picture.kept.get(key) {
                Some(row) => {
                    let association =
                        if picture.pending { Value::UNKNOWN } else { outputs::association(row.association.as_ref()) };
                    let arn = outputs::arn(pools, self.prior, key, &row.id).await;
                    let managed = entry.existing.is_none() || outputs::is_managed(row, &self.identity);
                    let detail = outputs::detail(row, managed, &entry.tags, arn, association);
                    let kept = self.kept_detail(key, recorded.get(key), &detail).filter(|_| !picture.pending);
                    let detail = if entry.tags_known { kept.unwrap_or(detail) } else { Value::UNKNOWN };
                    Known::of(row, detail)
                }
                None => match entry.recover {
                    Some(ip) => Known { public_ip: ip.to_string().into(), ..Known::unknown() },
                    None => Known::unknown(),
                },
            };
            known.insert(key.clone(), planned);
        }
        known.extend(undecided.iter().map(|key| (key.clone(), Known::unknown())));
        // An interrupted create returns the keys that it reached, and Terraform accepts that only of what is wholly unknown.
        let all_exist = known.values().all(|known| !known.id.is_unknown());
        if self.prior.is_null() && !all_exist {
            return ["ids", "public_ips", "details", "cidrs", "leaving", "lost"]
                .into_iter()
                .map(|name| (name, Value::UNKNOWN))
                .collect();
        }
        let mut computed = outputs::by_key(&known, true);
        let rests = picture.leaving.iter().filter(|leaving| leaving.recorded().is_some());
        let leaving = if rests.clone().all(|leaving| leaving.fate == Fate::Postponed) && !picture.pending {
            outputs::leaving(rests, &|row| key_of(row, pool))
        } else if rests.count() == 0 {
            Value::map::<&str, Value>([])
        } else {
            Value::UNKNOWN
        };
        computed.insert("leaving", leaving);
        computed.insert("lost", Value::map::<&str, Value>([]));
        computed
    }

    /// The state's details, where they differ from what is now in nothing but what uses the address: that is no change.
    fn kept_detail(&self, key: &Key, recorded: Option<&Recorded>, detail: &Value) -> Option<Value> {
        recorded?;
        let prior = self.prior.get("details")?.as_map()?.get(key.as_str())?;
        let same = ["id", "public_ip", "arn", "managed", "tags"].iter().all(|name| prior.get(name) == detail.get(name));
        same.then(|| prior.clone())
    }
}

/// The key that an address had.
pub(super) fn key_of(row: &super::backend::Row, pool: &Pool) -> String {
    let held = pool.state.get(&row.id).map(|held| &held.key);
    held.or_else(|| row.mark.as_ref().map(|mark| &mark.key)).map(ToString::to_string).unwrap_or_default()
}
