//! Which labels are part of a pod's identity, and so can be selected by: Cilium's default filter, as a table.
//!
//! Source: `defaultLabelPrefixCfg` and `filterLabels` of `pkg/labelsfilter/filter.go`, read at 1.16.19, 1.18.6, 1.19.0 and 1.20.2;
//! documentation, "Limiting Identity-Relevant Labels". The Helm value `labels` replaces it. Labels of namespaces are labels of their pods
//! with a prefix, and go through the same filter.

use egress_model::labels::{LabelKey, NAMESPACE_NAME_LABEL, Selector};

use super::selector::{NAMESPACE_LABEL_PREFIX, POD_NAMESPACE_KEY};
use crate::Settings;

/// What comes before every label that Cilium sets itself; of a pod's own labels it takes those away (`RemoveCiliumLabels`).
const CILIUM: &str = "io.cilium.k8s";

/// What becomes of labels that a line of the filter matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Keep,
    Ignore,
}

/// Where in a key a line of the filter looks for its text. A key is matched from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the beginning.
    Start,
    /// At the beginning, and everything after it.
    Whole,
    /// Anywhere, and everything before it.
    Anywhere,
}

/// A line of the filter.
#[derive(Clone, Copy, Debug)]
struct Line {
    effect: Effect,
    place: Place,
    text: &'static str,
    /// The first version that has it, where not all that are compiled for have it.
    since: Option<(u16, u16)>,
}

const fn keep(text: &'static str) -> Line {
    Line { effect: Effect::Keep, place: Place::Start, text, since: None }
}

const fn ignore(text: &'static str) -> Line {
    Line { effect: Effect::Ignore, place: Place::Start, text, since: None }
}

const FILTER: [Line; 20] = [
    keep(POD_NAMESPACE_KEY),
    keep("io.cilium.k8s.namespace.labels"),
    keep("app.kubernetes.io"),
    keep("io.cilium.k8s.policy.cluster"),
    keep("io.cilium.k8s.policy.serviceaccount"),
    ignore("io.kubernetes"),
    ignore("kubernetes.io"),
    ignore("statefulset.kubernetes.io/pod-name"),
    ignore("apps.kubernetes.io/pod-index"),
    ignore("batch.kubernetes.io/job-completion-index"),
    ignore("batch.kubernetes.io/controller-uid"),
    Line { place: Place::Anywhere, ..ignore("beta.kubernetes.io") },
    ignore("k8s.io"),
    ignore("pod-template-generation"),
    ignore("pod-template-hash"),
    ignore("controller-revision-hash"),
    ignore("controller-uid"),
    Line { place: Place::Whole, ..ignore("annotation") },
    ignore("etcd_node"),
    Line { since: Some((1, 19)), ..ignore("topology.kubernetes.io") },
];

impl Line {
    /// How much of a key the line matches.
    fn matched(&self, key: &str) -> Option<usize> {
        match self.place {
            Place::Start => key.starts_with(self.text).then_some(self.text.len()),
            Place::Whole => key.starts_with(self.text).then_some(key.len()),
            Place::Anywhere => key.rfind(self.text).map(|at| at + self.text.len()),
        }
    }
}

/// Whether a label is part of identities. Of the lines that match it, those that keep count if the longest of them matches more than
/// the shortest of those that ignore.
fn is_kept(key: &str, settings: &Settings) -> bool {
    let lengths = |effect: Effect| {
        let lines = FILTER.iter().filter(move |line| line.effect == effect);
        lines
            .filter(|line| line.since.is_none_or(|(major, minor)| settings.at_least(major, minor)))
            .filter_map(|line| line.matched(key))
    };
    match (lengths(Effect::Keep).max(), lengths(Effect::Ignore).min()) {
        (_, None) => true,
        (kept, Some(ignored)) => kept.is_some_and(|kept| kept > ignored),
    }
}

/// Why no pod has this label in Cilium's eyes, if that is so.
pub(super) fn unusable(key: &str, settings: &Settings) -> Option<String> {
    if key.starts_with(CILIUM) || key == POD_NAMESPACE_KEY {
        return Some(format!(
            "Cilium reads {key} as a label of its own, with the pod's namespace or service account; use namespace, \
             to_namespaces or service_accounts instead"
        ));
    }
    (!is_kept(key, settings)).then(|| {
        format!(
            "Cilium leaves the label {key} out of the identities of pods unless its Helm value `labels` says \
             otherwise, so that no pod is selected by it; use a label of the workload"
        )
    })
}

