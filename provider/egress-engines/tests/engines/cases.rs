//! Policies by name: those of the guide, and one for each thing that the model can say.

use std::collections::BTreeMap;

use egress_model::policy::{
    ClusterCidrsSpec, ClusterSpec, Form, HttpSpec, NamespaceSelectorSpec, ResolverSpec, RuleSpec, SelectorSpec, Spec,
};

use crate::written::{self, exactly, request, rule, with_requests, with_server_names};

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

fn policy(name: &str, namespace: &str, allow: Vec<(&str, RuleSpec)>) -> Spec {
    let allow = allow.into_iter().map(|(key, rule)| (key.to_owned(), rule)).collect();
    Spec { name: name.into(), namespace: Some(namespace.into()), allow, ..Spec::default() }
}

fn to_pods(labels: &[(&str, &str)], ports: &[&str]) -> RuleSpec {
    RuleSpec { to_pods: Some(pods(labels)), ports: Some(list(ports)), ..RuleSpec::default() }
}

fn to_namespaces(names: &[&str], ports: &[&str]) -> RuleSpec {
    let to_namespaces = Some(written::to_namespaces(namespaces(names), SelectorSpec::all()));
    RuleSpec { to_namespaces, ports: Some(list(ports)), ..RuleSpec::default() }
}

fn to_pods_in(namespace: &str, labels: &[(&str, &str)], ports: &[&str]) -> RuleSpec {
    let to_namespaces = Some(written::to_namespaces(namespaces(&[namespace]), pods(labels)));
    RuleSpec { to_namespaces, ports: Some(list(ports)), ..RuleSpec::default() }
}

fn to_cidrs(cidrs: &[&str], ports: &[&str]) -> RuleSpec {
    RuleSpec { to_cidrs: Some(list(cidrs)), ports: Some(list(ports)), ..RuleSpec::default() }
}

fn to_domains(domains: &[&str], ports: &[&str]) -> RuleSpec {
    RuleSpec { to_domains: Some(list(domains)), ports: Some(list(ports)), ..RuleSpec::default() }
}

fn to_entities(entities: &[&str]) -> RuleSpec {
    RuleSpec { to_entities: Some(list(entities)), ..rule() }
}

fn cluster() -> ClusterSpec {
    let cidrs = ClusterCidrsSpec {
        pods: list(&["10.42.0.0/16", "fd00:42::/56"]),
        services: list(&["10.43.0.0/16"]),
        nodes: list(&["192.168.0.0/20"]),
        api_server: list(&["192.168.0.10/32"]),
    };
    ClusterSpec { cidrs, ..ClusterSpec::default() }
}

/// All of them, in a cluster of which it is known who made it.
pub(crate) fn all() -> Vec<(&'static str, Spec)> {
    let all = guide().into_iter().chain(destinations()).chain(traffic()).chain(whole_policies());
    let of_kubernetes = all.map(|(name, mut spec)| {
        spec.cluster.platform.get_or_insert_with(|| "kubernetes".to_owned());
        (name, spec)
    });
    of_kubernetes.collect()
}

/// Policies as the guide writes them.
pub(crate) fn guide() -> Vec<(&'static str, Spec)> {
    guide_basics().into_iter().chain(guide_templates()).chain([("guide-cilium-l7", guide_layer_7())]).collect()
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
                ("database", to_pods(&[("app", "database"), ("tier", "backend")], &["5432"])),
                ("redis", to_pods(&[("app", "redis")], &["6379"])),
                ("partner", to_cidrs(&["203.0.113.0/24", "!203.0.113.128/25"], &["443"])),
            ],
        )
    };
    let namespace_wide = policy(
        "namespace-egress-policy",
        "frontend",
        vec![
            ("backend", to_namespaces(&["backend"], &["8080"])),
            ("monitoring", to_namespaces(&["monitoring"], &["9090", "3000"])),
        ],
    );
    vec![("guide-basic", backend), ("guide-namespace-wide", namespace_wide)]
}

