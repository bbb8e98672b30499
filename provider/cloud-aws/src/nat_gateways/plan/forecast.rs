//! What a plan can promise of what an apply gives. Pure.
//!
//! A plan is made again within the apply, of the same state and of whatever the world is then, and Terraform takes it for a bug when what
//! was known before is another or unknown. So what is promised follows from the state, from what the user wrote and from what cannot
//! change about a gateway, and not from what somebody could change between plan and apply. Where the world is no longer what the state
//! says, in a way that would break a promise, that is a [`Stale`] state, and nothing is done.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use egress_model::identity::Key;
use egress_model::nat_gateway::State;

use super::{Reason, reasons_to_replace};
use crate::nat_gateways::desired::{Desired, Gateway as Wanted, Kind, Open, RouteKey, Secondary};
use crate::nat_gateways::observed::{Address, Gateway, Mode, Observed, Status};

#[cfg(test)]
mod tests;

/// The gateway of a key as the state has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its public addresses, the primary first.
    pub addresses: Vec<String>,
    /// Its private addresses, in the same order.
    pub private_ips: Vec<Ipv4Addr>,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate<'a> {
    /// The gateway of the state stays.
    Kept(&'a Gateway),
    /// The gateway of the state gives way to another.
    Replaced(&'a Gateway),
    /// One or the other, by what is not known yet.
    Open(&'a Gateway),
    /// The state has none: one is made or adopted.
    Made,
}

/// A list of which all or some elements are known; `None` when not even its length is.
pub type List<T> = Option<Vec<Option<T>>>;

/// The addresses that a gateway will have, in the order in which the state lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Allocation ids.
    pub addresses: List<String>,
    /// What the internet sees.
    pub public_ips: List<Ipv4Addr>,
    /// What the network sees.
    pub private_ips: List<Ipv4Addr>,
}

/// How the world differs from the state, where a plan relies on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// The gateway of a key is not there any more.
    Gone {
        /// The key.
        key: Key,
        /// The gateway's id.
        gateway: String,
        /// What it is now, where it is still listed.
        now: Option<State>,
    },
    /// An address that stays has left the gateway, or came back with another private address.
    Address {
        /// The key.
        key: Key,
        /// The gateway's id.
        gateway: String,
        /// The allocation id, or the private address of a private gateway.
        address: String,
    },
}

/// The keys that there are to be.
pub fn keys(desired: &Desired) -> BTreeSet<&Key> {
    desired.gateways.keys().chain(desired.unknown.of.keys()).collect()
}

/// What becomes of a key.
pub fn fate<'a>(desired: &Desired, observed: &'a Observed, key: &Key) -> Fate<'a> {
    let recorded = desired.recorded.gateways.iter().filter(|(_, of)| *of == key);
    let live = |id: &String| observed.gateway(id).filter(|gateway| gateway.state.is_live());
    let Some(gateway) = recorded.into_iter().find_map(|(id, _)| live(id)) else { return Fate::Made };
    let open = desired.unknown.of.get(key);
    let Some(wanted) = desired.gateways.get(key).filter(|_| open.is_none_or(|open| open.kind_is_known)) else {
        return Fate::Open(gateway);
    };
    // Its primary address may be one of those that are not known yet.
    let may_fit = open.is_some_and(|open| open.addresses.is_none()) && only_by_addresses(gateway, wanted);
    match keeper(observed, key, &wanted.kind) {
        Some(keeper) if keeper.id == gateway.id => Fate::Kept(gateway),
        None if may_fit => Fate::Open(gateway),
        Some(_) | None => Fate::Replaced(gateway),
    }
}

fn only_by_addresses(gateway: &Gateway, wanted: &Wanted) -> bool {
    let reasons = reasons_to_replace(gateway, &wanted.kind);
    reasons.iter().all(|reason| matches!(reason, Reason::PrimaryLeaves(_)))
}

/// The gateway that a plan keeps for a key: the oldest that can become what is wanted.
fn keeper<'a>(observed: &'a Observed, key: &Key, wanted: &Kind) -> Option<&'a Gateway> {
    let live = observed.gateways.iter().filter(|gateway| gateway.key == *key && gateway.state.is_live());
    let fitting = live.filter(|gateway| reasons_to_replace(gateway, wanted).is_empty());
    fitting.min_by_key(|gateway| (gateway.created, &gateway.id))
}

