//! Istio beyond what every engine is tried on: names, which it does by what connections show, and its other settings.

use egress_engines::engines::istio;
use egress_engines::settings::{IstioMode, IstioSettings, OutboundTraffic};
use egress_engines::{Compiled, EngineName, Level, Manifest, Settings, engine};
use egress_model::gateway::{DestinationsSpec, Gateway, GatewaySpec};
use egress_model::policy::verdict::{Application, Flow, Host, Transport, Verdict, verdict};
use egress_model::policy::{HttpSpec, Policy, Protocol, RuleSpec, SelectorSpec, Spec};
use expect_test::{ExpectFile, expect_file};
use proptest::prelude::*;

use crate::evaluator::{installations, installations_with};
use crate::gateways::every_pod;
use crate::generate::{emitted, flow, look_into_nothing, pod, random};
use crate::meaning::lets_pass;
use crate::written::{self, exactly, request, with_requests, with_server_names};

fn rule(to: &[&str], ports: &[&str]) -> RuleSpec {
    let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
    RuleSpec { to_domains: texts(to), ports: texts(ports), ..RuleSpec::default() }
}

fn policy(rules: Vec<(&str, RuleSpec)>) -> Spec {
    let allow = rules.into_iter().map(|(key, rule)| (key.to_owned(), rule)).collect();
    Spec { name: "backend".into(), namespace: Some("production".into()), allow, ..Spec::default() }
}

fn compile(spec: &Spec, istio: IstioSettings) -> Compiled {
    let settings = Settings { istio, ..Settings::default() };
    istio::policy::compile(&Policy::parse(spec).expect("a policy"), &settings)
}

fn ambient() -> IstioSettings {
    IstioSettings { mode: IstioMode::Ambient, gateway_service: "waypoint".into(), ..IstioSettings::default() }
}

/// Two hosts, requests to one of them, another port, and service accounts.
fn names() -> Spec {
    let orders = HttpSpec {
        method: Some("POST".into()),
        path_prefix: Some("/v1/orders".into()),
        headers: Some([("x-tenant".to_owned(), "blue".to_owned())].into()),
        ..request()
    };
    let requests = with_requests(rule(&["plain.example.com"], &["80"]), vec![orders]);
    let rules = vec![("stripe", rule(&["api.stripe.com"], &["443", "8443"])), ("plain", requests)];
    Spec { service_accounts: Some(vec!["api".into()]), ..policy(rules) }
}

fn expect(compiled: &Compiled, expected: &ExpectFile) {
    let findings =
        compiled.findings.iter().map(|finding| format!("# {:?} {}: {}\n", finding.level, finding.path, finding.why));
    let manifests = compiled.manifests.iter().map(|manifest| format!("---\n{}", manifest.to_yaml()));
    expected.assert_eq(&findings.chain(manifests).collect::<String>());
}

#[test]
fn names_go_through_the_gateway() {
    expect(&compile(&names(), IstioSettings::default()), &expect_file!["./golden-settings/istio/names-sidecar.yaml"]);
}

#[test]
fn names_go_through_the_waypoint() {
    expect(&compile(&names(), ambient()), &expect_file!["./golden-settings/istio/names-ambient.yaml"]);
}

#[test]
fn a_waypoint_takes_wildcards() {
    let spec = policy(vec![("all", rule(&["**.example.com", "api.example.com"], &["443"]))]);
    expect(&compile(&spec, ambient()), &expect_file!["./golden-settings/istio/wildcard-ambient.yaml"]);
}

#[test]
fn a_denied_name_is_denied_at_the_gateway() {
    let mut spec = policy(vec![("all", rule(&["api.example.com", "paste.example.com"], &["443"]))]);
    spec.deny = [("paste".to_owned(), rule(&["paste.example.com"], &["443"]))].into();
    expect(&compile(&spec, IstioSettings::default()), &expect_file!["./golden-settings/istio/deny-sidecar.yaml"]);
}

