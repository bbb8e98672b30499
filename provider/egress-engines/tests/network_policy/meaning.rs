//! Random policies and flows: what is emitted means what the model means, whatever the plugin makes of `ipBlock`, unless a
//! finding says otherwise.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_engines::Level;
use egress_engines::network_policy::compile;
use egress_model::labels::Labels;
use egress_model::policy::verdict::{Destination, Flow, Host, Pod, Transport, verdict};
use egress_model::policy::{
    ClusterSpec, DnsSpec, ExpressionSpec, IcmpType, NamespaceSelectorSpec, Policy, PortSpec, Protocol, RuleSpec,
    SelectorSpec, Spec,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::evaluator::{Plugin, passes};

// Few names and addresses, so that rules and flows often meet.
const NAMESPACES: [&str; 3] = ["shop", "billing", "kube-system"];
const KEYS: [&str; 3] = ["app", "tier", "k8s-app"];
const VALUES: [&str; 3] = ["a", "b", "kube-dns"];
const PORTS: [u16; 4] = [53, 80, 443, 8080];
const BLOCKS: [&str; 7] =
    ["10.0.0.0/8", "10.42.0.0/16", "192.0.2.0/24", "192.0.2.128/25", "203.0.113.7/32", "0.0.0.0/0", "2001:db8::/32"];
const OUTSIDE: [&str; 6] = ["192.0.2.1", "192.0.2.200", "203.0.113.7", "10.99.0.1", "2001:db8::1", "169.254.20.10"];

fn cluster() -> ClusterSpec {
    ClusterSpec {
        pods: vec!["10.42.0.0/16".into(), "fd00:42::/48".into()],
        services: vec!["10.43.0.0/16".into()],
        nodes: vec!["192.168.0.0/16".into()],
        api_server: vec!["192.168.0.10/32".into()],
    }
}

fn text(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(values).prop_map(str::to_owned)
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(text(&KEYS), text(&VALUES), 0..3)
}

fn expression() -> impl Strategy<Value = ExpressionSpec> {
    let operator = select(&["In", "NotIn", "Exists", "DoesNotExist"][..]);
    (text(&KEYS), operator, subsequence(&VALUES[..], 1..=2)).prop_map(|(key, operator, values)| ExpressionSpec {
        key,
        operator: operator.to_owned(),
        values: if operator.ends_with("In") { values.into_iter().map(str::to_owned).collect() } else { Vec::new() },
    })
}

fn selector() -> impl Strategy<Value = SelectorSpec> {
    (labels(), prop::collection::vec(expression(), 0..2))
        .prop_map(|(match_labels, match_expressions)| SelectorSpec { match_labels, match_expressions })
}

fn namespace_selector() -> impl Strategy<Value = NamespaceSelectorSpec> {
    let names = prop::option::of(subsequence(&NAMESPACES[..], 1..=2));
    (names, selector()).prop_map(|(names, selector)| NamespaceSelectorSpec {
        names: names.map(|names| names.into_iter().map(str::to_owned).collect()),
        match_labels: selector.match_labels,
        match_expressions: selector.match_expressions,
    })
}

fn port() -> impl Strategy<Value = PortSpec> {
    let protocol = prop::option::of(text(&["TCP", "UDP", "SCTP"]));
    let which = prop_oneof![
        Just((None, None, None)),
        select(&PORTS[..]).prop_map(|port| (Some(i64::from(port)), None, None)),
        (1_i64..500, 0_i64..8000).prop_map(|(first, more)| (Some(first), Some(first + more), None)),
        Just((None, None, Some("web".to_owned()))),
    ];
    (protocol, which).prop_map(|(protocol, (port, end_port, name))| PortSpec {
        port,
        end_port,
        name,
        protocol,
        ..PortSpec::default()
    })
}

fn rule() -> impl Strategy<Value = RuleSpec> {
    let to = prop_oneof![
        selector().prop_map(|pods| RuleSpec { to_pods: Some(pods), ..RuleSpec::default() }),
        namespace_selector().prop_map(|to| RuleSpec { to_namespaces: Some(to), ..RuleSpec::default() }),
        (selector(), namespace_selector()).prop_map(|(pods, namespaces)| RuleSpec {
            to_pods: Some(pods),
            to_namespaces: Some(namespaces),
            ..RuleSpec::default()
        }),
        (subsequence(&BLOCKS[..], 1..4), subsequence(&BLOCKS[..], 0..2)).prop_map(|(to, except)| RuleSpec {
            to_cidrs: Some(to.into_iter().map(str::to_owned).collect()),
            except_cidrs: (!except.is_empty()).then(|| except.into_iter().map(str::to_owned).collect()),
            ..RuleSpec::default()
        }),
        Just(RuleSpec { to_external: Some(true), ..RuleSpec::default() }),
        subsequence(&["all", "dns", "kube-apiserver", "nodes"][..], 1..3).prop_map(|entities| RuleSpec {
            to_entities: Some(entities.into_iter().map(str::to_owned).collect()),
            ..RuleSpec::default()
        }),
    ];
    (to, prop::option::of(prop::collection::vec(port(), 1..3))).prop_map(|(rule, ports)| RuleSpec { ports, ..rule })
}

fn spec() -> impl Strategy<Value = Spec> {
    let dns = (prop::option::of(any::<bool>()), any::<bool>()).prop_map(|(allow, node_local)| DnsSpec {
        allow,
        node_local_ips: node_local.then(|| vec!["169.254.20.10".to_owned()]),
        ..DnsSpec::default()
    });
    let rules = prop::collection::btree_map("[a-c]", rule(), 0..3);
    (prop::option::of(selector()), rules, dns).prop_map(|(pods, allow, dns)| Spec {
        name: "p".into(),
        namespace: "shop".into(),
        pods,
        allow,
        dns,
        cluster_cidrs: cluster(),
        ..Spec::default()
    })
}

fn model_labels(labels: BTreeMap<String, String>) -> Labels {
    labels.into_iter().map(|(key, value)| (key.parse().expect("a key"), value.parse().expect("a value"))).collect()
}

fn pod() -> impl Strategy<Value = Pod> {
    let named = (select(&[Protocol::Tcp, Protocol::Udp][..]), select(&PORTS[..]));
    (text(&NAMESPACES), labels(), labels(), prop::option::of(named)).prop_map(
        |(namespace, namespace_labels, labels, named)| Pod {
            namespace: namespace.parse().expect("a name"),
            namespace_labels: model_labels(namespace_labels),
            labels: model_labels(labels),
            service_account: "default".parse().expect("a name"),
            named_ports: named
                .map(|(protocol, number)| ("web".parse().expect("a name"), protocol, number))
                .into_iter()
                .collect(),
            services: Vec::new(),
        },
    )
}

fn flow() -> impl Strategy<Value = Flow> {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let destination = prop_oneof![
        4 => (pod(), select(&["10.42.0.9", "10.42.200.1", "fd00:42::9"][..]))
            .prop_map(move |(pod, ip)| (Host::Pod(pod), address(ip))),
        4 => select(&OUTSIDE[..]).prop_map(move |ip| (Host::Other, address(ip))),
        1 => Just((Host::Node, address("192.168.0.20"))),
        1 => Just((Host::ApiServer, address("192.168.0.10"))),
    ]
    .prop_map(|(host, address)| Destination { address, host, names: Vec::new() });
    let protocol = select(&[Protocol::Tcp, Protocol::Udp, Protocol::Sctp][..]);
    let transport = prop_oneof![
        9 => (protocol, select(&PORTS[..])).prop_map(|(protocol, port)| Transport::Port(protocol, port)),
        1 => Just(Transport::Icmp(IcmpType { number: 8, code: Some(0) })),
    ];
    (destination, transport).prop_map(|(destination, transport)| Flow { destination, transport, application: None })
}

/// A plugin of each kind. The model's own meaning of a block is the third's.
const PLUGINS: [Plugin; 4] = [
    Plugin { blocks_match_pods: true, blocks_match_nodes: true },
    Plugin { blocks_match_pods: false, blocks_match_nodes: false },
    Plugin { blocks_match_pods: false, blocks_match_nodes: true },
    Plugin { blocks_match_pods: true, blocks_match_nodes: false },
];
const AS_THE_MODEL: Plugin = PLUGINS[2];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn emitted_policies_mean_what_the_model_means(
        spec in spec(),
        sources in prop::collection::vec(pod(), 1..4),
        flows in prop::collection::vec(flow(), 1..24),
    ) {
        // Random exceptions are often outside their blocks, which the model refuses.
        let Ok(policy) = Policy::parse(&spec) else { return Err(TestCaseError::reject("no policy")) };
        let compiled = compile(&policy);
        prop_assert!(compiled.findings.iter().all(|finding| finding.level != Level::Refused), "{:?}", compiled.findings);
        let plugins = if compiled.findings.is_empty() { &PLUGINS[..] } else { &[AS_THE_MODEL] };
        let manifest = compiled.manifests[0].to_json();
        for source in &sources {
            for flow in &flows {
                let meant = verdict(&policy, source, flow).passes();
                for plugin in plugins {
                    prop_assert_eq!(
                        passes(*plugin, &manifest, source, flow), meant,
                        "{:?}\n{:?}\n{:?}\n{}", plugin, source, flow, compiled.manifests[0].to_yaml()
                    );
                }
            }
        }
    }
}
