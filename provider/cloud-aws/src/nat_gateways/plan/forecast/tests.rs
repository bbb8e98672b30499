//! Single cases as tables, and that what is promised comes, whatever changes.

use egress_model::nat_gateway::View;
use proptest::prelude::*;

use super::super::plan;
use super::super::properties::{account, disturb, drafts, wanted};
use super::super::simulation::*;
use super::*;

/// The state that Terraform has of what is there.
fn state(view: &View) -> BTreeMap<Key, Known> {
    let known = view.gateways.iter().map(|(key, gateway)| {
        let addresses = || gateway.addresses.iter();
        let known = Known {
            id: gateway.id.clone(),
            addresses: addresses().filter_map(|address| address.id.clone()).collect(),
            private_ips: addresses().filter_map(|address| v4(address.private_ip?)).collect(),
        };
        (key.clone(), known)
    });
    known.collect()
}

fn v4(ip: std::net::IpAddr) -> Option<Ipv4Addr> {
    match ip {
        std::net::IpAddr::V4(ip) => Some(ip),
        std::net::IpAddr::V6(_) => None,
    }
}

/// One gateway in `s1` with these addresses and the table `t1`, and the account that has it.
fn made(addresses: &[&str]) -> (Desired, Ec2) {
    let mut desired = desired([("a", public("s1", addresses, &["t1"]))]);
    let ec2 = Ec2::new(&["e1", "e2", "e3"], &["t1", "t2"]).having(&mut desired);
    (desired, ec2)
}

fn changed(before: &Desired, gateway: Wanted) -> Desired {
    Desired { recorded: before.recorded.clone(), ..desired([("a", gateway)]) }
}

fn with_open(mut desired: Desired, open: Open) -> Desired {
    if !open.kind_is_known {
        desired.gateways.remove(&key("a"));
    }
    desired.unknown.of.insert(key("a"), open);
    desired
}

fn open(kind_is_known: bool, addresses: Option<&[&str]>, tables: Option<&[&str]>) -> Open {
    Open { kind_is_known, addresses: addresses.map(set), route_tables: tables.map(set) }
}

fn fate_text(desired: &Desired, ec2: &Ec2) -> &'static str {
    match fate(desired, &ec2.state, &key("a")) {
        Fate::Kept(_) => "kept",
        Fate::Replaced(_) => "replaced",
        Fate::Open(_) => "open",
        Fate::Made => "made",
    }
}

#[test]
fn what_becomes_of_a_gateway() {
    let (before, ec2) = made(&["e1", "e2"]);
    let to = |subnet: &str, addresses: &[&str]| changed(&before, public(subnet, addresses, &["t1"]));
    let fresh = desired([("a", public("s1", &["e3"], &["t1"]))]);
    let tables: &[&str] = &["t1"];
    let cases: [(&str, Desired, &str); 10] = [
        ("nothing differs", to("s1", &["e1", "e2"]), "kept"),
        ("an address comes and one goes", to("s1", &["e1", "e3"]), "kept"),
        ("another subnet", to("s2", &["e1", "e2"]), "replaced"),
        ("the primary address leaves", to("s1", &["e2"]), "replaced"),
        ("the state has none", fresh, "made"),
        ("a subnet that is not known", with_open(to("s1", &["e1"]), open(false, Some(&["e1"]), Some(tables))), "open"),
        ("a new address beside the primary one", with_open(to("s1", &["e1"]), open(true, None, Some(tables))), "kept"),
        ("addresses without the primary one", with_open(to("s1", &["e2"]), open(true, None, Some(tables))), "open"),
        ("another subnet and a new address", with_open(to("s2", &["e1"]), open(true, None, Some(tables))), "replaced"),
        (
            "route tables that are not known",
            with_open(to("s1", &["e1", "e2"]), open(true, Some(&["e1", "e2"]), None)),
            "kept",
        ),
    ];
    for (case, desired, expected) in cases {
        assert_eq!(fate_text(&desired, &ec2), expected, "{case}");
    }
}

