//! On which attribute each diagnostic is.

mod interruption;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use cloud::{Class, End, Error};
use cloud_aws::Config;
use cloud_aws::nat_gateways::Ec2Gateways;
use cloud_aws::nat_gateways::desired::{Desired, Drain, Gateway, Kind, Recorded, Unknown};
use cloud_aws::nat_gateways::observed::{ElasticIp, Observed};
use cloud_aws::nat_gateways::plan::Conflict;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::View;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tokio_util::sync::CancellationToken;

use super::foreign_zone;
use super::limits::{border_groups, foreign_groups, zone_quotas};
use super::words::{conflicts, stranded};
use crate::clouds::aws::{AWS, place};
use crate::resources::nat_gateway::backend::Ahead;
use crate::resources::nat_gateway::report::{end, interrupted, notes, repair, unchecked, unreadable};
use crate::resources::nat_gateway::subject::Change;
use crate::resources::nat_gateway::translate::Opened;

/// A region that is not called.
async fn opened() -> Opened<Ec2Gateways> {
    let config = Config { region: Some("us-east-1".to_owned()), ..Config::default() };
    let credentials = SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "test"));
    let cloud = cloud_aws::Cloud::connect_with(&config, Some(credentials), CancellationToken::new()).await;
    let region = cloud.expect("a region").region(None);
    Opened { place: place(region.name()), cloud: Arc::new(Ec2Gateways(region)) }
}

