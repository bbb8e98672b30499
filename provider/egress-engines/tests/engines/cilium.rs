//! Cilium: what depends on values and versions.

mod rules;

use egress_engines::engines::cilium::gateway::GATEWAY;
use egress_engines::engines::cilium::policy::{ENGINE, compile};
use egress_engines::engines::cilium::rules::check;
use egress_engines::{Compiled, Level, Manifest, Settings};
use egress_model::gateway::{DestinationsSpec, Gateway, GatewaySpec};
use egress_model::policy::verdict::verdict;
use egress_model::policy::{HttpSpec, NamespaceSelectorSpec, Policy, RuleSpec, SelectorSpec, Spec};
use serde_json::{Value, json};

use crate::evaluator::installations;
use crate::gateways::every_pod;
use crate::generate::{flow, pod, spec, spec_with};
use crate::meaning::{runner, sample, seed};
use crate::written::{self, request, rule, with_requests, with_server_names};

const VERSIONS: [&str; 5] = ["1.16", "1.17", "1.18", "1.19", "1.20"];

fn of(version: &str) -> Settings {
    Settings { version: Some(version.parse().expect("a version")), ..Settings::default() }
}

#[test]
fn random_policies_keep_the_engines_rules_on_every_version() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let mut runner = runner(seed);
    let specs = spec(ENGINE);
    let mut checked = 0;
    for _ in 0..300 {
        // Random exceptions are often outside their blocks, which the model refuses.
        let Ok(policy) = Policy::parse(&sample(&specs, &mut runner)) else { continue };
        for version in VERSIONS {
            for manifest in compile(&policy, &of(version)).manifests {
                let mut found = check(&manifest.to_json());
                // Policies that ask for HTTP on port 443 get it, with a finding.
                found.retain(|violation| !violation.field.ends_with(".rules.http"));
                assert_eq!(found, [], "{version}\n{}", manifest.to_yaml());
                checked += 1;
            }
        }
    }
    assert!(checked > 800, "only {checked} objects were checked");
}

#[test]
fn every_version_means_what_the_model_means() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let mut runner = runner(seed);
    let (pods, flows) = (pod(), flow());
    let installations = installations(ENGINE.name);
    for version in VERSIONS {
        let settings = of(version);
        let specs = spec_with(ENGINE, &settings);
        let mut judged = 0;
        for _ in 0..200 {
            let Ok(policy) = Policy::parse(&sample(&specs, &mut runner)) else { continue };
            let Compiled { manifests, findings, .. } = compile(&policy, &settings);
            if manifests.is_empty() || findings.iter().any(|finding| finding.level == Level::Degraded) {
                continue;
            }
            let objects: Vec<Value> = manifests.iter().map(Manifest::to_json).collect();
            let source = sample(&pods, &mut runner);
            for _ in 0..20 {
                let flow = sample(&flows, &mut runner);
                let meant = verdict(&policy, &source, &flow).passes();
                for installation in &installations {
                    let passes = (installation.passes)(&objects, &source, &flow);
                    assert_eq!(passes, meant, "{version}: {source:#?}\n{flow:#?}\n{}", manifests[0].to_yaml());
                }
                judged += 1;
            }
        }
        assert!(judged > 500, "{version}: only {judged} flows were judged");
    }
}

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn compiled(rule: RuleSpec, change: impl FnOnce(&mut Spec), version: &str) -> Compiled {
    let mut spec = Spec { name: "x".into(), namespace: Some("shop".into()), ..Spec::default() };
    spec.allow.insert("rule".to_owned(), rule);
    change(&mut spec);
    compile(&Policy::parse(&spec).expect("a policy"), &of(version))
}

fn to_domains(domains: &[&str]) -> RuleSpec {
    RuleSpec { to_domains: Some(list(domains)), ports: Some(list(&["443"])), ..RuleSpec::default() }
}

fn rule_of(compiled: &Compiled) -> Value {
    compiled.manifests[0].to_json()["spec"]["egress"].as_array().expect("rules").last().expect("a rule").clone()
}

