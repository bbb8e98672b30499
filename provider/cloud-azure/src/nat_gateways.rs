//! NAT gateways, and the subnets that name them.
//!
//! A gateway has all its addresses in one PUT. A subnet names its gateway in its own body, and moves from one gateway to another in one
//! PUT; everything else in that body is somebody else's.

mod execute;
mod observe;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use cloud::nat_gateways::Renaming;
use cloud::{Error, Freshness, Limits, NatGateways, Reached, Reconcile};
use egress_model::identity::{Identity, Key, Mark};
use egress_model::nat_gateway::{self, View};

pub use plan::Plan;

use crate::id::ResourceId;
use crate::ip_pools::Sku;
use crate::object::Provisioning;
use crate::place::Place;

/// The gateways that are wanted of one resource.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The resource.
    pub identity: Identity,
    /// Its gateways.
    pub gateways: BTreeMap<Key, Wanted>,
    /// The ids that its state has: these are its own under another name, too.
    pub recorded: BTreeSet<ResourceId>,
    /// Gateways of others whose subnets may be taken.
    pub takes_from: BTreeSet<ResourceId>,
}

/// What of a gateway is fixed once it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The SKU.
    pub sku: Sku,
    /// The zone of a Standard gateway; `None` for none in particular.
    pub zone: Option<String>,
    /// The virtual network that a `StandardV2` gateway serves whole.
    pub network: Option<ResourceId>,
}

/// A gateway that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What cannot be changed.
    pub fixed: Fixed,
    /// Minutes after which an idle connection is forgotten, 4 to 120; what Azure has where it is `None`.
    pub idle_timeout: Option<u8>,
    /// Its addresses and prefixes.
    pub addresses: BTreeSet<ResourceId>,
    /// The subnets that are to name it.
    pub subnets: BTreeSet<ResourceId>,
    /// Its tags, without the identity's.
    pub tags: BTreeMap<String, String>,
}

/// What there is of one resource, and what else matters to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The resource's own gateways.
    gateways: BTreeMap<ResourceId, Gateway>,
    /// The gateway that each subnet names, of those that are wanted or name an own gateway.
    subnets: BTreeMap<ResourceId, Option<ResourceId>>,
}

/// One of the resource's own gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Gateway {
    /// What it carries.
    mark: Mark,
    fixed: Fixed,
    idle_timeout: Option<u8>,
    /// With their IPs, where they have them.
    addresses: BTreeMap<ResourceId, Option<IpAddr>>,
    tags: BTreeMap<String, String>,
    provisioning: Provisioning,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creates the gateway of a key, or writes the one that there is, with these addresses.
    Put {
        /// The key.
        key: Key,
        /// The one that there is.
        gateway: Option<ResourceId>,
        /// All addresses that it has then.
        addresses: BTreeSet<ResourceId>,
    },
    /// Has a subnet name the gateway of a key.
    Attach {
        /// The subnet.
        subnet: ResourceId,
        /// The key.
        key: Key,
    },
    /// Has a subnet name no gateway, where it names this one.
    Detach {
        /// The subnet.
        subnet: ResourceId,
        /// The gateway.
        gateway: ResourceId,
    },
    /// Deletes a gateway.
    Delete {
        /// The gateway.
        gateway: ResourceId,
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

impl Observed {
    /// The gateway that a key has: the first of those that are what cannot be changed. One that failed is alive.
    fn current(&self, key: &Key, fixed: &Fixed) -> Option<(&ResourceId, &Gateway)> {
        let fits = |gateway: &Gateway| gateway.mark.key == *key && gateway.is_live() && gateway.fixed == *fixed;
        self.gateways.iter().find(|(_, gateway)| fits(gateway))
    }
}

impl Gateway {
    fn is_live(&self) -> bool {
        self.provisioning != Provisioning::Deleting
    }
}

#[async_trait]
impl Reconcile for Place {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Plan;
    type Effect = Option<Observed>;

    async fn observe(&self, desired: &Desired, freshness: Freshness) -> Result<Observed, Error> {
        self.see(desired, freshness).await
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
        Reached::with(self.see(desired, Freshness::Now).await.ok(), result)
    }

    fn fold(observed: &mut Observed, effect: Option<Observed>) {
        if let Some(now) = effect {
            *observed = now;
        }
    }
}

impl NatGateways for Place {
    const RENAMING: Renaming = Renaming::InPlace;

    fn view(observed: &Observed) -> View {
        let address = |(id, ip): (&ResourceId, &Option<IpAddr>)| nat_gateway::Address {
            id: Some(id.to_string()),
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
            let addresses = gateway.addresses.iter().map(address).collect();
            let shown = nat_gateway::Gateway {
                id: id.to_string(),
                state: state(gateway.provisioning),
                addresses,
                mark: Some(gateway.mark.clone()),
                tags: gateway.tags.clone(),
            };
            view.gateways.entry(gateway.mark.key.clone()).or_insert(shown);
        }
        view
    }
}
