//! Reads what `cargo test -- --show-output` prints: counts, failures, and the reasons of tests that did not run.
//!
//! Rust's own harness knows no test that finds out while it runs that it cannot. One of ours prints `skipped: <reason>`
//! and returns, so it is counted as skipped and not as passed. The acceptance suite's harness does know them, and prints
//! `[skipped: <reason>]` before the name, or `ignored (<reason>)` behind it. What a suite took of what it could have tried, it says
//! at its end as `extent: <counts>`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a line of the output is worth to whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The line is shown as it comes.
    Now,
    /// The line is only in the log.
    InLog,
}

/// Which part of a test binary's output a line is in.
#[derive(Debug, Default, PartialEq, Eq)]
enum Part {
    /// One line per test.
    #[default]
    Progress,
    /// The output of the tests that passed; the test of the section.
    Successes(String),
    /// The output of the tests that failed, and their names.
    Failures,
}

/// The counts so far.
#[derive(Debug, Default)]
pub(crate) struct Results {
    passed: usize,
    failed: usize,
    ignored: usize,
    skipped_themselves: usize,
    failures: Vec<String>,
    reasons: BTreeMap<String, String>,
    extents: Vec<String>,
    binary: String,
    part: Part,
}

impl Results {
    /// Takes one line of output.
    pub(crate) fn read(&mut self, line: &str) -> Shown {
        let start = line.trim_start();
        if let Some(binary) = start.strip_prefix("Running ").or(start.strip_prefix("Doc-tests ")) {
            binary.split(" (").next().unwrap_or(binary).clone_into(&mut self.binary);
            self.part = Part::Progress;
            return Shown::Now;
        }
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.ignored += count(counts, "ignored");
            self.part = Part::Progress;
            return Shown::Now;
        }
        if let Some(extent) = line.strip_prefix("extent: ") {
            self.extents.push(extent.to_owned());
            return Shown::Now;
        }
        match line {
            "successes:" => self.part = Part::Successes(String::new()),
            "failures:" => self.part = Part::Failures,
            _ => {}
        }
        let named = |test: &str, binary: &str| format!("{test}  ({binary})");
        match &mut self.part {
            Part::Progress => {
                if let Some((name, ending)) = line.strip_prefix("test ").and_then(|test| test.split_once(" ... ")) {
                    let (reason, name) = reason_before_name(name);
                    let name = named(name.trim(), &self.binary);
                    if ending.ends_with("FAILED") {
                        self.failures.push(name);
                    } else if let Some(reason) = reason.or_else(|| reason_of_ignored(ending)) {
                        self.reasons.insert(name, reason.to_owned());
                    }
                    return Shown::Now;
                }
            }
            Part::Successes(test) => {
                if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
                    name.clone_into(test);
                } else if let Some(reason) = start.strip_prefix("skipped: ") {
                    let name = named(test, &self.binary);
                    if !self.reasons.contains_key(&name) {
                        self.skipped_themselves += 1;
                        self.reasons.insert(name, reason.to_owned());
                    }
                }
            }
            Part::Failures => return Shown::Now,
        }
        if line.starts_with("error") { Shown::Now } else { Shown::InLog }
    }

    /// Whether a test failed.
    pub(crate) fn failed(&self) -> bool {
        self.failed > 0
    }

    /// How many tests ran or said why they did not.
    pub(crate) fn total(&self) -> usize {
        self.passed + self.failed + self.ignored
    }

    /// The names of the failed tests, one a line.
    pub(crate) fn failures(&self) -> String {
        self.failures.iter().flat_map(|name| ["  ", name, "\n"]).collect()
    }

    /// The reasons for which tests did not run, each with its tests.
    pub(crate) fn skips(&self) -> String {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (test, reason) in &self.reasons {
            by_reason.entry(reason).or_default().push(test);
        }
        let mut text = String::new();
        for (reason, tests) in by_reason {
            let _ = writeln!(text, "  {reason}");
            for test in tests {
                let _ = writeln!(text, "    {test}");
            }
        }
        text
    }

    /// How much of what could have been tried was tried, one suite a line.
    pub(crate) fn extents(&self) -> String {
        self.extents.iter().flat_map(|extent| ["  ", extent, "\n"]).collect()
    }

    /// The closing line: `N passed, N failed, N skipped`.
    pub(crate) fn closing_line(&self) -> String {
        let passed = self.passed.saturating_sub(self.skipped_themselves);
        format!("{passed} passed, {} failed, {} skipped", self.failed, self.skipped_themselves + self.ignored)
    }
}