#[test]
fn names_of_any_depth_are_one_pattern_or_several() {
    let any = || to_domains(&["**.example.com"]);
    let new = compiled(any(), |_| (), "1.19");
    assert_eq!(rule_of(&new)["toFQDNs"], json!([{"matchPattern": "**.example.com"}]));
    assert_eq!(new.findings, []);
    let old = compiled(any(), |_| (), "1.18");
    let patterns = rule_of(&old)["toFQDNs"].as_array().expect("names").clone();
    assert_eq!(patterns.len(), 6);
    assert_eq!(patterns[1], json!({"matchPattern": "*.*.example.com"}));
    assert_eq!(old.findings.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Degraded]);
}

#[test]
fn a_block_of_a_whole_family_is_halved_where_it_would_mean_the_other_too() {
    let everything = || RuleSpec { to_cidrs: Some(list(&["::/0", "!2001:db8::/32"])), ..rule() };
    let blocks = |version| rule_of(&compiled(everything(), |_| (), version))["toCIDRSet"].clone();
    assert_eq!(blocks("1.19"), json!([{"cidr": "::/0", "except": ["2001:db8::/32"]}]));
    assert_eq!(blocks("1.18"), json!([{"cidr": "::/1", "except": ["2001:db8::/32"]}, {"cidr": "8000::/1"}]));
}

/// The findings of a policy with a rule, as `Level path`.
fn findings(rule: RuleSpec, change: impl FnOnce(&mut Spec), version: &str) -> Vec<String> {
    let findings = compiled(rule, change, version).findings;
    findings.iter().map(|finding| format!("{:?} {}", finding.level, finding.path)).collect()
}

