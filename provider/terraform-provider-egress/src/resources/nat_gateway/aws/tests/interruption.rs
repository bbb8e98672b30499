//! What loses its way out, in the words that a user reads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use cloud_aws::nat_gateways::desired::{Desired, Kind, RouteKey};
use cloud_aws::nat_gateways::observed::{Address, Gateway, Mode, Observed, RouteTable};
use cloud_aws::nat_gateways::plan::Plan;
use egress_model::identity::Key;
use egress_model::nat_gateway::State;
use tfplugin::Diagnostic;

use super::{desired, opened};
use crate::resources::nat_gateway::arguments::OnInterruption;
use crate::resources::nat_gateway::aws::routes::{interrupted, loops, lost};
use crate::resources::nat_gateway::aws::words::shared;
use crate::resources::nat_gateway::backend::Ahead;
use crate::resources::nat_gateway::report::{interruptions, notes};
use crate::resources::nat_gateway::subject::Change;

fn key() -> Key {
    "us-east-1a".parse().unwrap()
}

fn route(table: &str) -> RouteKey {
    (table.to_owned(), "0.0.0.0/0".parse().unwrap())
}

/// A gateway, a table of two subnets, the main table, and one of no subnet.
fn observed() -> Observed {
    let address = Address { public_ip: Some(Ipv4Addr::new(203, 0, 113, 7)), ..Address::default() };
    let gateway = Gateway {
        id: "nat-1".into(),
        key: key(),
        state: State::Available,
        mode: Mode::Public,
        subnet: Some("subnet-9".into()),
        vpc: "vpc-1".into(),
        addresses: vec![address],
        created: 0,
        tags: BTreeMap::new(),
    };
    let table = |subnets: &[&str], main| RouteTable {
        vpc: "vpc-1".into(),
        subnets: subnets.iter().map(|subnet| (*subnet).to_owned()).collect(),
        main,
    };
    let tables =
        [("rtb-1", table(&["subnet-1", "subnet-2"], false)), ("rtb-2", table(&[], true)), ("rtb-3", table(&[], false))];
    let tables = tables.into_iter().map(|(id, table)| (id.to_owned(), table)).collect();
    Observed { gateways: vec![gateway], tables, ..Observed::default() }
}

fn text(diagnostic: Option<Diagnostic>) -> String {
    diagnostic.map_or_else(String::new, |it| {
        let path = it.path.map(|path| path.to_string()).unwrap_or_default();
        format!("{:?} [{path}] {}\n{}\n", it.severity, it.summary, it.detail)
    })
}

#[track_caller]
fn check(found: Option<Diagnostic>, expected: &[&str]) {
    assert_eq!(text(found).lines().collect::<Vec<_>>(), expected);
}

fn ahead(plan: &Plan, observed: &Observed) -> Ahead {
    Ahead { lost: lost(plan, observed), interrupted: interrupted(plan, observed), ..Ahead::default() }
}

#[tokio::test]
async fn a_change_that_interrupts() {
    let gateways = opened().await;
    let interruptions = |plan, on| interruptions(&gateways, &ahead(plan, &observed()), on);
    let loses = |tables: &[&str]| tables.iter().map(|table| (route(table), "nat-1".to_owned())).collect();
    let both = Plan { lost: loses(&["rtb-1", "rtb-2", "rtb-3"]), ..Plan::default() };
    check(
        interruptions(&both, OnInterruption::Error),
        &[
            "Error [on_interruption] The change of the NAT gateways would interrupt egress",
            "- rtb-1 (subnet-1, subnet-2) loses its route of 0.0.0.0/0 to nat-1 (203.0.113.7).",
            "- rtb-2 (the main table of vpc-1, of every subnet without a table of its own) loses its route of \
             0.0.0.0/0 to nat-1 (203.0.113.7).",
            "",
            "Whoever depends on this egress must hear of it first. If that is done, set on_interruption = \"warn\" \
             together with this change. To move a route table without a gap, let its new target take the route over \
             first (another egress_nat_gateway with take_over_routes), apply, and then take the table out here.",
        ],
    );
    let gap = "- rtb-1 (subnet-1, subnet-2) has no way out for 0.0.0.0/0 until the new gateway is available, 3 to 5 \
               minutes as a rule: the address that the new gateway needs is on the old one, which has to go first.";
    let replaced = Plan { interrupted: BTreeSet::from([route("rtb-1"), route("rtb-3")]), ..Plan::default() };
    check(
        interruptions(&replaced, OnInterruption::Error),
        &[
            "Error [on_interruption] The change of the NAT gateways would interrupt egress",
            gap,
            "",
            "Whoever depends on this egress must hear of it first. If that is done, set on_interruption = \"warn\" \
             together with this change. To avoid the gap, give the gateway a second address first, or have a \
             gateway in another zone of this resource.",
        ],
    );
    check(
        interruptions(&replaced, OnInterruption::Warn),
        &[
            "Warning [aws] The change of the NAT gateways interrupts egress",
            gap,
            "",
            "Whoever depends on this egress must hear of it first.",
        ],
    );
    let nobody = Plan { lost: loses(&["rtb-3"]), ..Plan::default() };
    check(interruptions(&nobody, OnInterruption::Error), &[]);
}

