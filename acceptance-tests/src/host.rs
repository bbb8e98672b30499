//! A real host program in a folder of its own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::environment;

/// What `plan -detailed-exitcode` ends with when the plan is not empty.
const SOMETHING_TO_DO: i32 = 2;

/// A Terraform or OpenTofu program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    program: PathBuf,
    name: String,
    /// Whether it is Terraform, and its major and minor version.
    release: (bool, (u32, u32)),
}

/// A folder with a configuration, in which a host runs with a provider binary put in by `dev_overrides`.
#[derive(Debug)]
pub struct Workspace {
    host: Host,
    folder: TempDir,
    environment: Vec<(OsString, OsString)>,
}

/// What a run of the host printed, and how it ended.
#[derive(Debug)]
pub struct Run {
    /// The subcommand and its arguments.
    pub command: String,
    /// Standard output and standard error, one after the other.
    pub output: String,
    /// Whether it ended with 0.
    pub success: bool,
}

impl Host {
    /// The program, if it says what it is.
    pub fn at(program: &Path) -> Option<Self> {
        let line = environment::version(program)?;
        let (product, version) = line.split_once(" v")?;
        let mut numbers = version.split(['.', '-']).map_while(|part| part.parse().ok());
        let release = (product == "Terraform", (numbers.next()?, numbers.next()?));
        let name = format!("{} {version}", product.to_lowercase());
        Some(Self { program: program.to_owned(), name, release })
    }

    /// Every host on this machine.
    pub fn all() -> Vec<Self> {
        environment::hosts().iter().filter_map(|program| Self::at(program)).collect()
    }

    /// Its product and version, such as `terraform 1.11.4`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, as one types it: `terraform` or `tofu`.
    pub fn product(&self) -> &'static str {
        if self.is_terraform() { "terraform" } else { "tofu" }
    }

    /// Whether it imports by identity: Terraform since 1.12, OpenTofu since 1.12.
    pub fn imports_by_identity(&self) -> bool {
        self.release.1 >= (1, 12)
    }

    /// Whether it is Terraform and not OpenTofu.
    pub fn is_terraform(&self) -> bool {
        self.release.0
    }
}

