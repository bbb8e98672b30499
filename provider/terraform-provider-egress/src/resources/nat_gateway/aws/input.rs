//! From what the user wrote to what is wanted.

mod parser;

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Desired, Recorded, RouteKey};
use egress_model::identity::{Identity, Key};
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::{Diagnostic, Diagnostics};

use self::parser::Parser;

type Texts = Arg<Vec<Arg<String>>>;

/// The resource as far as it matters on AWS.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    aws: Arg<AwsInput>,
    tags: Arg<BTreeMap<String, Arg<String>>>,
    idle_timeout_seconds: Arg<i64>,
    tags_all: Arg<BTreeMap<String, Arg<String>>>,
    gateways: Arg<BTreeMap<String, Arg<GatewayOutput>>>,
    routes: Arg<BTreeMap<String, Arg<String>>>,
}

#[derive(Debug, Deserialize)]
struct AwsInput {
    region: Arg<String>,
    availability_mode: Arg<String>,
    connectivity_type: Arg<String>,
    zones: Arg<BTreeMap<String, Arg<ZoneInput>>>,
    vpc_id: Arg<String>,
    automatic_addresses: Arg<bool>,
    route_table_ids: Texts,
    destination_cidrs: Texts,
    destination_prefix_list_ids: Texts,
    take_over_routes: Texts,
    drain_seconds: Arg<i64>,
}

#[derive(Debug, Deserialize)]
struct ZoneInput {
    subnet_id: Arg<String>,
    addresses: Texts,
    primary_address: Arg<String>,
    private_ip: Arg<String>,
    secondary_private_ips: Texts,
    secondary_private_ip_count: Arg<i64>,
    route_table_ids: Texts,
}

#[derive(Debug, Deserialize)]
struct GatewayOutput {
    id: Arg<String>,
    arn: Arg<String>,
}

/// What of the wanted is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a part of its own, in any combination")]
pub(super) struct Gaps {
    /// Anything.
    pub(super) any: bool,
    /// Which gateways there are to be.
    pub(super) gateways: bool,
    /// Something of these gateways.
    pub(super) keys: BTreeSet<Key>,
    /// Which routes there are to be.
    pub(super) routes: bool,
    /// Tags.
    pub(super) tags: bool,
}

impl Input {
    pub(super) fn read(value: &Value) -> Result<Self, Diagnostic> {
        model::from_value_subset(value)
    }

    pub(super) fn region(&self) -> Arg<&str> {
        match &self.aws {
            Arg::Known(aws) => aws.region.as_ref().map(String::as_str),
            Arg::Null => Arg::Null,
            Arg::Unknown => Arg::Unknown,
        }
    }

    /// What the state says is ours.
    pub(super) fn recorded(&self) -> Recorded {
        let none = BTreeMap::new();
        let gateways = self
            .gateways
            .known()
            .unwrap_or(&none)
            .iter()
            .filter_map(|(key, gateway)| Some((gateway.known()?.id.known()?.clone(), key.parse().ok()?)));
        let routes = self.routes.known().into_iter().flatten().filter_map(|(route, _)| parse_route(route));
        let tags = self.tags_all.known().or(self.tags.known()).into_iter().flatten().map(|(key, _)| key.clone());
        Recorded { gateways: gateways.collect(), routes: routes.collect(), tags: tags.collect() }
    }

    /// The global name of each gateway of the state by its id, where it is known.
    pub(super) fn arns(&self) -> BTreeMap<String, String> {
        let gateways = self.gateways.known().into_iter().flatten().filter_map(|(_, gateway)| gateway.known());
        gateways.filter_map(|gateway| Some((gateway.id.known()?.clone(), gateway.arn.known()?.clone()))).collect()
    }

    /// How many addresses each gateway has, where that is known and the user's choice.
    pub(super) fn address_counts(&self) -> BTreeMap<String, (u64, Path)> {
        let zones = self.aws.known().and_then(|aws| aws.zones.known());
        let counts = zones.into_iter().flatten().filter_map(|(zone, input)| {
            let addresses = input.known()?.addresses.known()?;
            Some((zone.clone(), (addresses.len() as u64, zone_path(zone).child("addresses"))))
        });
        counts.collect()
    }

    /// What is wanted, and what of it is not known; that is left out. `None` when nothing is known, or with errors.
    pub(super) fn desired(
        &self,
        identity: &Identity,
        default_tags: &BTreeMap<String, String>,
        recorded: Recorded,
        diagnostics: &mut Diagnostics,
    ) -> Option<(Desired, Gaps)> {
        let before = diagnostics.iter().count();
        let mut parser = Parser { diagnostics, complete: true, open: BTreeSet::new() };
        let aws = parser.known(&self.aws)?;
        let gateways = parser.gateways(aws);
        let destinations = parser.destinations(aws);
        let take_over = parser.texts(&aws.take_over_routes, &path("take_over_routes"));
        let drain = parser.drain(&aws.drain_seconds);
        let own_tags = parser.tags(&self.tags);
        if !self.idle_timeout_seconds.is_null() {
            parser.error(
                "AWS has a fixed idle timeout of 350 s",
                "A NAT gateway on AWS forgets a connection after 350 seconds without a packet, and that cannot be changed. Leave \
                 idle_timeout_seconds out, and let long-lived connections send keepalives more often than that.",
                Path::attribute("idle_timeout_seconds"),
            );
        }
        let gaps = Gaps {
            any: !parser.complete,
            gateways: aws.zones.is_unknown()
                || aws.availability_mode.is_unknown()
                || aws.connectivity_type.is_unknown(),
            keys: parser.open,
            routes: aws.has_unknown_routes(),
            tags: is_open(&self.tags),
        };
        let desired = Desired {
            identity: identity.clone(),
            holder: None,
            gateways,
            destinations,
            take_over,
            drain,
            tags: default_tags.clone().into_iter().chain(own_tags).collect(),
            recorded,
        };
        (diagnostics.iter().count() == before).then_some((desired, gaps))
    }
}

impl AwsInput {
    fn has_unknown_routes(&self) -> bool {
        let of_zone =
            |zone: &Arg<ZoneInput>| zone.is_unknown() || zone.known().is_some_and(|z| has_open(&z.route_table_ids));
        let own = [&self.route_table_ids, &self.destination_cidrs, &self.destination_prefix_list_ids];
        own.into_iter().any(has_open) || self.zones.known().is_some_and(|zones| zones.values().any(of_zone))
    }
}

fn has_open(texts: &Texts) -> bool {
    texts.is_unknown() || texts.known().is_some_and(|texts| texts.iter().any(Arg::is_unknown))
}

fn is_open(tags: &Arg<BTreeMap<String, Arg<String>>>) -> bool {
    tags.is_unknown() || tags.known().is_some_and(|tags| tags.values().any(Arg::is_unknown))
}

/// `rtb-0123_0.0.0.0/0`, as in the import ids of AWS's own provider.
pub(super) fn route_text((table, destination): &RouteKey) -> String {
    format!("{table}_{destination}")
}

fn parse_route(text: &str) -> Option<RouteKey> {
    let (table, destination) = text.split_once('_')?;
    Some((table.to_owned(), destination.parse().ok()?))
}

pub(super) fn path(attribute: &str) -> Path {
    Path::attribute("aws").child(attribute)
}

pub(super) fn zone_path(zone: &str) -> Path {
    path("zones").key(zone)
}

pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
