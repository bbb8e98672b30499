//! Gateways on the stand-in Azure, which records for every instant which subnets had a way out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use cloud::conformance::World;
use cloud::conformance::gateways::{self, Subject, Wanted as Place01};
use cloud::{End, Freshness, NatGateways as _, Reconcile as _, drive};
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::{State, View};
use serde_json::{Value, json};
use stand_in_cloud::Server;
use stand_in_cloud::azure::{Azure, Settings};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use super::{Desired, Fixed, Observed, Wanted};
use crate::Place;
use crate::client::Condition;
use crate::id::{Kind, ResourceId};
use crate::ip_pools::Sku;
use crate::stand_in::{GROUP, limits, place, server};

/// A network with four subnets, four addresses of each SKU, and a gateway of somebody else on the last subnet.
struct Network(Server<Azure>);

fn id(kind: Kind, path: &str) -> ResourceId {
    ResourceId::parse(kind, &format!("{GROUP}/{path}")).expect("an id")
}

fn address(name: &str) -> ResourceId {
    id(Kind::Address, &format!("publicIPAddresses/{name}"))
}

fn subnet(number: usize) -> ResourceId {
    id(Kind::Subnet, &format!("virtualNetworks/net/subnets/subnet-{number}"))
}

impl Network {
    fn new() -> Self {
        let server = server(Settings::fast());
        server.with(|azure, now| {
            let network = format!("{GROUP}/virtualNetworks/net");
            azure.seed_network(&network, &["subnet-0", "subnet-1", "subnet-2", "subnet-3"], now);
            let mut seed = |name: &str, sku: &str| {
                let body = json!({
                    "location": "westeurope", "sku": { "name": sku },
                    "properties": { "publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4" },
                });
                azure.seed(&format!("{GROUP}/publicIPAddresses/{name}"), &body, now);
            };
            for number in 0..4 {
                seed(&format!("ip-{number}"), "Standard");
                seed(&format!("v2-{number}"), "StandardV2");
            }
            seed("theirs", "Standard");
            let theirs = json!({
                "location": "westeurope", "sku": { "name": "Standard" },
                "properties": { "publicIpAddresses": [{ "id": address("theirs").as_str() }] },
            });
            azure.seed(&format!("{GROUP}/natGateways/theirs"), &theirs, now);
            let mut body = azure.inventory(now)[subnet(3).as_str()].clone();
            body["properties"]["natGateway"] = json!({ "id": format!("{GROUP}/natGateways/theirs") });
            azure.seed(subnet(3).as_str(), &body, now);
        });
        Self(server)
    }

    /// The subnets with everything but what a gateway or a write leaves on them.
    fn subnets(&self) -> BTreeMap<String, Value> {
        let mut all = self.0.with(Azure::inventory);
        all.retain(|id, _| id.contains("/subnets/"));
        for subnet in all.values_mut() {
            subnet["etag"] = Value::Null;
            subnet["properties"]["natGateway"] = Value::Null;
        }
        all
    }

    async fn reach(&self, desired: &Desired) -> Observed {
        let place = place(&self.0);
        let observed = place.observe(desired, Freshness::Now).await.expect("an observation");
        let outcome = drive(&place, desired, observed, &limits()).await;
        assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
        outcome.observed
    }

    fn gaps(&self) -> Vec<String> {
        self.0.with(Azure::gaps).into_iter().map(|gap| gap.subnet).collect()
    }
}

#[async_trait]
impl World for Network {
    async fn lose_next_answer(&self) {
        let lost = |action| Fault::once(Matcher::action(action), FaultPhase::AfterCommit, Effect::Cut);
        self.0.set_faults(["PUT natGateways/{}", "DELETE natGateways/{}", "PUT subnets/{}"].map(lost).into());
    }

    async fn refuse_next_create(&self) {
        self.0.set_faults(Vec::new());
        self.0.with(|azure, _| azure.refuse_next_create());
    }