impl Workspace {
    /// An empty folder for a host, where `address` (such as `acme/egress`, at the host's own registry) is this binary.
    ///
    /// A development override needs the file's name to be the provider's, so the folder gets a link of that name.
    pub fn new(host: &Host, address: &str, binary: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix("egress-acceptance-")?;
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins)?;
        let kind = address.rsplit('/').next().context("the provider address has no type")?;
        std::os::unix::fs::symlink(binary.canonicalize()?, plugins.join(format!("terraform-provider-{kind}")))?;
        let configuration = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n    {address:?} = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            plugins.display()
        );
        let cli = folder.path().join("cli.tfrc");
        fs::write(&cli, configuration)?;
        let mut workspace = Self { host: host.clone(), folder, environment: Vec::new() };
        workspace.set("TF_CLI_CONFIG_FILE", cli.as_os_str());
        workspace.set("TF_IN_AUTOMATION", "1");
        workspace.set("TF_INPUT", "0");
        workspace.set("CHECKPOINT_DISABLE", "1");
        Ok(workspace)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The host that runs in it.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Sets an environment variable of every run.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.environment.push((name.into(), value.as_ref().to_owned()));
    }

    /// Writes a file, such as `main.tf`, over what was there.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path().join(name), text).with_context(|| format!("cannot write {name}"))
    }

    /// Writes `main.tf.json`.
    pub fn write_json(&self, document: &Json) -> Result<()> {
        self.write("main.tf.json", &serde_json::to_string_pretty(document)?)
    }

    /// Runs a subcommand, whatever it ends with.
    pub fn run(&self, arguments: &[&str]) -> Result<Run> {
        let output = self.output_of(arguments)?;
        Ok(Run { command: arguments.join(" "), output: text(&output), success: output.status.success() })
    }

    /// Runs a subcommand that must succeed.
    pub fn succeed(&self, arguments: &[&str]) -> Result<Run> {
        let run = self.run(arguments)?;
        if !run.success {
            bail!("{}: {} failed:\n{}", self.host.name, run.command, run.output);
        }
        Ok(run)
    }

    /// Runs a subcommand that must fail.
    pub fn fail(&self, arguments: &[&str]) -> Result<Run> {
        let run = self.run(arguments)?;
        if run.success {
            bail!("{}: {} succeeded although it should have failed:\n{}", self.host.name, run.command, run.output);
        }
        Ok(run)
    }

    /// `apply` of what is written in the folder.
    pub fn apply(&self) -> Result<Run> {
        self.succeed(&["apply", "-auto-approve", "-no-color"])
    }

    /// `destroy` of everything.
    pub fn destroy(&self) -> Result<Run> {
        self.succeed(&["destroy", "-auto-approve", "-no-color"])
    }

    /// `plan`, as the host's JSON, with what it printed.
    pub fn plan(&self) -> Result<(Json, Run)> {
        let run = self.succeed(&["plan", "-no-color", "-out=plan.bin"])?;
        let shown = self.json(&["show", "-json", "plan.bin"])?;
        Ok((shown, run))
    }

    /// Fails with the plan's text unless the plan has nothing to do: no change of a resource or of an output.
    ///
    /// A host that says by itself that there is nothing is believed, which saves the process that shows the plan. When it sees
    /// something, that may be a move in the state alone, so the plan decides.
    pub fn expect_empty_plan(&self) -> Result<()> {
        let arguments = ["plan", "-no-color", "-detailed-exitcode", "-out=plan.bin"];
        let output = self.output_of(&arguments)?;
        let run = Run { command: arguments.join(" "), output: text(&output), success: output.status.success() };
        match output.status.code() {
            Some(0) => return Ok(()),
            Some(SOMETHING_TO_DO) => {}
            _ => bail!("{}: {} failed:\n{}", self.host.name, run.command, run.output),
        }
        let plan = self.json(&["show", "-json", "plan.bin"])?;
        let changes = changes(&plan);
        let outputs = plan["output_changes"].as_object().into_iter().flatten();
        let outputs: Vec<&String> = outputs.filter(|(_, change)| !is_no_op(change)).map(|(name, _)| name).collect();
        if !changes.is_empty() || !outputs.is_empty() {
            bail!("{}: the plan is not empty: {changes:?}, outputs {outputs:?}\n{}", self.host.name, run.output);
        }
        Ok(())
    }

    /// The state, as the host's JSON.
    pub fn state(&self) -> Result<Json> {
        self.json(&["show", "-json"])
    }

    /// The schemas of the providers that the folder names, as the host's JSON.
    pub fn schemas(&self) -> Result<Json> {
        self.json(&["providers", "schema", "-json"])
    }

    /// What `validate` says of the folder, as the host's JSON; it may be wrong.
    pub fn validation(&self) -> Result<Json> {
        let output = self.output_of(&["validate", "-json"])?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{}: validate did not print JSON:\n{}", self.host.name, text(&output)))
    }

    /// The value of an output.
    pub fn output(&self, name: &str) -> Result<Json> {
        self.json(&["output", "-json", name])
    }

    fn output_of(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = environment::host_command(&self.host.program);
        command
            .args(arguments)
            .current_dir(self.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.output().with_context(|| format!("cannot run {}", self.host.program.display()))
    }

    fn json(&self, arguments: &[&str]) -> Result<Json> {
        let output = self.output_of(arguments)?;
        if !output.status.success() {
            bail!("{}: {} failed:\n{}", self.host.name, arguments.join(" "), text(&output));
        }
        serde_json::from_slice(&output.stdout).with_context(|| {
            format!("{}: {} did not print JSON:\n{}", self.host.name, arguments.join(" "), text(&output))
        })
    }
}

/// The addresses of the resources that a plan changes, each with its actions, such as `delete create`.
pub fn changes(plan: &Json) -> Vec<(String, String)> {
    let resources = plan["resource_changes"].as_array().into_iter().flatten();
    resources
        .filter(|resource| !is_no_op(&resource["change"]))
        .map(|resource| {
            let actions = resource["change"]["actions"].as_array().into_iter().flatten();
            let actions: Vec<&str> = actions.filter_map(Json::as_str).collect();
            (resource["address"].as_str().unwrap_or_default().to_owned(), actions.join(" "))
        })
        .collect()
}

fn is_no_op(change: &Json) -> bool {
    change["actions"] == serde_json::json!(["no-op"])
}

/// A resource's attributes out of `show -json` of a state; null when it is not there.
pub fn attributes<'s>(state: &'s Json, address: &str) -> &'s Json {
    let resources = state["values"]["root_module"]["resources"].as_array().into_iter().flatten();
    resources
        .into_iter()
        .find(|resource| resource["address"] == address)
        .map_or(&Json::Null, |resource| &resource["values"])
}

fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// The text without line breaks and the frame around diagnostics, so that a sentence can be found in it.
pub fn unwrapped(output: &str) -> String {
    let lines = output.lines().map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim_end());
    lines.collect::<Vec<_>>().join(" ")
}
