//! What others did, or an interrupted run left.

use super::*;

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
fn takes_no_second_private_address_while_one_is_leaving() {
    let count = |count| desired([("a", private("s1", Secondary::Count(count), &[]))]);
    let outside = |ec2: &mut Ec2| {
        ec2.state.gateways[0].addresses[2].status = Status::Going;
    };
    check_with(
        count(2),
        outside,
        count(1),
        &expect![[r#"
        wait until the addresses of nat-a0 have come and gone
    "#]],
    );
}

#[test]
fn cleans_up_a_gateway_that_failed() {
    let outside = |ec2: &mut Ec2| {
        let (code, message) = ("Gateway.NotAttached".to_owned(), "no internet gateway".to_owned());
        ec2.lose("nat-a0");
        ec2.state.gateways[0].state = State::Dead { code, message };
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
