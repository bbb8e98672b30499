//! What exists, as a test wants to see it: at once, without lags, over all accounts and regions.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::objects::{NatAddressStatus, NatGatewayState, Placement};
use super::region::Region;
use super::{Caller, Ec2};

/// All objects that a provider makes or changes, and the number of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Elastic IP addresses by allocation id.
    pub addresses: BTreeMap<String, AddressRecord>,
    /// NAT gateways by id, `deleted` and `failed` ones too as long as they are listed.
    pub nat_gateways: BTreeMap<String, NatGatewayRecord>,
    /// Route tables by id.
    pub route_tables: BTreeMap<String, RouteTableRecord>,
    /// Networks by id, with their tags.
    pub vpcs: BTreeMap<String, BTreeMap<String, String>>,
    /// Subnets by id, with their tags.
    pub subnets: BTreeMap<String, BTreeMap<String, String>>,
    /// Internet gateways by id, with their tags.
    pub internet_gateways: BTreeMap<String, BTreeMap<String, String>>,
}

/// Where an object is.
pub type Scope = Caller;

/// An Elastic IP address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRecord {
    /// The account and region.
    pub scope: Scope,
    /// The address.
    pub public_ip: Ipv4Addr,
    /// When it was allocated.
    pub allocated: Timestamp,
    /// Whose pool it is from.
    pub pool: String,
    /// The association, whether reads show it yet or not.
    pub association_id: Option<String>,
    /// The NAT gateway that holds it.
    pub nat_gateway_id: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGatewayRecord {
    /// The account and region.
    pub scope: Scope,
    /// Its state.
    pub state: NatGatewayState,
    /// Its network.
    pub vpc_id: String,
    /// Its subnet, unless it is regional.
    pub subnet_id: Option<String>,
    /// Why it failed, or will.
    pub failure_code: Option<String>,
    /// Its addresses.
    pub addresses: Vec<NatGatewayAddressRecord>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An address of a NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGatewayAddressRecord {
    /// The Elastic IP address, on a public gateway.
    pub allocation_id: Option<String>,
    /// The private address, on a zonal gateway.
    pub private_ip: Option<Ipv4Addr>,
    /// The zone, on a regional gateway.
    pub availability_zone: Option<String>,
    /// Its status.
    pub status: NatAddressStatus,
    /// Whether it is the one that stays as long as the gateway.
    pub primary: bool,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableRecord {
    /// The account and region.
    pub scope: Scope,
    /// Its network.
    pub vpc_id: String,
    /// Its routes by destination.
    pub routes: BTreeMap<String, RouteRecord>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRecord {
    /// The id of what takes the traffic.
    pub target: String,
    /// `active` or `blackhole`.
    pub state: String,
}

impl Inventory {
    /// The NAT gateways that cost money: pending, available or being deleted.
    pub fn live_nat_gateways(&self) -> impl Iterator<Item = (&String, &NatGatewayRecord)> {
        self.nat_gateways.iter().filter(|(_, gateway)| gateway.state.exists())
    }
}

impl Ec2 {
    /// What exists at a time.
    pub fn inventory(&mut self, now: Timestamp) -> Inventory {
        let mut inventory = Inventory::default();
        for (scope, region) in &mut self.regions {
            region.advance(now);
            region.add_to(&mut inventory, scope);
        }
        inventory
    }
}

impl Region {
    fn add_to(&self, inventory: &mut Inventory, scope: &Scope) {
        let tags = |id: &String| self.tags_of(id).clone();
        let tagged = |id: &String| (id.clone(), tags(id));
        inventory.vpcs.extend(self.vpcs.keys().map(tagged));
        inventory.subnets.extend(self.subnets.keys().map(tagged));
        inventory.internet_gateways.extend(self.internet_gateways.keys().map(tagged));
        for (id, address) in &self.addresses {
            let claim = address.claim.as_ref();
            let record = AddressRecord {
                scope: scope.clone(),
                public_ip: address.public_ip,
                allocated: address.allocated,
                pool: address.pool.clone(),
                association_id: claim.map(|claim| claim.association.clone()),
                nat_gateway_id: claim.and_then(|claim| claim.nat_gateway.clone()),
                tags: tags(id),
            };
            inventory.addresses.insert(id.clone(), record);
        }
        for (id, gateway) in &self.nat_gateways {
            let subnet_id = match &gateway.placement {
                Placement::Zonal { subnet } => Some(subnet.clone()),
                Placement::Regional { .. } => None,
            };
            let addresses = gateway.addresses.iter().map(|address| NatGatewayAddressRecord {
                allocation_id: address.allocation.clone(),
                private_ip: address.private_ip,
                availability_zone: address.zone.clone(),
                status: address.status,
                primary: address.primary,
            });
            let record = NatGatewayRecord {
                scope: scope.clone(),
                state: gateway.state,
                vpc_id: gateway.vpc.clone(),
                subnet_id,
                failure_code: gateway.failure.as_ref().map(|(code, _)| code.clone()),
                addresses: addresses.collect(),
                tags: tags(id),
            };
            inventory.nat_gateways.insert(id.clone(), record);
        }
        for (id, table) in &self.route_tables {
            let routes = table.routes.iter().map(|(destination, route)| {
                let state = self.route_state(&table.vpc, &route.target).to_owned();
                (destination.as_str().to_owned(), RouteRecord { target: route.target.id.clone(), state })
            });
            let vpc_id = table.vpc.clone();
            let record = RouteTableRecord { scope: scope.clone(), vpc_id, routes: routes.collect(), tags: tags(id) };
            inventory.route_tables.insert(id.clone(), record);
        }
    }
}
