//! Asking the cluster, in a plan, whether what the objects need is there.

use cluster::{Cluster, Error, Served};
use egress_engines::Requirement;
use egress_engines::requirement::{CONFIG_MAP, LiveObject, Place, Seen, Setting};
use serde_json::{Value as Json, json};
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::outcome::upper_first;

/// What a look at the cluster says about a requirement.
enum Answer {
    /// It is met.
    Met,
    /// It is not.
    Unmet {
        /// What was seen instead.
        seen: String,
        /// How to meet it.
        remedy: String,
    },
    /// It cannot be seen in the cluster.
    NotSeen,
}

/// The plan that a look is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Whether it makes or changes the resource. Where it does not, what is not met must not be an error: before a destroy
    /// Terraform plans as if nothing were to go.
    pub(super) changes: bool,
    /// Whether the requirements are others than before.
    pub(super) is_news: bool,
}

/// Checks what can be seen in the cluster. What is not met is an error in a plan that changes something, what cannot be seen a
/// warning. What cannot be seen there is reported where it is news.
pub(super) async fn check(cluster: &Cluster, requirements: &[Requirement], look: Look) -> Result<Diagnostics, Error> {
    let mut diagnostics = Diagnostics::new();
    let mut not_told = Vec::new();
    for requirement in requirements {
        match ask(cluster, requirement).await {
            Ok(Answer::Met) => {}
            Ok(Answer::Unmet { seen, remedy }) => diagnostics.push(unmet(requirement, &seen, &remedy, look)),
            Ok(Answer::NotSeen) => not_told.push(format!("  - {requirement}")),
            Err(error) if error.is_of_the_cluster() => return Err(error),
            Err(error) => diagnostics.push(unseen(requirement, &error)),
        }
    }
    if look.is_news && !not_told.is_empty() {
        diagnostics.push(left_to_the_user(&not_told));
    }
    Ok(diagnostics)
}

async fn ask(cluster: &Cluster, requirement: &Requirement) -> Result<Answer, Error> {
    Ok(match requirement {
        Requirement::Kind { api_version, kind } => served(&cluster.serves(api_version, kind).await?, api_version),
        Requirement::Nodes { selector, count } => {
            let limit = u32::try_from(*count).unwrap_or(u32::MAX);
            enough_nodes(&cluster.nodes(selector, limit).await?, selector, *count)
        }
        Requirement::Setting(setting) => {
            let live = cluster.get_once(&setting.object.id()).await?;
            set(setting, live.as_deref().map(cluster::Object::json), &remedy_of(setting))
        }
        Requirement::HelmValue { chart, key, value, seen_as: Some(setting) } => {
            let live = cluster.get_once(&setting.object.id()).await?;
            let remedy = format!(
                "Set the value {key} of the chart {chart} to {value}, such as with `helm upgrade {chart} {chart}/{chart} --namespace \
                 {} --reuse-values --set {key}={value}`, and restart what reads it.",
                setting.object.namespace.unwrap_or("default")
            );
            set(setting, live.as_deref().map(cluster::Object::json), &remedy)
        }
        Requirement::HelmValue { seen_as: None, .. } | Requirement::PodAnnotation { .. } | Requirement::Outside(_) => {
            Answer::NotSeen
        }
    })
}

fn served(served: &Served, api_version: &str) -> Answer {
    let seen = match served {
        Served::Yes => return Answer::Met,
        Served::OtherVersions(versions) if !versions.is_empty() => {
            format!("the API server serves {}", versions.join(", "))
        }
        Served::OtherVersions(_) => format!("the API server serves {api_version} without that kind"),
        Served::No => format!("the API server knows nothing of {api_version}"),
    };
    Answer::Unmet { seen, remedy: "Install the engine, or its definitions of that version.".to_owned() }
}

fn enough_nodes(nodes: &[String], selector: &str, count: usize) -> Answer {
    if nodes.len() >= count {
        return Answer::Met;
    }
    let seen = if nodes.is_empty() { "no node does".to_owned() } else { format!("only {} does", nodes.join(", ")) };
    let remedy = if selector.contains([',', ' ', '!']) {
        "Give nodes these labels with `kubectl label node`.".to_owned()
    } else {
        let label = if selector.contains('=') { selector.to_owned() } else { format!("{selector}=") };
        format!("Label a node: `kubectl label node NODE {label}`.")
    };
    Answer::Unmet { seen, remedy }
}

fn set(setting: &Setting, live: Option<&Json>, remedy: &str) -> Answer {
    let Some(live) = live else {
        return Answer::Unmet { seen: format!("there is no {}", setting.object), remedy: remedy.to_owned() };
    };
    match setting.judge(live) {
        Ok(()) => Answer::Met,
        Err(Seen::Nothing) => Answer::Unmet { seen: "it is not set".to_owned(), remedy: remedy.to_owned() },
        Err(Seen::Value { place, value }) => {
            Answer::Unmet { seen: format!("{place} is {value}"), remedy: remedy.to_owned() }
        }
    }
}

/// The command that sets a field or variable.
fn remedy_of(setting: &Setting) -> String {
    let LiveObject { kind, namespace, name } = setting.object;
    let namespace = namespace.map(|namespace| format!(" --namespace {namespace}")).unwrap_or_default();
    let value = setting.values.first().map(String::as_str).unwrap_or_default();
    let lower = kind.kind.to_lowercase();
    match setting.places.first() {
        Some(Place::Variable(variable)) => {
            format!("Set it: `kubectl set env {lower} {name}{namespace} {variable}={value}`.")
        }
        Some(Place::Field(field)) => {
            // What a ConfigMap holds is text.
            let value = match value {
                "true" if kind.kind != CONFIG_MAP.kind => json!(true),
                "false" if kind.kind != CONFIG_MAP.kind => json!(false),
                text => json!(text),
            };
            let patch = field.rsplit('.').fold(value, |inner, step| json!({ step: inner }));
            format!("Set it: `kubectl patch {} {name}{namespace} --type merge --patch '{patch}'`.", kind.plural)
        }
        None => String::new(),
    }
}

