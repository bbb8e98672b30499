//! On which attribute each diagnostic is.

use std::collections::BTreeMap;

use cloud::Class;
use cloud_aws::nat_gateways::desired::{Desired, Drain, Gateway, Kind, Recorded, Unknown};
use cloud_aws::nat_gateways::observed::ElasticIp;
use egress_model::identity::{Identity, ResourceType};

use super::*;

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

#[test]
fn what_is_about_all_gateways_is_on_aws() {
    let observed = Observed::default();
    let error = || Error::new(Class::Other, "DescribeNatGateways", "no");
    let failed = End::Failed { operation: "delete nat-1".into(), error: error(), remaining: Vec::new() };
    let ends = [End::Stopped(Vec::new()), End::Expired(Vec::new()), End::Unsettled(Vec::new()), failed];
    let ends = ends.iter().filter_map(|stop| end(stop, "AWS in us-east-1", &observed, false));
    let messages = ends.map(|failure| failure.diagnostic).chain([
        unchecked("the subnets", &error()),
        interrupted(&[], &observed),
        repair(&Plan::default()),
    ]);
    assert_eq!(paths(messages), ["aws"; 7]);
    let route = ("rtb-1".to_owned(), "0.0.0.0/0".parse().unwrap());
    let plan = Plan { stranded: BTreeSet::from([(route, "nat-1".to_owned())]), ..Plan::default() };
    assert_eq!(paths(notes(&plan, &observed, false)), ["aws"]);
}

#[test]
fn a_message_that_ends_with_a_full_stop_has_no_second_one() {
    let error = || Error::new(Class::Denied, "CreateNatGateway", "You are not allowed.");
    let failed = End::Failed { operation: "delete nat-1".into(), error: error(), remaining: Vec::new() };
    let messages = [failure("It failed", &error()), unchecked("the subnets", &error())].into_iter();
    let ended = end(&failed, "AWS in us-east-1", &Observed::default(), false).map(|failure| failure.diagnostic);
    for messages in messages.chain(ended) {
        assert!(
            messages.detail.contains("You are not allowed. ") && !messages.detail.contains(".."),
            "{}",
            messages.detail
        );
    }
}

#[test]
fn every_class_of_error_has_a_remedy() {
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
        let messages = failure("It failed", &Error::new(class, "CreateRoute", "No."));
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
