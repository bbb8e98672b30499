//! What a plan knows, and what it says.

use std::collections::{BTreeMap, BTreeSet};

use cloud::Freshness;
use egress_model::identity::{Identity, Key, is_held_by_another};
use egress_model::ip_pool::{AddressId, InUse, User};
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::arguments::{Arguments, Outputs, Recorded};
use super::backend::{Entry, Fate, Leaving, Picture, Pool, Pools, Row};
use super::outputs::{self, Computed, Known};
use super::report;
use crate::resources::instance::Instance;
use crate::session::{Adoption, Failure, Tally};

/// What a plan is made of.
pub(super) struct Planning<'a> {
    pub(super) identity: Identity,
    /// The identity that the state has, where the pool is being renamed.
    pub(super) former: Option<Identity>,
    pub(super) adoption: Adoption,
    /// What the plans of this run use of the account's limits.
    pub(super) made: &'a Tally,
    /// The state; null when creating.
    pub(super) prior: &'a Value,
    /// What the state's arguments were; those of the plan when creating.
    pub(super) before: &'a Arguments,
    /// The planned arguments; those of the state when destroying.
    pub(super) after: &'a Arguments,
    pub(super) destroys: bool,
    /// Whether the configuration says something else than the state.
    pub(super) changes: bool,
    /// Which instance this is. When its creation failed halfway, nobody knows these IPs yet.
    pub(super) instance: &'a Instance,
    /// The keys of which it is not known yet where their address comes from.
    pub(super) undecided: BTreeSet<Key>,
}

