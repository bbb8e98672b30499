//! Gateways on a cloud of tags, and the default routes to them.

mod execute;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::{self, View};

use super::api::{Api, Phase, Status};
use crate::marks::mark_of;
use crate::memory::process::{Process, look};
use crate::nat_gateways::Renaming;
use crate::{Error, Freshness, Limits, NatGateways, Reached, Reconcile, Stages};

/// What a default route matches.
pub(super) const DEFAULT: &str = "0.0.0.0/0";

/// The gateways that are wanted of one resource.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The resource.
    pub identity: Identity,
    /// Its gateways.
    pub gateways: BTreeMap<Key, Wanted>,
    /// The ids that its state has: these are its own under another name, too.
    pub recorded: BTreeSet<String>,
}

/// A gateway that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The subnet in which it stands, for ever.
    pub subnet: String,
    /// The allocation ids of its addresses.
    pub addresses: BTreeSet<String>,
    /// The route table whose default route is to point to it.
    pub table: String,
}

/// What there is of one resource, and what else matters to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The resource's own gateways that are not gone, by id.
    gateways: BTreeMap<String, Gateway>,
    /// The addresses that nothing uses.
    free: BTreeSet<String>,
    /// Where default routes point, by table.
    routes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Gateway {
    key: Key,
    /// What it carries.
    identity: Identity,
    subnet: String,
    phase: Phase,
    /// The first is the one that stays.
    addresses: Vec<Member>,
}

/// An address of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    allocation: String,
    /// `None` while it is only planned.
    ip: Option<IpAddr>,
    status: Status,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Create { key: Key, subnet: String, primary: String },
    Await { key: Key, gateway: String },
    Associate { key: Key, address: String },
    Disassociate { gateway: String, address: String },
    Route { table: String, key: Key },
    Unroute { table: String, gateway: String },
    Tag { key: Key, gateway: String },
    Delete { gateway: String },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { key, subnet, primary } => {
                write!(f, "create the gateway of key \"{key}\" in {subnet} with {primary}")
            }
            Self::Await { key, gateway } => write!(f, "wait for {gateway}, the gateway of key \"{key}\""),
            Self::Associate { key, address } => write!(f, "associate {address} with the gateway of key \"{key}\""),
            Self::Disassociate { gateway, address } => write!(f, "disassociate {address} from {gateway}"),
            Self::Route { table, key } => write!(f, "route {DEFAULT} of {table} to the gateway of key \"{key}\""),
            Self::Unroute { table, gateway } => write!(f, "delete the route of {table} to {gateway}"),
            Self::Tag { key, gateway } => write!(f, "tag {gateway}, the gateway of key \"{key}\""),
            Self::Delete { gateway } => write!(f, "delete {gateway}"),
        }
    }
}

impl Gateway {
    fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Available)
    }

    fn has(&self, allocation: &str) -> bool {
        self.addresses.iter().any(|address| address.allocation == allocation)
    }

    /// Whether it can become what is wanted: its subnet and its first address stay.
    fn can_become(&self, wanted: &Wanted) -> bool {
        let keeps_first = self.addresses.first().is_some_and(|first| wanted.addresses.contains(&first.allocation));
        self.is_live() && self.subnet == wanted.subnet && keeps_first
    }
}

impl Observed {
    /// The id of the gateway that a key has: the oldest, of several.
    fn current(&self, key: &Key, wanted: &Wanted) -> Option<&String> {
        let mut own = self.gateways.iter().filter(|(_, gateway)| gateway.key == *key);
        own.find(|(_, gateway)| gateway.can_become(wanted)).map(|(id, _)| id)
    }
}

impl Process<Api> {
    async fn see(&self, desired: &Desired, limits: &Limits) -> Result<Observed, Error> {
        let gateways = self.read("DescribeNatGateways", limits, || self.api.describe_nat_gateways()).await?;
        let addresses = self.read("DescribeAddresses", limits, || self.api.describe_addresses()).await?;
        let routes = self.read("DescribeRouteTables", limits, || self.api.describe_routes()).await?;
        let own = gateways.into_iter().filter_map(|gateway| {
            let mark = mark_of(&gateway.tags)?;
            let is_own = mark.identity == desired.identity || desired.recorded.contains(&gateway.id);
            let is_gateway = mark.identity.resource_type == ResourceType::NatGateway;
            let member = |address: super::api::Association| Member {
                allocation: address.allocation,
                ip: Some(address.ip),
                status: address.status,
            };
            let addresses = gateway.addresses.into_iter().map(member).collect();
            let (key, identity, phase) = (mark.key, mark.identity, gateway.state);
            (is_own && is_gateway && phase != Phase::Deleted)
                .then_some((gateway.id, Gateway { key, identity, subnet: gateway.subnet, phase, addresses }))
        });
        let free = addresses.into_iter().filter(|address| address.user.is_none()).map(|address| address.id);
        let routes = routes.into_iter().filter(|((_, destination), _)| destination == DEFAULT);
        Ok(Observed {
            gateways: own.collect(),
            free: free.collect(),
            routes: routes.map(|((table, _), target)| (table, target)).collect(),
        })
    }
}

#[async_trait]
impl Reconcile for Process<Api> {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Stages<Operation>;
    type Effect = Option<Observed>;

    async fn observe(&self, desired: &Desired, _: Freshness) -> Result<Observed, Error> {
        self.see(desired, &look()).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Stages<Operation> {
        plan::plan(desired, observed)
    }

    async fn execute(
        &self,
        desired: &Desired,
        operation: &Operation,
        _: &Observed,
        limits: &Limits,
    ) -> Reached<Option<Observed>> {
        let result = self.step(desired, operation, limits).await;
        // Also after a failure: what was reached is what the state has to know.
        Reached::with(self.see(desired, &look()).await.ok(), result)
    }

    fn fold(observed: &mut Observed, effect: Option<Observed>) {
        if let Some(now) = effect {
            *observed = now;
        }
    }
}

impl NatGateways for Process<Api> {
    const RENAMING: Renaming = Renaming::InPlace;

    fn view(observed: &Observed) -> View {
        let address = |member: &Member| nat_gateway::Address {
            id: Some(member.allocation.clone()),
            public_ip: member.ip,
            ..nat_gateway::Address::default()
        };
        let state = |phase| match phase {
            Phase::Pending => nat_gateway::State::Pending,
            Phase::Available => nat_gateway::State::Available,
            Phase::Failed(code) => nat_gateway::State::Dead { code: code.to_owned(), message: String::new() },
            Phase::Deleting => nat_gateway::State::Deleting,
            Phase::Deleted => nat_gateway::State::Deleted,
        };
        let mut view = View::default();
        // The newest of a key last, and the live ones after the others.
        let (live, others): (Vec<_>, Vec<_>) = observed.gateways.iter().partition(|(_, gateway)| gateway.is_live());
        for (id, gateway) in others.into_iter().chain(live) {
            let addresses = gateway.addresses.iter().map(address).collect();
            let shown = nat_gateway::Gateway {
                id: id.clone(),
                state: state(gateway.phase),
                addresses,
                mark: None,
                tags: BTreeMap::new(),
            };
            view.gateways.insert(gateway.key.clone(), shown);
        }
        view
    }
}
