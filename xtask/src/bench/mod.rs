//! `cargo xtask bench`: start-up, memory and large plans, beside other providers.

use std::path::PathBuf;

use clap::Args;

use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Another provider's binary to measure beside ours; may be given more than once.
    #[arg(long = "peer")]
    peers: Vec<PathBuf>,
}

/// Runs every measurement and prints one table.
pub(crate) fn run(_workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    for peer in &options.peers {
        anyhow::ensure!(peer.is_file(), "there is no provider at {}", peer.display());
    }
    anyhow::bail!("no measurement is defined yet")
}
