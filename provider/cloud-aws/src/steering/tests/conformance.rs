//! Routes on the stand-in EC2, as every cloud's steering must be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cloud::conformance::World;
use cloud::conformance::steering::{self, Subject};
use cloud::steering::{Record, Stage};
use stand_in_cloud::ec2::{Config, Quotas, Server, Settings, Timings};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use super::super::{Desired, Ec2Routes, Gateway};
use crate::nat_gateways::desired::parse_route;
use crate::stand_in::{caller, client, region};

/// Documentation and benchmarking blocks (RFC 5737, RFC 2544).
const DESTINATIONS: [&str; 4] = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"];

/// A VPC of the stand-in, with a private gateway that somebody else made and a route of somebody else.
struct Network {
    server: Server,
    table: String,
    gateway: String,
}

impl Network {
    fn new() -> Self {
        let settings = Settings { timings: Timings::fast(), quotas: Quotas::generous(), ..Settings::default() };
        let server = Server::start(Config { settings, ..Config::default() }).expect("a server");
        let vpc = server.seed_vpc(&caller()).expect("a network");
        let table = vpc.private_route_table_ids["us-east-1a"].clone();
        let network = Self { server, table, gateway: String::new() };
        let subnet = vpc.private_subnet_ids["us-east-1a"].as_str();
        network.outside("CreateNatGateway", &[("SubnetId", subnet), ("ConnectivityType", "private")]);
        let gateway = network.server.inventory().nat_gateways.into_keys().next().expect("a gateway");
        let foreign = [
            ("RouteTableId", network.table.as_str()),
            ("DestinationCidrBlock", "198.51.100.128/25"),
            ("GatewayId", vpc.internet_gateway_id.as_str()),
        ];
        network.outside("CreateRoute", &foreign);
        Self { gateway, ..network }
    }

    fn outside(&self, action: &str, parameters: &[(&str, &str)]) {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let reply = self.server.call_outside(&caller(), action, parameters);
        assert_eq!(reply.status, 200, "{action}: {}", reply.body);
    }
}

#[async_trait]
impl World for Network {
    async fn lose_next_answer(&self) {
        let lost = |action| Fault::once(Matcher::action(action), FaultPhase::AfterCommit, Effect::Cut);
        self.server.set_faults(["CreateRoute", "ReplaceRoute", "DeleteRoute"].map(lost).into());
    }

    async fn refuse_next_create(&self) {
        let (code, message) = ("RouteLimitExceeded".to_owned(), "No more.".to_owned());
        let at = Matcher::action("CreateRoute");
        let refusal = Effect::Error { status: 400, code, message };
        self.server.set_faults(vec![Fault::once(at, FaultPhase::BeforeCommit, refusal)]);
    }

    async fn inventory(&self) -> BTreeSet<String> {
        self.server.inventory().route_tables.iter().map(|table| format!("{table:?}")).collect()
    }
}

#[async_trait]
impl Subject for Network {
    type Cloud = Ec2Routes;

    fn cloud(&self) -> Ec2Routes {
        Ec2Routes(Arc::new(region(&client(&self.server))))
    }

    fn desired(&self, _resource: &str, destinations: &[usize], recorded: &Record) -> Desired {
        let gateway = Gateway { key: "us-east-1a".to_owned(), id: Some(self.gateway.clone()) };
        Desired {
            owner: "conformance".parse().expect("an owner"),
            tables: BTreeMap::from([(self.table.clone(), gateway)]),
            destinations: destinations.iter().map(|at| DESTINATIONS[*at].parse().expect("a destination")).collect(),
            covered: BTreeSet::new(),
            take_over: BTreeSet::new(),
            gateways: BTreeSet::from([self.gateway.clone()]),
            recorded: recorded.keys().filter_map(|route| parse_route(route)).collect(),
            ceded: BTreeSet::new(),
            stage: Stage::MakeAndRemove,
        }
    }

    async fn steered(&self) -> BTreeSet<usize> {
        let routes = &self.server.inventory().route_tables[&self.table].routes;
        let is_steered = |at: &usize| routes.get(DESTINATIONS[*at]).is_some_and(|route| route.target == self.gateway);
        (0..DESTINATIONS.len()).filter(is_steered).collect()
    }

    async fn change_gateway(&self) {
        let tag = [("ResourceId.1", self.gateway.as_str()), ("Tag.1.Key", "team"), ("Tag.1.Value", "net")];
        self.outside("CreateTags", &tag);
    }
}

#[tokio::test]
async fn conforms() {
    steering::suite(&Network::new()).await;
}