#[test]
fn routes_are_known_when_tables_and_destinations_are() {
    let (before, _) = made(&["e1"]);
    let wanted = |tables: &[&str]| changed(&before, public("s1", &["e1"], tables));
    let of = |desired: &Desired| routes(desired).map(|routes| routes.into_keys().map(|(table, _)| table).collect());
    let known = |tables: &[&str]| Some(tables.iter().map(|table| (*table).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&wanted(&["t1", "t2"])), known(&["t1", "t2"]));
    // An element that appears later is an inconsistent final plan.
    let unknown_subnet = with_open(wanted(&["t1", "t2"]), open(false, Some(&["e1"]), Some(&["t1", "t2"])));
    assert_eq!(of(&unknown_subnet), known(&["t1", "t2"]));
    assert_eq!(of(&with_open(wanted(&["t1"]), open(true, Some(&["e1"]), None))), None);
    let mut destinations = wanted(&["t1"]);
    destinations.unknown.destinations = true;
    assert_eq!(of(&destinations), None);
    let mut gateways = wanted(&["t1"]);
    gateways.unknown.gateways = true;
    assert_eq!(of(&gateways), None);
}

#[test]
fn addresses_that_stay_keep_what_they_have() {
    let (before, ec2) = made(&["e1", "e2"]);
    let known = state(&ec2.state.view());
    let lists_of = |desired: &Desired| lists(desired, &ec2.state, known.get(&key("a")), &key("a"));
    let grown = lists_of(&changed(&before, public("s1", &["e1", "e2", "e3"], &["t1"])));
    let ids = |ids: &[&str]| Some(ids.iter().map(|id| Some((*id).to_owned())).collect::<Vec<_>>());
    assert_eq!(grown.addresses, ids(&["e1", "e2", "e3"]));
    let private = grown.private_ips.expect("its length is known");
    let had = &known[&key("a")].private_ips;
    assert_eq!(private, [Some(had[0]), Some(had[1]), None], "only the new one is AWS's choice");
    assert!(grown.public_ips.expect("its length is known").iter().all(Option::is_some));
    let replaced = lists_of(&changed(&before, public("s2", &["e1", "e2"], &["t1"])));
    assert_eq!(replaced, Lists::default(), "which is the primary one depends on what is free then");
    let single = lists_of(&changed(&before, public("s2", &["e1"], &["t1"])));
    assert_eq!((single.addresses, single.private_ips), (ids(&["e1"]), Some(vec![None])));
}

#[test]
fn private_addresses_of_a_private_gateway() {
    let ip = |last: u8| Ipv4Addr::new(10, 0, 0, last);
    let has = [ip(9), ip(3), ip(5)];
    let all = |ips: &[u8]| Some(ips.iter().map(|last| Some(ip(*last))).collect::<Vec<_>>());
    assert_eq!(private_ips(&Secondary::Count(2), &has), all(&[9, 3, 5]));
    assert_eq!(private_ips(&Secondary::Count(1), &has), all(&[9, 3]), "the highest leaves");
    assert_eq!(private_ips(&Secondary::Count(3), &has), Some(vec![Some(ip(9)), None, None, None]));
    let named = Secondary::Addresses(BTreeSet::from([ip(7), ip(1)]));
    assert_eq!(private_ips(&named, &has), all(&[9, 1, 7]));
    assert_eq!(private_ips(&named, &[]), None);
    assert_eq!(made_private_ips(&Secondary::Count(1), Some(ip(4))), [Some(ip(4)), None]);
}

#[test]
fn a_state_is_stale_where_a_promise_would_break() {
    let (before, ec2) = made(&["e1", "e2"]);
    let known = state(&ec2.state.view());
    let id = known[&key("a")].id.clone();
    let same = changed(&before, public("s1", &["e1", "e2"], &["t1"]));
    let check = |desired: &Desired, change: &dyn Fn(&mut Ec2)| {
        let mut ec2 = ec2.clone();
        change(&mut ec2);
        stale(desired, &ec2.state, &known)
    };
    assert_eq!(check(&same, &|_| {}), vec![]);
    let gone = Stale::Gone { key: key("a"), gateway: id.clone(), now: Some(State::Deleted) };
    assert_eq!(check(&same, &|ec2| ec2.lose(&id)), vec![gone]);
    assert_eq!(check(&desired([]), &|ec2| ec2.lose(&id)), vec![], "nothing is promised of a key that goes");
    let first = |ec2: &mut Ec2| ec2.state.gateways[0].addresses.retain(|address| address.primary);
    let address = Stale::Address { key: key("a"), gateway: id.clone(), address: "e2".to_owned() };
    assert_eq!(check(&same, &first), vec![address.clone()]);
    let without = changed(&before, public("s1", &["e1"], &["t1"]));
    assert_eq!(check(&without, &first), vec![], "it was to leave");
    let other_ip = |ec2: &mut Ec2| ec2.state.gateways[0].addresses[1].private_ip = Some(Ipv4Addr::new(10, 9, 9, 9));
    assert_eq!(check(&same, &other_ip), vec![address]);
    let route = |ec2: &mut Ec2| ec2.point("t1", INTERNET_GATEWAY);
    assert_eq!(check(&same, &route), vec![], "a route is put back, and its target is the planned one");
}

