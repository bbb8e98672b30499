//! A folder with a configuration, and a host to run on it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value as Json;

/// A program that speaks to providers.
#[derive(Clone)]
pub(crate) struct Host {
    program: PathBuf,
    /// Major and minor version.
    version: (u32, u32),
    opentofu: bool,
}

impl Host {
    /// Reads the line that says product and version. Warnings about the host's own settings may come before it, which is
    /// why `version -json` is no help: OpenTofu writes them to the same output, and its JSON does not say the product.
    fn found(program: PathBuf) -> Option<Self> {
        let mut command = Command::new(&program);
        without_settings(&mut command);
        let output = command.arg("version").env("CHECKPOINT_DISABLE", "1").output().ok()?;
        let output = String::from_utf8(output.stdout).ok()?;
        let (opentofu, version) = output.lines().find_map(|line| {
            let products = [(false, "Terraform v"), (true, "OpenTofu v")];
            products.into_iter().find_map(|(opentofu, start)| Some((opentofu, line.strip_prefix(start)?)))
        })?;
        let mut parts = version.split('.').map_while(|part| part.parse().ok());
        Some(Self { version: (parts.next()?, parts.next()?), program, opentofu })
    }

    /// Whether it is a Terraform of at least this version.
    pub(crate) fn is_terraform(&self, minor: u32) -> bool {
        !self.opentofu && self.version >= (1, minor)
    }

    /// Whether it knows identities of resources.
    pub(crate) fn knows_identity(&self) -> bool {
        self.version >= (1, 12)
    }

    pub(crate) fn name(&self) -> String {
        let product = if self.opentofu { "OpenTofu" } else { "Terraform" };
        format!("{product} {}.{}", self.version.0, self.version.1)
    }
}

/// Keeps a developer's own settings of the host away from it.
fn without_settings(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TF_")) {
        command.env_remove(name);
    }
}

/// The hosts to run on that fit, each announced; the others are said to be skipped.
pub(crate) fn hosts(fits: impl Fn(&Host) -> bool, need: &str) -> Vec<Host> {
    let first = env::var_os("TERRAFORM").unwrap_or_else(|| OsString::from("terraform"));
    let more = env::var_os("TERRAFORM_EXTRA_HOSTS").unwrap_or_default();
    let programs = std::iter::once(PathBuf::from(first)).chain(env::split_paths(&more).filter(|p| p != Path::new("")));
    let mut hosts = Vec::new();
    for program in programs {
        match Host::found(program.clone()) {
            None => println!("skipped: {} is not a host that can be run here", program.display()),
            Some(host) if !fits(&host) => println!("skipped: {} has no {need}", host.name()),
            Some(host) => {
                println!("on {}", host.name());
                hosts.push(host);
            }
        }
    }
    hosts
}

/// Every host.
pub(crate) fn all_hosts() -> Vec<Host> {
    hosts(|_| true, "")
}

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    /// Both outputs, without the frames around messages.
    pub(crate) text: String,
}

impl Run {
    /// The run, which has to have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self
    }

    /// The run, which has to have failed.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.text);
        self
    }

    /// The run, whose output has to hold this text, wherever the host breaks its lines.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(unwrapped(&self.text).contains(&unwrapped(text)), "{text:?} is not in:\n{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        assert!(!unwrapped(&self.text).contains(&unwrapped(text)), "{text:?} is in:\n{}", self.text);
        self
    }
}

/// A path as a string of the language.
fn quoted(path: &Path) -> String {
    Json::from(path.to_str().unwrap()).to_string()
}

fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A folder with a configuration and a shelf.
pub(crate) struct Workspace {
    host: Host,
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Workspace {
    pub(crate) fn new(host: &Host) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::create_dir(folder.path().join("shelf")).unwrap();
        let plugin = bin.join(format!("terraform-provider-shelf{}", env::consts::EXE_SUFFIX));
        if fs::hard_link(crate::example::shelf(), &plugin).is_err() {
            fs::copy(crate::example::shelf(), &plugin).unwrap();
        }
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{ \"registry.terraform.io/example/shelf\" = {} }}\n  direct {{}}\n}}\n",
            quoted(&bin)
        );
        fs::write(folder.path().join("cli.tfrc"), overrides).unwrap();
        let workspace = Self { host: host.clone(), folder, variables: Vec::new() };
        let providers = format!(
            "terraform {{\n  required_providers {{\n    shelf = {{ source = \"registry.terraform.io/example/shelf\" }}\n  }}\n}}\n\n\
             provider \"shelf\" {{\n  directory = {}\n}}\n",
            quoted(&workspace.shelf())
        );
        workspace.write("providers.tf", &providers);
        workspace
    }

    pub(crate) fn shelf(&self) -> PathBuf {
        self.folder.path().join("shelf")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Sets a variable for every later run.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.host.program);
        without_settings(&mut command);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TF_CLI_CONFIG_FILE", self.path("cli.tfrc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().unwrap();
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).replace(['│', '╷', '╵'], "");
        let text = text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        Run { code: output.status.code(), text }
    }

    pub(crate) fn apply(&self) -> Run {
        self.run(&["apply", "-auto-approve", "-no-color"])
    }

    /// A plan that has to be empty.
    #[track_caller]
    pub(crate) fn nothing_to_do(&self) {
        let run = self.run(&["plan", "-no-color", "-detailed-exitcode"]);
        assert_eq!(run.code, Some(0), "the plan is not empty:\n{}", run.text);
    }

    /// The attributes of a resource in the state.
    #[track_caller]
    pub(crate) fn state_of(&self, address: &str) -> Json {
        let output = self.command(&["show", "-json"]).output().unwrap();
        let state: Json = serde_json::from_slice(&output.stdout).unwrap();
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        resources.into_iter().find(|r| r["address"] == address).map_or(Json::Null, |mut r| r["values"].take())
    }
}
