//! `AuthorizationPolicy`: who may go through the gateway to where.

use egress_model::policy::{HttpRule, PathMatch, Policy};

use super::names::{HostPort, NamedRule, Shows};
use super::object::{AuthorizationRule, Condition, From, Operation, Source, To};
use crate::settings::IstioSettings;

/// Rules of one `AuthorizationPolicy` (CRD, `spec.rules`: maxItems). Several of one action are alternatives, as the rules of one are
/// (reference, "Authorization Policy").
const RULES: usize = 512;

/// Rules in lists that fit, each with what follows the name of its object: nothing for the first.
pub(super) fn fitting(rules: &[AuthorizationRule]) -> Vec<(Option<String>, Vec<AuthorizationRule>)> {
    let parts = rules.chunks(RULES).enumerate();
    parts.map(|(index, rules)| ((index > 0).then(|| (index + 1).to_string()), rules.to_vec())).collect()
}

/// The ports that the gateway's pods see of traffic that shows this.
fn pod_ports(istio: &IstioSettings, shows: Shows) -> Vec<String> {
    let ports = match shows {
        Shows::Http => &istio.gateway_http_ports,
        Shows::Tls => &istio.gateway_tls_ports,
    };
    ports.iter().map(ToString::to_string).collect()
}

/// What the gateway allows or denies to the policy's pods: their service accounts where the policy names any, else their
/// namespace. It does not see their labels.
pub(super) fn gateway_rules(policy: &Policy, rules: &[NamedRule], istio: &IstioSettings) -> Vec<AuthorizationRule> {
    let from = clients(policy, &istio.trust_domain);
    let mut all = Vec::new();
    for rule in rules {
        for shows in [Shows::Tls, Shows::Http] {
            let to: Vec<_> = rule.to.iter().filter(|to| to.shows() == shows).collect();
            if to.is_empty() {
                continue;
            }
            let server_names = to.into_iter().map(HostPort::server_name).collect();
            let name = Condition { key: "connection.sni".to_owned(), values: server_names };
            let operation = Operation { ports: pod_ports(istio, shows), ..Operation::default() };
            for (operation, headers) in operations(&operation, &rule.http) {
                let when = std::iter::once(name.clone()).chain(headers).collect();
                all.push(AuthorizationRule { from: from.clone(), to: vec![To { operation }], when });
            }
        }
    }
    all
}

/// The clients that a policy is about, by their certificates.
pub(super) fn clients(policy: &Policy, trust_domain: &str) -> Vec<From> {
    let namespace = policy.scope.namespace().map(ToString::to_string).unwrap_or_default();
    let accounts = policy.service_accounts.iter();
    let principals: Vec<_> = accounts.map(|account| format!("{trust_domain}/ns/{namespace}/sa/{account}")).collect();
    let namespaces = if principals.is_empty() { vec![namespace] } else { Vec::new() };
    vec![From { source: Source { principals, namespaces } }]
}

/// An operation for each kind of request, with the conditions on its headers; without any, the operation alone.
pub(super) fn operations(base: &Operation, http: &[HttpRule]) -> Vec<(Operation, Vec<Condition>)> {
    if http.is_empty() {
        return vec![(base.clone(), Vec::new())];
    }
    let one = |rule: &HttpRule| {
        let paths = match &rule.path {
            None => Vec::new(),
            Some(PathMatch::Exact(path)) => vec![path.to_string()],
            Some(PathMatch::Prefix(path)) => match path.as_str().trim_end_matches('/') {
                // Every path begins so.
                "" => vec!["/*".to_owned()],
                prefix => vec![prefix.to_owned(), format!("{prefix}/*")],
            },
        };
        let methods = rule.method.iter().map(ToString::to_string).collect();
        let header = |(name, value): &(_, String)| Condition {
            key: format!("request.headers[{name}]"),
            values: vec![value.clone()],
        };
        let headers = rule.headers.iter().map(header).collect();
        (Operation { methods, paths, ..base.clone() }, headers)
    };
    http.iter().map(one).collect()
}