/// The guide's policy for Cilium about requests and names. What it asks of HTTPS there is asked of TLS server names here, because
/// nothing reads requests inside TLS.
fn guide_layer_7() -> Spec {
    let get = HttpSpec { method: Some("GET".into()), path_prefix: Some("/api/v1".into()), ..request() };
    let post = HttpSpec {
        method: Some("POST".into()),
        headers: Some(map(&[("Content-Type", "application/json")])),
        ..exactly("/api/v1/orders")
    };
    let names = ["api.stripe.com", "*.googleapis.com"];
    let backend = with_requests(to_pods(&[("app", "backend-api")], &["8080"]), vec![get, post]);
    let partners = with_server_names(to_domains(&names, &["443"]), &names);
    Spec {
        pods: Some(pods(&[("app", "api-client")])),
        dns_queries: Some(list(&["api.stripe.com", "*.googleapis.com", "**.cluster.local"])),
        ..policy("l7-egress-policy", "production", vec![("backend", backend), ("partners", partners)])
    }
}

/// The guide's default deny, its external services and its production template.
fn guide_templates() -> Vec<(&'static str, Spec)> {
    let deny_all = Spec { allow_dns: Some(false), ..policy("default-deny-egress", "production", vec![]) };
    let external_services = Spec {
        pods: Some(pods(&[("role", "api-consumer")])),
        ..policy(
            "external-services-egress",
            "production",
            vec![
                ("aws", to_cidrs(&["52.94.0.0/20", "54.239.0.0/17"], &["443"])),
                ("google", to_cidrs(&["142.250.0.0/15"], &["443"])),
                ("payment", to_cidrs(&["91.218.229.0/24"], &["443"])),
            ],
        )
    };
    let internal = policy(
        "allow-internal",
        "production",
        vec![(
            "environment",
            RuleSpec {
                to_namespaces: Some(written::to_namespaces(
                    NamespaceSelectorSpec {
                        match_labels: map(&[("environment", "production")]),
                        ..NamespaceSelectorSpec::default()
                    },
                    SelectorSpec::all(),
                )),
                ports: Some(list(&["any/TCP"])),
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
                    // The port of the gateway's pods: a policy sees what the Service's 443 became.
                    to_pods_in("istio-system", &[("istio", "egressgateway")], &["8443"]),
                ),
                ("istiod", to_pods_in("istio-system", &[("app", "istiod")], &["15012"])),
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

fn one(name: &'static str, rule: RuleSpec) -> (&'static str, Spec) {
    (name, policy(name, "shop", vec![("rule", rule)]))
}

fn in_cluster(name: &'static str, rule: RuleSpec) -> (&'static str, Spec) {
    (name, Spec { cluster: cluster(), ..policy(name, "shop", vec![("rule", rule)]) })
}

/// One policy for each kind of destination.
fn destinations() -> Vec<(&'static str, Spec)> {
    let every_namespace = RuleSpec {
        to_namespaces: Some(written::to_namespaces(NamespaceSelectorSpec::all(), pods(&[("app", "metrics")]))),
        ..rule()
    };
    let external = RuleSpec { to_external: Some(true), ports: Some(list(&["443"])), ..RuleSpec::default() };
    let services = RuleSpec { to_services: Some(list(&["db", "billing/api"])), ..rule() };
    vec![
        one("every-namespace", every_namespace),
        in_cluster("external", external.clone()),
        one("external-without-cluster-cidrs", external),
        one("canonical-blocks", to_cidrs(&["10.0.0.1/8", "2001:DB8::1/32"], &["443"])),
        in_cluster("overlap", to_cidrs(&["10.0.0.0/8"], &["443"])),
        one("everywhere", to_cidrs(&["0.0.0.0/0"], &["443"])),
        in_cluster("entities", to_entities(&["all", "dns", "kube-apiserver", "nodes"])),
        one("entities-without-cluster-cidrs", to_entities(&["kube-apiserver", "nodes"])),
        one("services", services),
        one("domain", to_domains(&["api.example.com"], &["443"])),
        in_cluster("domain-with-cluster-cidrs", to_domains(&["api.example.com"], &["443"])),
        one("domain-one-label", to_domains(&["*.example.com"], &["443"])),
        one("domain-any-depth", to_domains(&["**.example.org", "api.example.com"], &["443", "80"])),
    ]
}

/// One policy for each kind of traffic.
fn traffic() -> Vec<(&'static str, Spec)> {
    let requests = vec![
        HttpSpec { method: Some("GET".into()), path_prefix: Some("/v1".into()), ..request() },
        HttpSpec { method: Some("POST".into()), ..exactly("/v1/orders") },
    ];
    let http = with_requests(to_pods(&[("app", "api")], &["8080"]), requests);
    let blue = HttpSpec { headers: Some(map(&[("x-tenant", "blue")])), ..request() };
    let http_headers = with_requests(to_pods(&[("app", "api")], &["8080"]), vec![blue]);
    let sni = with_server_names(to_cidrs(&["192.0.2.0/24"], &["443"]), &["api.example.com", "*.example.net"]);
    let every_port = RuleSpec { to_cidrs: Some(list(&["192.0.2.0/24"])), ..rule() };
    vec![
        one("every-port", every_port),
        one("port-range", to_namespaces(&["b", "a"], &["30000-32767"])),
        one("named-port", to_namespaces(&["b", "a"], &["grpc/TCP", "443/UDP"])),
        one("sctp", to_cidrs(&["192.0.2.0/24"], &["any/SCTP"])),
        one("icmp", to_cidrs(&["192.0.2.0/24"], &["443", "any/ICMP", "8/ICMP", "3:4/ICMP"])),
        one("http", http),
        one("http-headers", http_headers),
        one("sni", sni),
    ]
}

/// One policy for each thing that is said of the whole policy.
fn whole_policies() -> Vec<(&'static str, Spec)> {
    let selectors = Spec {
        pods: Some(SelectorSpec {
            match_labels: map(&[("on", "n"), ("version", "1.20"), ("empty", "")]),
            match_expressions: list(&["tier in (web, api)", "!canary", "zone notin (y)", "team"]),
            form: Form::Block,
            all: None,
        }),
        ..policy("selectors", "shop", vec![])
    };
    let resolver = ResolverSpec {
        namespace: Some("openshift-dns".into()),
        match_labels: Some(map(&[("dns.operator.openshift.io/daemonset-dns", "default")])),
        ports: Some(vec![5353]),
        node_local_ips: Some(list(&["169.254.20.10", "fd00::10"])),
    };
    let resolver =
        Spec { cluster: ClusterSpec { resolver, ..ClusterSpec::default() }, ..policy("dns-resolver", "shop", vec![]) };
    let queries = Spec {
        dns_queries: Some(list(&["**.cluster.local", "api.example.com"])),
        ..policy("dns-queries", "shop", vec![("api", to_domains(&["api.example.com"], &["443"]))])
    };
    let deny = Spec {
        deny: BTreeMap::from([
            ("metadata".into(), to_cidrs(&["169.254.169.254/32"], &["80"])),
            ("legacy".into(), to_namespaces(&["legacy"], &["any/TCP"])),
        ]),
        ..policy("deny", "shop", vec![("all", to_entities(&["all"]))])
    };
    let deny_domains = Spec {
        deny: BTreeMap::from([("paste".into(), to_domains(&["paste.example.com"], &["443"]))]),
        ..policy("deny-domains", "shop", vec![("all", to_entities(&["all"]))])
    };
    let deny_external = Spec {
        deny: BTreeMap::from([("metadata".into(), to_cidrs(&["169.254.169.254/32"], &["80"]))]),
        cluster: cluster(),
        ..policy("deny-external", "shop", vec![("data", to_namespaces(&["data"], &["5432"]))])
    };
    let platform = Spec {
        namespace: None,
        cluster: ClusterSpec { platform: Some("openshift".into()), ..ClusterSpec::default() },
        ..policy("platform", "", vec![])
    };
    let web = |name: &'static str| policy(name, "shop", vec![("web", to_cidrs(&["192.0.2.0/24"], &["443"]))]);
    let cluster_scope = Spec { namespace: None, ..web("cluster-scope") };
    let cluster_namespaces = Spec {
        namespace: None,
        namespaces: Some(NamespaceSelectorSpec {
            match_labels: map(&[("environment", "production")]),
            ..NamespaceSelectorSpec::default()
        }),
        exempt_namespaces: Some(list(&["kube-system", "istio-system"])),
        pods: Some(pods(&[("app", "backend")])),
        ..policy("cluster-namespaces", "", vec![("db", to_namespaces(&["data"], &["5432"]))])
    };
    let accounts = Spec { service_accounts: Some(list(&["api", "worker"])), ..web("service-accounts") };
    vec![
        ("selectors", selectors),
        ("dns-resolver", resolver),
        ("dns-queries", queries),
        ("platform", platform),
        ("deny", deny),
        ("deny-external", deny_external),
        ("deny-domains", deny_domains),
        ("cluster-scope", cluster_scope),
        ("cluster-namespaces", cluster_namespaces),
        ("service-accounts", accounts),
        ("priority", Spec { priority: Some(10), ..web("priority") }),
        ("audit", Spec { mode: Some("audit".into()), ..web("audit") }),
        ("staged", Spec { mode: Some("staged".into()), ..web("staged") }),
    ]
}
