//! Cilium: its own rules about what is emitted and about objects as users write them, and what depends on values and versions.

use egress_engines::cilium::gateway::GATEWAY;
use egress_engines::cilium::rules::{check, check_values};
use egress_engines::cilium::{ENGINE, compile};
use egress_engines::{Compiled, Level, Manifest, Settings};
use egress_model::gateway::{DestinationsSpec, Gateway, GatewaySpec, SourceSpec};
use egress_model::policy::verdict::verdict;
use egress_model::policy::{HttpSpec, NamespaceSelectorSpec, Policy, RuleSpec, SelectorSpec, Spec};
use serde_json::{Value, json};

use crate::emitted;
use crate::evaluator::installations;
use crate::generate::{flow, pod, spec, spec_with};
use crate::meaning::{runner, sample, seed};

const VERSIONS: [&str; 5] = ["1.16", "1.17", "1.18", "1.19", "1.20"];

fn of(version: &str) -> Settings {
    Settings { version: Some(version.parse().expect("a version")), ..Settings::default() }
}

#[test]
fn what_is_emitted_keeps_the_engines_rules() {
    let of_cilium = emitted::all().into_iter().filter(|emitted| emitted.engine == "cilium");
    let checked = of_cilium.map(|emitted| assert_eq!(check(&emitted.object), [], "{}", emitted.case)).count();
    assert!(checked > 40, "only {checked} objects were checked");
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

fn policy(spec: &Value) -> Value {
    let metadata = json!({"name": "x", "namespace": "shop"});
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec})
}

fn egress(rule: &Value) -> Value {
    policy(&json!({"endpointSelector": {}, "egress": [rule]}))
}

fn ports(rule: &Value) -> Value {
    egress(&json!({"toEntities": ["world"], "toPorts": [rule]}))
}

fn gateway(spec: &Value) -> Value {
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumEgressGatewayPolicy", "metadata": {"name": "x"}, "spec": spec})
}

/// What each object breaks: the field, and a part of the reason. Nothing else may be found.
fn assert_found(cases: &[(Value, &[(&str, &str)])]) {
    for (object, expected) in cases {
        let found = check(object);
        assert_eq!(found.len(), expected.len(), "{found:#?} in {object:#}");
        for ((field, rule), found) in expected.iter().zip(&found) {
            assert!(found.field == *field && found.rule.contains(rule), "{found} instead of {field}: {rule}");
        }
    }
}

#[test]
fn the_guides_policy_does_not_do_what_it_says() {
    let policy = policy(&json!({
        "endpointSelector": {"matchLabels": {"app": "api-client"}},
        "egress": [
            {
                "toEndpoints": [{"matchLabels": {"app": "backend-api"}}],
                "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}], "rules": {"http": [
                    {"method": "GET", "path": "/api/v1/.*"},
                    {"method": "POST", "path": "/api/v1/orders", "headers": ["Content-Type: application/json"]},
                ]}}],
            },
            {
                "toFQDNs": [{"matchName": "api.stripe.com"}, {"matchPattern": "*.googleapis.com"}],
                "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}], "rules": {"http": [{"method": "POST", "path": "/v1/charges"}]}}],
            },
            {
                "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}}],
                "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [
                    {"matchName": "api.stripe.com"}, {"matchPattern": "*.googleapis.com"}, {"matchPattern": "*.cluster.local"},
                ]}}],
            },
        ],
    }));
    assert_found(&[(
        policy,
        &[
            ("spec.egress[1].toPorts[0].rules.http", "the proxy sees TLS on port 443"),
            ("spec.egress[2].toPorts[0].rules.dns[2].matchPattern", "\"*\" is one label"),
            ("spec.egress[2].toPorts[0].ports", "over TCP"),
        ],
    )]);
}

