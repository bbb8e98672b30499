//! The capability table, and its exceptions, against what the compilers do with random policies, both ways: every cell is seen to be so, and
//! whatever a compiler warns of or refuses is in the table.

use std::collections::{BTreeMap, HashMap, HashSet};

use egress_engines::settings::{IstioMode, IstioSettings, NetworkPolicyApiChannel, OutboundTraffic, OvnKubernetesDns};
use egress_engines::{
    Compiled, ENGINES, Engine, EngineName, Feature, Finding, Level, Row, Settings, Support, exceptions, features,
};
use egress_model::policy::{Form, HttpSpec, NamespaceSelectorSpec, Path, Policy, RuleSpec, Spec};

use crate::generate::wild;
use crate::meaning::{runner, sample, seed};
use crate::written::{request, rule, with_requests};

/// Policies that are compiled for every engine with each of its settings.
const POLICIES: usize = 1_500;

/// The settings that decide a cell of an engine, in its newest version.
fn settings_of(engine: EngineName) -> Vec<Settings> {
    let default = Settings::default;
    let mesh = |mode, outbound_traffic| Settings {
        istio: IstioSettings { mode, outbound_traffic, ..IstioSettings::default() },
        ..default()
    };
    match engine {
        EngineName::Istio => vec![
            default(),
            mesh(IstioMode::Ambient, OutboundTraffic::AllowAny),
            mesh(IstioMode::Sidecar, OutboundTraffic::RegistryOnly),
        ],
        EngineName::ClusterNetworkPolicy | EngineName::AdminNetworkPolicy => {
            vec![default(), Settings { network_policy_api: NetworkPolicyApiChannel::Experimental, ..default() }]
        }
        EngineName::OvnKubernetes => {
            vec![default(), Settings { ovn_kubernetes_dns: OvnKubernetesDns::NameResolver, ..default() }]
        }
        _ => vec![default()],
    }
}

/// What was seen of policies with a feature: the worst that was said of it, or that nothing was.
type Seen = HashSet<Option<Level>>;

fn of_rows(compiled: &Compiled, feature: Feature) -> impl Iterator<Item = &Finding> {
    compiled.findings.iter().filter(move |finding| finding.rows.contains(&Row::Policy(feature)))
}

/// Whether one of two parts is a part of the other.
fn meet(one: &Path, other: &Path) -> bool {
    one.steps().starts_with(other.steps()) || other.steps().starts_with(one.steps())
}

/// Policies for exceptions that hardly any random policy meets.
fn rare() -> Vec<Policy> {
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    let to_cidrs = |blocks: &[&str]| RuleSpec { to_cidrs: Some(texts(blocks)), ..rule() };
    let policy = |allow: Vec<RuleSpec>| Spec {
        name: "p".into(),
        namespace: Some("shop".into()),
        allow: allow.into_iter().enumerate().map(|(index, rule)| (format!("r{index}"), rule)).collect(),
        ..Spec::default()
    };
    let multicast = || policy(vec![to_cidrs(&["224.0.0.0/4"])]);
    let ordered = policy((0..101).map(|index| to_cidrs(&[format!("203.0.113.{index}/32").as_str()])).collect());
    let mut overlapping = policy(vec![RuleSpec { to_entities: Some(texts(&["kube-apiserver", "nodes"])), ..rule() }]);
    overlapping.cluster.cidrs.pods = texts(&["10.0.0.0/8"]);
    overlapping.cluster.cidrs.nodes = texts(&["10.0.0.0/16"]);
    overlapping.cluster.cidrs.api_server = texts(&["10.0.0.0/24"]);
    let wide = |name: &str| {
        policy(vec![RuleSpec { to_domains: Some(texts(&[name])), ports: Some(texts(&["443"])), ..rule() }])
    };
    let headers = HttpSpec { headers: Some([("x-a".to_owned(), String::new())].into()), ..request() };
    let to_name = |names: &[&str], ports: &[&str]| RuleSpec {
        to_domains: Some(texts(names)),
        ports: Some(texts(ports)),
        ..rule()
    };
    let namespaces = NamespaceSelectorSpec {
        form: Form::Block,
        match_labels: [("failure-domain.beta.kubernetes.io/zone".to_owned(), "a".to_owned())].into(),
        ..NamespaceSelectorSpec::default()
    };
    let all = [
        Spec { mode: Some("audit".into()), ..multicast() },
        Spec { priority: Some(10), ..ordered },
        overlapping,
        wide("*._a.example.com"),
        wide("**._a.example.com"),
        policy(vec![with_requests(to_name(&["api.example.com"], &["80"]), vec![headers])]),
        Spec { namespace: None, namespaces: Some(namespaces), ..policy(Vec::new()) },
    ];
    all.iter().map(|spec| Policy::parse(spec).expect("a policy")).collect()
}

/// Whether nothing was said of it, or nothing but a note.
fn is_exact(seen: &Seen) -> bool {
    seen.contains(&None) || seen.contains(&Some(Level::Exact))
}

/// What the cells of an engine must be with these settings, and were not.
#[derive(Default)]
struct Judgement {
    wrong: Vec<String>,
    cells: HashMap<Feature, Seen>,
    exceptions: HashSet<(Feature, Level)>,
}

