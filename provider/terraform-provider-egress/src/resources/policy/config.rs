//! From Terraform's values to the model's specification. Unknown values stop here.

use std::collections::BTreeMap;

use egress_model::cidr::Cidr;
use egress_model::policy::{ClusterSpec, Form, HttpSpec, RuleSpec, SelectorSpec, Spec, ToNamespacesSpec};
use tfplugin::cty::{Path, Value};
use tfplugin::{Diagnostic, Diagnostics};

use crate::resources::objects::values::{
    namespace_selector, number, objects, optional, owned_text, selector, string, string_map, strings,
};

/// What is known of a configuration.
pub(super) struct Written {
    /// The policy, without the parts that are not known yet.
    pub(super) spec: Spec,
    /// Whether every part is known.
    pub(super) complete: bool,
}

/// Reads a value of the resource's type, for this cluster (`None` while a part of it is not known). A part that is not wholly known
/// is left out: the attribute itself, or one rule.
pub(super) fn read(value: &Value, cluster: Option<&ClusterSpec>) -> Written {
    let mut complete = cluster.is_some();
    let mut known = |name: &str| -> Option<&Value> {
        let part = value.get(name)?;
        if !part.is_wholly_known() {
            complete = false;
            return None;
        }
        (!part.is_null()).then_some(part)
    };
    // A name that is not known yet must not hide mistakes in what is.
    let name = known("name").map_or("unknown", string).to_owned();
    let unknown_namespace = value.get("namespace").is_some_and(Value::is_unknown);
    let namespace = known("namespace").map(owned_text).or_else(|| unknown_namespace.then(|| "unknown".to_owned()));
    let namespaces = known("namespaces").map(|namespaces| namespace_selector(namespaces, Form::Block));
    let exempt_namespaces = known("exempt_namespaces").map(strings);
    let labels = known("labels").map(string_map).unwrap_or_default();
    let annotations = known("annotations").map(string_map).unwrap_or_default();
    let pods = known("pods").map(|pods| selector(pods, Form::Block));
    let service_accounts = known("service_accounts").map(strings);
    let allow_dns = known("allow_dns").and_then(Value::as_bool);
    let dns_queries = known("dns_queries").map(strings);
    let mode = known("mode").map(owned_text);
    let priority = known("priority").map(number);
    let cluster = cluster.cloned().unwrap_or_default();
    let mut rules = |name: &str| -> BTreeMap<String, RuleSpec> {
        let Some(written) = value.get(name) else { return BTreeMap::new() };
        complete &= !written.is_unknown();
        let mut rules = BTreeMap::new();
        for (key, written) in written.as_map().into_iter().flatten() {
            if written.is_wholly_known() {
                rules.insert(key.clone(), rule(written));
            } else {
                complete = false;
            }
        }
        rules
    };
    let (allow, deny) = (rules("allow"), rules("deny"));
    let spec = Spec {
        name,
        namespace,
        namespaces,
        exempt_namespaces,
        labels,
        annotations,
        pods,
        service_accounts,
        allow,
        deny,
        allow_dns,
        dns_queries,
        mode,
        priority,
        cluster,
    };
    Written { spec, complete }
}

/// Blocks that are not written in the one spelling that Kubernetes 1.36 and later take.
pub(super) fn spellings(spec: &Spec) -> Diagnostics {
    let mut blocks = Vec::new();
    for (field, rules) in [("allow", &spec.allow), ("deny", &spec.deny)] {
        for (key, rule) in rules {
            let at = Path::attribute(field).key(key.clone());
            blocks.push((at.child("to_cidrs"), rule.to_cidrs.as_deref().unwrap_or_default()));
        }
    }
    let each = blocks
        .into_iter()
        .flat_map(|(at, texts)| texts.iter().enumerate().map(move |(index, text)| (at.index(index), text)));
    each.filter_map(|(at, text)| {
        let text = text.strip_prefix('!').unwrap_or(text);
        let canonical = text.parse::<Cidr>().ok()?.to_string();
        (canonical != text).then(|| {
            let detail = format!(
                "{text:?} is emitted as {canonical:?}, which means the same: Kubernetes 1.36 and later take only \
                 this spelling. Write it so to be rid of this warning; if one address was meant, write its full \
                 prefix length."
            );
            Diagnostic::warning("The address block has another spelling", detail).at(at)
        })
    })
    .collect()
}

/// Rules of which nothing is known yet. What they will allow, nobody can read in the plan.
pub(super) fn unknown_rules(value: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for (field, at_most) in [
        ("allow", "allow every port of every destination"),
        ("deny", "deny nothing, so that whatever is allowed is open"),
    ] {
        let Some(rules) = value.get(field) else { continue };
        let path = Path::attribute(field);
        let unknown = rules.as_map().into_iter().flatten().filter(|(_, rule)| rule.is_unknown());
        let unknown = unknown.map(|(key, _)| path.key(key.clone()));
        let whole = rules.is_unknown().then(|| path.clone());
        for at in whole.into_iter().chain(unknown) {
            let detail = format!(
                "The plan cannot show the objects, and in the apply it may turn out to {at_most}. Write its \
                 attributes out, so that only single values are unknown; or apply first what it comes from \
                 (-target)."
            );
            diagnostics.push(Diagnostic::warning(format!("{at} is not known yet"), detail).at(at));
        }
    }
    diagnostics
}

fn rule(value: &Value) -> RuleSpec {
    RuleSpec {
        to_pods: optional(value, "to_pods", rule_selector),
        to_namespaces: optional(value, "to_namespaces", |namespaces| ToNamespacesSpec {
            namespaces: namespace_selector(namespaces, Form::Value),
            pods: optional(namespaces, "pods", rule_selector),
        }),
        to_cidrs: optional(value, "to_cidrs", strings),
        to_external: value.get("to_external").and_then(Value::as_bool),
        to_domains: optional(value, "to_domains", strings),
        to_services: optional(value, "to_services", strings),
        to_entities: optional(value, "to_entities", strings),
        ports: optional(value, "ports", strings),
        http_requests: optional(value, "http_requests", |requests| objects(requests, http_request)),
        server_names: optional(value, "server_names", strings),
    }
}

fn rule_selector(value: &Value) -> SelectorSpec {
    selector(value, Form::Value)
}

fn http_request(value: &Value) -> HttpSpec {
    HttpSpec {
        method: optional(value, "method", owned_text),
        path: optional(value, "path", owned_text),
        path_prefix: optional(value, "path_prefix", owned_text),
        headers: optional(value, "headers", string_map),
    }
}