fn at() -> Path {
    Path::attribute("check_requirements")
}

fn unmet(requirement: &Requirement, seen: &str, remedy: &str, look: Look) -> Diagnostic {
    let diagnostic = if look.changes { Diagnostic::error } else { Diagnostic::warning };
    diagnostic(
        "The cluster lacks what this needs",
        format!(
            "Needed: {requirement}.\nSeen: {seen}.\n\nWithout it the objects have no effect, or another than meant. {remedy} \
             check_requirements = false plans without looking."
        ),
    )
    .at(at())
}

fn unseen(requirement: &Requirement, error: &Error) -> Diagnostic {
    Diagnostic::warning(
        "A requirement could not be checked",
        format!("Whether this is there is not known: {requirement}. {}.", upper_first(&error.to_string())),
    )
    .at(at())
}

fn left_to_the_user(not_told: &[String]) -> Diagnostic {
    Diagnostic::warning(
        "Some requirements are yours to check",
        format!(
            "Everything else was looked at. Whether these are met cannot be seen in the cluster:\n\n{}",
            not_told.join("\n")
        ),
    )
    .at(at())
}

/// Says that there is no cluster to look at.
pub(super) fn without_a_cluster() -> Diagnostic {
    Diagnostic::warning(
        "The requirements could not be checked",
        "The provider's kubernetes settings are not there, or not known before the apply.",
    )
    .at(at())
}

#[cfg(test)]
mod tests {
    use egress_engines::requirement::DAEMON_SET;

    use super::*;

    fn seen(answer: Answer) -> Option<(String, String)> {
        match answer {
            Answer::Met => None,
            Answer::Unmet { seen, remedy } => Some((seen, remedy)),
            Answer::NotSeen => panic!("it can be seen"),
        }
    }

    #[test]
    fn a_missing_kind_says_what_is_served_instead() {
        assert_eq!(seen(served(&Served::Yes, "cilium.io/v2")), None);
        let other = Served::OtherVersions(vec!["cilium.io/v2alpha1".to_owned()]);
        for (answer, text) in [
            (other, "the API server serves cilium.io/v2alpha1"),
            (Served::OtherVersions(Vec::new()), "serves cilium.io/v2 without that kind"),
            (Served::No, "knows nothing of cilium.io/v2"),
        ] {
            let (seen, _) = seen(served(&answer, "cilium.io/v2")).expect("not met");
            assert!(seen.contains(text), "{seen}");
        }
    }

    #[test]
    fn nodes_are_counted() {
        let nodes = |count: usize| (0..count).map(|number| format!("node-{number}")).collect::<Vec<_>>();
        assert_eq!(seen(enough_nodes(&nodes(2), "egress=yes", 2)), None);
        let (only, remedy) = seen(enough_nodes(&nodes(1), "egress=yes", 2)).expect("not met");
        assert_eq!(only, "only node-0 does");
        assert_eq!(remedy, "Label a node: `kubectl label node NODE egress=yes`.");
        let (none, remedy) = seen(enough_nodes(&[], "k8s.ovn.org/egress-assignable", 1)).expect("not met");
        assert_eq!(none, "no node does");
        assert!(remedy.contains("NODE k8s.ovn.org/egress-assignable=`"), "{remedy}");
    }

    #[test]
    fn a_setting_says_what_was_seen_and_how_to_set_it() {
        let setting = Setting::of_daemon_set("kube-system", "aws-node", "ENABLE_POD_ENI", "true");
        let live = |value: &str| {
            let env = json!([{"name": "ENABLE_POD_ENI", "value": value}]);
            json!({"spec": {"template": {"spec": {"containers": [{"env": env}]}}}})
        };
        let of = |live: Option<&Json>| seen(set(&setting, live, &remedy_of(&setting)));
        assert_eq!(of(Some(&live("true"))), None);
        let remedy = "Set it: `kubectl set env daemonset aws-node --namespace kube-system ENABLE_POD_ENI=true`.";
        let unmet = |seen: &str| Some((seen.to_owned(), remedy.to_owned()));
        assert_eq!(of(Some(&live("false"))), unmet("the variable ENABLE_POD_ENI is false"));
        assert_eq!(of(Some(&json!({}))), unmet("it is not set"));
        assert_eq!(of(None), unmet("there is no DaemonSet kube-system/aws-node"));
    }

    #[test]
    fn a_field_is_set_by_a_patch() {
        let setting = Setting {
            object: LiveObject { kind: &DAEMON_SET, namespace: None, name: "default" },
            places: vec![Place::Field("spec.natOutgoing")],
            values: vec!["true".to_owned()],
        };
        let expected =
            "Set it: `kubectl patch daemonsets default --type merge --patch '{\"spec\":{\"natOutgoing\":true}}'`.";
        assert_eq!(remedy_of(&setting), expected);
        let text = Setting {
            object: LiveObject { kind: &CONFIG_MAP, namespace: Some("kube-system"), name: "cilium-config" },
            places: vec![Place::Field("data.enable-bpf-masquerade")],
            values: vec!["true".to_owned()],
        };
        let remedy = remedy_of(&text);
        assert!(remedy.contains("'{\"data\":{\"enable-bpf-masquerade\":\"true\"}}'"), "{remedy}");
    }
}
