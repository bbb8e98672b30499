//! What another resource instance has adopted.

use egress_model::identity::HOLDER_TAG;

use super::*;

/// Two gateways of one instance, of which another one has adopted that of "b".
fn one_adopted() -> (Desired, Ec2) {
    let mut wanted = two();
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut wanted);
    for (gateway, holder) in ec2.state.gateways.iter_mut().zip(["old", "new"]) {
        gateway.tags.insert(HOLDER_TAG.to_owned(), holder.to_owned());
    }
    wanted.holder = Some("old".parse().unwrap());
    (wanted, ec2)
}

#[test]
fn a_removal_takes_what_is_its_own_and_nothing_else() {
    let (wanted, ec2) = one_adopted();
    let gone = Desired { gateways: BTreeMap::new(), ..wanted };
    expect![[r#"
        ! nat-b0 is kept for another instance
        delete the route of 0.0.0.0/0 in t1 to nat-a0
        delete nat-a0
        wait until nat-a0 is gone and its addresses are free
    "#]]
    .assert_eq(&render(&plan(&gone, &ec2.state)));
    let unrecorded = Desired { recorded: Recorded::default(), ..gone.clone() };
    assert_eq!(plan(&unrecorded, &ec2.state).held, set(&[&ec2.state.gateways[1].id]));
    let unknown = Desired { holder: None, ..gone };
    assert_eq!(plan(&unknown, &ec2.state).held, set(&[]), "who knows no holder removes all of its identity");
}

#[test]
fn a_zone_that_goes_leaves_the_gateway_to_the_other_instance() {
    let (wanted, ec2) = one_adopted();
    let mut less = wanted.clone();
    less.gateways.remove(&key("b"));
    expect![[r#"
        ! nat-b0 is kept for another instance
    "#]]
    .assert_eq(&render(&plan(&less, &ec2.state)));
    let heir = Desired { takes_over: true, ..less };
    expect![[r#"
        delete the route of 0.0.0.0/0 in t2 to nat-b0
        delete nat-b0
        wait until nat-b0 is gone and its addresses are free
    "#]]
    .assert_eq(&render(&plan(&heir, &ec2.state)));
}

#[test]
fn a_key_that_stays_takes_its_gateway_back() {
    let (wanted, ec2) = one_adopted();
    assert_eq!(plan(&wanted, &ec2.state).held, set(&[]));
}
