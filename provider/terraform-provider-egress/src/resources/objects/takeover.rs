//! What an apply does to the rest of an object that is there already.
//!
//! Most policy kinds hold both directions in one object. This provider writes egress only, so it must never open or close ingress by
//! taking an object over, by taking fields back, or by releasing them.

use cluster::{Operation, ownerships};
use egress_engines::manifest::ObjectId;
use serde_json::{Map, Value as Json};
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use super::live::Recorded;

/// What becomes of the ingress direction of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ingress {
    /// It stays as it is, or there is none.
    Kept,
    /// The object stops governing ingress.
    Opened,
    /// The object begins to govern ingress.
    Closed,
    /// Its ingress rules are for other pods, or count otherwise, because these fields of the `spec` change.
    Moved(Vec<String>),
}

/// The fields that list the directions an object governs: `policyTypes` of `NetworkPolicy`, `types` of Calico.
const TYPES: [&str; 2] = ["policyTypes", "types"];

/// What becomes of ingress when an object goes from one form to another.
pub(super) fn ingress(before: &Json, after: &Json) -> Ingress {
    let (before, after) = (&before["spec"], &after["spec"]);
    match (governs_ingress(before, after), governs_ingress(after, before)) {
        (false, false) => Ingress::Kept,
        (true, false) => Ingress::Opened,
        (false, true) => Ingress::Closed,
        (true, true) => {
            let mut names: Vec<&String> =
                [before, after].into_iter().filter_map(Json::as_object).flat_map(Map::keys).collect();
            names.sort_unstable();
            names.dedup();
            let decides = |name: &&String| !is_of_egress(name) && !TYPES.contains(&name.as_str());
            let moved = |name: &&String| {
                ingress_part(name, &before[name.as_str()]) != ingress_part(name, &after[name.as_str()])
            };
            let moved: Vec<String> =
                names.into_iter().filter(decides).filter(moved).map(|name| format!(".spec.{name}")).collect();
            if moved.is_empty() { Ingress::Kept } else { Ingress::Moved(moved) }
        }
    }
}

fn is_of_egress(field: &str) -> bool {
    field.to_lowercase().starts_with("egress")
}

/// The part of a field that counts for ingress; Cilium's `enableDefaultDeny` says it for both directions.
fn ingress_part<'v>(name: &str, value: &'v Json) -> &'v Json {
    if name == "enableDefaultDeny" { &value["ingress"] } else { value }
}

/// Whether an object with this `spec` says something about ingress. Where the kind has a field for the directions and it is not set, the
/// API server or the engine derives it: ingress counts, unless there are egress rules alone (Calico) or always (Kubernetes, whose API
/// server writes the field down).
fn governs_ingress(spec: &Json, other: &Json) -> bool {
    let types = |spec: &Json| TYPES.iter().find_map(|field| spec[*field].as_array().cloned());
    let has_rules = |field: &str| spec[field].as_array().is_some_and(|rules| !rules.is_empty());
    if let Some(types) = types(spec) {
        return types.iter().any(|direction| direction == "Ingress");
    }
    if types(other).is_some() {
        return has_rules("ingress") || !has_rules("egress");
    }
    let parts = spec["specs"].as_array().into_iter().flatten();
    has_rules("ingress")
        || has_rules("ingressDeny")
        || spec["enableDefaultDeny"]["ingress"] == true
        || parts.into_iter().any(|part| governs_ingress(part, &Json::Null))
}

/// An object after an apply that takes over every field of the manifest: maps are merged, everything else is replaced, as the API server
/// does it for the kinds of policies, whose lists are atomic.
pub(super) fn merged(live: &Json, manifest: &Json) -> Json {
    match (live, manifest) {
        (Json::Object(live), Json::Object(manifest)) => {
            let mut all = live.clone();
            for (key, value) in manifest {
                let was = live.get(key).unwrap_or(&Json::Null);
                all.insert(key.clone(), merged(was, value));
            }
            Json::Object(all)
        }
        (_, manifest) => manifest.clone(),
    }
}

/// What others have in an object beside this provider's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Others {
    /// Fields beneath `spec` or `data` that make the object theirs as well, each with its owner.
    pub(super) fields: Vec<(String, String)>,
}