/// The reason and the name in `[skipped: reason] name`; the harness pads both.
fn reason_before_name(test: &str) -> (Option<&str>, &str) {
    match test.strip_prefix("[skipped: ").and_then(|rest| rest.split_once("] ")) {
        Some((reason, name)) => (Some(reason), name),
        None => (None, test),
    }
}

/// The reason in `ignored (reason)` or `ignored, reason`.
fn reason_of_ignored(ending: &str) -> Option<&str> {
    let rest = ending.strip_prefix("ignored")?;
    let inside = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    Some(inside.or(rest.strip_prefix(", ")).unwrap_or("no reason given"))
}

/// The number before `word` in a result line such as `ok. 3 passed; 0 failed; 1 ignored; ...`.
fn count(counts: &str, word: &str) -> usize {
    counts
        .split(['.', ';'])
        .filter_map(|part| part.trim().strip_suffix(word))
        .find_map(|number| number.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
     Running unittests src/lib.rs (target/debug/deps/a-1)

running 3 tests
test works ... ok
test needs_cluster ... ok
test breaks ... FAILED

successes:

---- needs_cluster stdout ----
skipped: no API server: KUBEBUILDER_ASSETS is not set
skipped: no API server: KUBEBUILDER_ASSETS is not set

---- works stdout ----
this line says skipped: but not at its start

successes:
    needs_cluster
    works

failures:

---- breaks stdout ----

thread 'breaks' (7) panicked at src/lib.rs:9:9:
left != right

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/acceptance/main.rs (target/debug/deps/acceptance-2)

running 3 tests
test                      pool applies    ... ok
test                      pool on tofu    ... ignored (no tofu on PATH)
test [skipped: no host]   pool is adopted ... ignored

test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
extent: 3 of 9 points
   Doc-tests a
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";

    #[test]
    fn a_test_that_skipped_itself_is_not_counted_as_passed() {
        let mut results = Results::default();
        for line in OUTPUT.lines() {
            results.read(line);
        }
        assert_eq!(results.closing_line(), "6 passed, 1 failed, 3 skipped");
        assert_eq!(results.total(), 10);
        assert!(results.failed());
        assert_eq!(results.extents(), "  3 of 9 points\n");
        assert_eq!(results.failures(), "  breaks  (unittests src/lib.rs)\n");
        assert_eq!(
            results.skips(),
            "  no API server: KUBEBUILDER_ASSETS is not set\n    needs_cluster  (unittests src/lib.rs)\n  \
             no host\n    pool is adopted  (tests/acceptance/main.rs)\n  \
             no tofu on PATH\n    pool on tofu  (tests/acceptance/main.rs)\n"
        );
    }

    #[test]
    fn progress_and_failures_are_shown_and_the_chatter_of_good_tests_is_not() {
        let mut results = Results::default();
        let mut shown = Vec::new();
        for line in OUTPUT.lines() {
            if results.read(line) == Shown::Now {
                shown.push(line);
            }
        }
        assert!(shown.contains(&"test works ... ok"));
        assert!(shown.contains(&"left != right"));
        assert!(!shown.iter().any(|line| line.starts_with("skipped:")));
    }

    #[test]
    fn an_ignored_test_has_a_reason_in_either_form() {
        assert_eq!(reason_of_ignored("ignored (why)"), Some("why"));
        assert_eq!(reason_of_ignored("ignored, why"), Some("why"));
        assert_eq!(reason_of_ignored("ignored"), Some("no reason given"));
        assert_eq!(reason_of_ignored("ok"), None);
    }
}
