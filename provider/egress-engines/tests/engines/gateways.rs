//! What gateways become, as files to review: every case on every engine with a compiler of gateways.
//! `UPDATE_GOLDEN=1 cargo test -p egress-engines` rewrites them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use egress_engines::settings::KubeOvnSettings;
use egress_engines::{GATEWAY_ENGINES, GatewayEngine, Level, Settings};
use egress_model::gateway::{DestinationsSpec, Gateway, GatewaySpec, SourceSpec};
use egress_model::policy::{ClusterRanges, NamespaceSelectorSpec, SelectorSpec};

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn matching(pairs: &[(&str, &str)]) -> SelectorSpec {
    SelectorSpec { match_labels: labels(pairs), ..SelectorSpec::default() }
}

fn named(names: &[&str]) -> NamespaceSelectorSpec {
    NamespaceSelectorSpec { names: Some(list(names)), ..NamespaceSelectorSpec::default() }
}

/// Every pod of the cluster as a source.
pub(crate) fn every_pod() -> SourceSpec {
    SourceSpec { pods: Some(SelectorSpec::all()), namespaces: Some(NamespaceSelectorSpec::all()) }
}

fn every_pod_of(namespaces: &[&str]) -> SourceSpec {
    SourceSpec { namespaces: Some(named(namespaces)), ..every_pod() }
}

/// Some pods of a namespace.
fn pods_of(namespace: &str, pods: &[(&str, &str)]) -> SourceSpec {
    SourceSpec { namespaces: Some(named(&[namespace])), pods: Some(matching(pods)) }
}

fn to_cidrs(cidrs: &[&str], except: &[&str]) -> DestinationsSpec {
    let except = except.iter().map(|block| format!("!{block}"));
    DestinationsSpec { cidrs: Some(list(cidrs).into_iter().chain(except).collect()), domains: None }
}

fn to_domains(domains: &[&str]) -> DestinationsSpec {
    DestinationsSpec { domains: Some(list(domains)), cidrs: None }
}

/// A gateway of one source: the pods of one namespace, with a pool of nodes and an address.
fn gateway(name: &str) -> GatewaySpec {
    let source = every_pod_of(&["production"]);
    GatewaySpec {
        name: name.into(),
        namespace: "egress".into(),
        sources: BTreeMap::from([("production".to_owned(), source)]),
        ips: list(&["192.0.2.10"]),
        nodes: Some(matching(&[("egress-gateway", "ha-pool")])),
        ..GatewaySpec::default()
    }
}

/// Gateways by name: those of the guide, and one for each thing that the model can say.
pub(crate) fn all() -> Vec<(&'static str, GatewaySpec)> {
    guide()
        .into_iter()
        .chain(sources())
        .chain(destinations())
        .chain(names())
        .chain(addresses())
        .chain(nodes())
        .collect()
}

/// Gateways as the guide writes them.
fn guide() -> Vec<(&'static str, GatewaySpec)> {
    let client = pods_of("production", &[("app", "api-client"), ("egress-gateway", "external")]);
    let external_api = GatewaySpec {
        labels: labels(&[("policy-group", "external-access")]),
        annotations: labels(&[("description", "partners see 10.0.100.50")]),
        sources: BTreeMap::from([("api-client".to_owned(), client)]),
        to: Some(to_cidrs(&["203.0.113.0/24", "198.51.100.0/24"], &[])),
        ips: list(&["10.0.100.50"]),
        nodes: Some(matching(&[
            ("node-role.kubernetes.io/egress-gateway", "true"),
            ("topology.kubernetes.io/zone", "zone-a"),
        ])),
        ..gateway("egress-external-api")
    };
    let ha = GatewaySpec {
        sources: BTreeMap::from([("backend".to_owned(), pods_of("critical-services", &[("tier", "backend")]))]),
        ips: Vec::new(),
        failover: Some("required".into()),
        ..gateway("egress-ha-policy")
    };
    let calico = GatewaySpec {
        namespace: "production".into(),
        sources: BTreeMap::from([("api-client".to_owned(), pods_of("production", &[("app", "api-client")]))]),
        to: Some(to_cidrs(&["203.0.113.0/24"], &[])),
        ips: list(&["10.10.10.1", "10.10.10.2"]),
        nodes: Some(matching(&[("egress-gateway", "true")])),
        replicas: Some(2),
        ..gateway("egress-gateway")
    };
    vec![("guide-cilium-external-api", external_api), ("guide-cilium-ha", ha), ("guide-calico", calico)]
}