/// The keys whose gateway this plan replaces; `None` while that is not known.
pub fn replacements(desired: &Desired, observed: &Observed) -> Option<BTreeSet<Key>> {
    if desired.unknown.gateways && !desired.recorded.gateways.is_empty() {
        return None;
    }
    let mut replaced = BTreeSet::new();
    for key in keys(desired) {
        match fate(desired, observed, key) {
            Fate::Open(_) => return None,
            Fate::Replaced(_) => _ = replaced.insert(key.clone()),
            Fate::Kept(_) | Fate::Made => {}
        }
    }
    Some(replaced)
}

/// The routes that there will be, with the key of the gateway that each goes to; `None` while that is not known.
pub fn routes(desired: &Desired) -> Option<BTreeMap<RouteKey, Key>> {
    let unknown = &desired.unknown;
    let open = unknown.gateways || unknown.destinations || unknown.of.values().any(|open| open.route_tables.is_none());
    (!open).then(|| known_routes(desired))
}

/// Those of the routes that are known.
pub fn known_routes(desired: &Desired) -> BTreeMap<RouteKey, Key> {
    let known = desired.routes().into_iter().map(|(route, key)| (route, key.clone()));
    let open = desired.unknown.of.iter().flat_map(|(key, open)| {
        let tables = open.route_tables.iter().flatten();
        tables.flat_map(move |table| {
            desired.destinations.iter().map(move |destination| ((table.clone(), destination.clone()), key.clone()))
        })
    });
    known.chain(open).collect()
}

/// The public addresses from which traffic will leave, sorted; `None` unless every one is known.
pub fn egress(desired: &Desired, observed: &Observed) -> Option<Vec<Ipv4Addr>> {
    let automatic = desired.gateways.values().any(|gateway| matches!(gateway.kind, Kind::RegionalAutomatic { .. }));
    let open = desired.unknown.of.values().any(|open| open.addresses.is_none());
    if desired.unknown.gateways || automatic || open {
        return None;
    }
    let ips = desired.addresses().into_iter().map(|id| observed.addresses.get(id)?.public_ip);
    let mut ips = ips.collect::<Option<Vec<Ipv4Addr>>>()?;
    ips.sort_unstable();
    Some(ips)
}

/// The addresses that the gateway of a key will have.
pub fn lists(desired: &Desired, observed: &Observed, known: Option<&Known>, key: &Key) -> Lists {
    let open = desired.unknown.of.get(key);
    if open.is_some_and(|open| !open.kind_is_known || open.addresses.is_none()) {
        return Lists::default();
    }
    let Some(kind) = desired.gateways.get(key).map(|gateway| &gateway.kind) else { return Lists::default() };
    let fate = fate(desired, observed, key);
    let kept = match fate {
        Fate::Kept(gateway) => Some((gateway, known)),
        Fate::Replaced(_) | Fate::Made => None,
        Fate::Open(_) => return Lists::default(),
    };
    match kind {
        Kind::Public { addresses, primary, private_ip, .. } => {
            let first = match kept {
                Some((gateway, _)) => gateway.primary().and_then(|address| address.allocation.clone()),
                None => primary.clone().or_else(|| addresses.first().filter(|_| addresses.len() == 1).cloned()),
            };
            let Some(first) = first else { return Lists::default() };
            let others = addresses.iter().filter(|id| **id != first).cloned();
            let ids: Vec<String> = std::iter::once(first.clone()).chain(others).collect();
            let private = |id: &String| match kept {
                Some((_, known)) => held(known, id),
                None => private_ip.filter(|_| *id == first),
            };
            let private_ips = ids.iter().map(private).collect();
            Lists { public_ips: public_ips(observed, &ids), private_ips: Some(private_ips), addresses: Some(all(ids)) }
        }
        Kind::Private { secondary, private_ip, .. } => {
            let private_ips = match kept {
                Some((_, Some(known))) => private_ips(secondary, &known.private_ips),
                Some((_, None)) => None,
                None => Some(made_private_ips(secondary, *private_ip)),
            };
            Lists { addresses: Some(Vec::new()), public_ips: Some(Vec::new()), private_ips }
        }
        Kind::RegionalManual { .. } => {
            let ids: Vec<String> = kind.addresses().into_keys().map(str::to_owned).collect();
            let same = |known: &&Known| known.addresses == ids && known.private_ips.len() == ids.len();
            let known = kept.and_then(|(gateway, known)| Some((gateway, known.filter(same)?)));
            // One that goes to another zone leaves the gateway and comes back.
            let stays = |gateway: &Gateway, id: &String| {
                let mut found = gateway.addresses.iter().filter(|address| address.allocation.as_ref() == Some(id));
                let wanted = kind.addresses().get(id.as_str()).copied().flatten();
                found.all(|address| address.zone.as_deref() == wanted)
            };
            let private = |(gateway, known): (&Gateway, &Known)| {
                ids.iter().map(|id| held(Some(known), id).filter(|_| stays(gateway, id))).collect()
            };
            Lists { private_ips: known.map(private), public_ips: public_ips(observed, &ids), addresses: Some(all(ids)) }
        }
        // AWS adds and takes addresses by itself.
        Kind::RegionalAutomatic { .. } => Lists::default(),
    }
}

