//! Random histories of private NAT gateways, in two regions of the stand-in EC2.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use cloud::Poll;
use cloud_aws::{Cloud, Config};
use egress_model::identity::{HOLDER_TAG, KEY_TAG, NAME_TAG, OWNER_TAG};
use stand_in_cloud::ec2::{
    Caller, Config as ServerConfig, NatGatewayState, Quotas, SeededVpc, Server, Settings, Timings,
};
use tfplugin::cty::Value;
use tokio_util::sync::CancellationToken;

use super::super::NatGateway;
use crate::resources::histories::{Block, Subject, Things, assert_histories, assert_history};
use crate::resources::registered::Registered;
use crate::session::{Adoption, Aws, Configured, InCluster, Session, ThisRun, Unavailable};

const ACCOUNT: &str = "123456789012";

/// Gateways, and the EC2 in which they are.
struct Histories {
    server: Server,
    networks: BTreeMap<&'static str, SeededVpc>,
}

/// The key of a zone: its letter.
fn letter(zone: &str) -> String {
    zone.chars().last().into_iter().collect()
}

impl Subject for Histories {
    type Resource = NatGateway;

    const PLACES: [&'static str; 2] = ["us-east-1", "eu-west-1"];
    const KEYS: &'static [&'static str] = &["a", "b"];
    const CAN_BE_EMPTY: bool = false;

    fn new() -> Self {
        let settings = Settings { timings: Timings::fast(), quotas: Quotas::generous(), ..Settings::default() };
        let server = Server::start(ServerConfig { settings, ..ServerConfig::default() }).expect("a server");
        let network = |region: &'static str| {
            let caller = Caller { account: ACCOUNT.to_owned(), region: region.to_owned() };
            (region, server.seed_vpc(&caller).expect("a network"))
        };
        let networks = Self::PLACES.into_iter().map(network).collect();
        Self { server, networks }
    }

    async fn process(&self, owner: &str, adoption: Adoption) -> Registered<NatGateway> {
        let config = Config {
            region: Some(Self::PLACES[0].to_owned()),
            endpoint_url: Some(self.server.endpoint()),
            poll: Poll::starting_at(Duration::from_millis(2)),
            ..Config::default()
        };
        let credentials = SharedCredentialsProvider::new(Credentials::new(ACCOUNT, "secret", None, None, "test"));
        let cloud = Cloud::connect_with(&config, Some(credentials), CancellationToken::new()).await;
        let session = Arc::new(Session::default());
        session.configure(Configured {
            owner: owner.parse().expect("an owner"),
            adoption,
            aws: Ok(Aws::connected(cloud.expect("a region"))),
            kubernetes: Err(Unavailable::Unknown),
            in_cluster: InCluster::default(),
            this_run: ThisRun::default(),
        });
        Registered::new(session.clone(), NatGateway::new(session))
    }

    fn written(&self, block: &Block) -> Value {
        let subnets = &self.networks[block.place].private_subnet_ids;
        let zones = block.keys.iter().map(|key| {
            let zone = format!("{}{key}", block.place);
            let subnet = subnets[&zone].as_str().into();
            let none = || Value::Set(Vec::new());
            let written = [
                ("subnet_id", subnet),
                ("addresses", none()),
                ("route_table_ids", none()),
                ("secondary_private_ip_count", 0.into()),
            ];
            (zone, Value::object(written))
        });
        let aws = Value::object([
            ("region", block.place.into()),
            ("connectivity_type", "private".into()),
            ("zones", Value::map(zones)),
        ]);
        Value::object([("name", block.name.into()), ("aws", aws)])
    }

    fn place_of(value: &Value) -> Option<&str> {
        value.get("aws")?.get("region")?.as_str()
    }

    fn parts(state: &Value) -> Vec<(String, String)> {
        let ids = state.get("gateway_ids").and_then(Value::as_map).into_iter().flatten();
        ids.filter_map(|(zone, id)| Some((letter(zone), id.as_str()?.to_owned()))).collect()
    }

    fn there(&self) -> Things {
        let mut there = Things::new();
        for (id, gateway) in self.server.inventory().nat_gateways {
            if !matches!(gateway.state, NatGatewayState::Pending | NatGatewayState::Available) {
                continue;
            }
            let tag = |name: &str| gateway.tags.get(name).cloned().unwrap_or_default();
            let carried = [tag(OWNER_TAG), tag(NAME_TAG), letter(&tag(KEY_TAG)), tag(HOLDER_TAG)];
            there.insert((gateway.scope.region, id), carried);
        }
        there
    }
}

#[test]
fn what_a_successful_run_leaves_is_what_the_state_has() {
    assert_histories::<Histories>(60);
}

#[test]
fn a_removal_beside_what_another_instance_has_made_forgets_nothing_of_its_own() {
    assert_history::<Histories>(1_796_049_946_000_001);
}
