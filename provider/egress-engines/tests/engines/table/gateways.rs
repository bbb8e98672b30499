//! The table of gateways.

use egress_engines::gateway::features;
use egress_engines::settings::{AntreaSubnet, IstioMode, IstioSettings, KubeOvnSettings};
use egress_engines::{EngineName, GATEWAY_ENGINES, GatewayEngine, GatewayFeature, Level, Row, Settings, Support};
use egress_model::gateway::{Gateway, GatewaySpec};
use egress_model::policy::{ClusterRanges, NamespaceSelectorSpec, Path};

use super::{Column, Table};
use crate::generate::gateways;
use crate::meaning::{runner, sample, seed};

/// Random gateways that are compiled for every engine with each of its settings.
const GATEWAYS: usize = 4_000;
/// Those of which each part is sought in what is emitted.
const EMITTED: usize = 1_000;

/// The settings that decide a cell of an engine.
fn settings_of(engine: EngineName) -> Vec<Settings> {
    let default = Settings::default;
    let version = |text: &str| Some(text.parse().expect("a version"));
    let ambient = || IstioSettings { mode: IstioMode::Ambient, ..IstioSettings::default() };
    let others = match engine {
        EngineName::Cilium => {
            vec![Settings { version: version("1.17"), ..default() }, Settings { version: version("1.18"), ..default() }]
        }
        EngineName::Antrea => {
            let gateway = "192.0.2.1".parse().expect("an address");
            let subnet = AntreaSubnet { gateway, prefix_length: 24, vlan: None };
            vec![Settings { antrea_subnet: Some(subnet), ..default() }]
        }
        EngineName::Aks => {
            let pods = ["10.42.0.0/16".parse().expect("a block")].into();
            vec![
                Settings { aks_public_ip_prefix: Settings::most_capable().aks_public_ip_prefix, ..default() },
                Settings { cluster: ClusterRanges { pods, ..ClusterRanges::default() }, ..default() },
            ]
        }
        EngineName::KubeOvn => {
            let kube_ovn = KubeOvnSettings { external_subnet: Some("external".into()), vpc: None };
            vec![Settings { kube_ovn, ..default() }]
        }
        EngineName::Istio => vec![
            Settings { istio: ambient(), ..default() },
            Settings { istio: ambient(), version: version("1.28"), ..default() },
        ],
        _ => Vec::new(),
    };
    std::iter::once(default()).chain(others).collect()
}

fn feature_of(row: Row) -> Option<GatewayFeature> {
    match row {
        Row::Gateway(feature) => Some(feature),
        Row::Policy(_) => None,
    }
}

/// So many random gateways, and those of the golden files.
#[allow(clippy::print_stdout, reason = "the seed repeats a failure")]
fn random(count: usize) -> Vec<GatewaySpec> {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let specs = gateways::wild();
    let mut runner = runner(seed);
    let mut all: Vec<GatewaySpec> = crate::gateways::all().into_iter().map(|(_, spec)| spec).collect();
    all.extend(
        std::iter::repeat_with(|| sample(&specs, &mut runner)).filter(|spec| Gateway::parse(spec).is_ok()).take(count),
    );
    all
}

#[test]
fn the_table_says_what_the_compilers_do() {
    let table = Table {
        all: random(GATEWAYS).iter().map(|spec| Gateway::parse(spec).expect("a gateway")).collect(),
        rows: GatewayFeature::ALL.to_vec(),
        // A gateway asks for each feature once, and a finding may be on the attribute that has to change for it.
        features: |gateway: &Gateway| {
            features(gateway).into_iter().map(|(_, feature)| (Path::root(), feature)).collect()
        },
        feature_of,
    };
    let columns = GATEWAY_ENGINES.iter().map(|engine| Column {
        name: engine.name,
        support: engine.support,
        compile: engine.compile,
        exceptions: engine.exceptions,
        settings: settings_of(engine.name),
    });
    table.judge(columns);
}

