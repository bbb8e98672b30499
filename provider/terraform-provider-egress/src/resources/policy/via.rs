//! `via`: the policy's allowed traffic leaves through a gateway.

pub(super) mod aws;
pub(super) mod in_cluster;
mod report;
mod schema;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Destination, REGIONAL_KEY, RouteKey};
use cloud_aws::steering::Gateway;
use egress_model::policy::{ClusterRanges, Spec};
use egress_model::via::destinations;
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::{Diagnostic, Diagnostics};

pub(super) use report::not_rendered;
pub(super) use schema::{attributes, block, read_of_gateways};

type Texts = Arg<Vec<Arg<String>>>;

/// What the policy says of routes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Input {
    via: Arg<ViaInput>,
    allow: Arg<BTreeMap<String, Arg<RuleInput>>>,
    routes: Arg<BTreeMap<String, Arg<String>>>,
}

#[derive(Debug, Deserialize)]
struct ViaInput {
    nat_gateway: Arg<NatGatewayInput>,
    egress_gateway: Arg<EgressGatewayInput>,
    aws: Arg<RoutesInput>,
}

/// More about routes on AWS.
#[derive(Debug, Deserialize)]
struct RoutesInput {
    prefix_list_ids: Texts,
    take_over_routes: Texts,
}

/// What of it matters is read by [`in_cluster`].
#[derive(Debug, Deserialize)]
struct EgressGatewayInput {}

#[derive(Debug, Deserialize)]
struct RuleInput {
    to_cidrs: Texts,
}

#[derive(Debug, Deserialize)]
struct NatGatewayInput {
    aws: Arg<AwsInput>,
    gateways: Arg<BTreeMap<String, Arg<GatewayInput>>>,
}

#[derive(Debug, Deserialize)]
struct AwsInput {
    region: Arg<String>,
    zones: Arg<BTreeMap<String, Arg<ZoneInput>>>,
    route_table_ids: Texts,
    destination_cidrs: Texts,
    destination_prefix_list_ids: Texts,
}

#[derive(Debug, Deserialize)]
struct ZoneInput {
    route_table_ids: Texts,
}

#[derive(Debug, Deserialize)]
struct GatewayInput {
    id: Arg<String>,
}

/// What is wanted of routes, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The region, if it is written.
    pub(super) region: Option<String>,
    /// The gateways' route tables.
    pub(super) tables: BTreeMap<String, Gateway>,
    /// What is to be sent to the gateways.
    pub(super) destinations: BTreeSet<Destination>,
    /// What the gateways' resource sends to them itself.
    pub(super) covered: BTreeSet<Destination>,
    /// From where routes may be taken over.
    pub(super) take_over: BTreeSet<String>,
    /// The ids of the gateways that are known.
    pub(super) gateways: BTreeSet<String>,
    /// Whether all of it is known, but for the ids of gateways.
    pub(super) complete: bool,
}

/// Collects known texts, and notes whether all are.
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

    fn destinations(&mut self, texts: &Texts) -> BTreeSet<Destination> {
        self.texts(texts).iter().filter_map(|text| text.parse().ok()).collect()
    }
}

impl Input {
    pub(super) fn read(value: &Value) -> Result<Self, Diagnostic> {
        if value.is_null() { Ok(Self::default()) } else { model::from_value_subset(value) }
    }

    /// Whether the policy goes through a NAT gateway, or may.
    pub(super) fn has_routes(&self) -> bool {
        match &self.via {
            Arg::Null => false,
            Arg::Unknown => true,
            Arg::Known(via) => !via.nat_gateway.is_null(),
        }
    }

    /// The routes that the state records.
    pub(super) fn recorded(&self) -> BTreeMap<RouteKey, String> {
        let routes = self.routes.known().into_iter().flatten();
        routes.filter_map(|(route, target)| Some((parse_route(route)?, target.known()?.clone()))).collect()
    }

    /// What is wanted. A mistake in it has been reported by [`check`].
    pub(super) fn wanted(&self) -> Wanted {
        let mut texter = Texter { complete: true };
        let mut wanted = Wanted::default();
        let via = texter.known(&self.via);
        if let Some(via) = via {
            if let Some(aws) = texter.known(&via.aws) {
                wanted.destinations.extend(texter.destinations(&aws.prefix_list_ids));
                wanted.take_over = texter.texts(&aws.take_over_routes);
            }
            for (_, rule) in texter.known(&self.allow).into_iter().flatten() {
                let Some(rule) = texter.known(rule) else { continue };
                let cidrs = texter.texts(&rule.to_cidrs);
                let parsed = cidrs.iter().filter_map(|text| text.parse::<egress_model::cidr::Cidr>().ok());
                wanted.destinations.extend(parsed.map(|cidr| Destination::Cidr(cidr.net())));
            }
            if let Some(gateway) = texter.known(&via.nat_gateway) {
                of_gateway(gateway, &mut wanted, &mut texter);
            }
        }
        wanted.complete = texter.complete;
        wanted
    }
}

