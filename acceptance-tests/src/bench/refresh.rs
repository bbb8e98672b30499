//! The calls that a refresh of many objects makes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::report::seconds;
use super::startup::name;
use super::{Options, Report, Row};
use crate::cloud::{Cloud, ZONES, instant};
use crate::core_driver::{Address, Configuration, Driver, State};

/// Pages of one type in one region.
const PAGES_PER_TYPE: usize = 10;
/// How many gateways, and as many addresses, are gone when the calls are counted again.
const MISSING: usize = 10;
const OWNER: &str = "bench";
/// Each gateway takes a private address, and AWS keeps five of a /24 for itself.
const GATEWAYS_PER_SUBNET: usize = 250;
/// The third number of the first block that is free in the stand-in's network.
const FIRST_FREE_BLOCK: usize = 128;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let cloud = Cloud::start(instant())?;
    let driver = Driver::new(&options.provider, cloud.environment()).await?;
    let (state, configuration) = many(&cloud, &driver, options.pairs).await?;
    let what = format!("refresh of {} pools and as many gateways", options.pairs);
    let found = refresh(&cloud, &driver, &configuration, &state).await?;
    anyhow::ensure!(found.objects == state.0.len(), "{} of {} objects were found", found.objects, state.0.len());
    found.report(&what, PAGES_PER_TYPE, &name(&options.provider), report);

    remove(&cloud, MISSING)?;
    // Each of the objects that are gone may cost a call of its own.
    let what = format!("the same, {MISSING} of each gone");
    let found = refresh(&cloud, &driver, &configuration, &state).await?;
    found.report(&what, PAGES_PER_TYPE + 2 * MISSING, &name(&options.provider), report);
    Ok(())
}

/// What one refresh did.
struct Refresh {
    objects: usize,
    calls: BTreeMap<String, usize>,
    took: Duration,
}

async fn refresh(cloud: &Cloud, driver: &Driver, configuration: &Configuration, state: &State) -> Result<Refresh> {
    let provider = driver.provider(configuration).await?;
    cloud.server.clear_log();
    let begin = Instant::now();
    let refreshed = provider.refresh_all(state).await?;
    let took = begin.elapsed();
    provider.shut_down().await?;
    let mut calls = BTreeMap::new();
    for entry in cloud.server.log() {
        *calls.entry(entry.action).or_default() += 1;
    }
    Ok(Refresh { objects: refreshed.0.len(), calls, took })
}

impl Refresh {
    fn report(&self, what: &str, limit: usize, provider: &str, report: &mut Report) {
        for (action, &count) in &self.calls {
            report.add(Row {
                what: what.to_owned(),
                subject: action.clone(),
                value: format!("{count} calls"),
                p99: String::new(),
                target: Some((format!("<= {limit} calls"), count <= limit)),
            });
        }
        let (what, subject, value) = (what.to_owned(), provider.to_owned(), seconds(self.took));
        report.add(Row { what, subject, value, p99: String::new(), target: None });
    }
}

/// Deletes gateways and their addresses, as somebody else.
fn remove(cloud: &Cloud, count: usize) -> Result<()> {
    let inventory = cloud.server.inventory();
    for (gateway, record) in inventory.live_nat_gateways().take(count) {
        cloud.call("DeleteNatGateway", &[("NatGatewayId", gateway)])?;
        for allocation in record.addresses.iter().filter_map(|held| held.allocation_id.as_deref()) {
            cloud.call("ReleaseAddress", &[("AllocationId", allocation)])?;
        }
    }
    Ok(())
}

