//! What each wrong part of a policy is told, and on which path.

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
            "name: \"Backend\" must be a lowercase DNS name: letters, digits and '-', in parts separated by '.', each beginning and ending with a letter or digit",
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
            "priority: 1001 is not a priority; priorities are 0 (asked first) to 1000 (asked last)",
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
fn tells_mistakes_about_destinations() {
    check(vec![
        (
            with_rule(rule()),
            "allow[\"r\"]: has no destination; set exactly one of to_pods, to_namespaces, to_cidrs, to_external, to_domains, to_services and to_entities ([\"all\"] is every destination)",
        ),
        (
            with_rule(RuleSpec { to_external: Some(true), to_cidrs: Some(texts(&["192.0.2.0/24"])), ..rule() }),
            "allow[\"r\"]: has several kinds of destination (to_cidrs, to_external); a rule has exactly one, so write a rule for each",
        ),
        (
            with_rule(RuleSpec { to_external: Some(false), ..rule() }),
            "allow[\"r\"].to_external: must be true or left out: false says nothing",
        ),
        (
            with_rule(RuleSpec { to_cidrs: Some(texts(&["192.0.2.0"])), ..rule() }),
            "allow[\"r\"].to_cidrs[0]: 192.0.2.0 has no prefix length; write 192.0.2.0/32 for this one address",
        ),
        (
            with_rule(RuleSpec { to_cidrs: Some(texts(&[])), ..rule() }),
            "allow[\"r\"].to_cidrs: must not be an empty list; leave it out, or name at least one",
        ),
        (
            to_cidrs(&["192.0.2.0/24", "!10.0.0.0/8"]),
            "allow[\"r\"].to_cidrs[1]: is not inside any block of the list, so there is nothing to leave out: 10.0.0.0/8",
        ),
        (
            to_cidrs(&["192.0.2.0/24", "!192.0.2.0/24"]),
            "allow[\"r\"].to_cidrs: must leave something: what begins with \"!\" leaves out every block of the list",
        ),
        (
            to_cidrs(&["!192.0.2.0/24"]),
            "allow[\"r\"].to_cidrs: must name a block without \"!\" as well: what begins with \"!\" is left out of the others",
        ),
        (
            to_cidrs(&["192.0.2.0/24", "! 192.0.2.0/25"]),
            "allow[\"r\"].to_cidrs[1]: \" 192.0.2.0/25\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32",
        ),
        (
            with_rule(RuleSpec { to_domains: Some(texts(&["*.com"])), ..rule() }),
            "allow[\"r\"].to_domains[0]: \"*.com\" would match every name of a top-level domain; a wildcard needs at least two parts after it",
        ),
        (
            with_rule(RuleSpec { to_entities: Some(texts(&["world"])), ..rule() }),
            "allow[\"r\"].to_entities[0]: \"world\" is not an entity; use one of \"all\", \"kube-apiserver\", \"dns\", \"nodes\"",
        ),
        (
            with_rule(RuleSpec { to_services: Some(texts(&["A"])), ..rule() }),
            "allow[\"r\"].to_services[0]: \"A\" must hold only lowercase letters, digits and '-', and begin and end with a letter or digit",
        ),
        (
            with_rule(RuleSpec { to_services: Some(texts(&["a/b/c"])), ..rule() }),
            "allow[\"r\"].to_services[0]: \"a/b/c\" is not a Service; write \"name\", or \"namespace/name\" for one of another namespace",
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
        (domains(&["api.example.com"], &["443", "web/TCP"]), &format!("allow[\"r\"].ports[1]: \"web/TCP\" {outside}")),
        (with_rule(external(&["dns/UDP"])), &format!("allow[\"r\"].ports[0]: \"dns/UDP\" {outside}")),
        (
            with_rule(RuleSpec {
                to_cidrs: Some(texts(&["192.0.2.0/24"])),
                ports: Some(texts(&["web/http"])),
                http_requests: Some(vec![HttpSpec {
                    method: Some("GET".into()),
                    path_prefix: Some("/".into()),
                    headers: Some(BTreeMap::new()),
                    ..HttpSpec::default()
                }]),
                ..RuleSpec::default()
            }),
            &format!("allow[\"r\"].ports[0]: \"web/http\" {outside}"),
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
            Spec { namespaces: Some(NamespaceSelectorSpec::all()), ..valid() },
            "namespaces: is for policies of the whole cluster; leave it out, or leave out namespace",
        ),
        (
            cluster_wide(RuleSpec { to_pods: Some(SelectorSpec::all()), ..rule() }),
            "allow[\"r\"].to_pods: has no meaning in a policy of the whole cluster, which has no namespace of its own; use to_namespaces, with its pods",
        ),
        (
            cluster_wide(RuleSpec { to_services: Some(texts(&["a"])), ..rule() }),
            "allow[\"r\"].to_services[0]: \"a\" is not a Service; write \"name\", or \"namespace/name\" for one of another namespace",
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
fn selectors_say_what_they_select() {
    let labels = || BTreeMap::from([("app".to_owned(), "web".to_owned())]);
    let app = || SelectorSpec { match_labels: labels(), ..SelectorSpec::default() };
    let both = || SelectorSpec { match_expressions: texts(&["tier"]), ..app() };
    let to_pods = |pods: SelectorSpec| with_rule(RuleSpec { to_pods: Some(pods), ..rule() });
    let pods = |pods: SelectorSpec| Spec { pods: Some(pods), ..valid() };
    let empty = "selects nothing in particular; set match_labels or match_expressions, or all = true for every one";
    let several = "must say exactly one thing, and says match_labels and match_expressions; labels and names can be written in match_expressions too, such as \"app=web\" and \"kubernetes.io/metadata.name in (a, b)\"";
    check(vec![
        (to_pods(SelectorSpec::default()), format!("allow[\"r\"].to_pods: {empty}").as_str()),
        (to_pods(both()), format!("allow[\"r\"].to_pods: {several}").as_str()),
        (
            to_pods(SelectorSpec { all: Some(true), ..app() }),
            "allow[\"r\"].to_pods.all: cannot stand beside match_labels: all = true selects every one",
        ),
        (
            to_pods(SelectorSpec { all: Some(false), ..SelectorSpec::default() }),
            "allow[\"r\"].to_pods.all: must be true or left out: false says nothing",
        ),
        (pods(SelectorSpec { form: Form::Block, ..SelectorSpec::default() }), format!("pods: {empty}").as_str()),
        (
            to_namespaces(NamespaceSelectorSpec::default(), Some(SelectorSpec::all())),
            "allow[\"r\"].to_namespaces: selects nothing in particular; set names, match_labels or match_expressions, or all = true for every one",
        ),
        (
            to_namespaces(
                NamespaceSelectorSpec { match_labels: labels(), ..named(&["backend"]) },
                Some(SelectorSpec::all()),
            ),
            "allow[\"r\"].to_namespaces: must say exactly one thing, and says names and match_labels; labels and names can be written in match_expressions too, such as \"app=web\" and \"kubernetes.io/metadata.name in (a, b)\"",
        ),
        (
            to_namespaces(named(&[]), Some(SelectorSpec::all())),
            "allow[\"r\"].to_namespaces.names: must not be an empty list; leave it out, or name at least one",
        ),
        (
            to_namespaces(named(&["backend"]), None),
            "allow[\"r\"].to_namespaces.pods: must be set; { all = true } is every pod",
        ),
    ]);
    for good in [
        pods(SelectorSpec { form: Form::Block, ..both() }),
        pods(SelectorSpec { form: Form::Block, ..SelectorSpec::all() }),
        to_pods(SelectorSpec::all()),
        to_namespaces(NamespaceSelectorSpec::all(), Some(app())),
    ] {
        assert_eq!(mistakes(&good), Vec::<String>::new());
    }
}

#[test]
fn tells_mistakes_about_ports() {
    check(vec![
        (
            with_rule(RuleSpec { ports: None, ..external(&[]) }),
            "allow[\"r\"].ports: must name at least one port; [\"any\"] is every port of every protocol",
        ),
        (
            with_rule(external(&[])),
            "allow[\"r\"].ports: must name at least one port; [\"any\"] is every port of every protocol",
        ),
        (
            with_rule(external(&["443", "any"])),
            "allow[\"r\"].ports[1]: must stand alone: \"any\" is every port of every protocol",
        ),
        (with_rule(external(&["0"])), "allow[\"r\"].ports[0]: 0 is not a port; ports are 1 to 65535"),
        (
            with_rule(external(&["80", "90-80"])),
            "allow[\"r\"].ports[1]: the range ends at 80, before its first port 90",
        ),
        (
            with_rule(external(&["tcp"])),
            "allow[\"r\"].ports[0]: \"tcp\" is a protocol without ports; write \"any/TCP\" for all of it, or the port before it",
        ),
        (
            with_rule(external(&["web"])),
            "allow[\"r\"].ports[0]: \"web\" has no protocol; write \"web/TCP\" for the port that the destination's containers call so",
        ),
        (
            with_rule(external(&["256/ICMP"])),
            "allow[\"r\"].ports[0]: \"256\" is not between 0 and 255, in digits without a sign and without a leading zero",
        ),
    ]);
}

#[test]
fn what_is_looked_into_is_announced_and_said() {
    let request = || HttpSpec {
        method: Some("GET".into()),
        path_prefix: Some("/v1".into()),
        headers: Some(BTreeMap::new()),
        ..HttpSpec::default()
    };
    let requests =
        |ports: &[&str], request| with_rule(RuleSpec { http_requests: Some(vec![request]), ..external(ports) });
    let names = |ports: &[&str]| with_rule(RuleSpec { server_names: Some(texts(&["example.com"])), ..external(ports) });
    let denied = Spec { deny: BTreeMap::from([("r".to_owned(), external(&["80/http"]))]), ..valid() };
    check(vec![
        (
            with_rule(external(&["80/http"])),
            "allow[\"r\"].ports[0]: announces \"http\", which needs http_requests; write \"TCP\" in its place for whatever is inside",
        ),
        (
            with_rule(external(&["53/UDP", "443/tls"])),
            "allow[\"r\"].ports[1]: announces \"tls\", which needs server_names; write \"TCP\" in its place for whatever is inside",
        ),
        (
            requests(&["80"], request()),
            "allow[\"r\"].http_requests: needs every port of the rule announced as \"http\", such as \"80/http\"",
        ),
        (
            requests(&["80/http", "53/UDP"], request()),
            "allow[\"r\"].http_requests: needs every port of the rule announced as \"http\", such as \"80/http\"",
        ),
        (
            names(&["any"]),
            "allow[\"r\"].server_names: needs every port of the rule announced as \"tls\", such as \"443/tls\"",
        ),
        (
            denied,
            "deny[\"r\"].ports[0]: announces \"http\", and a deny rule is about whole connections; write \"TCP\" in its place",
        ),
        (
            requests(&["80/http"], HttpSpec { method: None, ..request() }),
            "allow[\"r\"].http_requests[0].method: must be set; \"any\" is every method",
        ),
        (
            requests(&["80/http"], HttpSpec { method: Some("get".into()), ..request() }),
            "allow[\"r\"].http_requests[0].method: \"get\" is not an HTTP method such as \"GET\"; methods are uppercase",
        ),
        (
            requests(&["80/http"], HttpSpec { path_prefix: None, ..request() }),
            "allow[\"r\"].http_requests[0]: has neither path nor path_prefix; path_prefix = \"/\" is every path",
        ),
        (
            requests(&["80/http"], HttpSpec { path: Some("/".into()), ..request() }),
            "allow[\"r\"].http_requests[0].path_prefix: cannot stand beside path; a request has one of them",
        ),
        (
            requests(
                &["80/http"],
                HttpSpec { headers: Some(BTreeMap::from([("x-tenant".to_owned(), " ".to_owned())])), ..request() },
            ),
            "allow[\"r\"].http_requests[0].headers[\"x-tenant\"]: \" \" is not a header value: ASCII without control characters, and without \
             blanks at its ends",
        ),
        (
            requests(&["80/http"], HttpSpec { headers: None, ..request() }),
            "allow[\"r\"].http_requests[0].headers: must be set; {} asks for none",
        ),
        (
            requests(&["80/http"], HttpSpec { method: Some("any".into()), path_prefix: Some("/".into()), ..request() }),
            "allow[\"r\"].http_requests[0]: is every HTTP request; leave http_requests out and write \"TCP\" in place of \"http\" in ports",
        ),
    ]);
    let every_path = HttpSpec { path_prefix: Some("/".into()), ..request() };
    let policy = Policy::parse(&requests(&["80/http", "any/http"], every_path)).expect("a policy");
    let rule = &policy.allow["r"];
    assert_eq!(rule.ports.iter().map(ToString::to_string).collect::<Vec<_>>(), ["80/TCP", "any/TCP"]);
    assert_eq!(rule.http_requests[0].path, None);
}

#[test]
fn tells_all_mistakes_at_once() {
    let rule = external(&["0", "65536"]);
    let spec = Spec { name: String::new(), ..with_rule(rule) };
    assert_eq!(
        mistakes(&spec),
        [
            "name: must not be empty",
            "allow[\"r\"].ports[0]: 0 is not a port; ports are 1 to 65535",
            "allow[\"r\"].ports[1]: 65536 is not a port; ports are 1 to 65535",
        ]
    );
}

#[test]
fn namespace_names_become_the_label_that_kubernetes_sets() {
    let rule = |names: &[&str]| {
        let spec = to_namespaces(named(names), Some(SelectorSpec::all()));
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
    let policy = Policy::parse(&to_cidrs(&["!10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16"])).expect("a policy");
    let Peers::Cidrs(set) = &policy.allow["r"].to else { panic!("no blocks") };
    let blocks: Vec<_> = set.blocks().map(|(block, except)| (block.to_string(), except.len())).collect();
    assert_eq!(blocks, [("10.0.0.0/8".to_owned(), 1)]);
    assert!(
        set.contains("10.2.0.1".parse().expect("an address")) && !set.contains("10.1.0.1".parse().expect("an address"))
    );
    let whole = |except: &[&str]| {
        let policy = Policy::parse(&to_cidrs(&[&["192.0.2.0/24", "2001:db8::/32"], except].concat()));
        let policy = policy.expect("a policy");
        let Peers::Cidrs(set) = &policy.allow["r"].to else { panic!("no blocks") };
        set.remaining().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(whole(&["!192.0.2.64/26", "!192.0.2.64/27"]), ["192.0.2.0/26", "192.0.2.128/25", "2001:db8::/32"]);
    assert_eq!(
        whole(&["!192.0.2.1/32"]),
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