#[test]
fn values_that_cilium_cannot_express_are_told_on_their_path() {
    let cidr = |ports: &[&str]| RuleSpec {
        to_cidrs: Some(list(&["192.0.2.0/24"])),
        ports: Some(list(ports)),
        ..RuleSpec::default()
    };
    let get = || vec![HttpSpec { method: Some("GET".into()), ..request() }];
    let http = |ports: &[&str]| with_requests(cidr(ports), get());
    let sni = |names: &[&str], ports: &[&str]| with_server_names(cidr(ports), names);
    let pods =
        |key: &str| SelectorSpec { match_labels: [(key.to_owned(), "x".to_owned())].into(), ..SelectorSpec::default() };
    let to_pods = |key: &str| RuleSpec { to_pods: Some(pods(key)), ..rule() };
    let namespaces = |key: &str| RuleSpec {
        to_namespaces: Some(written::to_namespaces(
            NamespaceSelectorSpec {
                match_labels: [(key.to_owned(), "x".to_owned())].into(),
                ..NamespaceSelectorSpec::default()
            },
            SelectorSpec::all(),
        )),
        ..rule()
    };
    let services = || RuleSpec { to_services: Some(list(&["db"])), ..rule() };
    let none = |_: &mut Spec| ();
    let nodes = |spec: &mut Spec| spec.cluster.cidrs.nodes = list(&["192.0.2.128/25"]);
    let inside = |spec: &mut Spec| spec.cluster.cidrs.pods = list(&["192.0.0.0/16"]);
    let header = || {
        let headers = Some([("x-empty".to_owned(), String::new())].into());
        with_requests(cidr(&["80"]), vec![HttpSpec { headers, ..request() }])
    };
    let cases = [
        (findings(http(&["80"]), none, "1.20"), vec![]),
        (findings(http(&["443"]), none, "1.20"), vec!["Exact allow[\"rule\"].http_requests"]),
        (findings(http(&["any/TCP"]), none, "1.20"), vec!["Refused allow[\"rule\"].http_requests"]),
        (findings(http(&["80-90"]), none, "1.17"), vec![]),
        (findings(http(&["80-90"]), none, "1.16"), vec!["Refused allow[\"rule\"].http_requests"]),
        (findings(header(), none, "1.20"), vec!["Degraded allow[\"rule\"].http_requests[0].headers[\"x-empty\"]"]),
        (
            findings(http(&["50-60"]), |spec| spec.dns_queries = Some(list(&["a.example"])), "1.20"),
            vec!["Exact dns_queries"],
        ),
        (findings(sni(&["*.a.example"], &["443"]), none, "1.18"), vec![]),
        (findings(sni(&["*.a.example"], &["443"]), none, "1.17"), vec!["Refused allow[\"rule\"].server_names"]),
        (findings(sni(&["a.example"], &["443"]), none, "1.16"), vec![]),
        (findings(services(), none, "1.17"), vec![]),
        (findings(services(), none, "1.16"), vec!["Refused allow[\"rule\"].to_services"]),
        (findings(cidr(&["8/ICMP"]), none, "1.20"), vec![]),
        (findings(cidr(&["80/SCTP"]), none, "1.20"), vec!["Exact allow[\"rule\"].ports[0]"]),
        (findings(cidr(&["any/ICMP"]), none, "1.20"), vec![]),
        (findings(cidr(&["443", "0/ICMP"]), none, "1.20"), vec!["Refused allow[\"rule\"].ports[1]"]),
        (findings(cidr(&["0:0/ICMP"]), none, "1.16"), vec!["Refused allow[\"rule\"].ports[0]"]),
        (findings(cidr(&["8:0/ICMP"]), none, "1.20"), vec!["Degraded allow[\"rule\"].ports[0]"]),
        (findings(cidr(&["443"]), nodes, "1.20"), vec!["Degraded allow[\"rule\"].to_cidrs"]),
        (findings(cidr(&["443"]), inside, "1.20"), vec!["Degraded allow[\"rule\"].to_cidrs"]),
        (findings(to_pods("pod-template-hash"), none, "1.20"), vec!["Refused allow[\"rule\"].to_pods"]),
        (findings(to_pods("io.kubernetes.pod.namespace"), none, "1.20"), vec!["Refused allow[\"rule\"].to_pods"]),
        (findings(to_pods("io.kubernetes/x"), none, "1.20"), vec!["Refused allow[\"rule\"].to_pods"]),
        (findings(to_pods("topology.kubernetes.io/zone"), none, "1.19"), vec!["Refused allow[\"rule\"].to_pods"]),
        (findings(to_pods("topology.kubernetes.io/zone"), none, "1.18"), vec![]),
        (findings(to_pods("app.kubernetes.io/name"), none, "1.20"), vec![]),
        (findings(namespaces("topology.kubernetes.io/zone"), none, "1.20"), vec![]),
        (findings(namespaces("a.beta.kubernetes.io/b"), none, "1.20"), vec!["Refused allow[\"rule\"].to_namespaces"]),
        (findings(namespaces(&"a".repeat(32)), none, "1.20"), vec![]),
        (findings(namespaces(&"a".repeat(33)), none, "1.20"), vec!["Refused allow[\"rule\"].to_namespaces"]),
        (
            findings(to_domains(&["a.example"]), |spec| spec.allow_dns = Some(false), "1.20"),
            vec!["Degraded allow[\"rule\"].to_domains"],
        ),
        (
            findings(to_domains(&["*.a.example"]), |spec| spec.dns_queries = Some(list(&["x.a.example"])), "1.20"),
            vec!["Exact dns_queries", "Degraded allow[\"rule\"].to_domains"],
        ),
        (
            findings(to_domains(&["*.a.example"]), |spec| spec.dns_queries = Some(list(&["**.a.example"])), "1.20"),
            vec!["Exact dns_queries"],
        ),
        (
            findings(services(), |spec| spec.service_accounts = Some(vec!["a".repeat(64)]), "1.20"),
            vec!["Refused service_accounts"],
        ),
    ];
    for (index, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected, "case {index}");
    }
}

/// What two allow rules become, and the findings about them.
fn two_rules(one: RuleSpec, other: RuleSpec, change: impl FnOnce(&mut Spec)) -> (Vec<String>, Vec<Value>) {
    let compiled = compiled(
        one,
        |spec| {
            spec.allow.insert("x".to_owned(), other);
            change(spec);
        },
        "1.20",
    );
    let found = compiled.findings.iter().filter(|finding| finding.level > Level::Exact);
    let found = found.map(|finding| format!("{:?} {}", finding.level, finding.path)).collect();
    let rules = compiled.manifests.first().map(|manifest| manifest.to_json()["spec"]["egress"].clone());
    (found, rules.and_then(|rules| rules.as_array().cloned()).unwrap_or_default())
}

