//! What an engine makes of a part of a policy, and which engines make more of it.

use std::fmt;

use egress_model::policy::Path;

use crate::capability::{Feature, GatewayFeature, Level, Support};
use crate::engine_name::EngineName;
use crate::settings::Settings;

/// What an engine makes of a part of a policy or gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How well.
    pub level: Level,
    /// Which part.
    pub path: Path,
    /// The rows of the capability table that it is about.
    pub rows: Vec<Row>,
    /// What differs, or why it cannot be done.
    pub why: String,
    /// What it depends on.
    pub decided_by: DecidedBy,
    /// The engines that do better; none before [`crate::name_engines_that_can`].
    pub engines_that_can: Vec<EngineName>,
}

/// What decides how well a part is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// The engine: another one may do better.
    Engine,
    /// The cluster, whatever the engine.
    Cluster,
}

/// A row of a capability table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// Something that a policy can ask for.
    Policy(Feature),
    /// Something that a gateway can ask for.
    Gateway(GatewayFeature),
}

impl From<Feature> for Row {
    fn from(feature: Feature) -> Self {
        Self::Policy(feature)
    }
}

impl From<GatewayFeature> for Row {
    fn from(feature: GatewayFeature) -> Self {
        Self::Gateway(feature)
    }
}

/// A list as a finding has it: the first few, and how many more there are.
pub(crate) fn listed<T: fmt::Display>(all: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 5;
    let mut all = all.into_iter();
    let first: Vec<String> = all.by_ref().take(SHOWN).map(|one| one.to_string()).collect();
    match all.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The findings of one compilation for one engine.
#[derive(Debug)]
pub struct Findings<'a, C> {
    support: fn(C, &Settings) -> Support,
    settings: &'a Settings,
    found: Vec<Finding>,
}

impl<'a, C: Copy + Into<Row>> Findings<'a, C> {
    /// No findings yet, of the engine whose column of the capability table this is.
    pub fn new(support: fn(C, &Settings) -> Support, settings: &'a Settings) -> Self {
        Self { support, settings, found: Vec::new() }
    }

    /// Looks a feature up that a part of what is compiled needs, notes what differs, and says whether the part can be emitted.
    pub fn need(&mut self, path: Path, feature: C) -> bool {
        match (self.support)(feature, self.settings) {
            Support::Exact | Support::Needs(_) => true,
            Support::Degraded(how) | Support::DegradedOnce { differs: how, .. } => {
                self.add(Level::Degraded, path, feature, how);
                true
            }
            Support::Refused(why) => {
                self.add(Level::Refused, path, feature, why);
                false
            }
        }
    }

    /// Notes something that the table cannot know because it depends on the values themselves.
    pub fn add(&mut self, level: Level, path: Path, feature: C, why: impl Into<String>) {
        self.note(level, path, feature, why.into(), DecidedBy::Engine);
    }

    /// Notes something that the cluster decides, and not the engine: no other does better.
    pub fn add_whatever_the_engine(&mut self, level: Level, path: Path, feature: C, why: impl Into<String>) {
        self.note(level, path, feature, why.into(), DecidedBy::Cluster);
    }

    fn note(&mut self, level: Level, path: Path, feature: C, why: String, decided_by: DecidedBy) {
        let rows = vec![feature.into()];
        self.found.push(Finding { level, path, rows, why, decided_by, engines_that_can: Vec::new() });
    }

    /// Refuses a part.
    pub fn refuse(&mut self, path: Path, feature: C, why: impl Into<String>) {
        self.add(Level::Refused, path, feature, why);
    }

    /// All of them, each once. What several features of one part have in common, the engines can that do all of them.
    pub fn into_vec(self) -> Vec<Finding> {
        let mut once: Vec<Finding> = Vec::with_capacity(self.found.len());
        for finding in self.found {
            let same = |other: &&mut Finding| {
                (other.level, &other.path, &other.why, other.decided_by)
                    == (finding.level, &finding.path, &finding.why, finding.decided_by)
            };
            match once.iter_mut().find(same) {
                Some(other) => {
                    let more = finding.rows.into_iter().filter(|row| !other.rows.contains(row)).collect::<Vec<_>>();
                    other.rows.extend(more);
                }
                None => once.push(finding),
            }
        }
        once
    }
}
