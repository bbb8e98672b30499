//! Parts of policies and gateways as users write them.

use std::collections::BTreeMap;

use egress_model::policy::{HttpSpec, Inspection, NamespaceSelectorSpec, RuleSpec, SelectorSpec, ToNamespacesSpec};

/// A rule for every port, without its destination.
pub(crate) fn rule() -> RuleSpec {
    RuleSpec { ports: Some(vec!["any".to_owned()]), ..RuleSpec::default() }
}

/// Every request: a case narrows it.
pub(crate) fn request() -> HttpSpec {
    HttpSpec {
        method: Some("any".to_owned()),
        path: None,
        path_prefix: Some("/".to_owned()),
        headers: Some(BTreeMap::new()),
    }
}

/// Requests with this exact path.
pub(crate) fn exactly(path: &str) -> HttpSpec {
    HttpSpec { path: Some(path.to_owned()), path_prefix: None, ..request() }
}

/// A rule for these requests alone, which its ports announce.
pub(crate) fn with_requests(rule: RuleSpec, requests: Vec<HttpSpec>) -> RuleSpec {
    RuleSpec { http_requests: Some(requests), ..announcing(rule, Inspection::Http) }
}

/// A rule for these server names alone, which its ports announce.
pub(crate) fn with_server_names(rule: RuleSpec, names: &[&str]) -> RuleSpec {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    RuleSpec { server_names: Some(names), ..announcing(rule, Inspection::Tls) }
}

/// The TCP ports of a rule, announced as what is looked into.
pub(crate) fn announcing(mut rule: RuleSpec, inspection: Inspection) -> RuleSpec {
    for port in rule.ports.iter_mut().flatten() {
        let which = port.split_once('/').map_or(port.as_str(), |(which, _)| which);
        *port = format!("{which}/{}", inspection.as_str());
    }
    rule
}

/// These pods in these namespaces as a destination.
pub(crate) fn to_namespaces(namespaces: NamespaceSelectorSpec, pods: SelectorSpec) -> ToNamespacesSpec {
    ToNamespacesSpec { namespaces, pods: Some(pods) }
}
