//! The faults that a call meets in a matrix.

use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use super::points::RecordedCall;
use super::world::World;

/// A fault that a call meets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Throttled,
    Unavailable,
    ResetBeforeCommit,
    ResetAfterCommit,
    Slow,
}

impl Trouble {
    pub(super) const ALL: [Self; 5] =
        [Self::Throttled, Self::Unavailable, Self::ResetBeforeCommit, Self::ResetAfterCommit, Self::Slow];

    /// The fault, once, at a call.
    pub(super) fn at(self, call: &RecordedCall, world: &impl World) -> Fault {
        let (phase, effect) = match self {
            Self::Throttled => (FaultPhase::BeforeCommit, world.throttled()),
            Self::Unavailable => (FaultPhase::BeforeCommit, world.unavailable()),
            Self::ResetBeforeCommit => (FaultPhase::BeforeCommit, Effect::Cut),
            Self::ResetAfterCommit => (FaultPhase::AfterCommit, Effect::Cut),
            Self::Slow => (FaultPhase::AfterCommit, Effect::Delay { ms: 50 }),
        };
        Fault::once(Matcher::nth(&call.action, call.nth), phase, effect)
    }
}
