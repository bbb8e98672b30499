//! What each round of a plan does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use egress_model::identity::{Key, SHOWN_NAME_TAG};
use egress_model::nat_gateway::State;

use super::TakenOver;
use super::work::{Member, Phase, Role, Work};
use crate::nat_gateways::desired::{Kind, MAX_ADDRESSES, RouteKey, Secondary};
use crate::nat_gateways::observed::{RouteTable, Status};
use crate::nat_gateways::operation::{Operation, Target};

impl<'a> Work<'a> {
    /// Deletes gateways that never came to be. They hold nothing; they only stand in the list.
    pub(super) fn clean_up_failed(&mut self) {
        let failed = self.observed.gateways.iter().filter(|gateway| matches!(gateway.state, State::Dead { .. }));
        for gateway in failed {
            self.push(Operation::Delete { gateway: gateway.id.clone(), failed: true });
        }
    }

    /// Waits for what an earlier run has begun.
    pub(super) fn settle(&mut self) {
        let observed = self.observed;
        for gateway in &observed.gateways {
            let target = Target::Id(gateway.id.clone());
            let Some(member) = self.members.get_mut(&target) else { continue };
            let mut waits = Vec::new();
            if member.role == Role::Keeper && member.phase == Phase::Pending {
                member.phase = Phase::Available;
                waits.push(Operation::AwaitAvailable(target.clone()));
            }
            if member.phase == Phase::Available && !gateway.is_settled() {
                for address in gateway.addresses.iter().filter(|address| address.status == Status::Going) {
                    if let Some(id) = &address.allocation {
                        member.others.remove(id);
                    }
                    if address.private_ip.is_some_and(|ip| member.private_ips.remove(&ip)) {
                        member.private_count = member.private_count.saturating_sub(1);
                    }
                }
                waits.push(Operation::AwaitSettled(target));
            }
            self.plan.operations.extend(waits);
        }
    }

    /// Makes gateways for which what they need first can be had.
    pub(super) fn create(&mut self) {
        let mut made = Vec::new();
        for key in self.missing() {
            let Some((kind, primary)) = self.startable(key) else { continue };
            let tags = self.desired.tags_of_new(key);
            let member = Member::made(key, &kind, primary.clone(), self.vpc_of(key));
            self.push(Operation::Create { key: key.clone(), kind, primary, tags });
            self.members.insert(Target::Made(key.clone()), member);
            made.push(Target::Made(key.clone()));
        }
        for target in made {
            if let Some(member) = self.members.get_mut(&target) {
                member.phase = Phase::Available;
            }
            self.push(Operation::AwaitAvailable(target));
        }
    }

    /// What the gateway of a key can be made with now, and its primary address.
    fn startable(&self, key: &Key) -> Option<(Kind, Option<String>)> {
        let wanted = &self.desired.gateways.get(key)?.kind;
        if self.private_blocker(wanted).is_some() {
            return None;
        }
        match wanted {
            Kind::Public { subnet, private_ip, addresses, primary } => {
                let free: BTreeSet<String> = addresses.iter().filter(|id| self.is_free(id)).cloned().collect();
                let first = match primary {
                    Some(primary) => free.get(primary)?.clone(),
                    None => free.first()?.clone(),
                };
                let kind = Kind::Public {
                    subnet: subnet.clone(),
                    private_ip: *private_ip,
                    addresses: free,
                    primary: primary.clone(),
                };
                Some((kind, Some(first)))
            }
            Kind::RegionalManual { vpc, zones } => {
                let free = |ids: &BTreeSet<String>| -> BTreeSet<String> {
                    ids.iter().filter(|id| self.is_free(id)).cloned().collect()
                };
                let zones = zones.iter().map(|(zone, ids)| (zone.clone(), free(ids)));
                let zones: BTreeMap<_, _> = zones.filter(|(_, ids)| !ids.is_empty()).collect();
                (!zones.is_empty()).then(|| (Kind::RegionalManual { vpc: vpc.clone(), zones }, None))
            }
            Kind::Private { .. } | Kind::RegionalAutomatic { .. } => Some((wanted.clone(), None)),
        }
    }

