//! What a cluster needs to work and a policy of the whole cluster would take from it, so that a plan can say so.
//!
//! Only of policies that are about ordinary pods in ordinary namespaces: whoever selects some by their labels has chosen them.

use std::net::{IpAddr, Ipv4Addr};

use super::verdict::{Destination, Flow, Host, Pod, Transport, Verdict, verdict};
use super::{Mode, Path, Peers, Policy, Protocol, Scope};
use crate::labels::{Labels, NamespaceName};

/// A part of a policy that can stop the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Danger {
    /// What it stops, as a headline: hosts show one of several messages with the same.
    pub headline: &'static str,
    /// Which part.
    pub path: Path,
    /// What it does, as the rest of a sentence about the part, and what to do instead.
    pub why: String,
}

/// Everything of the kind in a policy.
pub fn dangers(policy: &Policy) -> Vec<Danger> {
    let is_of_cluster = matches!(policy.scope, Scope::Cluster { .. });
    if !is_of_cluster || policy.mode != Mode::Enforce || !is_about(policy, ORDINARY) {
        return Vec::new();
    }
    components(policy).into_iter().chain(api_server(policy)).collect()
}

/// A namespace of no particular kind.
const ORDINARY: &str = "any";

/// An address outside of any cluster (RFC 5737).
const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Namespaces of the cluster's own components that a list of exemptions leaves out.
fn components(policy: &Policy) -> Option<Danger> {
    let own = policy.own_namespaces.iter().map(NamespaceName::as_str);
    let reached: Vec<&str> = own.filter(|namespace| is_about(policy, namespace)).collect();
    (!reached.is_empty()).then(|| Danger {
        headline: "The policy is about the cluster's own components",
        path: Path::root().field("exempt_namespaces"),
        why: format!(
            "leaves out {}, where the cluster's own components may run: the policy is about their pods too, and can \
             stop the cluster. Leave exempt_namespaces out, or name these namespaces in it as well",
            listed(&reached)
        ),
    })
}

/// The first few of a list, and how many more there are.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    match names.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

/// The API server, which operators, webhooks and controllers ask from within pods.
fn api_server(policy: &Policy) -> Option<Danger> {
    let known = policy.cluster.api_server.iter().map(|range| range.net().addr());
    let addresses: Vec<IpAddr> = if policy.cluster.api_server.is_empty() { vec![SOMEWHERE] } else { known.collect() };
    let source = pod(ORDINARY)?;
    // The port of its Service, which some network plugins see, and the usual one of its own.
    let flows: Vec<Flow> =
        addresses.iter().flat_map(|address| [443, 6443].map(|port| to_api_server(*address, port))).collect();
    let verdicts: Vec<Verdict<'_>> = flows.iter().map(|flow| verdict(policy, &source, flow)).collect();
    let denied = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Denied(key) => Some(*key),
        _ => None,
    });
    if verdicts.iter().any(|verdict| verdict.passes()) || denied.is_none() && allows_its_service(policy) {
        return None;
    }
    let (path, does, instead) = match denied {
        Some(key) => (
            Path::root().field("deny").key(key),
            "also denies the Kubernetes API server",
            "Leave the API server out of the rule, or exempt the namespaces of what needs it",
        ),
        None => (
            Path::root().field("allow"),
            "has no rule that lets the pods to the Kubernetes API server",
            "Add a rule with to_entities = [\"kube-apiserver\"], or exempt the namespaces of what needs it. Rules \
             with to_cidrs count where the provider's kubernetes.cluster_cidrs.api_server says which addresses it \
             has",
        ),
    };
    let why =
        format!("{does}: operators, admission webhooks and controllers in the selected pods stop working. {instead}");
    Some(Danger { headline: "The policy cuts pods off from the Kubernetes API server", path, why })
}

fn allows_its_service(policy: &Policy) -> bool {
    policy.allow.values().any(|rule| match &rule.to {
        Peers::Services(services) => services
            .iter()
            .any(|service| service.namespace.as_str() == "default" && service.name.as_str() == "kubernetes"),
        _ => false,
    })
}

/// Whether the policy is about pods without labels in this namespace, which has none beside its name.
fn is_about(policy: &Policy, namespace: &str) -> bool {
    let probe = to_api_server(SOMEWHERE, 443);
    pod(namespace).is_some_and(|pod| verdict(policy, &pod, &probe) != Verdict::NotSelected)
}

fn pod(namespace: &str) -> Option<Pod> {
    Some(Pod {
        namespace: namespace.parse().ok()?,
        namespace_labels: Labels::default(),
        labels: Labels::default(),
        service_account: "default".parse().ok()?,
        named_ports: Vec::new(),
        services: Vec::new(),
    })
}

