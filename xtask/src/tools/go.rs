//! Programs that exist as Go modules only.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::Tool;
use crate::process::run_shown;
use crate::timeline::Outcome;
use crate::workspace::{Workspace, find_on_path};

/// Linker flags that leave out the symbol table and debug information, which are half of these programs.
pub(super) const STRIPPED: &str = "-s -w";

/// Builds kube-apiserver, etcd and kubectl into `folder`.
pub(super) fn kubernetes(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    let flags = kubernetes_flags(&workspace.root)?;
    let programs = [
        ("etcd", "go.etcd.io/etcd/server/v3", STRIPPED),
        ("kubectl", "k8s.io/kubernetes/cmd/kubectl", &flags),
        ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", &flags),
    ];
    for (name, package, flags) in programs {
        let outcome = build(workspace, Tool::Kubernetes, package, flags, &folder.join(name))?;
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Done)
}

/// Builds tofu into `folder`.
pub(super) fn opentofu(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    build(workspace, Tool::Opentofu, "github.com/opentofu/opentofu/cmd/tofu", STRIPPED, &folder.join("tofu"))
}

/// Builds the program that asks the engines' own code into `folder`.
pub(super) fn engine_judges(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    build(workspace, Tool::EngineJudges, ".", STRIPPED, &folder.join("engine-judges"))
}

/// Builds vmalert into `folder`.
pub(super) fn vmalert(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    let package = "github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert";
    build(workspace, Tool::Vmalert, package, STRIPPED, &folder.join("vmalert"))
}

/// The build tag that leaves Prometheus' service discovery out, and with it the SDKs of a dozen clouds: rules are checked without.
pub(super) const NO_DISCOVERY: &str = "remove_all_sd";

/// Builds promtool and the server into `folder`.
pub(super) fn promtool(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    for name in ["promtool", "prometheus"] {
        let package = format!("github.com/prometheus/prometheus/cmd/{name}");
        let outcome = build_tagged(workspace, Tool::Promtool, &package, STRIPPED, NO_DISCOVERY, &folder.join(name))?;
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Done)
}

/// Builds the collector into `folder`.
pub(super) fn otelcol(workspace: &Workspace, folder: &Path) -> anyhow::Result<Outcome> {
    build(workspace, Tool::Otelcol, ".", STRIPPED, &folder.join("otelcol"))
}

/// Linker flags that tell kube-apiserver its version; clients cannot parse the one of a build without them.
pub(super) fn kubernetes_flags(root: &Path) -> anyhow::Result<String> {
    let path = root.join("tools/kubernetes/go.mod");
    let go_mod = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let version = required_version(&go_mod, "k8s.io/kubernetes")
        .with_context(|| format!("{} does not require k8s.io/kubernetes", path.display()))?;
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let package = "k8s.io/component-base/version";
    Ok(format!(
        "{STRIPPED} -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    ))
}

/// The version of `module` in the text of a go.mod.
fn required_version<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let line = line.trim().strip_prefix("require ").unwrap_or(line.trim());
        line.strip_prefix(module)?.strip_prefix(' ')?.split_whitespace().next()
    })
}

/// Builds one package of the module that pins `tool`.
fn build(workspace: &Workspace, tool: Tool, package: &str, flags: &str, output: &Path) -> anyhow::Result<Outcome> {
    build_tagged(workspace, tool, package, flags, "", output)
}

/// The same with a build tag, or none.
fn build_tagged(
    workspace: &Workspace,
    tool: Tool,
    package: &str,
    flags: &str,
    tag: &str,
    output: &Path,
) -> anyhow::Result<Outcome> {
    let Some(go) = find_on_path("go") else {
        return Ok(Outcome::Skipped("Go is not on PATH".to_owned()));
    };
    let name = output.file_name().map_or_else(|| tool.name().into(), OsStr::to_string_lossy);
    let mut command = Command::new(go);
    command
        .current_dir(tool.source(&workspace.root))
        // A workspace file above the clone must not decide what is built, and neither may the clone's git state.
        .env("GOWORK", "off")
        .env("GOFLAGS", "-mod=readonly -buildvcs=false")
        .args(["build", "-tags", tag, "-ldflags", flags, "-o"])
        .arg(output)
        .arg(package);
    run_shown(&name, &mut command, &workspace.logs.join(format!("tool-{name}.log")), doing)?;
    Ok(Outcome::Done)
}

/// What Go does that wrote this line a while ago: it names what it downloads, and compiles in silence.
fn doing(last: &str) -> String {
    if last.is_empty() || last.starts_with("go: downloading") { "compiling".to_owned() } else { last.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_required_version_is_found_in_both_forms_of_require() {
        let alone = "module m\nrequire k8s.io/kubernetes v1.37.2\nrequire (\n\tk8s.io/api v0.0.0 // indirect\n)\n";
        assert_eq!(required_version(alone, "k8s.io/kubernetes"), Some("v1.37.2"));
        assert_eq!(required_version(alone, "k8s.io/api"), Some("v0.0.0"));
        assert_eq!(required_version(alone, "k8s.io/kube"), None);
    }

    #[test]
    fn after_the_last_download_go_compiles() {
        assert_eq!((doing(""), doing("go: downloading k8s.io/api v0.37.2")), ("compiling".into(), "compiling".into()));
        assert_eq!(doing("main.go:1: syntax error"), "main.go:1: syntax error");
    }

    #[test]
    fn the_api_server_is_told_its_version() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let flags = kubernetes_flags(root).unwrap();
        assert!(flags.contains("version.gitMajor=1 "), "{flags}");
    }
}
