//! What a long task did, how each step ended, and where the time went.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what it was to do.
    Done,
    /// It could not run here, for the reason given.
    Skipped(String),
    /// It failed, for the reason given.
    Failed(String),
}

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    outcome: Outcome,
}

impl Timeline {
    /// Runs one step and remembers how it ended. An error counts as a failure and is printed at once.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<Outcome>) -> bool {
        println!("==> {name}");
        let started = Instant::now();
        let outcome = work().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        self.record(name, started.elapsed(), outcome)
    }

    /// Adds a step that ran elsewhere. Gives whether it did not fail.
    pub(crate) fn record(&mut self, name: &str, took: Duration, outcome: Outcome) -> bool {
        match &outcome {
            Outcome::Done => {}
            Outcome::Skipped(reason) => println!("    {name}: skipped: {reason}"),
            Outcome::Failed(reason) => println!("    {name}: FAILED: {reason}"),
        }
        let good = !matches!(outcome, Outcome::Failed(_));
        self.steps.push(Step { name: name.to_owned(), took, outcome });
        good
    }

    /// Whether any step failed.
    pub(crate) fn failed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }

    /// One line per step: seconds, name, and the first line of the reason if it did not run or failed.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let ending = match &step.outcome {
                Outcome::Done => String::new(),
                Outcome::Skipped(reason) => format!("  skipped: {}", reason.lines().next().unwrap_or_default()),
                Outcome::Failed(reason) => format!("  FAILED: {}", reason.lines().next().unwrap_or_default()),
            };
            let _ = writeln!(text, "{:>6} s  {}{ending}", step.took.as_secs(), step.name);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_what_was_skipped_and_what_failed() {
        let mut timeline = Timeline::default();
        assert!(timeline.record("build", Duration::from_secs(65), Outcome::Done));
        assert!(timeline.record("tofu", Duration::from_secs(1), Outcome::Skipped("no go".into())));
        assert!(!timeline.failed());
        assert!(!timeline.step("tests", || anyhow::bail!("two\nlines")));
        assert!(timeline.failed());
        assert_eq!(
            timeline.summary(),
            "    65 s  build\n     1 s  tofu  skipped: no go\n     0 s  tests  FAILED: two\n"
        );
    }
}
