//! NAT gateways in memory: the smallest cloud that keeps the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, Mark};
use egress_model::nat_gateway::{Address, Gateway, State, View};

use super::{NatGateways, Renaming};
use crate::{Error, Freshness, Limits, Reached, Reconcile, Stages};

/// A cloud whose gateways are ready at once.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<(Identity, Key), Held>>);

/// A gateway that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub identity: Identity,
    /// The ids of its addresses.
    pub addresses: BTreeSet<String>,
}

/// What is wanted of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Whose gateways these are.
    pub identity: Identity,
    /// The ids of the addresses of each gateway.
    pub gateways: BTreeMap<Key, BTreeSet<String>>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Makes a gateway, or gives it these addresses.
    Put(Key, BTreeSet<String>),
    /// Removes a gateway.
    Delete(Key),
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(key, _) => write!(f, "make the gateway of {key}"),
            Self::Delete(key) => write!(f, "delete the gateway of {key}"),
        }
    }
}

impl Memory {
    fn held(&self) -> MutexGuard<'_, BTreeMap<(Identity, Key), Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that exists.
    pub fn inventory(&self) -> BTreeMap<(Identity, Key), Held> {
        self.held().clone()
    }
}

#[async_trait]
impl Reconcile for Memory {
    type Desired = Desired;
    type Observed = BTreeMap<Key, Held>;
    type Operation = Operation;
    type Plan = Stages<Operation>;
    type Effect = (Key, Option<Held>);

    async fn observe(&self, desired: &Desired, _: Freshness) -> Result<BTreeMap<Key, Held>, Error> {
        let held = self.held();
        let ours = held.iter().filter(|((identity, _), _)| *identity == desired.identity);
        Ok(ours.map(|((_, key), held)| (key.clone(), held.clone())).collect())
    }

    fn plan(desired: &Desired, observed: &BTreeMap<Key, Held>) -> Stages<Operation> {
        let wrong = desired
            .gateways
            .iter()
            .filter(|(key, wanted)| observed.get(key).map(|held| &held.addresses) != Some(wanted));
        let surplus = observed.keys().filter(|key| !desired.gateways.contains_key(key));
        let put = wrong.map(|(key, wanted)| Operation::Put(key.clone(), wanted.clone()));
        Stages::of([put.collect(), surplus.cloned().map(Operation::Delete).collect()])
    }

    async fn execute(
        &self,
        desired: &Desired,
        operation: &Operation,
        _observed: &BTreeMap<Key, Held>,
        _limits: &Limits,
    ) -> Reached<(Key, Option<Held>)> {
        let mut held = self.held();
        let identity = desired.identity.clone();
        Reached::done(match operation {
            Operation::Put(key, addresses) => {
                let id = format!("{identity}/{key}");
                let gateway = Held { id, identity: identity.clone(), addresses: addresses.clone() };
                held.insert((identity, key.clone()), gateway.clone());
                (key.clone(), Some(gateway))
            }
            Operation::Delete(key) => {
                held.remove(&(identity, key.clone()));
                (key.clone(), None)
            }
        })
    }

    fn fold(observed: &mut BTreeMap<Key, Held>, (key, now): (Key, Option<Held>)) {
        match now {
            Some(gateway) => _ = observed.insert(key, gateway),
            None => _ = observed.remove(&key),
        }
    }
}

impl NatGateways for Memory {
    const RENAMING: Renaming = Renaming::Refused;

    fn view(observed: &BTreeMap<Key, Held>) -> View {
        let mark = |key: &Key, identity| Mark { identity, key: key.clone(), created: None, holder: None };
        let gateway = |key: &Key, held: &Held| Gateway {
            id: held.id.clone(),
            state: State::Available,
            addresses: held.addresses.iter().map(|id| Address { id: Some(id.clone()), ..Address::default() }).collect(),
            mark: Some(mark(key, held.identity.clone())),
            tags: BTreeMap::new(),
        };
        View { gateways: observed.iter().map(|(key, held)| (key.clone(), gateway(key, held))).collect() }
    }
}
