//! Where rules let traffic to.
//!
//! Source: Cilium documentation, "Layer 3 Policies".

use egress_model::cidr::Cidr;
use egress_model::policy::{ClusterRanges, DomainPattern, Entity, Peers, Policy, Rule};
use ipnet::IpNet;

use super::object::{CidrRule, Destination, Entity as CiliumEntity, Service, ServiceName};
use super::{names, resolver, selector};
use crate::Settings;

/// Whether a rule is about asking the resolver, on its own ports.
pub(super) fn asks_resolver(rule: &Rule) -> bool {
    matches!(&rule.to, Peers::Entities(entities) if entities.contains(&Entity::Dns)) && rule.ports.is_empty()
}

/// Where a rule lets traffic to, but for asking the resolver.
pub(super) fn destinations(policy: &Policy, rule: &Rule, settings: &Settings) -> Vec<Destination> {
    match &rule.to {
        Peers::Pods { namespaces, pods } => vec![Destination::Endpoints(vec![selector::pods(namespaces, pods)])],
        Peers::Cidrs(set) => {
            let blocks = set.blocks().flat_map(|(cidr, except)| blocks(cidr, &except, settings));
            vec![Destination::CidrSet(blocks.collect())]
        }
        Peers::External => vec![external(&policy.cluster, settings)],
        Peers::Domains(patterns) => {
            let all = |pattern: &DomainPattern| names::selectors(pattern, settings);
            vec![Destination::Fqdns(patterns.iter().flat_map(all).collect())]
        }
        Peers::Services(services) => {
            let one = |service: &egress_model::policy::ServiceRef| Service {
                k8s_service: ServiceName {
                    namespace: service.namespace.to_string(),
                    service_name: service.name.to_string(),
                },
            };
            vec![Destination::Services(services.iter().map(one).collect())]
        }
        Peers::Entities(entities) => {
            let named: Vec<CiliumEntity> = entities.iter().flat_map(|entity| entity_names(*entity)).copied().collect();
            let named = (!named.is_empty()).then_some(Destination::Entities(named));
            let on_ports = entities.contains(&Entity::Dns) && !rule.ports.is_empty();
            let pods = on_ports.then(|| resolver::resolver_pods(policy));
            let caches = if on_ports { resolver::caches(policy) } else { Vec::new() };
            named.into_iter().chain(pods).chain(caches).collect()
        }
    }
}

fn entity_names(entity: Entity) -> &'static [CiliumEntity] {
    match entity {
        Entity::All => &[CiliumEntity::All],
        Entity::ApiServer => &[CiliumEntity::KubeApiserver],
        Entity::Nodes => &[CiliumEntity::Host, CiliumEntity::RemoteNode],
        // Not an entity of Cilium's.
        Entity::Dns => &[],
    }
}

/// Everything outside the cluster. Cilium's `world` is what is neither a pod nor a node; where the cluster's ranges are known, the
/// addresses in them that nothing has are left out too, as on every other engine.
fn external(cluster: &ClusterRanges, settings: &Settings) -> Destination {
    let internal = cluster.internal();
    if internal.is_empty() {
        return Destination::Entities(vec![CiliumEntity::World]);
    }
    let outside = |whole: Cidr| {
        let inside: Vec<_> = internal.iter().copied().filter(|range| whole.covers(range)).collect();
        blocks(whole, &inside, settings)
    };
    Destination::CidrSet([Cidr::ALL_IPV4, Cidr::ALL_IPV6].into_iter().flat_map(outside).collect())
}

/// A block without its exceptions. Before 1.19 a block of a whole address family stands for the other family too where the cluster
/// has only that one (`pkg/policy/api/cidr.go` of 1.17), which its halves do not.
fn blocks(cidr: Cidr, except: &[Cidr], settings: &Settings) -> Vec<CidrRule> {
    let whole = cidr.net();
    let parts: Vec<IpNet> = match whole.subnets(1) {
        Ok(halves) if whole.prefix_len() == 0 && !settings.at_least(1, 19) => halves.collect(),
        _ => vec![whole],
    };
    let left = parts.into_iter().filter(|part| !except.iter().any(|except| except.net().contains(part)));
    left.map(|part| {
        let inside = except.iter().filter(|except| part.contains(&except.net()));
        CidrRule { cidr: part.to_string(), except: inside.map(ToString::to_string).collect() }
    })
    .collect()
}
