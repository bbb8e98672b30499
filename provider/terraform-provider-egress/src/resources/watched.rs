//! Policies and gateways that are given to another resource as a whole, to watch them or to read their logs. Unknown values stop here.

pub(crate) mod schema;

use std::collections::{BTreeMap, BTreeSet};

use egress_engines::engines::istio::gateway::pod_labels;
use egress_engines::settings::IstioMode;
use egress_engines::{ENGINES, EngineName, GATEWAY_ENGINES};
use egress_model::identity::Key;
use egress_model::labels::{Labels, NamespaceName, ObjectName};
use egress_model::policy::DomainPattern;
use egress_observability::estate::{Dataplane, WatchedGateway, WatchedPolicy};

use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

/// The policies, without those that are not known yet.
pub(crate) fn policies(
    reading: &mut Reading,
    root: &Place<'_>,
    in_cluster: &InCluster,
) -> BTreeMap<Key, WatchedPolicy> {
    all(reading, root, "policies", |reading, place| policy(reading, place, in_cluster))
}

/// The gateways, without those that are not known yet.
pub(crate) fn gateways(
    reading: &mut Reading,
    root: &Place<'_>,
    in_cluster: &InCluster,
) -> BTreeMap<Key, WatchedGateway> {
    all(reading, root, "gateways", |reading, place| gateway(reading, place, in_cluster))
}

fn all<T>(
    reading: &mut Reading,
    root: &Place<'_>,
    name: &'static str,
    read: impl Fn(&mut Reading, &Place<'_>) -> Option<T>,
) -> BTreeMap<Key, T> {
    let mut all = BTreeMap::new();
    for (key, place) in reading.entries(root.field(name).as_ref()) {
        if let (Some(key), Some(one)) = (key_of(reading, key, &place), read(reading, &place)) {
            all.insert(key, one);
        }
    }
    all
}

/// Whether a part names anything, or may once it is known.
pub(crate) fn names_any(root: &Place<'_>, name: &'static str) -> bool {
    let is_any = |part: Place<'_>| part.value.is_unknown() || part.value.as_map().is_some_and(|all| !all.is_empty());
    root.field(name).is_some_and(is_any)
}

/// The key of something that is watched.
pub(crate) fn key_of(reading: &mut Reading, key: &str, place: &Place<'_>) -> Option<Key> {
    reading.keep(&place.path, key.parse::<Key>().map_err(|error| format!("Its key {error}")))
}

/// The engine of a policy or gateway, which is the provider's where it names none.
fn engine(reading: &mut Reading, place: &Place<'_>, in_cluster: &InCluster) -> Option<EngineName> {
    if place.field("engine").is_some_and(|engine| !reading.is_known(&engine)) {
        return None;
    }
    let Some(written) = in_cluster.engine_of(place.value) else {
        reading.complete = false;
        return None;
    };
    let policies = ENGINES.iter().map(|engine| engine.name);
    let mut known = policies.chain(GATEWAY_ENGINES.iter().map(|engine| engine.name));
    let found = known.find(|engine| engine.as_str() == written);
    let why = || format!("{written:?} is no engine of this version");
    reading.keep(&place.path.field("engine"), found.ok_or_else(why))
}

/// An attribute that each such resource has. Where it is null, what is given is another object, such as one whose misspelt words the
/// variable of a module has dropped: it is not passed over, or nobody would see that it is not watched.
fn given<'v, T>(
    reading: &mut Reading,
    place: &Place<'v>,
    name: &'static str,
    read: impl FnOnce(&mut Reading, &Place<'v>) -> Option<T>,
) -> Option<T> {
    if place.field(name).is_none() {
        reading.mistake(&place.path.field(name), "It is null; give the whole resource, such as egress_policy.backend");
    }
    reading.required(place, name, read)
}

fn policy(reading: &mut Reading, place: &Place<'_>, in_cluster: &InCluster) -> Option<WatchedPolicy> {
    let name = given(reading, place, "name", Reading::text::<ObjectName>);
    let namespace = reading.optional(place, "namespace", Reading::text::<NamespaceName>);
    let engine = engine(reading, place, in_cluster);
    let mut domains: BTreeSet<String> = BTreeSet::new();
    for (_, rule) in reading.entries(place.field("allow").as_ref()) {
        if let Some(names) = rule.field("to_domains") {
            let names = reading.texts::<DomainPattern>(&names);
            domains.extend(names.into_iter().flatten().map(|name| name.to_string()));
        }
    }
    let (name, namespace, engine) = (name?, namespace?, engine?);
    let is_one = namespace.is_some() && [EngineName::NetworkPolicy, EngineName::Gke].contains(&engine);
    Some(WatchedPolicy {
        engine,
        dataplane: match in_cluster.settings.istio.mode {
            IstioMode::Sidecar => Dataplane::Sidecar,
            IstioMode::Ambient => Dataplane::Ambient,
        },
        network_policies: if is_one { vec![name.clone()] } else { Vec::new() },
        name,
        namespace,
        // Two rules may name one host, in any order.
        domains: domains.iter().filter_map(|name| name.parse().ok()).collect(),
    })
}

fn gateway(reading: &mut Reading, place: &Place<'_>, in_cluster: &InCluster) -> Option<WatchedGateway> {
    let name = given(reading, place, "name", Reading::text::<ObjectName>);
    let namespace = given(reading, place, "namespace", Reading::text::<NamespaceName>);
    let engine = engine(reading, place, in_cluster);
    let (name, namespace, engine) = (name?, namespace?, engine?);
    let labels = match engine {
        EngineName::Istio => pod_labels(name.as_str(), in_cluster.settings.istio.mode),
        _ => BTreeMap::default(),
    };
    // A name is a label too.
    let pod_labels: Labels =
        labels.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value.parse().ok()?))).collect();
    Some(WatchedGateway { engine, name, namespace, pod_labels })
}
