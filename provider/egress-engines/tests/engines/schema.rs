//! Every emitted object against the published definition of its kind, as strictly as an API server: fields, types, validations,
//! list keys and rules in CEL.

use std::collections::BTreeMap;

use crd_check::{Definitions, MISSING};

use crate::emitted;

/// Kinds of Kubernetes itself that no published definition describes; the gate with a real API server judges them.
const CORE_KINDS: [&str; 4] = ["v1 ConfigMap", "v1 Namespace", "v1 Service", "v1 ServiceAccount"];

#[test]
fn emitted_objects_fit_the_published_definitions() {
    let Some(folder) = Definitions::folder() else {
        eprintln!("skipped: {MISSING}");
        return;
    };
    let definitions = Definitions::load(&folder).expect("definitions");
    let mut checked: BTreeMap<String, usize> = BTreeMap::new();
    let (mut core, mut rules) = (0, 0);
    let mut wrong = Vec::new();
    for one in emitted::all() {
        let emitted::Emitted { engine, case, object } = &one;
        let kind =
            format!("{} {}", object["apiVersion"].as_str().unwrap_or("?"), object["kind"].as_str().unwrap_or("?"));
        match definitions.check(object, Some(one.definitions())) {
            Some(report) => {
                rules += report.evaluated;
                if !report.accepts() {
                    wrong.push(format!("{case}: {kind} {}\n{report}", object["metadata"]["name"]));
                }
                *checked.entry(engine.clone()).or_default() += 1;
            }
            None if CORE_KINDS.contains(&kind.as_str()) => core += 1,
            None => wrong.push(format!("{case}: nobody has published a definition of {kind}")),
        }
    }
    println!("checked {checked:?}; {core} objects of core kinds have no definition; {rules} evaluations of rules");
    assert!(wrong.is_empty(), "{} objects are refused:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked.values().sum::<usize>() > 10, "only {checked:?} were checked");
}
