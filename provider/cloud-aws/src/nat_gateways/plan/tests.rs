//! Every kind of change, with the plan that it gives. `UPDATE_EXPECT=1` writes the plans anew.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes its literals so")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use egress_model::nat_gateway::State;
use expect_test::{Expect, expect};

use super::simulation::*;
use super::{Conflict, Plan, plan};
use crate::nat_gateways::desired::{Desired, Gateway, Kind, Secondary};
use crate::nat_gateways::observed::Status;

const ADDRESSES: [&str; 6] = ["e1", "e2", "e3", "e4", "e5", "e6"];
const TABLES: [&str; 3] = ["t1", "t2", "t3"];

fn render(plan: &Plan) -> String {
    let mut text = String::new();
    for replacement in &plan.replacements {
        let reasons = replacement.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        _ = writeln!(text, "! {} is replaced ({:?}): {reasons}", replacement.gateway, replacement.traffic);
    }
    for taken in &plan.taken_over {
        _ = writeln!(text, "! {} in {} is taken over from {}", taken.route.1, taken.route.0, taken.from);
    }
    for (route, gateway) in &plan.stranded {
        _ = writeln!(text, "! {} in {} will lead nowhere, as {gateway} goes", route.1, route.0);
    }
    for route in &plan.interrupted {
        _ = writeln!(text, "! {} in {} is interrupted", route.1, route.0);
    }
    for conflict in &plan.conflicts {
        _ = writeln!(text, "x {conflict:?}");
    }
    for operation in &plan.operations {
        _ = writeln!(text, "{operation}");
    }
    text
}

/// The plan from what `before` made to `after`, also that carrying it out leaves nothing to do.
#[track_caller]
fn check(before: Desired, after: Desired, expected: &Expect) {
    check_with(before, |_| {}, after, expected);
}

#[track_caller]
fn check_with(mut before: Desired, outside: impl FnOnce(&mut Ec2), mut after: Desired, expected: &Expect) {
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut before);
    outside(&mut ec2);
    after.recorded = before.recorded;
    let plan = plan(&after, &ec2.state);
    expected.assert_eq(&render(&plan));
    if plan.conflicts.is_empty() {
        for operation in &plan.operations {
            ec2.execute(operation).unwrap_or_else(|error| panic!("{operation}: {error}"));
        }
        assert_eq!(render(&super::plan(&after, &ec2.state)), "", "the second plan is empty");
    }
}

fn nothing() -> Desired {
    desired([])
}

fn one(addresses: &[&str]) -> Desired {
    desired([("a", public("s1", addresses, &["t1"]))])
}

fn two() -> Desired {
    desired([("a", public("s1", &["e1"], &["t1"])), ("b", public("s2", &["e2"], &["t2"]))])
}

fn with_primary(mut gateway: Gateway, address: &str) -> Gateway {
    if let Kind::Public { primary, .. } = &mut gateway.kind {
        *primary = Some(address.to_owned());
    }
    gateway
}

