//! From Terraform's values to the model's specification. Unknown values stop here.

use std::collections::BTreeMap;

use egress_model::cidr::Cidr;
use egress_model::policy::{
    ClusterSpec, DnsSpec, ExpressionSpec, HeaderSpec, HttpSpec, Invalid, NamespaceSelectorSpec, Path as ModelPath,
    PortSpec, RuleSpec, SelectorSpec, ServiceSpec, Spec, Step,
};
use tfplugin::cty::{Path, Value};
use tfplugin::{Diagnostic, Diagnostics};

/// What is known of a configuration.
pub(super) struct Written {
    /// The policy, without the parts that are not known yet.
    pub(super) spec: Spec,
    /// Whether every part is known.
    pub(super) complete: bool,
}

/// Reads a value of the resource's type. A part that is not wholly known is left out: the attribute itself, or one rule.
pub(super) fn read(value: &Value) -> Written {
    let mut complete = true;
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
    let namespace = known("namespace").map_or("unknown", string).to_owned();
    let labels = known("labels").map(string_map).unwrap_or_default();
    let annotations = known("annotations").map(string_map).unwrap_or_default();
    let pods = known("pods").map(selector);
    let service_accounts = known("service_accounts").map(strings);
    let dns = known("dns").map(dns).unwrap_or_default();
    let cluster_cidrs = known("cluster_cidrs").map(cluster).unwrap_or_default();
    let mode = known("mode").map(|mode| string(mode).to_owned());
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
    let spec =
        Spec { name, namespace, labels, annotations, pods, service_accounts, allow, deny, dns, cluster_cidrs, mode };
    Written { spec, complete }
}

/// The path of an attribute that the model names.
pub(super) fn attribute_path(path: &ModelPath) -> Path {
    path.steps().iter().fold(Path::root(), |path, step| match step {
        Step::Field(name) => path.child(*name),
        Step::Key(key) => path.key(key.clone()),
        Step::Index(index) => path.index(*index),
    })
}

/// What is wrong with a policy, each on its attribute.
pub(super) fn mistakes(invalid: &[Invalid]) -> Diagnostics {
    invalid
        .iter()
        .map(|invalid| {
            Diagnostic::error(
                "This part of the policy cannot be used",
                format!("It {}.", said_of_it(&invalid.problem.to_string())),
            )
            .at(attribute_path(&invalid.path))
        })
        .collect()
}

/// Messages that begin with what was written need another verb than those that say what it is.
fn said_of_it(problem: &str) -> String {
    let says_what_it_does = ["must", "has", "is", "needs", "leaves", "cannot", "says", "contains"];
    let first = problem.split(' ').next().unwrap_or_default();
    if says_what_it_does.contains(&first) { problem.to_owned() } else { format!("does not fit: {problem}") }
}

/// Blocks that are not written in the one spelling that Kubernetes 1.36 and later take.
pub(super) fn spellings(spec: &Spec) -> Diagnostics {
    let mut blocks = Vec::new();
    for (field, rules) in [("allow", &spec.allow), ("deny", &spec.deny)] {
        for (key, rule) in rules {
            let at = Path::attribute(field).key(key.clone());
            blocks.push((at.child("to_cidrs"), rule.to_cidrs.as_deref().unwrap_or_default()));
            blocks.push((at.child("except_cidrs"), rule.except_cidrs.as_deref().unwrap_or_default()));
        }
    }
    let cluster = &spec.cluster_cidrs;
    let ranges = [
        ("pods", &cluster.pods),
        ("services", &cluster.services),
        ("nodes", &cluster.nodes),
        ("api_server", &cluster.api_server),
    ];
    let at = Path::attribute("cluster_cidrs");
    blocks.extend(ranges.map(|(field, texts)| (at.child(field), texts.as_slice())));
    let each = blocks
        .into_iter()
        .flat_map(|(at, texts)| texts.iter().enumerate().map(move |(index, text)| (at.index(index), text)));
    each.filter_map(|(at, text)| {
        let canonical = text.parse::<Cidr>().ok()?.to_string();
        (canonical != *text).then(|| {
            let detail = format!(
                "{text:?} is emitted as {canonical:?}, which means the same: Kubernetes 1.36 and later take only this spelling. Write it so to \
                 be rid of this warning; if one address was meant, write its full prefix length."
            );
            Diagnostic::warning("The address block has another spelling", detail).at(at)
        })
    })
    .collect()
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn strings(value: &Value) -> Vec<String> {
    value.elements().into_iter().flatten().map(|element| string(element).to_owned()).collect()
}

fn string_map(value: &Value) -> BTreeMap<String, String> {
    value.as_map().into_iter().flatten().map(|(key, value)| (key.clone(), string(value).to_owned())).collect()
}

/// A whole number. A fraction does not pass the schema; here it becomes what no port is.
fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn optional<'v, T>(value: &'v Value, name: &str, read: impl FnOnce(&'v Value) -> T) -> Option<T> {
    value.get(name).filter(|part| !part.is_null()).map(read)
}

fn objects<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.elements().into_iter().flatten().map(read).collect()
}

