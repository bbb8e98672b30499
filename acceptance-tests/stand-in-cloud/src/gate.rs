//! The gate that all calls pass, and that a held call closes behind itself.

use std::time::Duration;

use tokio::sync::watch;

use crate::faults::{Arrival, HeldCall, Hold, HoldPhase, Resume};

#[derive(Debug, Clone, Default)]
struct State {
    armed: Option<Hold>,
    /// Closed, with the held call once it is where it should be.
    closed: bool,
    held: Option<HeldCall>,
    /// How it was last opened.
    resume: Option<Resume>,
}

/// The gate.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<State>);

impl Gate {
    /// An open gate.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Arms the gate for a call to come; the last one counts.
    pub(crate) fn arm(&self, hold: Option<Hold>) {
        self.0.send_modify(|state| state.armed = hold);
    }

    /// The call being held.
    pub(crate) fn held(&self) -> Option<HeldCall> {
        self.0.borrow().held.clone()
    }

    /// Waits for a call to be held.
    pub(crate) async fn wait_until_held(&self, timeout: Duration) -> Option<HeldCall> {
        let mut receiver = self.0.subscribe();
        let held = receiver.wait_for(|state| state.held.is_some());
        tokio::time::timeout(timeout, held).await.ok()?.ok()?.held.clone()
    }

    /// Opens the gate.
    pub(crate) fn resume(&self, resume: Resume) {
        self.0.send_modify(|state| *state = State { resume: Some(resume), ..State::default() });
    }

    /// Whether calls must wait.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.borrow().closed
    }

    /// Waits as long as the gate is closed; false if the call is to be cut.
    pub(crate) async fn pass(&self) -> bool {
        let mut receiver = self.0.subscribe();
        if !receiver.borrow().closed {
            return true;
        }
        match receiver.wait_for(|state| !state.closed).await {
            Ok(state) => state.resume != Some(Resume::Cut),
            Err(_) => false,
        }
    }

    /// Closes the gate if it is armed for this call in this phase.
    pub(crate) fn close_for(&self, phase: HoldPhase, call: &Arrival) -> bool {
        self.0.send_if_modified(|state| {
            let meant = |hold: &mut Hold| hold.phase == phase && hold.at.matches(call);
            let closes = state.armed.take_if(meant).is_some();
            state.closed |= closes;
            closes
        })
    }

    /// Tells that the call which closed the gate is where it should be.
    pub(crate) fn announce(&self, held: HeldCall) {
        self.0.send_modify(|state| state.held = state.closed.then_some(held));
    }
}