fn sources() -> Vec<(&'static str, GatewaySpec)> {
    let from = |sources: Vec<(&str, SourceSpec)>| {
        sources.into_iter().map(|(key, source)| (key.to_owned(), source)).collect::<BTreeMap<_, _>>()
    };
    let everybody = from(vec![("all", every_pod())]);
    let pods_anywhere =
        from(vec![("clients", SourceSpec { pods: Some(matching(&[("egress", "fixed")])), ..every_pod() })]);
    let two = from(vec![("billing", pods_of("billing", &[("app", "invoices")])), ("shop", every_pod_of(&["shop"]))]);
    let expressions = SourceSpec {
        namespaces: Some(NamespaceSelectorSpec {
            match_expressions: list(&["environment=production", "team in (a, b)"]),
            ..NamespaceSelectorSpec::default()
        }),
        pods: Some(SelectorSpec {
            match_expressions: list(&["tier notin (db)", "!canary"]),
            ..SelectorSpec::default()
        }),
    };
    vec![
        ("every-pod", GatewaySpec { sources: everybody, ..gateway("every-pod") }),
        ("pods-of-any-namespace", GatewaySpec { sources: pods_anywhere, ..gateway("pods-of-any-namespace") }),
        ("several-sources", GatewaySpec { sources: two, ..gateway("several-sources") }),
        (
            "selector-expressions",
            GatewaySpec { sources: from(vec![("some", expressions)]), ..gateway("selector-expressions") },
        ),
    ]
}

fn destinations() -> Vec<(&'static str, GatewaySpec)> {
    let except = to_cidrs(&["198.51.0.0/16", "203.0.113.0/24", "2001:db8::/32"], &["198.51.100.0/24"]);
    let domains = to_domains(&["api.example.com", "*.example.org"]);
    vec![
        ("external", gateway("external")),
        ("cidrs", GatewaySpec { to: Some(to_cidrs(&["203.0.113.0/24"], &[])), ..gateway("cidrs") }),
        ("except-cidrs", GatewaySpec { to: Some(except), ..gateway("except-cidrs") }),
        ("domains", GatewaySpec { to: Some(domains), ..gateway("domains") }),
    ]
}

/// Gateways to names alone, of which the engine chooses the address.
fn names() -> Vec<(&'static str, GatewaySpec)> {
    let names = || to_domains(&["api.example.com", "hooks.example.com"]);
    let to_names = |name| GatewaySpec { to: Some(names()), ips: Vec::new(), nodes: None, ..gateway(name) };
    let clients = BTreeMap::from([
        ("billing".to_owned(), pods_of("billing", &[("app", "invoices")])),
        ("shop".to_owned(), every_pod_of(&["shop", "carts"])),
    ]);
    let everybody = BTreeMap::from([("all".to_owned(), every_pod())]);
    let survives = GatewaySpec {
        nodes: Some(matching(&[("egress-gateway", "true")])),
        replicas: Some(2),
        failover: Some("required".into()),
        ..to_names("names-failover")
    };
    vec![
        ("names", to_names("names")),
        ("names-of-every-pod", GatewaySpec { sources: everybody, ..to_names("names-of-every-pod") }),
        ("names-of-several-sources", GatewaySpec { sources: clients, ..to_names("names-of-several-sources") }),
        ("names-failover", survives),
    ]
}

fn addresses() -> Vec<(&'static str, GatewaySpec)> {
    vec![
        ("no-address", GatewaySpec { ips: Vec::new(), ..gateway("no-address") }),
        ("several-addresses", GatewaySpec { ips: list(&["192.0.2.10", "192.0.2.11"]), ..gateway("several-addresses") }),
        ("ipv6", GatewaySpec { ips: list(&["2001:db8::10"]), ..gateway("ipv6") }),
        ("dual-stack", GatewaySpec { ips: list(&["192.0.2.10", "2001:db8::10"]), ..gateway("dual-stack") }),
        ("public-address", GatewaySpec { public_ips: list(&["203.0.113.20"]), ..gateway("public-address") }),
        (
            "public-addresses-only",
            GatewaySpec {
                ips: Vec::new(),
                public_ips: list(&["203.0.113.20", "203.0.113.21"]),
                nodes: None,
                ..gateway("public-addresses-only")
            },
        ),
    ]
}

