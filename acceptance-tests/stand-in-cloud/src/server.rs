//! The server, and the handle by which a test holds it.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

use crate::api::Api;
use crate::faults::{Fault, Faults, HeldCall, Hold, Resume};
use crate::log::LogEntry;
use crate::serve::serve;
use crate::shared::Shared;

/// How a server starts.
#[derive(Debug, Clone)]
pub struct Config<S> {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What can be set of its API.
    pub settings: S,
    /// A file that gets each call as a line of JSON once it is answered.
    pub log_file: Option<PathBuf>,
}

impl<S: Default> Default for Config<S> {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), settings: S::default(), log_file: None }
    }
}

/// A running stand-in of one API, or of several ([`crate::beside::Beside`]). It stops when dropped.
///
/// It runs on a thread of its own, so a test may block while a provider calls it. All methods return at once except
/// [`Server::wait_until_held`].
#[derive(Debug)]
pub struct Server<A: Api> {
    shared: Arc<Shared<A>>,
    runtime: Option<Runtime>,
}

impl<A: Api> Server<A> {
    /// Starts a server with an empty cloud. Errors are those of the socket and the log file.
    pub fn start(config: Config<A::Settings>) -> io::Result<Self> {
        let log_file = config.log_file.map(File::create).transpose()?;
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(1).thread_name("stand-in").enable_all().build()?;
        let listener = std::net::TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(A::new(config.settings), format!("http://{address}"), log_file));
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, runtime: Some(runtime) })
    }

    /// The URL for clients, for example in `AWS_ENDPOINT_URL_EC2`.
    pub fn endpoint(&self) -> String {
        self.shared.endpoint.clone()
    }

    /// Looks at the cloud, or changes it from outside, at its own time: without log, faults and holds.
    pub fn with<T>(&self, act: impl FnOnce(&mut A, Timestamp) -> T) -> T {
        let now = self.shared.now();
        act(&mut self.shared.state().api, now)
    }

    /// The calls so far.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.state().log.clone()
    }

    /// Forgets the calls so far; the next has number 1.
    pub fn clear_log(&self) {
        self.shared.clear_log();
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

    /// Moves the stand-in's clock ahead.
    pub fn advance(&self, duration: Duration) {
        self.shared.advance(duration);
    }

    /// Empties the cloud; settings stay, faults, holds and the log do not.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// The whole cloud as it is, to come back to with [`Server::restore`].
    pub fn snapshot(&self) -> A {
        self.shared.state().api.clone()
    }

    /// Puts the cloud back to a snapshot; faults, holds and the log are gone, as after [`Server::reset`].
    pub fn restore(&self, snapshot: A) {
        self.shared.reset();
        self.shared.state().api = snapshot;
    }
}

impl<A: Api> Drop for Server<A> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not by waiting: the drop may happen inside another runtime.
            runtime.shutdown_background();
        }
    }
}
