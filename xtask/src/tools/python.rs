//! Programs that come as Python packages, each in a virtual environment of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::Tool;
use crate::process::run_logged;
use crate::timeline::Outcome;
use crate::workspace::{Workspace, find_on_path};

/// Installs Terraform 1.15 and writes the program that runs it.
pub(super) fn terraform(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    let outcome = environment(workspace, Tool::Terraform115, folder)?;
    if outcome == Outcome::Done {
        let wrapper = fs::read_to_string(workspace.root.join("tools/terraform-1.15/terraform.py"))?;
        let program = folder.join("terraform");
        fs::write(&program, with_interpreter(&folder.join("venv/bin/python"), &wrapper))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    Ok(outcome)
}

/// Installs LocalStack with boto3 and the aws CLI.
pub(super) fn localstack(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    environment(workspace, Tool::Localstack, folder)
}

/// Makes a new virtual environment in `folder` with the packages that the repository pins for `tool`.
fn environment(workspace: &Workspace, tool: Tool, folder: &Path) -> anyhow::Result<Outcome> {
    let Some(python) = find_on_path("python3") else {
        return Ok(Outcome::Skipped("python3 is not on PATH".to_owned()));
    };
    let name = tool.name();
    let venv = folder.join("venv");
    let log = |step: &str| workspace.logs.join(format!("tool-{name}-{step}.log"));
    run_logged(name, Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv), &log("venv"))?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--requirement"])
        .arg(workspace.root.join("tools").join(name).join("requirements.txt"));
    run_logged(name, &mut pip, &log("pip"))?;
    Ok(Outcome::Done)
}

/// A Python program that starts by itself.
///
/// The kernel reads no interpreter path with spaces or of more than 127 bytes, so a shell finds it.
fn with_interpreter(python: &Path, program: &str) -> String {
    format!("#!/bin/sh\n''''exec '{}' \"$0\" \"$@\" #'''\n{program}", python.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_one_for_the_shell_and_for_python() {
        let Some(python) = find_on_path("python3") else {
            println!("skipped: python3 is not on PATH");
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("program");
        fs::write(&program, with_interpreter(&python, "import sys\nprint(sys.argv[1:])\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let output = crate::process::capture(Command::new(&program).args(["a b", "c"])).unwrap();
        assert_eq!(output, "['a b', 'c']\n");
    }
}
