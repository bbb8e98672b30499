//! The message for each wrong part of a policy, and its path.

mod destinations;
mod ports;
mod scope;
mod selectors;

use std::collections::BTreeMap;

use super::super::*;

fn valid() -> Spec {
    Spec { name: "backend".into(), namespace: Some("production".into()), ..Spec::default() }
}

fn with_rule(rule: RuleSpec) -> Spec {
    Spec { allow: BTreeMap::from([("r".to_owned(), rule)]), ..valid() }
}

/// A rule that lacks nothing but its destination.
fn rule() -> RuleSpec {
    RuleSpec { ports: Some(texts(&["any"])), ..RuleSpec::default() }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn to_cidrs(blocks: &[&str]) -> Spec {
    with_rule(RuleSpec { to_cidrs: Some(texts(blocks)), ..rule() })
}

fn to_namespaces(namespaces: NamespaceSelectorSpec, pods: Option<SelectorSpec>) -> Spec {
    with_rule(RuleSpec { to_namespaces: Some(ToNamespacesSpec { namespaces, pods }), ..rule() })
}

fn named(names: &[&str]) -> NamespaceSelectorSpec {
    NamespaceSelectorSpec { names: Some(texts(names)), ..NamespaceSelectorSpec::default() }
}

fn external(ports: &[&str]) -> RuleSpec {
    RuleSpec { to_external: Some(true), ports: Some(texts(ports)), ..rule() }
}

fn expression(text: &str) -> Spec {
    Spec { pods: Some(SelectorSpec { match_expressions: texts(&[text]), ..SelectorSpec::default() }), ..valid() }
}

fn in_cluster(cluster: ClusterSpec) -> Spec {
    Spec { cluster, ..valid() }
}

fn mistakes(spec: &Spec) -> Vec<String> {
    match Policy::parse(spec) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
    }
}

/// Each policy has one mistake, and the message names it with its path.
fn check(cases: Vec<(Spec, &str)>) {
    for (spec, message) in cases {
        assert_eq!(mistakes(&spec), [message], "{spec:?}");
    }
}

#[test]
fn tells_mistakes_about_the_policy() {
    let label = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    check(vec![
        (
            Spec { name: "Backend".into(), ..valid() },
            "name: \"Backend\" must be a lowercase DNS name: letters, digits and '-', in parts separated by '.', \
             each beginning and ending with a letter or digit",
        ),
        (
            Spec { namespace: Some("a.b".into()), ..valid() },
            "namespace: \"a.b\" must hold only lowercase letters, digits and '-', and begin and end with a letter or digit",
        ),
        (
            Spec { mode: Some("warn".into()), ..valid() },
            "mode: \"warn\" is not a mode; use \"enforce\", \"audit\" or \"staged\"",
        ),
        (
            Spec { labels: label("egress-owner", "x"), ..valid() },
            "labels[\"egress-owner\"]: The label \"egress-owner\" marks what this provider owns and cannot be set here",
        ),
        (
            Spec { labels: label("a", "b c"), ..valid() },
            "labels[\"a\"]: \"b c\" must begin and end with a letter or digit and hold only letters, digits, '-', '_' and '.'",
        ),
        (
            Spec { annotations: label("a b", ""), ..valid() },
            "annotations[\"a b\"]: \"a b\" must begin and end with a letter or digit and hold only letters, digits, '-', '_' and '.'",
        ),
        (
            Spec { annotations: label("a", &"x".repeat(262_144)), ..valid() },
            "annotations: It has 262145 bytes of keys and values; an object has at most 262144",
        ),
        (
            Spec { service_accounts: Some(vec![]), ..valid() },
            "service_accounts: It must not be an empty list; leave it out, or name at least one",
        ),
        (
            expression("tier is web"),
            "pods.match_expressions[0]: \"tier is web\" is no expression; write \"tier in (web, api)\", \"tier \
             notin (db)\", \"tier\", \"!tier\", \"tier=web\" or \"tier!=web\"",
        ),
        (
            expression("tier in (a b)"),
            "pods.match_expressions[0]: \"a b\" must begin and end with a letter or digit and hold only letters, digits, '-', '_' and '.'",
        ),
        (
            Spec { priority: Some(1001), ..valid() },
            "priority: 1001 is not a priority; priorities are 0 (asked first) to 1000 (asked last)",
        ),
        (
            Spec { dns_queries: Some(vec![]), ..valid() },
            "dns_queries: It must not be an empty list; leave it out, or name at least one",
        ),
        (
            Spec { dns_queries: Some(texts(&["example.com"])), allow_dns: Some(false), ..valid() },
            "dns_queries: It says which names may be asked for, but allow_dns is false",
        ),
        (
            in_cluster(ClusterSpec {
                resolver: ResolverSpec { node_local_ips: Some(texts(&["node"])), ..ResolverSpec::default() },
                ..ClusterSpec::default()
            }),
            "resolver.node_local_ips[0]: \"node\" is not an IP address",
        ),
        (
            in_cluster(ClusterSpec {
                resolver: ResolverSpec {
                    node_local_ips: Some(texts(&["::ffff:169.254.20.10"])),
                    ..ResolverSpec::default()
                },
                ..ClusterSpec::default()
            }),
            "resolver.node_local_ips[0]: \"::ffff:169.254.20.10\" is an IPv4 address in IPv6 notation; write the IPv4 address",
        ),
        (
            in_cluster(ClusterSpec {
                resolver: ResolverSpec { ports: Some(vec![70000]), ..ResolverSpec::default() },
                ..ClusterSpec::default()
            }),
            "resolver.ports[0]: 70000 is not a port; ports are 1 to 65535",
        ),
        (
            in_cluster(ClusterSpec {
                cidrs: ClusterCidrsSpec { pods: texts(&["0.0.0.0/0"]), ..ClusterCidrsSpec::default() },
                ..ClusterSpec::default()
            }),
            "cluster_cidrs.pods[0]: 0.0.0.0/0 is every address, which leaves nothing outside the cluster",
        ),
    ]);
}

#[test]
fn tells_all_mistakes_at_once() {
    let rule = external(&["0", "65536"]);
    let spec = Spec { name: String::new(), ..with_rule(rule) };
    assert_eq!(
        mistakes(&spec),
        [
            "name: It must not be empty",
            "allow[\"r\"].ports[0]: 0 is not a port; ports are 1 to 65535",
            "allow[\"r\"].ports[1]: 65536 is not a port; ports are 1 to 65535",
        ]
    );
}
