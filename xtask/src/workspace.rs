//! Where things are: the repository, the target folder, the tools.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::process::run_logged;

/// The folders that every task works in. All paths are absolute.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// Where the tools of the test suite are installed; `EGRESS_TOOLS_DIR`, or `tools` in the target folder.
    pub(crate) tools: PathBuf,
    /// Where each step's output goes.
    pub(crate) logs: PathBuf,
}

impl Workspace {
    /// The workspace that Cargo runs this program in, or else the one that it was built from. The two differ where clones share
    /// what Cargo has built.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let run_in = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest_dir = run_in.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf());
        let root = manifest_dir.parent().context("the xtask crate has no parent folder")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => std::path::absolute(dir)?,
            None => root.join("target"),
        };
        let tools = match env::var_os("EGRESS_TOOLS_DIR") {
            Some(dir) => std::path::absolute(dir)?,
            None => target.join("tools"),
        };
        let logs = target.join("xtask-logs");
        Ok(Self { root, target, tools, logs })
    }

    /// A cargo command in this workspace.
    ///
    /// The toolchain that built this program is the one that the command uses. The target folder is handed on, because
    /// a relative `CARGO_TARGET_DIR` would mean another folder there.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).env("CARGO_TERM_COLOR", "never");
        command
    }

    /// Builds every program.
    ///
    /// All of them, and not only those that a task needs: Cargo unifies features over what one command selects, and each
    /// other selection would build what differs, and all that depends on it, once more.
    pub(crate) fn build_binaries(&self) -> anyhow::Result<()> {
        let log = self.logs.join("build-binaries.log");
        run_logged("build", self.cargo().args(["build", "--workspace", "--bins"]), &log)?;
        Ok(())
    }

    /// Builds these programs and what they need, with the features of [`Self::build_binaries`]: Cargo unifies them over the whole workspace
    /// also where it builds only a few of its programs.
    pub(crate) fn build_programs(&self, names: &[&str]) -> anyhow::Result<()> {
        let mut command = self.cargo();
        command.args(["build", "--workspace"]);
        for name in names {
            command.args(["--bin", name]);
        }
        run_logged("build", &mut command, &self.logs.join("build-programs.log"))?;
        Ok(())
    }

    /// A program that `cargo build` has put into the target folder.
    pub(crate) fn debug_binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A program that `cargo build --release` has put into the target folder.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}

/// The program of that name on PATH.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(&name)).find(|path| path.is_file())
}
