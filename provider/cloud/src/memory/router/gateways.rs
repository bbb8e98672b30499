//! Gateways on a router: NATs in its list.

mod parts;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key};
use egress_model::nat_gateway::{self, Carries, View};
use tokio::time::Instant;

use super::api::{Api, Nat};
use super::pools::{id_of, name_of};
use crate::calls::Sharing;
use crate::memory::process::{POLL, Process, error, look};
use crate::names::{key_in, part_name};
use crate::nat_gateways::Renaming;
use crate::{Error, Freshness, Limits, NatGateways, Poll, Reached, Reconcile, Stages};

pub(super) use parts::{changed, put};

/// A call takes less than a third of a second, and the change that it begins too: what was read half a second before it was sent is
/// written within a second and a quarter.
const SHARING: Sharing = Sharing { fresh: Duration::from_millis(500), settle: Duration::from_millis(1500) };

/// The gateways that are wanted of one resource. There is no other name that they could have had: a NAT is known by it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The resource.
    pub identity: Identity,
    /// Its gateways.
    pub gateways: BTreeMap<Key, Wanted>,
    /// How long connections through an address that leaves may go on.
    pub drain: Duration,
    /// Since when addresses are drained, as the state says. A back end records the time of day.
    pub draining: BTreeMap<String, Instant>,
}

/// A gateway that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The subnetworks that it serves.
    pub subnetworks: BTreeSet<String>,
    /// The ids of its addresses.
    pub addresses: BTreeSet<String>,
}

/// What there is of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The resource's own NATs.
    nats: BTreeMap<Key, Nat>,
    /// The IPs of addresses, by name.
    ips: BTreeMap<String, IpAddr>,
    /// Since when addresses are drained, by id. Where no state says it, since they were first seen.
    pub draining: BTreeMap<String, Instant>,
}

/// One step. Addresses are given by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Put { key: Key, addresses: BTreeSet<String>, subnetworks: BTreeSet<String> },
    EndDrain { key: Key, addresses: BTreeSet<String> },
    Remove { key: Key },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, .. } => write!(f, "set the NAT of key \"{key}\""),
            Self::EndDrain { key, .. } => write!(f, "end the drain of addresses of the NAT of key \"{key}\""),
            Self::Remove { key } => write!(f, "remove the NAT of key \"{key}\""),
        }
    }
}

impl Process<Api> {
    async fn see(&self, desired: &Desired, limits: &Limits) -> Result<Observed, Error> {
        let nats = self.read("routers.get", limits, || self.api.get_router()).await?;
        let addresses = self.read("addresses.list", limits, || self.api.list_addresses()).await?;
        let own = nats.into_iter().filter_map(|nat| Some((key_in(&desired.identity, &nat.name)?, nat)));
        let nats: BTreeMap<Key, Nat> = own.collect();
        let now = Instant::now();
        let since = |name: &String| (id_of(name), desired.draining.get(&id_of(name)).copied().unwrap_or(now));
        let draining = nats.values().flat_map(|nat| &nat.drain_ips).map(since).collect();
        let ips = addresses.into_iter().filter_map(|(address, _)| Some((address.name, address.ip?))).collect();
        Ok(Observed { nats, ips, draining })
    }

    /// Changes a part of the router's list: the lock is for this process, the second read for the others.
    pub(super) async fn patch(
        &self,
        part: impl Fn(&Vec<Nat>) -> Option<Vec<Nat>> + Send + Sync,
        limits: &Limits,
    ) -> Result<Vec<Nat>, Error> {
        const PATCH: &str = "routers.patch";
        let _held = self.locks.hold("router", PATCH, limits).await?;
        let read = || self.read("routers.get", limits, || self.api.get_router());
        let write = |nats: Vec<Nat>| async {
            let operation = self.api.patch_router(nats).await.map_err(|fault| error::<Api>(PATCH, fault))?;
            let done = || async {
                let done = self.read("regionOperations.wait", limits, || self.api.is_done(operation)).await?;
                Ok(done.then_some(()))
            };
            self.wait("regionOperations.wait", limits, done).await
        };
        self.calls(limits).rewrite(PATCH, SHARING, read, part, write).await
    }

    async fn step(
        &self,
        desired: &Desired,
        operation: &Operation,
        observed: &Observed,
        limits: &Limits,
    ) -> Result<(), Error> {
        let name = |key| part_name(&desired.identity, key);
        match operation {
            Operation::Put { key, addresses, subnetworks } => {
                self.patch(|nats| put(nats, &name(key), addresses, subnetworks), limits).await?;
            }
            Operation::EndDrain { key, addresses } => {
                let since = addresses.iter().filter_map(|address| observed.draining.get(&id_of(address)));
                let end = since.max().map_or_else(Instant::now, |since| *since + desired.drain);
                let rest = end.saturating_duration_since(Instant::now());
                let wait = Poll { first: rest, longest: rest.max(POLL.longest) };
                limits.pauses(wait).next().await.map_err(|ended| ended.error("routers.patch"))?;
                self.patch(|nats| parts::end_drain(nats, &name(key), addresses), limits).await?;
            }
            Operation::Remove { key } => {
                self.patch(|nats| parts::remove(nats, &name(key)), limits).await?;
            }
        }
        Ok(())
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
        observed: &Observed,
        limits: &Limits,
    ) -> Reached<Option<Observed>> {
        let result = self.step(desired, operation, observed, limits).await;
        // Also after a failure: what was reached is what the state has to know.
        Reached::with(self.see(desired, &look()).await.ok(), result)
    }

    fn fold(observed: &mut Observed, effect: Option<Observed>) {
        let Some(mut now) = effect else { return };
        for (address, since) in &mut now.draining {
            *since = observed.draining.get(address).map_or(*since, |before| *before.min(since));
        }
        *observed = now;
    }
}

impl NatGateways for Process<Api> {
    const RENAMING: Renaming = Renaming::Refused;

    fn view(observed: &Observed) -> View {
        let address = |name: &String| nat_gateway::Address {
            id: Some(id_of(name)),
            public_ip: observed.ips.get(name).copied(),
            ..nat_gateway::Address::default()
        };
        let gateway = |(key, nat): (&Key, &Nat)| {
            let leaving =
                nat.drain_ips.iter().map(address).map(|it| nat_gateway::Address { carries: Carries::Old, ..it });
            let addresses = nat.ips.iter().map(address).chain(leaving).collect();
            let (id, state) = (format!("router/{}", nat.name), nat_gateway::State::Available);
            (key.clone(), nat_gateway::Gateway { id, state, addresses, mark: None, tags: BTreeMap::new() })
        };
        View { gateways: observed.nats.iter().map(gateway).collect() }
    }
}

/// The names of the wanted addresses.
fn names(addresses: &BTreeSet<String>) -> BTreeSet<String> {
    addresses.iter().map(|id| name_of(id).to_owned()).collect()
}
