//! `cargo xtask demo`: the provider on a stand-in cloud and a real API server, without an account.
//!
//! The demonstration itself is a program of the acceptance tests, which know how to start both; here is what it needs.

use anyhow::{Context as _, bail};
use clap::Args;

use crate::environment;
use crate::timeline::Outcome;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Options of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Options {}

/// Builds the provider and the API server where they are not built yet, and runs the demonstration.
pub(crate) fn run(workspace: &Workspace, _options: &Options) -> anyhow::Result<()> {
    if let Some(folder) = environment::kubernetes_assets() {
        println!("==> API server in {}", folder.display());
    } else {
        println!("==> API server (the first time about 7 minutes; KUBEBUILDER_ASSETS names one that is there)");
        match tools::install(workspace, Tool::Kubernetes)? {
            Outcome::Done => {}
            Outcome::Skipped(reason) | Outcome::Failed(reason) => bail!("no API server: {reason}"),
        }
    }
    println!("==> provider (the first time about 10 minutes)");
    workspace.build_programs(&["terraform-provider-egress", "demo"])?;

    let hosts = environment::hosts(workspace);
    let host = hosts.first().context("there is no Terraform: put it on PATH or name it in TERRAFORM")?;
    println!("==> {}", host.version);
    let mut demo = std::process::Command::new(workspace.debug_binary("demo"));
    demo.envs(environment::variables(workspace, &hosts));
    let status = demo.status().context("cannot start the demonstration")?;
    if !status.success() {
        bail!("the demonstration failed: {status}");
    }
    Ok(())
}
