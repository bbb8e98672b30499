//! Every kind that an engine emits is one that it names, so that what exists is found by it.

use std::collections::BTreeSet;

use egress_engines::companions::KINDS;
use egress_engines::manifest::Kind;
use egress_engines::{ENGINES, GATEWAY_ENGINES};

use crate::emitted;

#[test]
fn engines_name_the_kinds_that_they_emit() {
    let mut checked = BTreeSet::new();
    for emitted in emitted::all() {
        let named: Vec<&Kind> = if emitted.case.starts_with("golden-companions/") {
            KINDS.to_vec()
        } else {
            let policies = ENGINES.iter().filter(|engine| engine.name.as_str() == emitted.engine);
            let gateways = GATEWAY_ENGINES.iter().filter(|engine| engine.name.as_str() == emitted.engine);
            let of_gateways = emitted.case.starts_with("golden-gateways/");
            let of_policies = policies.filter(|_| !of_gateways).flat_map(|engine| engine.kinds);
            let settings = emitted.case.starts_with("golden-settings/");
            of_policies
                .chain(gateways.filter(|_| of_gateways || settings).flat_map(|engine| engine.kinds))
                .copied()
                .collect()
        };
        let (version, kind) = (&emitted.object["apiVersion"], &emitted.object["kind"]);
        // Attachments are on objects of others.
        if kind == "Namespace" {
            continue;
        }
        let is_named = named.iter().any(|named| named.api_version == version && named.kind == kind);
        assert!(is_named, "{}: {} does not name {version} {kind}", emitted.case, emitted.engine);
        checked.insert((emitted.engine, kind.to_string()));
    }
    assert!(checked.len() > 30, "{checked:?}");
}
