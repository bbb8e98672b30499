//! The compilers: what they emit, and that this means what the model means.

mod antrea;
mod calico;
mod cases;
mod cilium;
mod companions;
mod emitted;
mod evaluator;
mod gateways;
mod generate;
mod golden;
mod guide;
mod istio;
mod istio_rules;
mod judges;
mod linkerd;
mod meaning;
mod order;
mod ovn_kubernetes;
mod rules;
mod schema;
mod settings;
mod spidernet;
mod tiers;
mod written;
