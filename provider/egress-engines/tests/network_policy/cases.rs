//! Policies by name: those of the guide, and one for each thing that the model can say.

use std::collections::BTreeMap;

use egress_model::policy::{
    ClusterSpec, DnsSpec, ExpressionSpec, HttpSpec, NamespaceSelectorSpec, PortSpec, RuleSpec, SelectorSpec,
    ServiceSpec, Spec,
};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn pods(labels: &[(&str, &str)]) -> SelectorSpec {
    SelectorSpec { match_labels: map(labels), ..SelectorSpec::default() }
}

fn namespaces(names: &[&str]) -> NamespaceSelectorSpec {
    NamespaceSelectorSpec { names: Some(list(names)), ..NamespaceSelectorSpec::default() }
}

fn tcp(port: i64) -> PortSpec {
    PortSpec { port: Some(port), ..PortSpec::default() }
}

fn policy(name: &str, namespace: &str, allow: Vec<(&str, RuleSpec)>) -> Spec {
    let allow = allow.into_iter().map(|(key, rule)| (key.to_owned(), rule)).collect();
    Spec { name: name.into(), namespace: namespace.into(), allow, ..Spec::default() }
}

fn to_pods(labels: &[(&str, &str)], ports: Vec<PortSpec>) -> RuleSpec {
    RuleSpec { to_pods: Some(pods(labels)), ports: Some(ports), ..RuleSpec::default() }
}

fn to_cidrs(cidrs: &[&str], ports: Vec<PortSpec>) -> RuleSpec {
    RuleSpec { to_cidrs: Some(list(cidrs)), ports: Some(ports), ..RuleSpec::default() }
}

fn to_entities(entities: &[&str]) -> RuleSpec {
    RuleSpec { to_entities: Some(list(entities)), ..RuleSpec::default() }
}

fn cluster() -> ClusterSpec {
    ClusterSpec {
        pods: list(&["10.42.0.0/16", "fd00:42::/56"]),
        services: list(&["10.43.0.0/16"]),
        nodes: list(&["192.168.0.0/20"]),
        api_server: list(&["192.168.0.10/32"]),
    }
}

/// Policies as the guide writes them.
pub(crate) fn guide() -> Vec<(&'static str, Spec)> {
    guide_basics().into_iter().chain(guide_templates()).collect()
}

fn guide_basics() -> Vec<(&'static str, Spec)> {
    let backend = Spec {
        pods: Some(pods(&[("app", "backend")])),
        labels: map(&[("environment", "production"), ("policy-type", "egress")]),
        annotations: map(&[("description", "what the production backend may reach: \"db\", cache, partner")]),
        ..policy(
            "egress-control",
            "production",
            vec![
                ("database", to_pods(&[("app", "database"), ("tier", "backend")], vec![tcp(5432)])),
                ("redis", to_pods(&[("app", "redis")], vec![tcp(6379)])),
                (
                    "partner",
                    RuleSpec {
                        except_cidrs: Some(list(&["203.0.113.128/25"])),
                        ..to_cidrs(&["203.0.113.0/24"], vec![tcp(443)])
                    },
                ),
            ],
        )
    };
    let namespace_wide = policy(
        "namespace-egress-policy",
        "frontend",
        vec![
            (
                "backend",
                RuleSpec {
                    to_namespaces: Some(namespaces(&["backend"])),
                    ports: Some(vec![tcp(8080)]),
                    ..RuleSpec::default()
                },
            ),
            (
                "monitoring",
                RuleSpec {
                    to_namespaces: Some(namespaces(&["monitoring"])),
                    ports: Some(vec![tcp(9090), tcp(3000)]),
                    ..RuleSpec::default()
                },
            ),
        ],
    );
    vec![("guide-basic", backend), ("guide-namespace-wide", namespace_wide)]
}

/// The guide's default deny, its external services and its production template.
fn guide_templates() -> Vec<(&'static str, Spec)> {
    let deny_all = Spec {
        dns: DnsSpec { allow: Some(false), ..DnsSpec::default() },
        ..policy("default-deny-egress", "production", vec![])
    };
    let external_services = Spec {
        pods: Some(pods(&[("role", "api-consumer")])),
        ..policy(
            "external-services-egress",
            "production",
            vec![
                ("aws", to_cidrs(&["52.94.0.0/20", "54.239.0.0/17"], vec![tcp(443)])),
                ("google", to_cidrs(&["142.250.0.0/15"], vec![tcp(443)])),
                ("payment", to_cidrs(&["91.218.229.0/24"], vec![tcp(443)])),
            ],
        )
    };
    let internal = policy(
        "allow-internal",
        "production",
        vec![(
            "environment",
            RuleSpec {
                to_namespaces: Some(NamespaceSelectorSpec {
                    match_labels: map(&[("environment", "production")]),
                    ..NamespaceSelectorSpec::default()
                }),
                ports: Some(vec![PortSpec::default()]),
                ..RuleSpec::default()
            },
        )],
    );
    let gateway = Spec {
        pods: Some(pods(&[("egress-access", "external")])),
        ..policy(
            "allow-egress-gateway",
            "production",
            vec![
                (
                    "gateway",
                    RuleSpec {
                        to_namespaces: Some(namespaces(&["istio-system"])),
                        // The port of the gateway's pods: a policy sees what the Service's 443 became.
                        ..to_pods(&[("istio", "egressgateway")], vec![tcp(8443)])
                    },
                ),
                (
                    "istiod",
                    RuleSpec {
                        to_namespaces: Some(namespaces(&["istio-system"])),
                        ..to_pods(&[("app", "istiod")], vec![tcp(15012)])
                    },
                ),
            ],
        )
    };
    vec![
        ("guide-deny-all", deny_all),
        ("guide-deny-all-but-dns", policy("allow-dns-egress", "production", vec![])),
        ("guide-external-services", external_services),
        ("guide-template-internal", internal),
        ("guide-template-gateway", gateway),
    ]
}

