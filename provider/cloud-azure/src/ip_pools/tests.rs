//! Pools on the stand-in Azure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use cloud::conformance::World;
use cloud::conformance::pools::{self, Subject};
use cloud::{Class, Freshness, IpPools as _, Limits};
use egress_model::identity::{Identity, ResourceType};
use egress_model::ip_pool::{Address, Operation, PublicIps};
use serde_json::json;
use stand_in_cloud::Server;
use stand_in_cloud::api::Api as _;
use stand_in_cloud::azure::{Azure, Settings as Timings};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use super::{Ddos, Extent, IpVersion, Settings, Sku, Source};
use crate::Place;
use crate::config::Credentials;
use crate::stand_in::{GROUP, config, connect, limits, place, server};

struct Group(Server<Azure>);

fn zonal(zone: &str) -> Source {
    Source { zones: Some(BTreeSet::from([zone.to_owned()])), ..source() }
}

fn source() -> Source {
    Source { extent: Extent::Address, version: IpVersion::V4, sku: None, zones: None, parent: None }
}

#[async_trait]
impl World for Group {
    async fn lose_next_answer(&self) {
        let lost = |action| Fault::once(Matcher::action(action), FaultPhase::AfterCommit, Effect::Cut);
        let changes = ["PUT publicIPAddresses/{}", "DELETE publicIPAddresses/{}"];
        self.0.set_faults(changes.map(lost).into());
    }

    async fn refuse_next_create(&self) {
        self.0.set_faults(Vec::new());
        self.0.with(|azure, _| azure.refuse_next_create());
    }

    async fn inventory(&self) -> BTreeSet<String> {
        self.0.with(Azure::inventory).into_iter().map(|(id, object)| format!("{id} {object}")).collect()
    }
}

impl Subject for Group {
    type Cloud = Place;

    fn cloud(&self) -> Place {
        place(&self.0)
    }

    fn source(&self) -> Source {
        zonal("1")
    }

    fn exclusive_sources(&self) -> Option<[Source; 2]> {
        Some([zonal("2"), Source { sku: Some(Sku::StandardV2), zones: Some(BTreeSet::new()), ..source() }])
    }

    fn other_settings(&self) -> Option<Settings> {
        let dns_label = Some("partners".to_owned());
        Some(Settings { idle_timeout: Some(30), ddos: Some(Ddos::Enabled), dns_label })
    }
}

#[tokio::test]
async fn keeps_the_contract_of_pools() {
    let group = Group(server(Timings::fast()));
    let foreign = json!({
        "location": "westeurope", "sku": { "name": "Standard" },
        "properties": { "publicIPAllocationMethod": "Static" },
    });
    group.0.with(|azure, now| azure.seed(&format!("{GROUP}/publicIPAddresses/theirs"), &foreign, now));
    pools::suite(&group).await;
}

fn identity() -> Identity {
    let (owner, name) = ("acme".parse().expect("an owner"), "partners".parse().expect("a name"));
    Identity { owner, resource_type: ResourceType::IpPool, name }
}

fn allocation(source: Source) -> Operation<Source> {
    Operation::Allocate {
        key: "a".parse().expect("a key"),
        source,
        settings: Settings::default(),
        recover: None,
        tags: BTreeMap::new(),
        holder: None,
        except: BTreeSet::new(),
    }
}

async fn allocate(place: &Place, source: Source, limits: &Limits) -> Result<Address<Source>, cloud::Error> {
    let effect = place.execute(&identity(), &allocation(source), limits).await?;
    Ok(effect.present.into_iter().next().expect("an address"))
}

async fn release(place: &Place, address: &Address<Source>) -> Result<(), cloud::Error> {
    let operation = Operation::Release { id: address.id.clone(), public_ips: address.public_ips };
    place.execute(&identity(), &operation, &limits()).await.map(drop)
}

