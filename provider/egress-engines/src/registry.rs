//! Every engine, and what is asked of all of them.

use std::sync::LazyLock;

use crate::engine::Engine;
use crate::engines;
use crate::entry::Entry;
use crate::gateway::GatewayEngine;

/// The engines, in the order of the guide.
pub(crate) const ENTRIES: &[Entry] = &[
    engines::network_policy::ENTRY,
    engines::cilium::ENTRY,
    engines::calico::ENTRY,
    engines::antrea::ENTRY,
    engines::spidernet::ENTRY,
    engines::aks::ENTRY,
    engines::kube_ovn::ENTRY,
    engines::istio::ENTRY,
    engines::cluster_network_policy::ENTRY,
    engines::admin_network_policy::ENTRY,
    engines::ovn_kubernetes::ENTRY,
    engines::eks::ENTRY,
    engines::gke::ENTRY,
    engines::linkerd::ENTRY,
];

/// The engines that policies can be compiled to.
pub static ENGINES: LazyLock<Vec<Engine>> =
    LazyLock::new(|| ENTRIES.iter().flat_map(|entry| entry.policies).copied().collect());

/// The engines that gateways can be compiled to.
pub static GATEWAY_ENGINES: LazyLock<Vec<GatewayEngine>> =
    LazyLock::new(|| ENTRIES.iter().flat_map(|entry| entry.gateways).copied().collect());

/// The engine that users call so, if it has a compiler.
pub fn engine(name: &str) -> Option<Engine> {
    ENGINES.iter().copied().find(|engine| engine.name.as_str() == name)
}

/// The engine that users call so, if it has a compiler of gateways.
pub fn gateway_engine(name: &str) -> Option<GatewayEngine> {
    GATEWAY_ENGINES.iter().copied().find(|engine| engine.name.as_str() == name)
}

/// The name in URLs of a kind that an engine emits: of some it does not follow from the kind.
pub fn plural(api_version: &str, kind: &str) -> Option<&'static str> {
    let policies = ENGINES.iter().flat_map(|engine| engine.kinds);
    let mut kinds = policies.chain(GATEWAY_ENGINES.iter().flat_map(|engine| engine.kinds));
    kinds.find(|other| (other.api_version, other.kind) == (api_version, kind)).map(|kind| kind.plural)
}

#[cfg(test)]
mod tests {
    use egress_model::labels::NamespaceName;

    use super::*;
    use crate::{Feature, Settings, Support};

    #[test]
    fn only_engines_with_policies_of_the_whole_cluster_have_namespaces_to_leave_alone() {
        for engine in ENGINES.iter() {
            let names = engine.own_namespaces;
            let has_scope =
                !matches!((engine.support)(Feature::ClusterScope, &Settings::default()), Support::Refused(_));
            assert!(has_scope || names.is_empty(), "{}", engine.name);
            assert!(names.is_sorted(), "{}", engine.name);
            for name in names {
                assert!(name.parse::<NamespaceName>().is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn a_kind_has_the_name_in_urls_that_its_engine_gives_it() {
        assert_eq!(plural("kubeovn.io/v1", "VpcEgressGateway"), Some("vpc-egress-gateways"));
        assert_eq!(plural("networking.k8s.io/v1", "NetworkPolicy"), Some("networkpolicies"));
        assert_eq!(plural("v1", "Pod"), None);
    }
}