/// What others own in the `spec` or `data` of an object, beside the fields that `ours` has.
///
/// Of managers that changed the object with updates only the keys of `data` count, and the fields of a policy that governs ingress: an
/// engine's controller also fills in fields of its own kinds with updates, which does not make an object anybody's.
pub(super) fn others(live: &Json, ours: &Json) -> Others {
    let governs = governs_ingress(&live["spec"], &ours["spec"]);
    let mut fields = Vec::new();
    for owner in ownerships(live).into_iter().filter(|owner| owner.manager != cluster::FIELD_MANAGER) {
        for field in &owner.fields {
            let part = field.part();
            let Some(name) = field.beneath_part() else { continue };
            let counts = part == "data" || (part == "spec" && (owner.operation == Operation::Apply || governs));
            if counts && ours[part].get(name).is_none() {
                fields.push((format!(".{part}.{name}"), owner.manager.clone()));
            }
        }
    }
    fields.sort();
    fields.dedup();
    Others { fields }
}

/// The fields that a takeover gives another value, each with who owns it; and those that it leaves alone.
fn changes(live: &Json, manifest: &Json) -> (Vec<String>, Vec<String>) {
    let owners = ownerships(live);
    let owners_of = |part: &str, name: &str| {
        let has = |owner: &&cluster::Ownership| {
            owner.fields.iter().any(|field| field.part() == part && field.beneath_part() == Some(name))
        };
        let mut names: Vec<_> = owners.iter().filter(has).map(|owner| owner.manager.clone()).collect();
        names.sort();
        names.dedup();
        names.join(", ")
    };
    let (mut changed, mut stay) = (Vec::new(), Vec::new());
    for part in ["spec", "data"] {
        for (name, value) in live[part].as_object().into_iter().flatten() {
            let owner = owners_of(part, name);
            let owner = if owner.is_empty() { String::new() } else { format!(" ({owner})") };
            let shown = format!("  - .{part}.{name}{owner}");
            match manifest[part].get(name) {
                Some(wanted) if merged(value, wanted) != *value => changed.push(shown),
                Some(_) => {}
                None => stay.push(shown),
            }
        }
    }
    (changed, stay)
}

/// What a plan says of an object of somebody else that an apply takes over by force: a warning, or an error where that would change
/// ingress.
pub(super) fn diagnose(id: &ObjectId, live: &Json, whose: &str, manifest: &Json) -> Diagnostic {
    if let Some(refusal) = refusal(id, live, manifest, &format!("It exists already and {whose}.")) {
        return refusal;
    }
    let (changed, stay) = changes(live, manifest);
    let part = |text: &str, lines: &[String]| {
        if lines.is_empty() { String::new() } else { format!("\n\n{text}\n\n{}", lines.join("\n")) }
    };
    let since = live["metadata"]["creationTimestamp"].as_str().unwrap_or("an unknown time");
    let end = if stay.is_empty() {
        "\n\nNothing else is in it: it is then this resource's alone, and is deleted with it."
    } else {
        "\n\nDestroying this resource releases its own fields and leaves the object where others still own such fields."
    };
    Diagnostic::warning(
        format!("{id} is taken over"),
        format!(
            "It exists since {since} and {whose}. force_conflicts = true makes the fields of this resource's object \
             ours, whatever they are now.{}{}{end}",
            part("These change:", &changed),
            part("These stay as they are:", &stay)
        ),
    )
    .at(Path::attribute("force_conflicts"))
}

/// How the refusal of a change of our own object begins.
pub(super) const CHANGED: &str = "Somebody changed it after it was applied.";

/// Why an object cannot be brought to what a manifest says: ingress would change with it.
pub(super) fn refusal(id: &ObjectId, live: &Json, manifest: &Json, begin: &str) -> Option<Diagnostic> {
    let (summary, why) = match ingress(live, &merged(live, manifest)) {
        Ingress::Kept => return None,
        Ingress::Opened => (
            format!("Applying {id} would open ingress"),
            "It governs ingress too, and would not any more: what it keeps from its pods could reach them.".to_owned(),
        ),
        Ingress::Closed => (
            format!("Applying {id} would close ingress"),
            "It does not govern ingress, and would then: what reaches its pods now could be stopped.".to_owned(),
        ),
        Ingress::Moved(fields) => (
            format!("Applying {id} would change whose ingress it governs"),
            format!(
                "It governs ingress too, and what its ingress rules are for would change with {}.",
                fields.join(", ")
            ),
        ),
    };
    let detail = format!(
        "{begin} {why} This provider changes egress only, with force_conflicts too. Nothing was changed. Give this \
         resource another name: policies that select the same pods add up. Or move the ingress rules into an object \
         of their own (`kubectl get {} -o yaml`, another name, only the ingress part), and then delete them here.",
        kubectl_name(id)
    );
    Some(Diagnostic::error(summary, detail).at(Path::attribute("name")))
}

