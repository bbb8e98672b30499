//! EC2 as far as plans touch it, in memory and strict: what EC2 refuses is an error here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::State;

use crate::nat_gateways::desired::{
    Desired, Destination, Drain, Gateway as Wanted, Kind, Recorded, RouteKey, Secondary, Unknown,
};
use crate::nat_gateways::observed::{Address, ElasticIp, Gateway, Mode, Observed, Route, RouteTable, Status};
use crate::nat_gateways::operation::{Operation, Target};

/// The target of foreign routes.
pub(super) const INTERNET_GATEWAY: &str = "igw-1";

pub(super) fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

pub(super) fn identity() -> Identity {
    Identity {
        owner: "acme".parse().expect("an owner"),
        resource_type: ResourceType::NatGateway,
        name: "prod".parse().expect("a name"),
    }
}

pub(super) fn everything() -> Destination {
    "0.0.0.0/0".parse().expect("a destination")
}

pub(super) fn default_route(table: &str) -> RouteKey {
    (table.to_owned(), everything())
}

pub(super) fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Wants these gateways, with the default route.
pub(super) fn desired(gateways: impl IntoIterator<Item = (&'static str, Wanted)>) -> Desired {
    Desired {
        identity: identity(),
        holder: None,
        takes_over: false,
        gateways: gateways.into_iter().map(|(name, wanted)| (key(name), wanted)).collect(),
        destinations: BTreeSet::from([everything()]),
        take_over: BTreeSet::new(),
        drain: Drain::default(),
        tags: BTreeMap::new(),
        recorded: Recorded::default(),
        unknown: Unknown::default(),
    }
}

/// Wants a public zonal gateway.
pub(super) fn public(subnet: &str, addresses: &[&str], tables: &[&str]) -> Wanted {
    let kind = Kind::Public { subnet: subnet.to_owned(), private_ip: None, addresses: set(addresses), primary: None };
    Wanted { kind, route_tables: set(tables), tags: BTreeMap::new() }
}

/// Wants a private zonal gateway.
pub(super) fn private(subnet: &str, secondary: Secondary, tables: &[&str]) -> Wanted {
    let kind = Kind::Private { subnet: subnet.to_owned(), private_ip: None, secondary };
    Wanted { kind, route_tables: set(tables), tags: BTreeMap::new() }
}

/// Wants a regional gateway.
pub(super) fn regional(zones: &[(&str, &[&str])], tables: &[&str]) -> Wanted {
    let zones = zones.iter().map(|(zone, ids)| ((*zone).to_owned(), set(ids))).collect();
    Wanted {
        kind: Kind::RegionalManual { vpc: "vpc-1".to_owned(), zones },
        route_tables: set(tables),
        tags: BTreeMap::new(),
    }
}

/// A table of one subnet.
fn route_table(id: &str) -> RouteTable {
    RouteTable { vpc: "vpc-1".to_owned(), subnets: BTreeSet::from([format!("subnet-of-{id}")]), main: false }
}

/// An account with one network.
#[derive(Clone, Debug, Default)]
pub(super) struct Ec2 {
    pub(super) state: Observed,
    made: usize,
}

impl Ec2 {
    /// An account with these free addresses and these route tables.
    pub(super) fn new(addresses: &[&str], tables: &[&str]) -> Self {
        let mut ec2 = Self::default();
        for (index, id) in addresses.iter().enumerate() {
            let last = u8::try_from(index + 1).expect("few addresses");
            let elastic = ElasticIp {
                public_ip: Some(Ipv4Addr::new(203, 0, 113, last)),
                interface: None,
                instance: None,
                border_group: None,
            };
            ec2.state.addresses.insert((*id).to_owned(), elastic);
        }
        ec2.state.tables = tables.iter().map(|table| ((*table).to_owned(), route_table(table))).collect();
        ec2
    }

    /// With what a plan for this made, and the state that Terraform has of it.
    pub(super) fn having(mut self, desired: &mut Desired) -> Self {
        let plan = super::plan(desired, &self.state);
        assert_eq!(plan.conflicts, BTreeSet::new());
        for operation in &plan.operations {
            self.execute(operation).unwrap_or_else(|error| panic!("{operation}: {error}"));
        }
        desired.recorded = self.recorded(desired);
        self.state.made.clear();
        self
    }

    /// What the state knows after `desired` was reached.
    pub(super) fn recorded(&self, desired: &Desired) -> Recorded {
        let live = self.state.gateways.iter().filter(|gateway| gateway.state.is_live());
        Recorded {
            gateways: live.map(|gateway| (gateway.id.clone(), gateway.key.clone())).collect(),
            routes: desired.routes().into_keys().collect(),
            tags: desired.tags.keys().cloned().collect(),
            own_tags: BTreeMap::new(),
        }
    }

    pub(super) fn point(&mut self, table: &str, target: &str) {
        self.state.routes.insert(default_route(table), Route { target: target.to_owned(), blackhole: false });
    }

    /// Somebody deletes a gateway outside.
    pub(super) fn lose(&mut self, id: &str) {
        self.execute(&Operation::Delete { gateway: id.to_owned(), failed: false }).expect("it can be deleted");
        self.execute(&Operation::AwaitDeleted(id.to_owned())).expect("it goes");
    }

    /// Whether packets that follow a route get out.
    pub(super) fn carries(&self, route: &RouteKey) -> bool {
        let Some(route) = self.state.routes.get(route) else { return false };
        match self.state.gateway(&route.target) {
            None => !route.blackhole,
            Some(gateway) => {
                let open = gateway.addresses.iter().any(|address| address.status == Status::Succeeded);
                gateway.state == State::Available && open
            }
        }
    }

    fn id(&self, target: &Target) -> Result<String, String> {
        match target {
            Target::Id(id) => Ok(id.clone()),
            Target::Made(key) => self.state.made.get(key).cloned().ok_or(format!("no gateway was made for {key}")),
        }
    }

    fn gateway(&mut self, target: &Target) -> Result<&mut Gateway, String> {
        let id = self.id(target)?;
        self.state.gateway_mut(&id).ok_or(format!("{id} does not exist"))
    }

    fn available(&mut self, target: &Target) -> Result<&mut Gateway, String> {
        let gateway = self.gateway(target)?;
        if gateway.state != State::Available {
            return Err(format!("{} is {}", gateway.id, gateway.state.as_str()));
        }
        if gateway.addresses.iter().any(|address| address.status == Status::Going) {
            return Err(format!("addresses of {} are going", gateway.id));
        }
        Ok(gateway)
    }

    /// A gateway whose addresses can be changed: EC2 takes one change at a time.
    fn changeable(&mut self, target: &Target) -> Result<&mut Gateway, String> {
        let gateway = self.available(target)?;
        if gateway.addresses.iter().any(|address| address.status == Status::Coming) {
            return Err(format!("addresses of {} are coming", gateway.id));
        }
        Ok(gateway)
    }

    fn take(&mut self, id: &str, interface: &str, zone: Option<&str>, primary: bool) -> Result<Address, String> {
        let private_ip = self.private_ip();
        let elastic = self.state.addresses.get_mut(id).ok_or(format!("{id} does not exist"))?;
        if let Some(user) = elastic.used_by() {
            return Err(format!("{id} is used by {user}"));
        }
        elastic.interface = Some(interface.to_owned());
        Ok(Address {
            allocation: Some(id.to_owned()),
            association: Some(format!("eipassoc-{id}")),
            public_ip: elastic.public_ip,
            private_ip: Some(private_ip),
            interface: Some(interface.to_owned()),
            primary,
            zone: zone.map(str::to_owned),
            status: Status::Coming,
        })
    }

    fn private_ip(&mut self) -> Ipv4Addr {
        self.made += 1;
        Ipv4Addr::from(0x0a00_0100 + u32::try_from(self.made).expect("few addresses"))
    }

    fn free(&mut self, addresses: &[Address]) {
        for id in addresses.iter().filter_map(|address| address.allocation.as_deref()) {
            if let Some(elastic) = self.state.addresses.get_mut(id) {
                elastic.interface = None;
            }
        }
    }

    /// Does an operation as EC2 would, or says why EC2 would not.
    #[expect(clippy::too_many_lines, reason = "one arm per call")]
    pub(super) fn execute(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Create { key, kind, primary, tags } => self.create(key, kind, primary.as_deref(), tags),
            Operation::AwaitAvailable(target) => {
                let gateway = self.gateway(target)?;
                if !gateway.state.is_live() {
                    return Err(format!("{} is {}", gateway.id, gateway.state.as_str()));
                }
                gateway.state = State::Available;
                gateway.addresses.iter_mut().for_each(|address| address.status = Status::Succeeded);
                Ok(())
            }
            Operation::Associate { gateway, zone, addresses } => {
                let id = self.changeable(gateway)?.id.clone();
                for address in addresses {
                    let address = self.take(address, &format!("eni-{id}"), zone.as_deref(), false)?;
                    self.gateway(gateway)?.addresses.push(address);
                }
                let gateway = self.gateway(gateway)?;
                if gateway.mode == Mode::Public && gateway.addresses.len() > 8 {
                    return Err("too many addresses".to_owned());
                }
                Ok(())
            }
            Operation::Assign { gateway, secondary } => {
                let has = self.changeable(gateway)?.addresses.len() - 1;
                let ips: Vec<Ipv4Addr> = match secondary {
                    Secondary::Addresses(ips) => ips.iter().copied().collect(),
                    Secondary::Count(count) => (has..*count).map(|_| self.private_ip()).collect(),
                };
                let coming = ips.into_iter().map(|ip| Address {
                    private_ip: Some(ip),
                    status: Status::Coming,
                    ..Address::default()
                });
                self.gateway(gateway)?.addresses.extend(coming);
                Ok(())
            }
            Operation::Disassociate { gateway, addresses, .. } => {
                let gateway = self.changeable(gateway)?;
                for id in addresses {
                    let address = gateway.addresses.iter_mut().find(|address| address.allocation.as_ref() == Some(id));
                    let address = address.ok_or(format!("{id} is not on {}", gateway.id))?;
                    if address.primary {
                        return Err(format!("{id} is the primary address"));
                    }
                    address.status = Status::Going;
                }
                Ok(())
            }
            Operation::Unassign { gateway, addresses, .. } => {
                let gateway = self.changeable(gateway)?;
                for address in
                    gateway.addresses.iter_mut().filter(|a| a.private_ip.is_some_and(|ip| addresses.contains(&ip)))
                {
                    if address.primary {
                        return Err("the primary address cannot be unassigned".to_owned());
                    }
                    address.status = Status::Going;
                }
                Ok(())
            }
            Operation::AwaitSettled(target) => {
                let gateway = self.gateway(target)?;
                let (gone, mut stay): (Vec<_>, Vec<_>) =
                    std::mem::take(&mut gateway.addresses).into_iter().partition(|a| a.status == Status::Going);
                stay.iter_mut().filter(|a| a.status == Status::Coming).for_each(|a| a.status = Status::Succeeded);
                gateway.addresses = stay;
                self.free(&gone);
                Ok(())
            }
            Operation::CreateRoute { route, gateway } => {
                let target = self.available(gateway)?.id.clone();
                match self.state.routes.insert(route.clone(), Route { target, blackhole: false }) {
                    None => Ok(()),
                    Some(old) => Err(format!("the route exists, to {}", old.target)),
                }
            }
            Operation::ReplaceRoute { route, from, gateway } => {
                let (from, target) = (self.id(from)?, self.gateway(gateway)?.id.clone());
                if self.gateway(gateway)?.state != State::Available {
                    return Err(format!("{target} carries no traffic"));
                }
                match self.state.routes.insert(route.clone(), Route { target, blackhole: false }) {
                    Some(old) if old.target == from => Ok(()),
                    old => Err(format!("the route is {old:?}")),
                }
            }
            Operation::DeleteRoute { route, from } => {
                let from = self.id(from)?;
                match self.state.routes.remove(route) {
                    Some(old) if old.target == from => Ok(()),
                    old => Err(format!("the route is {old:?}")),
                }
            }
            Operation::Delete { gateway: id, failed } => {
                let gateway = self.state.gateway_mut(id).ok_or(format!("{id} does not exist"))?;
                gateway.state = if *failed { State::Deleted } else { State::Deleting };
                for route in self.state.routes.values_mut().filter(|route| route.target == *id) {
                    route.blackhole = true;
                }
                Ok(())
            }
            Operation::AwaitDeleted(id) => {
                let gateway = self.state.gateway_mut(id).ok_or(format!("{id} does not exist"))?;
                if gateway.state.is_live() {
                    return Err(format!("{id} is {}", gateway.state.as_str()));
                }
                gateway.state = State::Deleted;
                let addresses = gateway.addresses.clone();
                self.free(&addresses);
                Ok(())
            }
            Operation::Tag { gateway, set, remove } => {
                let gateway = self.state.gateway_mut(gateway).ok_or("it does not exist")?;
                gateway.tags.extend(set.clone());
                gateway.tags.retain(|key, _| !remove.contains(key));
                Ok(())
            }
        }
    }

    fn create(
        &mut self,
        key: &Key,
        kind: &Kind,
        primary: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        self.made += 1;
        let id = format!("nat-{key}{}", self.state.gateways.iter().filter(|gateway| gateway.key == *key).count());
        let interface = format!("eni-{id}");
        let mut addresses = Vec::new();
        for (address, zone) in kind.addresses() {
            addresses.push(self.take(address, &interface, zone, primary == Some(address))?);
        }
        let (mode, subnet) = match kind {
            Kind::Public { subnet, .. } => (Mode::Public, Some(subnet.clone())),
            Kind::Private { subnet, private_ip, secondary } => {
                let first = private_ip.unwrap_or_else(|| self.private_ip());
                let others: Vec<Ipv4Addr> = match secondary {
                    Secondary::Addresses(ips) => ips.iter().copied().collect(),
                    Secondary::Count(count) => (0..*count).map(|_| self.private_ip()).collect(),
                };
                for ip in std::iter::once(first).chain(others) {
                    let primary = addresses.is_empty();
                    let status = Status::Coming;
                    addresses.push(Address { private_ip: Some(ip), primary, status, ..Address::default() });
                }
                (Mode::Private, Some(subnet.clone()))
            }
            Kind::RegionalManual { .. } => (Mode::RegionalManual, None),
            Kind::RegionalAutomatic { .. } => {
                addresses.push(Address { status: Status::Coming, ..Address::default() });
                (Mode::RegionalAutomatic, None)
            }
        };
        if mode == Mode::Public && !addresses.iter().any(|address| address.primary) {
            return Err("a public gateway needs a primary address".to_owned());
        }
        self.state.made.insert(key.clone(), id.clone());
        let created = i64::try_from(self.made).expect("few objects");
        let (key, vpc, tags) = (key.clone(), "vpc-1".to_owned(), tags.clone());
        self.state.put(Gateway { id, key, state: State::Pending, mode, subnet, vpc, addresses, created, tags });
        Ok(())
    }
}
