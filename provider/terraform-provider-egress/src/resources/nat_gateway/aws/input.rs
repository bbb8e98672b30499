//! From what the user wrote to what is wanted.

mod parser;

use std::collections::{BTreeMap, BTreeSet};

use cloud::DefaultTags;
use cloud_aws::nat_gateways::desired::{Desired, Recorded, RouteKey, Unknown};
use cloud_aws::nat_gateways::plan::forecast::Known;
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
    on_interruption: Arg<String>,
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
    tags: Arg<BTreeMap<String, Arg<String>>>,
}

#[derive(Debug, Deserialize)]
struct GatewayOutput {
    id: Arg<String>,
    arn: Arg<String>,
    addresses: Texts,
    private_ips: Texts,
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

    /// What a plan does that interrupts egress.
    pub(super) fn on_interruption(&self) -> OnInterruption {
        match self.on_interruption.known().map(String::as_str) {
            Some("warn") => OnInterruption::Warn,
            _ => OnInterruption::Error,
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
        let zones = self.aws.known().and_then(|aws| aws.zones.known()).into_iter().flatten();
        let own_tags = zones.filter_map(|(key, zone)| {
            let tags = zone.known()?.tags.known()?;
            Some((key.parse().ok()?, tags.keys().cloned().collect()))
        });
        Recorded {
            gateways: gateways.collect(),
            routes: routes.collect(),
            tags: tags.collect(),
            own_tags: own_tags.collect(),
        }
    }

    /// The global name of each gateway of the state by its id, where it is known.
    pub(super) fn arns(&self) -> BTreeMap<String, String> {
        let gateways = self.gateways.known().into_iter().flatten().filter_map(|(_, gateway)| gateway.known());
        gateways.filter_map(|gateway| Some((gateway.id.known()?.clone(), gateway.arn.known()?.clone()))).collect()
    }

    /// The gateways as the state has them.
    pub(super) fn known_gateways(&self) -> BTreeMap<Key, Known> {
        let texts =
            |texts: &Texts| texts.known().into_iter().flatten().filter_map(Arg::known).cloned().collect::<Vec<_>>();
        let gateways = self.gateways.known().into_iter().flatten().filter_map(|(key, gateway)| {
            let gateway = gateway.known()?;
            let private_ips = texts(&gateway.private_ips).iter().filter_map(|ip| ip.parse().ok()).collect();
            let known = Known { id: gateway.id.known()?.clone(), addresses: texts(&gateway.addresses), private_ips };
            Some((key.parse().ok()?, known))
        });
        gateways.collect()
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

    /// What is wanted, as far as it is known. `None` when nothing is known, or with errors.
    pub(super) fn desired(
        &self,
        identity: &Identity,
        default_tags: &DefaultTags,
        recorded: Recorded,
        diagnostics: &mut Diagnostics,
    ) -> Option<Desired> {
        let before = diagnostics.iter().count();
        let inherited: BTreeSet<String> = default_tags.known.keys().cloned().collect();
        let of_all = inherited.iter().chain(self.tags.known().into_iter().flatten().map(|(key, _)| key));
        let mut parser = Parser {
            diagnostics,
            complete: true,
            open: BTreeMap::new(),
            inherited_tags: of_all.cloned().collect(),
            own_tags_are_known: true,
        };
        let aws = parser.known(&self.aws)?;
        let gateways = parser.gateways(aws);
        let (destinations, destinations_are_known) = parser.part(|parser| parser.destinations(aws));
        let ((take_over, drain), others_are_known) = parser.part(|parser| {
            let take_over = parser.texts(&aws.take_over_routes, &path("take_over_routes"));
            (take_over, parser.drain(&aws.drain_seconds))
        });
        let (own_tags, tags_are_known) = parser.part(|parser| parser.tags_of_all(&inherited, &self.tags));
        if !self.idle_timeout_seconds.is_null() {
            parser.error(
                "AWS has a fixed idle timeout of 350 s",
                "A NAT gateway on AWS forgets a connection after 350 seconds without a packet, and that cannot be changed. Leave \
                 idle_timeout_seconds out, and let long-lived connections send keepalives more often than that.",
                Path::attribute("idle_timeout_seconds"),
            );
        }
        let regional = aws.availability_mode.known().is_some_and(|mode| mode == "regional");
        let unknown = Unknown {
            gateways: aws.availability_mode.is_unknown()
                || aws.connectivity_type.is_unknown()
                || aws.zones.is_unknown() && !regional,
            of: parser.open,
            destinations: !destinations_are_known,
            tags: !tags_are_known || !default_tags.complete,
            others: !others_are_known || !parser.own_tags_are_known,
        };
        let desired = Desired {
            identity: identity.clone(),
            holder: None,
            takes_over: false,
            gateways,
            destinations,
            take_over,
            drain,
            tags: default_tags.known.clone().into_iter().chain(own_tags).collect(),
            recorded,
            unknown,
        };
        (diagnostics.iter().count() == before).then_some(desired)
    }
}

impl AwsInput {
    /// Whether a route table is named, or may be.
    fn has_route_tables(&self) -> bool {
        let named = |tables: &Texts| tables.is_unknown() || tables.known().is_some_and(|tables| !tables.is_empty());
        let of_zone = |zone: &Arg<ZoneInput>| zone.known().is_some_and(|zone| named(&zone.route_table_ids));
        named(&self.route_table_ids) || self.zones.known().is_some_and(|zones| zones.values().any(of_zone))
    }
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

/// Whether a plan that interrupts egress fails or warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnInterruption {
    /// It fails.
    Error,
    /// It warns.
    Warn,
}

pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