/// Of a host that has an entry of its own, only the ports of that entry answer.
#[test]
fn a_host_below_a_wildcard_has_the_ports_of_both() {
    let spec = policy(vec![("one", rule(&["api.example.com"], &["80"])), ("all", rule(&["**.example.com"], &["443"]))]);
    let compiled = compile(&spec, ambient());
    let objects = compiled.manifests.iter().map(Manifest::to_json);
    let ports: std::collections::BTreeMap<_, Vec<_>> = objects
        .filter(|object| object["kind"] == "ServiceEntry")
        .map(|entry| {
            let ports = entry["spec"]["ports"].as_array().expect("ports").iter();
            (entry["spec"]["hosts"][0].to_string(), ports.map(|port| port["number"].as_u64()).collect())
        })
        .collect();
    let expected = [("\"*.example.com\"", vec![Some(443)]), ("\"api.example.com\"", vec![Some(80), Some(443)])];
    assert_eq!(ports, expected.map(|(host, ports)| (host.to_owned(), ports)).into());
}

/// A waypoint on chosen nodes, for every pod of the mesh.
#[test]
fn a_gateway_of_an_ambient_mesh_is_a_waypoint() {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let spec = GatewaySpec {
        name: "partners".into(),
        namespace: "egress".into(),
        sources: [("all".to_owned(), every_pod())].into(),
        to: Some(DestinationsSpec {
            domains: Some(texts(&["api.example.com", "**.example.org"])),
            ..DestinationsSpec::default()
        }),
        nodes: Some(SelectorSpec {
            match_labels: [("egress".to_owned(), "yes".to_owned())].into(),
            match_expressions: texts(&["zone in (a, b)"]),
            ..SelectorSpec::default()
        }),
        replicas: Some(2),
        failover: Some("required".into()),
        ..GatewaySpec::default()
    };
    let gateway = Gateway::parse(&spec).expect("a gateway");
    let settings = Settings { istio: ambient(), ..Settings::default() };
    expect(&istio::gateway::compile(&gateway, &settings), &expect_file!["./golden-settings/istio/waypoint.yaml"]);
}

#[test]
fn refuses_on_the_part_and_emits_nothing() {
    let registry_only = IstioSettings { outbound_traffic: OutboundTraffic::RegistryOnly, ..IstioSettings::default() };
    let sidecar = IstioSettings::default;
    let external = RuleSpec { to_cidrs: Some(vec!["192.0.2.0/24".into()]), ..written::rule() };
    let get = |port: &str, path: &str| {
        policy(vec![("a", with_requests(rule(&["a.example.com"], &[port]), vec![exactly(path)]))])
    };
    let sni = |sni: &str| policy(vec![("a", with_server_names(rule(&["a.example.com"], &["443"]), &[sni]))]);
    let empty_header = || HttpSpec { headers: Some([("x-a".to_owned(), String::new())].into()), ..request() };
    let cases = [
        (policy(vec![("a", external.clone())]), registry_only, "allow[\"a\"]"),
        (policy(vec![("a", rule(&["*.example.com"], &["443"]))]), sidecar(), "allow[\"a\"].to_domains"),
        (policy(vec![("a", rule(&["*.example.com"], &["443"]))]), ambient(), "allow[\"a\"].to_domains"),
        (policy(vec![("a", rule(&["**.example.com"], &["443"]))]), sidecar(), "allow[\"a\"].to_domains"),
        (policy(vec![("a", rule(&["a_b.example.com"], &["443"]))]), sidecar(), "allow[\"a\"].to_domains[0]"),
        (policy(vec![("a", rule(&["localhost"], &["443"]))]), sidecar(), "allow[\"a\"].to_domains[0]"),
        (policy(vec![("a", rule(&["localhost"], &["443"]))]), ambient(), "allow[\"a\"].to_domains[0]"),
        (
            policy(vec![("a", with_requests(rule(&["a.example.com"], &["80"]), vec![empty_header()]))]),
            sidecar(),
            "allow[\"a\"].http_requests[0].headers",
        ),
        (policy(vec![("a", rule(&["a.example.com"], &["any"]))]), sidecar(), "allow[\"a\"]"),
        (policy(vec![("a", rule(&["a.example.com"], &["443/UDP"]))]), sidecar(), "allow[\"a\"].ports[0]"),
        (policy(vec![("a", rule(&["a.example.com"], &["1-9"]))]), sidecar(), "allow[\"a\"].ports[0]"),
        (get("443", "/v1"), sidecar(), "allow[\"a\"].http_requests"),
        (get("80", "/v1/*"), sidecar(), "allow[\"a\"].http_requests[0].path"),
        (sni("b.example.com"), sidecar(), "allow[\"a\"].server_names[0]"),
        (Spec { deny: [("d".to_owned(), external.clone())].into(), ..policy(vec![]) }, sidecar(), "deny[\"d\"]"),
        (
            Spec {
                deny: [("d".to_owned(), rule(&["a.example.com"], &["443"]))].into(),
                ..policy(vec![("a", external)])
            },
            sidecar(),
            "allow[\"a\"]",
        ),
    ];
    for (spec, settings, path) in cases {
        let compiled = compile(&spec, settings);
        assert!(compiled.manifests.is_empty());
        let refused = compiled.findings.iter().filter(|finding| finding.level == Level::Refused);
        let paths: Vec<_> = refused.map(|finding| finding.path.to_string()).collect();
        assert_eq!(paths, [path], "{:#?}", compiled.findings);
    }
}

