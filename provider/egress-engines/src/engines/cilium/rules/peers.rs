//! Rules about destinations and sources.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::super::labels::unusable_in_a_policy;
use super::{Found, VALIDATION, given, items, numbered};

const PEERS: [&str; 14] = [
    "toEndpoints",
    "toCIDR",
    "toCIDRSet",
    "toEntities",
    "toFQDNs",
    "toServices",
    "toGroups",
    "toNodes",
    "fromEndpoints",
    "fromCIDR",
    "fromCIDRSet",
    "fromEntities",
    "fromGroups",
    "fromNodes",
];

const ENTITIES: [&str; 12] = [
    "all",
    "world",
    "cluster",
    "cluster-mesh",
    "host",
    "init",
    "ingress",
    "unmanaged",
    "remote-node",
    "health",
    "none",
    "kube-apiserver",
];

const LABELS: &str = "Cilium documentation, \"Limiting Identity-Relevant Labels\"";
const SELECTORS: &str = "Cilium 1.20, pkg/labels (ValidateLabelSelector)";
const NAMES: &str = "Cilium 1.20, pkg/policy/api/fqdn.go";

pub(super) fn check(rule: &Value, at: &str, found: &mut Found) {
    let kinds: Vec<&str> = given(rule, &PEERS).into_iter().collect();
    if kinds.len() > 1 {
        let why =
            format!("a rule has one kind of destination or source, not {}; write a rule for each", kinds.join(" and "));
        found.add(VALIDATION, at, why);
    }
    for field in ["toEndpoints", "fromEndpoints"] {
        for (at, selector) in numbered(&rule[field], &format!("{at}.{field}")) {
            check_selector(selector, &at, found);
        }
    }
    for field in ["toCIDR", "fromCIDR"] {
        for (at, block) in numbered(&rule[field], &format!("{at}.{field}")) {
            let text = block.as_str().unwrap_or_default();
            if text.parse::<IpNet>().is_err() && text.parse::<IpAddr>().is_err() {
                found.add(VALIDATION, at, format!("{text:?} is neither an address nor a block"));
            }
        }
    }
    for field in ["toCIDRSet", "fromCIDRSet"] {
        for (at, block) in numbered(&rule[field], &format!("{at}.{field}")) {
            check_block(block, &at, found);
        }
    }
    for field in ["toEntities", "fromEntities"] {
        for (at, entity) in numbered(&rule[field], &format!("{at}.{field}")) {
            if !entity.as_str().is_some_and(|entity| ENTITIES.contains(&entity)) {
                found.add(VALIDATION, at, format!("{entity} is no entity"));
            }
        }
    }
    for (at, name) in numbered(&rule["toFQDNs"], &format!("{at}.toFQDNs")) {
        check_name(name, &at, found);
    }
}

fn check_block(block: &Value, at: &str, found: &mut Found) {
    let ways = ["cidr", "cidrGroupRef", "cidrGroupSelector"];
    let given: Vec<_> = ways.into_iter().filter(|way| block.get(*way).is_some()).collect();
    let ["cidr"] = given.as_slice() else {
        if given.len() != 1 {
            found.add(VALIDATION, at, "needs exactly one of cidr, cidrGroupRef and cidrGroupSelector");
        }
        return;
    };
    let text = block["cidr"].as_str().unwrap_or_default();
    let Ok(whole) = text.parse::<IpNet>() else {
        found.add(VALIDATION, format!("{at}.cidr"), format!("{text:?} is no block with a prefix length"));
        return;
    };
    for (at, except) in numbered(&block["except"], &format!("{at}.except")) {
        let inside =
            except.as_str().and_then(|text| text.parse::<IpNet>().ok()).is_some_and(|part| whole.contains(&part));
        if !inside {
            found.add(VALIDATION, at, format!("{except} is no block inside {whole}"));
        }
    }
}

/// A name or pattern of names, also of DNS rules.
pub(super) fn check_name(selector: &Value, at: &str, found: &mut Found) {
    let (name, pattern) = (selector["matchName"].as_str(), selector["matchPattern"].as_str());
    if name.is_some() && pattern.is_some() {
        found.add(NAMES, at, "has matchName or matchPattern, not both");
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if let Some(name) = name.filter(|name| name.is_empty() || !name.chars().all(is_allowed)) {
        found.add(
            NAMES,
            format!("{at}.matchName"),
            format!("{name:?} is no name of letters, digits, '-', '.' and '_'"),
        );
    }
    if let Some(pattern) = pattern.filter(|pattern| !pattern.chars().all(|c| is_allowed(c) || c == '*')) {
        let why = format!("{pattern:?} is no pattern of letters, digits, '-', '.', '_' and '*'");
        found.add(NAMES, format!("{at}.matchPattern"), why);
    }
    if name.or(pattern).is_some_and(|text| text.len() > 255) {
        found.add(NAMES, at, "is longer than 255 characters");
    }
}

/// A selector of pods.
pub(super) fn check_selector(selector: &Value, at: &str, found: &mut Found) {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels =
        labels.map(|(key, value)| (format!("{at}.matchLabels"), key.as_str(), value.as_str().unwrap_or_default()));
    let expressions = numbered(&selector["matchExpressions"], &format!("{at}.matchExpressions"));
    let expressions: Vec<_> = expressions
        .iter()
        .flat_map(|(at, expression)| {
            let key = expression["key"].as_str().unwrap_or_default();
            let values = items(&expression["values"]).iter().filter_map(Value::as_str);
            values.chain(std::iter::once("")).map(move |value| (at.clone(), key, value))
        })
        .collect();
    for (at, key, value) in labels.chain(expressions) {
        let bare = key.split_once(':').map_or(key, |(_, key)| key);
        if bare.rsplit('/').next().is_some_and(|name| name.len() > 63) {
            found.add(SELECTORS, &at, format!("the name in {key} is longer than 63 characters"));
        }
        if value.len() > 63 {
            found.add(SELECTORS, &at, format!("{value} is longer than 63 characters"));
        }
        if let Some(why) =
            unusable_in_a_policy(bare).filter(|why| !found.0.iter().any(|one| one.field == at && one.rule == *why))
        {
            found.add(LABELS, &at, why);
        }
    }
}