/// Why no pod has this label, as a policy of Cilium writes it: what Cilium adds itself may stand there.
pub(super) fn unusable_in_a_policy(key: &str) -> Option<String> {
    let newest = Settings::default();
    let is_added = key.starts_with(POD_NAMESPACE_KEY) || key.starts_with("io.cilium.k8s.");
    if is_added && is_kept(key, &newest) { None } else { unusable_as_written(key, &newest) }
}

fn unusable_as_written(key: &str, settings: &Settings) -> Option<String> {
    let prefix = NAMESPACE_LABEL_PREFIX.trim_start_matches("k8s:");
    match key.strip_prefix(prefix) {
        Some(of_namespace) => unusable_of_namespace(of_namespace, settings),
        None => unusable(key, settings),
    }
}

/// The labels of pods that a selector asks for, each with why no pod has it.
pub(super) fn unusable_labels(selector: &Selector, settings: &Settings) -> Vec<String> {
    keys(selector).filter_map(|key| unusable(key.as_str(), settings)).collect()
}

/// The labels of namespaces that a selector asks for, each with why no pod has it.
pub(super) fn unusable_namespace_labels(selector: &Selector, settings: &Settings) -> Vec<String> {
    keys(selector).filter_map(|key| unusable_of_namespace(key.as_str(), settings)).collect()
}

fn unusable_of_namespace(key: &str, settings: &Settings) -> Option<String> {
    let prefix = NAMESPACE_LABEL_PREFIX.trim_start_matches("k8s:");
    let limit = 63 - prefix.len();
    if !key.contains('/') && key.len() > limit {
        return Some(format!(
            "Cilium puts a prefix before labels of namespaces, with which {key} is longer than the 63 characters of \
             a label; select by one of at most {limit} characters, or one with a prefix of its own such as \
             example.com/"
        ));
    }
    // The name is a label of its own.
    (key != NAMESPACE_NAME_LABEL && !is_kept(&format!("{prefix}{key}"), settings)).then(|| {
        format!(
            "Cilium leaves the label {key} of namespaces out of the identities of their pods unless its Helm value \
             `labels` says otherwise, so that no namespace is selected by it; select by another label"
        )
    })
}

fn keys(selector: &Selector) -> impl Iterator<Item = &LabelKey> {
    selector.match_labels.keys().chain(selector.match_expressions.iter().map(|expression| &expression.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_decides_as_cilium_does() {
        let newest = Settings::default();
        for (key, kept) in [
            ("app", true),
            ("app.kubernetes.io/name", true),
            ("io.kubernetes/config", false),
            ("io.kubernetes.container.name", false),
            (POD_NAMESPACE_KEY, true),
            ("kubernetes.io/hostname", false),
            ("node.kubernetes.io/pool", true),
            ("statefulset.kubernetes.io/pod-name", false),
            ("apps.kubernetes.io/pod-index", false),
            ("apps.kubernetes.io/other", true),
            ("batch.kubernetes.io/job-name", true),
            ("batch.kubernetes.io/controller-uid", false),
            ("failure-domain.beta.kubernetes.io/zone", false),
            ("beta.kubernetes.io/arch", false),
            ("k8s.io/x", false),
            ("x.k8s.io/y", true),
            ("pod-template-hash", false),
            ("pod-template-hash-of-mine", false),
            ("controller-revision-hash", false),
            ("controller-uid", false),
            ("annotation.example.com/x", false),
            ("annotations", false),
            ("etcd_node", false),
            ("topology.kubernetes.io/zone", false),
            ("io.cilium.example/x", true),
            // Labels of namespaces.
            ("io.cilium.k8s.namespace.labels.environment", true),
            ("io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name", true),
            ("io.cilium.k8s.namespace.labels.topology.kubernetes.io/zone", true),
            ("io.cilium.k8s.namespace.labels.x.beta.kubernetes.io/y", false),
        ] {
            assert_eq!(is_kept(key, &newest), kept, "{key}");
        }
        let older = Settings { version: "1.18".parse().ok(), ..Settings::default() };
        assert!(is_kept("topology.kubernetes.io/zone", &older));
    }

    #[test]
    fn what_cilium_sets_itself_is_nobodys_label() {
        let newest = Settings::default();
        for key in ["io.cilium.k8s.policy.serviceaccount", "io.cilium.k8s.namespace.labels.a", POD_NAMESPACE_KEY] {
            assert!(unusable(key, &newest).is_some_and(|why| why.contains("a label of its own")), "{key}");
            assert_eq!(unusable_in_a_policy(key), None, "{key}");
        }
        assert!(unusable_in_a_policy("io.cilium.k8s.namespace.labels.x.beta.kubernetes.io/y").is_some());
        assert!(unusable_in_a_policy("io.kubernetes/x").is_some());
    }
}