fn desired(gateways: impl IntoIterator<Item = (&'static str, Kind)>) -> Desired {
    let gateway = |(key, kind): (&str, Kind)| {
        (
            key.parse().unwrap(),
            Gateway { kind, route_tables: BTreeSet::from(["rtb-1".to_owned()]), tags: BTreeMap::new() },
        )
    };
    Desired {
        identity: Identity {
            owner: "acme".parse().unwrap(),
            resource_type: ResourceType::NatGateway,
            name: "prod".parse().unwrap(),
        },
        holder: None,
        takes_over: false,
        gateways: gateways.into_iter().map(gateway).collect(),
        destinations: BTreeSet::new(),
        take_over: BTreeSet::new(),
        drain: Drain::default(),
        tags: BTreeMap::new(),
        recorded: Recorded::default(),
        unknown: Unknown::default(),
    }
}

fn paths(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<String> {
    diagnostics.into_iter().map(|found| found.path.expect("a path").to_string()).collect()
}

#[test]
fn conflicts_are_where_they_are_written() {
    let addresses = BTreeSet::from(["eipalloc-1".to_owned()]);
    let zonal =
        Kind::Public { subnet: "subnet-1".into(), private_ip: None, addresses: addresses.clone(), primary: None };
    let regional =
        Kind::RegionalManual { vpc: "vpc-1".into(), zones: BTreeMap::from([("us-east-1b".to_owned(), addresses)]) };
    let conflicts_of = |key: &str| {
        let key: Key = key.parse().unwrap();
        let route = ("rtb-1".to_owned(), "0.0.0.0/0".parse().unwrap());
        BTreeSet::from([
            Conflict::AddressInUse { key: key.clone(), address: "eipalloc-1".into(), by: "i-1".into() },
            Conflict::AddressNotFound { key: key.clone(), address: "eipalloc-1".into() },
            Conflict::RouteTaken { key: key.clone(), route, target: "igw-1".into() },
            Conflict::TableNotFound { key, table: "rtb-1".into() },
        ])
    };
    let at = |wanted: Desired, key: &str| paths(conflicts(&conflicts_of(key), &wanted));
    let (a, tables) = ("aws.zones[\"us-east-1a\"].addresses", "aws.zones[\"us-east-1a\"].route_table_ids");
    assert_eq!(at(desired([("us-east-1a", zonal)]), "us-east-1a"), [a, a, tables, tables]);
    let b = "aws.zones[\"us-east-1b\"].addresses";
    assert_eq!(at(desired([("regional", regional)]), "regional"), [b, b, "aws.route_table_ids", "aws.route_table_ids"]);
}

#[tokio::test]
async fn what_is_about_all_gateways_is_on_aws() {
    let (gateways, view) = (opened().await, View::default());
    let error = || Error::new(Class::Other, "DescribeNatGateways", "no");
    let failed = End::Failed { operation: "delete nat-1".into(), error: error(), remaining: Vec::new() };
    let ends = [End::Stopped(Vec::new()), End::Expired(Vec::new()), End::Unsettled(Vec::new()), failed];
    let ends = ends.iter().filter_map(|stop| end(&gateways, stop, &view, Change::Update));
    let messages = ends.map(|failure| failure.diagnostic).chain([
        unchecked(&AWS, "the subnets", &error()),
        interrupted(&gateways, &[], &view),
        repair(&gateways, &Ahead::default()),
    ]);
    assert_eq!(paths(messages), ["aws"; 7]);
    let route = ("rtb-1".to_owned(), "0.0.0.0/0".parse().unwrap());
    let ahead = Ahead { stranded: stranded(&route, "nat-1").into(), ..Ahead::default() };
    assert_eq!(paths(notes(&gateways, &ahead, Change::Update, &view)), ["aws"]);
}

#[tokio::test]
async fn a_message_that_ends_with_a_full_stop_has_no_second_one() {
    let gateways = opened().await;
    let error = || Error::new(Class::Denied, "CreateNatGateway", "You are not allowed.");
    let failed = End::Failed { operation: "delete nat-1".into(), error: error(), remaining: Vec::new() };
    let messages = [unreadable(&gateways, &error()), unchecked(&AWS, "the subnets", &error())].into_iter();
    let ended = end(&gateways, &failed, &View::default(), Change::Update).map(|failure| failure.diagnostic);
    for messages in messages.chain(ended) {
        assert!(
            messages.detail.contains("You are not allowed. ") && !messages.detail.contains(".."),
            "{}",
            messages.detail
        );
    }
}

#[tokio::test]
async fn every_class_of_error_has_a_remedy() {
    let gateways = opened().await;
    let classes = [
        Class::NotFound,
        Class::Conflict,
        Class::Throttled,
        Class::QuotaExceeded,
        Class::Denied,
        Class::Unsupported,
        Class::Transient,
        Class::Other,
    ];
    for class in classes {
        let messages = unreadable(&gateways, &Error::new(class, "CreateRoute", "No."));
        let remedy = messages.detail.strip_prefix("CreateRoute failed: No. ").expect("the error first");
        assert!(remedy.len() > 20 && remedy.ends_with('.'), "{class:?}: {remedy:?}");
    }
}

#[test]
fn a_zone_that_may_be_full_is_told_with_what_is_there() {
    let made = |count| BTreeMap::from([("us-east-1a".parse().unwrap(), count)]);
    let there = BTreeMap::from([("us-east-1a".to_owned(), 4)]);
    assert_eq!(zone_quotas(&made(1), &there).into_iter().count(), 0);
    let messages = zone_quotas(&made(2), &there).into_iter().next().expect("a warning");
    assert!(
        messages.detail.contains("has 4 NAT gateways") && messages.detail.contains("makes 2 more"),
        "{}",
        messages.detail
    );
    assert_eq!(paths([messages]), ["aws.zones[\"us-east-1a\"]"]);
}

#[test]
fn an_address_of_another_border_group_is_refused() {
    let public = |id: &str| Kind::Public {
        subnet: "subnet-1".into(),
        private_ip: None,
        addresses: BTreeSet::from([id.to_owned()]),
        primary: None,
    };
    let wanted = desired([("us-east-1a", public("eipalloc-1")), ("us-east-1-bos-1a", public("eipalloc-2"))]);
    let observe = |groups: [&str; 2]| {
        let address = |(id, group): (&str, &str)| {
            let border_group = Some(group.to_owned());
            (id.to_owned(), ElasticIp { public_ip: None, interface: None, instance: None, border_group })
        };
        let addresses = ["eipalloc-1", "eipalloc-2"].into_iter().zip(groups).map(address).collect();
        Observed { addresses, ..Observed::default() }
    };
    let right = observe(["us-east-1", "us-east-1-bos-1"]);
    assert_eq!(foreign_groups(&wanted, &right, "us-east-1"), BTreeSet::from(["us-east-1-bos-1a".to_owned()]));
    let groups = [("us-east-1a", "us-east-1"), ("us-east-1-bos-1a", "us-east-1-bos-1")];
    let groups = groups.map(|(zone, group)| (zone.to_owned(), group.to_owned())).into();
    assert_eq!(border_groups(&wanted, &right, &groups).into_iter().count(), 0);
    let wrong = border_groups(&wanted, &observe(["us-east-1-bos-1", "us-east-1"]), &groups);
    assert_eq!(paths(wrong), ["aws.zones[\"us-east-1-bos-1a\"].addresses", "aws.zones[\"us-east-1a\"].addresses"]);
}

#[test]
fn a_state_of_another_region_is_not_a_state_of_gateways_that_are_gone() {
    let state = |zone: &str| {
        let zones = Value::map([(zone, Value::object([("subnet_id", "subnet-1")]))]);
        Value::object([("aws", Value::object([("zones", zones)]))])
    };
    assert_eq!(foreign_zone(&state("eu-west-1a"), "eu-west-1"), None);
    assert_eq!(foreign_zone(&state("us-east-1-bos-1a"), "us-east-1"), None, "a local zone is its region's");
    assert_eq!(foreign_zone(&state("eu-west-1a"), "us-east-1"), Some("eu-west-1a"));
}
