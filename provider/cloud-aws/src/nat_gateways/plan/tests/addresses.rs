//! Addresses of one gateway.

use super::*;

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
