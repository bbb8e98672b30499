//! How scenarios become tests: one for each host, one on one of them, or one that says why it is skipped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use acceptance_tests::engine_definitions;
use acceptance_tests::environment::{self, Extent, Missing, extent};
use acceptance_tests::host::{Host, Workspace};
use acceptance_tests::kubernetes::ApiServer;
use acceptance_tests::localstack::LocalStack;
use anyhow::{Context as _, Result};
use libtest_mimic::{Failed, Trial};

/// The address under which the provider is put in.
pub(crate) const PROVIDER_ADDRESS: &str = "egress/egress";

/// What begins every configuration.
pub(crate) const REQUIRED_PROVIDERS: &str =
    "terraform {\n  required_providers {\n    egress = {\n      source = \"egress/egress\"\n    }\n  }\n}\n";

/// The tests so far.
pub(crate) struct Suite {
    hosts: Vec<Host>,
    provider: Result<PathBuf, Missing>,
    trials: Vec<Trial>,
    left_out: usize,
}

/// What a scenario needs beside the provider.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A host.
    Host,
    /// A host that imports by identity.
    HostWithIdentity,
    /// A host and an API server.
    Cluster,
    /// A host and an API server with the definitions of every engine.
    Engines,
    /// A host and a LocalStack.
    LocalStack,
}

impl Suite {
    pub(crate) fn new() -> Self {
        Self { hosts: Host::all(), provider: environment::provider_binary(), trials: Vec::new(), left_out: 0 }
    }

    /// Adds a scenario whose subject a host has part in, once for each: the life of a resource, what a host's language makes of a
    /// value, what a host shows, imports, moves.
    pub(crate) fn on_each_host(&mut self, name: &str, needs: Needs, run: fn(&Run) -> Result<()>) {
        self.scenario_on(self.hosts.clone(), name, needs, run);
    }

    /// Adds a scenario whose subject is the provider alone. A sample runs it on one host, which its name chooses, so that each host
    /// has about as many of them and a scenario always the same.
    pub(crate) fn on_one_host(&mut self, name: &str, needs: Needs, run: fn(&Run) -> Result<()>) {
        let mut hosts = self.hosts.clone();
        if extent() == Extent::Sample && !hosts.is_empty() {
            let chosen = name.bytes().map(usize::from).sum::<usize>() % hosts.len();
            self.left_out += hosts.len() - 1;
            hosts = vec![hosts.swap_remove(chosen)];
        }
        self.scenario_on(hosts, name, needs, run);
    }

    /// How often a scenario could have run on a further host.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }

    fn scenario_on(&mut self, hosts: Vec<Host>, name: &str, needs: Needs, run: fn(&Run) -> Result<()>) {
        if hosts.is_empty() {
            self.skip(name, "no host: put terraform on PATH or set TERRAFORM");
        }
        for host in hosts {
            let name = format!("{name} on {}", host.name());
            let missing = missing(needs, &host);
            match (missing, &self.provider) {
                (Some(missing), _) => self.skip(&name, &missing),
                (None, Err(missing)) => self.skip(&name, &missing.clone()),
                (None, Ok(binary)) => {
                    let binary = binary.clone();
                    self.trials.push(Trial::test(name, move || ended(run(&Run { host: &host, binary: &binary }))));
                }
            }
        }
    }

    /// Adds a test that needs no host but the provider binary.
    pub(crate) fn with_provider(&mut self, name: &str, run: fn(&Path) -> Result<()>) {
        match self.provider.clone() {
            Ok(binary) => self.trials.push(Trial::test(name, move || ended(run(&binary)))),
            Err(missing) => self.skip(name, &missing),
        }
    }

    /// Lists a test as skipped.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        let unreachable = || Err(Failed::from("a skipped test cannot be run"));
        self.trials
            .push(Trial::test(name, unreachable).with_kind(format!("skipped: {reason}")).with_ignored_flag(true));
    }

    pub(crate) fn into_trials(self) -> Vec<Trial> {
        self.trials
    }
}

fn missing(needs: Needs, host: &Host) -> Option<Missing> {
    match needs {
        Needs::Host => None,
        Needs::HostWithIdentity => {
            (!host.imports_by_identity()).then(|| format!("{} does not import by identity", host.name()))
        }
        Needs::Cluster => ApiServer::available().err(),
        Needs::Engines => engine_definitions::available().err(),
        Needs::LocalStack => LocalStack::available().err(),
    }
}

fn ended(result: Result<()>) -> Result<(), Failed> {
    result.map_err(|error| Failed::from(format!("{error:#}")))
}

/// One run of a scenario.
pub(crate) struct Run<'a> {
    /// The host.
    pub(crate) host: &'a Host,
    /// The provider binary.
    pub(crate) binary: &'a Path,
}

impl Run<'_> {
    /// A folder in which the host finds the provider.
    pub(crate) fn workspace(&self) -> Result<Workspace> {
        Workspace::new(self.host, PROVIDER_ADDRESS, self.binary)
    }
}

/// What all scenarios share, from the first one that needs it to [`stop_shared`]: an API server takes longer to start than most of
/// them to run.
struct Shared<T>(Mutex<Option<Arc<T>>>);

impl<T> Shared<T> {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn get(&self, start: fn() -> Result<T>) -> Result<Arc<T>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*shared {
            return Ok(Arc::clone(running));
        }
        let started = Arc::new(start()?);
        *shared = Some(Arc::clone(&started));
        Ok(started)
    }

    fn stop(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

static API_SERVER: Shared<ApiServer> = Shared::new();
static API_SERVER_WITH_ENGINES: Shared<ApiServer> = Shared::new();
static LOCALSTACK: Shared<LocalStack> = Shared::new();

/// Stops what the scenarios share. A process that ends drops no static.
pub(crate) fn stop_shared() {
    API_SERVER.stop();
    API_SERVER_WITH_ENGINES.stop();
    LOCALSTACK.stop();
}

/// One API server for all scenarios.
pub(crate) fn api_server() -> Result<Arc<ApiServer>> {
    API_SERVER.get(ApiServer::start).context("no API server")
}

const NO_ENGINES: &str = "no API server with the definitions of the engines";

/// One API server with the definitions of every engine for all scenarios.
pub(crate) fn api_server_with_engines() -> Result<Arc<ApiServer>> {
    API_SERVER_WITH_ENGINES.get(engine_definitions::api_server).context(NO_ENGINES)
}

/// The same for one scenario alone, whose objects are the whole cluster's and have names that it cannot choose.
pub(crate) fn own_server_with_engines() -> Result<Arc<ApiServer>> {
    engine_definitions::api_server().map(Arc::new).context(NO_ENGINES)
}

/// One LocalStack for all scenarios.
pub(crate) fn localstack() -> Result<Arc<LocalStack>> {
    LOCALSTACK.get(LocalStack::start).context("no LocalStack")
}
