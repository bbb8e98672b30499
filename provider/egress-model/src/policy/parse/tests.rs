//! What each wrong part of a policy is told, and on which path.

use std::collections::BTreeMap;

use super::super::*;

fn valid() -> Spec {
    Spec { name: "backend".into(), namespace: Some("production".into()), ..Spec::default() }
}

fn with_rule(rule: RuleSpec) -> Spec {
    Spec { allow: BTreeMap::from([("r".to_owned(), rule)]), ..valid() }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn external(ports: &[&str]) -> RuleSpec {
    RuleSpec { to_external: Some(true), ports: Some(texts(ports)), ..RuleSpec::default() }
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
            "name: \"Backend\" must be a lowercase DNS name: letters, digits and '-', in parts separated by '.', each beginning and ending with a letter or digit",
        ),
        (
            Spec { namespace: Some("a.b".into()), ..valid() },
            "namespace: \"a.b\" must hold only lowercase letters, digits and '-', and begin and end with a letter or digit",
        ),
        (
            Spec { mode: Some("warn".into()), ..valid() },
            "mode: \"warn\" is no mode; use \"enforce\", \"audit\" or \"staged\"",
        ),
        (
            Spec { labels: label("egress-owner", "x"), ..valid() },
            "labels[\"egress-owner\"]: the label \"egress-owner\" marks what this provider owns and cannot be set here",
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
            "annotations: has 262145 bytes of keys and values; an object has at most 262144",
        ),
        (
            Spec { service_accounts: Some(vec![]), ..valid() },
            "service_accounts: must not be an empty list; leave it out, or name at least one",
        ),
        (
            expression("tier is web"),
            "pods.match_expressions[0]: \"tier is web\" is no expression; write \"tier in (web, api)\", \"tier notin (db)\", \"tier\", \"!tier\", \"tier=web\" or \"tier!=web\"",
        ),
        (
            expression("tier in (a b)"),
            "pods.match_expressions[0]: \"a b\" must begin and end with a letter or digit and hold only letters, digits, '-', '_' and '.'",
        ),
        (
            Spec { priority: Some(1001), ..valid() },
            "priority: 1001 is no priority; priorities are 0 (asked first) to 1000 (asked last)",
        ),
        (
            Spec { dns_queries: Some(vec![]), ..valid() },
            "dns_queries: must not be an empty list; leave it out, or name at least one",
        ),
        (
            Spec { dns_queries: Some(texts(&["example.com"])), allow_dns: Some(false), ..valid() },
            "dns_queries: says which names may be asked for, but allow_dns is false",
        ),
        (
            in_cluster(ClusterSpec {
                resolver: ResolverSpec { node_local_ips: Some(texts(&["node"])), ..ResolverSpec::default() },
                ..ClusterSpec::default()
            }),
            "resolver.node_local_ips[0]: \"node\" is no IP address",
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
            "resolver.ports[0]: 70000 is no port; ports are 1 to 65535",
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
fn tells_mistakes_about_destinations() {
    check(vec![
        (
            with_rule(RuleSpec::default()),
            "allow[\"r\"]: has no destination; set one of to_pods, to_namespaces, to_cidrs, to_external, to_domains, to_services and to_entities (\"all\" stands for every destination)",
        ),
        (
            with_rule(RuleSpec {
                to_external: Some(true),
                to_cidrs: Some(texts(&["192.0.2.0/24"])),
                ..RuleSpec::default()
            }),
            "allow[\"r\"]: has several kinds of destination (to_cidrs, to_external); a rule has one, so write a rule for each",
        ),
        (
            with_rule(RuleSpec { to_external: Some(false), ..RuleSpec::default() }),
            "allow[\"r\"].to_external: false says nothing; leave it out, or deny external destinations in a deny rule",
        ),
        (
            with_rule(RuleSpec { to_cidrs: Some(texts(&["192.0.2.0"])), ..RuleSpec::default() }),
            "allow[\"r\"].to_cidrs[0]: 192.0.2.0 has no prefix length; write 192.0.2.0/32 for this one address",
        ),
        (
            with_rule(RuleSpec { to_cidrs: Some(texts(&[])), ..RuleSpec::default() }),
            "allow[\"r\"].to_cidrs: must not be an empty list; leave it out, or name at least one",
        ),
        (
            with_rule(RuleSpec {
                to_cidrs: Some(texts(&["192.0.2.0/24"])),
                except_cidrs: Some(texts(&["10.0.0.0/8"])),
                ..RuleSpec::default()
            }),
            "allow[\"r\"].except_cidrs[0]: 10.0.0.0/8 is not inside any block of to_cidrs, so there is nothing to leave out",
        ),
        (
            with_rule(RuleSpec {
                to_cidrs: Some(texts(&["192.0.2.0/24"])),
                except_cidrs: Some(texts(&["192.0.2.0/24"])),
                ..RuleSpec::default()
            }),
            "allow[\"r\"].except_cidrs: leaves out everything that to_cidrs names",
        ),
        (
            with_rule(RuleSpec {
                to_external: Some(true),
                except_cidrs: Some(texts(&["10.0.0.0/8"])),
                ..RuleSpec::default()
            }),
            "allow[\"r\"].except_cidrs: needs to_cidrs, of which it leaves out parts",
        ),
        (
            with_rule(RuleSpec { to_domains: Some(texts(&["*.com"])), ..RuleSpec::default() }),
            "allow[\"r\"].to_domains[0]: \"*.com\" would match every name of a top-level domain; a wildcard needs at least two parts after it",
        ),
        (
            with_rule(RuleSpec { to_entities: Some(texts(&["world"])), ..RuleSpec::default() }),
            "allow[\"r\"].to_entities[0]: \"world\" is no entity; use one of \"all\", \"kube-apiserver\", \"dns\", \"nodes\"",
        ),
        (
            with_rule(RuleSpec { to_services: Some(texts(&["A"])), ..RuleSpec::default() }),
            "allow[\"r\"].to_services[0]: \"A\" must hold only lowercase letters, digits and '-', and begin and end with a letter or digit",
        ),
        (
            with_rule(RuleSpec { to_services: Some(texts(&["a/b/c"])), ..RuleSpec::default() }),
            "allow[\"r\"].to_services[0]: \"a/b/c\" is no Service; write \"name\", or \"namespace/name\" for one of another namespace",
        ),
    ]);
}

#[test]
fn an_address_and_the_name_of_a_port_are_told_where_they_belong() {
    let domains = |names: &[&str], ports: &[&str]| {
        with_rule(RuleSpec { to_domains: Some(texts(names)), ports: Some(texts(ports)), ..RuleSpec::default() })
    };
    let outside = "is the name of a pod's port, and no pod is a destination of this rule; write the number";
    check(vec![
        (
            domains(&["api.example.com", "203.0.113.7"], &["443"]),
            "allow[\"r\"].to_domains[1]: 203.0.113.7 is an address, and DNS gives no address for it; addresses are blocks of to_cidrs \
             (cidrs of a gateway), this one \"203.0.113.7/32\"",
        ),
        (domains(&["api.example.com"], &["443", "web"]), &format!("allow[\"r\"].ports[1]: \"web\" {outside}")),
        (with_rule(external(&["dns/UDP"])), &format!("allow[\"r\"].ports[0]: \"dns/UDP\" {outside}")),
        (
            with_rule(RuleSpec {
                to_cidrs: Some(texts(&["192.0.2.0/24"])),
                ports: Some(texts(&["web"])),
                ..RuleSpec::default()
            }),
            &format!("allow[\"r\"].ports[0]: \"web\" {outside}"),
        ),
    ]);
}

#[test]
fn a_namespace_is_not_named_and_left_out() {
    let named = |names: &[&str], exempt: Option<&[&str]>| Spec {
        namespace: None,
        namespaces: Some(NamespaceSelectorSpec { names: Some(texts(names)), ..NamespaceSelectorSpec::default() }),
        exempt_namespaces: exempt.map(texts),
        ..valid()
    };
    let written = |label: &str| Spec {
        namespace: None,
        namespaces: Some(NamespaceSelectorSpec {
            match_labels: BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), label.to_owned())]),
            ..NamespaceSelectorSpec::default()
        }),
        ..valid()
    };
    let by_default = "namespaces: would be left out again: kube-system is one of the cluster's own, which policies of the whole cluster \
                      leave alone where exempt_namespaces is not set. To have the policy be about it, set exempt_namespaces to a list \
                      without it, such as []; else do not name it here";
    check(vec![
        (named(&["kube-system"], None), by_default),
        (named(&["shop", "kube-system"], None), by_default),
        (written("kube-system"), by_default),
        (
            named(&["shop", "billing"], Some(&["shop"])),
            "namespaces: would be left out again: shop is in exempt_namespaces. To have the policy be about it, set exempt_namespaces \
             to a list without it, such as []; else do not name it here",
        ),
    ]);
    for good in [named(&["kube-system"], Some(&[])), named(&["shop"], None), written("shop")] {
        assert_eq!(mistakes(&good), [""; 0], "{good:?}");
    }
}

