//! Random policies, pods and flows. Few names and addresses, so that rules and flows often meet; few parts that an engine
//! refuses, so that most policies are emitted.

mod flows;
pub(crate) mod gateways;
mod wild;

use std::collections::BTreeMap;
use std::ops::Range;

use egress_engines::{Compiled, Engine, EngineName, Feature, Settings, Support};
use egress_model::policy::{
    ClusterCidrsSpec, ClusterSpec, Form, HttpSpec, Inspection, NamespaceSelectorSpec, Policy, ResolverSpec, RuleSpec,
    SelectorSpec, Spec,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use proptest::test_runner::RngAlgorithm;

pub(crate) use self::flows::{flow, pod};
pub(crate) use self::wild::wild;
use crate::written::{announcing, request, rule, to_namespaces, with_requests};

const NAMESPACES: [&str; 3] = ["shop", "billing", "kube-system"];
const KEYS: [&str; 3] = ["app", "tier", "k8s-app"];
const VALUES: [&str; 3] = ["a", "b", "kube-dns"];
const ACCOUNTS: [&str; 3] = ["default", "api", "worker"];
const PORTS: [u16; 4] = [53, 80, 443, 8080];
const BLOCKS: [&str; 7] =
    ["10.0.0.0/8", "10.42.0.0/16", "192.0.2.0/24", "192.0.2.128/25", "203.0.113.7/32", "0.0.0.0/0", "2001:db8::/32"];
const OUTSIDE: [&str; 6] = ["192.0.2.1", "192.0.2.200", "203.0.113.7", "10.99.0.1", "2001:db8::1", "169.254.20.10"];
const NAMES: [&str; 5] = ["example.com", "a.example.com", "b.a.example.com", "badexample.com", "a.example.org"];
const PATTERNS: [(&str, Feature); 5] = [
    ("example.com", Feature::Domains),
    ("a.example.com", Feature::Domains),
    ("*.example.com", Feature::DomainsOneLabel),
    ("**.example.com", Feature::DomainsAnyDepth),
    ("**.example.org", Feature::DomainsAnyDepth),
];

const QUERIES: [&str; 3] = ["**.example.com", "*.example.com", "a.example.org"];

const RULES: [&str; 3] = ["a", "b", "c"];

type Choices<T> = Vec<(u32, BoxedStrategy<T>)>;

/// Which features policies may use.
enum Use {
    /// Those that an engine has with these settings.
    Of(Engine, Box<Settings>),
    /// All of them, whatever an engine makes of them.
    All,
}

impl Use {
    fn has(&self, feature: Feature) -> bool {
        match self {
            Self::Of(engine, settings) => !matches!((engine.support)(feature, settings), Support::Refused(_)),
            Self::All => true,
        }
    }

    /// Sometimes also what the engine refuses, to see that it does.
    fn weight(&self, feature: Feature, weight: u32) -> u32 {
        if self.has(feature) { 20 * weight } else { 1 }
    }

    fn option<T: Clone + std::fmt::Debug + 'static>(
        &self,
        feature: Feature,
        some: impl Strategy<Value = T> + 'static,
    ) -> BoxedStrategy<Option<T>> {
        let chance = if self.has(feature) { 0.4 } else { 0.01 };
        prop::option::weighted(chance, some).boxed()
    }
}

fn cluster() -> ClusterCidrsSpec {
    ClusterCidrsSpec {
        pods: vec!["10.42.0.0/16".into(), "fd00:42::/48".into()],
        services: vec!["10.43.0.0/16".into()],
        nodes: vec!["192.168.0.0/16".into()],
        api_server: vec!["192.168.0.10/32".into()],
    }
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

fn text(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(values).prop_map(str::to_owned)
}

fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(values, 1..=values.len().min(3)).prop_map(owned)
}

/// Labels that an engine may not see.
const UNSEEN_KEYS: [&str; 4] =
    ["pod-template-hash", "io.kubernetes/x", "kubernetes.io/os", "failure-domain.beta.kubernetes.io/zone"];

fn key() -> impl Strategy<Value = String> {
    prop_oneof![60 => text(&KEYS), 1 => text(&UNSEEN_KEYS)]
}

fn labels(size: Range<usize>) -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(key(), text(&VALUES), size)
}

