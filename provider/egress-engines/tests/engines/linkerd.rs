//! Linkerd beyond what every engine is tried on: names, which it does by what connections show, and what it refuses.

use egress_engines::engines::linkerd;
use egress_engines::{Compiled, EngineName, Level, Manifest, Settings, engine};
use egress_model::policy::verdict::{Application, Destination, Flow, Host, Pod, Transport};
use egress_model::policy::{
    ClusterSpec, Domain, HttpSpec, Policy, Protocol, ResolverSpec, RuleSpec, SelectorSpec, Spec,
};
use expect_test::{ExpectFile, expect_file};
use proptest::prelude::*;

use crate::evaluator::installations;
use crate::generate::{emitted, flow, pod, random};
use crate::meaning::lets_pass;
use crate::written::{exactly, request, rule, with_requests, with_server_names};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn to_domains(to: &[&str], ports: &[&str]) -> RuleSpec {
    RuleSpec { to_domains: Some(texts(to)), ports: Some(texts(ports)), ..RuleSpec::default() }
}

fn to_cidrs(to: &[&str], ports: &[&str]) -> RuleSpec {
    RuleSpec { to_cidrs: Some(texts(to)), ports: Some(texts(ports)), ..RuleSpec::default() }
}

fn orders() -> HttpSpec {
    HttpSpec {
        method: Some("POST".into()),
        path_prefix: Some("/v1/orders".into()),
        headers: Some([("x-tenant".to_owned(), "blue".to_owned())].into()),
        ..request()
    }
}

fn policy(rules: Vec<(&str, RuleSpec)>) -> Spec {
    let allow = rules.into_iter().map(|(key, rule)| (key.to_owned(), rule)).collect();
    Spec { name: "backend".into(), namespace: Some("production".into()), allow, ..Spec::default() }
}

fn compile(spec: &Spec) -> Compiled {
    linkerd::policy::compile(&Policy::parse(spec).expect("a policy"), &Settings::default())
}

fn expect(compiled: &Compiled, expected: &ExpectFile) {
    let findings =
        compiled.findings.iter().map(|finding| format!("# {:?} {}: {}\n", finding.level, finding.path, finding.why));
    let manifests = compiled.manifests.iter().map(|manifest| format!("---\n{}", manifest.to_yaml()));
    expected.assert_eq(&findings.chain(manifests).collect::<String>());
}

#[test]
fn names_are_routes_on_their_ports() {
    let requests = with_requests(to_domains(&["plain.example.com"], &["80"]), vec![orders()]);
    let rules =
        vec![("stripe", to_domains(&["api.stripe.com", "**.example.org"], &["443", "8443"])), ("plain", requests)];
    expect(&compile(&policy(rules)), &expect_file!["./golden-settings/linkerd/names.yaml"]);
}

#[test]
fn requests_have_a_path_also_where_none_is_asked_for() {
    let get = HttpSpec { method: Some("GET".into()), ..request() };
    let any_path = with_requests(to_cidrs(&["192.0.2.0/24"], &["8080"]), vec![get]);
    let rules = vec![("plain", to_domains(&["plain.example.com"], &["80"])), ("get", any_path)];
    expect(&compile(&policy(rules)), &expect_file!["./golden-settings/linkerd/requests.yaml"]);
}

#[test]
fn addresses_are_networks_of_their_own() {
    let partner = to_cidrs(&["192.0.2.0/24", "10.9.0.0/16", "!192.0.2.128/25"], &["443", "5432"]);
    let rules = vec![("stripe", to_domains(&["api.stripe.com"], &["443"])), ("partner", partner)];
    expect(&compile(&policy(rules)), &expect_file!["./golden-settings/linkerd/addresses.yaml"]);
}

#[test]
fn requests_are_read_to_addresses_too() {
    let requests = with_requests(to_cidrs(&["192.0.2.0/24"], &["8080"]), vec![orders()]);
    let sni = with_server_names(to_cidrs(&["198.51.100.0/24"], &["443"]), &["**.example.com"]);
    expect(
        &compile(&policy(vec![("api", requests), ("tls", sni)])),
        &expect_file!["./golden-settings/linkerd/inspection.yaml"],
    );
}