#[tokio::test]
async fn a_destroy() {
    let gateways = opened().await;
    let destroyed = |plan: &Plan, observed: &Observed| {
        notes(&gateways, &ahead(plan, observed), Change::Destroy, &observed.view()).into_iter().next()
    };
    let plan = Plan { lost: BTreeSet::from([(route("rtb-1"), "nat-1".to_owned())]), ..Plan::default() };
    let stay = "Their addresses stay allocated to whoever holds them, such as an egress_ip_pool: 203.0.113.7/32.";
    check(
        destroyed(&plan, &observed()),
        &[
            "Warning [aws] The NAT gateways are destroyed, and subnets lose their way out",
            "- rtb-1 (subnet-1, subnet-2) loses its route of 0.0.0.0/0 to nat-1 (203.0.113.7).",
            "",
            stay,
        ],
    );
    check(
        destroyed(&Plan::default(), &observed()),
        &["Warning [aws] The NAT gateways are destroyed", "No route table of a subnet routes to them.", "", stay],
    );
    check(destroyed(&Plan::default(), &Observed::default()), &[]);
}

/// A gateway in this subnet, with these tables.
fn wants(subnet: &str, tables: &[&str]) -> Desired {
    let kind = Kind::Public { subnet: subnet.into(), private_ip: None, addresses: BTreeSet::new(), primary: None };
    let mut desired = desired([("us-east-1a", kind)]);
    for gateway in desired.gateways.values_mut() {
        gateway.route_tables = tables.iter().map(|table| (*table).to_owned()).collect();
    }
    Desired { destinations: BTreeSet::from(["0.0.0.0/0".parse().unwrap()]), ..desired }
}

#[test]
fn a_gateway_that_would_route_to_itself() {
    let explicit =
        BTreeMap::from([("subnet-1".to_owned(), "rtb-1".to_owned()), ("subnet-9".to_owned(), "rtb-4".to_owned())]);
    let found =
        |subnet: &str, tables: &[&str]| loops(&wants(subnet, tables), &observed(), &explicit).into_iter().next();
    check(
        found("subnet-1", &["rtb-1"]),
        &[
            "Error [aws.zones[\"us-east-1a\"].route_table_ids] The NAT gateway of us-east-1a would route to itself",
            "The gateway of us-east-1a stands in subnet-1, which follows rtb-1, and the route of 0.0.0.0/0 in rtb-1 \
             would point to the gateway itself: what the gateway sends would come back to it, and nothing would \
             leave. Put it into a subnet with a route table of its own, whose default route goes to an internet \
             gateway (or, for private connectivity, to the other network); or take rtb-1 out of route_table_ids.",
        ],
    );
    assert!(found("subnet-9", &["rtb-1", "rtb-2"]).is_none(), "it follows a table of its own");
    assert!(found("subnet-8", &["rtb-2"]).is_some(), "without a table of its own it follows the main one");
    assert!(found("subnet-8", &["rtb-1"]).is_none());
}

#[test]
fn a_route_that_two_resources_claim() {
    let found = shared(&route("rtb-1"), &key(), "egress_nat_gateway \"other\"");
    check(
        Some(found),
        &[
            "Error [aws.zones[\"us-east-1a\"].route_table_ids] The route of 0.0.0.0/0 in rtb-1 is claimed twice",
            "egress_nat_gateway \"other\" routes 0.0.0.0/0 in rtb-1 to a gateway too. A route has one target: the \
             two would take it from each other with every apply, and destroying one would cut the other's traffic. \
             Name rtb-1 in one of them only, or give them different destinations. Terraform plans what is written \
             before a destroy too: to destroy what there is first, run it with -refresh=false.",
        ],
    );
}