fn expression() -> impl Strategy<Value = String> {
    let form = select(&["in", "notin", "exists", "absent"][..]);
    (key(), form, subsequence(&VALUES[..], 1..=2)).prop_map(|(key, form, values)| match form {
        "exists" => key,
        "absent" => format!("!{key}"),
        form => format!("{key} {form} ({})", values.join(", ")),
    })
}

/// A selector in a rule: everything, labels or expressions.
fn selector() -> impl Strategy<Value = SelectorSpec> {
    let of_labels = |match_labels: BTreeMap<_, _>| SelectorSpec { match_labels, ..SelectorSpec::default() };
    let of_expressions = |match_expressions| SelectorSpec { match_expressions, ..SelectorSpec::default() };
    prop_oneof![
        1 => Just(SelectorSpec::all()),
        2 => labels(1..3).prop_map(of_labels),
        2 => prop::collection::vec(expression(), 1..3).prop_map(of_expressions),
    ]
}

fn namespace_selector() -> impl Strategy<Value = NamespaceSelectorSpec> {
    let names = subsequence(&NAMESPACES[..], 1..=2).prop_map(owned);
    let of_names = |names| NamespaceSelectorSpec { names: Some(names), ..NamespaceSelectorSpec::default() };
    let like = |SelectorSpec { form, all, match_labels, match_expressions }| NamespaceSelectorSpec {
        form,
        all,
        names: None,
        match_labels,
        match_expressions,
    };
    prop_oneof![names.prop_map(of_names), selector().prop_map(like)]
}

/// A selector in a block, where what is said adds up.
fn block() -> impl Strategy<Value = SelectorSpec> {
    (labels(0..3), prop::collection::vec(expression(), 0..2)).prop_map(|(match_labels, match_expressions)| {
        let all = (match_labels.is_empty() && match_expressions.is_empty()).then_some(true);
        SelectorSpec { form: Form::Block, all, match_labels, match_expressions }
    })
}

fn namespace_block() -> impl Strategy<Value = NamespaceSelectorSpec> {
    let names = prop::option::of(subsequence(&NAMESPACES[..], 1..=2).prop_map(owned));
    (names, block()).prop_map(|(names, SelectorSpec { form, all, match_labels, match_expressions })| {
        let all = all.filter(|_| names.is_none());
        NamespaceSelectorSpec { form, all, names, match_labels, match_expressions }
    })
}

fn port(uses: &Use) -> BoxedStrategy<String> {
    let protocols: Choices<&str> = vec![
        (20, Just("TCP").boxed()),
        (uses.weight(Feature::Udp, 1), Just("UDP").boxed()),
        (uses.weight(Feature::Sctp, 1), Just("SCTP").boxed()),
    ];
    let which: Choices<String> = vec![
        (10, Just("any/".to_owned()).boxed()),
        (60, select(&PORTS[..]).prop_map(|port| format!("{port}/")).boxed()),
        (
            uses.weight(Feature::PortRanges, 1),
            (1_u16..500, 0_u16..8000).prop_map(|(first, more)| format!("{first}-{}/", first + more)).boxed(),
        ),
        (uses.weight(Feature::NamedPorts, 1), Just("web/".to_owned()).boxed()),
    ];
    let transport = (Union::new_weighted(which), Union::new_weighted(protocols));
    let ports: Choices<String> = vec![
        (100, transport.prop_map(|(which, protocol)| format!("{which}{protocol}")).boxed()),
        (uses.weight(Feature::Icmp, 1), text(&["any/ICMP", "8/ICMP", "3/ICMP", "8:0/ICMP", "0/ICMP"]).boxed()),
    ];
    Union::new_weighted(ports).boxed()
}

/// Ports in a rule: mostly some, sometimes every one.
fn ports(uses: &Use) -> impl Strategy<Value = Option<Vec<String>>> + use<> {
    let some = prop::collection::vec(port(uses), 1..3);
    prop_oneof![4 => some, 1 => Just(vec!["any".to_owned()])].prop_map(Some)
}

