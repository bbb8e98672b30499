//! Which real parts this machine has, and how much a run is to try. `cargo xtask test` builds what is missing and sets the variables.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why something cannot be used here, as a clause after `skipped:`.
pub type Missing = String;

/// How much of what could be tried is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every kind of thing, so that a run ends while somebody waits for it.
    Sample,
    /// All of it, which takes several times as long.
    Exhaustive,
}

/// All, if `EGRESS_EXHAUSTIVE` is set, as by `cargo xtask test --exhaustive`.
pub fn extent() -> Extent {
    if env::var_os("EGRESS_EXHAUSTIVE").is_some_and(|value| !value.is_empty()) {
        Extent::Exhaustive
    } else {
        Extent::Sample
    }
}

/// The provider binary: `EGRESS_PROVIDER_BINARY`.
pub fn provider_binary() -> Result<PathBuf, Missing> {
    program_in("EGRESS_PROVIDER_BINARY", "the provider binary")
}

/// The Terraform and OpenTofu programs: `TERRAFORM`, else `terraform` and `tofu` on `PATH`; then those of
/// `TERRAFORM_EXTRA_HOSTS`, separated as in `PATH`.
pub fn hosts() -> Vec<PathBuf> {
    let first = match env::var_os("TERRAFORM") {
        Some(program) => vec![PathBuf::from(program)],
        None => ["terraform", "tofu"].into_iter().filter_map(on_path).collect(),
    };
    let extra = env::var_os("TERRAFORM_EXTRA_HOSTS").unwrap_or_default();
    let mut hosts: Vec<PathBuf> = Vec::new();
    for program in first.into_iter().chain(env::split_paths(&extra)) {
        if program.is_file() && !hosts.contains(&program) {
            hosts.push(program);
        }
    }
    hosts
}

/// The folder with `kube-apiserver` and `etcd`: `KUBEBUILDER_ASSETS`.
pub fn kubernetes_assets() -> Result<PathBuf, Missing> {
    let folder = program_folder("KUBEBUILDER_ASSETS")?;
    match ["kube-apiserver", "etcd"].into_iter().find(|program| !folder.join(program).is_file()) {
        Some(program) => Err(format!("{} has no {program}", folder.display())),
        None => Ok(folder),
    }
}

/// The kubeconfig of an existing cluster that tests may use: `EGRESS_TEST_KUBECONFIG`. Not `KUBECONFIG`, which a developer may
/// have set to a cluster that people depend on.
pub fn test_kubeconfig() -> Result<Option<PathBuf>, Missing> {
    let Some(path) = env::var_os("EGRESS_TEST_KUBECONFIG").map(PathBuf::from) else { return Ok(None) };
    if path.is_file() {
        Ok(Some(path))
    } else {
        Err(format!("EGRESS_TEST_KUBECONFIG names {}, which is no file", path.display()))
    }
}

/// A LocalStack that runs already, such as one in a container: `EGRESS_LOCALSTACK_ENDPOINT`.
pub fn localstack_endpoint() -> Option<String> {
    env::var("EGRESS_LOCALSTACK_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty())
}

/// The virtual environment with LocalStack and the aws command line: `EGRESS_LOCALSTACK_VENV`.
pub fn localstack_venv() -> Result<PathBuf, Missing> {
    let folder = program_folder("EGRESS_LOCALSTACK_VENV")?;
    let python = folder.join("bin/python");
    if python.is_file() { Ok(folder) } else { Err(format!("{} has no bin/python", folder.display())) }
}

/// A program on `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// A command of a host, from which a developer's own settings are kept away: those of the host, such as `TF_CLI_ARGS`, and
/// those that point a provider to an account or a cluster.
pub fn host_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TF_") || text.starts_with("AWS_") || text == "KUBECONFIG" {
            command.env_remove(name);
        }
    }
    command
}

/// What a host says it is, such as `Terraform v1.11.4`. Warnings may come before it.
pub fn version(program: &Path) -> Option<String> {
    let output = host_command(program).arg("version").env("CHECKPOINT_DISABLE", "1").output().ok()?;
    let output = String::from_utf8(output.stdout).ok()?;
    let says = |line: &&str| ["Terraform v", "OpenTofu v"].iter().any(|product| line.starts_with(product));
    output.lines().map(str::trim).find(says).map(str::to_owned)
}

fn program_in(variable: &str, what: &str) -> Result<PathBuf, Missing> {
    let path = env::var_os(variable).map(PathBuf::from).ok_or_else(|| format!("no {what}: {variable} is not set"))?;
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("no {what}: {variable} names {}, which is no file", path.display()))
    }
}

fn program_folder(variable: &str) -> Result<PathBuf, Missing> {
    env::var_os(variable).map(PathBuf::from).ok_or_else(|| format!("{variable} is not set"))
}
