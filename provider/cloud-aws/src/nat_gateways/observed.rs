//! What there is on AWS, as far as it matters to one resource.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use cloud::marks::without_identity;
use egress_model::identity::{HOLDER_TAG, Identity, Key, Mark, NAME_TAG, Name, shows_given_name};
use egress_model::nat_gateway::{self, Carries, State, View};

use super::desired::RouteKey;

/// What there is. Executing an operation changes it as the cloud changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Our gateways, also those that failed or are going.
    pub gateways: Vec<Gateway>,
    /// Gateways that this run has made, by key.
    pub made: BTreeMap<Key, String>,
    /// What left gateways in this run, by gateway.
    pub left: BTreeMap<String, Left>,
    /// At how many addresses the account's quota has refused another one, by gateway.
    pub full: BTreeMap<String, usize>,
    /// The route tables that the resource names, and all that have a route to our gateways, by id.
    pub tables: BTreeMap<String, RouteTable>,
    /// The routes of those tables that were made by hand; propagated ones give way to them.
    pub routes: BTreeMap<RouteKey, Route>,
    /// The Elastic IP addresses that the resource names.
    pub addresses: BTreeMap<String, ElasticIp>,
}

/// What left a gateway. The gateway no longer lists it, and EC2 may show it there for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Elastic IP addresses, by allocation id.
    pub addresses: BTreeSet<String>,
    /// The network interfaces that the gateway had.
    pub interfaces: BTreeSet<String>,
}

/// One of our gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// `nat-...`
    pub id: String,
    /// Its key.
    pub key: Key,
    /// Where it is in its life.
    pub state: State,
    /// What it is.
    pub mode: Mode,
    /// The subnet that it stands in; `None` in regional mode.
    pub subnet: Option<String>,
    /// The network that it serves.
    pub vpc: String,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// When it was made, in seconds since the Unix epoch: of two with one key the older is kept.
    pub created: i64,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

/// What a gateway is. None of it can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In one zone, public.
    Public,
    /// In one zone, private.
    Private,
    /// In the zones that the user lists.
    RegionalManual,
    /// In the zones that AWS chooses.
    RegionalAutomatic,
}

/// An address of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The Elastic IP address (`eipalloc-...`); `None` with private connectivity.
    pub allocation: Option<String>,
    /// What ties it to the gateway (`eipassoc-...`).
    pub association: Option<String>,
    /// What the internet sees.
    pub public_ip: Option<Ipv4Addr>,
    /// What the network sees.
    pub private_ip: Option<Ipv4Addr>,
    /// The network interface that carries it.
    pub interface: Option<String>,
    /// Whether it came with the gateway and can leave only with it.
    pub primary: bool,
    /// The zone that it serves, in regional mode.
    pub zone: Option<String>,
    /// Whether it carries traffic.
    pub status: Status,
}

/// Whether an address of a gateway carries traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Not yet (`associating`, `assigning`).
    Coming,
    /// It does.
    #[default]
    Succeeded,
    /// Only connections from before (`disassociating`, `unassigning`). Until it is gone the gateway takes and gives up no
    /// other address.
    Going,
    /// It could not be added, for this reason.
    Failed(String),
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTable {
    /// The network that it is of.
    pub vpc: String,
    /// The subnets that are associated with it.
    pub subnets: BTreeSet<String>,
    /// Whether it serves every subnet of its network that is associated with no table.
    pub main: bool,
}

impl RouteTable {
    /// Whether traffic follows its routes.
    pub fn is_used(&self) -> bool {
        self.main || !self.subnets.is_empty()
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it points: `nat-...`, `igw-...`, `eni-...`, `tgw-...`.
    pub target: String,
    /// Whether what it points to is gone, so that packets are lost.
    pub blackhole: bool,
}

impl Route {
    /// Whether it points to a NAT gateway that is gone: nobody's traffic follows it.
    pub fn is_lost(&self) -> bool {
        self.blackhole && self.target.starts_with("nat-")
    }
}

/// An Elastic IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticIp {
    /// What the internet sees.
    pub public_ip: Option<Ipv4Addr>,
    /// The network interface that it is tied to.
    pub interface: Option<String>,
    /// The instance that it is tied to.
    pub instance: Option<String>,
    /// The group of zones that it can be used in.
    pub border_group: Option<String>,
}

impl ElasticIp {
    /// What it is tied to.
    pub fn used_by(&self) -> Option<&str> {
        self.instance.as_deref().or(self.interface.as_deref())
    }
}

impl Gateway {
    /// Whether the name that it shows is the one that the provider gave it, by the resource's name that it carries.
    pub fn shows_given_name(&self) -> bool {
        let name = self.tags.get(NAME_TAG).and_then(|name| name.parse::<Name>().ok());
        name.is_some_and(|name| shows_given_name(&self.tags, &name, &self.key))
    }