impl Judgement {
    fn judge(&mut self, engine: &Engine, settings: &Settings, policy: &Policy, compiled: &Compiled) {
        let support = |feature| (engine.support)(feature, settings);
        for (path, feature) in features(policy) {
            let here = of_rows(compiled, feature).filter(|finding| meet(&finding.path, &path));
            let level = here.map(|finding| finding.level).max();
            self.cells.entry(feature).or_default().insert(level);
            let wrong = match support(feature) {
                Support::Refused(_) => level != Some(Level::Refused),
                Support::Degraded(_) | Support::DegradedOnce { .. } => level < Some(Level::Degraded),
                Support::Exact | Support::Needs(_) => false,
            };
            if wrong {
                self.wrong.push(format!(
                    "{} says {:?} of {feature:?}, and it was {level:?}",
                    engine.name,
                    support(feature)
                ));
            }
        }
        for finding in compiled.findings.iter().filter(|finding| finding.level > Level::Exact) {
            let policies = finding.rows.iter().filter_map(|row| match row {
                Row::Policy(feature) => Some(*feature),
                Row::Gateway(_) => None,
            });
            let is_told = |feature: Feature| match support(feature) {
                Support::Needs(_) | Support::Refused(_) | Support::DegradedOnce { .. } => true,
                Support::Degraded(_) => finding.level == Level::Degraded,
                Support::Exact => false,
            };
            let policies: Vec<Feature> = policies.collect();
            let excepted: Vec<Feature> = policies
                .iter()
                .copied()
                .filter(|feature| {
                    let of =
                        |one: &&egress_engines::Exception| one.level == finding.level && one.features.contains(feature);
                    exceptions(engine.name).iter().any(|one| of(&one))
                })
                .collect();
            self.exceptions.extend(excepted.iter().map(|feature| (*feature, finding.level)));
            if excepted.is_empty() && !policies.iter().any(|feature| is_told(*feature)) {
                self.wrong.push(format!(
                    "{}: the table does not say that {policies:?} may be {:?}: {}",
                    engine.name, finding.level, finding.why
                ));
            }
        }
    }
}

/// Features that a policy has wherever it says anything, and those about which no part of a policy says something by itself.
fn is_seen_otherwise(feature: Feature) -> bool {
    feature == Feature::BlocksWithoutPods
}

#[test]
fn the_table_says_what_the_compilers_do() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let specs = wild();
    let mut runner = runner(seed);
    let policies: Vec<Policy> = std::iter::repeat_with(|| Policy::parse(&sample(&specs, &mut runner)).ok())
        .flatten()
        .take(POLICIES)
        .chain(rare())
        .collect();
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    let (mut compiled_policies, mut judged_cells, mut unseen_exceptions) = (0, 0, Vec::new());
    for engine in ENGINES {
        let (mut of_engine, mut seen_exceptions) = (HashMap::<Feature, Seen>::new(), HashSet::new());
        for settings in settings_of(engine.name) {
            let mut judgement = Judgement::default();
            for policy in &policies {
                judgement.judge(engine, &settings, policy, &(engine.compile)(policy, &settings));
            }
            compiled_policies += policies.len();
            for what in judgement.wrong {
                *wrong.entry(what).or_default() += 1;
            }
            for feature in Feature::ALL.into_iter().filter(|feature| !is_seen_otherwise(*feature)) {
                let of_cell = judgement.cells.remove(&feature).unwrap_or_default();
                judged_cells += 1;
                let support = (engine.support)(feature, &settings);
                let as_said = match support {
                    Support::Exact => is_exact(&of_cell),
                    Support::Degraded(_) => of_cell.contains(&Some(Level::Degraded)),
                    Support::Refused(_) | Support::DegradedOnce { .. } => of_cell.contains(&Some(Level::Refused)),
                    Support::Needs(_) => true,
                };
                if !as_said {
                    *wrong
                        .entry(format!(
                            "{} is never seen to be {support:?} about {feature:?}: {of_cell:?}",
                            engine.name
                        ))
                        .or_default() += 1;
                }
                of_engine.entry(feature).or_default().extend(of_cell);
            }
            seen_exceptions.extend(judgement.exceptions);
        }
        // What a cell needs is seen with it and without it, in one or another installation.
        for feature in Feature::ALL.into_iter().filter(|feature| !is_seen_otherwise(*feature)) {
            let Support::Needs(_) = (engine.support)(feature, &Settings::default()) else { continue };
            let of_cell = &of_engine[&feature];
            // A note may say what is needed where nothing shows whether it is there.
            let (with, without) = (is_exact(of_cell), of_cell.iter().any(Option::is_some));
            if !(with && without) {
                *wrong
                    .entry(format!("{} is not seen with and without what {feature:?} needs: {of_cell:?}", engine.name))
                    .or_default() += 1;
            }
        }
        let of_table =
            exceptions(engine.name).iter().flat_map(|one| one.features.iter().map(|feature| (*feature, one.level)));
        unseen_exceptions.extend(
            of_table
                .filter(|one| !seen_exceptions.contains(one))
                .map(|(feature, level)| format!("{} {feature:?} {level:?}", engine.name)),
        );
    }
    println!("{compiled_policies} compilations, {judged_cells} cells");
    assert!(unseen_exceptions.is_empty(), "no compiler was seen to make these exceptions: {unseen_exceptions:?}");
    let wrong: Vec<String> = wrong.into_iter().map(|(what, times)| format!("{times} times: {what}")).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
