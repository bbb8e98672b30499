//! What of the computed attributes is known before the apply.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use cloud_aws::nat_gateways::desired::{Desired, Kind};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::operation::{Operation, Target};
use cloud_aws::nat_gateways::plan::Plan;
use cloud_aws::nat_gateways::plan::forecast::{self, Fate, Known, List, Lists};
use egress_model::identity::Key;
use egress_model::nat_gateway::State;
use tfplugin::cty::Value;

use super::input::route_text;
use super::state::{Arns, GATEWAY, PLANNED_REPLACEMENTS, replacements};

/// What a prediction is made from.
pub(super) struct Prediction<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
    /// The gateways as the state has them.
    pub(super) known: &'a BTreeMap<Key, Known>,
    /// The global names that the state has.
    pub(super) arns: &'a Arns,
    /// Whether there is no state yet. An interrupted create ends with what it reached, and Terraform accepts that only of what is unknown.
    pub(super) creates: bool,
}

impl Prediction<'_> {
    /// The computed attributes of which something is known. One gateway of which something is open leaves the others known.
    pub(super) fn values(&self) -> BTreeMap<&'static str, Value> {
        let mut values = BTreeMap::new();
        if !self.desired.unknown.gateways {
            values.insert("gateways", self.gateways());
        }
        if let Some(routes) = forecast::routes(self.desired) {
            values.insert("routes", Value::map(routes.iter().map(|(route, key)| (route_text(route), self.id(key)))));
        }
        if let Some(ips) = forecast::egress(self.desired, self.observed) {
            values.insert("egress_cidrs", Value::list(ips.into_iter().map(|ip| format!("{ip}/32"))));
        }
        if let Some(replaced) = forecast::replacements(self.desired, self.observed) {
            values.insert(PLANNED_REPLACEMENTS, replacements(&replaced));
        }
        let tags_all = if self.desired.unknown.tags { Value::UNKNOWN } else { tags(self.desired) };
        values.insert("tags_all", tags_all);
        values
    }

    /// The same where no value differs and yet something is to be done. Terraform calls for an update only where a value may change:
    /// that is the state of the gateways that the operations are about.
    pub(super) fn values_of_repair(&self, plan: &Plan) -> BTreeMap<&'static str, Value> {
        let mut values = self.values();
        let repaired = repaired(plan, self.desired, self.observed);
        let Some(Value::Map(gateways)) = values.get_mut("gateways") else { return values };
        for (key, gateway) in gateways {
            if let Some(gateway) = gateway.as_object_mut().filter(|_| repaired.iter().any(|of| of.as_str() == key)) {
                gateway.insert("state".to_owned(), Value::UNKNOWN);
            }
        }
        values
    }

    /// The id of the gateway of a key, where it stays.
    fn id(&self, key: &Key) -> Value {
        match forecast::fate(self.desired, self.observed, key) {
            Fate::Kept(gateway) => gateway.id.as_str().into(),
            Fate::Replaced(_) | Fate::Open(_) | Fate::Made => Value::UNKNOWN,
        }
    }

    fn gateways(&self) -> Value {
        let keys = forecast::keys(self.desired).into_iter();
        Value::map(keys.map(|key| (key.as_str(), self.gateway(key))))
    }

    fn gateway(&self, key: &Key) -> Value {
        let mut object = BTreeMap::from(GATEWAY.map(|name| (name, Value::UNKNOWN)));
        if let Fate::Kept(gateway) = forecast::fate(self.desired, self.observed, key) {
            object.insert("id", gateway.id.as_str().into());
            object.extend(self.arns.get(&gateway.id).map(|arn| ("arn", arn.as_str().into())));
            if gateway.state == State::Available {
                object.insert("state", gateway.state.as_str().into());
            }
        }
        if !self.creates {
            let known = self.known.get(key);
            let Lists { addresses, public_ips, private_ips } = forecast::lists(self.desired, self.observed, known, key);
            object.insert("addresses", list(addresses));
            object.insert("public_ips", list(public_ips));
            object.insert("private_ips", list(private_ips));
        }
        Value::object(object)
    }
}

fn list<T: Display>(list: List<T>) -> Value {
    let Some(elements) = list else { return Value::UNKNOWN };
    Value::List(
        elements.into_iter().map(|element| element.map_or(Value::UNKNOWN, |it| it.to_string().into())).collect(),
    )
}

/// The keys that the operations of a plan are about; all of them where it does not say.
fn repaired(plan: &Plan, desired: &Desired, observed: &Observed) -> BTreeSet<Key> {
    let of_id = |id: &String| observed.gateway(id).map(|gateway| gateway.key.clone());
    let of_target = |target: &Target| match target {
        Target::Id(id) => of_id(id),
        Target::Made(key) => Some(key.clone()),
    };
    let key = |operation: &Operation| match operation {
        Operation::Create { key, .. } => Some(key.clone()),
        Operation::AwaitAvailable(gateway)
        | Operation::AwaitSettled(gateway)
        | Operation::Associate { gateway, .. }
        | Operation::Assign { gateway, .. }
        | Operation::Disassociate { gateway, .. }
        | Operation::Unassign { gateway, .. }
        | Operation::CreateRoute { gateway, .. }
        | Operation::ReplaceRoute { gateway, .. } => of_target(gateway),
        Operation::DeleteRoute { from, .. } => of_target(from),
        Operation::Delete { gateway, .. } | Operation::AwaitDeleted(gateway) | Operation::Tag { gateway, .. } => {
            of_id(gateway)
        }
    };
    let keys: BTreeSet<Key> =
        plan.operations.iter().filter_map(key).filter(|key| desired.gateways.contains_key(key)).collect();
    if keys.is_empty() { desired.gateways.keys().cloned().collect() } else { keys }
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
        None => (desired.gateways.keys())
            .filter(|key| !observed.gateways.iter().any(|gateway| gateway.key == **key && gateway.state.is_live()))
            .collect(),
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