    /// Adds addresses to gateways, as far as the addresses are free and there is room. Where the account's quota has refused
    /// one more, those that leave leave first.
    pub(super) fn grow(&mut self) {
        let mut changed = BTreeSet::new();
        for (target, member) in self.members.clone() {
            let Some(wanted) = self.wanted(&member) else { continue };
            let addresses = wanted.addresses();
            let mut room = match wanted {
                Kind::Public { .. } => {
                    let full = self.full(&target).map_or(MAX_ADDRESSES, |full| full.max(addresses.len()));
                    full.saturating_sub(member.count())
                }
                _ => usize::MAX,
            };
            let mut by_zone: BTreeMap<Option<&str>, BTreeSet<String>> = BTreeMap::new();
            for (id, zone) in addresses.into_iter().filter(|(id, _)| self.is_free(id)) {
                if room > 0 {
                    room -= 1;
                    by_zone.entry(zone).or_default().insert(id.to_owned());
                }
            }
            for (zone, addresses) in by_zone {
                let zone = zone.map(str::to_owned);
                if let Some(member) = self.members.get_mut(&target) {
                    member.others.extend(addresses.iter().map(|id| (id.clone(), zone.clone())));
                }
                // One change of its addresses at a time per gateway; several gateways change at the same time.
                if !changed.insert(target.clone()) {
                    self.push(Operation::AwaitSettled(target.clone()));
                }
                self.push(Operation::Associate { gateway: target.clone(), zone, addresses });
            }
            if let Kind::Private { secondary, .. } = wanted
                && self.assign(&target, &member, secondary)
            {
                changed.insert(target.clone());
            }
        }
        self.plan.operations.extend(changed.into_iter().map(Operation::AwaitSettled));
    }

    /// At how many addresses the account's quota has refused one more.
    fn full(&self, target: &Target) -> Option<usize> {
        match target {
            Target::Id(id) => self.observed.full.get(id).copied(),
            Target::Made(_) => None,
        }
    }

    fn assign(&mut self, target: &Target, member: &Member, secondary: &Secondary) -> bool {
        let room = MAX_ADDRESSES.saturating_sub(member.private_count + 1);
        let (secondary, ips, count) = match secondary {
            Secondary::Addresses(ips) => {
                let missing: BTreeSet<Ipv4Addr> = ips.difference(&member.private_ips).copied().take(room).collect();
                (Secondary::Addresses(missing.clone()), missing.clone(), member.private_count + missing.len())
            }
            Secondary::Count(count) => (Secondary::Count(*count), BTreeSet::new(), member.private_count.max(*count)),
        };
        if count == member.private_count {
            return false;
        }
        if let Some(member) = self.members.get_mut(target) {
            member.private_ips.extend(ips);
            member.private_count = count;
        }
        self.push(Operation::Assign { gateway: target.clone(), secondary });
        true
    }

    /// Notes the routes that carry traffic now and are deleted without a route in their table that takes it.
    pub(super) fn note_lost_routes(&mut self) {
        let deleted = self.plan.operations.iter().filter_map(|operation| match operation {
            Operation::DeleteRoute { route, .. } => Some(route),
            _ => None,
        });
        let lost = deleted.filter_map(|route| {
            let now = self.observed.routes.get(route).filter(|now| !now.blackhole)?;
            let target = self.observed.gateway(&now.target).filter(|gateway| gateway.state.is_live())?;
            let (table, destination) = route;
            let used = self.observed.tables.get(table).is_some_and(RouteTable::is_used);
            let mut left = self.routes.keys().filter(|(of, _)| of == table);
            let taken = left
                .any(|(_, other)| other.covers(destination) && !self.leads_nowhere(&(table.clone(), other.clone())));
            (used && !taken).then(|| (route.clone(), target.id.clone()))
        });
        self.plan.lost = lost.collect();
    }