/// The same without what a feature is about, or with another; none for what asks for no more than that the engine can do it.
fn without(spec: &GatewaySpec, feature: GatewayFeature) -> Option<GatewaySpec> {
    let mut spec = spec.clone();
    match feature {
        GatewayFeature::SourcePods => {
            let everyone = crate::gateways::every_pod();
            spec.sources.values_mut().for_each(|source| source.pods.clone_from(&everyone.pods));
        }
        GatewayFeature::SourceNamespaces => {
            let everyone = crate::gateways::every_pod();
            spec.sources.values_mut().for_each(|source| source.namespaces.clone_from(&everyone.namespaces));
        }
        // Without it nothing may change where another source includes it, so the last becomes one that none includes.
        GatewayFeature::SeveralSources => {
            let mut last = spec.sources.last_entry()?;
            let only =
                NamespaceSelectorSpec { names: Some(vec!["elsewhere".to_owned()]), ..NamespaceSelectorSpec::default() };
            last.get_mut().namespaces = Some(only);
        }
        GatewayFeature::Cidrs | GatewayFeature::Domains => spec.to = None,
        GatewayFeature::ExceptCidrs => {
            let blocks = spec.to.as_mut().and_then(|to| to.cidrs.as_mut());
            if let Some(blocks) = blocks {
                blocks.retain(|block| !block.starts_with('!'));
            }
        }
        GatewayFeature::Ips => spec.ips.clear(),
        GatewayFeature::SeveralIps => spec.ips.truncate(1),
        GatewayFeature::Ipv6 => spec.ips.retain(|ip| !ip.contains(':')),
        GatewayFeature::PublicIps => spec.public_ips.clear(),
        GatewayFeature::Nodes => spec.nodes = None,
        GatewayFeature::Interface => spec.interface = None,
        GatewayFeature::External | GatewayFeature::AssignsIps | GatewayFeature::Replicas | GatewayFeature::Failover => {
            return None;
        }
    }
    Some(spec)
}

/// What a gateway becomes, and what it requires.
fn emitted(engine: &GatewayEngine, spec: &GatewaySpec, settings: &Settings) -> Vec<String> {
    let gateway = Gateway::parse(spec).expect("a gateway");
    let compiled = (engine.compile)(&gateway, settings);
    let manifests = compiled.manifests.iter().map(egress_engines::Manifest::to_yaml);
    let attachments = compiled.attachments.iter().map(egress_engines::Attachment::to_yaml);
    let requirements = (engine.requirements)(&gateway, settings).into_iter().map(|one| one.to_string());
    if compiled.manifests.is_empty() { Vec::new() } else { manifests.chain(attachments).chain(requirements).collect() }
}

/// A feature that an engine has, and that a gateway asks for, is in what it emits: without it something else is.
#[test]
fn what_the_table_calls_exact_is_in_what_is_emitted() {
    let mut seen = 0;
    for spec in random(EMITTED) {
        let gateway = Gateway::parse(&spec).expect("a gateway");
        for engine in GATEWAY_ENGINES.iter() {
            for settings in settings_of(engine.name) {
                let with = emitted(engine, &spec, &settings);
                // Of a part that is degraded, such as one of several addresses, the finding says what is left out.
                let degraded = (engine.compile)(&gateway, &settings).findings;
                let is_degraded =
                    |path: &Path| degraded.iter().any(|one| one.level > Level::Exact && one.path == *path);
                for (path, feature) in features(&gateway).into_iter().filter(|_| !with.is_empty()) {
                    let support = (engine.support)(feature, &settings);
                    if !matches!(support, Support::Exact | Support::Needs(_)) || is_degraded(&path) {
                        continue;
                    }
                    let Some(other) = without(&spec, feature) else { continue };
                    let other = emitted(engine, &other, &settings);
                    assert_ne!(with, other, "{}: {path} is left out of {spec:#?}", engine.name);
                    seen += 1;
                }
            }
        }
    }
    println!("{seen} features");
    assert!(seen > 1_000, "only {seen} features were seen");
}
