//! Gateways on a cloud of busy states, with the entries that say who leaves through them.

mod execute;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::{self, View};

use super::api::{Api, Status};
use crate::marks::mark_of;
use crate::memory::process::{Process, look};
use crate::nat_gateways::Renaming;
use crate::{Error, Freshness, Limits, NatGateways, Reached, Reconcile, Stages};

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
    /// The vSwitch that it serves.
    pub vswitch: String,
    /// The ids of its addresses.
    pub addresses: BTreeSet<String>,
}

/// What there is of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The resource's own gateways, by id.
    gateways: BTreeMap<String, Gateway>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Gateway {
    key: Key,
    /// What it carries.
    identity: Identity,
    status: Status,
    /// What is bound to it, is coming or going.
    addresses: BTreeMap<String, Bound>,
    /// By vSwitch.
    entries: BTreeMap<String, Serves>,
}

/// An address of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    ip: IpAddr,
    status: Status,
}

/// An entry of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Serves {
    id: String,
    /// The ids of its addresses.
    addresses: BTreeSet<String>,
    status: Status,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Create { key: Key },
    Await { gateway: String },
    Bind { key: Key, address: String },
    Serve { key: Key, vswitch: String, addresses: BTreeSet<String> },
    StopServing { gateway: String, vswitch: String },
    Unbind { gateway: String, address: String },
    Tag { key: Key, gateway: String },
    Delete { gateway: String },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { key } => write!(f, "create the gateway of key \"{key}\""),
            Self::Await { gateway } => write!(f, "wait for {gateway}"),
            Self::Bind { key, address } => write!(f, "bind {address} to the gateway of key \"{key}\""),
            Self::Serve { key, vswitch, addresses } => {
                write!(f, "serve {vswitch} by the gateway of key \"{key}\" with {} addresses", addresses.len())
            }
            Self::StopServing { gateway, vswitch } => write!(f, "stop serving {vswitch} by {gateway}"),
            Self::Unbind { gateway, address } => write!(f, "unbind {address} from {gateway}"),
            Self::Tag { key, gateway } => write!(f, "tag {gateway}, the gateway of key \"{key}\""),
            Self::Delete { gateway } => write!(f, "delete {gateway}"),
        }
    }
}

impl Observed {
    /// The gateway that a key has: the first, of several.
    fn current(&self, key: &Key) -> Option<(&String, &Gateway)> {
        self.gateways.iter().find(|(_, gateway)| gateway.key == *key && gateway.status != Status::Going)
    }
}

impl Process<Api> {
    async fn see(&self, desired: &Desired, limits: &Limits) -> Result<Observed, Error> {
        let gateways = self.read("DescribeNatGateways", limits, || self.api.describe_nat_gateways()).await?;
        let eips = self.read("DescribeEipAddresses", limits, || self.api.describe_eip_addresses()).await?;
        let entries = self.read("DescribeSnatTableEntries", limits, || self.api.describe_snat_entries()).await?;
        let own = gateways.into_iter().filter_map(|gateway| {
            let mark = mark_of(&gateway.tags)?;
            let is_own = mark.identity == desired.identity || desired.recorded.contains(&gateway.id);
            let is_gateway = mark.identity.resource_type == ResourceType::NatGateway;
            let bound = eips.iter().filter(|eip| eip.gateway.as_ref() == Some(&gateway.id));
            let serves = entries.iter().filter(|entry| entry.gateway == gateway.id).map(|entry| {
                let addresses = eips.iter().filter(|eip| entry.ips.contains(&eip.ip)).map(|eip| eip.id.clone());
                let serves = Serves { id: entry.id.clone(), addresses: addresses.collect(), status: entry.status };
                (entry.vswitch.clone(), serves)
            });
            let seen = Gateway {
                key: mark.key,
                identity: mark.identity,
                status: gateway.status,
                addresses: bound.map(|eip| (eip.id.clone(), Bound { ip: eip.ip, status: eip.status })).collect(),
                entries: serves.collect(),
            };
            (is_own && is_gateway).then_some((gateway.id, seen))
        });
        Ok(Observed { gateways: own.collect() })
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
        let address = |(id, bound): (&String, &Bound)| nat_gateway::Address {
            id: Some(id.clone()),
            public_ip: Some(bound.ip),
            ..nat_gateway::Address::default()
        };
        let state = |status| match status {
            Status::Coming => nat_gateway::State::Pending,
            Status::There | Status::Free => nat_gateway::State::Available,
            Status::Going => nat_gateway::State::Deleting,
        };
        let mut view = View::default();
        for (id, gateway) in &observed.gateways {
            if observed.current(&gateway.key).is_some_and(|(current, _)| current != id) {
                continue;
            }
            let addresses = gateway.addresses.iter().map(address).collect();
            let shown = nat_gateway::Gateway {
                id: id.clone(),
                state: state(gateway.status),
                addresses,
                mark: None,
                tags: BTreeMap::new(),
            };
            view.gateways.insert(gateway.key.clone(), shown);
        }
        view
    }
}
