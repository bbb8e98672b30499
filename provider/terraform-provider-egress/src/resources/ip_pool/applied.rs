//! The state after an apply, and after a look.

use std::collections::BTreeMap;

use cloud::{End, Freshness, Limits};
use egress_model::identity::{Holder, Identity, Key};
use egress_model::ip_pool::{InUse, Mark, ReleasePolicy};
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::arguments::{Arguments, Outputs};
use super::backend::{Entry, Leaving, Picture, Pool, Pools, Row};
use super::outputs::{self, Computed, Known};
use super::planned::{elsewhere, key_of, refused_rename};
use super::{arguments, report};
use crate::resources::instance::Instance;
use crate::session::Failure;

/// An apply.
pub(super) struct Applying<'a> {
    pub(super) identity: Identity,
    /// The identity that the state has, where the pool is being renamed.
    pub(super) former: Option<Identity>,
    /// The state; null when creating.
    pub(super) prior: &'a Value,
    /// What is planned; null when destroying.
    pub(super) planned: &'a Value,
    /// Which instance this is. When its creation failed halfway, nobody knows these IPs yet.
    pub(super) instance: &'a Instance,
    pub(super) limits: &'a Limits,
}

/// What an apply reached.
pub(super) struct Applied {
    pub(super) state: Value,
    /// Why not everything was done.
    pub(super) failure: Option<Failure>,
    pub(super) diagnostics: Diagnostics,
    /// Whether everything was done.
    pub(super) done: bool,
}

impl Applying<'_> {
    /// Makes the pool what is planned.
    pub(super) async fn apply(&self, pools: &dyn Pools) -> Result<Applied, Failure> {
        let destroys = self.planned.is_null();
        let after = Arguments::read(if destroys { self.prior } else { self.planned })?;
        let before = if self.prior.is_null() { None } else { Some(Arguments::read(self.prior)?) };
        let outputs = Outputs::read(self.prior)?;
        let entries = if destroys {
            BTreeMap::new()
        } else {
            let entries = after.entries(pools, &outputs.recorded());
            entries.into_iter().filter_map(|(key, entry)| Some((key, entry?))).collect()
        };
        let pool = Pool {
            identity: self.identity.clone(),
            former: self.former.clone(),
            holder: self.instance.holder.clone(),
            takes_over: self.instance.takes_over,
            entries,
            in_use: if destroys { InUse::Wait } else { InUse::Postpone },
            state: outputs.state(before.as_ref().unwrap_or(&after), &after),
        };
        let unreadable =
            |error| report::unreadable("look at the pool's addresses before changing them", &error, pools.place());
        if let Some(before) = &before {
            let picture = pools.picture(&pool, Freshness::Now).await.map_err(unreadable)?;
            let guards = if destroys { before } else { &after }.guards() && !self.instance.incomplete;
            if let Some(refusal) = self.refusal(pools, &pool, &picture, &outputs, guards).await {
                return Err(refusal.into());
            }
        }
        let (picture, end) = pools.apply(&pool, self.limits).await.map_err(unreadable)?;
        let done = matches!(end, End::Done);
        let failure = report::end(&end, pools.place(), &exists(&picture), self.prior.is_null());
        let mut diagnostics = Diagnostics::new();
        let extra = |row: &&Row| row.mark.is_none() && !pool.state.contains_key(&row.id) && !is_kept(&picture, row);
        diagnostics.extend(report::extra(&picture.all.values().filter(extra).collect::<Vec<_>>()));
        let state = if destroys {
            self.rest(pools, &pool, &picture, done).await
        } else {
            self.state(pools, &pool, &picture).await
        };
        Ok(Applied { state, failure, diagnostics, done })
    }

    /// Why the change is refused. The plan has said the same, unless it could not know: something was unknown then, or
    /// was changed since.
    async fn refusal(
        &self,
        pools: &dyn Pools,
        pool: &Pool,
        picture: &Picture,
        outputs: &Outputs,
        guards: bool,
    ) -> Option<Diagnostic> {
        if let Some(elsewhere) = elsewhere(pools, self.prior, &outputs.recorded(), picture).await {
            return Some(elsewhere);
        }
        if picture.foreign.iter().any(|(_, policy)| *policy == ReleasePolicy::Release) {
            return report::left_to_others(&picture.foreign, &self.identity, self.planned.is_null());
        }
        let refused = refused_rename(pool, picture);
        if refused.is_some() || !guards {
            return refused;
        }
        let was_current = |leaving: &Leaving| pool.state.get(&leaving.row.id).is_some_and(|held| held.current);
        let given_up: Vec<_> = picture.leaving.iter().filter(|l| l.is_given_up() && was_current(l)).collect();
        report::leaves(&self.identity, &given_up, &BTreeMap::new(), true, self.planned.is_null())
    }

    async fn state(&self, pools: &dyn Pools, pool: &Pool, picture: &Picture) -> Value {
        let mut known = BTreeMap::new();
        for (key, row) in &picture.kept {
            let tags = tags_as_set(row, pool.entries.get(key));
            let managed = outputs::is_managed(row, &self.identity);
            let arn = outputs::arn(pools, self.prior, key, &row.id).await;
            let detail = outputs::detail(row, managed, &tags, arn, outputs::association(&row.users));
            known.insert(key.clone(), Known::of(row, self.as_planned(key, detail)));
        }
        let complete = known.len() == pool.entries.len();
        let mut computed = outputs::by_key(&known, complete);
        computed.insert("leaving", outputs::leaving(&picture.leaving, &|row| key_of(row, pool)));
        computed.insert("lost", Value::map::<&str, Value>([]));
        with(self.planned, computed)
    }

    /// What a destroy left: null when nothing.
    async fn rest(&self, pools: &dyn Pools, pool: &Pool, picture: &Picture, done: bool) -> Value {
        if done || picture.all.keys().all(|id| !pool.state.contains_key(id)) {
            return Value::Null;
        }
        let rows = picture.all.iter().filter_map(|(id, row)| Some((pool.state.get(id)?, row)));
        let current: BTreeMap<&Key, &Row> =
            rows.filter(|(held, _)| held.current).map(|(held, row)| (&held.key, row)).collect();
        let mut known = BTreeMap::new();
        for (key, row) in current {
            let arn = outputs::arn(pools, self.prior, key, &row.id).await;
            let managed = outputs::is_managed(row, &self.identity);
            let association = outputs::association(&row.users);
            known.insert(key.clone(), Known::of(row, outputs::detail(row, managed, &row.tags, arn, association)));
        }
        let leaving =
            picture.leaving.iter().filter(|leaving| pool.state.get(&leaving.row.id).is_none_or(|held| !held.current));
        let mut computed = outputs::by_key(&known, false);
        computed.insert("leaving", outputs::leaving(leaving, &|row| key_of(row, pool)));
        computed.insert("lost", Value::map::<&str, Value>([]));
        with(self.prior, computed)
    }

    /// The details as they were planned, where they were: what uses an address may have changed since, and that is for the
    /// next look.
    fn as_planned(&self, key: &Key, detail: Value) -> Value {
        let planned = self.planned.get("details").and_then(|details| details.as_map()?.get(key.as_str()));
        match planned {
            Some(planned) if planned.is_wholly_known() && planned.get("id") == detail.get("id") => planned.clone(),
            _ => detail,
        }
    }
}

