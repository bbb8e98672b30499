//! What holds of every plan.

use std::collections::BTreeSet;

use egress_model::identity::Key;
use egress_model::nat_gateway::State;
use proptest::prelude::*;

use super::simulation::*;
use super::{Plan, plan};
use crate::nat_gateways::desired::{Desired, Kind, RouteKey, Secondary};
use crate::nat_gateways::observed::{Gateway, Mode};

const ZONES: [&str; 3] = ["a", "b", "c"];
const ADDRESSES: [&str; 7] = ["e1", "e2", "e3", "e4", "e5", "e6", "e7"];
/// An address that somebody else uses, and one that does not exist.
const FOREIGN: &str = "e8";
const TABLES: [&str; 5] = ["t1", "t2", "t3", "t4", "t5"];

/// Which address and which table belongs to which zone, which subnet each zone has, and which of them has a gateway.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    regional: bool,
    address: [usize; ADDRESSES.len()],
    table: [usize; TABLES.len()],
    subnet: [bool; ZONES.len()],
    private: [Option<usize>; ZONES.len()],
    primary: [bool; ZONES.len()],
    more_destinations: bool,
    tag: u8,
}

pub(super) fn drafts() -> impl Strategy<Value = Draft> {
    let zone = 0..=ZONES.len();
    (
        prop::bool::weighted(0.2),
        prop::array::uniform7(zone.clone()),
        prop::array::uniform5(zone),
        any::<[bool; 3]>(),
        prop::array::uniform3(prop::option::weighted(0.15, 0..4_usize)),
        prop::array::uniform3(prop::bool::weighted(0.2)),
        any::<bool>(),
        0..3_u8,
    )
        .prop_map(|(regional, address, table, subnet, private, primary, more_destinations, tag)| Draft {
            regional,
            address,
            table,
            subnet,
            private,
            primary,
            more_destinations,
            tag,
        })
}

pub(super) fn wanted(draft: &Draft) -> Desired {
    let of = |zone, places: &[usize], names: &'static [&str]| -> Vec<&'static str> {
        places.iter().zip(names).filter(|(place, _)| **place == zone).map(|(_, name)| *name).collect()
    };
    let mut gateways = Vec::new();
    let mut zones = Vec::new();
    for (zone, name) in ZONES.iter().enumerate() {
        let (addresses, tables) = (of(zone, &draft.address, &ADDRESSES), of(zone, &draft.table, &TABLES));
        let subnet = format!("s{name}{}", u8::from(draft.subnet[zone]));
        match draft.private[zone] {
            Some(count) if !draft.regional => {
                gateways.push((*name, private(&subnet, Secondary::Count(count), &tables)));
            }
            _ if addresses.is_empty() => {}
            _ => {
                zones.push((*name, addresses.clone()));
                let mut gateway = public(&subnet, &addresses, &tables);
                if let (Kind::Public { primary, .. }, true) = (&mut gateway.kind, draft.primary[zone]) {
                    *primary = addresses.last().map(|address| (*address).to_owned());
                }
                gateways.push((*name, gateway));
            }
        }
    }
    if draft.regional && !zones.is_empty() {
        let zones: Vec<(&str, &[&str])> = zones.iter().map(|(zone, ids)| (*zone, ids.as_slice())).collect();
        let tables: Vec<&str> = TABLES.into_iter().zip(draft.table).filter(|(_, z)| *z < 3).map(|(t, _)| t).collect();
        gateways = vec![("regional", regional(&zones, &tables))];
    }
    let mut desired = desired(gateways);
    if draft.more_destinations {
        desired.destinations.insert("pl-1".parse().expect("a destination"));
    }
    desired.tags = [("generation".to_owned(), draft.tag.to_string())].into();
    desired.take_over = set(&[INTERNET_GATEWAY]);
    desired
}

pub(super) fn account() -> Ec2 {
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES);
    ec2.state.addresses.insert(FOREIGN.into(), ec2.state.addresses["e1"].clone());
    ec2.state.addresses.get_mut(FOREIGN).expect("just put in").instance = Some("i-1".into());
    for table in TABLES {
        ec2.point(table, INTERNET_GATEWAY);
    }
    ec2
}

/// Something that happens outside.
pub(super) fn disturb(ec2: &mut Ec2, what: u8, which: usize) {
    let live: Vec<String> =
        ec2.state.gateways.iter().filter(|g| g.state == State::Available).map(|g| g.id.clone()).collect();
    if live.is_empty() {
        return;
    }
    let id = &live[which % live.len()];
    match what {
        0 => ec2.lose(id),
        1 => ec2.point(TABLES[which % TABLES.len()], INTERNET_GATEWAY),
        2 => _ = ec2.state.routes.remove(&default_route(TABLES[which % TABLES.len()])),
        3 => ec2.point(TABLES[which % TABLES.len()], id),
        4 => ec2.execute(&super::Operation::Delete { gateway: id.clone(), failed: false }).expect("it can be deleted"),
        _ => {}
    }
}