/// So many pools of one address and gateways of one zone, made from outside as the provider makes them, and the state that
/// has them: creating them one by one would measure something else for minutes.
pub(super) async fn many(cloud: &Cloud, driver: &Driver, pairs: usize) -> Result<(State, Configuration)> {
    let configuration = Configuration::parse(&document(cloud))?;
    let first = driver.converge(&configuration, &State::default()).await.context("the pattern of all objects")?;
    let inventory = cloud.server.inventory();
    let (allocation, address) = inventory.addresses.iter().next().context("the pattern has no address")?;
    let (gateway, gateway_record) = inventory.live_nat_gateways().next().context("the pattern has no gateway")?;
    let private_ip = gateway_record.addresses.first().and_then(|held| held.private_ip).context("no private address")?;
    let pattern_subnet = cloud.subnet(ZONES[0]);
    let mut subnet = pattern_subnet.to_owned();
    let mut state = first.clone();
    for number in 1..pairs {
        if number % GATEWAYS_PER_SUBNET == 0 {
            subnet = new_subnet(cloud, number / GATEWAYS_PER_SUBNET)?;
        }
        let name = format!("bench-{number}");
        let tags = |record: &BTreeMap<String, String>, kind: &str| tag_parameters(record, &name, kind);
        let reply = call(cloud, "AllocateAddress", &[("Domain", "vpc")], &tags(&address.tags, "elastic-ip"))?;
        let (new_allocation, public_ip) = (element(&reply, "allocationId")?, element(&reply, "publicIp")?);
        let place = [("SubnetId", subnet.as_str()), ("AllocationId", new_allocation.as_str())];
        let reply = call(cloud, "CreateNatGateway", &place, &tags(&gateway_record.tags, "natgateway"))?;
        let new_gateway = element(&reply, "natGatewayId")?;
        let new_private_ip = private_address(cloud, &new_gateway)?;
        for (address_of, object) in &first.0 {
            let mut object = object.clone();
            let replace = |text: &str| {
                let text = text.replace("\"bench-0\"", &format!("\"{name}\"")).replace(allocation, &new_allocation);
                let text = text.replace(&address.public_ip.to_string(), &public_ip).replace(gateway, &new_gateway);
                let text = text.replace(&format!("\"{private_ip}\""), &format!("\"{new_private_ip}\""));
                text.replace(pattern_subnet, &subnet)
            };
            object.attributes = replace(&object.attributes);
            object.identity = object.identity.map(|(version, text)| (version, replace(&text)));
            object.dependencies = BTreeSet::new();
            let address = Address { type_name: address_of.type_name.clone(), name: format!("n{number}") };
            state.0.insert(address, object);
        }
    }
    Ok((state, configuration))
}

/// One more public subnet of the pattern's zone; `number` counts them from 1.
fn new_subnet(cloud: &Cloud, number: usize) -> Result<String> {
    let block = format!("10.0.{}.0/24", FIRST_FREE_BLOCK + number);
    let place = [("VpcId", cloud.vpc.vpc_id.as_str()), ("CidrBlock", &block), ("AvailabilityZone", ZONES[0])];
    let subnet = element(&cloud.call("CreateSubnet", &place)?, "subnetId")?;
    let table = cloud.vpc.public_route_table_id.as_str();
    cloud.call("AssociateRouteTable", &[("RouteTableId", table), ("SubnetId", &subnet)])?;
    Ok(subnet)
}

fn private_address(cloud: &Cloud, gateway: &str) -> Result<String> {
    element(&cloud.call("DescribeNatGateways", &[("NatGatewayId.1", gateway)])?, "privateIp")
}

fn document(cloud: &Cloud) -> Json {
    json!({
        "provider": { "egress": { "owner": OWNER, "aws": cloud.provider_aws() } },
        "resource": {
            "egress_ip_pool": { "n0": { "name": "bench-0", "addresses": { "a": { "new": true } }, "aws": {} } },
            "egress_nat_gateway": { "n0": {
                "name": "bench-0",
                "aws": { "zones": { ZONES[0]: {
                    "subnet_id": cloud.subnet(ZONES[0]),
                    "addresses": ["${egress_ip_pool.n0.ids[\"a\"]}"],
                    "route_table_ids": [],
                } } },
            } },
        },
    })
}

/// The pattern's tags with another name, as parameters.
fn tag_parameters(tags: &BTreeMap<String, String>, name: &str, kind: &str) -> Vec<(String, String)> {
    let mut parameters = vec![("TagSpecification.1.ResourceType".to_owned(), kind.to_owned())];
    for (number, (key, value)) in (1..).zip(tags) {
        let value = if value == "bench-0" { name } else { value };
        parameters.push((format!("TagSpecification.1.Tag.{number}.Key"), key.clone()));
        parameters.push((format!("TagSpecification.1.Tag.{number}.Value"), value.to_owned()));
    }
    parameters
}

fn call(cloud: &Cloud, action: &str, own: &[(&str, &str)], tags: &[(String, String)]) -> Result<String> {
    let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    cloud.call(action, &own.iter().copied().chain(tags).collect::<Vec<_>>())
}

/// The text of the first element with this name.
fn element(xml: &str, name: &str) -> Result<String> {
    let inner = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once('<'));
    inner.map(|(text, _)| text.to_owned()).with_context(|| format!("the reply has no {name}: {xml}"))
}