fn is_kept(picture: &Picture, row: &Row) -> bool {
    picture.kept.values().any(|kept| kept.id == row.id)
}

/// The tags of an address as far as the pool sets them.
fn tags_as_set(row: &Row, entry: Option<&Entry>) -> BTreeMap<String, String> {
    let wanted = entry.map(|entry| &entry.tags);
    let set = row.tags.iter().filter(|(name, _)| wanted.is_some_and(|wanted| wanted.contains_key(*name)));
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn exists(picture: &Picture) -> String {
    let kept: Vec<_> =
        picture.kept.iter().map(|(key, row)| format!("\"{key}\" = {} ({})", row.public_ips, row.id)).collect();
    match kept.as_slice() {
        [] => "The pool has no address now.".to_owned(),
        kept => format!("The pool has now: {}.", kept.join(", ")),
    }
}

/// The value with these attributes, and null where something is still unknown.
fn with(value: &Value, computed: Computed) -> Value {
    let mut value = value.clone();
    if let Some(attributes) = value.as_object_mut() {
        attributes.extend(computed.into_iter().map(|(name, value)| (name.to_owned(), value)));
        for attribute in attributes.values_mut().filter(|value| value.is_unknown()) {
            *attribute = Value::Null;
        }
    }
    value
}

/// What a look at a pool showed.
pub(super) struct Seen {
    /// The state as the cloud has it; null when nothing of the pool is there.
    pub(super) state: Value,
    /// The instance that has the addresses, as they say.
    pub(super) holder: Option<Holder>,
    /// What the user should know of it.
    pub(super) diagnostics: Diagnostics,
}

/// Looks at a pool.
pub(super) async fn read(pools: &dyn Pools, identity: Identity, state: &Value) -> Result<Seen, Failure> {
    let arguments = Arguments::read(state)?;
    let outputs = Outputs::read(state)?;
    let pool = Pool::looked_at(identity.clone(), outputs.state(&arguments, &arguments));
    let unreadable = |error| report::unreadable("read the pool's addresses", &error, pools.place());
    let picture = pools.picture(&pool, Freshness::Snapshot).await.map_err(unreadable)?;
    let recorded = outputs.recorded();
    let wants_none = arguments.addresses.known().is_some_and(BTreeMap::is_empty);
    if picture.all.is_empty() && recorded.is_empty() && outputs.lost().is_empty() && !wants_none {
        return Ok(Seen { state: Value::Null, holder: None, diagnostics: Diagnostics::new() });
    }
    if let Some(elsewhere) = elsewhere(pools, state, &recorded, &picture).await {
        return Err(elsewhere.into());
    }
    let mut rows: BTreeMap<Key, &Row> = BTreeMap::new();
    let mut lost: BTreeMap<Key, Value> = BTreeMap::new();
    let was_lost = state.get("lost").and_then(Value::as_map);
    for (key, value) in was_lost.into_iter().flatten() {
        if let Ok(key) = key.parse() {
            lost.insert(key, value.clone());
        }
    }
    for (key, recorded) in &recorded {
        if let Some(row) = picture.all.get(&recorded.id) {
            rows.insert(key.clone(), row);
        } else {
            let value = [("public_ip", recorded.public_ip.as_str()), ("id", recorded.id.as_str())];
            lost.insert(key.clone(), Value::object(value));
        }
    }
    // What an interrupted run left: the oldest address of a key that has none is that key's. One of a key that the state has
    // never had may as well be another state's, with the same owner and name.
    let mut strays: Vec<&Row> = picture.all.values().filter(|row| !pool.state.contains_key(&row.id)).collect();
    strays.sort_by_key(|row| (row.mark.as_ref().and_then(|mark| mark.created), row.id.clone()));
    let mut leaving = BTreeMap::new();
    for (id, held) in pool.state.iter().filter(|(_, held)| !held.current) {
        if let Some(row) = picture.all.get(id) {
            leaving.insert(id.clone(), (held.key.to_string(), row, held.on_leave));
        }
    }
    let mut unknown = Vec::new();
    for row in strays {
        let Some(mark) = row.mark.as_ref().filter(|mark| mark.identity == identity) else { continue };
        if !arguments.has(&mark.key) {
            unknown.push(row);
        } else if rows.contains_key(&mark.key) {
            leaving.insert(row.id.clone(), (mark.key.to_string(), row, arguments.release_policy()));
        } else {
            rows.insert(mark.key.clone(), row);
            lost.remove(&mark.key);
        }
    }
    let mut known = BTreeMap::new();
    let entries = arguments.entries(pools, &recorded);
    for (key, row) in &rows {
        // Of one that was imported, or left by an interrupted run, the pool's tags are those that it is to have: others stay.
        let wanted = || entries.get(key).and_then(Option::as_ref).map(|entry| &entry.tags);
        let before = recorded.get(key).map(|recorded| &recorded.tags).or_else(wanted);
        let tags = row.tags.iter().filter(|(name, _)| before.is_some_and(|before| before.contains_key(*name)));
        let tags = tags.map(|(name, value)| (name.clone(), value.clone())).collect();
        let arn = outputs::arn(pools, state, key, &row.id).await;
        let managed = outputs::is_managed(row, &identity);
        let association = outputs::association(&row.users);
        known.insert(key.clone(), Known::of(row, outputs::detail(row, managed, &tags, arn, association)));
    }
    let mut computed = outputs::by_key(&known, true);
    let leaving = leaving.into_iter().map(|(id, (key, row, policy))| {
        let value = Value::object([
            ("public_ip", Value::from(row.public_ips.to_string())),
            ("key", key.into()),
            ("release_policy", arguments::policy_text(policy).into()),
        ]);
        (id.to_string(), value)
    });
    computed.insert("leaving", Value::map(leaving));
    computed.insert("lost", Value::map(lost.into_iter().map(|(key, value)| (key.to_string(), value))));
    let is_own = |mark: &&Mark| mark.identity == identity;
    let holder = rows.values().filter_map(|row| row.mark.as_ref()).filter(is_own).find_map(|mark| mark.holder.clone());
    let diagnostics = report::strays(&unknown, false).into_iter().collect();
    Ok(Seen { state: with(state, computed), holder, diagnostics })
}
