//! What is planned for routes, and what is never touched.

mod conformance;

use std::collections::{BTreeMap, BTreeSet};

use cloud::steering::Stage;

use super::plan::recorded_now;
use super::{Conflict, Desired, Gateway, Observed, Operation, plan};
use crate::nat_gateways::desired::RouteKey;
use crate::nat_gateways::observed::Route;

const OURS: &str = "nat-1";

fn route(table: &str, to: &str) -> RouteKey {
    (table.to_owned(), to.parse().expect("a destination"))
}

fn set<T: std::str::FromStr + Ord>(texts: &[&str]) -> BTreeSet<T>
where
    T::Err: std::fmt::Debug,
{
    texts.iter().map(|text| text.parse().expect("a value")).collect()
}

/// Wants these destinations in table `rtb-1`, whose gateway is [`OURS`].
fn wants(destinations: &[&str]) -> Desired {
    Desired {
        owner: "acme".parse().expect("an owner"),
        tables: BTreeMap::from([("rtb-1".to_owned(), Gateway { key: "a".to_owned(), id: Some(OURS.to_owned()) })]),
        destinations: set(destinations),
        covered: BTreeSet::new(),
        take_over: BTreeSet::new(),
        gateways: set(&[OURS]),
        recorded: BTreeSet::new(),
        ceded: BTreeSet::new(),
        stage: Stage::MakeAndRemove,
    }
}

/// Table `rtb-1` with its local route and these.
fn has(routes: &[(&str, &str)]) -> Observed {
    let routes = [("10.0.0.0/16", "local")].iter().chain(routes);
    Observed {
        tables: set(&["rtb-1"]),
        routes: routes
            .map(|(to, target)| {
                let blackhole = *target == "nat-gone";
                (route("rtb-1", to), Route { target: (*target).to_owned(), blackhole })
            })
            .collect(),
    }
}

fn steps(desired: &Desired, observed: &Observed) -> Vec<String> {
    plan(desired, observed).operations.iter().map(ToString::to_string).collect()
}

#[test]
fn makes_what_is_missing_and_adopts_what_is_there() {
    let desired = wants(&["192.0.2.0/24", "203.0.113.0/24", "pl-1"]);
    let observed = has(&[("203.0.113.0/24", OURS)]);
    assert_eq!(steps(&desired, &observed), ["route 192.0.2.0/24 in rtb-1 to nat-1", "route pl-1 in rtb-1 to nat-1"]);
    assert_eq!(plan(&desired, &observed).found, BTreeSet::from([route("rtb-1", "203.0.113.0/24")]));
}

#[test]
fn what_the_gateways_lead_already_is_left_to_them() {
    let covered = |by: &[&str], routes: &[(&str, &str)]| {
        let desired = Desired { covered: set(by), ..wants(&["203.0.113.0/24"]) };
        steps(&desired, &has(routes)).len()
    };
    assert_eq!(covered(&["203.0.113.0/24"], &[]), 0, "the same");
    assert_eq!(covered(&["0.0.0.0/0"], &[]), 0, "a wider one");
    assert_eq!(covered(&["203.0.113.0/28"], &[]), 1, "a narrower one takes a part only");
    assert_eq!(covered(&["0.0.0.0/0"], &[("203.0.0.0/16", "tgw-1")]), 1, "a narrower one in between points elsewhere");
    assert_eq!(covered(&["0.0.0.0/0"], &[("203.0.0.0/16", OURS)]), 0, "it points to the same gateway");
    assert_eq!(covered(&["0.0.0.0/0"], &[("203.0.113.0/28", "tgw-1")]), 0, "a part of it, which is somebody's choice");
    assert_eq!(covered(&["0.0.0.0/0"], &[("192.0.0.0/16", "tgw-1")]), 0, "other addresses");
}

