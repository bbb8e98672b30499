//! Terraform provider for everything that decides how traffic leaves a Kubernetes cluster.

mod duration;
mod provider;
mod resources;
mod session;

use std::process::ExitCode;
use std::sync::Arc;

use tfplugin::serve::{Plugin, run};

use crate::provider::Egress;

fn main() -> ExitCode {
    let plugin = Plugin { address: "registry.terraform.io/egress/egress", version: env!("CARGO_PKG_VERSION") };
    run(plugin, || Arc::new(Egress::new()))
}
