//! The state that a plan is computed on: what there will be after the operations so far.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use egress_model::identity::{HOLDER_TAG, Key, is_held_by_another};
use egress_model::nat_gateway::State;

use super::{Conflict, Plan, Replacement, Traffic, reasons_to_replace};
use crate::nat_gateways::desired::{Desired, Kind, RouteKey, Secondary};
use crate::nat_gateways::observed::{Gateway, Mode, Observed, Status};
use crate::nat_gateways::operation::{Operation, Target};

/// A plan in the making.
pub(super) struct Work<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
    pub(super) plan: Plan,
    /// Gateways that hold something or will.
    pub(super) members: BTreeMap<Target, Member>,
    /// Where each route points.
    pub(super) routes: BTreeMap<RouteKey, Target>,
    /// Routes that make a detour, with the key of the gateway that they pointed to.
    pub(super) detours: BTreeMap<RouteKey, Key>,
}

/// A gateway.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: Key,
    pub(super) role: Role,
    pub(super) phase: Phase,
    pub(super) mode: Mode,
    pub(super) subnet: Option<String>,
    pub(super) vpc: Option<String>,
    pub(super) primary: Option<String>,
    /// Allocation ids beside the primary, with the zones that they serve.
    pub(super) others: BTreeMap<String, Option<String>>,
    pub(super) primary_ip: Option<Ipv4Addr>,
    pub(super) private_ips: BTreeSet<Ipv4Addr>,
    /// How many private addresses it has beside the primary one; AWS chooses those that are not in `private_ips`.
    pub(super) private_count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Becomes what is wanted for its key.
    Keeper,
    /// Has to go.
    Retiring,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Pending,
    Available,
    Deleting,
}

impl Member {
    fn of(gateway: &Gateway, role: Role) -> Self {
        let primary = gateway.primary().and_then(|address| address.allocation.clone());
        let held = gateway.addresses.iter().filter(|address| !matches!(address.status, Status::Failed(_)));
        let private_ips: BTreeSet<Ipv4Addr> = held.clone().filter_map(|address| address.private_ip).collect();
        let others = held.clone().filter_map(|address| Some((address.allocation.clone()?, address.zone.clone())));
        Self {
            key: gateway.key.clone(),
            role,
            phase: match gateway.state {
                State::Available | State::Degraded { .. } => Phase::Available,
                State::Deleting => Phase::Deleting,
                State::Pending | State::Dead { .. } | State::Deleted => Phase::Pending,
            },
            mode: gateway.mode,
            subnet: gateway.subnet.clone(),
            vpc: Some(gateway.vpc.clone()),
            others: others.filter(|(id, _)| Some(id) != primary.as_ref()).collect(),
            primary,
            primary_ip: gateway.primary().and_then(|address| address.private_ip),
            private_count: private_ips.len().saturating_sub(1),
            private_ips,
        }
    }

    /// A gateway that this plan makes.
    pub(super) fn made(key: &Key, kind: &Kind, primary: Option<String>, vpc: Option<String>) -> Self {
        let addresses = kind.addresses();
        let others = addresses.iter().filter(|(id, _)| primary.as_deref() != Some(**id));
        let (mode, subnet, primary_ip) = match kind {
            Kind::Public { subnet, private_ip, .. } => (Mode::Public, Some(subnet), *private_ip),
            Kind::Private { subnet, private_ip, .. } => (Mode::Private, Some(subnet), *private_ip),
            Kind::RegionalManual { .. } => (Mode::RegionalManual, None, None),
            Kind::RegionalAutomatic { .. } => (Mode::RegionalAutomatic, None, None),
        };
        let (secondary, private_count) = match kind {
            Kind::Private { secondary: Secondary::Addresses(ips), .. } => (ips.clone(), ips.len()),
            Kind::Private { secondary: Secondary::Count(count), .. } => (BTreeSet::new(), *count),
            _ => (BTreeSet::new(), 0),
        };
        Self {
            key: key.clone(),
            role: Role::Keeper,
            phase: Phase::Pending,
            mode,
            subnet: subnet.cloned(),
            vpc,
            others: others.map(|(id, zone)| ((*id).to_owned(), zone.map(str::to_owned))).collect(),
            primary,
            primary_ip,
            private_ips: secondary.into_iter().chain(primary_ip).collect(),
            private_count,
        }
    }

