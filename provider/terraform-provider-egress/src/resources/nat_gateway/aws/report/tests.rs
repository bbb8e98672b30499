//! Where the user is told.

use cloud_aws::nat_gateways::desired::{Drain, Gateway, Recorded};
use egress_model::identity::ResourceType;

use super::*;

fn desired(gateways: impl IntoIterator<Item = (&'static str, Kind)>) -> Desired {
    let gateway = |(key, kind): (&str, Kind)| {
        (key.parse().unwrap(), Gateway { kind, route_tables: BTreeSet::from(["rtb-1".to_owned()]) })
    };
    Desired {
        identity: Identity {
            owner: "acme".parse().unwrap(),
            resource_type: ResourceType::NatGateway,
            name: "prod".parse().unwrap(),
        },
        gateways: gateways.into_iter().map(gateway).collect(),
        destinations: BTreeSet::new(),
        take_over: BTreeSet::new(),
        drain: Drain::default(),
        tags: BTreeMap::new(),
        recorded: Recorded::default(),
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
    let told = ends.iter().filter_map(|stop| end(stop, &observed, false)).chain([
        unchecked(&error()),
        interrupted(&[], &observed),
        repair(&Plan::default()),
    ]);
    assert_eq!(paths(told), ["aws"; 7]);
    let route = ("rtb-1".to_owned(), "0.0.0.0/0".parse().unwrap());
    let plan = Plan { stranded: BTreeSet::from([(route, "nat-1".to_owned())]), ..Plan::default() };
    assert_eq!(paths(notes(&plan, &desired([]), &observed, true)), ["aws"]);
}

#[test]
fn a_message_that_ends_with_a_full_stop_has_no_second_one() {
    let error = || Error::new(Class::Denied, "CreateNatGateway", "You are not allowed.");
    let failed = End::Failed { operation: "delete nat-1".into(), error: error(), remaining: Vec::new() };
    let told = [failure("It failed", &error()), unchecked(&error())].into_iter();
    for told in told.chain(end(&failed, &Observed::default(), false)) {
        assert!(told.detail.contains("You are not allowed. ") && !told.detail.contains(".."), "{}", told.detail);
    }
}