#[tokio::test]
async fn prefixes_and_addresses_of_both_versions_are_made() {
    let server = server(Timings::fast());
    let place = place(&server);
    for (version, length) in [(IpVersion::V4, 30), (IpVersion::V6, 124)] {
        let of_prefix = Source { extent: Extent::Prefix(length), version, ..source() };
        let prefix = allocate(&place, of_prefix, &limits()).await.expect("a prefix");
        let block = prefix.public_ips.block().expect("a block");
        assert!(block.to_string().ends_with(&format!("/{length}")), "{block}");
        assert_eq!(prefix.source.extent, Extent::Prefix(length));
        release(&place, &prefix).await.expect("released");
        let address = allocate(&place, Source { version, ..source() }, &limits()).await.expect("an address");
        assert_eq!(address.public_ips.single().is_some_and(|ip| ip.is_ipv6()), version == IpVersion::V6);
        release(&place, &address).await.expect("released");
    }
    assert_eq!(server.with(Azure::inventory), BTreeMap::new());
}

#[tokio::test]
async fn an_address_that_was_interrupted_or_failed_is_settled_and_not_made_twice() {
    for fails in [false, true] {
        let server = server(Timings { operation_ms: 60_000, ..Timings::fast() });
        let place = place(&server);
        if fails {
            server.with(|azure, _| azure.fail_next_operation());
        }
        // The user interrupts as soon as the cloud has accepted the call.
        let limits_of_run = limits();
        let interrupt = async {
            while server.with(Azure::inventory).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            limits_of_run.stop.cancel();
        };
        let (made, ()) = tokio::join!(allocate(&place, source(), &limits_of_run), interrupt);
        made.expect_err("no IP in this time");
        let observed = place.observe(&identity(), &[], Freshness::Now).await.expect("an observation");
        let address = observed.iter().next().expect("an address").clone();
        assert_eq!(address.public_ips, PublicIps::Pending);
        server.advance(Duration::from_mins(1));
        server.with(|azure, _| azure.set_settings(Timings::fast()));
        let made = allocate(&place, source(), &limits()).await.expect("an address");
        assert!(made.id == address.id && made.public_ips.single().is_some(), "{made:?}");
        assert_eq!(server.with(Azure::inventory).len(), 1);
    }
}

#[tokio::test]
async fn what_a_list_does_not_show_yet_is_found_by_its_name() {
    let server = server(Timings { list_lag_ms: 60_000, ..Timings::fast() });
    let first = allocate(&place(&server), source(), &limits()).await.expect("an address");
    let again = allocate(&place(&server), source(), &limits()).await.expect("the same");
    assert_eq!(first.id, again.id);
    assert_eq!(server.with(Azure::inventory).len(), 1);
}

#[tokio::test]
async fn a_quota_is_read_and_what_it_refuses_is_said() {
    let server = server(Timings { public_ips: 0, ..Timings::fast() });
    let place = place(&server);
    let quotas = place.quotas().await.expect("quotas");
    let seen: Vec<_> = quotas.iter().map(|quota| (quota.name.as_str(), quota.limit, quota.used)).collect();
    assert_eq!(seen, [("PublicIPAddresses", 0, 0), ("StaticPublicIPAddresses", 0, 0)]);
    let error = allocate(&place, source(), &limits()).await.expect_err("no address");
    assert_eq!(error.class, Class::QuotaExceeded, "{error}");
}

#[tokio::test]
async fn a_wrong_secret_is_an_error_that_does_not_show_it() {
    let server = server(Timings::fast());
    let secret = azure_core::credentials::Secret::new("hunter2-canary");
    let credentials = Credentials::ClientSecret { client_id: "app".to_owned(), secret };
    let cloud = connect(&server, &crate::Config { credentials, ..config(&server) });
    let place = cloud.place("egress", "westeurope").expect("a place");
    let error = place.observe(&identity(), &[], Freshness::Now).await.expect_err("no token");
    assert_eq!(error.class, Class::Credentials, "{error}");
    assert!(error.remedy().is_some());
    for text in [format!("{error}"), format!("{error:?}"), format!("{cloud:?}"), format!("{place:?}")] {
        assert!(!text.contains("hunter2-canary"), "{text}");
    }
}

#[test]
fn an_id_is_what_azure_takes_it_for() {
    let text = format!("{}/PublicIPAddresses/IP-0", GROUP.to_uppercase());
    let id = Place::address_id(&text).expect("an id").to_string();
    assert_eq!(id, format!("{GROUP}/publicIPAddresses/ip-0").to_lowercase());
    assert!(Place::address_id("203.0.113.7").is_err());
    assert!(Place::address_id(&format!("{GROUP}/natGateways/a")).is_err());
}