fn to_api_server(address: IpAddr, port: u16) -> Flow {
    Flow {
        destination: Destination { address, host: Host::ApiServer, names: Vec::new() },
        transport: Transport::Port(Protocol::Tcp, port),
        application: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{ClusterSpec, NamespaceSelectorSpec, RuleSpec, SelectorSpec, Spec};

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn rule(ports: &[&str]) -> RuleSpec {
        RuleSpec { ports: Some(texts(ports)), ..RuleSpec::default() }
    }

    fn policy(allow: Option<RuleSpec>, deny: Option<RuleSpec>) -> Spec {
        let named = |rule: Option<RuleSpec>| rule.map(|rule| ("r".to_owned(), rule)).into_iter().collect();
        Spec { name: "p".into(), allow: named(allow), deny: named(deny), ..Spec::default() }
    }

    fn entities(names: &[&str], ports: &[&str]) -> RuleSpec {
        RuleSpec { to_entities: Some(texts(names)), ..rule(ports) }
    }

    fn cidrs(blocks: &[&str]) -> RuleSpec {
        RuleSpec { to_cidrs: Some(texts(blocks)), ..rule(&["443"]) }
    }

    fn at_known_address(spec: Spec) -> Spec {
        let mut cluster = ClusterSpec::default();
        cluster.cidrs.api_server = texts(&["192.168.0.10/32"]);
        Spec { cluster, ..spec }
    }

    fn paths(spec: &Spec) -> Vec<String> {
        let policy = Policy::parse(spec).expect("a policy");
        dangers(&policy).into_iter().map(|danger| danger.path.to_string()).collect()
    }

    #[test]
    fn a_default_deny_of_the_cluster_names_what_it_stops() {
        let services = RuleSpec { to_services: Some(texts(&["default/kubernetes"])), ..rule(&["any"]) };
        let of_names = |names: &[&str]| {
            Some(NamespaceSelectorSpec { names: Some(texts(names)), ..NamespaceSelectorSpec::default() })
        };
        let labels = |key: &str| SelectorSpec {
            match_labels: [(key.to_owned(), "a".to_owned())].into(),
            ..SelectorSpec::default()
        };
        let everything = || policy(None, None);
        for (spec, expected) in [
            (everything(), &["allow"][..]),
            (policy(Some(entities(&["dns"], &["any"])), None), &["allow"]),
            (policy(Some(entities(&["kube-apiserver"], &["443"])), None), &[]),
            (policy(Some(entities(&["kube-apiserver"], &["6443"])), None), &[]),
            (policy(Some(entities(&["kube-apiserver"], &["80"])), None), &["allow"]),
            (policy(Some(entities(&["all"], &["any"])), None), &[]),
            (policy(Some(services), None), &[]),
            // Where its address is known, blocks count.
            (policy(Some(cidrs(&["192.168.0.0/16"])), None), &["allow"]),
            (at_known_address(policy(Some(cidrs(&["192.168.0.0/16"])), None)), &[]),
            (at_known_address(policy(Some(cidrs(&["10.0.0.0/8"])), None)), &["allow"]),
            (policy(Some(entities(&["all"], &["any"])), Some(entities(&["all"], &["any"]))), &["deny[\"r\"]"]),
            (
                at_known_address(policy(
                    Some(entities(&["all"], &["any"])),
                    Some(RuleSpec { ports: Some(texts(&["any"])), ..cidrs(&["192.168.0.0/16"]) }),
                )),
                &["deny[\"r\"]"],
            ),
            // Whoever chooses pods or namespaces, or stops nothing, is not warned.
            (Spec { namespace: Some("shop".into()), ..everything() }, &[]),
            (Spec { namespaces: of_names(&["shop"]), ..everything() }, &[]),
            (Spec { pods: Some(labels("app")), ..everything() }, &[]),
            (Spec { service_accounts: Some(texts(&["api"])), ..everything() }, &[]),
            (Spec { mode: Some("audit".into()), ..everything() }, &[]),
            (
                Spec { exempt_namespaces: Some(Vec::new()), ..policy(Some(entities(&["all"], &["any"])), None) },
                &["exempt_namespaces"],
            ),
            (
                Spec { exempt_namespaces: Some(texts(&["kube-system"])), ..everything() },
                &["exempt_namespaces", "allow"],
            ),
        ] {
            assert_eq!(paths(&spec), expected, "{spec:?}");
        }
    }

    #[test]
    fn namespaces_of_the_engine_are_told_where_a_list_leaves_them_out() {
        let cluster = ClusterSpec { own_namespaces: texts(&["calico-system"]), ..ClusterSpec::default() };
        let exempt_namespaces = Some(texts(&["kube-system", "kube-public", "kube-node-lease"]));
        let spec = Spec { exempt_namespaces, cluster, ..policy(Some(entities(&["all"], &["any"])), None) };
        let [danger] = &dangers(&Policy::parse(&spec).expect("a policy"))[..] else { panic!("one danger") };
        assert_eq!(
            danger.why,
            "leaves out calico-system, where the cluster's own components may run: the policy is about their pods \
             too, and can stop the cluster. Leave exempt_namespaces out, or name these namespaces in it as well"
        );
        assert_eq!(paths(&Spec { exempt_namespaces: None, ..spec }), [""; 0]);
    }
}