#[test]
fn creates_zones_side_by_side() {
    check(
        nothing(),
        desired([("a", public("s1", &["e1", "e3"], &["t1"])), ("b", public("s2", &["e2"], &["t2", "t3"]))]),
        &expect![[r#"
            create the gateway of a in s1 with e1 and e3
            create the gateway of b in s2 with e2
            wait until the new gateway of a is available
            wait until the new gateway of b is available
            route 0.0.0.0/0 in t1 to the new gateway of a
            route 0.0.0.0/0 in t2 to the new gateway of b
            route 0.0.0.0/0 in t3 to the new gateway of b
        "#]],
    );
}

#[test]
fn nothing_to_do() {
    check(two(), two(), &expect![""]);
}

#[test]
fn adds_a_secondary_address() {
    check(
        one(&["e1"]),
        one(&["e1", "e2"]),
        &expect![[r#"
        associate e2 with nat-a0
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn removes_a_secondary_address() {
    check(
        one(&["e1", "e2"]),
        one(&["e1"]),
        &expect![[r#"
        disassociate e2 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn exchanges_a_secondary_address_new_before_old() {
    check(
        one(&["e1", "e2"]),
        one(&["e1", "e3"]),
        &expect![[r#"
        associate e3 with nat-a0
        wait until the addresses of nat-a0 have come and gone
        disassociate e2 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn exchanges_a_secondary_address_old_before_new_where_the_quota_is_reached() {
    let outside = |ec2: &mut Ec2| _ = ec2.state.full.insert("nat-a0".into(), 2);
    check_with(
        one(&["e1", "e2"]),
        outside,
        one(&["e1", "e3"]),
        &expect![[r#"
        disassociate e2 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
        associate e3 with nat-a0
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn replaces_the_primary_address_by_another() {
    check(
        one(&["e1"]),
        one(&["e2"]),
        &expect![[r#"
        ! nat-a0 is replaced (Kept): the primary address of a gateway leaves only with the gateway (e1)
        create the gateway of a in s1 with e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn removes_the_primary_address_and_keeps_the_secondary() {
    check(
        one(&["e1", "e2"]),
        one(&["e2"]),
        &expect![[r#"
        ! nat-a0 is replaced (Kept): the primary address of a gateway leaves only with the gateway (e1)
        disassociate e2 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
        create the gateway of a in s1 with e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn swaps_primary_and_secondary() {
    let after = desired([("a", with_primary(public("s1", &["e1", "e2"], &["t1"]), "e2"))]);
    check(
        one(&["e1", "e2"]),
        after,
        &expect![[r#"
        ! nat-a0 is replaced (Kept): the primary address of a gateway is fixed (e1 -> e2)
        disassociate e2 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
        create the gateway of a in s1 with e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        associate e1 with the new gateway of a
        wait until the addresses of the new gateway of a have come and gone
    "#]],
    );
}

#[test]
fn moves_to_another_subnet_with_a_secondary_address() {
    check(
        one(&["e1", "e2"]),
        desired([("a", public("s9", &["e1", "e2"], &["t1"]))]),
        &expect![[r#"
        ! nat-a0 is replaced (Kept): the subnet of a gateway is fixed (s1 -> s9)
        disassociate e2 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
        create the gateway of a in s9 with e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        associate e1 with the new gateway of a
        wait until the addresses of the new gateway of a have come and gone
    "#]],
    );
}

#[test]
fn moves_to_another_subnet_through_another_zone() {
    let after = desired([("a", public("s9", &["e1"], &["t1"])), ("b", public("s2", &["e2"], &["t2"]))]);
    check(
        two(),
        after,
        &expect![[r#"
        ! nat-a0 is replaced (Detour(Key("b"))): the subnet of a gateway is fixed (s1 -> s9)
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to nat-b0
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        create the gateway of a in s9 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-b0 to the new gateway of a
    "#]],
    );
}

#[test]
fn moves_to_another_subnet_with_an_interruption() {
    check(
        one(&["e1"]),
        desired([("a", public("s9", &["e1"], &["t1"]))]),
        &expect![[r#"
        ! nat-a0 is replaced (Interrupted): the subnet of a gateway is fixed (s1 -> s9)
        ! 0.0.0.0/0 in t1 is interrupted
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        create the gateway of a in s9 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
    "#]],
    );
}

#[test]
fn moves_a_gateway_with_an_interruption_where_its_primary_address_is_named() {
    let after = desired([("a", with_primary(public("s9", &["e1", "e2"], &["t1"]), "e1"))]);
    check(
        one(&["e1", "e2"]),
        after,
        &expect![[r#"
        ! nat-a0 is replaced (Interrupted): the subnet of a gateway is fixed (s1 -> s9)
        ! 0.0.0.0/0 in t1 is interrupted
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        create the gateway of a in s9 with e1 and e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
    "#]],
    );
}

#[test]
fn swaps_the_addresses_of_two_zones() {
    let after = desired([("a", public("s1", &["e2"], &["t1"])), ("b", public("s2", &["e1"], &["t2"]))]);
    check(
        two(),
        after,
        &expect![[r#"
        ! nat-a0 is replaced (Kept): the primary address of a gateway leaves only with the gateway (e1)
        ! nat-b0 is replaced (Detour(Key("a"))): the primary address of a gateway leaves only with the gateway (e2)
        swap the route of 0.0.0.0/0 in t2 from nat-b0 to nat-a0
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
        create the gateway of a in s1 with e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        swap the route of 0.0.0.0/0 in t2 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        create the gateway of b in s2 with e1
        wait until the new gateway of b is available
        swap the route of 0.0.0.0/0 in t2 from the new gateway of a to the new gateway of b
    "#]],
    );
}

#[test]
fn moves_a_secondary_address_between_zones() {
    let before = desired([("a", public("s1", &["e1", "e3"], &["t1"])), ("b", public("s2", &["e2"], &["t2"]))]);
    let after = desired([("a", public("s1", &["e1"], &["t1"])), ("b", public("s2", &["e2", "e3"], &["t2"]))]);
    check(
        before,
        after,
        &expect![[r#"
        disassociate e3 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
        associate e3 with nat-b0
        wait until the addresses of nat-b0 have come and gone
    "#]],
    );
}

#[test]
fn adds_a_zone() {
    check(
        one(&["e1"]),
        two(),
        &expect![[r#"
        create the gateway of b in s2 with e2
        wait until the new gateway of b is available
        route 0.0.0.0/0 in t2 to the new gateway of b
    "#]],
    );
}

#[test]
fn removes_a_zone_whose_table_moves_on() {
    check(
        two(),
        desired([("a", public("s1", &["e1"], &["t1", "t2"]))]),
        &expect![[r#"
        swap the route of 0.0.0.0/0 in t2 from nat-b0 to nat-a0
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn removes_a_zone_and_the_route_to_it() {
    check(
        two(),
        one(&["e1"]),
        &expect![[r#"
        delete the route of 0.0.0.0/0 in t2 to nat-b0
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn adds_and_removes_route_tables() {
    check(
        desired([("a", public("s1", &["e1"], &["t1", "t2"]))]),
        desired([("a", public("s1", &["e1"], &["t2", "t3"]))]),
        &expect![[r#"
            route 0.0.0.0/0 in t3 to nat-a0
            delete the route of 0.0.0.0/0 in t1 to nat-a0
        "#]],
    );
}

#[test]
fn leads_a_table_to_another_zone() {
    let before = desired([("a", public("s1", &["e1"], &["t1", "t3"])), ("b", public("s2", &["e2"], &["t2"]))]);
    let after = desired([("a", public("s1", &["e1"], &["t1"])), ("b", public("s2", &["e2"], &["t2", "t3"]))]);
    check(
        before,
        after,
        &expect![[r#"
        swap the route of 0.0.0.0/0 in t3 from nat-a0 to nat-b0
    "#]],
    );
}

#[test]
fn changes_destinations() {
    let mut after = one(&["e1"]);
    after.destinations = BTreeSet::from(["10.0.0.0/8".parse().unwrap(), "pl-1".parse().unwrap()]);
    check(
        one(&["e1"]),
        after,
        &expect![[r#"
        route 10.0.0.0/8 in t1 to nat-a0
        route pl-1 in t1 to nat-a0
        delete the route of 0.0.0.0/0 in t1 to nat-a0
    "#]],
    );
}

#[test]
fn takes_no_route_over_unasked() {
    check_with(
        nothing(),
        |ec2| ec2.lead("t1", INTERNET_GATEWAY),
        one(&["e1"]),
        &expect![[r#"
        x RouteTaken { key: Key("a"), route: ("t1", Cidr(0.0.0.0/0)), target: "igw-1" }
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
    "#]],
    );
}

#[test]
fn takes_a_route_over_when_asked() {
    let mut after = one(&["e1"]);
    after.take_over = set(&[INTERNET_GATEWAY]);
    check_with(
        nothing(),
        |ec2| ec2.lead("t1", INTERNET_GATEWAY),
        after,
        &expect![[r#"
        ! 0.0.0.0/0 in t1 is taken over from igw-1
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from igw-1 to the new gateway of a
    "#]],
    );
}

#[test]
fn leads_a_route_back_that_was_changed_outside() {
    check_with(
        one(&["e1"]),
        |ec2| ec2.lead("t1", INTERNET_GATEWAY),
        one(&["e1"]),
        &expect![[r#"
        swap the route of 0.0.0.0/0 in t1 from igw-1 to nat-a0
    "#]],
    );
}

#[test]
fn leaves_a_route_that_leads_elsewhere_when_it_is_no_longer_wanted() {
    check_with(
        two(),
        |ec2| ec2.lead("t2", INTERNET_GATEWAY),
        one(&["e1"]),
        &expect![[r#"
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn makes_a_gateway_again_that_was_deleted_outside() {
    check_with(
        two(),
        |ec2| ec2.lose("nat-a0"),
        two(),
        &expect![[r#"
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
    "#]],
    );
}

#[test]
fn makes_a_gateway_again_that_is_no_longer_listed() {
    let forget = |ec2: &mut Ec2| {
        ec2.lose("nat-a0");
        ec2.state.gateways.retain(|gateway| gateway.id != "nat-a0");
    };
    check_with(
        one(&["e1"]),
        forget,
        one(&["e1"]),
        &expect![[r#"
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
    "#]],
    );
}

#[test]
fn adds_an_address_again_that_was_disassociated_outside() {
    let outside = |ec2: &mut Ec2| {
        ec2.state.gateways[0].addresses[1].status = Status::Going;
    };
    check_with(
        one(&["e1", "e2"]),
        outside,
        one(&["e1", "e2"]),
        &expect![[r#"
        wait until the addresses of nat-a0 have come and gone
        associate e2 with nat-a0
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn cleans_up_a_gateway_that_failed() {
    let outside = |ec2: &mut Ec2| {
        let (code, message) = ("Gateway.NotAttached".to_owned(), "no internet gateway".to_owned());
        ec2.lose("nat-a0");
        ec2.state.gateways[0].state = State::Failed { code, message };
    };
    check_with(
        one(&["e1"]),
        outside,
        one(&["e1"]),
        &expect![[r#"
        delete nat-a0, which failed
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
    "#]],
    );
}

#[test]
fn goes_on_with_a_gateway_that_is_still_being_made() {
    let outside = |ec2: &mut Ec2| {
        ec2.state.routes.clear();
        ec2.state.gateways[0].state = State::Pending;
    };
    check_with(
        one(&["e1"]),
        outside,
        one(&["e1"]),
        &expect![[r#"
        wait until nat-a0 is available
        route 0.0.0.0/0 in t1 to nat-a0
    "#]],
    );
}

#[test]
fn waits_for_the_address_of_a_gateway_that_is_going() {
    let outside = |ec2: &mut Ec2| {
        ec2.state.gateways[0].state = State::Deleting;
    };
    check_with(
        one(&["e1"]),
        outside,
        one(&["e1"]),
        &expect![[r#"
        wait until nat-a0 is gone and its addresses are free
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
    "#]],
    );
}

#[test]
fn removes_the_younger_of_two_gateways_of_one_zone() {
    let outside = |ec2: &mut Ec2| {
        let mut twin = ec2.state.gateways[0].clone();
        twin.id = "nat-twin".into();
        twin.created += 100;
        twin.addresses.clear();
        ec2.state.put(twin);
    };
    check_with(
        one(&["e1"]),
        outside,
        one(&["e1"]),
        &expect![[r#"
        delete nat-twin
        wait until nat-twin is gone and its addresses are free
    "#]],
    );
}

#[test]
fn never_takes_an_address_from_others() {
    let outside = |ec2: &mut Ec2| {
        ec2.state.addresses.get_mut("e2").unwrap().instance = Some("i-1".into());
        ec2.state.addresses.remove("e3");
    };
    check_with(
        one(&["e1"]),
        outside,
        one(&["e1", "e2", "e3"]),
        &expect![[r#"
        x AddressInUse { key: Key("a"), address: "e2", by: "i-1" }
        x AddressNotFound { key: Key("a"), address: "e3" }
    "#]],
    );
}

#[test]
fn says_which_table_does_not_exist() {
    check(
        one(&["e1"]),
        desired([("a", public("s1", &["e1"], &["t1", "t9"]))]),
        &expect![[r#"
        x TableNotFound { key: Key("a"), table: "t9" }
    "#]],
    );
}

#[test]
fn destroys_routes_first() {
    check(
        two(),
        nothing(),
        &expect![[r#"
        delete the route of 0.0.0.0/0 in t1 to nat-a0
        delete the route of 0.0.0.0/0 in t2 to nat-b0
        delete nat-a0
        delete nat-b0
        wait until nat-a0 is gone and its addresses are free
        wait until nat-b0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn says_which_routes_of_others_will_lead_nowhere() {
    check_with(
        one(&["e1"]),
        |ec2| ec2.lead("t3", "nat-a0"),
        nothing(),
        &expect![[r#"
        ! 0.0.0.0/0 in t3 will lead nowhere, as nat-a0 goes
        delete the route of 0.0.0.0/0 in t1 to nat-a0
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn leads_routes_of_others_to_the_successor() {
    check_with(
        one(&["e1"]),
        |ec2| ec2.lead("t3", "nat-a0"),
        one(&["e2"]),
        &expect![[r#"
        ! nat-a0 is replaced (Kept): the primary address of a gateway leaves only with the gateway (e1)
        create the gateway of a in s1 with e2
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        swap the route of 0.0.0.0/0 in t3 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn changes_private_addresses_in_place() {
    let private = |ips: &[&str]| {
        let secondary = Secondary::Addresses(ips.iter().map(|ip| ip.parse().unwrap()).collect());
        desired([("a", private("s1", secondary, &["t1"]))])
    };
    check(
        private(&["10.0.0.8", "10.0.0.9"]),
        private(&["10.0.0.9", "10.0.0.10"]),
        &expect![[r#"
        assign the private addresses 10.0.0.10 to nat-a0
        wait until the addresses of nat-a0 have come and gone
        unassign 10.0.0.8 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn changes_the_number_of_private_addresses_in_place() {
    let private = |count| desired([("a", private("s1", Secondary::Count(count), &["t1"]))]);
    check(
        private(1),
        private(3),
        &expect![[r#"
        assign private addresses to nat-a0 until it has 3 secondary ones
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
    check(
        private(3),
        private(1),
        &expect![[r#"
        unassign 10.0.1.4, 10.0.1.5 from nat-a0, draining for 350 s
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn replaces_private_connectivity_by_public() {
    check(
        desired([("a", private("s1", Secondary::Count(0), &["t1"]))]),
        one(&["e1"]),
        &expect![[r#"
        ! nat-a0 is replaced (Kept): a gateway is made to be zonal and private and cannot become zonal and public
        create the gateway of a in s1 with e1
        wait until the new gateway of a is available
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to the new gateway of a
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
    "#]],
    );
}

#[test]
fn creates_and_changes_a_regional_gateway() {
    let before = desired([("regional", regional(&[("za", &["e1"])], &["t1"]))]);
    let after = desired([("regional", regional(&[("za", &["e1"]), ("zb", &["e2", "e3"])], &["t1", "t2"]))]);
    check(
        nothing(),
        before.clone(),
        &expect![[r#"
        create the gateway of regional in vpc-1 with e1
        wait until the new gateway of regional is available
        route 0.0.0.0/0 in t1 to the new gateway of regional
    "#]],
    );
    check(
        before.clone(),
        after.clone(),
        &expect![[r#"
        associate e2, e3 with nat-regional0 for zb
        wait until the addresses of nat-regional0 have come and gone
        route 0.0.0.0/0 in t2 to nat-regional0
    "#]],
    );
    check(
        after,
        before,
        &expect![[r#"
        delete the route of 0.0.0.0/0 in t2 to nat-regional0
        disassociate e2, e3 from nat-regional0, draining for 350 s
        wait until the addresses of nat-regional0 have come and gone
    "#]],
    );
}

#[test]
fn moves_an_address_between_zones_of_a_regional_gateway() {
    let before = desired([("regional", regional(&[("za", &["e1", "e3"]), ("zb", &["e2"])], &["t1"]))]);
    let after = desired([("regional", regional(&[("za", &["e1"]), ("zb", &["e2", "e3"])], &["t1"]))]);
    check(
        before,
        after,
        &expect![[r#"
        disassociate e3 from nat-regional0, draining for 350 s
        wait until the addresses of nat-regional0 have come and gone
        associate e3 with nat-regional0 for zb
        wait until the addresses of nat-regional0 have come and gone
    "#]],
    );
}

#[test]
fn turns_zonal_gateways_into_a_regional_one_with_the_same_addresses() {
    let after = desired([("regional", regional(&[("za", &["e1"]), ("zb", &["e2"])], &["t1", "t2"]))]);
    check(
        two(),
        after,
        &expect![[r#"
        swap the route of 0.0.0.0/0 in t1 from nat-a0 to nat-b0
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
        create the gateway of regional in vpc-1 with e1
        wait until the new gateway of regional is available
        swap the route of 0.0.0.0/0 in t1 from nat-b0 to the new gateway of regional
        swap the route of 0.0.0.0/0 in t2 from nat-b0 to the new gateway of regional
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
        associate e2 with the new gateway of regional for zb
        wait until the addresses of the new gateway of regional have come and gone
    "#]],
    );
}

#[test]
fn turns_manual_zones_into_automatic_ones() {
    let automatic = Gateway { kind: Kind::RegionalAutomatic { vpc: "vpc-1".into() }, route_tables: set(&["t1"]) };
    check(
        desired([("regional", regional(&[("za", &["e1"])], &["t1"]))]),
        desired([("regional", automatic)]),
        &expect![[r#"
            ! nat-regional0 is replaced (Kept): a gateway is made to be regional with listed zones and cannot become regional with automatic zones
            create the gateway of regional in vpc-1
            wait until the new gateway of regional is available
            swap the route of 0.0.0.0/0 in t1 from nat-regional0 to the new gateway of regional
            delete nat-regional0
            wait until nat-regional0 is gone and its addresses are free
        "#]],
    );
}

#[test]
fn sets_and_removes_its_own_tags_only() {
    let mut before = one(&["e1"]);
    before.tags = [("team", "net"), ("env", "test")].map(|(key, value)| (key.into(), value.into())).into();
    let mut after = one(&["e1"]);
    after.tags = [("team".into(), "platform".into())].into();
    let outside = |ec2: &mut Ec2| {
        let tags = &mut ec2.state.gateways[0].tags;
        tags.insert("kubernetes.io/cluster".into(), "x".into());
        tags.remove("egress-owner");
    };
    check_with(
        before,
        outside,
        after,
        &expect![[r#"
        tag nat-a0 with egress-owner, team and without env
    "#]],
    );
}

#[test]
fn names_every_conflict_once() {
    let mut after = two();
    after.gateways.get_mut(&key("b")).unwrap().route_tables = set(&["t9"]);
    let ec2 = Ec2::new(&["e1"], &TABLES);
    let conflicts = plan(&after, &ec2.state).conflicts;
    let expected = [
        Conflict::AddressNotFound { key: key("b"), address: "e2".into() },
        Conflict::TableNotFound { key: key("b"), table: "t9".into() },
    ];
    assert_eq!(conflicts, expected.into());
}
