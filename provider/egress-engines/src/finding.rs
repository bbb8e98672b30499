//! What an engine makes of a part of a policy, and which engines make more of it.

use std::collections::BTreeMap;
use std::fmt;

use egress_model::policy::Path;

use crate::Compiled;

use crate::capability::{EngineName, Feature, GatewayFeature, Support};
use crate::settings::Settings;

/// How well an engine does what a part of a policy means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// As the model means it; said only where a user might wonder.
    Exact,
    /// Though not exactly so: the finding says what differs.
    Degraded,
    /// Not at all. Nothing is emitted then.
    Refused,
}

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
    /// The engines that do better.
    pub engines_that_can: Vec<EngineName>,
}

/// A row of a capability table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// Something that a policy can ask for.
    Policy(Feature),
    /// Something that a gateway can ask for.
    Gateway(GatewayFeature),
}

/// What a policy ([`Feature`]) or a gateway ([`GatewayFeature`]) can ask for: a row of a capability table.
pub trait Capability: Copy + Into<Row> {
    /// The engines other than this one that do better than a level with it, in their newest version.
    fn better_engines(self, level: Level, than: EngineName) -> Vec<EngineName>;
}

/// Keeps, of the engines that have a feature, those that can do all of what was compiled and do the part of each finding better. The table
/// alone cannot tell: it knows neither the other parts nor the values.
pub fn keep_engines_that_can(findings: &mut [Finding], compile: impl Fn(EngineName) -> Option<Compiled>) {
    let mut compiled: BTreeMap<EngineName, Option<Compiled>> = BTreeMap::new();
    for Finding { level, path, engines_that_can, .. } in findings {
        engines_that_can.retain(|engine| {
            let other = compiled.entry(*engine).or_insert_with(|| compile(*engine));
            let worse = |one: &Finding| one.level == Level::Refused || one.level >= *level && meet(&one.path, path);
            other.as_ref().is_some_and(|other| !other.findings.iter().any(worse))
        });
    }
}

/// Whether one of two parts is a part of the other.
fn meet(one: &Path, other: &Path) -> bool {
    one.steps().starts_with(other.steps()) || other.steps().starts_with(one.steps())
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
    engine: EngineName,
    support: fn(C, &Settings) -> Support,
    settings: &'a Settings,
    found: Vec<Finding>,
}

impl<'a, C: Capability> Findings<'a, C> {
    /// No findings yet, of the engine whose column of the capability table this is.
    pub fn new(engine: EngineName, support: fn(C, &Settings) -> Support, settings: &'a Settings) -> Self {
        Self { engine, support, settings, found: Vec::new() }
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
        let engines_that_can = feature.better_engines(level, self.engine);
        self.found.push(Finding { level, path, rows: vec![feature.into()], why: why.into(), engines_that_can });
    }

    /// Notes something that the cluster decides, and not the engine: no other does better.
    pub fn add_whatever_the_engine(&mut self, level: Level, path: Path, feature: C, why: impl Into<String>) {
        let rows = vec![feature.into()];
        self.found.push(Finding { level, path, rows, why: why.into(), engines_that_can: Vec::new() });
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
                (other.level, &other.path, &other.why) == (finding.level, &finding.path, &finding.why)
            };
            match once.iter_mut().find(same) {
                Some(other) => {
                    other.engines_that_can.retain(|engine| finding.engines_that_can.contains(engine));
                    let more = finding.rows.into_iter().filter(|row| !other.rows.contains(row)).collect::<Vec<_>>();
                    other.rows.extend(more);
                }
                None => once.push(finding),
            }
        }
        once
    }
}