/// All that a plan promises.
#[derive(Clone, Debug)]
struct Promise {
    ids: BTreeMap<Key, Option<String>>,
    lists: BTreeMap<Key, Lists>,
    routes: Option<BTreeMap<RouteKey, Option<String>>>,
    egress: Option<Vec<Ipv4Addr>>,
    replaced: Option<BTreeSet<Key>>,
}

fn promise(desired: &Desired, ec2: &Ec2, known: &BTreeMap<Key, Known>) -> Promise {
    let id = |key: &Key| match fate(desired, &ec2.state, key) {
        Fate::Kept(gateway) => Some(gateway.id.clone()),
        Fate::Replaced(_) | Fate::Open(_) | Fate::Made => None,
    };
    let keys = keys(desired);
    Promise {
        ids: keys.iter().map(|key| ((*key).clone(), id(key))).collect(),
        lists: keys.iter().map(|key| ((*key).clone(), lists(desired, &ec2.state, known.get(*key), key))).collect(),
        routes: routes(desired).map(|routes| routes.into_iter().map(|(route, key)| (route, id(&key))).collect()),
        egress: egress(desired, &ec2.state),
        replaced: replacements(desired, &ec2.state),
    }
}

fn holds<T: PartialEq + std::fmt::Debug>(earlier: Option<&T>, later: Option<&T>) -> Result<(), TestCaseError> {
    if let Some(earlier) = earlier {
        prop_assert_eq!(Some(earlier), later);
    }
    Ok(())
}

fn holds_list<T: PartialEq + std::fmt::Debug>(
    earlier: Option<&Vec<Option<T>>>,
    later: Option<&Vec<Option<T>>>,
) -> Result<(), TestCaseError> {
    let Some(earlier) = earlier else { return Ok(()) };
    let Some(later) = later else { return Err(TestCaseError::fail(format!("{earlier:?} is not known any more"))) };
    prop_assert_eq!(earlier.len(), later.len());
    earlier.iter().zip(later).try_for_each(|(earlier, later)| holds(earlier.as_ref(), later.as_ref()))
}

/// What a host checks of the plan that it makes again, and of the result.
fn assert_kept(earlier: &Promise, later: &Promise) -> Result<(), TestCaseError> {
    prop_assert_eq!(earlier.ids.keys().collect::<Vec<_>>(), later.ids.keys().collect::<Vec<_>>());
    for (key, id) in &earlier.ids {
        holds(id.as_ref(), later.ids[key].as_ref())?;
        let (earlier, later) = (&earlier.lists[key], &later.lists[key]);
        holds_list(earlier.addresses.as_ref(), later.addresses.as_ref())?;
        holds_list(earlier.public_ips.as_ref(), later.public_ips.as_ref())?;
        holds_list(earlier.private_ips.as_ref(), later.private_ips.as_ref())?;
    }
    if let Some(routes) = &earlier.routes {
        let later = later.routes.as_ref().ok_or_else(|| TestCaseError::fail("routes are not known any more"))?;
        prop_assert_eq!(routes.keys().collect::<Vec<_>>(), later.keys().collect::<Vec<_>>());
        routes.iter().try_for_each(|(route, id)| holds(id.as_ref(), later[route].as_ref()))?;
    }
    holds(earlier.egress.as_ref(), later.egress.as_ref())?;
    holds(earlier.replaced.as_ref(), later.replaced.as_ref())
}

