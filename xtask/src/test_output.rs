//! Reads what `cargo test -- --show-output` prints: counts, failures, and the reasons of tests that skipped themselves.
//!
//! The test harness knows no skipped test. One of ours that cannot run here prints `skipped: <reason>` and returns, so
//! it is counted as skipped and not as passed.

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

/// The counts so far.
#[derive(Debug, Default)]
pub(crate) struct Results {
    passed: usize,
    failed: usize,
    ignored: usize,
    failures: Vec<String>,
    skipped: BTreeMap<String, String>,
    binary: String,
    section: Option<String>,
}

impl Results {
    /// Takes one line of output.
    pub(crate) fn read(&mut self, line: &str) -> Shown {
        if let Some(binary) =
            line.trim_start().strip_prefix("Running ").or(line.trim_start().strip_prefix("Doc-tests "))
        {
            binary.clone_into(&mut self.binary);
            self.section = None;
            return Shown::Now;
        }
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.ignored += count(counts, "ignored");
            self.section = None;
            return Shown::Now;
        }
        if let Some(test) = line.strip_prefix("test ") {
            if let Some(name) = test.strip_suffix(" ... FAILED") {
                self.failures.push(format!("{name}  ({})", self.binary));
            }
            return Shown::Now;
        }
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.section = Some(name.to_owned());
        } else if let (Some(reason), Some(test)) = (line.trim_start().strip_prefix("skipped: "), &self.section) {
            self.skipped.entry(format!("{test}  ({})", self.binary)).or_insert_with(|| reason.to_owned());
        }
        if line.starts_with("error") || line.contains(" panicked at ") { Shown::Now } else { Shown::InLog }
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
        for (test, reason) in &self.skipped {
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

    /// The closing line: `N passed, N failed, N skipped`.
    pub(crate) fn closing_line(&self) -> String {
        let skipped = self.skipped.len();
        let passed = self.passed.saturating_sub(skipped);
        format!("{passed} passed, {} failed, {} skipped", self.failed, skipped + self.ignored)
    }
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
this line says skipped: but is not at its start

successes:
    needs_cluster
    works

failures:

---- breaks stdout ----

thread 'breaks' (7) panicked at src/lib.rs:9:9:
left != right

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests a
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";

    fn results() -> Results {
        let mut results = Results::default();
        for line in OUTPUT.lines() {
            results.read(line);
        }
        results
    }

    #[test]
    fn a_test_that_skipped_itself_is_not_counted_as_passed() {
        assert_eq!(results().closing_line(), "5 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn skips_are_told_by_reason_and_failures_by_name() {
        let results = results();
        assert!(results.failed());
        assert_eq!(results.failures(), "  breaks  (unittests src/lib.rs (target/debug/deps/a-1))\n");
        assert_eq!(
            results.skips(),
            "  no API server: KUBEBUILDER_ASSETS is not set\n    needs_cluster  (unittests src/lib.rs (target/debug/deps/a-1))\n"
        );
    }

    #[test]
    fn progress_is_shown_and_chatter_is_not() {
        let mut results = Results::default();
        assert_eq!(results.read("test works ... ok"), Shown::Now);
        assert_eq!(results.read("thread 'breaks' (7) panicked at src/lib.rs:9:9:"), Shown::Now);
        assert_eq!(results.read("some output"), Shown::InLog);
    }
}