fn peers(uses: &Use, domains: Feature) -> BoxedStrategy<RuleSpec> {
    let patterns: Vec<&'static str> =
        PATTERNS.iter().filter(|(_, feature)| uses.has(*feature)).map(|(pattern, _)| *pattern).collect();
    let patterns = if patterns.is_empty() { vec!["a.example.com"] } else { patterns };
    let pods = uses.weight(Feature::DestinationPods, 1);
    let cidrs = (subsequence(&BLOCKS[..], 1..4), subsequence(&BLOCKS[..], 0..2));
    let entities: Vec<&'static str> = [
        ("all", Feature::Everything),
        ("dns", Feature::Resolver),
        ("kube-apiserver", Feature::ApiServer),
        ("nodes", Feature::Nodes),
    ]
    .into_iter()
    .filter_map(|(entity, feature)| uses.has(feature).then_some(entity))
    .collect();
    let mut choices: Choices<RuleSpec> = vec![
        (pods, selector().prop_map(move |pods| RuleSpec { to_pods: Some(pods), ..rule() }).boxed()),
        (
            2 * pods,
            (selector(), namespace_selector())
                .prop_map(move |(pods, namespaces)| RuleSpec {
                    to_namespaces: Some(to_namespaces(namespaces, pods)),
                    ..rule()
                })
                .boxed(),
        ),
        (
            uses.weight(Feature::Cidrs, 2),
            cidrs
                .prop_map(move |(to, except)| {
                    let except = except.into_iter().map(|block| format!("!{block}"));
                    RuleSpec { to_cidrs: Some(owned(to).into_iter().chain(except).collect()), ..rule() }
                })
                .boxed(),
        ),
        (uses.weight(Feature::External, 1), Just(RuleSpec { to_external: Some(true), ..rule() }).boxed()),
        (
            uses.weight(domains, 2),
            subsequence(patterns.clone(), 1..=patterns.len())
                .prop_map(move |names| RuleSpec { to_domains: Some(owned(names)), ..rule() })
                .boxed(),
        ),
        (
            uses.weight(Feature::Services, 1),
            some_of(&["web", "billing/web"])
                .prop_map(move |services| RuleSpec { to_services: Some(services), ..rule() })
                .boxed(),
        ),
    ];
    if !entities.is_empty() {
        let some = subsequence(entities.clone(), 1..=entities.len().min(3));
        let to = some.prop_map(move |entities| RuleSpec { to_entities: Some(owned(entities)), ..rule() });
        choices.push((20, to.boxed()));
    }
    Union::new_weighted(choices).boxed()
}

/// Requests; the flows that are judged have no headers.
fn http() -> impl Strategy<Value = HttpSpec> {
    let method = prop::option::of(text(&["GET", "POST"]));
    let path = prop::option::of((any::<bool>(), text(&["/v1", "/v1/orders"])));
    (method, path).prop_map(|(method, path)| {
        // A rule that every request matches is refused by the model.
        let method = if path.is_none() { Some(method.unwrap_or_else(|| "GET".to_owned())) } else { method };
        let (exact, prefix) = match path {
            Some((true, path)) => (Some(path), None),
            Some((false, path)) => (None, Some(path)),
            None => (None, None),
        };
        let every = exact.is_none().then(|| "/".to_owned());
        HttpSpec { path: exact, path_prefix: prefix.or(every), method: method.or(request().method), ..request() }
    })
}

fn allow_rule(uses: &Use) -> BoxedStrategy<RuleSpec> {
    let ports = ports(uses);
    let http = uses.option(Feature::Http, prop::collection::vec(http(), 1..3));
    let sni = uses.option(Feature::Sni, some_of(&["a.example.com", "*.example.com"]));
    // Some in common and some not, so that rules that look into connections meet each other and those that do not.
    let inspected = subsequence(&["80", "443", "8080"][..], 1..=2).prop_map(owned);
    (peers(uses, Feature::Domains), ports, http, sni, inspected)
        .prop_map(|(rule, ports, http, sni, inspected)| {
            // What looks into connections needs TCP ports, and one of the two.
            let tcp = || RuleSpec { ports: Some(inspected.clone()), ..rule.clone() };
            match (http, sni) {
                (Some(requests), _) => with_requests(tcp(), requests),
                (None, Some(names)) => RuleSpec { server_names: Some(names), ..announcing(tcp(), Inspection::Tls) },
                (None, None) => RuleSpec { ports, ..rule },
            }
        })
        .boxed()
}

