//! Selectors of pods as Cilium writes them: namespaces and service accounts are labels of the pod's identity.
//!
//! Sources: Cilium documentation, "Endpoints Based" (layer 3 policies), "Using Kubernetes Constructs In Policy" and
//! "Limiting Identity-Relevant Labels".

use std::collections::BTreeSet;

use egress_model::labels::{NAMESPACE_NAME_LABEL, Selector};
use egress_model::policy::{Namespaces, Policy, Resolver, Scope};

use crate::label_selector::{LabelSelector, LabelSelectorRequirement};

/// The label with the name of a pod's namespace.
pub(super) const POD_NAMESPACE_KEY: &str = "io.kubernetes.pod.namespace";
/// The same with the source of labels that Kubernetes gives, as policies write it.
const POD_NAMESPACE: &str = "k8s:io.kubernetes.pod.namespace";
/// What comes before the labels of a pod's namespace.
pub(super) const NAMESPACE_LABEL_PREFIX: &str = "k8s:io.cilium.k8s.namespace.labels.";
/// The label with the service account that a pod runs as.
const SERVICE_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";

fn requirement(key: &str, operator: &'static str, values: Vec<String>) -> LabelSelectorRequirement {
    LabelSelectorRequirement { key: key.to_owned(), operator, values }
}

fn texts<T: ToString>(values: &BTreeSet<T>) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// The pods that a policy is about.
pub(super) fn subject(policy: &Policy) -> LabelSelector {
    let mut selector = LabelSelector::from(&policy.pods);
    let accounts = texts(&policy.service_accounts);
    match accounts.as_slice() {
        [] => {}
        [one] => {
            selector.match_labels.insert(SERVICE_ACCOUNT.to_owned(), one.clone());
        }
        _ => selector.match_expressions.push(requirement(SERVICE_ACCOUNT, "In", accounts)),
    }
    if let Scope::Cluster { namespaces, exempt } = &policy.scope {
        restrict(&mut selector, namespaces);
        if !exempt.is_empty() {
            selector.match_expressions.push(requirement(POD_NAMESPACE, "NotIn", texts(exempt)));
        }
    }
    selector
}

/// Pods as a destination.
pub(super) fn pods(namespaces: &Namespaces, pods: &Selector) -> LabelSelector {
    let mut selector = LabelSelector::from(pods);
    // In a policy of a namespace, a selector that says nothing about namespaces means the policy's own.
    if let Namespaces::Matching(namespaces) = namespaces {
        restrict(&mut selector, namespaces);
    }
    selector
}

/// The resolver's pods.
pub(super) fn resolver(resolver: &Resolver) -> LabelSelector {
    let mut selector = LabelSelector::from(&resolver.pods);
    selector.match_labels.insert(POD_NAMESPACE.to_owned(), resolver.namespace.to_string());
    selector
}

/// Restricts a selector to pods in namespaces that match.
fn restrict(selector: &mut LabelSelector, namespaces: &Selector) {
    let name_or_prefixed = |key: &str| match key {
        NAMESPACE_NAME_LABEL => POD_NAMESPACE.to_owned(),
        key => format!("{NAMESPACE_LABEL_PREFIX}{key}"),
    };
    let written = LabelSelector::from(namespaces);
    let names = |requirement: &LabelSelectorRequirement| {
        requirement.key == NAMESPACE_NAME_LABEL && matches!(requirement.operator, "In" | "Exists")
    };
    // Only pods have a namespace. Without this, demands that a missing label meets are also met by nodes and by the world outside,
    // and in a policy of a namespace a selector without demands means the policy's own.
    if !written.match_labels.contains_key(NAMESPACE_NAME_LABEL) && !written.match_expressions.iter().any(names) {
        selector.match_expressions.push(requirement(POD_NAMESPACE, "Exists", Vec::new()));
    }
    let labels = written.match_labels.into_iter();
    selector.match_labels.extend(labels.map(|(key, value)| (name_or_prefixed(&key), value)));
    let expressions = written.match_expressions.into_iter();
    selector.match_expressions.extend(
        expressions.map(|expression| LabelSelectorRequirement { key: name_or_prefixed(&expression.key), ..expression }),
    );
}