#[test]
fn audit_stops_nothing() {
    let spec = Spec { mode: Some("audit".into()), ..policy(vec![("a", to_domains(&["a.example.com"], &["443"]))]) };
    expect(&compile(&spec), &expect_file!["./golden-settings/linkerd/audit.yaml"]);
}

#[test]
fn refuses_on_the_part_and_emits_nothing() {
    let http = |rule: RuleSpec| with_requests(rule, vec![orders()]);
    let method = HttpSpec { method: Some("PURGE".into()), ..request() };
    let path = exactly("/a//b");
    let name = || to_domains(&["a.example.com"], &["443"]);
    let one = |rule| policy(vec![("a", rule)]);
    let header = |name: &str, length: usize| HttpSpec {
        headers: Some([(name.to_owned(), "v".repeat(length))].into()),
        ..request()
    };
    let cases = [
        (
            Spec {
                pods: Some(SelectorSpec {
                    match_labels: [("a".to_owned(), "b".to_owned())].into(),
                    ..SelectorSpec::default()
                }),
                ..policy(vec![])
            },
            "pods",
        ),
        (one(to_domains(&["*.example.com"], &["443"])), "allow[\"a\"].to_domains"),
        (one(to_domains(&["a_b.example.com"], &["443"])), "allow[\"a\"].to_domains[0]"),
        (one(to_domains(&["a.example.com"], &["443/UDP"])), "allow[\"a\"].ports[0]"),
        (one(to_domains(&["a.example.com"], &["80", "443"])), "allow[\"a\"].ports"),
        (one(RuleSpec { ports: rule().ports, ..name() }), "allow[\"a\"]"),
        (one(with_server_names(name(), &["b.example.com"])), "allow[\"a\"].server_names[0]"),
        (
            one(with_server_names(to_cidrs(&["192.0.2.0/24"], &["443"]), &["*.example.com"])),
            "allow[\"a\"].server_names[0]",
        ),
        (
            one(http(RuleSpec {
                to_pods: Some(SelectorSpec::all()),
                ports: Some(texts(&["80"])),
                ..RuleSpec::default()
            })),
            "allow[\"a\"].http_requests",
        ),
        (one(with_requests(name(), vec![method])), "allow[\"a\"].http_requests[0].method"),
        (one(with_requests(name(), vec![path])), "allow[\"a\"].http_requests[0].path"),
        (one(with_requests(name(), vec![header("x-a", 4097)])), "allow[\"a\"].http_requests[0].headers"),
        (one(with_requests(name(), vec![header(&"x".repeat(257), 1)])), "allow[\"a\"].http_requests[0].headers"),
        // To private addresses nothing is read.
        (one(http(to_cidrs(&["10.1.0.0/16"], &["80"]))), "allow[\"a\"]"),
        // A port is read in one way, and a range beside a port that is read cannot be said.
        (policy(vec![("a", name()), ("b", http(to_cidrs(&["192.0.2.0/24"], &["443"])))]), "allow[\"b\"]"),
        (policy(vec![("a", name()), ("b", to_cidrs(&["192.0.2.0/24"], &["8000-9000"]))]), "allow[\"b\"]"),
    ];
    for (spec, path) in cases {
        let compiled = compile(&spec);
        assert!(compiled.manifests.is_empty(), "{path}");
        let refused = compiled.findings.iter().filter(|finding| finding.level == Level::Refused);
        let paths: std::collections::BTreeSet<_> = refused.map(|finding| finding.path.to_string()).collect();
        assert!(paths.contains(path), "{path}: {:#?}", compiled.findings);
    }
}