#[test]
fn the_guides_gateway_leaves_out_what_is_not_meant_anyway() {
    let external = gateway(&json!({
        "selectors": [{"podSelector": {"matchLabels": {
            "io.kubernetes.pod.namespace": "production", "app": "api-client", "egress-gateway": "external",
        }}}],
        "destinationCIDRs": ["203.0.113.0/24", "198.51.100.0/24"],
        "excludedCIDRs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
        "egressGateway": {
            "nodeSelector": {"matchLabels": {"node-role.kubernetes.io/egress-gateway": "true"}}, "egressIP": "10.0.100.50",
        },
    }));
    let nothing = "leaving it out does nothing";
    assert_found(&[(
        external,
        &[("spec.excludedCIDRs[0]", nothing), ("spec.excludedCIDRs[1]", nothing), ("spec.excludedCIDRs[2]", nothing)],
    )]);
}

#[test]
fn the_guides_values_are_refused_or_ignored() {
    let values = json!({
        "kubeProxyReplacement": "strict",
        "egressGateway": {"enabled": true, "installRoutes": true},
        "bpf": {"masquerade": true, "hostRouting": true},
        "policyAuditMode": false,
        "ipam": {"mode": "kubernetes", "operator": {"clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"]}},
    });
    let fields: Vec<String> = check_values(&values).into_iter().map(|found| found.field).collect();
    let expected = [
        "kubeProxyReplacement",
        "egressGateway.installRoutes",
        "bpf.hostRouting",
        "ipam.operator.clusterPoolIPv4PodCIDRList",
        "kubeProxyReplacement",
    ];
    assert_eq!(fields, expected);
    let right = json!({
        "kubeProxyReplacement": "true", "egressGateway": {"enabled": true}, "bpf": {"masquerade": true, "hostLegacyRouting": false},
    });
    assert_eq!(check_values(&right), []);
}