    fn mark(&self) -> Option<Mark> {
        Some(Mark {
            identity: Identity::from_tags(&self.tags)?,
            key: self.key.clone(),
            created: u64::try_from(self.created).ok(),
            holder: self.tags.get(HOLDER_TAG).and_then(|holder| holder.parse().ok()),
        })
    }

    /// Its primary address. Where EC2 marks none it is the first, in zonal mode.
    pub fn primary(&self) -> Option<&Address> {
        match self.mode {
            Mode::RegionalManual | Mode::RegionalAutomatic => None,
            Mode::Public | Mode::Private => {
                self.addresses.iter().find(|address| address.primary).or_else(|| self.addresses.first())
            }
        }
    }

    /// The network interfaces that carry its addresses.
    pub fn interfaces(&self) -> impl Iterator<Item = String> {
        self.addresses.iter().filter_map(|address| address.interface.clone())
    }

    /// The allocation ids of its addresses.
    pub fn allocations(&self) -> impl Iterator<Item = String> {
        self.addresses.iter().filter_map(|address| address.allocation.clone())
    }

    /// Whether addresses are coming or going, so that it takes no other change of addresses.
    pub fn is_settled(&self) -> bool {
        !self.addresses.iter().any(|address| matches!(address.status, Status::Coming | Status::Going))
    }
}

impl Observed {
    /// A gateway by id.
    pub fn gateway(&self, id: &str) -> Option<&Gateway> {
        self.gateways.iter().find(|gateway| gateway.id == id)
    }

    /// A gateway by id, to change it.
    pub fn gateway_mut(&mut self, id: &str) -> Option<&mut Gateway> {
        self.gateways.iter_mut().find(|gateway| gateway.id == id)
    }

    /// Puts in what was just read about a gateway, and notes what it lists no longer.
    pub fn put(&mut self, gateway: Gateway) {
        match self.gateways.iter_mut().find(|old| old.id == gateway.id) {
            Some(old) => {
                let left = self.left.entry(gateway.id.clone()).or_default();
                left.interfaces.extend(old.interfaces());
                left.addresses.extend(old.allocations());
                left.addresses.retain(|id| !gateway.allocations().any(|listed| listed == *id));
                *old = gateway;
            }
            None => self.gateways.push(gateway),
        }
    }

    /// Notes that a gateway is deleted, and with it all that it had.
    pub fn gone(&mut self, id: &str) {
        let Some(gateway) = self.gateways.iter_mut().find(|gateway| gateway.id == id) else { return };
        gateway.state = State::Deleted;
        let left = self.left.entry(id.to_owned()).or_default();
        left.interfaces.extend(gateway.interfaces());
        left.addresses.extend(gateway.allocations());
    }

    /// Whether a network interface belongs to one of our gateways, also to one that just went.
    pub fn is_our_interface(&self, interface: &str) -> bool {
        self.gateways.iter().any(|gateway| gateway.interfaces().any(|own| own == interface))
            || self.left.values().any(|left| left.interfaces.contains(interface))
    }

    /// What every cloud can say of it: per key the gateway that is to stay, the oldest where there are two.
    pub fn view(&self) -> View {
        let mut live: Vec<&Gateway> = self.gateways.iter().filter(|gateway| gateway.state.is_live()).collect();
        live.sort_by_key(|gateway| (gateway.created, &gateway.id));
        let mut view = View::default();
        for gateway in live {
            view.gateways.entry(gateway.key.clone()).or_insert_with(|| self.view_of(gateway));
        }
        view
    }

    /// The same of all gateways with their keys, also of second ones and of those that failed, are going or gone.
    pub fn all(&self) -> Vec<(Key, nat_gateway::Gateway)> {
        self.gateways.iter().map(|gateway| (gateway.key.clone(), self.view_of(gateway))).collect()
    }

    fn view_of(&self, gateway: &Gateway) -> nat_gateway::Gateway {
        let mut addresses: Vec<&Address> =
            gateway.addresses.iter().filter(|address| !matches!(address.status, Status::Failed(_))).collect();
        let first = gateway.primary();
        addresses.sort_by_key(|address| (first != Some(*address), &address.allocation, address.private_ip));
        // An emulator may leave it out of the gateway.
        let elastic = |address: &Address| self.addresses.get(address.allocation.as_ref()?)?.public_ip;
        let addresses = addresses.into_iter().map(|address| nat_gateway::Address {
            id: address.allocation.clone(),
            public_ip: address.public_ip.or_else(|| elastic(address)).map(Into::into),
            private_ip: address.private_ip.map(Into::into),
            carries: if address.status == Status::Going { Carries::Old } else { Carries::All },
        });
        nat_gateway::Gateway {
            id: gateway.id.clone(),
            state: gateway.state.clone(),
            addresses: addresses.collect(),
            mark: gateway.mark(),
            tags: without_identity(&gateway.tags),
        }
    }
}