fn all<T>(elements: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
    elements.into_iter().map(Some).collect()
}

fn public_ips(observed: &Observed, ids: &[String]) -> List<Ipv4Addr> {
    ids.iter().map(|id| Some(Some(observed.addresses.get(id)?.public_ip?))).collect()
}

/// The private address under which the state has a public one. A public address keeps it as long as it stays.
fn held(known: Option<&Known>, id: &str) -> Option<Ipv4Addr> {
    let known = known.filter(|known| known.addresses.len() == known.private_ips.len())?;
    known.addresses.iter().position(|address| address == id).map(|index| known.private_ips[index])
}

/// The private addresses of a private gateway that stays, from those that it has.
fn private_ips(secondary: &Secondary, has: &[Ipv4Addr]) -> List<Ipv4Addr> {
    let (primary, others) = has.split_first()?;
    match secondary {
        Secondary::Addresses(ips) => Some(all(std::iter::once(primary).chain(ips).copied())),
        Secondary::Count(count) if *count <= others.len() => {
            let mut others = others.to_vec();
            others.sort_unstable();
            others.truncate(*count);
            Some(all(std::iter::once(*primary).chain(others)))
        }
        Secondary::Count(count) => Some(std::iter::once(Some(*primary)).chain((0..*count).map(|_| None)).collect()),
    }
}

/// The private addresses of a private gateway that is made.
fn made_private_ips(secondary: &Secondary, primary: Option<Ipv4Addr>) -> Vec<Option<Ipv4Addr>> {
    let others: Vec<Option<Ipv4Addr>> = match secondary {
        Secondary::Addresses(ips) => ips.iter().copied().map(Some).collect(),
        Secondary::Count(count) => vec![None; *count],
    };
    std::iter::once(primary).chain(others).collect()
}

/// Where the world is no longer what the state says, of what a plan relies on.
pub fn stale(desired: &Desired, observed: &Observed, known: &BTreeMap<Key, Known>) -> Vec<Stale> {
    let wanted = keys(desired);
    let relied_on = known.iter().filter(|(key, _)| desired.unknown.gateways || wanted.contains(key));
    relied_on.flat_map(|(key, known)| stale_gateway(desired, observed, key, known)).collect()
}

