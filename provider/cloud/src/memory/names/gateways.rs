//! Gateways on a cloud of names, and the subnets that name them.

mod execute;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::{self, View};

use super::api::{Api, GatewayBody, NAT_GATEWAY, Object, Provisioning};
use super::pools::normal;
use crate::marks::mark_of;
use crate::memory::process::{Process, look};
use crate::nat_gateways::Renaming;
use crate::{Error, Freshness, Limits, NatGateways, Reached, Reconcile};

pub(super) use plan::Plan;

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
    /// The subnet that is to name it.
    pub subnet: String,
    /// The ids of its addresses.
    pub addresses: BTreeSet<String>,
}

/// What there is of one resource, and what else matters to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The resource's own gateways, by id.
    gateways: BTreeMap<String, Gateway>,
    /// The gateway that each subnet names.
    subnets: BTreeMap<String, Option<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Gateway {
    key: Key,
    /// What it carries.
    identity: Identity,
    /// With their IPs, where they have them.
    addresses: BTreeMap<String, Option<IpAddr>>,
    provisioning: Provisioning,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `gateway` is the one that is there.
    Put {
        key: Key,
        gateway: Option<String>,
        addresses: BTreeSet<String>,
    },
    Attach {
        subnet: String,
        key: Key,
    },
    Detach {
        subnet: String,
        gateway: String,
    },
    Delete {
        gateway: String,
    },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, gateway: None, .. } => write!(f, "create the gateway of key \"{key}\""),
            Self::Put { key, gateway: Some(gateway), .. } => {
                write!(f, "update {gateway}, the gateway of key \"{key}\"")
            }
            Self::Attach { subnet, key } => write!(f, "attach {subnet} to the gateway of key \"{key}\""),
            Self::Detach { subnet, gateway } => write!(f, "detach {subnet} from {gateway}"),
            Self::Delete { gateway } => write!(f, "delete {gateway}"),
        }
    }
}

impl Gateway {
    fn has(&self, addresses: &BTreeSet<String>) -> bool {
        self.addresses.keys().eq(addresses)
    }
}

impl Observed {
    /// The gateway that a key has: the first, of several. One that failed is alive.
    fn current(&self, key: &Key) -> Option<(&String, &Gateway)> {
        let lives = |gateway: &Gateway| gateway.key == *key && gateway.provisioning != Provisioning::Deleting;
        self.gateways.iter().find(|(_, gateway)| lives(gateway))
    }
}

impl Process<Api> {
    async fn gateways(&self, limits: &Limits) -> Result<Vec<Object<GatewayBody>>, Error> {
        self.read("GET natGateways", limits, || self.api.list_gateways()).await
    }

    async fn see(&self, desired: &Desired, limits: &Limits) -> Result<Observed, Error> {
        let gateways = self.gateways(limits).await?;
        let addresses = self.read("GET publicIPAddresses", limits, || self.api.list_addresses()).await?;
        let subnets = self.read("GET subnets", limits, || self.api.list_subnets()).await?;
        let ips: BTreeMap<String, Option<IpAddr>> =
            addresses.into_iter().map(|(address, _)| (normal(&address.id), address.ip)).collect();
        let own = gateways.into_iter().filter_map(|gateway| {
            let (id, mark) = (normal(&gateway.id), mark_of(&gateway.body.tags)?);
            let is_own = mark.identity == desired.identity || desired.recorded.contains(&id);
            let is_gateway = mark.identity.resource_type == ResourceType::NatGateway;
            let ip = |id: &String| (normal(id), ips.get(&normal(id)).copied().flatten());
            let addresses = gateway.body.addresses.iter().map(ip).collect();
            let provisioning = gateway.provisioning;
            let gateway = Gateway { key: mark.key, identity: mark.identity, addresses, provisioning };
            (is_own && is_gateway).then_some((id, gateway))
        });
        let names = |body: &BTreeMap<String, String>| body.get(NAT_GATEWAY).map(|id| normal(id));
        Ok(Observed {
            gateways: own.collect(),
            subnets: subnets.into_iter().map(|(subnet, body)| (subnet, names(&body))).collect(),
        })
    }
}

#[async_trait]
impl Reconcile for Process<Api> {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Plan;
    type Effect = Option<Observed>;

    async fn observe(&self, desired: &Desired, _: Freshness) -> Result<Observed, Error> {
        self.see(desired, &look()).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan {
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
        let address = |(id, ip): (&String, &Option<IpAddr>)| nat_gateway::Address {
            id: Some(id.clone()),
            public_ip: *ip,
            ..nat_gateway::Address::default()
        };
        let state = |provisioning| match provisioning {
            Provisioning::Updating => nat_gateway::State::Pending,
            Provisioning::Succeeded => nat_gateway::State::Available,
            Provisioning::Failed => {
                let (code, message) = ("Failed".to_owned(), "the last operation on it failed".to_owned());
                nat_gateway::State::Degraded { code, message }
            }
            Provisioning::Deleting => nat_gateway::State::Deleting,
        };
        let mut view = View::default();
        for (id, gateway) in &observed.gateways {
            if observed.current(&gateway.key).is_some_and(|(current, _)| current != id) {
                continue;
            }
            let addresses = gateway.addresses.iter().map(address).collect();
            let shown = nat_gateway::Gateway {
                id: id.clone(),
                state: state(gateway.provisioning),
                addresses,
                mark: None,
                tags: BTreeMap::new(),
            };
            view.gateways.insert(gateway.key.clone(), shown);
        }
        view
    }
}