    async fn inventory(&self) -> BTreeSet<String> {
        let mut all = self.0.with(Azure::inventory);
        for object in all.values_mut() {
            object["etag"] = Value::Null;
        }
        all.into_iter().map(|(id, object)| format!("{id} {object}")).collect()
    }
}

impl Subject for Network {
    type Cloud = Place;

    fn cloud(&self) -> Place {
        place(&self.0)
    }

    fn desired(&self, identity: &Identity, gateways: &[Place01], recorded: &View) -> Desired {
        let of_place = |wanted: &Place01| {
            let key: Key = format!("k{}", wanted.place).parse().expect("a key");
            let names: Vec<String> = wanted.addresses.iter().map(|index| format!("ip-{index}")).collect();
            (key, wanted_of(&standard(None), &names.iter().map(String::as_str).collect::<Vec<_>>(), &[wanted.place]))
        };
        let recorded = recorded.gateways.values().filter_map(|gateway| ResourceId::of_any(&gateway.id)).collect();
        let gateways = gateways.iter().map(of_place).collect();
        Desired { identity: identity.clone(), gateways, recorded, takes_from: BTreeSet::new() }
    }

    fn addresses(&self) -> Vec<String> {
        (0..4).map(|index| address(&format!("ip-{index}")).to_string()).collect()
    }
}

fn standard(zone: Option<&str>) -> Fixed {
    Fixed { sku: Sku::Standard, zone: zone.map(str::to_owned), network: None }
}

fn wanted_of(fixed: &Fixed, addresses: &[&str], subnets: &[usize]) -> Wanted {
    Wanted {
        fixed: fixed.clone(),
        idle_timeout: None,
        addresses: addresses.iter().map(|name| address(name)).collect(),
        subnets: subnets.iter().map(|number| subnet(*number)).collect(),
        tags: BTreeMap::new(),
    }
}

fn desired(gateways: &[(&str, Wanted)]) -> Desired {
    let (owner, name) = ("acme".parse().expect("an owner"), "one".parse().expect("a name"));
    let identity = Identity { owner, resource_type: ResourceType::NatGateway, name };
    let gateways = gateways.iter().map(|(key, wanted)| (key.parse().expect("a key"), wanted.clone())).collect();
    Desired { identity, gateways, recorded: BTreeSet::new(), takes_from: BTreeSet::new() }
}

#[tokio::test]
async fn keeps_the_contract_of_gateways() {
    let network = Network::new();
    let subnets = network.subnets();
    gateways::suite(&network).await;
    assert_eq!(network.subnets(), subnets, "what no client knows is as it was");
}