    /// Points routes at the gateways that they should go to, once these carry traffic; then removes those that should not be.
    pub(super) fn route(&mut self) {
        let wanted = self.desired.routes();
        for (route, key) in &wanted {
            self.point(route, key);
        }
        for (route, now) in self.routes.clone() {
            if wanted.contains_key(&route) {
                continue;
            }
            if self.desired.recorded.routes.contains(&route) && (self.is_ours(&now) || self.leads_nowhere(&route)) {
                let of_table = wanted.iter().filter(|((table, _), _)| *table == route.0);
                let replaced = of_table.into_iter().all(|(other, key)| {
                    self.keeper(key).is_some_and(|(target, _)| self.routes.get(other) == Some(target))
                });
                if replaced {
                    self.routes.remove(&route);
                    self.push(Operation::DeleteRoute { route, from: now });
                }
                continue;
            }
            self.follow(route, &now);
        }
    }

    fn point(&mut self, route: &RouteKey, key: &Key) {
        let Some((gateway, keeper)) = self.keeper(key) else { return };
        if !keeper.carries() || !self.observed.tables.contains_key(&route.0) {
            return;
        }
        let gateway = gateway.clone();
        match self.routes.get(route).cloned() {
            Some(now) if now == gateway => return,
            None => self.push(Operation::CreateRoute { route: route.clone(), gateway: gateway.clone() }),
            Some(now) => {
                if let Some(conflict) = self.taken(route, &now, key) {
                    self.plan.conflicts.insert(conflict);
                    return;
                }
                if let (false, Target::Id(from)) = (self.is_known(route, &now), &now) {
                    let (key, route, from) = (key.clone(), route.clone(), from.clone());
                    self.plan.taken_over.push(TakenOver { route, from, key });
                }
                let (route, gateway) = (route.clone(), gateway.clone());
                self.push(Operation::ReplaceRoute { route, from: now, gateway });
            }
        }
        self.routes.insert(route.clone(), gateway);
    }

    /// A route that somebody else made to a gateway of ours goes where the gateway's successor is.
    fn follow(&mut self, route: RouteKey, now: &Target) {
        let detoured_from = self.detours.get(&route).cloned();
        let retiring = self.members.get(now).filter(|member| member.role == Role::Retiring);
        let Some(key) = detoured_from.or_else(|| retiring.map(|member| member.key.clone())) else { return };
        match self.keeper(&key) {
            Some((gateway, keeper)) if keeper.carries() => {
                let gateway = gateway.clone();
                self.detours.remove(&route);
                if gateway != *now {
                    self.routes.insert(route.clone(), gateway.clone());
                    self.push(Operation::ReplaceRoute { route, from: now.clone(), gateway });
                }
            }
            Some(_) => {}
            None if self.desired.gateways.contains_key(&key) => {}
            None => {
                if let Target::Id(id) = now {
                    self.plan.stranded.insert((route, id.clone()));
                }
            }
        }
    }

    /// Deletes gateways that have to go and to which no route points any more, and waits for those that are going.
    pub(super) fn retire(&mut self) {
        let idle: Vec<Target> = self
            .retiring()
            .filter(|(target, member)| member.phase == Phase::Deleting || self.routes_to(target).is_empty())
            .map(|(target, _)| target.clone())
            .collect();
        for target in &idle {
            self.delete(target);
        }
        for target in idle {
            self.await_deleted(target);
        }
    }

    pub(super) fn delete(&mut self, target: &Target) {
        if let (Target::Id(id), Some(member)) = (target, self.members.get_mut(target))
            && member.phase != Phase::Deleting
        {
            member.phase = Phase::Deleting;
            self.plan.operations.push(Operation::Delete { gateway: id.clone(), failed: false });
        }
    }

    pub(super) fn await_deleted(&mut self, target: Target) {
        self.members.remove(&target);
        if let Target::Id(id) = target {
            self.push(Operation::AwaitDeleted(id));
        }
    }

