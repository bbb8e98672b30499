//! Terraform provider for everything that decides how traffic leaves a Kubernetes cluster.

mod clouds;
mod data_sources;
mod duration;
mod functions;
mod provider;
mod resources;
mod session;

use std::process::ExitCode;
use std::sync::Arc;

use tfplugin::serve::{Plugin, run};

use crate::provider::Egress;

/// The crates whose log lines are written at the level that the user asks for. What other crates log below a warning may hold what
/// is secret, such as the body of a request.
const CRATES: [&str; 7] = [
    "terraform_provider_egress",
    "egress_model",
    "egress_engines",
    "egress_observability",
    "cloud",
    "cloud_aws",
    "cluster",
];

fn main() -> ExitCode {
    let plugin =
        Plugin { address: "registry.terraform.io/egress/egress", version: env!("CARGO_PKG_VERSION"), crates: &CRATES };
    run(plugin, || Arc::new(Egress::new()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// A cloud that is added logs too.
    #[test]
    fn every_crate_of_the_provider_is_logged() {
        let page = include_str!("../../../docs/architecture.md");
        let arrows =
            page.lines().find_map(|line| line.strip_prefix("- `terraform-provider-egress` -> ")).expect("arrows");
        let crates = arrows.split(", ").map(|name| name.trim_matches('`').replace('-', "_"));
        let wanted: BTreeSet<String> = crates.filter(|name| name != "tfplugin").collect();
        let own = env!("CARGO_CRATE_NAME").to_owned();
        let logged: BTreeSet<String> = super::CRATES.into_iter().map(str::to_owned).collect();
        assert_eq!(logged, wanted.into_iter().chain([own]).collect());
    }
}
