//! What the tests run against, installed into one folder from the package registries, with no container runtime.

mod cargo_deny;
mod go;
mod python;
mod stamp;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::timeline::{Outcome, Timeline};
use crate::workspace::Workspace;

/// Options of `cargo xtask tools`.
#[derive(Args)]
pub(crate) struct Options {
    /// What to install.
    #[arg(value_enum, default_values_t = [Choice::All])]
    which: Vec<Choice>,
}

/// A tool, or all of them, on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    All,
    Kubernetes,
    Opentofu,
    #[value(name = "terraform-1.15")]
    Terraform115,
    Localstack,
    EngineJudges,
    Promtool,
    Vmalert,
    Otelcol,
    CargoDeny,
}

/// A tool that can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// kube-apiserver, etcd and kubectl.
    Kubernetes,
    /// The tofu program.
    Opentofu,
    /// Terraform 1.15, as a wrapper around a shared library.
    Terraform115,
    /// LocalStack's EC2, with boto3 and the aws CLI beside it.
    Localstack,
    /// The program that asks the engines' own code about emitted objects.
    EngineJudges,
    /// Prometheus' own checker of rules, and the server that runs them.
    Promtool,
    /// The runner of rules of `VictoriaMetrics`, which checks them too.
    Vmalert,
    /// An OpenTelemetry Collector of few components, which reads sample logs.
    Otelcol,
    /// The checker of licences, bans and sources.
    CargoDeny,
}

/// What the tests run against, slowest last so that an interrupted run leaves most of them.
pub(crate) const TEST_TOOLS: [Tool; 8] = [
    Tool::Terraform115,
    Tool::Localstack,
    Tool::Opentofu,
    Tool::Vmalert,
    Tool::Otelcol,
    Tool::Promtool,
    Tool::EngineJudges,
    Tool::Kubernetes,
];

impl Tool {
    /// The name on the command line, of its folder, and of its log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Opentofu => "opentofu",
            Self::Terraform115 => "terraform-1.15",
            Self::Localstack => "localstack",
            Self::EngineJudges => "engine-judges",
            Self::Promtool => "promtool",
            Self::Vmalert => "vmalert",
            Self::Otelcol => "otelcol",
            Self::CargoDeny => "cargo-deny",
        }
    }

    /// The folder of the repository that says what the tool is made from. The judges are our own program, so they are among the tests.
    pub(crate) fn source(self, root: &Path) -> PathBuf {
        match self {
            Self::EngineJudges => root.join("acceptance-tests/engine-judges"),
            _ => root.join("tools").join(self.name()),
        }
    }

    /// The folder that the tool is installed into.
    pub(crate) fn folder(self, workspace: &Workspace) -> PathBuf {
        workspace.tools.join(self.name())
    }

    /// The files that an installed tool consists of, as far as others start them.
    pub(crate) fn programs(self, workspace: &Workspace) -> Vec<PathBuf> {
        let names: &[&str] = match self {
            Self::Kubernetes => &["kube-apiserver", "etcd", "kubectl"],
            Self::Opentofu => &["tofu"],
            Self::Terraform115 => &["terraform"],
            Self::Localstack => &["venv/bin/python", "venv/bin/aws"],
            Self::EngineJudges => &["engine-judges"],
            Self::Promtool => &["promtool", "prometheus"],
            Self::Vmalert => &["vmalert"],
            Self::Otelcol => &["otelcol"],
            Self::CargoDeny => &["bin/cargo-deny"],
        };
        names.iter().map(|name| self.folder(workspace).join(name)).collect()
    }

    /// Whether every program of the tool is there, of whatever version.
    pub(crate) fn is_installed(self, workspace: &Workspace) -> bool {
        self.programs(workspace).iter().all(|program| program.is_file())
    }
}

/// Installs what is asked for and says what it could not install.
pub(crate) fn run(workspace: &Workspace, options: &Options) {
    let mut timeline = Timeline::default();
    for tool in TEST_TOOLS.into_iter().chain([Tool::CargoDeny]) {
        if options.which.iter().any(|choice| choice.covers(tool)) {
            install_into(&mut timeline, workspace, tool);
        }
    }
    print!("{}", timeline.summary());
    println!("tools are in {}", workspace.tools.display());
}

/// Installs `tool` as one step of `timeline`.
pub(crate) fn install_into(timeline: &mut Timeline, workspace: &Workspace, tool: Tool) {
    let name = tool.name();
    println!("==> {name}");
    let started = Instant::now();
    // What cannot be installed is not an error of this repository: the tests that need it say that they are skipped.
    let outcome = install(workspace, tool).unwrap_or_else(|error| Outcome::Skipped(format!("{error:#}")));
    timeline.record(name, started.elapsed(), outcome);
}

/// Installs `tool` unless what is there was made from the same inputs.
///
/// Two runs at once take turns. Gives [`Outcome::Skipped`] when the machine lacks what the installation needs.
pub(crate) fn install(workspace: &Workspace, tool: Tool) -> anyhow::Result<Outcome> {
    let folder = tool.folder(workspace);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let lock = File::create(folder.join(".lock"))?;
    lock.lock()?;
    let inputs = stamp::inputs(&workspace.root, tool, &folder)?;
    if stamp::matches(&folder, &inputs) && tool.is_installed(workspace) {
        return Ok(Outcome::Done);
    }
    let outcome = match tool {
        Tool::Kubernetes => go::kubernetes(workspace, &folder)?,
        Tool::Opentofu => go::opentofu(workspace, &folder)?,
        Tool::Terraform115 => python::terraform(workspace, &folder)?,
        Tool::Localstack => python::localstack(workspace, &folder)?,
        Tool::EngineJudges => go::engine_judges(workspace, &folder)?,
        Tool::Promtool => go::promtool(workspace, &folder)?,
        Tool::Vmalert => go::vmalert(workspace, &folder)?,
        Tool::Otelcol => go::otelcol(workspace, &folder)?,
        Tool::CargoDeny => cargo_deny::install(workspace, &folder)?,
    };
    if outcome == Outcome::Done {
        stamp::write(&folder, &inputs)?;
    }
    Ok(outcome)
}

impl Choice {
    /// Whether the choice means `tool`; `all` means what the tests need, since only `ci` runs the licence checker.
    fn covers(self, tool: Tool) -> bool {
        match self {
            Self::All => TEST_TOOLS.contains(&tool),
            Self::Kubernetes => tool == Tool::Kubernetes,
            Self::Opentofu => tool == Tool::Opentofu,
            Self::Terraform115 => tool == Tool::Terraform115,
            Self::Localstack => tool == Tool::Localstack,
            Self::EngineJudges => tool == Tool::EngineJudges,
            Self::Promtool => tool == Tool::Promtool,
            Self::Vmalert => tool == Tool::Vmalert,
            Self::Otelcol => tool == Tool::Otelcol,
            Self::CargoDeny => tool == Tool::CargoDeny,
        }
    }
}