fn stale_gateway(desired: &Desired, observed: &Observed, key: &Key, known: &Known) -> Vec<Stale> {
    let found = observed.gateway(&known.id);
    let Some(gateway) = found.filter(|gateway| gateway.state.is_live()) else {
        let now = found.map(|gateway| gateway.state.clone());
        return vec![Stale::Gone { key: key.clone(), gateway: known.id.clone(), now }];
    };
    let Fate::Kept(_) = fate(desired, observed, key) else { return Vec::new() };
    let Some(wanted) = desired.gateways.get(key) else { return Vec::new() };
    let stays = |address: &&Address| matches!(address.status, Status::Coming | Status::Succeeded);
    let staying = || gateway.addresses.iter().filter(stays);
    let differs = |address: String| Stale::Address { key: key.clone(), gateway: known.id.clone(), address };
    match &wanted.kind {
        Kind::Public { .. } | Kind::RegionalManual { .. } => {
            let wanted = wanted.kind.addresses();
            let promised = known.addresses.iter().filter(|id| wanted.contains_key(id.as_str()));
            let kept = |id: &&String| {
                let before = held(Some(known), id);
                let found = staying().find(|address| address.allocation.as_ref() == Some(*id));
                found.is_some_and(|address| before.is_none() || address.private_ip == before)
            };
            promised.filter(|id| !kept(id)).map(|id| differs(id.clone())).collect()
        }
        Kind::Private { secondary: Secondary::Count(_), .. } => {
            let has: BTreeSet<Ipv4Addr> = staying().filter_map(|address| address.private_ip).collect();
            let had: BTreeSet<Ipv4Addr> = known.private_ips.iter().copied().collect();
            has.symmetric_difference(&had).map(|ip| differs(ip.to_string())).collect()
        }
        Kind::Private { .. } | Kind::RegionalAutomatic { .. } => Vec::new(),
    }
}

/// What is wanted with the gateways of which something is unknown left as they are: from it follows what is certain.
#[must_use]
pub fn as_far_as_known(desired: &Desired, observed: &Observed) -> Desired {
    let mut known = desired.clone();
    let unknown = std::mem::take(&mut known.unknown);
    if unknown.gateways || unknown.destinations {
        known.destinations.extend(desired.recorded.routes.iter().map(|(_, destination)| destination.clone()));
    }
    let open: BTreeMap<Key, Open> = if unknown.gateways {
        desired.recorded.gateways.values().map(|key| (key.clone(), Open::default())).collect()
    } else {
        unknown.of
    };
    for (key, open) in open {
        let wanted = known.gateways.remove(&key);
        let tags = wanted.as_ref().map(|wanted| wanted.tags.clone()).unwrap_or_default();
        if let Fate::Kept(gateway) | Fate::Replaced(gateway) | Fate::Open(gateway) = fate(desired, observed, &key) {
            let named = wanted.map(|wanted| wanted.route_tables).unwrap_or_default();
            let route_tables = tables_of(gateway, &open, named, desired, observed);
            known.gateways.insert(key, Wanted { kind: kind_of(gateway), route_tables, tags });
        }
    }
    known
}

/// The tables that are to route to a gateway: where not all of these are known, those that do as well.
fn tables_of(
    gateway: &Gateway,
    open: &Open,
    named: BTreeSet<String>,
    desired: &Desired,
    observed: &Observed,
) -> BTreeSet<String> {
    let routing = || {
        let recorded = desired.recorded.routes.iter();
        let is_to_it = |route: &&RouteKey| observed.routes.get(*route).is_some_and(|now| now.target == gateway.id);
        recorded.filter(is_to_it).map(|(table, _)| table.clone()).chain(named).collect()
    };
    open.route_tables.clone().unwrap_or_else(routing)
}

/// What would make a gateway what it is.
fn kind_of(gateway: &Gateway) -> Kind {
    let subnet = || gateway.subnet.clone().unwrap_or_default();
    match gateway.mode {
        Mode::Public => {
            let addresses = gateway.addresses.iter().filter_map(|address| address.allocation.clone()).collect();
            Kind::Public { subnet: subnet(), private_ip: None, addresses, primary: None }
        }
        Mode::Private => {
            let secondary = Secondary::Count(gateway.addresses.len().saturating_sub(1));
            Kind::Private { subnet: subnet(), private_ip: None, secondary }
        }
        Mode::RegionalManual => {
            let mut zones: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for address in &gateway.addresses {
                if let (Some(zone), Some(id)) = (&address.zone, &address.allocation) {
                    zones.entry(zone.clone()).or_default().insert(id.clone());
                }
            }
            Kind::RegionalManual { vpc: gateway.vpc.clone(), zones }
        }
        Mode::RegionalAutomatic => Kind::RegionalAutomatic { vpc: gateway.vpc.clone() },
    }
}
