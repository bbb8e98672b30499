//! What each engine makes of manifests, written from the engine's own documentation and from nothing in the compilers: an
//! evaluator reads the JSON that an API server would.

mod admin_network_policy;
pub(crate) mod antrea;
pub(crate) mod calico;
mod cilium;
mod cluster_network_policy;
mod eks;
mod gke;
mod istio;
mod linkerd;
mod network_policy;
mod ovn_kubernetes;
mod tiers;

use egress_engines::settings::{IstioMode, IstioSettings, NetworkPolicyApiChannel, OvnKubernetesDns};
use egress_engines::{EngineName, Settings};
use egress_model::policy::verdict::{Flow, Pod};
use serde_json::Value;

/// Whether a flow from a pod passes where these are the only objects.
pub(crate) type Passes = dyn Fn(&[Value], &Pod, &Flow) -> bool;

/// One way in which an engine can be installed.
pub(crate) struct Installation {
    /// Whether a flow from a pod passes where these are the only objects.
    pub(crate) passes: Box<Passes>,
    /// What it is, for messages.
    pub(crate) what: String,
    /// Whether it answers as the model does also where a finding says that engines or installations differ.
    pub(crate) as_the_model: bool,
}

/// The installations of an engine on which its manifests are tried.
pub(crate) fn installations(engine: EngineName) -> Vec<Installation> {
    match engine {
        EngineName::Calico | EngineName::CalicoEnterprise => calico::installations(),
        EngineName::Cilium => cilium::installations(),
        EngineName::NetworkPolicy => network_policy::installations(),
        EngineName::Antrea => antrea::installations(),
        EngineName::Istio => istio::installations(),
        EngineName::Linkerd => linkerd::installations(),
        EngineName::ClusterNetworkPolicy => cluster_network_policy::installations(),
        EngineName::AdminNetworkPolicy => admin_network_policy::installations(),
        EngineName::OvnKubernetes => ovn_kubernetes::installations(),
        EngineName::Eks => eks::installations(),
        EngineName::Gke => gke::installations(),
        other => panic!("{other} has no evaluator"),
    }
}

/// The same for manifests that are compiled with these settings.
pub(crate) fn installations_with(engine: EngineName, settings: &Settings) -> Vec<Installation> {
    match (engine, settings.istio.mode) {
        (EngineName::Istio, IstioMode::Ambient) => istio::ambient::installations(),
        _ => installations(engine),
    }
}

/// The objects of a kind.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The settings with which an engine's manifests are tried.
pub(crate) fn settings(engine: EngineName) -> Vec<Settings> {
    let default = Settings::default;
    match engine {
        EngineName::ClusterNetworkPolicy | EngineName::AdminNetworkPolicy => {
            vec![default(), Settings { network_policy_api: NetworkPolicyApiChannel::Experimental, ..default() }]
        }
        EngineName::OvnKubernetes => {
            vec![default(), Settings { ovn_kubernetes_dns: OvnKubernetesDns::NameResolver, ..default() }]
        }
        EngineName::Istio => {
            let istio = IstioSettings { mode: IstioMode::Ambient, ..IstioSettings::default() };
            vec![default(), Settings { istio, ..default() }]
        }
        _ => vec![default()],
    }
}
