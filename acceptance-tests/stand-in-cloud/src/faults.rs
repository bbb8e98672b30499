//! What can be made to go wrong with a call, and where a call can be held.

use serde::{Deserialize, Serialize};

use crate::api::Kind;

/// Which calls are meant; an absent member means any. Calls are numbered from 1.
///
/// Without an action or a number, polls of long-running operations are not meant: how many there are depends on the clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// Only calls of this action.
    pub action: Option<String>,
    /// Only the call with this number among all calls since the log was cleared.
    pub call: Option<u64>,
    /// Only the call with this number among those of its action.
    pub nth: Option<u64>,
}

impl Matcher {
    /// Any call.
    pub fn any() -> Self {
        Self::default()
    }

    /// The calls of an action.
    pub fn action(action: &str) -> Self {
        Self { action: Some(action.to_owned()), ..Self::default() }
    }

    /// The call with this number.
    pub fn call(number: u64) -> Self {
        Self { call: Some(number), ..Self::default() }
    }

    /// The call with this number among those of an action.
    pub fn nth(action: &str, nth: u64) -> Self {
        Self { action: Some(action.to_owned()), nth: Some(nth), call: None }
    }

    /// Whether a call is meant.
    pub(crate) fn matches(&self, call: &Arrival) -> bool {
        let names_it = self.action.is_some() || self.call.is_some();
        self.action.as_ref().is_none_or(|own| *own == call.action)
            && self.call.is_none_or(|own| own == call.number)
            && self.nth.is_none_or(|own| own == call.nth)
            && (names_it || call.kind != Kind::Poll)
    }
}

/// A call that has arrived, as far as faults and holds go by it.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) action: String,
    pub(crate) kind: Kind,
    /// Its number among all calls.
    pub(crate) number: u64,
    /// Its number among those of its action.
    pub(crate) nth: u64,
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPhase {
    /// Nothing has happened in the cloud, and nothing will.
    BeforeCommit,
    /// What the call does is done; only its reply is lost.
    AfterCommit,
}

/// What the caller meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// This error, in the API's form.
    Error {
        /// The HTTP status, such as 503.
        status: u16,
        /// The code, such as `InternalError` or `RequestLimitExceeded`.
        code: String,
        /// The message.
        message: String,
    },
    /// The connection closes without a reply.
    Cut,
    /// The reply breaks off in the middle.
    Truncate,
    /// An HTML page with status 502, as a proxy sends.
    Garbage,
    /// Nothing but time.
    Delay {
        /// How long, in milliseconds.
        ms: u64,
    },
}

/// A fault: what happens to which calls, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which calls.
    pub at: Matcher,
    /// When.
    pub phase: FaultPhase,
    /// What.
    #[serde(flatten)]
    pub effect: Effect,
    /// How many calls it strikes before it is used up; absent: all.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that strikes once.
    pub fn once(at: Matcher, phase: FaultPhase, effect: Effect) -> Self {
        Self { at, phase, effect, times: Some(1) }
    }
}

/// The faults in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// The first fault for a call in a phase, which is used up by one.
    pub(crate) fn strike(&mut self, phase: FaultPhase, call: &Arrival) -> Option<Effect> {
        let live = |fault: &Fault| fault.times != Some(0) && fault.phase == phase && fault.at.matches(call);
        let fault = self.0.iter_mut().find(|fault| live(fault))?;
        fault.times = fault.times.map(|times| times - 1);
        Some(fault.effect.clone())
    }
}

/// Where a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldPhase {
    /// The call has arrived; nothing has happened.
    BeforeCommit,
    /// What the call does is done; its reply is not sent.
    AfterCommit,
    /// The reply is sent; calls that follow wait.
    AfterReply,
}

/// A call to be held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Which call; the first that matches.
    pub at: Matcher,
    /// Where.
    pub phase: HoldPhase,
}

/// A call that is being held. All other calls wait as long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCall {
    /// Its number.
    pub number: u64,
    /// Its action.
    pub action: String,
    /// Where it is held.
    pub phase: HoldPhase,
}

/// What becomes of the held call and of those that wait behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// They go on.
    Continue,
    /// Their connections close; what is not committed never will be.
    Cut,
}