fn on_ports(rule: RuleSpec, ports: &[&str]) -> RuleSpec {
    RuleSpec { ports: Some(list(ports)), ..rule }
}

fn reading_http(rule: RuleSpec) -> RuleSpec {
    with_requests(rule, vec![HttpSpec { method: Some("GET".into()), ..request() }])
}

fn reading_names(rule: RuleSpec) -> RuleSpec {
    with_server_names(rule, &["a.example"])
}

fn to_own_pods() -> RuleSpec {
    let label = [("app".to_owned(), "a".to_owned())].into();
    RuleSpec { to_pods: Some(SelectorSpec { match_labels: label, ..SelectorSpec::default() }), ..rule() }
}

/// The same pods in other words.
fn to_the_same_pods() -> RuleSpec {
    let pods = SelectorSpec { match_expressions: list(&["app in (a)"]), ..SelectorSpec::default() };
    let namespaces = NamespaceSelectorSpec { names: Some(list(&["shop"])), ..NamespaceSelectorSpec::default() };
    RuleSpec { to_namespaces: Some(written::to_namespaces(namespaces, pods)), ..rule() }
}

fn to_resolver() -> RuleSpec {
    let label = [("k8s-app".to_owned(), "kube-dns".to_owned())].into();
    let namespaces = NamespaceSelectorSpec { names: Some(list(&["kube-system"])), ..NamespaceSelectorSpec::default() };
    let pods = SelectorSpec { match_labels: label, ..SelectorSpec::default() };
    RuleSpec { to_namespaces: Some(written::to_namespaces(namespaces, pods)), ..rule() }
}

#[test]
fn two_readings_of_one_destination_are_refused_however_it_is_written() {
    let refused = |one: RuleSpec, other: RuleSpec| {
        let (found, rules) = two_rules(reading_http(one), reading_names(other), |_| ());
        assert_eq!(rules, Vec::<Value>::new());
        found
    };
    let both = ["Refused allow[\"rule\"].http_requests", "Refused allow[\"x\"].server_names"];
    assert_eq!(refused(on_ports(to_own_pods(), &["8443"]), on_ports(to_the_same_pods(), &["8443"])), both);
    let nodes = || RuleSpec { to_entities: Some(list(&["nodes"])), ..rule() };
    assert_eq!(refused(on_ports(nodes(), &["8443"]), on_ports(nodes(), &["8000-9000"])), both);
    // The policy's own leave to ask the resolver reads DNS as soon as names are to be told apart.
    let queries = |spec: &mut Spec| spec.dns_queries = Some(list(&["a.example"]));
    let dns = on_ports(RuleSpec { to_entities: Some(list(&["dns"])), ..rule() }, &["53"]);
    let (found, _) = two_rules(reading_names(dns), on_ports(to_own_pods(), &["80"]), queries);
    assert_eq!(found, ["Refused allow[\"rule\"].server_names"]);
    let (found, _) =
        two_rules(reading_http(on_ports(to_resolver(), &["53"])), on_ports(to_own_pods(), &["80"]), queries);
    assert_eq!(found, ["Refused allow[\"rule\"].http_requests"]);
    // Other ports, and destinations that have nothing in common.
    for (one, other) in [
        (on_ports(to_own_pods(), &["8080"]), on_ports(to_the_same_pods(), &["8443"])),
        (on_ports(to_own_pods(), &["8443"]), on_ports(to_resolver(), &["8443"])),
    ] {
        assert_eq!(two_rules(reading_http(one), reading_names(other), |_| ()).0, [""; 0]);
    }
    // Pods that may have both labels.
    let label = [("tier".to_owned(), "b".to_owned())].into();
    let others = SelectorSpec { match_labels: label, ..SelectorSpec::default() };
    let others = RuleSpec { to_pods: Some(others), ..rule() };
    let (found, rules) =
        two_rules(reading_http(on_ports(to_own_pods(), &["8443"])), reading_names(on_ports(others, &["8443"])), |_| ());
    assert_eq!(found, ["Degraded allow[\"rule\"].http_requests", "Degraded allow[\"x\"].server_names"]);
    assert_eq!(rules.len(), 3);
}

