//! What ends the process, other than the host's own word.

use std::io;

/// Why to end in an orderly way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A person or a supervisor asked this process to.
    Terminated,
    /// The host died without a word.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix hands an orphan to another parent"))]
    Orphaned,
}

/// Whose life the process follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Master {
    /// The host that started it. An interrupt is the host's to handle: a terminal sends it to both.
    Host,
    /// The person who started it, in debug mode.
    Person,
}

/// The signals and the parent, watched from before the first call on.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Watch {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    master: Master,
    parent: u32,
}

#[cfg(unix)]
impl Watch {
    /// How often the parent is looked at. An orphan has nobody to answer: a second more costs nothing.
    const PARENT_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

    /// Takes over the signals. Needs a runtime.
    pub(crate) fn start(master: Master) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            master,
            parent: std::os::unix::process::parent_id(),
        })
    }

    /// Waits until there is a reason to end. May be called again, for the next reason.
    pub(crate) async fn next(&mut self) -> Ending {
        let mut parent = tokio::time::interval(Self::PARENT_INTERVAL);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Ending::Terminated,
                _ = self.interrupt.recv() => if self.master == Master::Person { return Ending::Terminated },
                _ = parent.tick(), if self.master == Master::Host => {
                    let now = std::os::unix::process::parent_id();
                    if now != self.parent {
                        self.parent = now;
                        return Ending::Orphaned;
                    }
                }
            }
        }
    }
}

/// The signals, watched from before the first call on.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Watch {
    interrupt: tokio::signal::windows::CtrlC,
    master: Master,
}

#[cfg(not(unix))]
impl Watch {
    /// Takes over the signals. Needs a runtime.
    pub(crate) fn start(master: Master) -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()?, master })
    }

    /// Waits until there is a reason to end. May be called again, for the next reason.
    pub(crate) async fn next(&mut self) -> Ending {
        loop {
            match self.interrupt.recv().await {
                Some(()) if self.master == Master::Person => return Ending::Terminated,
                Some(()) => {}
                None => std::future::pending().await,
            }
        }
    }
}
