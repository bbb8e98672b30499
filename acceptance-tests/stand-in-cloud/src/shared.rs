//! What all connections of a server share.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::api::{Api, Description};
use crate::faults::{Arrival, Faults, Resume};
use crate::gate::Gate;
use crate::log::{LogEntry, Sent};

/// What changes while the server runs.
#[derive(Debug)]
pub(crate) struct State<A> {
    pub(crate) api: A,
    pub(crate) faults: Faults,
    pub(crate) log: Vec<LogEntry>,
    counts: BTreeMap<String, u64>,
    /// Grows when the log is cleared, so that calls still under way do not write into the new one.
    pub(crate) epoch: u64,
    /// Grows when the cloud is replaced, so that calls still under way do not happen in the new one.
    pub(crate) world: u64,
}

impl<A> State<A> {
    /// Counts a call and opens its log entry.
    pub(crate) fn arrive(&mut self, call: Description, now: Timestamp) -> Arrival {
        let nth = self.counts.entry(call.action.clone()).or_default();
        *nth += 1;
        let (nth, number) = (*nth, self.log.len() as u64 + 1);
        let arrival = Arrival { action: call.action.clone(), kind: call.kind, number, nth };
        self.log.push(LogEntry::arrived(call, number, nth, now));
        arrival
    }
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared<A> {
    state: Mutex<State<A>>,
    pub(crate) gate: Gate,
    started: (Instant, Timestamp),
    advanced: Mutex<Duration>,
    log_file: Option<Mutex<File>>,
    /// The URL for clients.
    pub(crate) endpoint: String,
}

impl<A: Api> Shared<A> {
    /// No call yet, from now on. The file gets each call once it is answered.
    pub(crate) fn new(api: A, endpoint: String, log_file: Option<File>) -> Self {
        let state =
            State { api, faults: Faults::default(), log: Vec::new(), counts: BTreeMap::new(), epoch: 0, world: 0 };
        Self {
            state: Mutex::new(state),
            gate: Gate::new(),
            started: (Instant::now(), Timestamp::now()),
            advanced: Mutex::default(),
            log_file: log_file.map(Mutex::new),
            endpoint,
        }
    }

    /// The state, for a moment. A panic elsewhere does not make it unusable.
    pub(crate) fn state(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stand-in's time: the machine's, moved ahead by what [`Self::advance`] was given.
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = *self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        let (instant, timestamp) = self.started;
        timestamp.checked_add(instant.elapsed() + ahead).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn advance(&self, duration: Duration) {
        *self.advanced.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }

    /// Completes a call's log entry.
    pub(crate) fn finish(&self, epoch: u64, number: u64, sent: Sent) {
        let mut state = self.state();
        if state.epoch != epoch {
            return;
        }
        let Some(entry) = usize::try_from(number - 1).ok().and_then(|at| state.log.get_mut(at)) else { return };
        entry.sent = sent;
        if let (Some(file), Ok(line)) = (&self.log_file, serde_json::to_string(entry)) {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // The log is a convenience: a full disk must not fail the calls that it tells of.
            let _ = writeln!(file, "{line}");
        }
    }

    pub(crate) fn clear_log(&self) {
        let mut state = self.state();
        state.log.clear();
        state.counts.clear();
        state.epoch += 1;
    }

    pub(crate) fn reset(&self) {
        self.gate.resume(Resume::Cut);
        self.clear_log();
        let mut state = self.state();
        state.api = A::new(state.api.settings());
        state.faults = Faults::default();
        state.world += 1;
    }
}
