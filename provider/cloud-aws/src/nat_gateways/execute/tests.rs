//! Plans carried out on the stand-in EC2, with states that take time, read lag, quotas, faults and interruptions.

mod interruptions;
mod regional;
mod tags;
mod tokens;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::conformance::gateways::{self, Wanted};
use cloud::{Class, End, Freshness, Outcome, Reconcile as _, drive};
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::View;
use stand_in_cloud::ec2::{
    Config as ServerConfig, Inventory, OutsideChange, Quotas, SeededVpc, Server, Settings, Timings,
};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Hold, HoldPhase, Matcher, Resume};

use super::Ec2Gateways;
use crate::nat_gateways::desired::{Desired, Drain, Gateway, Kind, Recorded, Secondary, Unknown};
use crate::nat_gateways::observed::Observed;
use crate::nat_gateways::plan::plan;
use crate::stand_in::{self, REGION, caller, limits};
use crate::Region;

const ZONES: [&str; 2] = ["us-east-1a", "us-east-1b"];

struct World {
    server: Server,
    vpc: SeededVpc,
    addresses: Vec<String>,
}

fn ec2(server: &Server) -> Ec2Gateways {
    Ec2Gateways(Arc::new(region(server)))
}

fn region(server: &Server) -> Region {
    stand_in::region(&stand_in::client(server))
}

impl World {
    fn new(timings: Timings, quotas: Quotas) -> Self {
        let settings = Settings { timings, quotas, ..Settings::default() };
        let server = Server::start(ServerConfig { settings, ..ServerConfig::default() }).unwrap();
        let vpc = server.seed_vpc(&caller()).unwrap();
        let mut world = Self { server, vpc, addresses: Vec::new() };
        for _ in 0..4 {
            let before: BTreeSet<String> = world.inventory().addresses.into_keys().collect();
            world.outside("AllocateAddress", &[("Domain", "vpc")]);
            world.addresses.extend(world.inventory().addresses.into_keys().filter(|id| !before.contains(id)));
        }
        // In the order in which the plan takes them, so that a test knows which is the primary one.
        world.addresses.sort();
        world
    }

    fn fast() -> Self {
        Self::new(Timings::fast(), Quotas::generous())
    }

    fn inventory(&self) -> Inventory {
        self.server.inventory()
    }

    fn outside(&self, action: &str, parameters: &[(&str, &str)]) {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let reply = self.server.call_outside(&caller(), action, parameters);
        assert_eq!(reply.status, 200, "{action}: {}", reply.body);
    }

    fn zone(&self, zone: usize, addresses: &[usize]) -> (Key, Gateway) {
        let name = ZONES[zone];
        let kind = Kind::Public {
            subnet: self.vpc.public_subnet_ids[name].clone(),
            private_ip: None,
            addresses: addresses.iter().map(|index| self.addresses[*index].clone()).collect(),
            primary: None,
        };
        let route_tables = BTreeSet::from([self.vpc.private_route_table_ids[name].clone()]);
        (name.parse().unwrap(), Gateway { kind, route_tables, tags: BTreeMap::new() })
    }

    /// Applies as a process of its own does, with nothing remembered.
    async fn apply(&self, desired: &Desired) -> Outcome<Observed> {
        let ec2 = ec2(&self.server);
        let observed = ec2.observe(desired, Freshness::Now).await.unwrap();
        drive(&ec2, desired, observed, &limits()).await
    }

    async fn settle(&self, desired: &Desired) -> Observed {
        let outcome = self.apply(desired).await;
        assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
        self.check(desired);
        let region = region(&self.server);
        for freshness in [Freshness::Now, Freshness::Snapshot] {
            let now = region.observe_nat_gateways(desired, freshness).await.unwrap();
            assert_eq!(plan(desired, &now).operations, vec![], "the second plan is empty");
        }
        outcome.observed
    }

    /// The account holds what is wanted and nothing else of ours.
    fn check(&self, desired: &Desired) {
        let inventory = self.inventory();
        let live: Vec<_> = inventory.live_nat_gateways().collect();
        assert_eq!(live.len(), desired.gateways.len(), "no orphan, no duplicate");
        for (id, gateway) in live {
            let key: Key = gateway.tags["egress-key"].parse().unwrap();
            let wanted = &desired.gateways[&key];
            let has: BTreeSet<&str> = gateway.addresses.iter().filter_map(|a| a.allocation_id.as_deref()).collect();
            assert_eq!(has, wanted.kind.addresses().into_keys().collect());
            for table in &wanted.route_tables {
                let route = &inventory.route_tables[table].routes["0.0.0.0/0"];
                assert_eq!((&route.target, route.state.as_str()), (id, "active"));
            }
        }
        let wanted = desired.addresses();
        for id in &self.addresses {
            assert_eq!(inventory.addresses[id].nat_gateway_id.is_some(), wanted.contains(id.as_str()), "{id}");
        }
    }
}