/// Mostly enforced.
fn mode(uses: &Use) -> BoxedStrategy<Option<String>> {
    let modes: Choices<Option<String>> = vec![
        (160, Just(None).boxed()),
        (20, Just(Some("enforce".to_owned())).boxed()),
        (uses.weight(Feature::Audit, 1), Just(Some("audit".to_owned())).boxed()),
        (uses.weight(Feature::Staged, 1), Just(Some("staged".to_owned())).boxed()),
    ];
    Union::new_weighted(modes).boxed()
}

fn deny_rule(uses: &Use) -> BoxedStrategy<RuleSpec> {
    let ports = ports(uses);
    (peers(uses, Feature::DenyDomains), ports).prop_map(|(rule, ports)| RuleSpec { ports, ..rule }).boxed()
}

/// Where the random values come from. Every part of a strategy seeds a generator of its own, which without optimisation takes most
/// of the time of these tests with proptest's usual one, `ChaCha`.
pub(crate) const RANDOM: RngAlgorithm = RngAlgorithm::XorShift;

/// A property of this many random cases, or as many as `PROPTEST_CASES` says.
pub(crate) fn random(usual: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_algorithm: RANDOM,
        max_local_rejects: u32::MAX,
        ..ProptestConfig::default()
    }
}

/// Policies that an engine mostly takes.
pub(crate) fn spec(engine: Engine) -> BoxedStrategy<Spec> {
    spec_with(engine, &Settings::default())
}

/// Policies that an engine mostly takes with these settings.
pub(crate) fn spec_with(engine: Engine, settings: &Settings) -> BoxedStrategy<Spec> {
    let specs = spec_using(&Use::Of(engine, Box::new(settings.clone())));
    let suiting = move |spec| match engine.name {
        EngineName::Istio => suiting_istio(spec),
        EngineName::Linkerd => suiting_linkerd(spec),
        _ => spec,
    };
    specs.prop_map(suiting).boxed()
}

fn spec_using(uses: &Use) -> BoxedStrategy<Spec> {
    let cluster_wide = match (uses.has(Feature::NamespaceScope), uses.has(Feature::ClusterScope)) {
        (true, false) => 0.01,
        (false, _) => 0.99,
        (true, true) => 0.3,
    };
    let deny = if uses.has(Feature::Deny) { 0..2 } else { 0..1 };
    let pods = uses.option(Feature::SourcePods, block());
    let allow = prop::collection::btree_map(text(&RULES), allow_rule(uses), 0..3);
    let deny = prop::collection::btree_map(text(&RULES), deny_rule(uses), deny);
    let accounts = uses.option(Feature::ServiceAccounts, some_of(&ACCOUNTS));
    let namespaces = prop::option::of(namespace_block());
    let queries = uses.option(Feature::DnsQueries, some_of(&QUERIES));
    let dns = (prop::option::of(any::<bool>()), queries, any::<bool>());
    let allow =
        (allow, prop::bool::weighted(0.2)).prop_map(|(allow, to_one)| if to_one { to_one_place(allow) } else { allow });
    // AdminNetworkPolicy has less than a hundred of them.
    let priority = uses.option(Feature::Priority, prop_oneof![19 => 0_i64..100, 1 => 100_i64..=1000]);
    // One of the namespaces is the engine's own, which is left alone where no list says otherwise.
    let exempt = prop_oneof![
        3 => Just(Some(vec!["kube-system"])),
        2 => Just(None),
        1 => Just(Some(Vec::new())),
        1 => Just(Some(vec!["shop", "kube-system"])),
    ];
    let exempt = exempt.prop_map(|exempt| exempt.map(owned));
    let whole = (prop::bool::weighted(cluster_wide), namespaces, exempt, priority, mode(uses));
    (pods, allow, deny, accounts, whole, dns)
        .prop_map(|(pods, allow, deny, service_accounts, whole, (allow_dns, queries, node_local))| {
            let (cluster_wide, namespaces, exempt, priority, mode) = whole;
            Spec {
                name: "p".into(),
                namespace: (!cluster_wide).then(|| "shop".into()),
                namespaces: namespaces.filter(|_| cluster_wide),
                exempt_namespaces: exempt.filter(|_| cluster_wide),
                pods,
                service_accounts,
                allow,
                deny,
                priority,
                mode,
                allow_dns,
                // Where nothing may be asked for, names say nothing.
                dns_queries: queries.filter(|_| allow_dns != Some(false)),
                cluster: ClusterSpec {
                    platform: Some("kubernetes".to_owned()),
                    own_namespaces: vec!["billing".to_owned()],
                    cidrs: cluster(),
                    resolver: ResolverSpec {
                        node_local_ips: node_local.then(|| vec!["169.254.20.10".to_owned()]),
                        ..ResolverSpec::default()
                    },
                },
                ..Spec::default()
            }
        })
        .boxed()
}