/// One policy for each thing that the model can say.
pub(crate) fn features() -> Vec<(&'static str, Spec)> {
    let expression = |key: &str, operator: &str, values: &[&str]| ExpressionSpec {
        key: key.into(),
        operator: operator.into(),
        values: list(values),
    };
    let one = |name: &'static str, rule: RuleSpec| (name, policy(name, "shop", vec![("rule", rule)]));
    let in_cluster = |name: &'static str, rule: RuleSpec| {
        (name, Spec { cluster_cidrs: cluster(), ..policy(name, "shop", vec![("rule", rule)]) })
    };
    let selectors = Spec {
        pods: Some(SelectorSpec {
            match_labels: map(&[("on", "n"), ("version", "1.20"), ("empty", "")]),
            match_expressions: vec![
                expression("tier", "In", &["web", "api"]),
                expression("canary", "DoesNotExist", &[]),
                expression("zone", "NotIn", &["y"]),
                expression("team", "Exists", &[]),
            ],
        }),
        ..policy("selectors", "shop", vec![])
    };
    let ports = RuleSpec {
        to_namespaces: Some(namespaces(&["b", "a"])),
        ports: Some(vec![
            PortSpec { end_port: Some(32767), ..tcp(30000) },
            PortSpec { name: Some("grpc".into()), ..PortSpec::default() },
            PortSpec { protocol: Some("UDP".into()), ..tcp(443) },
            PortSpec { protocol: Some("SCTP".into()), ..PortSpec::default() },
        ]),
        ..RuleSpec::default()
    };
    let every_namespace = RuleSpec {
        to_namespaces: Some(NamespaceSelectorSpec::default()),
        to_pods: Some(pods(&[("app", "metrics")])),
        ..RuleSpec::default()
    };
    let openshift_dns = Spec {
        dns: DnsSpec {
            namespace: Some("openshift-dns".into()),
            match_labels: Some(map(&[("dns.operator.openshift.io/daemonset-dns", "default")])),
            ports: Some(vec![5353]),
            node_local_ips: Some(list(&["169.254.20.10", "fd00::10"])),
            ..DnsSpec::default()
        },
        ..policy("dns-resolver", "shop", vec![])
    };
    let external = RuleSpec { to_external: Some(true), ports: Some(vec![tcp(443)]), ..RuleSpec::default() };
    let http = RuleSpec {
        http: Some(vec![HttpSpec { method: Some("GET".into()), ..HttpSpec::default() }]),
        ..to_cidrs(&["192.0.2.0/24"], vec![tcp(80)])
    };
    let sni = RuleSpec { sni: Some(list(&["api.example.com"])), ..to_cidrs(&["192.0.2.0/24"], vec![tcp(443)]) };
    let icmp = PortSpec { protocol: Some("ICMP".into()), ..PortSpec::default() };
    let deny = Spec {
        deny: BTreeMap::from([("metadata".into(), to_cidrs(&["169.254.169.254/32"], vec![tcp(80)]))]),
        mode: Some("audit".into()),
        service_accounts: Some(list(&["api"])),
        ..policy("refused-policy-parts", "shop", vec![])
    };
    let domains = RuleSpec { to_domains: Some(list(&["api.example.com", "**.example.org"])), ..RuleSpec::default() };
    let services =
        RuleSpec { to_services: Some(vec![ServiceSpec { name: "db".into(), namespace: None }]), ..RuleSpec::default() };
    vec![
        ("selectors", selectors),
        one("ports", ports),
        one("every-namespace", every_namespace),
        ("dns-resolver", openshift_dns),
        in_cluster("external", external.clone()),
        one("refused-external", external),
        one("canonical-blocks", to_cidrs(&["10.0.0.1/8", "2001:DB8::1/32"], vec![tcp(443)])),
        in_cluster("degraded-overlap", to_cidrs(&["10.0.0.0/8"], vec![tcp(443)])),
        one("degraded-everywhere", to_cidrs(&["0.0.0.0/0"], vec![tcp(443)])),
        in_cluster("entities", to_entities(&["all", "dns", "kube-apiserver", "nodes"])),
        one("refused-entities", to_entities(&["kube-apiserver", "nodes"])),
        one("refused-domains", domains),
        one("refused-services", services),
        one("refused-http", http),
        one("refused-sni", sni),
        one("refused-icmp", to_cidrs(&["192.0.2.0/24"], vec![tcp(443), icmp])),
        ("refused-policy-parts", deny),
    ]
}
