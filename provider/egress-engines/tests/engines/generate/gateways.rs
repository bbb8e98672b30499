//! Random gateways that use whatever there is, whatever an engine makes of it, with odd values.

use std::collections::BTreeMap;

use egress_model::gateway::{DestinationsSpec, GatewaySpec, SourceSpec};
use egress_model::policy::{NamespaceSelectorSpec, SelectorSpec};
use proptest::prelude::*;
use proptest::sample::select;

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn labelled(key: &str, value: &str) -> SelectorSpec {
    SelectorSpec { match_labels: [(key.to_owned(), value.to_owned())].into(), ..SelectorSpec::default() }
}

fn demanding(expressions: &[&str]) -> SelectorSpec {
    SelectorSpec { match_expressions: list(expressions), ..SelectorSpec::default() }
}

fn pods() -> impl Strategy<Value = SelectorSpec> {
    prop_oneof![
        5 => Just(SelectorSpec::all()),
        3 => select(&["a", "b"][..]).prop_map(|value| labelled("app", value)),
        1 => Just(demanding(&["tier in (a, b)"])),
        // Cilium leaves it out of identities.
        1 => Just(labelled("pod-template-hash", "a")),
    ]
}

fn namespaces() -> impl Strategy<Value = NamespaceSelectorSpec> {
    let names = |names: &[&str]| NamespaceSelectorSpec { names: Some(list(names)), ..NamespaceSelectorSpec::default() };
    let matching = |selector: SelectorSpec| NamespaceSelectorSpec {
        match_labels: selector.match_labels,
        match_expressions: selector.match_expressions,
        ..NamespaceSelectorSpec::default()
    };
    prop_oneof![
        3 => Just(NamespaceSelectorSpec::all()),
        // The gateway's own is one of them.
        4 => select(&["shop", "billing", "egress"][..]).prop_map(move |name| names(&[name])),
        2 => Just(names(&["billing", "shop"])),
        1 => Just(matching(labelled("team", "a"))),
        1 => Just(matching(demanding(&["team notin (a)"]))),
        1 => Just(matching(labelled("failure-domain.beta.kubernetes.io/zone", "a"))),
    ]
}

fn sources() -> impl Strategy<Value = BTreeMap<String, SourceSpec>> {
    let source = || {
        (pods(), namespaces())
            .prop_map(|(pods, namespaces)| SourceSpec { pods: Some(pods), namespaces: Some(namespaces) })
    };
    prop_oneof![3 => prop::collection::vec(source(), 1), 1 => prop::collection::vec(source(), 2..4)]
        .prop_map(|all| all.into_iter().enumerate().map(|(index, source)| (format!("s{index}"), source)).collect())
}

/// Blocks that do not overlap, each with what is left out of it.
const BLOCKS: [(&str, &str); 4] = [
    ("203.0.113.0/24", "!203.0.113.128/25"),
    ("198.51.0.0/16", "!198.51.100.0/24"),
    ("2001:db8::/32", "!2001:db8:1::/48"),
    ("192.0.2.7/32", ""),
];

fn destinations() -> impl Strategy<Value = Option<DestinationsSpec>> {
    let blocks = prop::collection::vec((select(&BLOCKS[..]), prop::bool::weighted(0.25)), 1..4).prop_map(|blocks| {
        let both = blocks.iter().flat_map(|((block, except), excepts)| [Some(*block), excepts.then_some(*except)]);
        let texts = both.flatten().filter(|text| !text.is_empty());
        Some(DestinationsSpec { cidrs: Some(texts.map(str::to_owned).collect()), domains: None })
    });
    let names =
        ["api.example.com", "hooks.example.com", "*.example.org", "**.example.net", "localhost", "a_b.example.com"];
    let names = prop::collection::vec(select(names.to_vec()), 1..3)
        .prop_map(|names| Some(DestinationsSpec { domains: Some(list(&names)), cidrs: None }));
    prop_oneof![4 => Just(None), 3 => blocks, 3 => names]
}

fn nodes() -> impl Strategy<Value = Option<SelectorSpec>> {
    prop_oneof![
        3 => Just(None),
        2 => Just(Some(labelled("egress-gateway", "true"))),
        2 => Just(Some(demanding(&["kubernetes.io/hostname in (n1, n2, n3)"]))),
        2 => Just(Some(labelled("kubernetes.azure.com/agentpool", "egress"))),
        1 => Just(Some(labelled("kubernetes.azure.com/agentpool", "Not_a-pool"))),
    ]
}

/// Addresses: none mostly, some, of either family, and too many for one gateway of Cilium.
fn ips() -> impl Strategy<Value = Vec<String>> {
    let some = [
        &["192.0.2.10"][..],
        &["192.0.2.10", "192.0.2.11"],
        &["192.0.2.10", "192.0.2.11", "192.0.2.12"],
        &["2001:db8::10"],
        &["192.0.2.10", "2001:db8::10"],
        &["192.0.2.10", "192.0.2.11", "2001:db8::10"],
        // Outside the subnet of the settings.
        &["10.9.9.9"],
    ];
    prop_oneof![
        40 => Just(Vec::new()),
        60 => select(some.to_vec()).prop_map(list),
        1 => Just((1..=65).map(|index| format!("192.0.2.{index}")).collect()),
    ]
}

/// Gateways that use whatever there is.
pub(crate) fn wild() -> BoxedStrategy<GatewaySpec> {
    let public = [&["203.0.113.20"][..], &["203.0.113.20", "203.0.113.21"], &["2001:db8::20"]];
    let public_ips = prop_oneof![3 => Just(Vec::new()), 1 => select(public.to_vec()).prop_map(list)];
    let name = select(&["g", "istio-g"][..]);
    let replicas = prop_oneof![4 => Just(None), 3 => select(&[1, 2, 3, 11][..]).prop_map(Some)];
    let failover = prop_oneof![4 => Just(None), 1 => Just(Some("best-effort")), 2 => Just(Some("required"))];
    let interface = prop::option::weighted(0.15, Just("eth1".to_owned()));
    (name, sources(), destinations(), ips(), public_ips, nodes(), (replicas, failover, interface))
        .prop_map(|(name, sources, to, ips, public_ips, nodes, (replicas, failover, interface))| GatewaySpec {
            name: name.to_owned(),
            namespace: "egress".to_owned(),
            sources,
            to,
            ips,
            public_ips,
            nodes,
            interface,
            replicas,
            failover: failover.map(str::to_owned),
            ..GatewaySpec::default()
        })
        .boxed()
}
