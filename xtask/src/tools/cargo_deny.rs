//! The checker of licences, bans and sources.

use std::path::Path;

use crate::process::run_logged;
use crate::timeline::Outcome;
use crate::workspace::Workspace;

/// The version that `deny.toml` is written for.
pub(super) const VERSION: &str = "0.20.2";

/// Installs it into `folder`, without optimisation: it runs for a second and is built for minutes.
pub(super) fn install(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    let mut command = workspace.cargo();
    command
        .args(["install", "--locked", "--debug", "--version", VERSION, "--root"])
        .arg(folder)
        .arg("cargo-deny")
        // The build is never needed again, and its folder would be larger than everything else.
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    run_logged("cargo-deny", &mut command, &workspace.logs.join("tool-cargo-deny.log"))?;
    Ok(Outcome::Done)
}