#[test]
fn the_wider_of_two_rules_for_one_destination_wins() {
    let wide = on_ports(to_the_same_pods(), &["8000-9000"]);
    for narrow in [reading_http, reading_names] {
        // All of it is let pass anyway.
        let (found, rules) = two_rules(narrow(on_ports(to_own_pods(), &["8443"])), wide.clone(), |_| ());
        assert_eq!((found, rules.len()), (Vec::new(), 2));
        // One of its ports is left.
        let (found, rules) = two_rules(narrow(on_ports(to_own_pods(), &["8443", "443"])), wide.clone(), |_| ());
        assert_eq!((found, rules.len()), (Vec::new(), 3));
        assert_eq!(rules[1]["toPorts"][0]["ports"], json!([{"port": "443", "protocol": "TCP"}]));
    }
    let blocks = |cidrs: &[&str]| RuleSpec { to_cidrs: Some(list(cidrs)), ..rule() };
    // One of its blocks is left.
    let (found, rules) = two_rules(
        reading_names(on_ports(blocks(&["192.0.2.0/25", "203.0.113.0/24"]), &["443"])),
        blocks(&["192.0.2.0/24"]),
        |_| (),
    );
    assert_eq!(found, [""; 0]);
    assert_eq!(rules[1]["toCIDRSet"], json!([{"cidr": "203.0.113.0/24"}]));
    // Of a part of its block the proxy reads HTTP, which the wider rule does not ask for.
    let (found, _) = two_rules(
        reading_http(on_ports(blocks(&["192.0.2.0/24"]), &["8080"])),
        on_ports(blocks(&["192.0.2.0/25"]), &["8080"]),
        |_| (),
    );
    assert_eq!(found, ["Degraded allow[\"rule\"].http_requests"]);
    // Who may send anything to the resolver may ask it for any name.
    let queries = |spec: &mut Spec| spec.dns_queries = Some(list(&["a.example"]));
    let (_, rules) = two_rules(to_resolver(), on_ports(to_own_pods(), &["80"]), queries);
    assert_eq!(rules[0]["toPorts"][0]["rules"]["dns"], json!([{"matchPattern": "*"}]));
}

#[test]
fn many_ports_and_types_are_several_lists() {
    let ports: Vec<String> = (1000..1090).map(|port| port.to_string()).collect();
    let rule = RuleSpec { to_external: Some(true), ports: Some(ports), ..RuleSpec::default() };
    let rule = rule_of(&compiled(rule, |_| (), "1.20"));
    let sizes: Vec<usize> = rule["toPorts"]
        .as_array()
        .expect("rules about ports")
        .iter()
        .map(|rule| rule["ports"].as_array().expect("ports").len())
        .collect();
    assert_eq!(sizes, [40, 40, 10]);
}

#[test]
fn gateways_depend_on_the_version() {
    let spec = |ips: &[&str], cidrs: &[&str]| GatewaySpec {
        name: "x".into(),
        namespace: "egress".into(),
        sources: [("all".to_owned(), every_pod())].into(),
        to: Some(DestinationsSpec { cidrs: Some(list(cidrs)), domains: None }),
        ips: list(ips),
        ..GatewaySpec::default()
    };
    let count = |spec: &GatewaySpec, version: &str| {
        (GATEWAY.compile)(&Gateway::parse(spec).expect("a gateway"), &of(version)).manifests.len()
    };
    let [v4, v6] = ["192.0.2.0/24", "2001:db8::/32"];
    let cases = [
        (spec(&["10.0.0.1"], &[v4]), "1.16", 1),
        (spec(&["10.0.0.1", "10.0.0.2"], &[v4]), "1.17", 0),
        (spec(&["10.0.0.1", "10.0.0.2"], &[v4]), "1.18", 1),
        (spec(&[], &[v4, v6]), "1.17", 0),
        (spec(&[], &[v4, v6]), "1.18", 2),
        (spec(&["fd00::1"], &[v6]), "1.19", 0),
        (spec(&["fd00::1"], &[v6]), "1.20", 1),
    ];
    for (spec, version, expected) in cases {
        assert_eq!(count(&spec, version), expected, "{version}: {spec:?}");
    }
}