    pub(super) fn has(&self, address: &str) -> bool {
        self.primary.as_deref() == Some(address) || self.others.contains_key(address)
    }

    /// How many public addresses it has.
    pub(super) fn count(&self) -> usize {
        self.others.len() + usize::from(self.primary.is_some())
    }

    /// Whether traffic that a route sends to it leaves.
    pub(super) fn carries(&self) -> bool {
        self.phase == Phase::Available && (self.mode != Mode::RegionalManual || self.count() > 0)
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(desired: &'a Desired, observed: &'a Observed) -> Self {
        let routes =
            observed.routes.iter().map(|(key, route)| (key.clone(), Target::Id(route.target.clone()))).collect();
        let mut work = Self {
            desired,
            observed,
            plan: Plan::default(),
            members: BTreeMap::new(),
            routes,
            detours: BTreeMap::new(),
        };
        work.assign_roles();
        work.look_for_conflicts();
        work
    }

    fn assign_roles(&mut self) {
        let mut gateways: Vec<&Gateway> = self.observed.gateways.iter().collect();
        gateways.sort_by_key(|gateway| (gateway.created, &gateway.id));
        let mut kept = BTreeSet::new();
        for gateway in &gateways {
            let wanted = self.desired.gateways.get(&gateway.key);
            let fits = wanted.is_some_and(|wanted| reasons_to_replace(gateway, &wanted.kind).is_empty());
            let role = match gateway.state {
                State::Dead { .. } | State::Deleted => continue,
                _ if gateway.state.is_live() && fits && kept.insert(&gateway.key) => Role::Keeper,
                _ if gateway.state.is_live() && self.is_held(gateway) => {
                    self.plan.held.insert(gateway.id.clone());
                    continue;
                }
                State::Pending | State::Available | State::Degraded { .. } | State::Deleting => Role::Retiring,
            };
            self.members.insert(Target::Id(gateway.id.clone()), Member::of(gateway, role));
        }
        for (key, wanted) in self.desired.gateways.iter().filter(|(key, _)| !kept.contains(key)) {
            let Some(old) = gateways.iter().find(|gateway| gateway.key == *key && gateway.state.is_live()) else {
                continue;
            };
            self.plan.replacements.push(Replacement {
                key: key.clone(),
                gateway: old.id.clone(),
                reasons: reasons_to_replace(old, &wanted.kind),
                traffic: Traffic::Kept,
            });
        }
    }

    /// Whether another resource instance has adopted a gateway. One that the state does not have may also be the second one of a key,
    /// which an interrupted run has left.
    fn is_held(&self, gateway: &Gateway) -> bool {
        let Desired { holder, takes_over, gateways, recorded, .. } = self.desired;
        let carried = gateway.tags.get(HOLDER_TAG).and_then(|holder| holder.parse().ok());
        let is_second = gateways.contains_key(&gateway.key) && !recorded.gateways.contains_key(&gateway.id);
        !takes_over && !is_second && is_held_by_another(carried.as_ref(), holder.as_ref())
    }

    fn look_for_conflicts(&mut self) {
        for (key, gateway) in &self.desired.gateways {
            for address in gateway.kind.addresses().into_keys() {
                let (key, address) = (key.clone(), address.to_owned());
                match self.observed.addresses.get(&address) {
                    None => _ = self.plan.conflicts.insert(Conflict::AddressNotFound { key, address }),
                    Some(_) => {
                        if let Some(by) = self.foreign_user(&address).map(str::to_owned) {
                            self.plan.conflicts.insert(Conflict::AddressInUse { key, address, by });
                        }
                    }
                }
            }
            for table in gateway.route_tables.iter().filter(|table| !self.observed.tables.contains_key(*table)) {
                self.plan.conflicts.insert(Conflict::TableNotFound { key: key.clone(), table: table.clone() });
            }
        }
    }

    /// What holds an address, if that is not one of our gateways.
    fn foreign_user(&self, address: &str) -> Option<&'a str> {
        let elastic = self.observed.addresses.get(address)?;
        let ours = self.holder(address).is_some()
            || elastic.interface.as_deref().is_some_and(|interface| self.observed.is_our_interface(interface));
        if ours { None } else { elastic.used_by() }
    }

    /// The gateway of ours that holds an address.
    pub(super) fn holder(&self, address: &str) -> Option<(&Target, &Member)> {
        self.members.iter().find(|(_, member)| member.has(address))
    }

