//! Istio's own rules about its objects: what the control plane's webhook refuses, and what it takes though it does not do what it
//! says.
//!
//! Sources: `pkg/config/validation` of Istio 1.30 (the webhook), and the documentation, "Egress Gateways", "Authorization Policy"
//! and "Security Best Practices". Only what matters for egress is here; the schemas of the custom resources say the rest.

mod authorization;
mod routing;
mod together;

use egress_model::labels::NamespaceName;
use serde_json::Value;
pub use together::check_together;

use crate::violation::Violation;

/// What the webhook refuses.
const WEBHOOK: &str = "Istio 1.30, pkg/config/validation/validation.go";
/// What the reference says.
const REFERENCE: &str = "Istio 1.30, reference";

/// What one object breaks. Objects of kinds that are not Istio's break nothing.
pub fn check(object: &Value) -> Vec<Violation> {
    let mut found = Found::default();
    let group = object["apiVersion"].as_str().and_then(|version| version.split_once('/')).map(|(group, _)| group);
    match (group, object["kind"].as_str()) {
        (Some("networking.istio.io"), Some("ServiceEntry")) => routing::service_entry(object, &mut found),
        (Some("networking.istio.io"), Some("Gateway")) => routing::gateway(object, &mut found),
        (Some("networking.istio.io"), Some("VirtualService")) => routing::virtual_service(object, &mut found),
        (Some("networking.istio.io"), Some("DestinationRule")) => routing::destination_rule(object, &mut found),
        (Some("security.istio.io"), Some("AuthorizationPolicy")) => authorization::check(object, &mut found),
        (Some("install.istio.io"), Some("IstioOperator")) => found.add(
            "Istio 1.24, change notes",
            "kind",
            "no controller reads an IstioOperator since 1.24; it is an input of istioctl. Use the values of the chart \"gateway\"",
        ),
        _ => {}
    }
    found.0
}

/// What was found so far.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, source: &'static str, field: impl Into<String>, rule: impl Into<String>) {
        self.0.push(Violation { field: field.into(), rule: rule.into(), source });
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<&str> {
    items(value).iter().filter_map(Value::as_str).collect()
}

/// The elements of a list, each with its path.
fn numbered<'a>(value: &'a Value, at: &str) -> Vec<(String, &'a Value)> {
    items(value).iter().enumerate().map(|(index, item)| (format!("{at}[{index}]"), item)).collect()
}

fn is_dns_label(text: &str) -> bool {
    text.parse::<NamespaceName>().is_ok()
}

/// A name of labels, without a wildcard.
fn is_host_name(text: &str) -> bool {
    text.len() <= 255 && text.split('.').all(is_dns_label)
}

/// A name whose first label may be `*`, or begin with it.
fn is_host_pattern(text: &str) -> bool {
    let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
    let first_fits = first == "*" || is_dns_label(first.strip_prefix('*').unwrap_or(first));
    first_fits && rest.is_none_or(is_host_name)
}

/// Whether every name that one pattern matches is one that the other matches: Istio's `*` is any number of labels.
fn is_within(inner: &str, outer: &str) -> bool {
    match outer.strip_prefix('*') {
        Some(suffix) => inner.strip_prefix('*').unwrap_or(inner).ends_with(suffix),
        None => inner == outer,
    }
}