/// What is there is what is wanted, said without the planner.
fn assert_reached(desired: &Desired, ec2: &Ec2) {
    let live: Vec<&Gateway> = ec2.state.gateways.iter().filter(|gateway| gateway.state.is_live()).collect();
    let keys: Vec<&Key> = live.iter().map(|gateway| &gateway.key).collect();
    assert_eq!(keys.len(), desired.gateways.len(), "one gateway per key: {keys:?}");
    for gateway in &live {
        let wanted = &desired.gateways[&gateway.key].kind;
        let has: BTreeSet<(&str, Option<&str>)> =
            gateway.addresses.iter().filter_map(|a| Some((a.allocation.as_deref()?, a.zone.as_deref()))).collect();
        assert_eq!(has, wanted.addresses().into_iter().collect(), "{}", gateway.key);
        match wanted {
            Kind::Public { subnet, primary, .. } => {
                assert_eq!((gateway.mode, &gateway.subnet), (Mode::Public, &Some(subnet.clone())));
                let first = gateway.addresses.iter().find(|address| address.primary).and_then(|a| a.allocation.clone());
                assert!(primary.is_none() || *primary == first);
            }
            Kind::Private { subnet, secondary: Secondary::Count(count), .. } => {
                assert_eq!((gateway.mode, &gateway.subnet), (Mode::Private, &Some(subnet.clone())));
                assert_eq!(gateway.addresses.len(), count + 1);
            }
            _ => assert_eq!(gateway.mode, Mode::RegionalManual),
        }
        for (tag, value) in desired.tags_of(&gateway.key) {
            assert_eq!(gateway.tags.get(&tag), Some(&value));
        }
    }
    for (route, key) in desired.routes() {
        let target = &ec2.state.routes[&route].target;
        assert_eq!(ec2.state.gateway(target).map(|gateway| &gateway.key), Some(key), "{route:?}");
        assert!(ec2.carries(&route), "{route:?}");
    }
}

/// Routes that may lose their traffic: those that the plan says are interrupted or stranded, and ours that are not wanted any more.
fn may_fall(desired: &Desired, plan: &Plan) -> BTreeSet<RouteKey> {
    let wanted = desired.routes();
    let unwanted = desired.recorded.routes.iter().filter(|route| !wanted.contains_key(*route));
    let stranded = plan.stranded.iter().map(|(route, _)| route);
    plan.interrupted.iter().chain(stranded).chain(unwanted).cloned().collect()
}

/// Executes the first operations of the plan and checks each step.
fn run(desired: &Desired, ec2: &mut Ec2, steps: usize) -> Result<(), TestCaseError> {
    let plan = plan(desired, &ec2.state);
    prop_assert!(plan.conflicts.is_empty(), "{:?}", plan.conflicts);
    let objects = ec2.state.gateways.len() + ec2.state.routes.len() + desired.routes().len() + ADDRESSES.len();
    prop_assert!(plan.operations.len() <= 4 * objects + 12, "{} operations for {objects}", plan.operations.len());
    let may_fall = may_fall(desired, &plan);
    let mut carried: BTreeSet<RouteKey> = ec2.state.routes.keys().filter(|route| ec2.carries(route)).cloned().collect();
    carried.retain(|route| !may_fall.contains(route));
    for operation in plan.operations.iter().take(steps) {
        let result = ec2.execute(operation);
        prop_assert!(result.is_ok(), "{operation}: {result:?} of\n{:#?}", plan.operations);
        for route in &carried {
            prop_assert!(ec2.carries(route), "{route:?} after {operation} of\n{:#?}", plan.operations);
        }
        prop_assert_eq!(ec2.state.addresses[FOREIGN].used_by(), Some("i-1"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn reaches_what_is_wanted_from_anywhere_and_keeps_traffic(
        first in drafts(),
        second in drafts(),
        happenings in prop::collection::vec((0..6_u8, any::<usize>()), 0..3),
        crash in prop::option::of(0..30_usize),
    ) {
        let mut before = wanted(&first);
        let mut ec2 = account().having(&mut before);
        for (what, which) in happenings {
            disturb(&mut ec2, what, which);
        }
        let mut after = wanted(&second);
        after.recorded = before.recorded.clone();
        if let Some(steps) = crash {
            // The process dies, and the state that Terraform has is the one from before.
            run(&after, &mut ec2, steps)?;
            ec2.state.made.clear();
        }
        run(&after, &mut ec2, usize::MAX)?;
        assert_reached(&after, &ec2);
        prop_assert_eq!(plan(&after, &ec2.state), Plan::default());
    }

    #[test]
    fn destroys_from_anywhere(first in drafts(), what in 0..6_u8, which in any::<usize>(), crash in 0..30_usize) {
        let mut before = wanted(&first);
        let mut ec2 = account().having(&mut before);
        disturb(&mut ec2, what, which);
        let mut after = desired([]);
        after.recorded = before.recorded.clone();
        run(&after, &mut ec2, crash)?;
        ec2.state.made.clear();
        run(&after, &mut ec2, usize::MAX)?;
        prop_assert!(ec2.state.gateways.iter().all(|gateway| gateway.state == State::Deleted));
        prop_assert!(ec2.state.addresses.iter().all(|(id, elastic)| id == FOREIGN || elastic.used_by().is_none()));
        prop_assert_eq!(plan(&after, &ec2.state).operations, vec![]);
    }
}
