//! Private and regional gateways.

use super::*;

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
    let automatic = Gateway {
        kind: Kind::RegionalAutomatic { vpc: "vpc-1".into() },
        route_tables: set(&["t1"]),
        tags: BTreeMap::new(),
    };
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