fn owned_text(value: &Value) -> String {
    string(value).to_owned()
}

fn text_of(value: &Value, name: &str) -> String {
    optional(value, name, owned_text).unwrap_or_default()
}

fn selector(value: &Value) -> SelectorSpec {
    SelectorSpec {
        match_labels: optional(value, "match_labels", string_map).unwrap_or_default(),
        match_expressions: optional(value, "match_expressions", expressions).unwrap_or_default(),
    }
}

fn expressions(value: &Value) -> Vec<ExpressionSpec> {
    objects(value, |expression| ExpressionSpec {
        key: text_of(expression, "key"),
        operator: text_of(expression, "operator"),
        values: optional(expression, "values", strings).unwrap_or_default(),
    })
}

fn namespaces(value: &Value) -> NamespaceSelectorSpec {
    let SelectorSpec { match_labels, match_expressions } = selector(value);
    NamespaceSelectorSpec { names: optional(value, "names", strings), match_labels, match_expressions }
}

fn rule(value: &Value) -> RuleSpec {
    RuleSpec {
        to_pods: optional(value, "to_pods", selector),
        to_namespaces: optional(value, "to_namespaces", namespaces),
        to_cidrs: optional(value, "to_cidrs", strings),
        except_cidrs: optional(value, "except_cidrs", strings),
        to_external: value.get("to_external").and_then(Value::as_bool),
        to_domains: optional(value, "to_domains", strings),
        to_services: optional(value, "to_services", |services| {
            objects(services, |service| ServiceSpec {
                name: text_of(service, "name"),
                namespace: optional(service, "namespace", owned_text),
            })
        }),
        to_entities: optional(value, "to_entities", strings),
        ports: optional(value, "ports", |ports| objects(ports, port)),
        http: optional(value, "http", |rules| objects(rules, http)),
        sni: optional(value, "sni", strings),
    }
}

fn port(value: &Value) -> PortSpec {
    PortSpec {
        port: optional(value, "port", number),
        end_port: optional(value, "end_port", number),
        name: optional(value, "name", owned_text),
        protocol: optional(value, "protocol", owned_text),
        icmp_type: optional(value, "icmp_type", number),
        icmp_code: optional(value, "icmp_code", number),
    }
}

fn http(value: &Value) -> HttpSpec {
    let header = |header: &Value| HeaderSpec { name: text_of(header, "name"), value: text_of(header, "value") };
    HttpSpec {
        method: optional(value, "method", owned_text),
        path: optional(value, "path", owned_text),
        path_prefix: optional(value, "path_prefix", owned_text),
        headers: optional(value, "headers", |headers| objects(headers, header)).unwrap_or_default(),
    }
}

fn dns(value: &Value) -> DnsSpec {
    DnsSpec {
        allow: value.get("allow").and_then(Value::as_bool),
        namespace: optional(value, "namespace", owned_text),
        match_labels: optional(value, "match_labels", string_map),
        ports: optional(value, "ports", |ports| objects(ports, number)),
        node_local_ips: optional(value, "node_local_ips", strings),
    }
}

fn cluster(value: &Value) -> ClusterSpec {
    let ranges = |name| optional(value, name, strings).unwrap_or_default();
    ClusterSpec {
        pods: ranges("pods"),
        services: ranges("services"),
        nodes: ranges("nodes"),
        api_server: ranges("api_server"),
    }
}
