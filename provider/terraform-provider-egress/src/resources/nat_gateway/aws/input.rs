//! From what the user wrote to what is wanted.

mod parser;

use std::collections::{BTreeMap, BTreeSet};

use cloud::DefaultTags;
use cloud_aws::nat_gateways::desired::{Desired, Destination, Drain, Gateway, Recorded, Unknown, parse_route};
use cloud_aws::nat_gateways::plan::forecast::Known;
use egress_model::identity::Key;
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::{Diagnostic, Diagnostics};

use self::parser::Parser;
use crate::clouds::aws::AWS;
use crate::resources::nat_gateway::subject::{self as state, Ownership};

type Texts = Arg<Vec<Arg<String>>>;

/// The resource as far as it matters on AWS.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    aws: Arg<AwsInput>,
    tags: Arg<BTreeMap<String, Arg<String>>>,
    idle_timeout_seconds: Arg<i64>,
}

/// What the user wants, whosever it is.
#[derive(Debug, Default)]
pub(in super::super) struct Spec {
    gateways: BTreeMap<Key, Gateway>,
    destinations: BTreeSet<Destination>,
    take_over: BTreeSet<String>,
    drain: Drain,
    tags: BTreeMap<String, String>,
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct AwsInput {
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

impl Input {
    pub(super) fn read(value: &Value) -> Result<Self, Diagnostic> {
        model::from_value_subset(value)
    }

    /// The keys of the tags on the gateway of one key alone.
    fn own_tags(&self) -> BTreeMap<Key, BTreeSet<String>> {
        let zones = self.aws.known().and_then(|aws| aws.zones.known()).into_iter().flatten();
        let own = zones.filter_map(|(key, zone)| {
            let tags = zone.known()?.tags.known()?;
            Some((key.parse().ok()?, tags.keys().cloned().collect()))
        });
        own.collect()
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
}

impl Spec {
    /// What a value says, as far as it is known; `None` when nothing is.
    pub(super) fn read(value: &Value, default_tags: &DefaultTags) -> Result<Option<Self>, Diagnostics> {
        let Input { aws, tags, idle_timeout_seconds } = Input::read(value)?;
        let Some(aws) = aws.known() else { return Ok(None) };
        let inherited: BTreeSet<String> = default_tags.known.keys().cloned().collect();
        let of_all = inherited.iter().chain(tags.known().into_iter().flatten().map(|(key, _)| key));
        let mut parser = Parser::new(of_all.cloned().collect());
        let gateways = parser.gateways(aws);
        let (destinations, destinations_are_known) = parser.part(|parser| parser.destinations(aws));
        let ((take_over, drain), others_are_known) = parser.part(|parser| {
            let take_over = parser.texts(&aws.take_over_routes, &path("take_over_routes"));
            (take_over, parser.drain(&aws.drain_seconds))
        });
        let (own_tags, tags_are_known) = parser.part(|parser| parser.tags_of_all(&inherited, &tags));
        if !idle_timeout_seconds.is_null() {
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
        let tags = default_tags.known.clone().into_iter().chain(own_tags).collect();
        if !parser.diagnostics.is_empty() {
            return Err(parser.diagnostics);
        }
        Ok(Some(Self { gateways, destinations, take_over, drain, tags, unknown }))
    }

    /// The same of one resource.
    pub(super) fn owned_by(self, ownership: &Ownership) -> Desired {
        let Self { gateways, destinations, take_over, drain, tags, unknown } = self;
        Desired {
            identity: ownership.identity.clone(),
            holder: ownership.holder.clone(),
            takes_over: ownership.takes_over,
            gateways,
            destinations,
            take_over,
            drain,
            tags,
            recorded: recorded(&ownership.recorded),
            unknown,
        }
    }
}

/// What the state says is the resource's.
fn recorded(recorded: &state::Recorded) -> Recorded {
    Recorded {
        gateways: recorded.keys(),
        routes: recorded.routes.iter().filter_map(|route| parse_route(route)).collect(),
        tags: recorded.tags.clone(),
        own_tags: Input::read(&recorded.state).map(|input| input.own_tags()).unwrap_or_default(),
    }
}

/// The gateways as the state has them.
pub(super) fn known(recorded: &state::Recorded) -> BTreeMap<Key, Known> {
    let known = |held: &state::Held| Known {
        id: held.id.clone(),
        addresses: held.addresses.clone(),
        private_ips: held.private_ips.iter().filter_map(|ip| ip.parse().ok()).collect(),
    };
    recorded.gateways.iter().map(|(key, held)| (key.clone(), known(held))).collect()
}

impl AwsInput {
    /// Whether a route table is named, or may be.
    fn has_route_tables(&self) -> bool {
        let named = |tables: &Texts| tables.is_unknown() || tables.known().is_some_and(|tables| !tables.is_empty());
        let of_zone = |zone: &Arg<ZoneInput>| zone.known().is_some_and(|zone| named(&zone.route_table_ids));
        named(&self.route_table_ids) || self.zones.known().is_some_and(|zones| zones.values().any(of_zone))
    }
}

pub(super) fn path(attribute: &str) -> Path {
    Path::attribute(AWS.name).child(attribute)
}

pub(super) fn zone_path(zone: &str) -> Path {
    path("zones").key(zone)
}

pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