/// The caches of the resolver are outside to Linkerd. A rule about queries to them opens their port 53, so that other ports there
/// are read as elsewhere.
#[test]
fn queries_to_caches_open_no_other_port_there() {
    let dns = RuleSpec { to_entities: Some(texts(&["dns"])), ..rule() };
    let resolver = ResolverSpec { node_local_ips: Some(texts(&["169.254.20.10"])), ..ResolverSpec::default() };
    let spec = Spec {
        allow_dns: Some(false),
        cluster: ClusterSpec { resolver, ..ClusterSpec::default() },
        ..policy(vec![("dns", dns), ("web", to_domains(&["a.example.com"], &["443"]))])
    };
    let compiled = compile(&spec);
    assert!(!compiled.manifests.is_empty(), "{:#?}", compiled.findings);
    let objects: Vec<_> = compiled.manifests.iter().map(Manifest::to_json).collect();
    let policy = Policy::parse(&spec).expect("a policy");
    let name = |name: &str| name.parse::<Domain>().expect("a name");
    let source = Pod {
        namespace: "production".parse().expect("a name"),
        namespace_labels: [].into(),
        labels: [].into(),
        service_account: "default".parse().expect("a name"),
        named_ports: Vec::new(),
        services: Vec::new(),
    };
    let cases = [
        (53, Some(Application::Query(name("b.example.com"))), true),
        (443, Some(Application::Tls(name("a.example.com"))), true),
        (443, Some(Application::Tls(name("b.example.com"))), false),
        (443, None, false),
        (8080, None, false),
    ];
    for (port, application, passes) in cases {
        let shown = match &application {
            Some(Application::Tls(name)) => vec![name.clone()],
            _ => Vec::new(),
        };
        let address = "169.254.20.10".parse().expect("an address");
        let flow = Flow {
            destination: Destination { address, host: Host::Other, names: shown },
            transport: Transport::Port(Protocol::Tcp, port),
            application,
        };
        assert_eq!(lets_pass(&policy, &source, &flow), passes, "the model: {flow:#?}");
        for installation in installations(EngineName::Linkerd).iter().filter(|one| one.as_the_model) {
            assert_eq!((installation.passes)(&objects, &source, &flow), passes, "{}: {flow:#?}", installation.what);
        }
    }
}

/// A flow that shows where it goes, if that has a name: HTTP on port 80, TLS with the name on others. What shows something else is
/// what the finding about names is about.
fn showing(mut flow: Flow) -> Flow {
    flow.destination.names.truncate(1);
    flow.application = match (flow.transport, flow.destination.names.first(), flow.application) {
        (Transport::Port(Protocol::Tcp, port), Some(name), _) if port != 80 => Some(Application::Tls(name.clone())),
        (_, _, Some(Application::Http(request))) => Some(Application::Http(request)),
        _ => None,
    };
    flow
}

/// Whether the finding about names says of the flow that it may be another way: it shows nothing, or its name has a private address.
fn is_told(flow: &Flow) -> bool {
    let named = flow.destination.host == Host::Other && !flow.destination.names.is_empty();
    let shown = !matches!(flow.transport, Transport::Port(Protocol::Tcp, 80)) || flow.application.is_some();
    named && (!shown || is_private(flow))
}

/// Whether Linkerd takes the destination for the cluster's own.
fn is_private(flow: &Flow) -> bool {
    let address = flow.destination.address.to_string();
    ["10.", "192.168."].iter().any(|private| address.starts_with(private))
}

proptest! {
    #![proptest_config(random(600))]

    /// Where connections show their names, everything means what the model means.
    #[test]
    fn policies_mean_what_the_model_means(
        (policy, compiled) in emitted(engine("linkerd").expect("an engine"), &Settings::default(), Some),
        pods in prop::collection::vec((pod(), flow().prop_map(showing)), 40),
    ) {
        // To private addresses it does not look into connections, which is another finding.
        let looks = policy.allow.values().any(|rule| !rule.http_requests.is_empty() || !rule.server_names.is_empty());
        let ids: std::collections::BTreeSet<_> = compiled.manifests.iter().map(Manifest::id).collect();
        prop_assert_eq!(ids.len(), compiled.manifests.len(), "objects of one name: {:#?}", ids);
        let objects: Vec<_> = compiled.manifests.iter().map(Manifest::to_json).collect();
        for (source, flow) in &pods {
            if is_told(flow) || looks && is_private(flow) { continue }
            let meant = lets_pass(&policy, source, flow);
            for installation in installations(EngineName::Linkerd).iter().filter(|one| one.as_the_model) {
                let passes = (installation.passes)(&objects, source, flow);
                prop_assert_eq!(passes, meant, "{}\n{:#?}\n{:#?}\n{:#?}", installation.what, policy, source, flow);
            }
        }
    }
}
