//! Routes, those of others included.

use super::*;

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
        |ec2| ec2.point("t1", INTERNET_GATEWAY),
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
        |ec2| ec2.point("t1", INTERNET_GATEWAY),
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
        |ec2| ec2.point("t1", INTERNET_GATEWAY),
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
        |ec2| ec2.point("t2", INTERNET_GATEWAY),
        one(&["e1"]),
        &expect![[r#"
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
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
fn says_which_routes_of_others_will_lead_nowhere() {
    check_with(
        one(&["e1"]),
        |ec2| ec2.point("t3", "nat-a0"),
        nothing(),
        &expect![[r#"
        ! 0.0.0.0/0 in t3 will point nowhere, as nat-a0 goes
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
        |ec2| ec2.point("t3", "nat-a0"),
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