fn of_gateway(gateway: &NatGatewayInput, wanted: &mut Wanted, texter: &mut Texter) {
    // The ids of gateways that are yet to be made are no part of what must be known.
    let ids: BTreeMap<&str, &str> = (gateway.gateways.known().into_iter().flatten())
        .filter_map(|(key, gateway)| Some((key.as_str(), gateway.known()?.id.known()?.as_str())))
        .collect();
    wanted.gateways = ids.values().map(|id| (*id).to_owned()).collect();
    let of = |key: &str| Gateway { key: key.to_owned(), id: ids.get(key).map(|id| (*id).to_owned()) };
    let Some(aws) = texter.known(&gateway.aws) else { return };
    wanted.region = texter.known(&aws.region).cloned();
    for (zone, input) in texter.known(&aws.zones).into_iter().flatten() {
        let Some(input) = texter.known(input) else { continue };
        let tables = texter.texts(&input.route_table_ids);
        wanted.tables.extend(tables.into_iter().map(|table| (table, of(zone))));
    }
    let tables = texter.texts(&aws.route_table_ids);
    wanted.tables.extend(tables.into_iter().map(|table| (table, of(REGIONAL_KEY))));
    wanted.covered = texter.destinations(&aws.destination_cidrs);
    wanted.covered.extend(texter.destinations(&aws.destination_prefix_list_ids));
}

/// Whether a known policy goes through a NAT gateway.
pub(super) fn is_a_nat_gateway(policy: &Value) -> bool {
    let gateway = policy.get("via").and_then(|via| via.get("nat_gateway"));
    gateway.is_some_and(|gateway| !gateway.is_null())
}

/// What is wrong with a `via`, without a look at the cloud. `spec` is what is known of the policy, which the model takes.
pub(super) fn check(value: &Value, spec: &Spec, cluster: &ClusterRanges) -> Diagnostics {
    let input = match Input::read(value) {
        Ok(input) => input,
        Err(diagnostic) => return diagnostic.into(),
    };
    let Some(via) = input.via.known() else { return Diagnostics::new() };
    let mut diagnostics = Diagnostics::new();
    if !via.egress_gateway.is_null() {
        diagnostics.extend((!via.aws.is_null()).then(report::only_of_nat_gateways));
        diagnostics.extend((!via.nat_gateway.is_null()).then(report::two_gateways));
        return diagnostics;
    }
    match &via.nat_gateway {
        Arg::Null => diagnostics.push(report::no_gateway()),
        Arg::Unknown => {}
        Arg::Known(gateway) => diagnostics.extend(check_gateway(gateway)),
    }
    let lists = via.aws.known().map(|aws| &aws.prefix_list_ids);
    let known = lists.and_then(Arg::known).into_iter().flatten().filter_map(Arg::known);
    let wrong = known.filter(|id| !matches!(id.parse(), Ok(Destination::PrefixList(_))));
    diagnostics.extend(wrong.map(|id| report::no_prefix_list(id)));
    let lists = via.aws.is_unknown()
        || lists.is_some_and(|lists| lists.known().map_or(lists.is_unknown(), |lists| !lists.is_empty()));
    // Rules that are not known yet may have something to route.
    let others = lists || !value.get("allow").is_none_or(Value::is_wholly_known);
    if let Err(wrong) = destinations(spec, cluster, others) {
        diagnostics.extend(wrong.iter().map(|(path, why)| report::unroutable(path, why)));
    }
    diagnostics
}

fn check_gateway(gateway: &NatGatewayInput) -> Option<Diagnostic> {
    let aws = match &gateway.aws {
        Arg::Unknown => return None,
        Arg::Null => return Some(report::no_cloud()),
        Arg::Known(aws) => aws,
    };
    let named = |tables: &Texts| !tables.is_null() && !tables.known().is_some_and(Vec::is_empty);
    let zones = || aws.zones.known().into_iter().flatten();
    let of_zones = zones().any(|(_, zone)| match zone {
        Arg::Known(zone) => named(&zone.route_table_ids),
        Arg::Null => false,
        Arg::Unknown => true,
    });
    if !aws.zones.is_unknown() && !of_zones && !named(&aws.route_table_ids) {
        return Some(report::no_tables());
    }
    // A regional gateway has its tables beside the zones.
    let without = |zone: &Arg<ZoneInput>| {
        aws.route_table_ids.is_null() && zone.known().is_some_and(|z| z.route_table_ids.is_null())
    };
    if let Some((zone, _)) = zones().find(|(_, zone)| without(zone)) {
        return Some(report::no_tables_of(zone));
    }
    let undecided = aws.destination_cidrs.is_null() && aws.destination_prefix_list_ids.is_null();
    undecided.then(report::no_destinations)
}

/// The addresses that the policy's traffic leaves from: the gateway's, complete or not known; null without a gateway.
pub(super) fn egress_cidrs(value: &Value) -> Value {
    let Some(via) = value.get("via").filter(|via| !via.is_null()) else { return Value::Null };
    if via.is_unknown() {
        return Value::UNKNOWN;
    }
    let gateways = ["nat_gateway", "egress_gateway"].into_iter().filter_map(|name| via.get(name));
    let Some(gateway) = gateways.into_iter().find(|gateway| !gateway.is_null()) else { return Value::Null };
    if gateway.is_unknown() {
        return Value::UNKNOWN;
    }
    match gateway.get("egress_cidrs") {
        Some(cidrs) if cidrs.is_wholly_known() => cidrs.clone(),
        Some(_) => Value::UNKNOWN,
        None => Value::Null,
    }
}

/// `rtb-0123_203.0.113.0/24`, as in `routes` of `egress_nat_gateway`.
fn route_text((table, destination): &RouteKey) -> String {
    format!("{table}_{destination}")
}

fn parse_route(text: &str) -> Option<RouteKey> {
    let (table, destination) = text.split_once('_')?;
    Some((table.to_owned(), destination.parse().ok()?))
}

fn at() -> Path {
    Path::attribute("via")
}
