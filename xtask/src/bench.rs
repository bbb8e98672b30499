//! `cargo xtask bench`: start-up, memory and large plans, beside other providers.
//!
//! The measurements are a program of the acceptance tests, which have the client that does what a host does; here is
//! what it needs, built as it is released. How fast the compilers are is a bench of their crate, which needs no process.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use crate::environment;
use crate::process::run_logged;
use crate::timeline::{Outcome, Timeline};
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Another provider's binary to measure beside ours; may be given more than once.
    #[arg(long = "peer", value_name = "PATH")]
    peers: Vec<PathBuf>,
    /// What the measuring program takes beside that, such as smaller numbers for a quick look.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds the release and measures it. Fails when a target is missed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    for peer in &options.peers {
        ensure!(peer.is_file(), "there is no provider at {}", peer.display());
    }
    let mut timeline = Timeline::default();
    tools::install_into(&mut timeline, workspace, Tool::Kubernetes);
    let built = timeline.step("release build (the first time about 20 minutes)", || {
        let mut build = workspace.cargo();
        build.args(["build", "--release", "--bins"]);
        build.args(["--package", "terraform-provider-egress", "--package", "acceptance-tests"]);
        run_logged("build", &mut build, &workspace.logs.join("build-release.log"))?;
        Ok(Outcome::Done)
    });
    ensure!(built, "the release build failed");

    let hosts = environment::hosts(workspace);
    let mut bench = Command::new(workspace.release_binary("bench"));
    bench.envs(environment::variables(workspace, &hosts));
    bench.arg(workspace.release_binary("terraform-provider-egress"));
    for peer in &options.peers {
        bench.arg("--peer").arg(std::path::absolute(peer)?);
    }
    let measured = bench.args(&options.rest).status().context("cannot start the measurements")?;
    if !options.rest.iter().any(|argument| argument == "--only") {
        let mut compilers = workspace.cargo();
        compilers.args(["bench", "--quiet", "--package", "egress-engines", "--bench", "compile"]);
        let compiled = compilers.status().context("cannot measure the compilers")?;
        ensure!(compiled.success(), "the measurement of the compilers ended with {compiled}");
    }
    if !measured.success() {
        bail!("the measurements ended with {measured}");
    }
    Ok(())
}
