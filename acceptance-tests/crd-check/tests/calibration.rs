//! The checker against what real API servers are known to say: the published definitions, objects that are known to be good, those
//! of a widely read guide that are known to be refused, and Istio's own test objects with their verdicts.
//!
//! Needs the definitions (`EGRESS_CRDS`); without them each test says that it is skipped.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use crd_check::{Definitions, MISSING, check};
use serde_json::{Value, json};

fn definitions() -> Option<(&'static Definitions, PathBuf)> {
    static ALL: OnceLock<Definitions> = OnceLock::new();
    let Some(folder) = Definitions::folder() else {
        eprintln!("skipped: {MISSING}");
        return None;
    };
    Some((ALL.get_or_init(|| Definitions::load(&folder).expect("definitions")), folder))
}

/// The documents of a file.
fn documents(text: &str) -> impl Iterator<Item = Result<Value, String>> {
    let documents =
        text.split("\n---").filter(|text| text.lines().any(|line| !line.is_empty() && !line.starts_with('#')));
    documents.map(|text| serde_yaml_ng::from_str(text).map_err(|error| format!("{error}: {text}")))
}

/// What the rules of the definitions call.
const FUNCTIONS: [&str; 26] = [
    "!_",
    "@in",
    "@not_strictly_false",
    "_!=_",
    "_&&_",
    "_+_",
    "_<=_",
    "_<_",
    "_==_",
    "_>=_",
    "_>_",
    "_?_:_",
    "_[_]",
    "_||_",
    "contains",
    "duration",
    "endsWith",
    "int",
    "isCIDR",
    "isIP",
    "matches",
    "size",
    "split",
    "startsWith",
    "substring",
    "type",
];

#[test]
fn every_rule_of_every_definition_can_be_compiled() {
    let Some((definitions, _)) = definitions() else { return };
    let rules: Vec<_> = definitions.all().flat_map(|(_, _, one)| one.rule_functions()).collect();
    let wrong: Vec<_> = rules.iter().filter_map(|rule| rule.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let functions: BTreeSet<&str> = rules.iter().flatten().flatten().map(String::as_str).collect();
    let unknown: Vec<_> = functions.iter().filter(|name| !FUNCTIONS.contains(name)).collect();
    assert!(unknown.is_empty(), "nothing here has tried these: {unknown:?}");
    println!("{} definitions with {} rules", definitions.all().count(), rules.len());
    assert!(definitions.all().count() > 100 && rules.len() > 500);
}

#[test]
fn objects_that_are_known_to_be_good_pass() {
    let Some((definitions, folder)) = definitions() else { return };
    let file = folder.join("../research/incluster-corrected.yaml");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("skipped: {} is not here", file.display());
        return;
    };
    let objects: Vec<Value> = documents(&text).collect::<Result<_, _>>().expect("objects");
    let mut evaluated = 0;
    for object in &objects {
        let report = definitions.check(object, None).expect("a definition");
        assert!(report.accepts(), "{} {}:\n{report}", object["kind"], object["metadata"]["name"]);
        evaluated += report.evaluated;
    }
    println!("{} objects, {evaluated} evaluations of rules", objects.len());
    assert_eq!(objects.len(), 25);
    assert!(evaluated > 10);
}

#[test]
fn objects_of_the_guide_are_refused_at_the_field_that_is_wrong() {
    let Some((definitions, _)) = definitions() else { return };
    for kind in ["EgressGateway", "EgressPolicy"] {
        let object = json!({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": "x"}});
        assert!(definitions.check(&object, None).is_none(), "Calico has no {kind} in this group");
    }
    let domains = json!({
        "apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy",
        "metadata": {"name": "advanced-egress-policy", "namespace": "production"},
        "spec": {"selector": "app == 'backend'", "types": ["Egress"], "egress": [{
            "action": "Allow", "protocol": "TCP", "destination": {"domains": ["api.stripe.com"], "ports": [443]},
        }]},
    });
    let paths = |object: &Value, preferred| -> Vec<String> {
        let report = definitions.check(object, preferred).expect("a definition");
        report.violations.into_iter().chain(report.undecided).map(|violation| violation.path).collect()
    };
    assert_eq!(paths(&domains, None), ["spec.egress[0].destination.domains"]);
    assert_eq!(paths(&domains, Some("calico-enterprise")), [""; 0], "that edition has it");
    let no_hosts = json!({
        "apiVersion": "networking.istio.io/v1beta1", "kind": "VirtualService",
        "metadata": {"name": "all-external-services", "namespace": "istio-system"},
        "spec": {"hosts": ["*.googleapis.com"], "gateways": ["mesh"], "tls": [{
            "match": [{"gateways": ["mesh"], "port": 443}],
            "route": [{"destination": {"host": "istio-egressgateway.istio-egress.svc.cluster.local", "port": {"number": 443}}}],
        }]},
    });
    assert_eq!(paths(&no_hosts, None), ["spec.tls[0].match[0].sniHosts"]);
}

/// The one object of Istio's that no parser of YAML 1.2 reads: a text in a list in brackets with colons at its end.
const YAML_1_1: &str = "[1.2.3.4, 001:db8::]";

#[test]
fn verdicts_are_those_that_istio_expects() {
    let Some((definitions, folder)) = definitions() else { return };
    let (mut valid, mut invalid) = (0, 0);
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder.join("istio/testdata")).expect("Istio's objects") {
        let path = entry.expect("an entry").path();
        for object in documents(&fs::read_to_string(&path).expect("a file")) {
            let mut object = match object {
                Ok(object) => object,
                Err(error) if error.contains(YAML_1_1) => continue,
                Err(error) => panic!("{}: {error}", path.display()),
            };
            let expected = object.as_object_mut().expect("an object").remove("_err");
            let report = check(definitions.of(&object, None).expect("a definition"), &object);
            *if expected.is_some() { &mut invalid } else { &mut valid } += 1;
            if report.accepts() == expected.is_some() {
                wrong.push(format!("{} {}: expected {expected:?}, got {report}", path.display(), object["metadata"]));
            }
        }
    }
    println!("{valid} valid and {invalid} invalid objects");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(valid > 10 && invalid > 20, "{valid} and {invalid}");
}