/// Wants these gateways, with the default route.
fn wants(gateways: impl IntoIterator<Item = (Key, Gateway)>) -> Desired {
    Desired {
        identity: Identity {
            owner: "acme".parse().unwrap(),
            resource_type: ResourceType::NatGateway,
            name: "prod".parse().unwrap(),
        },
        holder: None,
        takes_over: false,
        gateways: gateways.into_iter().collect(),
        destinations: BTreeSet::from(["0.0.0.0/0".parse().unwrap()]),
        take_over: BTreeSet::new(),
        drain: Drain::new(1).unwrap(),
        tags: BTreeMap::from([("team".to_owned(), "net".to_owned())]),
        recorded: Recorded::default(),
        unknown: Unknown::default(),
    }
}

fn recorded(observed: &Observed, desired: &Desired) -> Recorded {
    Recorded {
        gateways: observed.gateways.iter().map(|gateway| (gateway.id.clone(), gateway.key.clone())).collect(),
        routes: desired.routes().into_keys().collect(),
        tags: desired.tags.keys().cloned().collect(),
        own_tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn creates_changes_in_place_replaces_and_destroys() {
    let world = World::fast();
    let one = wants([world.zone(0, &[0, 1])]);
    let first = world.settle(&one).await;
    let id = first.gateways[0].id.clone();

    let mut two = wants([world.zone(0, &[0, 2]), world.zone(1, &[1])]);
    two.recorded = recorded(&first, &one);
    let second = world.settle(&two).await;
    assert!(second.gateway(&id).is_some_and(|gateway| gateway.state.is_live()), "changed in place");

    let mut third = wants([world.zone(0, &[3]), world.zone(1, &[1])]);
    third.recorded = recorded(&second, &two);
    let now = world.settle(&third).await;
    assert!(now.gateway(&id).is_none_or(|gateway| !gateway.state.is_live()), "its primary address left");

    let mut nothing = wants([]);
    nothing.recorded = recorded(&now, &third);
    world.settle(&nothing).await;
    let tables = world.inventory().route_tables;
    for table in world.vpc.private_route_table_ids.values() {
        assert!(!tables[table].routes.contains_key("0.0.0.0/0"));
    }
}

#[tokio::test]
async fn waits_out_read_lag() {
    let timings = Timings { read_lag_ms: 60, association_lag_ms: 60, release_lag_ms: 60, ..Timings::fast() };
    let world = World::new(timings, Quotas::generous());
    tokio::time::sleep(Duration::from_millis(80)).await;
    let first = wants([world.zone(0, &[0])]);
    let observed = world.settle_late(&first).await;
    let mut second = wants([world.zone(0, &[1])]);
    second.recorded = recorded(&observed, &first);
    world.settle_late(&second).await;
}

impl World {
    /// As [`Self::settle`], where reads lag.
    async fn settle_late(&self, desired: &Desired) -> Observed {
        let outcome = self.apply(desired).await;
        assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
        tokio::time::sleep(Duration::from_millis(80)).await;
        self.check(desired);
        outcome.observed
    }
}

#[tokio::test]
async fn lets_addresses_leave_first_where_the_quota_is_reached() {
    let world = World::new(Timings::fast(), Quotas { addresses_per_nat_gateway: 2, ..Quotas::generous() });
    let first = wants([world.zone(0, &[0, 1])]);
    let observed = world.settle(&first).await;
    let primary = observed.gateways[0].primary().and_then(|address| address.allocation.clone()).unwrap();
    let primary = world.addresses.iter().position(|id| *id == primary).unwrap();
    let mut second = wants([world.zone(0, &[primary, 2])]);
    second.recorded = recorded(&observed, &first);
    world.settle(&second).await;
    let mut third = wants([world.zone(0, &[primary, 2, 3])]);
    third.recorded = recorded(&observed, &first);
    let outcome = world.apply(&third).await;
    let End::Failed { error, .. } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(error.class, Class::QuotaExceeded);
}

#[tokio::test]
async fn says_why_a_gateway_failed_and_makes_another_once_the_cause_is_gone() {
    let world = World::fast();
    let (vpc, gateway) = (world.vpc.vpc_id.clone(), world.vpc.internet_gateway_id.clone());
    world.outside("DetachInternetGateway", &[("VpcId", &vpc), ("InternetGatewayId", &gateway)]);
    let desired = wants([world.zone(0, &[0])]);
    let outcome = world.apply(&desired).await;
    let End::Failed { error, .. } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!((error.code.as_str(), error.class), ("Gateway.NotAttached", Class::Conflict));
    world.outside("AttachInternetGateway", &[("VpcId", &vpc), ("InternetGatewayId", &gateway)]);
    world.settle(&desired).await;
}

#[tokio::test]
async fn heals_what_was_changed_outside() {
    let world = World::fast();
    let mut desired = wants([world.zone(0, &[0, 1]), world.zone(1, &[2])]);
    let observed = world.settle(&desired).await;
    desired.recorded = recorded(&observed, &desired);
    let ids: Vec<String> = observed.gateways.iter().map(|gateway| gateway.id.clone()).collect();

    let table = &world.vpc.private_route_table_ids[ZONES[0]];
    let elsewhere = [
        ("RouteTableId", table.as_str()),
        ("DestinationCidrBlock", "0.0.0.0/0"),
        ("GatewayId", &world.vpc.internet_gateway_id),
    ];
    world.outside("ReplaceRoute", &elsewhere);
    world.outside("DeleteTags", &[("ResourceId.1", ids[1].as_str()), ("Tag.1.Key", "egress-owner")]);
    let healed = world.settle(&desired).await;
    assert!(
        ids.iter().all(|id| healed.gateway(id).is_some_and(|gateway| gateway.state.is_live())),
        "nothing is replaced"
    );

    let lost = OutsideChange::LoseNatGateway { nat_gateway_id: ids[0].clone() };
    assert!(world.server.change_outside(&caller(), lost));
    world.settle(&desired).await;
}

#[tokio::test]
async fn makes_and_changes_private_and_regional_gateways() {
    let world = World::fast();
    let subnet = world.vpc.private_subnet_ids[ZONES[0]].clone();
    let private = |count| {
        let kind = Kind::Private { subnet: subnet.clone(), private_ip: None, secondary: Secondary::Count(count) };
        wants([(ZONES[0].parse().unwrap(), Gateway { kind, route_tables: BTreeSet::new(), tags: BTreeMap::new() })])
    };
    let (one, three) = (private(1), private(3));
    let first = world.apply(&one).await;
    assert!(matches!(first.end, End::Done), "{:?}", first.end);
    for wanted in [&three, &one] {
        let outcome = world.apply(wanted).await;
        assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
        assert_eq!(outcome.observed.gateways[0].id, first.observed.gateways[0].id, "changed in place");
    }
    let regional = |zones: &[(usize, usize)]| {
        let mut by_zone: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (zone, id) in zones {
            by_zone.entry(ZONES[*zone].to_owned()).or_default().insert(world.addresses[*id].clone());
        }
        let kind = Kind::RegionalManual { vpc: world.vpc.vpc_id.clone(), zones: by_zone };
        let route_tables = world.vpc.private_route_table_ids.values().take(2).cloned().collect();
        wants([("regional".parse().unwrap(), Gateway { kind, route_tables, tags: BTreeMap::new() })])
    };
    let mut wanted = regional(&[(0, 0)]);
    wanted.recorded = recorded(&first.observed, &one);
    world.settle(&wanted).await;
    world.settle(&regional(&[(0, 0), (1, 1)])).await;
    world.settle(&regional(&[(1, 1)])).await;
    // Two zones get addresses: EC2 takes one change after the other.
    world.settle(&regional(&[(0, 0), (0, 2), (1, 1), (1, 3)])).await;
}

#[tokio::test]
async fn waits_while_ec2_changes_other_addresses_of_a_gateway() {
    let world = World::fast();
    let first = wants([world.zone(0, &[0, 1])]);
    let observed = world.settle(&first).await;
    let busy = |action: &str| Fault {
        times: Some(5),
        ..Fault::once(Matcher::action(action), FaultPhase::BeforeCommit, refusal("OperationInProgress"))
    };
    world.server.set_faults(vec![busy("AssociateNatGatewayAddress"), busy("DisassociateNatGatewayAddress")]);
    let primary = observed.gateways[0].primary().and_then(|address| address.allocation.clone()).unwrap();
    let primary = world.addresses.iter().position(|id| *id == primary).unwrap();
    let mut second = wants([world.zone(0, &[primary, 2])]);
    second.recorded = recorded(&observed, &first);
    world.settle(&second).await;
}

#[tokio::test]
async fn waits_until_ec2_knows_a_new_address() {
    let world = World::fast();
    let lag = Fault {
        times: Some(5),
        ..Fault::once(
            Matcher::action("CreateNatGateway"),
            FaultPhase::BeforeCommit,
            refusal("InvalidElasticIpID.NotFound"),
        )
    };
    world.server.set_faults(vec![lag]);
    world.settle(&wants([world.zone(0, &[0])])).await;
}

#[tokio::test]
async fn waits_until_a_new_address_shows() {
    let mut world = World::new(Timings { read_lag_ms: 1_000, ..Timings::fast() }, Quotas::generous());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // Made before, because that may take longer than the lag.
    let region = region(&world.server);
    let before: BTreeSet<String> = world.inventory().addresses.into_keys().collect();
    world.outside("AllocateAddress", &[("Domain", "vpc")]);
    world.addresses = world.inventory().addresses.into_keys().filter(|id| !before.contains(id)).collect();
    let desired = wants([world.zone(0, &[0])]);
    for (freshness, shown) in [(Freshness::Snapshot, 0), (Freshness::Now, 1)] {
        let observed = region.observe_nat_gateways(&desired, freshness).await.unwrap();
        assert_eq!(observed.addresses.len(), shown, "{freshness:?}: whoever changes something waits until it shows");
    }
}

fn refusal(code: &str) -> Effect {
    Effect::Error { status: 400, code: code.to_owned(), message: "Not now.".to_owned() }
}

#[tokio::test]
async fn reads_many_resources_from_one_snapshot() {
    let world = World::fast();
    let desired = wants([world.zone(0, &[0])]);
    let known = Desired { recorded: recorded(&world.settle(&desired).await, &desired), ..desired };
    let region = region(&world.server);
    world.server.clear_log();
    for _ in 0..20 {
        region.observe_nat_gateways(&known, Freshness::Snapshot).await.unwrap();
    }
    let actions: Vec<String> = world.server.log().into_iter().map(|call| call.action).collect();
    let count = |action: &str| actions.iter().filter(|called| *called == action).count();
    assert_eq!((count("DescribeNatGateways"), count("DescribeRouteTables")), (1, 1), "{actions:?}");
}

/// What changes gateways and what belongs to them.
const WRITES: [&str; 8] = [
    "CreateNatGateway",
    "DeleteNatGateway",
    "AssociateNatGatewayAddress",
    "DisassociateNatGatewayAddress",
    "CreateRoute",
    "ReplaceRoute",
    "DeleteRoute",
    "CreateTags",
];

#[async_trait]
impl cloud::conformance::World for World {
    async fn lose_next_answer(&self) {
        let lost = |action| Fault::once(Matcher::action(action), FaultPhase::AfterCommit, Effect::Cut);
        self.server.set_faults(WRITES.map(lost).into());
    }

    async fn refuse_next_create(&self) {
        let at = Matcher::action("CreateNatGateway");
        self.server.set_faults(vec![Fault::once(at, FaultPhase::BeforeCommit, refusal("NatGatewayLimitExceeded"))]);
    }

    /// Gateways that are gone are listed for a while.
    async fn inventory(&self) -> BTreeSet<String> {
        let inventory = self.inventory();
        let gateways = inventory.live_nat_gateways().map(|gateway| format!("{gateway:?}"));
        let addresses = inventory.addresses.iter().map(|address| format!("{address:?}"));
        let tables = inventory.route_tables.iter().map(|table| format!("{table:?}"));
        gateways.chain(addresses).chain(tables).collect()
    }
}

impl gateways::Subject for World {
    type Cloud = Ec2Gateways;

    fn cloud(&self) -> Ec2Gateways {
        ec2(&self.server)
    }

    fn desired(&self, identity: &Identity, gateways: &[Wanted], recorded: &View) -> Desired {
        let desired = wants(gateways.iter().map(|wanted| self.zone(wanted.place, wanted.addresses)));
        let gateways = recorded.gateways.iter().map(|(key, gateway)| (gateway.id.clone(), key.clone()));
        let recorded = Recorded { gateways: gateways.collect(), ..Recorded::default() };
        Desired { identity: identity.clone(), recorded, ..desired }
    }

    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }
}

#[tokio::test]
async fn conforms() {
    let world = World::fast();
    world.outside("CreateNatGateway", &[("SubnetId", &world.vpc.public_subnet_ids["us-east-1c"])]);
    let before = cloud::conformance::World::inventory(&world).await;
    gateways::suite(&world).await;
    assert_eq!(cloud::conformance::World::inventory(&world).await, before);
}