/// What there is, as a promise of which all is known.
fn reached(desired: &Desired, ec2: &Ec2, before: &BTreeMap<Key, Known>) -> Promise {
    let view = ec2.state.view();
    let after = state(&view);
    let public = |key: &Key| {
        let ips = view.gateways[key].addresses.iter().filter_map(|address| v4(address.public_ip?));
        all(ips)
    };
    let list = |(key, known): (&Key, &Known)| {
        let lists = Lists {
            addresses: Some(all(known.addresses.clone())),
            public_ips: Some(public(key)),
            private_ips: Some(all(known.private_ips.clone())),
        };
        (key.clone(), lists)
    };
    let mut egress: Vec<Ipv4Addr> = after.keys().flat_map(public).flatten().collect();
    egress.sort_unstable();
    let replaced = before.iter().filter(|(key, known)| after.get(*key).is_some_and(|now| now.id != known.id));
    let target = |route: &RouteKey| Some(ec2.state.routes[route].target.clone());
    Promise {
        ids: after.iter().map(|(key, known)| (key.clone(), Some(known.id.clone()))).collect(),
        lists: after.iter().map(list).collect(),
        routes: Some(desired.routes().into_keys().map(|route| (route.clone(), target(&route))).collect()),
        egress: Some(egress),
        replaced: Some(replaced.map(|(key, _)| key.clone()).collect()),
    }
}

/// The zone that each address of a gateway is to serve.
fn zones_of(desired: &Desired, key: &Key) -> Vec<Option<String>> {
    let addresses = desired.gateways.get(key).map(|gateway| gateway.kind.addresses()).unwrap_or_default();
    addresses.into_values().map(|zone| zone.map(str::to_owned)).collect()
}

/// What is not known yet of a key: what cannot change, one of its addresses, its route tables.
type Hidden = (bool, bool, bool);

/// The same with parts that are not known yet.
fn hide(complete: &Desired, hidden: &[Hidden], destinations: bool) -> Desired {
    let mut desired = complete.clone();
    desired.unknown.destinations = destinations;
    if destinations {
        desired.destinations.clear();
    }
    for ((key, gateway), (kind, address, tables)) in complete.gateways.iter().zip(hidden) {
        if !kind && !address && !tables {
            continue;
        }
        let ids: BTreeSet<String> = gateway.kind.addresses().into_keys().map(str::to_owned).collect();
        let open = Open {
            kind_is_known: !kind,
            addresses: (!address).then_some(ids),
            route_tables: (!tables).then(|| gateway.route_tables.clone()),
        };
        let gateway = desired.gateways.get_mut(key).expect("it is there");
        if *tables {
            gateway.route_tables.pop_last();
        }
        match &mut gateway.kind {
            Kind::Public { addresses, .. } if *address => _ = addresses.pop_first(),
            Kind::RegionalManual { zones, .. } if *address => {
                zones.values_mut().next().and_then(BTreeSet::pop_first);
            }
            _ => {}
        }
        if *kind {
            desired.gateways.remove(key);
        }
        desired.unknown.of.insert(key.clone(), open);
    }
    desired
}

/// As many cases as `PROPTEST_CASES` says.
fn cases() -> ProptestConfig {
    let given = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: given.unwrap_or(600), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_promised_comes(
        first in drafts(),
        second in drafts(),
        hidden in prop::collection::vec((prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.2)), 3),
        destinations in prop::bool::weighted(0.1),
        outside in prop::option::weighted(0.5, (0..6_u8, any::<usize>())),
    ) {
        let mut before = wanted(&first);
        let mut ec2 = account().having(&mut before);
        let known = state(&ec2.state.view());
        let mut after = wanted(&second);
        after.recorded = before.recorded.clone();

        let early = promise(&hide(&after, &hidden, destinations), &ec2, &known);
        if let Some((what, which)) = outside {
            disturb(&mut ec2, what, which);
        }
        if !stale(&after, &ec2.state, &known).is_empty() {
            // The apply changes nothing and says so.
            prop_assert!(outside.is_some());
            return Ok(());
        }
        let late = promise(&after, &ec2, &known);
        assert_kept(&early, &late)?;
        for operation in plan(&after, &ec2.state).operations {
            ec2.execute(&operation).map_err(TestCaseError::fail)?;
        }
        let result = reached(&after, &ec2, &known);
        assert_kept(&late, &result)?;
        for (key, id) in &late.ids {
            let was = known.get(key).map(|known| &known.id);
            prop_assert!(id.is_some() || was != result.ids[key].as_ref(), "the id of {key} was not known and stayed");
            let kept = known.get(key).filter(|_| id.is_some());
            let is_same = |known: &Known| Some(all(known.addresses.clone())) == result.lists[key].addresses;
            let same = kept.is_some_and(|known| is_same(known) && !known.addresses.is_empty());
            let private = late.lists[key].private_ips.as_ref();
            let same = same && zones_of(&before, key) == zones_of(&after, key);
            prop_assert!(!same || private.is_some_and(|ips| ips.iter().all(Option::is_some)), "{key}: {private:?}");
        }
    }
}
