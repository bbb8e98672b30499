//! Domain names as Cilium's patterns.
//!
//! Sources: Cilium documentation, "DNS based" (layer 3 policies), "TLS SNI" (layer 7 policies); the CRDs of 1.17 (server names without
//! wildcards), 1.18 (with) and 1.19 (`**.` in `matchPattern`).

use egress_model::policy::{Depth, DomainPattern};

use super::object::FqdnSelector;
use crate::Settings;

/// Down to how many labels below a domain names are matched by a Cilium without `**.`.
pub(super) const DEPTH: usize = 6;

/// What matches the names of a pattern.
pub(super) fn selectors(pattern: &DomainPattern, settings: &Settings) -> Vec<FqdnSelector> {
    let base = pattern.base();
    match pattern.depth() {
        Depth::Exact => vec![FqdnSelector::Name(base.to_string())],
        Depth::AnyDepth if !settings.at_least(1, 19) => {
            (1..=DEPTH).map(|depth| FqdnSelector::Pattern(format!("{}{base}", "*.".repeat(depth)))).collect()
        }
        Depth::OneLabel | Depth::AnyDepth => vec![FqdnSelector::Pattern(pattern.to_string())],
    }
}

/// Whether every name of a pattern may be asked for.
pub(super) fn may_be_asked(pattern: &DomainPattern, queries: &[DomainPattern]) -> bool {
    let covers = |query: &DomainPattern| match (query.depth(), pattern.depth()) {
        (_, Depth::Exact) => query.matches(pattern.base()),
        (Depth::Exact, _) | (Depth::OneLabel, Depth::AnyDepth) => false,
        (Depth::OneLabel, Depth::OneLabel) => query.base() == pattern.base(),
        (Depth::AnyDepth, _) => query.base() == pattern.base() || query.matches(pattern.base()),
    };
    queries.is_empty() || queries.iter().any(covers)
}
