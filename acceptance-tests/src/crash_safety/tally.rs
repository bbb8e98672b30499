//! What a matrix of points came to.

use std::fmt;
use std::time::{Duration, Instant};

/// What a matrix did.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// The calls of the undisturbed run.
    pub calls: usize,
    /// The disturbed runs.
    pub points: usize,
    /// The points that were left out.
    pub left_out: usize,
    /// The times that the same configuration was applied once more: at least once for each point.
    pub recovered: usize,
    /// Of these, those that began with something marked to be replaced.
    pub tainted: usize,
    /// Of these, those that had something to do.
    pub reapplied: usize,
    /// All of it.
    pub took: Duration,
    begun: Instant,
}

impl Tally {
    /// Of a run with so many calls; so many of the points are left out.
    pub(super) fn begin(calls: usize, left_out: usize) -> Self {
        Self {
            calls,
            points: 0,
            left_out,
            recovered: 0,
            tainted: 0,
            reapplied: 0,
            took: Duration::ZERO,
            begun: Instant::now(),
        }
    }

    pub(super) fn finish(mut self) -> Self {
        self.took = self.begun.elapsed();
        self
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.took / u32::try_from(self.points.max(1)).unwrap_or(u32::MAX);
        write!(
            f,
            "{} calls, {} points and {} left out, {} of {} recoveries had something to do, {} tainted an object, \
             {:.1} s, {each:.0?} a point",
            self.calls,
            self.points,
            self.left_out,
            self.reapplied,
            self.recovered,
            self.tainted,
            self.took.as_secs_f64()
        )
    }
}
