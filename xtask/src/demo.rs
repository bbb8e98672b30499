//! `cargo xtask demo`.

use clap::Args;

use crate::workspace::Workspace;

/// Options of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Options {}

/// Runs the demonstration.
pub(crate) fn run(_workspace: &Workspace, _options: &Options) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
