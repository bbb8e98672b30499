//! The server, and the handle by which a test holds it.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

use crate::ec2::{Call, Caller, Ec2, Inventory, OutsideChange, Reply, SeededVpc};
use crate::error::ApiError;
use crate::faults::{Fault, Faults, HeldCall, Hold, Resume};
use crate::log::LogEntry;
use crate::params::Params;
use crate::serve::serve;
use crate::settings::{Quotas, Settings, Timings};
use crate::shared::Shared;

/// How a server starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What can be set.
    pub settings: Settings,
    /// A file that gets each call as a line of JSON once it is answered.
    pub log_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), settings: Settings::default(), log_file: None }
    }
}

/// A running stand-in. It stops when dropped.
///
/// It runs on a thread of its own, so a test may block while a provider calls it. All methods return at once except
/// [`Server::wait_until_held`].
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts a server. Errors are those of the socket and the log file.
    pub fn start(config: Config) -> io::Result<Self> {
        let log_file = config.log_file.map(File::create).transpose()?;
        let shared = Arc::new(Shared::new(config.settings, log_file));
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(1).thread_name("stand-in").enable_all().build()?;
        let listener = std::net::TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, runtime: Some(runtime) })
    }

    /// The URL for clients, for example in `AWS_ENDPOINT_URL_EC2`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What exists now.
    pub fn inventory(&self) -> Inventory {
        let now = self.shared.now();
        self.shared.state().ec2.inventory(now)
    }

    /// The calls so far.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.state().log.clone()
    }

    /// Forgets the calls so far; the next has number 1.
    pub fn clear_log(&self) {
        self.shared.clear_log();
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.shared.state().ec2.settings().clone()
    }

    /// Changes how long things take from now on.
    pub fn set_timings(&self, timings: Timings) {
        self.change_settings(|settings| settings.timings = timings);
    }

    /// Changes how many there may be.
    pub fn set_quotas(&self, quotas: Quotas) {
        self.change_settings(|settings| settings.quotas = quotas);
    }

    fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut state = self.shared.state();
        let mut settings = state.ec2.settings().clone();
        change(&mut settings);
        state.ec2.set_settings(settings);
    }

    /// Puts these faults in the place of those before.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.state().faults = Faults(faults);
    }

    /// Has the first call that matches held; in the place of a hold that has not come about.
    pub fn hold(&self, hold: Hold) {
        self.shared.gate.arm(Some(hold));
    }

    /// Takes back a hold that has not come about.
    pub fn disarm(&self) {
        self.shared.gate.arm(None);
    }

    /// The call being held now.
    pub fn held(&self) -> Option<HeldCall> {
        self.shared.gate.held()
    }

    /// Blocks until a call is held, or the time is over.
    pub fn wait_until_held(&self, timeout: Duration) -> Option<HeldCall> {
        let deadline = Instant::now() + timeout;
        loop {
            let held = self.held();
            if held.is_some() || Instant::now() >= deadline {
                return held;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets the held call, and those that wait behind it, go on or be cut.
    pub fn resume(&self, resume: Resume) {
        self.shared.gate.resume(resume);
    }

    /// Makes a network ready to put NAT gateways into. Not a call of the API: no log, no fault, no quota.
    pub fn seed_vpc(&self, caller: &Caller) -> Result<SeededVpc, ApiError> {
        let now = self.shared.now();
        self.shared.state().ec2.seed_vpc(caller, now)
    }

    /// Calls the API as somebody else would: without log, faults and holds.
    pub fn call_outside(&self, caller: &Caller, action: &str, params: Params) -> Reply {
        let now = self.shared.now();
        let call = Call { caller: caller.clone(), action: action.to_owned(), params };
        self.shared.state().ec2.handle(&call, now)
    }

    /// Makes a change that no call could; false if there is no such object.
    pub fn change_outside(&self, caller: &Caller, change: OutsideChange) -> bool {
        let now = self.shared.now();
        self.shared.state().ec2.change_outside(caller, change, now)
    }

    /// Moves the stand-in's clock ahead.
    pub fn advance(&self, duration: Duration) {
        self.shared.advance(duration);
    }

    /// Empties the cloud; settings stay, faults, holds and the log do not.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// The whole cloud as it is, to come back to with [`Server::restore`].
    pub fn snapshot(&self) -> Ec2 {
        self.shared.state().ec2.clone()
    }

    /// Puts the cloud back to a snapshot; faults, holds and the log are gone, as after [`Server::reset`].
    pub fn restore(&self, snapshot: Ec2) {
        self.shared.reset();
        self.shared.state().ec2 = snapshot;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not by waiting: the drop may happen inside another runtime.
            runtime.shutdown_background();
        }
    }
}