    /// Takes away addresses that a gateway should not have, as long as one stays.
    pub(super) fn shrink(&mut self) {
        let mut changed = Vec::new();
        for (target, member) in self.members.clone() {
            let Some(wanted) = self.wanted(&member) else { continue };
            let excess = excess(&member, wanted);
            if !excess.is_empty() && excess.len() < member.count() {
                self.disassociate(&target, excess);
                changed.push(target.clone());
            }
            let excess = excess_private(&member, wanted);
            if !excess.is_empty() {
                if let Some(member) = self.members.get_mut(&target) {
                    member.private_ips.retain(|ip| !excess.contains(ip));
                    member.private_count -= excess.len();
                }
                let drain = self.desired.drain;
                self.push(Operation::Unassign { gateway: target.clone(), addresses: excess, drain });
                changed.push(target);
            }
        }
        self.plan.operations.extend(changed.into_iter().map(Operation::AwaitSettled));
    }

    pub(super) fn disassociate(&mut self, target: &Target, addresses: BTreeSet<String>) {
        if let Some(member) = self.members.get_mut(target) {
            member.others.retain(|id, _| !addresses.contains(id));
        }
        let drain = self.desired.drain;
        self.push(Operation::Disassociate { gateway: target.clone(), addresses, drain });
    }

    /// Sets the tags of the gateways that stay.
    pub(super) fn tag(&mut self) {
        for gateway in &self.observed.gateways {
            let member = self.members.get(&Target::Id(gateway.id.clone()));
            if member.is_none_or(|member| member.role != Role::Keeper) {
                continue;
            }
            let mut wanted = self.desired.tags_of(&gateway.key);
            let recorded = &self.desired.recorded;
            let own = recorded.own_tags.get(&gateway.key);
            let set_before = || recorded.tags.iter().chain(own.into_iter().flatten());
            // The name that was given to it changes with the resource's; one of the user's that goes gives way to it.
            if gateway.shows_given_name() || set_before().any(|key| key == SHOWN_NAME_TAG) {
                let name = || self.desired.identity.shown_name(&gateway.key);
                wanted.entry(SHOWN_NAME_TAG.to_owned()).or_insert_with(name);
            }
            let remove: BTreeSet<String> = set_before()
                .filter(|key| gateway.tags.contains_key(*key) && !wanted.contains_key(*key))
                .cloned()
                .collect();
            let set: BTreeMap<String, String> =
                wanted.into_iter().filter(|(key, value)| gateway.tags.get(key) != Some(value)).collect();
            if !set.is_empty() || !remove.is_empty() {
                self.push(Operation::Tag { gateway: gateway.id.clone(), set, remove });
            }
        }
    }

    /// What is wanted of a gateway that stays and can be changed now.
    pub(super) fn wanted(&self, member: &Member) -> Option<&'a Kind> {
        let changeable = member.role == Role::Keeper && member.phase == Phase::Available;
        let desired = self.desired;
        changeable.then(|| desired.gateways.get(&member.key)).flatten().map(|gateway| &gateway.kind)
    }
}

/// The public addresses that a gateway has, in that place, but should not have.
pub(super) fn excess(member: &Member, wanted: &Kind) -> BTreeSet<String> {
    if matches!(wanted, Kind::RegionalAutomatic { .. }) {
        return BTreeSet::new();
    }
    let wanted = wanted.addresses();
    let others = member.others.iter().filter(|(id, zone)| match wanted.get(id.as_str()) {
        None => true,
        Some(place) => zone.is_some() && zone.as_deref() != *place,
    });
    others.map(|(id, _)| id.clone()).collect()
}

/// The secondary private addresses that a private gateway has but should not have. Of a count the highest leave.
fn excess_private(member: &Member, wanted: &Kind) -> BTreeSet<Ipv4Addr> {
    let Kind::Private { secondary, .. } = wanted else { return BTreeSet::new() };
    let has = member.private_ips.iter().copied().filter(|ip| member.primary_ip != Some(*ip));
    match secondary {
        Secondary::Addresses(ips) => has.filter(|ip| !ips.contains(ip)).collect(),
        Secondary::Count(count) => {
            let has: BTreeSet<Ipv4Addr> = has.collect();
            has.into_iter().rev().take(member.private_count.saturating_sub(*count)).collect()
        }
    }
}
