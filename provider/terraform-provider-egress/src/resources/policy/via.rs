//! `via`: the policy's allowed traffic leaves through a gateway.

mod aws;
mod backend;
mod change;
mod check;
pub(super) mod in_cluster;
mod report;
mod schema;
mod steered;
mod translate;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cloud::steering::Record;
use cloud_aws::steering::Ec2Routes;
use egress_model::cidr::Cidr;
use serde::Deserialize;
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};

use self::backend::Backend;
use self::translate::Of;

pub(super) use change::{Planned, Reached};
pub(super) use check::check;
pub(super) use report::not_rendered;
pub(super) use schema::{attributes, block, read_of_gateways};
pub(super) use steered::{found, planned, remove, route, seen};

/// The clouds whose network sends destinations through a gateway.
static BACKENDS: [&dyn Backend; 1] = [&Of::<Ec2Routes>::NEW];

/// Texts of a list or set.
type Texts = Arg<Vec<Arg<String>>>;

/// What the policy says of the way, the same on every cloud.
#[derive(Debug, Default, Deserialize)]
struct Input {
    via: Arg<ViaInput>,
    allow: Arg<BTreeMap<String, Arg<RuleInput>>>,
    routes: Arg<BTreeMap<String, Arg<String>>>,
}

#[derive(Debug, Deserialize)]
struct ViaInput {
    nat_gateway: Arg<NatGatewayInput>,
}

#[derive(Debug, Deserialize)]
struct NatGatewayInput {
    gateways: Arg<BTreeMap<String, Arg<GatewayInput>>>,
}

#[derive(Debug, Deserialize)]
struct GatewayInput {
    id: Arg<String>,
}

#[derive(Debug, Deserialize)]
struct RuleInput {
    to_cidrs: Texts,
}

/// What is wanted of the way, as far as it is known and the same on every cloud.
#[derive(Clone, Debug, Default)]
struct Wanted {
    /// What the policy allows outside the cluster, by address.
    blocks: BTreeSet<Cidr>,
    /// The ids of the gateways that are known, by their keys.
    gateways: BTreeMap<String, String>,
    /// Whether all of it is known, but for the ids of gateways.
    complete: bool,
}

/// Collects known values, and notes whether all are.
struct Texter {
    complete: bool,
}

impl Texter {
    fn known<'a, T>(&mut self, arg: &'a Arg<T>) -> Option<&'a T> {
        self.complete &= !arg.is_unknown();
        arg.known()
    }

    fn texts(&mut self, texts: &Texts) -> BTreeSet<String> {
        let Some(texts) = self.known(texts) else { return BTreeSet::new() };
        texts.iter().filter_map(|text| self.known(text).cloned()).collect()
    }
}

impl Input {
    fn read(value: &Value) -> Result<Self, Diagnostic> {
        if value.is_null() { Ok(Self::default()) } else { model::from_value_subset(value) }
    }

    /// Whether the policy goes through a NAT gateway, or may.
    fn has_routes(&self) -> bool {
        match &self.via {
            Arg::Null => false,
            Arg::Unknown => true,
            Arg::Known(via) => !via.nat_gateway.is_null(),
        }
    }

    /// The routes that the state records.
    fn recorded(&self) -> Record {
        let routes = self.routes.known().into_iter().flatten();
        routes.filter_map(|(route, target)| Some((route.clone(), target.known()?.clone()))).collect()
    }

    /// What is wanted. A mistake in it has been reported by [`check()`].
    fn wanted(&self) -> Wanted {
        let mut texter = Texter { complete: true };
        let mut wanted = Wanted::default();
        let Some(via) = texter.known(&self.via) else { return Wanted { complete: texter.complete, ..wanted } };
        for rule in texter.known(&self.allow).into_iter().flatten().map(|(_, rule)| rule) {
            let Some(rule) = texter.known(rule) else { continue };
            wanted.blocks.extend(texter.texts(&rule.to_cidrs).iter().filter_map(|text| text.parse::<Cidr>().ok()));
        }
        if let Some(gateway) = texter.known(&via.nat_gateway) {
            // The ids of gateways that are yet to be made are no part of what must be known.
            let gateways = gateway.gateways.known().into_iter().flatten();
            let id = |gateway: &Arg<GatewayInput>| gateway.known()?.id.known().cloned();
            wanted.gateways = gateways.filter_map(|(key, gateway)| Some((key.clone(), id(gateway)?))).collect();
        }
        Wanted { complete: texter.complete, ..wanted }
    }
}

/// The part of `via` with this name, where one is written, known or not.
fn part<'v>(via: &'v Value, name: &str) -> Option<&'v Value> {
    if via.is_unknown() { Some(via) } else { via.get(name).filter(|part| !part.is_null()) }
}

/// The cloud whose gateways a policy names, where that is known.
fn cloud_of(policy: &Value) -> Option<&'static dyn Backend> {
    let gateway = policy.get("via").and_then(|via| part(via, "nat_gateway")).filter(|gateway| !gateway.is_unknown())?;
    BACKENDS.into_iter().find(|backend| part(gateway, backend.cloud().name).is_some())
}

/// Whether a known policy goes through a NAT gateway.
pub(super) fn is_a_nat_gateway(policy: &Value) -> bool {
    policy.get("via").and_then(|via| part(via, "nat_gateway")).is_some()
}

/// The addresses that the policy's traffic leaves from: the gateway's, complete or not known; null without a gateway.
pub(super) fn egress_cidrs(value: &Value) -> Value {
    let Some(via) = value.get("via").filter(|via| !via.is_null()) else { return Value::Null };
    let Some(gateway) = ["nat_gateway", "egress_gateway"].into_iter().find_map(|name| part(via, name)) else {
        return Value::Null;
    };
    if gateway.is_unknown() {
        return Value::UNKNOWN;
    }
    match gateway.get("egress_cidrs") {
        Some(cidrs) if cidrs.is_wholly_known() => cidrs.clone(),
        Some(_) => Value::UNKNOWN,
        None => Value::Null,
    }
}

fn at() -> Path {
    Path::attribute("via")
}