#[test]
fn tells_what_only_one_scope_can_have() {
    let cluster_wide = |rule: RuleSpec| Spec { namespace: None, ..with_rule(rule) };
    check(vec![
        (
            Spec { exempt_namespaces: Some(texts(&["kube-system"])), ..valid() },
            "exempt_namespaces: is for policies of the whole cluster; leave it out, or leave out namespace",
        ),
        (
            Spec { namespaces: Some(NamespaceSelectorSpec::default()), ..valid() },
            "namespaces: is for policies of the whole cluster; leave it out, or leave out namespace",
        ),
        (
            cluster_wide(RuleSpec { to_pods: Some(SelectorSpec::default()), ..RuleSpec::default() }),
            "allow[\"r\"].to_pods: needs to_namespaces beside it: a policy of the whole cluster has no namespace of its own",
        ),
        (
            cluster_wide(RuleSpec { to_services: Some(texts(&["a"])), ..RuleSpec::default() }),
            "allow[\"r\"].to_services[0]: \"a\" is no Service; write \"name\", or \"namespace/name\" for one of another namespace",
        ),
    ]);
}

#[test]
fn policies_of_the_whole_cluster_leave_the_systems_namespaces_alone() {
    let policy = Policy::parse(&Spec { namespace: None, ..valid() }).expect("a policy");
    let Scope::Cluster { namespaces, exempt } = policy.scope else { panic!("a namespace") };
    assert!(namespaces.is_empty());
    assert_eq!(
        exempt.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["kube-node-lease", "kube-public", "kube-system"]
    );
}

