//! The state as the cloud has it.

use std::collections::BTreeSet;

use cloud::Freshness;
use egress_model::identity::Holder;
use egress_model::nat_gateway::{Gateway, View};
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::backend::{Gateways, Seen, Shown};
use super::layers::Tags;
use super::outputs::{self, Computed, GlobalIds, PLANNED_REPLACEMENTS, replacements, tags_value};
use super::subject::Recorded;
use super::task::{Task, global_ids};
use crate::session::Call;

/// What a look showed.
#[derive(Debug)]
pub(super) struct Refreshed {
    /// The state; null when no gateway is there.
    pub(super) state: Value,
    /// The instance that has the gateways, as they say.
    pub(super) holder: Option<Holder>,
}

impl Task<'_> {
    /// Looks at the gateways of a state, which is both what was and what is planned.
    pub(super) async fn read(&self) -> Result<Refreshed, Diagnostics> {
        let gateways = self.opened(Call::Refresh).await?;
        let gateways = gateways.as_ref();
        if let Some(misplaced) = gateways.misplaced(self.subject.prior) {
            return Err(misplaced.into());
        }
        let recorded = Recorded::read(self.subject.prior)?;
        let wanted = gateways.wanted_wholly(&self.subject)?;
        let seen = wanted.look(Freshness::Snapshot).await;
        let seen = seen.map_err(|error| self.unreadable(gateways, &error, Call::Refresh))?;
        self.check_account(gateways, &recorded, seen.as_ref()).await?;
        let global_ids = global_ids(gateways, &recorded, seen.as_ref()).await;
        let state = corrected(gateways, self.subject.prior, &seen.view(), seen.shown()?, &global_ids);
        Ok(Refreshed { state, holder: self.holder(seen.as_ref()) })
    }

    /// The instance that has the gateways of the identity, as they say.
    fn holder(&self, seen: &dyn Seen) -> Option<Holder> {
        let live = seen.all().into_iter().filter(|(_, gateway)| gateway.state.is_live());
        let mut own =
            live.filter_map(|(_, gateway)| gateway.mark).filter(|mark| mark.identity == self.subject.identity);
        own.find_map(|mark| mark.holder)
    }

    /// The state without the gateways that `others` have adopted, and without the routes to them; null when it has no other gateway.
    pub(super) async fn inherited(&self, others: &BTreeSet<Holder>) -> Result<Value, Diagnostics> {
        let gateways = self.opened(Call::Apply).await?;
        let gateways = gateways.as_ref();
        let seen = gateways.nothing(self.subject.ownership()?).look(Freshness::Now).await;
        let seen = seen.map_err(|error| self.unreadable(gateways, &error, Call::Apply))?;
        let all = seen.all();
        let holder = |id: &str| all.iter().find(|(_, gateway)| gateway.id == id)?.1.mark.as_ref()?.holder.as_ref();
        Ok(outputs::without(self.subject.prior, &|id| holder(id).is_none_or(|holder| !others.contains(holder))))
    }
}

/// The resource as it is: what the user wrote, corrected where the cloud has it otherwise. Null when nothing of it is there: without a
/// gateway its routes may be, whose target is gone.
pub(super) fn corrected(
    gateways: &dyn Gateways,
    value: &Value,
    view: &View,
    shown: Shown,
    global_ids: &GlobalIds,
) -> Value {
    if view.gateways.is_empty() && !shown.has_rest {
        return Value::Null;
    }
    let mut corrected = Computed::new();
    for name in ["tags", "tags_all"] {
        let tags = value.get(name).and_then(Value::as_map);
        let tags = tags.map(|tags| shown_tags(tags.keys(), view, &shown));
        corrected.extend(tags.map(|tags| (name, tags_value(&tags))));
    }
    corrected.extend(outputs::computed(view, &shown.routes, global_ids));
    // What was planned is done or void.
    corrected.insert(PLANNED_REPLACEMENTS, replacements(&BTreeSet::new()));
    // Without a gateway it says what there was to be: the next plan makes it again.
    if !view.gateways.is_empty() {
        corrected.insert(gateways.place().cloud().name, shown.block);
    }
    outputs::with(value, corrected)
}

/// The tags of a state as the gateways have them: those that all have, with a value that is not the wanted one where there is.
fn shown_tags<'a>(tags: impl Iterator<Item = &'a String>, view: &View, shown: &Shown) -> Tags {
    let standing = || view.gateways.iter();
    let is_own = |of, key: &String| shown.own_tags.get(of).is_some_and(|own| own.contains(key));
    let other = |key: &String| {
        let mut others = standing().filter(|(of, _)| !is_own(*of, key)).map(|(_, gateway)| gateway);
        others.find_map(|gateway: &Gateway| gateway.tags.get(key).filter(|has| shown.tags.get(key) != Some(*has)))
    };
    let all_have = |key: &&String| standing().all(|(_, gateway)| gateway.tags.contains_key(*key));
    let shown = tags.filter(all_have).map(|key| {
        let wanted = shown.tags.get(key).cloned().unwrap_or_default();
        (key.clone(), other(key).cloned().unwrap_or(wanted))
    });
    shown.collect()
}