#[test]
fn what_agents_refuse_about_peers_is_told_on_its_field() {
    let set = |rule: Value| egress(&json!({"toCIDRSet": [rule]}));
    let selector = |labels: Value| egress(&json!({"toEndpoints": [{"matchLabels": labels}]}));
    let on_nodes = policy(&json!({"nodeSelector": {}, "egress": [{}]}));
    assert_found(&[
        (policy(&json!({"endpointSelector": {}, "egress": []})), &[("spec", "at least one element")]),
        (policy(&json!({"endpointSelector": {}, "egress": [{}]})), &[]),
        (policy(&json!({"egress": [{}]})), &[("spec", "endpointSelector or nodeSelector")]),
        (policy(&json!({"endpointSelector": {}, "nodeSelector": {}, "egress": [{}]})), &[("spec", "not both")]),
        (on_nodes, &[("spec.nodeSelector", "Clusterwide")]),
        (
            egress(&json!({"toEntities": ["world"], "toFQDNs": [{"matchName": "a.example"}]})),
            &[("spec.egress[0]", "toEntities and toFQDNs")],
        ),
        (egress(&json!({"toEntities": ["internet"]})), &[("spec.egress[0].toEntities[0]", "no entity")]),
        (egress(&json!({"toCIDR": ["10.0.0.0/33"]})), &[("spec.egress[0].toCIDR[0]", "neither")]),
        (set(json!({"cidr": "10.0.0.1"})), &[("spec.egress[0].toCIDRSet[0].cidr", "prefix length")]),
        (set(json!({"cidr": "10.0.0.0/8", "cidrGroupRef": "a"})), &[("spec.egress[0].toCIDRSet[0]", "exactly one")]),
        (
            set(json!({"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "2001:db8::/32", "11.0.0.0/8"]})),
            &[("spec.egress[0].toCIDRSet[0].except[1]", "inside"), ("spec.egress[0].toCIDRSet[0].except[2]", "inside")],
        ),
        (
            egress(
                &json!({"toFQDNs": [{"matchName": "a.example", "matchPattern": "*.a.example"}, {"matchName": "*.example"}]}),
            ),
            &[("spec.egress[0].toFQDNs[0]", "not both"), ("spec.egress[0].toFQDNs[1].matchName", "no name")],
        ),
        (
            selector(json!({"pod-template-hash": "abc"})),
            &[("spec.egress[0].toEndpoints[0].matchLabels", "out of the identities")],
        ),
        (
            selector(json!({(format!("k8s:io.cilium.k8s.namespace.labels.{}", "a".repeat(33))): "x"})),
            &[("spec.egress[0].toEndpoints[0].matchLabels", "63 characters")],
        ),
    ]);
}

#[test]
fn what_agents_refuse_about_ports_is_told_on_its_field() {
    let tcp = |port: &str| json!([{"port": port, "protocol": "TCP"}]);
    let many: Vec<Value> = (1..=41).map(|port| json!({"port": port.to_string(), "protocol": "TCP"})).collect();
    let get = || json!({"http": [{"method": "GET"}]});
    let any_name = || json!({"dns": [{"matchPattern": "*"}]});
    let at = "spec.egress[0].toPorts[0]";
    let icmp = json!({"toPorts": [{"ports": tcp("80")}], "icmps": [{"fields": [{"type": 8}]}]});
    assert_found(&[
        (egress(&icmp), &[("spec.egress[0].icmps", "beside toPorts")]),
        (ports(&json!({"ports": many})), &[(&format!("{at}.ports"), "at most 40")]),
        (ports(&json!({"ports": [{"port": 443}]})), &[(&format!("{at}.ports[0].port"), "as text")]),
        (ports(&json!({"ports": tcp("70000")})), &[(&format!("{at}.ports[0].port"), "no port")]),
        (ports(&json!({"ports": tcp("0"), "rules": get()})), &[(&format!("{at}.ports[0].port"), "every port")]),
        (
            ports(&json!({"ports": [{"port": "80", "protocol": "ANY"}], "rules": get()})),
            &[(&format!("{at}.ports[0].protocol"), "TCP only")],
        ),
        (
            ports(&json!({"ports": tcp("80"), "rules": {"http": [{}], "dns": [{"matchPattern": "*"}]}})),
            &[(&format!("{at}.rules"), "http and dns")],
        ),
        (ports(&json!({"rules": any_name()})), &[(&format!("{at}.ports"), "resolver's port")]),
        (
            ports(&json!({"ports": [{"port": "53", "endPort": 54, "protocol": "ANY"}], "rules": any_name()})),
            &[(&format!("{at}.ports[0].endPort"), "ranges")],
        ),
        (
            ports(&json!({"ports": tcp("8443"), "serverNames": ["a.example"], "rules": get()})),
            &[(&format!("{at}.serverNames"), "terminatingTLS")],
        ),
        (
            ports(&json!({"ports": tcp("80"), "rules": {"http": [{"headers": ["Content-Type:application/json"]}]}})),
            &[(&format!("{at}.rules.http[0].headers[0]"), "no blank")],
        ),
        (ports(&json!({"ports": tcp("443"), "terminatingTLS": {"secret": {"name": "a"}}, "rules": get()})), &[]),
    ]);
}

#[test]
fn what_agents_refuse_about_gateways_is_told_on_its_field() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut spec = json!({
            "selectors": [{"podSelector": {}}], "destinationCIDRs": ["192.0.2.0/24"], "egressGateway": {"nodeSelector": {}},
        });
        change(&mut spec);
        gateway(&spec)
    };
    assert_found(&[
        (with(&|_| ()), &[]),
        (with(&|spec| spec["destinationCIDRs"] = json!([])), &[("spec.destinationCIDRs", "at least one")]),
        (
            with(&|spec| spec["destinationCIDRs"] = json!(["192.0.2.1"])),
            &[("spec.destinationCIDRs[0]", "prefix length")],
        ),
        (with(&|spec| spec["selectors"] = json!([{"nodeSelector": {}}])), &[("spec.selectors[0]", "podSelector or")]),
        (
            with(&|spec| {
                spec["egressGateway"] = json!({"nodeSelector": {}, "interface": "eth1", "egressIP": "10.0.0.1"});
            }),
            &[("spec.egressGateway", "with both")],
        ),
        (
            with(&|spec| spec["egressGateways"] = json!([{"nodeSelector": {"matchLabels": {"a": "b"}}}])),
            &[("spec.egressGateway", "ignored")],
        ),
    ]);
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
    let everything = || RuleSpec {
        to_cidrs: Some(list(&["::/0"])),
        except_cidrs: Some(list(&["2001:db8::/32"])),
        ..RuleSpec::default()
    };
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
    let get = || Some(vec![HttpSpec { method: Some("GET".into()), ..HttpSpec::default() }]);
    let http = |ports: &[&str]| RuleSpec { http: get(), ..cidr(ports) };
    let sni = |names: &[&str], ports: &[&str]| RuleSpec { sni: Some(list(names)), ..cidr(ports) };
    let pods =
        |key: &str| SelectorSpec { match_labels: [(key.to_owned(), "x".to_owned())].into(), ..SelectorSpec::default() };
    let to_pods = |key: &str| RuleSpec { to_pods: Some(pods(key)), ..RuleSpec::default() };
    let namespaces = |key: &str| RuleSpec {
        to_namespaces: Some(NamespaceSelectorSpec {
            match_labels: [(key.to_owned(), "x".to_owned())].into(),
            ..NamespaceSelectorSpec::default()
        }),
        ..RuleSpec::default()
    };
    let services = || RuleSpec { to_services: Some(list(&["db"])), ..RuleSpec::default() };
    let none = |_: &mut Spec| ();
    let nodes = |spec: &mut Spec| spec.cluster.cidrs.nodes = list(&["192.0.2.128/25"]);
    let inside = |spec: &mut Spec| spec.cluster.cidrs.pods = list(&["192.0.0.0/16"]);
    let header = || {
        let headers = [("x-empty".to_owned(), String::new())].into();
        RuleSpec { http: Some(vec![HttpSpec { headers, ..HttpSpec::default() }]), ..cidr(&["80"]) }
    };
    let cases = [
        (findings(http(&["80"]), none, "1.20"), vec![]),
        (findings(http(&["443"]), none, "1.20"), vec!["Exact allow[\"rule\"].http"]),
        (findings(http(&["TCP"]), none, "1.20"), vec!["Refused allow[\"rule\"].http"]),
        (findings(http(&["80-90"]), none, "1.17"), vec![]),
        (findings(http(&["80-90"]), none, "1.16"), vec!["Refused allow[\"rule\"].http"]),
        (findings(header(), none, "1.20"), vec!["Degraded allow[\"rule\"].http[0].headers[\"x-empty\"]"]),
        (
            findings(http(&["50-60"]), |spec| spec.dns_queries = Some(list(&["a.example"])), "1.20"),
            vec!["Exact dns_queries", "Refused allow[\"rule\"].http"],
        ),
        (findings(sni(&["*.a.example"], &["443"]), none, "1.18"), vec![]),
        (findings(sni(&["*.a.example"], &["443"]), none, "1.17"), vec!["Refused allow[\"rule\"].sni"]),
        (findings(sni(&["a.example"], &["443"]), none, "1.16"), vec![]),
        (findings(services(), none, "1.17"), vec![]),
        (findings(services(), none, "1.16"), vec!["Refused allow[\"rule\"].to_services"]),
        (findings(cidr(&["8/ICMP"]), none, "1.20"), vec![]),
        (findings(cidr(&["ICMP"]), none, "1.20"), vec!["Degraded allow[\"rule\"].ports[0]"]),
        (findings(cidr(&["8:0/ICMP"]), none, "1.20"), vec!["Degraded allow[\"rule\"].ports[0]"]),
        (findings(cidr(&["443"]), nodes, "1.20"), vec!["Degraded allow[\"rule\"].to_cidrs"]),
        (findings(cidr(&["443"]), inside, "1.20"), vec!["Degraded allow[\"rule\"].to_cidrs"]),
        (findings(to_pods("pod-template-hash"), none, "1.20"), vec!["Refused allow[\"rule\"].to_pods"]),
        (findings(to_pods("io.kubernetes.pod.namespace"), none, "1.20"), vec!["Refused allow[\"rule\"].to_pods"]),
        (findings(to_pods("app.kubernetes.io/name"), none, "1.20"), vec![]),
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
        sources: [("all".to_owned(), SourceSpec::default())].into(),
        to: DestinationsSpec { cidrs: Some(list(cidrs)), ..DestinationsSpec::default() },
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
