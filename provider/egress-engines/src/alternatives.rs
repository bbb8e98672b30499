//! Which engines do better what one does not do as it is meant.

use std::collections::BTreeMap;

use egress_model::policy::Path;

use crate::capability::Level;
use crate::compiled::Compiled;
use crate::engine_name::EngineName;
use crate::finding::{DecidedBy, Finding, Row};
use crate::registry::{ENGINES, GATEWAY_ENGINES};
use crate::settings::Settings;

/// The engines other than this one that do better with what a finding is about, by their columns of the capability table in their newest
/// version.
pub fn better_by_table(finding: &Finding, than: EngineName) -> Vec<EngineName> {
    if finding.decided_by == DecidedBy::Cluster {
        return Vec::new();
    }
    let newest = Settings::default();
    let policies = ENGINES.iter().filter(|engine| {
        let better = |row: &Row| matches!(row, Row::Policy(feature) if (engine.support)(*feature, &newest).level() < finding.level);
        finding.rows.iter().all(better)
    });
    let gateways = GATEWAY_ENGINES.iter().filter(|engine| {
        let better = |row: &Row| matches!(row, Row::Gateway(feature) if (engine.support)(*feature, &newest).level() < finding.level);
        finding.rows.iter().all(better)
    });
    let names = policies.map(|engine| engine.name).chain(gateways.map(|engine| engine.name));
    names.filter(|name| *name != than).collect()
}

/// Names in each finding of an engine the others that can do all of what was compiled and do this part better. The table alone cannot tell:
/// it knows neither the other parts nor the values.
pub fn name_engines_that_can(
    findings: &mut [Finding],
    engine: EngineName,
    compile: impl Fn(EngineName) -> Option<Compiled>,
) {
    let mut compiled: BTreeMap<EngineName, Option<Compiled>> = BTreeMap::new();
    for finding in findings {
        let mut engines = better_by_table(finding, engine);
        engines.retain(|engine| {
            let other = compiled.entry(*engine).or_insert_with(|| compile(*engine));
            let worse = |one: &Finding| {
                one.level == Level::Refused || one.level >= finding.level && meet(&one.path, &finding.path)
            };
            other.as_ref().is_some_and(|other| !other.findings.iter().any(worse))
        });
        finding.engines_that_can = engines;
    }
}

/// Whether one of two parts is a part of the other.
fn meet(one: &Path, other: &Path) -> bool {
    one.steps().starts_with(other.steps()) || other.steps().starts_with(one.steps())
}
