//! What is wrong with an object.

use std::fmt;

/// Something that is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `spec.egress[0].destination.domains`; empty for the object itself.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.path.is_empty() { "the object" } else { &self.path }, self.problem)
    }
}

/// What the check of one object gave.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the API server would refuse.
    pub violations: Vec<Violation>,
    /// Rules that could not be evaluated, with the reason.
    pub undecided: Vec<Violation>,
    /// How many evaluations of rules there were.
    pub evaluated: usize,
    /// How many rules are about changes of an object and so do not apply to its creation.
    pub transitions: usize,
}

impl Report {
    /// Whether the API server would surely take the object.
    pub fn accepts(&self) -> bool {
        self.violations.is_empty() && self.undecided.is_empty()
    }

    pub(crate) fn violation(&mut self, path: &str, problem: impl Into<String>) {
        self.violations.push(Violation { path: path.to_owned(), problem: problem.into() });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.violations.iter().chain(&self.undecided).map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