/// An object in kubectl's words.
fn kubectl_name(id: &ObjectId) -> String {
    let group = id.api_version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
    let namespace = id.namespace.as_ref().map(|namespace| format!(" --namespace {namespace}")).unwrap_or_default();
    format!("{}{group} {}{namespace}", id.plural, id.name)
}

/// The part of our fields that the ingress rules of others need: without it they would be for other pods, or for none.
pub(super) fn needed_by_ingress(recorded: &Recorded, with_types: bool) -> Json {
    let mut kept = cluster::bare(&recorded.id);
    let fields = recorded.json["spec"].as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, value)| {
        if TYPES.contains(&name.as_str()) {
            return with_types.then(|| (name.clone(), serde_json::json!(["Ingress"])));
        }
        (!is_of_egress(name)).then(|| (name.clone(), value.clone()))
    });
    kept["spec"] = Json::Object(fields.collect());
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id() -> ObjectId {
        ObjectId {
            api_version: "networking.k8s.io/v1".to_owned(),
            kind: "NetworkPolicy".to_owned(),
            plural: "networkpolicies".to_owned(),
            namespace: Some("production".to_owned()),
            name: "backend".to_owned(),
        }
    }

    fn ours() -> Json {
        json!({"spec": {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Egress"], "egress": [{"ports": []}]}})
    }

    fn applied_to(spec: &Json, ours: &Json) -> Ingress {
        let live = json!({ "spec": spec });
        ingress(&live, &merged(&live, ours))
    }

    #[test]
    fn ingress_of_network_policies() {
        let selector = json!({"matchLabels": {"app": "a"}});
        let cases = [
            (json!({"podSelector": selector, "policyTypes": ["Egress"], "egress": []}), Ingress::Kept),
            // The isolation without rules: nothing may come in.
            (json!({"podSelector": selector, "policyTypes": ["Ingress", "Egress"]}), Ingress::Opened),
            (json!({"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [{}]}), Ingress::Opened),
        ];
        for (spec, expected) in cases {
            assert_eq!(applied_to(&spec, &ours()), expected, "{spec}");
        }
        let moved = json!({"spec": {"podSelector": {"matchLabels": {"app": "b"}}, "policyTypes": ["Ingress"]}});
        let mut after = moved.clone();
        after["spec"]["podSelector"] = selector;
        assert_eq!(ingress(&moved, &after), Ingress::Moved(vec![".spec.podSelector".to_owned()]));
        assert_eq!(ingress(&json!({"spec": {"policyTypes": ["Egress"]}}), &moved), Ingress::Closed);
    }

    #[test]
    fn ingress_of_other_engines() {
        let calico = json!({"spec": {"selector": "app == 'a'", "types": ["Egress"], "egress": [{"action": "Allow"}]}});
        let cilium = json!({"spec": {"endpointSelector": {"matchLabels": {"app": "a"}}, "egress": [{}]}});
        let antrea = json!({"spec": {"appliedTo": [{"podSelector": {}}], "priority": 5, "egress": [{}]}});
        let moved = |fields: &[&str]| Ingress::Moved(fields.iter().map(|field| (*field).to_owned()).collect());
        let cases = [
            // Calico takes the directions from the rules where there is no list.
            (&calico, json!({"selector": "app == 'a'", "egress": [{}]}), Ingress::Kept),
            (&calico, json!({"selector": "app == 'a'", "ingress": [{}], "egress": [{}]}), Ingress::Opened),
            (&calico, json!({"selector": "app == 'a'"}), Ingress::Opened),
            (&cilium, json!({"endpointSelector": {"matchLabels": {"app": "a"}}, "ingress": [{}]}), Ingress::Kept),
            (
                &cilium,
                json!({"endpointSelector": {"matchLabels": {"app": "b"}}, "ingress": [{}]}),
                moved(&[".spec.endpointSelector"]),
            ),
            (&cilium, json!({"endpointSelector": {"matchLabels": {"app": "b"}}, "egress": [{}]}), Ingress::Kept),
            (&cilium, json!({"endpointSelector": {"matchLabels": {"app": "a"}}, "ingressDeny": [{}]}), Ingress::Kept),
            (
                &antrea,
                json!({"appliedTo": [{"podSelector": {}}], "priority": 9, "ingress": [{}]}),
                moved(&[".spec.priority"]),
            ),
            (&antrea, json!({"appliedTo": [{"podSelector": {}}], "priority": 9, "egress": [{}]}), Ingress::Kept),
        ];
        for (ours, spec, expected) in cases {
            assert_eq!(applied_to(&spec, ours), expected, "{spec}");
        }
    }

    fn live(entries: &Json) -> Json {
        json!({
            "metadata": {"name": "backend", "creationTimestamp": "2026-11-01T00:00:00Z", "managedFields": entries},
            "spec": {"podSelector": {"matchLabels": {"app": "b"}}, "policyTypes": ["Egress"], "egress": []},
        })
    }

    #[test]
    fn a_takeover_names_what_changes_and_what_stays() {
        let fields = json!({"f:spec": {"f:podSelector": {}, "f:egress": {}, "f:policyTypes": {}}});
        let entries = json!([{"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": fields}]);
        let refusal = diagnose(&id(), &live(&entries), "its fields belong to kubectl-client-side-apply", &ours());
        let expected = Diagnostic::warning(
            "NetworkPolicy/production/backend is taken over",
            "It exists since 2026-11-01T00:00:00Z and its fields belong to kubectl-client-side-apply. \
             force_conflicts = true makes the fields of this resource's object ours, whatever they are \
             now.\n\nThese change:\n\n  - .spec.egress (kubectl-client-side-apply)\n  - .spec.podSelector \
             (kubectl-client-side-apply)\n\nNothing else is in it: it is then this resource's alone, and is deleted \
             with it.",
        );
        assert_eq!(refusal, expected.at(Path::attribute("force_conflicts")));
    }

    #[test]
    fn a_takeover_that_would_open_ingress_is_refused() {
        let mut live = live(&json!([]));
        live["spec"]["policyTypes"] = json!(["Egress", "Ingress"]);
        let refusal = diagnose(&id(), &live, "nothing says who made it", &ours());
        let expected = Diagnostic::error(
            "Applying NetworkPolicy/production/backend would open ingress",
            "It exists already and nothing says who made it. It governs ingress too, and would not any more: what \
             it keeps from its pods could reach them. This provider changes egress only, with force_conflicts too. \
             Nothing was changed. Give this resource another name: policies that select the same pods add up. Or \
             move the ingress rules into an object of their own (`kubectl get networkpolicies.networking.k8s.io \
             backend --namespace production -o yaml`, another name, only the ingress part), and then delete them \
             here.",
        );
        assert_eq!(refusal, expected.at(Path::attribute("name")));
    }

    #[test]
    fn what_others_have_in_an_object_makes_it_theirs() {
        let entry = |manager: &str, operation: &str, fields: Json| json!({"manager": manager, "operation": operation, "fieldsV1": fields});
        let with = |types: Json, entry: Json| {
            let mut live = live(&json!([entry]));
            live["spec"]["policyTypes"] = types;
            others(&live, &ours()).fields
        };
        let ingress = || json!({"f:spec": {"f:ingress": {}}});
        let both = || json!(["Egress", "Ingress"]);
        let theirs = |manager: &str| vec![(".spec.ingress".to_owned(), manager.to_owned())];
        assert_eq!(with(both(), entry("argocd", "Apply", ingress())), theirs("argocd"));
        assert_eq!(with(both(), entry("kubectl-patch", "Update", ingress())), theirs("kubectl-patch"));
        // A controller fills in a field, somebody labels the object, or changed what is ours.
        let filled = json!({"f:spec": {"f:internal": {}}});
        assert_eq!(with(json!(["Egress"]), entry("controller", "Update", filled)), []);
        assert_eq!(with(both(), entry("auditor", "Apply", json!({"f:metadata": {"f:labels": {"f:a": {}}}}))), []);
        assert_eq!(with(both(), entry("kubectl-patch", "Update", json!({"f:spec": {"f:egress": {}}}))), []);
    }
}
