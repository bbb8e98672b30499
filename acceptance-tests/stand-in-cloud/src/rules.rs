//! How it is said what a stand-in does like the real cloud: rule by rule, and from where that is known.

use serde::Serialize;

/// How sure a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// The vendor says so.
    Documented,
    /// Somebody saw the real cloud do it.
    Observed,
    /// Nobody that we know of has said or seen it; the harsher guess was taken.
    Assumed,
}

/// One rule of behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// A short name, unique; the test of the same name shows the rule.
    pub name: &'static str,
    /// What happens.
    pub behaviour: &'static str,
    /// How sure that is.
    pub mark: Mark,
    /// Where it is said or was seen; for an assumption, why it is likely.
    pub source: &'static str,
}

/// A rule, on one line of a list.
pub const fn rule(name: &'static str, mark: Mark, behaviour: &'static str, source: &'static str) -> Rule {
    Rule { name, behaviour, mark, source }
}