#[tokio::test]
async fn changes_in_place_and_moves_of_subnets_leave_no_gap() {
    let network = Network::new();
    let fixed = standard(None);
    let first = network.reach(&desired(&[("a", wanted_of(&fixed, &["ip-0"], &[0, 1]))])).await;
    let longer = Wanted { idle_timeout: Some(120), ..wanted_of(&fixed, &["ip-0", "ip-1"], &[0, 1]) };
    let changed = network.reach(&desired(&[("a", longer.clone())])).await;
    assert!(first.gateways.keys().eq(changed.gateways.keys()), "in place");
    assert!(changed.gateways.values().all(|gateway| gateway.idle_timeout == Some(120)));
    let a = Wanted { subnets: BTreeSet::from([subnet(0)]), ..longer };
    network.reach(&desired(&[("a", a), ("b", wanted_of(&fixed, &["ip-2"], &[1]))])).await;
    assert_eq!(network.gaps(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_fixed_is_replaced_beside_the_old_with_its_addresses() {
    for (addresses, gap) in [(&["ip-0", "ip-1"][..], false), (&["ip-0"][..], true)] {
        let network = Network::new();
        let before = network.reach(&desired(&[("a", wanted_of(&standard(None), addresses, &[0]))])).await;
        let zonal = desired(&[("a", wanted_of(&standard(Some("1")), addresses, &[0]))]);
        let plan = Place::plan(&zonal, &before);
        assert_eq!(!plan.gaps.is_empty(), gap, "{plan:?}");
        let after = network.reach(&zonal).await;
        assert_eq!(!network.gaps().is_empty(), gap, "the plan says what happens");
        let held = |observed: &Observed| {
            observed.gateways.values().flat_map(|gateway| gateway.addresses.clone()).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(held(&before), held(&after));
        assert!(after.gateways.len() == 1 && before.gateways.keys().ne(after.gateways.keys()));
    }
}

#[tokio::test]
async fn a_standard_v2_gateway_takes_the_place_of_a_standard_one_without_a_gap() {
    let network = Network::new();
    network.reach(&desired(&[("a", wanted_of(&standard(None), &["ip-0"], &[0]))])).await;
    let v2 = Fixed { sku: Sku::StandardV2, zone: None, network: None };
    let after = network.reach(&desired(&[("a", wanted_of(&v2, &["v2-0", "v2-1"], &[0]))])).await;
    assert!(after.gateways.values().all(|gateway| gateway.fixed == v2) && after.gateways.len() == 1);
    assert_eq!(network.gaps(), Vec::<String>::new());
}

#[tokio::test]
async fn a_gateway_serves_a_whole_network() {
    let network = Network::new();
    let whole = Some(id(Kind::Network, "virtualNetworks/net"));
    let v2 = Fixed { sku: Sku::StandardV2, zone: None, network: whole };
    let wanted = desired(&[("a", wanted_of(&v2, &["v2-0"], &[]))]);
    let observed = network.reach(&wanted).await;
    assert!(Place::plan(&wanted, &observed).steps.is_empty());
    network.reach(&desired(&[])).await;
}

#[tokio::test]
async fn a_subnet_of_somebody_else_is_taken_only_where_that_is_said() {
    let network = Network::new();
    let mut wanted = desired(&[("a", wanted_of(&standard(None), &["ip-0"], &[3]))]);
    let observed = network.reach(&wanted).await;
    let theirs = id(Kind::Gateway, "natGateways/theirs");
    assert_eq!(observed.subnets[&subnet(3)], Some(theirs.clone()));
    assert_eq!(Place::plan(&wanted, &observed).conflicts, BTreeMap::from([(subnet(3), theirs.clone())]));
    wanted.takes_from.insert(theirs);
    let taken = network.reach(&wanted).await;
    assert_eq!(taken.subnets[&subnet(3)].as_ref(), taken.gateways.keys().next());
    assert_eq!(network.gaps(), Vec::<String>::new());
}

#[tokio::test]
async fn a_gateway_whose_update_failed_is_alive_and_is_repaired() {
    let network = Network::new();
    let made = network.reach(&desired(&[("a", wanted_of(&standard(None), &["ip-0"], &[0]))])).await;
    let more = desired(&[("a", wanted_of(&standard(None), &["ip-0", "ip-1"], &[0]))]);
    // Another process writes it, and dies before it knows what became of that.
    let (place, id) = (place(&network.0), made.gateways.keys().next().expect("a gateway"));
    let there = place.get(id, &limits()).await.expect("an answer").expect("a gateway");
    network.0.with(|azure, _| azure.fail_next_operation());
    place.client.put("PUT natGateways/{}", id.as_str(), &there, &Condition::Any).await.expect("it is accepted");
    network.0.advance(Duration::from_secs(1));
    let failed = place.observe(&more, Freshness::Now).await.expect("an observation");
    let view = Place::view(&failed);
    let gateway = view.gateways.values().next().expect("a gateway");
    assert!(matches!(gateway.state, State::Degraded { .. }) && gateway.state.is_live(), "{gateway:?}");
    let repaired = network.reach(&more).await;
    assert!(made.gateways.keys().eq(repaired.gateways.keys()), "and not made twice");
    assert_eq!(network.gaps(), Vec::<String>::new());
}