impl Planning<'_> {
    /// Looks at the cloud, and says what an apply would do.
    pub(super) async fn plan(
        &self,
        pools: &dyn Pools,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Computed>, Failure> {
        let outputs = Outputs::read(self.prior)?;
        let recorded = outputs.recorded();
        let entries = if self.destroys { BTreeMap::new() } else { self.after.entries(pools, &recorded) };
        let (decided, undecided): (BTreeMap<_, _>, BTreeMap<_, _>) =
            entries.into_iter().partition(|(key, entry)| entry.is_some() && !self.undecided.contains(key));
        let decided: BTreeMap<Key, Entry> =
            decided.into_iter().filter_map(|(key, entry)| Some((key, entry?))).collect();
        let mut state = outputs.state(self.before, self.after);
        // Nothing can be said of these keys: they neither keep nor lose anything in this plan.
        state.retain(|_, held| !undecided.contains_key(&held.key));
        let in_use = if self.destroys { InUse::Wait } else { InUse::Postpone };
        let (identity, former) = (self.identity.clone(), self.former.clone());
        let holder = self.instance.holder.clone();
        let pool = Pool { identity, former, holder, takes_over: false, entries: decided, in_use, state };
        let unreadable = |error| report::unreadable("look at the pool's addresses", &error, pools.place());
        let picture = pools.picture(&pool, Freshness::Snapshot).await.map_err(unreadable)?;
        // A plan without a refresh has not asked before.
        if let Some(elsewhere) = elsewhere(pools, self.prior, &recorded, &picture).await {
            return Err(elsewhere.into());
        }
        self.diagnose(pools, &pool, &picture, &outputs, diagnostics).await;
        if self.destroys {
            return Ok(None);
        }
        let undecided = undecided.into_keys().collect::<Vec<_>>();
        Ok(Some(self.compute(pools, &pool, &picture, &undecided).await))
    }

    /// Says what can be said while the cloud cannot be asked, because the plan does not know yet where the pool will be: which
    /// IPs leave by what is written.
    pub(super) fn plan_unseen(&self, diagnostics: &mut Diagnostics) -> Result<(), Diagnostic> {
        let recorded = Outputs::read(self.prior)?.recorded();
        let stays = |key: &Key| !self.destroys && self.after.has(key);
        let gone: Vec<_> = recorded.iter().filter(|(key, _)| !stays(key) && !self.before.adopts(key)).collect();
        let guards = self.before_or_after().guards() && !self.instance.incomplete;
        diagnostics.extend(report::leaves_unseen(&self.identity, &gone, guards, self.destroys));
        Ok(())
    }

    async fn diagnose(
        &self,
        pools: &dyn Pools,
        pool: &Pool,
        picture: &Picture,
        outputs: &Outputs,
        diagnostics: &mut Diagnostics,
    ) {
        let guards = self.before_or_after().guards() && !self.instance.incomplete;
        let earlier = outputs.leaving();
        let (old, new): (Vec<&Leaving>, Vec<_>) =
            picture.leaving.iter().partition(|leaving| earlier.contains_key(&leaving.row.id));
        let used: BTreeMap<_, Vec<User>> = picture
            .leaving
            .iter()
            .filter(|leaving| !leaving.row.users.is_empty())
            .map(|leaving| (leaving.row.id.clone(), leaving.row.users.clone()))
            .collect();
        // Only for the message: without it the ids are shown.
        let users = if used.is_empty() { BTreeMap::new() } else { pools.describe_users(&used).await.unwrap_or_default() };
        diagnostics.extend(report::leaves(&self.identity, &new, &users, guards, self.destroys));
        diagnostics.extend(report::left_before(&old, &users));
        diagnostics.extend(report::kept(&picture.held, &self.identity));
        diagnostics.extend(report::left_to_others(&picture.foreign, &self.identity, self.destroys));
        if self.destroys {
            let unknown = |row: &&Row| pool.is_own(row) && !pool.state.contains_key(&row.id);
            diagnostics.extend(report::strays(&picture.all.values().filter(unknown).collect::<Vec<_>>(), true));
            return;
        }
        diagnostics.extend(refused_rename(pool, picture));
        diagnostics.extend(self.too_many_tags(pool, pools.most_tags()));
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
            // A refresh would have noted it. What was planned of the key's IP would not come.
            if let Some(gone) = gone.filter(|_| !guards && picture.allocates.contains(key)) {
                diagnostics.push(report::stale(key, &gone.public_ip));
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
            let others = row.mark.as_ref().filter(|_| !pool.is_own(row));
            if self.before.adopts(key) {
                diagnostics.push(report::taken_over(key, row));
            } else if let Some(mark) = others {
                diagnostics.push(report::marked_by_others(key, row, &mark.identity, &self.identity));
            } else if !recorded.managed && !outputs::is_managed(row, &self.identity) {
                diagnostics.push(report::retagged(key, row));
            } else if row
                .mark
                .as_ref()
                .is_some_and(|mark| is_held_by_another(mark.holder.as_ref(), self.instance.holder.as_ref()))
            {
                diagnostics.push(report::taken_back(key, row));
            }
        }
        let known = |row: &Row| pool.state.contains_key(&row.id);
        let found: Vec<_> = picture
            .kept
            .iter()
            .filter(|(key, row)| !known(row) && pool.entries.get(*key).is_some_and(|entry| entry.existing.is_none()))
            .collect();
        if self.former.is_none() && !self.instance.inherits {
            diagnostics.extend(report::found(&found, &self.identity, self.adoption));
        }
        let open: Vec<_> = self.undecided.iter().filter(|key| recorded.contains_key(*key)).collect();
        if guards && !open.is_empty() {
            diagnostics.push(report::undecided(&open));
        }
        if !picture.allocates.is_empty() {
            match pools.quotas().await {
                Ok(quotas) => {
                    for quota in quotas {
                        let of = format!("{} in {}", quota.name, pools.place());
                        let new = self.made.note(&of, self.identity.name.as_str(), picture.allocates.len());
                        diagnostics.extend(report::quota(&quota, new));
                    }
                }
                // The limit is a warning only, and reading it may not be allowed.
                Err(error) => tracing::warn!(%error, "the limit of addresses is not known"),
            }
        }
    }

    /// The tags that the pool sets are too many, with the provider's default tags among them; said once of those of all addresses.
    fn too_many_tags(&self, pool: &Pool, most: usize) -> Vec<Diagnostic> {
        let set = pool.entries.iter().filter(|(_, entry)| entry.existing.is_none());
        let wrong = set.filter_map(|(key, entry)| {
            let at = self.after.tags_path(key);
            Some((at.to_string(), report::too_many_tags(entry.tags.keys(), most, &at)?))
        });
        wrong.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn before_or_after(&self) -> &Arguments {
        if self.destroys { self.before } else { self.after }
    }

    async fn compute(&self, pools: &dyn Pools, pool: &Pool, picture: &Picture, undecided: &[Key]) -> Computed {
        let mut known: BTreeMap<Key, Known> = BTreeMap::new();
        for (key, entry) in &pool.entries {
            let planned = match picture.kept.get(key) {
                Some(row) => {
                    let arn = outputs::arn(pools, self.prior, key, &row.id).await;
                    let managed = entry.existing.is_none() || outputs::is_managed(row, &self.identity);
                    let before = self.detail_before(key, &row.id);
                    let now = || outputs::association(&row.users);
                    let association = before.and_then(|before| before.get("association").cloned()).unwrap_or_else(now);
                    let mut detail = outputs::detail(row, managed, &entry.tags, arn, association);
                    let only_tags_on_the_cloud =
                        !self.changes && picture.updates.contains(key) && before == Some(&detail);
                    if let Some(detail) = detail.as_object_mut() {
                        if !entry.tags_known {
                            detail.insert("tags".to_owned(), Value::UNKNOWN);
                        } else if only_tags_on_the_cloud {
                            // Nothing that the state has differs. An unknown value makes Terraform call for the update.
                            detail.insert("association".to_owned(), Value::UNKNOWN);
                        }
                    }
                    Known::of(row, detail)
                }
                None => match entry.recover {
                    Some(ip) => Known::recovered(ip),
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
        // Whether an address that leaves is still used when the apply comes to it, nobody can know.
        let rests: Vec<&Leaving> = picture.leaving.iter().filter(|leaving| leaving.recorded().is_some()).collect();
        let leaving = if rests.is_empty() {
            Value::map::<&str, Value>([])
        } else if self.changes || rests.iter().any(|leaving| leaving.fate != Fate::Postponed) {
            Value::UNKNOWN
        } else {
            outputs::leaving(rests, &|row| key_of(row, pool))
        };
        computed.insert("leaving", leaving);
        computed.insert("lost", Value::map::<&str, Value>([]));
        computed
    }

    /// The state's details of the address of a key, where it is this one. What uses an address changes without the pool: the state goes
    /// on to say what the last look found.
    fn detail_before(&self, key: &Key, id: &AddressId) -> Option<&Value> {
        let before = self.prior.get("details")?.as_map()?.get(key.as_str())?;
        (before.get("id")?.as_str() == Some(id.as_str())).then_some(before)
    }
}

/// Why renaming the pool in this plan is refused. The new name must be free, or two pools would become one; and an address
/// that is allocated under the new name by a run that dies could not be told apart from another pool's by the next.
pub(super) fn refused_rename(pool: &Pool, picture: &Picture) -> Option<Diagnostic> {
    let former = pool.former.as_ref()?;
    let taken = |row: &&Row| {
        row.mark.as_ref().is_some_and(|mark| mark.identity == pool.identity) && !pool.state.contains_key(&row.id)
    };
    let taken: Vec<_> = picture.all.values().filter(taken).collect();
    if !taken.is_empty() {
        return Some(report::name_taken(&pool.identity.name, &taken));
    }
    let more = !picture.allocates.is_empty() || !picture.leaving.is_empty() || !picture.foreign.is_empty();
    more.then(|| report::renamed_with_more(&former.name, &pool.identity.name))
}

/// The error where an address of the state is missing because the provider looks in another account or region.
pub(super) async fn elsewhere(
    pools: &dyn Pools,
    state: &Value,
    recorded: &BTreeMap<Key, Recorded>,
    picture: &Picture,
) -> Option<Diagnostic> {
    for (key, recorded) in recorded {
        if !picture.all.contains_key(&recorded.id)
            && let Some((was, now)) = outputs::elsewhere(pools, state, key, &recorded.id).await
        {
            return Some(report::elsewhere(&recorded.public_ip, &was, &now));
        }
    }
    None
}

/// The key that an address had.
pub(super) fn key_of(row: &Row, pool: &Pool) -> String {
    let held = pool.state.get(&row.id).map(|held| &held.key);
    held.or_else(|| row.mark.as_ref().map(|mark| &mark.key)).map(ToString::to_string).unwrap_or_default()
}
