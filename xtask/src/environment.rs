//! What the acceptance suite has to know of the machine it runs on.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::capture;
use crate::tools::Tool;
use crate::workspace::{Workspace, find_on_path};

/// A program that speaks Terraform's language and drives providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// The program.
    pub(crate) program: PathBuf,
    /// The line with product and version of what it prints for `version`.
    pub(crate) version: String,
}

impl Host {
    /// The host at `program`, if it answers.
    fn at(program: &Path) -> Option<Self> {
        let mut command = Command::new(program);
        // A developer's own settings, such as TF_CLI_ARGS, must not decide what it says.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TF_")) {
            command.env_remove(name);
        }
        let output = capture(command.arg("version").env("CHECKPOINT_DISABLE", "1")).ok()?;
        // Warnings about its own configuration come first on some hosts.
        let version = output
            .lines()
            .find(|line| ["Terraform v", "OpenTofu v"].iter().any(|start| line.starts_with(start)))?
            .trim()
            .to_owned();
        Some(Self { program: program.to_owned(), version })
    }
}

/// Every host there is: `TERRAFORM` or the one on PATH first, then `TERRAFORM_EXTRA_HOSTS`, then the installed ones.
pub(crate) fn hosts(workspace: &Workspace) -> Vec<Host> {
    let own = env::var_os("TERRAFORM").map(PathBuf::from).or_else(|| find_on_path("terraform"));
    let extra = env::var_os("TERRAFORM_EXTRA_HOSTS").unwrap_or_default();
    let installed = [Tool::Terraform115, Tool::Opentofu].into_iter().flat_map(|tool| tool.programs(workspace));
    let mut hosts: Vec<Host> = Vec::new();
    for program in own.into_iter().chain(env::split_paths(&extra)).chain(installed) {
        if !hosts.iter().any(|host| host.program == program) {
            hosts.extend(Host::at(&program));
        }
    }
    hosts
}

/// The folder with kube-apiserver, etcd and kubectl that the developer has, as `setup-envtest` fills it: `KUBEBUILDER_ASSETS`, if all is
/// there. kubectl may also be on PATH.
pub(crate) fn kubernetes_assets() -> Option<PathBuf> {
    let folder = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from)?;
    let has = |program: &str| folder.join(program).is_file();
    (has("kube-apiserver") && has("etcd") && (has("kubectl") || find_on_path("kubectl").is_some())).then_some(folder)
}

/// The environment variables that the acceptance suite reads, for what is there.
///
/// A variable that is set already wins, so that a developer can put another API server or host in.
pub(crate) fn variables(workspace: &Workspace, hosts: &[Host]) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("EGRESS_PROVIDER_BINARY", workspace.debug_binary("terraform-provider-egress").display().to_string()),
        ("EGRESS_STAND_IN", workspace.debug_binary("stand-in-cloud").display().to_string()),
        ("CHECKPOINT_DISABLE", "1".to_owned()),
        // Hosts and API servers are Go programs that live for seconds: collecting garbage less often saves a fifteenth of their time.
        ("GOGC", "400".to_owned()),
    ];
    if let [first, rest @ ..] = hosts {
        let extra: Vec<String> = rest.iter().map(|host| host.program.display().to_string()).collect();
        variables.push(("TERRAFORM", first.program.display().to_string()));
        variables.push(("TERRAFORM_EXTRA_HOSTS", extra.join(":")));
    }
    let installed = || Tool::Kubernetes.is_installed(workspace).then(|| Tool::Kubernetes.folder(workspace));
    if let Some(folder) = kubernetes_assets().or_else(installed) {
        variables.push(("KUBEBUILDER_ASSETS", folder.display().to_string()));
        // Behind the developer's own, for machines that have no kubectl.
        variables.push(("PATH", format!("{}:{}", env::var("PATH").unwrap_or_default(), folder.display())));
    }
    if Tool::EngineJudges.is_installed(workspace) {
        let program = Tool::EngineJudges.folder(workspace).join("engine-judges");
        variables.push(("EGRESS_ENGINE_JUDGES", program.display().to_string()));
    }
    if Tool::Promtool.is_installed(workspace) {
        let program = Tool::Promtool.folder(workspace).join("promtool");
        variables.push(("EGRESS_PROMTOOL", program.display().to_string()));
        let program = Tool::Promtool.folder(workspace).join("prometheus");
        variables.push(("EGRESS_PROMETHEUS", program.display().to_string()));
    }
    if Tool::Vmalert.is_installed(workspace) {
        let program = Tool::Vmalert.folder(workspace).join("vmalert");
        variables.push(("EGRESS_VMALERT", program.display().to_string()));
    }
    if Tool::Otelcol.is_installed(workspace) {
        let program = Tool::Otelcol.folder(workspace).join("otelcol");
        variables.push(("EGRESS_OTELCOL", program.display().to_string()));
    }
    if Tool::Localstack.is_installed(workspace) {
        let venv = Tool::Localstack.folder(workspace).join("venv");
        variables.push(("EGRESS_LOCALSTACK_VENV", venv.display().to_string()));
    }
    // The first three are made from what was set; for the others, what a developer set stays.
    let made_from_it = ["TERRAFORM", "TERRAFORM_EXTRA_HOSTS", "PATH"];
    variables.retain(|(name, _)| made_from_it.contains(name) || env::var_os(name).is_none());
    variables
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_host_is_recognised_behind_its_warnings() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("tofu");
        let says = "\nWarning: Unable to open CLI configuration file\n\nOpenTofu v1.12.6-dev\non linux_amd64";
        fs::write(&program, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(Host::at(&program).map(|host| host.version), Some("OpenTofu v1.12.6-dev".to_owned()));

        fs::write(&program, "#!/bin/sh\necho 'Something v1.0'\n").unwrap();
        assert_eq!(Host::at(&program), None);
    }
}