#[test]
fn tells_mistakes_about_ports() {
    check(vec![
        (with_rule(external(&[])), "allow[\"r\"].ports: must not be an empty list; leave it out, or name at least one"),
        (with_rule(external(&["0"])), "allow[\"r\"].ports[0]: 0 is no port; ports are 1 to 65535"),
        (
            with_rule(external(&["80", "90-80"])),
            "allow[\"r\"].ports[1]: the range ends at 80, before its first port 90",
        ),
        (
            with_rule(external(&["443/tcp"])),
            "allow[\"r\"].ports[0]: \"tcp\" is no protocol; use \"TCP\", \"UDP\", \"SCTP\" or \"ICMP\"",
        ),
        (with_rule(external(&["256/ICMP"])), "allow[\"r\"].ports[0]: \"256\" is not between 0 and 255"),
    ]);
}

#[test]
fn tells_mistakes_about_what_is_inside_connections() {
    check(vec![
        (
            with_rule(RuleSpec { to_external: Some(true), sni: Some(texts(&["example.com"])), ..RuleSpec::default() }),
            "allow[\"r\"].sni: needs ports, all of them TCP: HTTP requests and TLS server names are read from TCP connections",
        ),
        (
            with_rule(RuleSpec { http: Some(vec![HttpSpec::default()]), ..external(&["80"]) }),
            "allow[\"r\"].http[0]: says nothing; set method, path, path_prefix or headers",
        ),
        (
            with_rule(RuleSpec {
                http: Some(vec![HttpSpec { method: Some("get".into()), ..HttpSpec::default() }]),
                ..external(&["80"])
            }),
            "allow[\"r\"].http[0].method: \"get\" is no HTTP method such as \"GET\"; methods are uppercase",
        ),
        (
            with_rule(RuleSpec {
                http: Some(vec![HttpSpec {
                    path: Some("/".into()),
                    path_prefix: Some("/".into()),
                    ..HttpSpec::default()
                }]),
                ..external(&["80"])
            }),
            "allow[\"r\"].http[0].path_prefix: cannot stand beside path; a rule has one of them",
        ),
        (
            with_rule(RuleSpec {
                http: Some(vec![HttpSpec {
                    headers: BTreeMap::from([("x-tenant".to_owned(), " ".to_owned())]),
                    ..HttpSpec::default()
                }]),
                ..external(&["80"])
            }),
            "allow[\"r\"].http[0].headers[\"x-tenant\"]: \" \" is no header value: ASCII without control characters, and without blanks \
             at its ends",
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
            "name: must not be empty",
            "allow[\"r\"].ports[0]: 0 is no port; ports are 1 to 65535",
            "allow[\"r\"].ports[1]: 65536 is no port; ports are 1 to 65535",
        ]
    );
}

#[test]
fn namespace_names_become_the_label_that_kubernetes_sets() {
    let rule = |names: &[&str]| {
        let selector = NamespaceSelectorSpec { names: Some(texts(names)), ..NamespaceSelectorSpec::default() };
        let spec = with_rule(RuleSpec { to_namespaces: Some(selector), ..RuleSpec::default() });
        Policy::parse(&spec).expect("a policy").allow["r"].to.clone()
    };
    let selector = |peers| match peers {
        Peers::Pods { namespaces: Namespaces::Matching(selector), .. } => selector,
        other => panic!("{other:?}"),
    };
    let one = selector(rule(&["backend"]));
    assert_eq!(one.match_labels.len(), 1);
    assert_eq!(one.match_labels.keys().next().map(ToString::to_string), Some("kubernetes.io/metadata.name".to_owned()));
    let two = selector(rule(&["b", "a"]));
    assert!(two.match_labels.is_empty() && two.match_expressions.len() == 1, "{two:?}");
}

#[test]
fn exceptions_count_for_every_block() {
    let rule = RuleSpec {
        to_cidrs: Some(texts(&["10.0.0.0/8", "10.1.0.0/16"])),
        except_cidrs: Some(texts(&["10.1.0.0/16"])),
        ..RuleSpec::default()
    };
    let policy = Policy::parse(&with_rule(rule)).expect("a policy");
    let Peers::Cidrs(set) = &policy.allow["r"].to else { panic!("no blocks") };
    let blocks: Vec<_> = set.blocks().map(|(block, except)| (block.to_string(), except.len())).collect();
    assert_eq!(blocks, [("10.0.0.0/8".to_owned(), 1)]);
    assert!(
        set.contains("10.2.0.1".parse().expect("an address")) && !set.contains("10.1.0.1".parse().expect("an address"))
    );
    let whole = |except: &[&str]| {
        let rule = RuleSpec {
            to_cidrs: Some(texts(&["192.0.2.0/24", "2001:db8::/32"])),
            except_cidrs: Some(texts(except)),
            ..RuleSpec::default()
        };
        let policy = Policy::parse(&with_rule(rule)).expect("a policy");
        let Peers::Cidrs(set) = &policy.allow["r"].to else { panic!("no blocks") };
        set.remaining().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(whole(&["192.0.2.64/26", "192.0.2.64/27"]), ["192.0.2.0/26", "192.0.2.128/25", "2001:db8::/32"]);
    assert_eq!(
        whole(&["192.0.2.1/32"]),
        [
            "192.0.2.0/32",
            "192.0.2.2/31",
            "192.0.2.4/30",
            "192.0.2.8/29",
            "192.0.2.16/28",
            "192.0.2.32/27",
            "192.0.2.64/26",
            "192.0.2.128/25",
            "2001:db8::/32"
        ]
    );
}