#[test]
fn routes_of_others_are_refused_or_taken_over() {
    let observed = has(&[("203.0.113.0/24", "igw-1")]);
    let desired = wants(&["203.0.113.0/24"]);
    let planned = plan(&desired, &observed);
    let taken = Conflict::RouteTaken { route: route("rtb-1", "203.0.113.0/24"), target: "igw-1".to_owned() };
    assert_eq!((planned.operations, planned.conflicts), (vec![], BTreeSet::from([taken])));

    let asked = Desired { take_over: set(&["igw-1"]), ..desired.clone() };
    let planned = plan(&asked, &observed);
    assert!(matches!(&planned.operations[..], [Operation::Replace { from, .. }] if from == "igw-1"), "{planned:?}");
    assert_eq!(planned.taken_over.len(), 1);

    let recorded = Desired { recorded: BTreeSet::from([route("rtb-1", "203.0.113.0/24")]), ..desired.clone() };
    assert!(
        matches!(&plan(&recorded, &observed).operations[..], [Operation::Replace { .. }]),
        "ours, pointed elsewhere"
    );
    let lost = has(&[("203.0.113.0/24", "nat-gone")]);
    assert!(
        matches!(&plan(&desired, &lost).operations[..], [Operation::Replace { .. }]),
        "nobody's traffic follows it"
    );
}

#[test]
fn what_cannot_be_routed_is_a_conflict() {
    let planned = plan(&wants(&["10.0.3.0/24"]), &has(&[]));
    assert!(matches!(planned.conflicts.first(), Some(Conflict::WithinNetwork { .. })), "{planned:?}");
    assert!(plan(&wants(&["10.0.0.0/8"]), &has(&[])).conflicts.is_empty(), "the VPC's own route is narrower");
    let planned = plan(&wants(&["192.0.2.0/24"]), &Observed::default());
    assert!(matches!(planned.conflicts.first(), Some(Conflict::TableNotFound { .. })), "{planned:?}");
}

#[test]
fn only_recorded_routes_to_our_gateways_are_deleted() {
    let gone = |target: &str, change: &dyn Fn(&mut Desired)| {
        let mut desired = Desired { recorded: BTreeSet::from([route("rtb-1", "203.0.113.0/24")]), ..wants(&[]) };
        change(&mut desired);
        steps(&desired, &has(&[("203.0.113.0/24", target)])).len()
    };
    assert_eq!(gone(OURS, &|_| {}), 1);
    assert_eq!(gone("nat-gone", &|_| {}), 1, "it points nowhere");
    assert_eq!(gone("tgw-1", &|_| {}), 0, "somebody has pointed it elsewhere");
    assert_eq!(gone(OURS, &|desired| desired.recorded.clear()), 0, "it is not recorded");
    assert_eq!(gone(OURS, &|desired| desired.stage = Stage::Make), 0, "not yet");
    assert_eq!(gone(OURS, &|desired| desired.ceded = desired.recorded.clone()), 0, "another resource has it now");
    assert_eq!(gone(OURS, &|desired| desired.covered = set(&["203.0.113.0/24"])), 0, "the gateways have it now");
    assert_eq!(gone(OURS, &|desired| desired.tables.clear()), 1, "the policy goes");
}

#[test]
fn a_gateway_that_is_not_known_yet_plans_routes_and_sees_conflicts() {
    let mut desired = wants(&["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]);
    desired.gateways.clear();
    desired.tables.insert("rtb-1".to_owned(), Gateway { key: "a".to_owned(), id: None });
    let planned = plan(&desired, &has(&[("192.0.2.0/24", "igw-1"), ("198.51.100.0/24", "nat-9")]));
    assert_eq!((planned.operations.len(), planned.conflicts.len(), planned.routes.len()), (0, 1, 3));
}

#[test]
fn the_state_records_what_is_there_and_ours() {
    let mut desired = wants(&["192.0.2.0/24", "198.51.100.0/24"]);
    desired.recorded = BTreeSet::from([route("rtb-1", "203.0.113.0/24"), route("rtb-1", "203.0.112.0/24")]);
    let observed = has(&[("192.0.2.0/24", OURS), ("203.0.113.0/24", OURS), ("203.0.112.0/24", "tgw-1")]);
    let recorded: Vec<String> = recorded_now(&desired, &observed).keys().map(|(_, to)| to.to_string()).collect();
    assert_eq!(recorded, ["192.0.2.0/24", "203.0.113.0/24"]);
}
