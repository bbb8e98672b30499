//! The engines, a folder each, with the same files in it as far as they apply: `policy`, `gateway`, `support`, `object`, `rules`,
//! `settings`. A new one is its folder, its module here, its name in `engine_name.rs` and its entry in `registry.rs`.

pub mod admin_network_policy;
pub mod aks;
pub mod antrea;
pub mod calico;
pub mod cilium;
pub mod cluster_network_policy;
pub mod eks;
pub mod gke;
pub mod istio;
pub mod kube_ovn;
pub mod linkerd;
pub mod network_policy;
pub mod ovn_kubernetes;
pub mod spidernet;
