//! From Terraform's values to the model's specification. Unknown values stop here.

use std::collections::BTreeMap;

use egress_model::gateway::{DestinationsSpec, GatewaySpec, SourceSpec};
use egress_model::policy::{Form, NamespaceSelectorSpec, SelectorSpec};
use tfplugin::cty::Value;

use crate::resources::objects::values::{
    namespace_selector, number, optional, owned_text, selector, string, string_map, strings,
};

/// What is known of a configuration.
pub(super) struct Written {
    /// The gateway, without the parts that are not known yet.
    pub(super) spec: GatewaySpec,
    /// Whether every part is known.
    pub(super) complete: bool,
    /// Whether the addresses are known.
    pub(super) addresses_known: bool,
}

/// Reads a value of the resource's type. A part that is not wholly known is left out: the attribute itself, or one source.
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
    // Names that are not known yet must not hide mistakes in what is.
    let name = known("name").map_or("unknown", string).to_owned();
    let namespace = known("namespace").map_or("unknown", string).to_owned();
    let labels = known("labels").map(string_map).unwrap_or_default();
    let annotations = known("annotations").map(string_map).unwrap_or_default();
    let ips = known("ips").map(strings).unwrap_or_default();
    let public_ips = known("public_ips").map(strings).unwrap_or_default();
    let nodes = known("nodes").map(|nodes| selector(nodes, Form::Block));
    let interface = known("interface").map(owned_text);
    let replicas = known("replicas").map(number);
    let failover = known("failover").map(owned_text);
    let to = known("to").map(destinations);
    let mut sources = BTreeMap::new();
    let written = value.get("sources");
    complete &= !written.is_some_and(Value::is_unknown);
    for (key, written) in written.and_then(Value::as_map).into_iter().flatten() {
        if written.is_wholly_known() {
            sources.insert(key.clone(), source(written));
        } else {
            complete = false;
            sources.insert(key.clone(), every_pod());
        }
    }
    if written.is_some_and(Value::is_unknown) {
        sources.insert("unknown".to_owned(), every_pod());
    }
    let spec = GatewaySpec {
        name,
        namespace,
        labels,
        annotations,
        sources,
        to,
        ips,
        public_ips,
        nodes,
        interface,
        replicas,
        failover,
    };
    let addresses = ["ips", "public_ips"];
    let addresses_known = addresses.iter().all(|name| value.get(name).is_none_or(Value::is_wholly_known));
    Written { spec, complete, addresses_known }
}

/// What stands for a source that is not known yet.
fn every_pod() -> SourceSpec {
    SourceSpec { pods: Some(SelectorSpec::all()), namespaces: Some(NamespaceSelectorSpec::all()) }
}

fn source(value: &Value) -> SourceSpec {
    SourceSpec {
        pods: optional(value, "pods", |pods| selector(pods, Form::Value)),
        namespaces: optional(value, "namespaces", |namespaces| namespace_selector(namespaces, Form::Value)),
    }
}

fn destinations(value: &Value) -> DestinationsSpec {
    DestinationsSpec { cidrs: optional(value, "cidrs", strings), domains: optional(value, "domains", strings) }
}