/// The same rules, all to the destination of the first: what several rules say of one.
fn to_one_place(rules: BTreeMap<String, RuleSpec>) -> BTreeMap<String, RuleSpec> {
    let Some(first) = rules.values().next().cloned() else { return rules };
    let moved = |rule: RuleSpec| RuleSpec {
        ports: rule.ports,
        http_requests: rule.http_requests,
        server_names: rule.server_names,
        ..first.clone()
    };
    rules.into_iter().map(|(key, rule)| (key, moved(rule))).collect()
}

/// Policies that an engine takes with these settings, each made to suit what is tried, with what they become.
pub(crate) fn emitted(
    engine: Engine,
    settings: &Settings,
    suiting: impl Fn(Spec) -> Option<Spec> + 'static,
) -> impl Strategy<Value = (Policy, Compiled)> {
    let settings = settings.clone();
    // Here rather than in the test, so that what goes with a policy is not made in vain.
    spec_with(engine, &settings).prop_filter_map("the engine takes it", move |spec| {
        let policy = Policy::parse(&suiting(spec)?).ok()?;
        let compiled = (engine.compile)(&policy, &settings);
        (!compiled.manifests.is_empty()).then_some((policy, compiled))
    })
}

/// Istio takes single TCP ports of names, looks into connections to names only, and denies nothing else: what it refuses of each is
/// looked at in its own tests.
fn suiting_istio(mut spec: Spec) -> Spec {
    spec.deny.retain(|_, rule| rule.to_domains.is_some());
    for rule in spec.allow.values_mut().chain(spec.deny.values_mut()) {
        let requests = rule.http_requests.take();
        look_into_nothing(rule);
        if rule.to_domains.is_none() {
            continue;
        }
        let single = |port: &String| PORTS.iter().any(|number| *port == format!("{number}/TCP"));
        let mut ports: Vec<_> = rule.ports.iter().flatten().filter(|port| single(port)).cloned().collect();
        if requests.is_some() || ports.is_empty() {
            ports = vec![if requests.is_some() { "80" } else { "443" }.to_owned()];
        }
        rule.ports = Some(ports);
        if let Some(requests) = requests {
            *rule = with_requests(rule.clone(), requests);
        }
    }
    spec
}

/// Linkerd takes single TCP ports of names, HTTP of them on port 80, and looks into connections to addresses and names only.
fn suiting_linkerd(mut spec: Spec) -> Spec {
    for rule in spec.allow.values_mut() {
        let (requests, names) = (rule.http_requests.take(), rule.server_names.take());
        look_into_nothing(rule);
        let to_names = rule.to_domains.is_some();
        let outside = rule.to_cidrs.is_some() || rule.to_external.is_some();
        let requests = requests.filter(|_| to_names || outside);
        let names: Vec<String> = names.into_iter().flatten().filter(|name| !name.starts_with('*')).collect();
        if to_names {
            let single = |port: &String| ["443/TCP", "8080/TCP"].contains(&port.as_str());
            let tls: Vec<_> = rule.ports.iter().flatten().filter(|port| single(port)).cloned().collect();
            let http = requests.is_some() || tls.is_empty();
            rule.ports = Some(if http { vec!["80".to_owned()] } else { tls });
        }
        if let Some(requests) = requests {
            *rule = with_requests(rule.clone(), requests);
        } else if outside && !names.is_empty() {
            *rule = RuleSpec { server_names: Some(names), ..announcing(rule.clone(), Inspection::Tls) };
        }
    }
    spec
}

/// Makes a rule one for whole connections.
pub(crate) fn look_into_nothing(rule: &mut RuleSpec) {
    (rule.http_requests, rule.server_names) = (None, None);
    for port in rule.ports.iter_mut().flatten() {
        for inspection in [Inspection::Http, Inspection::Tls] {
            if let Some(which) = port.strip_suffix(inspection.as_str()).filter(|which| which.ends_with('/')) {
                *port = format!("{which}TCP");
            }
        }
    }
}
