//! Gateways that come, go and move between zones and subnets.

use super::*;

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
