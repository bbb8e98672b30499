//! What of the computed attributes is known before the apply.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Desired, Kind};
use cloud_aws::nat_gateways::observed::{Gateway, Observed};
use cloud_aws::nat_gateways::operation::Operation;
use cloud_aws::nat_gateways::plan::{Plan, reasons_to_replace};
use egress_model::identity::Key;
use tfplugin::cty::Value;

use super::input::{Gaps, route_text};
use super::state::{Arns, GATEWAY};

/// What a prediction is made from.
pub(super) struct Prediction<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
    /// What is not known yet.
    pub(super) gaps: &'a Gaps,
    /// The global names that the state has.
    pub(super) arns: &'a Arns,
}

impl Prediction<'_> {
    /// The computed attributes of which something is known. One gateway of which something is open leaves the others known.
    pub(super) fn values(&self) -> BTreeMap<&'static str, Value> {
        let mut values = BTreeMap::new();
        if !self.gaps.gateways {
            values.insert("gateways", self.gateways());
        }
        if !self.gaps.gateways && !self.gaps.routes {
            values.insert("routes", self.routes());
        }
        if !self.gaps.any {
            values.insert("egress_cidrs", self.egress_cidrs());
        }
        if !self.gaps.tags {
            values.insert("tags_all", tags(self.desired));
        }
        values
    }

    /// The gateway of a key that stays, where that is known.
    fn kept(&self, key: &Key) -> Option<&Gateway> {
        let wanted = self.desired.gateways.get(key).filter(|_| !self.gaps.keys.contains(key))?;
        standing(self.observed, key).filter(|gateway| reasons_to_replace(gateway, &wanted.kind).is_empty())
    }

    fn gateways(&self) -> Value {
        let keys: BTreeSet<&Key> = self.desired.gateways.keys().chain(&self.gaps.keys).collect();
        let view = self.observed.view();
        Value::map(keys.into_iter().map(|key| {
            let mut object = BTreeMap::from(GATEWAY.map(|name| (name, Value::UNKNOWN)));
            if let (Some(gateway), Some(wanted)) = (self.kept(key), self.desired.gateways.get(key)) {
                object.insert("id", gateway.id.as_str().into());
                if let Some(arn) = self.arns.get(&gateway.id) {
                    object.insert("arn", arn.as_str().into());
                }
                let shown = view.gateways.get(key).into_iter().flat_map(|gateway| &gateway.addresses);
                let has: Vec<&str> = shown.filter_map(|address| address.id.as_deref()).collect();
                let wanted_addresses = wanted.kind.addresses();
                let same =
                    wanted_addresses.len() == has.len() && has.iter().all(|id| wanted_addresses.contains_key(id));
                if same && matches!(wanted.kind, Kind::Public { .. } | Kind::RegionalManual { .. }) {
                    object.insert("addresses", Value::list(has));
                }
            }
            (key.as_str().to_owned(), Value::object(object))
        }))
    }

    fn routes(&self) -> Value {
        Value::map(self.desired.routes().into_iter().map(|(route, key)| {
            (route_text(&route), self.kept(key).map_or(Value::UNKNOWN, |gateway| gateway.id.as_str().into()))
        }))
    }

    /// The addresses from which traffic will leave, if every one of them is known.
    fn egress_cidrs(&self) -> Value {
        let kinds = || self.desired.gateways.values().map(|gateway| &gateway.kind);
        if kinds().any(|kind| matches!(kind, Kind::RegionalAutomatic { .. })) {
            return Value::UNKNOWN;
        }
        let mut ips = Vec::new();
        for id in self.desired.addresses() {
            match self.observed.addresses.get(id).and_then(|elastic| elastic.public_ip) {
                Some(ip) => ips.push(ip),
                None => return Value::UNKNOWN,
            }
        }
        ips.sort_unstable();
        Value::list(ips.into_iter().map(|ip| format!("{ip}/32")))
    }
}

/// The gateway that stands for a key now: the oldest that lives.
fn standing<'a>(observed: &'a Observed, key: &Key) -> Option<&'a Gateway> {
    let live = observed.gateways.iter().filter(|gateway| gateway.key == *key && gateway.state.is_live());
    live.min_by_key(|gateway| (gateway.created, &gateway.id))
}

/// The tags that the resource sets.
pub(super) fn tags(desired: &Desired) -> Value {
    Value::map(desired.tags.iter().map(|(key, value)| (key, value.as_str())))
}

/// How many gateways are made in each zone. Regional ones are in no zone's quota. Without a plan, one is made where there is
/// none.
pub(super) fn made_per_zone(desired: &Desired, observed: &Observed, plan: Option<&Plan>) -> BTreeMap<Key, usize> {
    let keys: Vec<&Key> = match plan {
        Some(plan) => (plan.operations.iter())
            .filter_map(|operation| match operation {
                Operation::Create { key, .. } => Some(key),
                _ => None,
            })
            .collect(),
        None => desired.gateways.keys().filter(|key| standing(observed, key).is_none()).collect(),
    };
    let mut made = BTreeMap::new();
    for key in keys {
        let kind = desired.gateways.get(key).map(|gateway| &gateway.kind);
        if matches!(kind, Some(Kind::Public { .. } | Kind::Private { .. })) {
            *made.entry(key.clone()).or_default() += 1;
        }
    }
    made
}