    /// Whether an address can be put on a gateway now.
    pub(super) fn is_free(&self, address: &str) -> bool {
        self.observed.addresses.contains_key(address)
            && self.holder(address).is_none()
            && self.foreign_user(address).is_none()
    }

    /// Whether a private address is held by one of our gateways in a subnet.
    pub(super) fn private_holder(&self, subnet: &str, ips: &BTreeSet<Ipv4Addr>) -> Option<&Target> {
        let in_subnet = self.members.iter().filter(|(_, member)| member.subnet.as_deref() == Some(subnet));
        in_subnet.into_iter().find(|(_, member)| !member.private_ips.is_disjoint(ips)).map(|(target, _)| target)
    }

    /// The gateway that becomes, or is, what is wanted for a key.
    pub(super) fn keeper(&self, key: &Key) -> Option<(&Target, &Member)> {
        self.members.iter().find(|(_, member)| member.role == Role::Keeper && member.key == *key)
    }

    /// The keys that have no gateway yet.
    pub(super) fn missing(&self) -> Vec<&'a Key> {
        self.desired.gateways.keys().filter(|key| self.keeper(key).is_none()).collect()
    }

    pub(super) fn retiring(&self) -> impl Iterator<Item = (&Target, &Member)> {
        self.members.iter().filter(|(_, member)| member.role == Role::Retiring)
    }

    /// Whether a target is, or was, a gateway of this resource.
    pub(super) fn is_ours(&self, target: &Target) -> bool {
        match target {
            Target::Made(_) => true,
            Target::Id(id) => {
                let is_known = self.observed.gateway(id).is_some() || self.desired.recorded.gateways.contains_key(id);
                is_known && !self.plan.held.contains(id)
            }
        }
    }

    /// Whether a route is known to lose packets because the gateway that it points to is gone.
    pub(super) fn leads_nowhere(&self, route: &RouteKey) -> bool {
        self.observed
            .routes
            .get(route)
            .is_some_and(|now| now.is_lost() && self.routes.get(route) == Some(&Target::Id(now.target.clone())))
    }

    /// Whether a route is this resource's, or points to something that is.
    pub(super) fn is_known(&self, route: &RouteKey, now: &Target) -> bool {
        self.is_ours(now) || self.desired.recorded.routes.contains(route) || self.leads_nowhere(route)
    }

    /// The conflict of a route that has a foreign target and may not be taken over.
    pub(super) fn taken(&self, route: &RouteKey, now: &Target, key: &Key) -> Option<Conflict> {
        let Target::Id(target) = now else { return None };
        let allowed = self.is_known(route, now) || self.desired.take_over.contains(target);
        let (key, route, target) = (key.clone(), route.clone(), target.clone());
        (!allowed).then_some(Conflict::RouteTaken { key, route, target })
    }

    /// The routes that point to a gateway and that we may change.
    pub(super) fn routes_to(&self, target: &Target) -> Vec<RouteKey> {
        let leading = self.routes.iter().filter(|(_, leads_to)| *leads_to == target);
        leading.filter(|(route, _)| !self.is_stranded(route)).map(|(route, _)| route.clone()).collect()
    }

    fn is_stranded(&self, route: &RouteKey) -> bool {
        self.plan.stranded.iter().any(|(stranded, _)| stranded == route)
    }

    pub(super) fn push(&mut self, operation: Operation) {
        self.plan.operations.push(operation);
    }

    /// Notes what becomes of the traffic of a route, at the replacement of the gateway that it belongs to.
    pub(super) fn set_traffic(&mut self, route: &RouteKey, gateway: &Key, traffic: &Traffic) {
        let key = self.desired.routes().get(route).copied().unwrap_or(gateway).clone();
        if let Some(replacement) = self.plan.replacements.iter_mut().find(|replacement| replacement.key == key) {
            replacement.traffic = traffic.clone();
        }
    }

    /// The network of a gateway that is to be made: that of a gateway that it replaces, or of its route tables.
    pub(super) fn vpc_of(&self, key: &Key) -> Option<String> {
        let wanted = self.desired.gateways.get(key)?;
        if let Kind::RegionalManual { vpc, .. } | Kind::RegionalAutomatic { vpc } = &wanted.kind {
            return Some(vpc.clone());
        }
        let table = wanted.route_tables.iter().find_map(|table| self.observed.tables.get(table))?;
        Some(table.vpc.clone())
    }
}