#[test]
fn a_long_list_of_hosts_is_several_entries() {
    let hosts: Vec<String> = (0..257).map(|index| format!("h{index}.example.com")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let compiled = compile(&policy(vec![("a", rule(&hosts, &["443"]))]), IstioSettings::default());
    let objects: Vec<_> = compiled.manifests.iter().map(Manifest::to_json).collect();
    let entries = objects.iter().filter(|object| object["kind"] == "ServiceEntry");
    let sizes: Vec<_> = entries
        .map(|entry| (entry["metadata"]["name"].clone(), entry["spec"]["hosts"].as_array().map_or(0, Vec::len)))
        .collect();
    assert_eq!(sizes.iter().map(|(_, size)| *size).collect::<Vec<_>>(), [256, 1]);
    assert_ne!(sizes[0].0, sizes[1].0);
}

#[test]
fn policies_of_two_namespaces_share_no_object_at_the_gateway() {
    let of = |namespace: &str, name: &str| {
        let spec = Spec { name: name.into(), namespace: Some(namespace.into()), ..names() };
        let manifests = compile(&spec, IstioSettings::default()).manifests;
        manifests.iter().map(Manifest::id).collect::<Vec<_>>()
    };
    let all: Vec<_> = [("a-b", "c"), ("a", "b-c"), ("a", "c"), ("a", "b.c")]
        .into_iter()
        .flat_map(|(ns, name)| of(ns, name))
        .collect();
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert!(all.iter().all(|id| id.name.len() <= 63), "a name also fits a label");
}

/// A flow that shows where it goes, if that has a name: TLS with the name, or HTTP on port 80. What shows something else is what
/// the finding about names is about.
fn showing(mut flow: Flow) -> Flow {
    flow.destination.names.truncate(1);
    let http = matches!(flow.application, Some(Application::Http(_)));
    flow.application = match (flow.transport, flow.destination.names.first()) {
        (Transport::Port(Protocol::Tcp, 80), _) if http => flow.application,
        (Transport::Port(Protocol::Tcp, port), Some(name)) if port != 80 => Some(Application::Tls(name.clone())),
        _ => None,
    };
    flow
}

fn any_name_rule(spec: &Spec) -> bool {
    spec.allow.values().any(|rule| rule.to_domains.is_some())
}

/// A policy about names without what is a finding of its own: service accounts, pods by expressions, and requests to names whose
/// addresses are allowed too.
fn beside_a_gateway(mut spec: Spec) -> Option<Spec> {
    spec.service_accounts = None;
    spec.deny.clear();
    if let Some(pods) = &mut spec.pods {
        pods.match_expressions.clear();
        pods.all = pods.match_labels.is_empty().then_some(true);
    }
    if spec.allow.values().any(|rule| rule.to_domains.is_none()) {
        spec.allow.values_mut().for_each(look_into_nothing);
    }
    any_name_rule(&spec).then_some(spec)
}

/// A policy about names that lets nothing outside by address.
fn beside_a_waypoint(mut spec: Spec) -> Option<Spec> {
    spec.service_accounts = None;
    let inside = |rule: &RuleSpec| rule.to_domains.is_some() || rule.to_pods.is_some() || rule.to_namespaces.is_some();
    spec.allow.retain(|_, rule| inside(rule));
    any_name_rule(&spec).then_some(spec)
}

fn in_ambient_mesh() -> Settings {
    Settings { istio: ambient(), ..Settings::default() }
}

proptest! {
    #![proptest_config(random(400))]

    /// Where connections show their names, names mean what the model means.
    #[test]
    fn names_mean_what_the_model_means(
        (policy, compiled) in emitted(engine("istio").expect("an engine"), &Settings::default(), beside_a_gateway),
        pods in prop::collection::vec((pod(), flow().prop_map(showing)), 40),
    ) {
        let objects: Vec<_> = compiled.manifests.iter().map(Manifest::to_json).collect();
        for (source, flow) in &pods {
            let plain = flow.application.is_none() && matches!(flow.transport, Transport::Port(Protocol::Tcp, 80));
            // Traffic to port 80 that is no HTTP shows nothing.
            if plain && flow.destination.host == Host::Other { continue }
            let meant = lets_pass(&policy, source, flow);
            for installation in installations(EngineName::Istio).iter().filter(|one| one.as_the_model) {
                let passes = (installation.passes)(&objects, source, flow);
                prop_assert_eq!(passes, meant, "{}\n{:#?}\n{:#?}\n{:#?}", installation.what, policy, source, flow);
            }
        }
    }

    /// The same through a waypoint, of policies that let nothing outside by address: of a name that the mesh knows only the ports
    /// of its rules answer, which is a finding of its own.
    #[test]
    fn names_mean_what_the_model_means_in_an_ambient_mesh(
        (policy, compiled) in emitted(engine("istio").expect("an engine"), &in_ambient_mesh(), beside_a_waypoint),
        pods in prop::collection::vec((pod(), flow().prop_map(showing)), 40),
    ) {
        let objects: Vec<_> = compiled.manifests.iter().map(Manifest::to_json).collect();
        for (source, flow) in &pods {
            let named = flow.destination.host == Host::Other && !flow.destination.names.is_empty();
            let plain = flow.application.is_none() && matches!(flow.transport, Transport::Port(Protocol::Tcp, 80));
            let asks = matches!(flow.transport, Transport::Port(_, 53));
            // The resolver is asked by address, and HTTP alone shows a request.
            if named && (plain || asks) { continue }
            // The waypoint's entries are for every pod of the mesh, the pins for the policy's own.
            if verdict(&policy, source, flow) == Verdict::NotSelected { continue }
            let meant = lets_pass(&policy, source, flow);
            for installation in installations_with(EngineName::Istio, &in_ambient_mesh()).iter().filter(|one| one.as_the_model) {
                let passes = (installation.passes)(&objects, source, flow);
                prop_assert_eq!(passes, meant, "{}\n{:#?}\n{:#?}\n{:#?}", installation.what, policy, source, flow);
            }
        }
    }
}