fn nodes() -> Vec<(&'static str, GatewaySpec)> {
    // The label by which AKS tells a node pool, and a gateway for the pods of its own namespace.
    let node_pool = |name: &str| GatewaySpec {
        namespace: "production".into(),
        ips: Vec::new(),
        nodes: Some(matching(&[("kubernetes.azure.com/agentpool", "egress")])),
        ..gateway(name)
    };
    let node_pool_cidrs =
        GatewaySpec { to: Some(to_cidrs(&["198.51.0.0/16"], &["198.51.128.0/17"])), ..node_pool("node-pool-cidrs") };
    let node_pool_failover = GatewaySpec {
        failover: Some("required".into()),
        sources: BTreeMap::from([("client".to_owned(), pods_of("production", &[("app", "api-client")]))]),
        ..node_pool("node-pool-failover")
    };
    let replicas_with_addresses = GatewaySpec {
        ips: list(&["192.0.2.10", "192.0.2.11", "192.0.2.12"]),
        replicas: Some(3),
        failover: Some("required".into()),
        ..gateway("replicas-with-addresses")
    };
    let interface = GatewaySpec { ips: Vec::new(), interface: Some("eth1".into()), ..gateway("interface") };
    let on_listed_nodes = GatewaySpec {
        ips: Vec::new(),
        nodes: Some(SelectorSpec {
            match_expressions: list(&["kubernetes.io/hostname in (egress-1, egress-2)"]),
            ..SelectorSpec::default()
        }),
        replicas: Some(2),
        ..gateway("replicas-on-listed-nodes")
    };
    vec![
        ("any-node", GatewaySpec { nodes: None, ..gateway("any-node") }),
        ("nothing-but-sources", GatewaySpec { nodes: None, ips: Vec::new(), ..gateway("nothing-but-sources") }),
        ("node-pool", node_pool("node-pool")),
        ("node-pool-cidrs", node_pool_cidrs),
        ("node-pool-failover", node_pool_failover),
        ("interface", interface),
        ("replicas", GatewaySpec { replicas: Some(3), ..gateway("replicas") }),
        ("replicas-on-listed-nodes", on_listed_nodes),
        ("replicas-with-addresses", replicas_with_addresses),
        ("failover-required", GatewaySpec { failover: Some("required".into()), ..gateway("failover-required") }),
    ]
}

/// A cluster in which everything is set that an engine's gateways need.
fn settings() -> Settings {
    let range = |text: &str| text.parse().expect("a block");
    let cluster = ClusterRanges {
        pods: [range("10.42.0.0/16")].into(),
        services: [range("10.43.0.0/16")].into(),
        nodes: [range("192.168.0.0/20")].into(),
        ..ClusterRanges::default()
    };
    Settings {
        cluster,
        kube_ovn: KubeOvnSettings { external_subnet: Some("external".into()), vpc: None },
        ..Settings::default()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/golden-gateways")
}

/// The findings and requirements as comments, then the manifests.
fn render(engine: &GatewayEngine, spec: &GatewaySpec) -> String {
    let gateway = Gateway::parse(spec).expect("a gateway");
    let compiled = (engine.compile)(&gateway, &settings());
    let mut text = String::new();
    for finding in &compiled.findings {
        writeln!(text, "# {:?} {}: {}", finding.level, finding.path, finding.why).expect("text");
    }
    if !compiled.manifests.is_empty() {
        for requirement in (engine.requirements)(&gateway, &settings()) {
            writeln!(text, "# Requires: {requirement}").expect("text");
        }
    }
    for manifest in &compiled.manifests {
        text.push_str("---\n");
        text.push_str(&manifest.to_yaml());
    }
    for attachment in &compiled.attachments {
        text.push_str("---\n# Attached to an object of somebody else:\n");
        text.push_str(&attachment.to_yaml());
    }
    text
}

#[test]
fn manifests_are_as_reviewed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    let mut names = BTreeSet::new();
    for engine in GATEWAY_ENGINES.iter() {
        for (name, spec) in all() {
            let name = format!("{}/{name}.yaml", engine.name);
            let path = folder().join(&name);
            let actual = render(engine, &spec);
            if update {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("the golden folder can be written");
                std::fs::write(&path, &actual).expect("the golden folder can be written");
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if actual != expected {
                different.push(format!("{name}: expected\n{expected}\nbut got\n{actual}"));
            }
            names.insert(name);
        }
    }
    assert!(different.is_empty(), "run with UPDATE_GOLDEN=1 and review:\n{}", different.join("\n"));
    // No folder is no files: right only as long as no engine has gateways.
    let engines = std::fs::read_dir(folder()).into_iter().flatten().map(|entry| entry.expect("an entry"));
    let files: BTreeSet<_> = engines
        .flat_map(|engine| {
            let of_engine = std::fs::read_dir(engine.path()).expect("a folder per engine");
            let prefix = engine.file_name().to_string_lossy().into_owned();
            of_engine.map(move |file| format!("{prefix}/{}", file.expect("an entry").file_name().to_string_lossy()))
        })
        .collect();
    assert_eq!(files, names, "every golden file belongs to a case");
}

#[test]
fn a_refused_part_leaves_no_manifest_and_nothing_else_does() {
    for engine in GATEWAY_ENGINES.iter() {
        let mut emitted = 0;
        for (name, spec) in all() {
            let compiled = (engine.compile)(&Gateway::parse(&spec).expect("a gateway"), &settings());
            let refused = compiled.findings.iter().any(|finding| finding.level == Level::Refused);
            assert_eq!(compiled.manifests.is_empty(), refused, "{name} on {}", engine.name);
            emitted += usize::from(!refused);
        }
        assert!(emitted >= 3, "{} takes only {emitted} of the gateways", engine.name);
    }
}
