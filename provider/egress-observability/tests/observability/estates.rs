//! What is watched, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use egress_engines::EngineName;
use egress_model::identity::Key;
use egress_observability::alert::AlertName;
use egress_observability::duration::Duration;
use egress_observability::estate::{Dataplane, Estate, WatchedGateway, WatchedNat, WatchedPolicy};
use egress_observability::export::{Export, Exports};
use egress_observability::exporter::NatExporter;
use egress_observability::settings::{AlertSpec, Tuning};
use egress_observability::source::Source;

/// Everything that a cluster can export.
pub(crate) fn everything() -> Exports {
    Export::ALL.into_iter().collect()
}

/// The defaults, and a price, without which nothing is said of cost.
pub(crate) fn priced() -> Tuning {
    let spec = AlertSpec { threshold: Some(100.0), price_per_gb: Some(0.045), ..AlertSpec::default() };
    Tuning::parse(&[(AlertName::CostHigh, spec)].into()).expect("good settings")
}

pub(crate) fn policy(engine: EngineName, name: &str, namespace: &str) -> WatchedPolicy {
    let parsed = |text: &&str| text.parse().expect("a pattern");
    WatchedPolicy {
        engine,
        dataplane: Dataplane::Sidecar,
        name: name.parse().expect("a name"),
        namespace: Some(namespace.parse().expect("a namespace")),
        domains: ["api.stripe.com", "*.example.com"].iter().map(parsed).collect(),
        network_policies: Vec::new(),
    }
}

fn gateway(engine: EngineName, name: &str, namespace: &str) -> WatchedGateway {
    let label = ("istio".parse().expect("a key"), "egressgateway".parse().expect("a value"));
    WatchedGateway {
        engine,
        name: name.parse().expect("a name"),
        namespace: namespace.parse().expect("a namespace"),
        pod_labels: [label].into_iter().collect(),
    }
}

pub(crate) fn nat(exporter: &str, ids: &[&str]) -> WatchedNat {
    let exporter: NatExporter = exporter.parse().expect("an exporter");
    let seconds = if exporter.source() == Source::Aws { 300 } else { 60 };
    WatchedNat {
        exporter,
        region: "eu-west-1".to_owned(),
        ids: ids.iter().map(|&id| id.to_owned()).collect::<BTreeSet<_>>(),
        period: Duration::seconds(seconds),
        addresses: NonZeroU32::new(2),
        ports_per_machine: NonZeroU32::new(64),
    }
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

pub(crate) fn of_policies(policies: impl IntoIterator<Item = WatchedPolicy>) -> Estate {
    let keyed = policies.into_iter().enumerate().map(|(index, one)| (key(&format!("p{index:04}")), one));
    Estate { policies: keyed.collect(), exports: everything(), ..Estate::default() }
}

fn of_gateway(one: WatchedGateway) -> Estate {
    Estate { gateways: [(key("main"), one)].into(), exports: everything(), ..Estate::default() }
}

pub(crate) fn of_nat(one: WatchedNat) -> Estate {
    Estate { nat_gateways: [(key("main"), one)].into(), exports: everything(), ..Estate::default() }
}

fn with_gateway(estate: Estate, one: WatchedGateway) -> Estate {
    Estate { gateways: [(key("main"), one)].into(), ..estate }
}

/// The smallest estate that has all of a source.
pub(crate) fn of(source: Source) -> Estate {
    let shop = |engine| of_policies([policy(engine, "backend", "shop")]);
    match source {
        Source::IstioSidecar => shop(EngineName::Istio),
        Source::IstioAmbient => of_policies([WatchedPolicy {
            dataplane: Dataplane::Ambient,
            ..policy(EngineName::Istio, "backend", "shop")
        }]),
        Source::IstioGateway => of_gateway(gateway(EngineName::Istio, "partners", "egress")),
        Source::Cilium => with_gateway(shop(EngineName::Cilium), gateway(EngineName::Cilium, "partners", "egress")),
        Source::Calico => shop(EngineName::Calico),
        Source::CalicoEnterprise => with_gateway(
            shop(EngineName::CalicoEnterprise),
            gateway(EngineName::CalicoEnterprise, "partners", "egress"),
        ),
        Source::OvnKubernetes => {
            with_gateway(shop(EngineName::OvnKubernetes), gateway(EngineName::OvnKubernetes, "partners", "egress"))
        }
        Source::Antrea => shop(EngineName::Antrea),
        Source::Cluster | Source::CoreDns => of_policies([WatchedPolicy {
            network_policies: vec!["backend".parse().expect("a name"), "backend-dns".parse().expect("a name")],
            ..policy(EngineName::NetworkPolicy, "backend", "shop")
        }]),
        Source::Aws => of_nat(nat("yace", &["nat-1", "nat-2"])),
        Source::Azure => of_nat(nat(
            "azure-metrics-exporter",
            &["/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/natGateways/prod"],
        )),
        Source::Google => of_nat(nat("stackdriver_exporter", &["prod"])),
        Source::Alibaba => of_nat(nat("telegraf", &["ngw-1"])),
    }
}

/// All of a user's estate at a time: several engines, a gateway of each, and every cloud.
pub(crate) fn whole() -> Estate {
    let mut whole = Estate { exports: everything(), ..Estate::default() };
    for source in Source::ALL {
        let estate = of(source);
        let renamed = |old: &Key| key(&format!("{source}-{old}"));
        whole.policies.extend(estate.policies.iter().map(|(old, one)| (renamed(old), one.clone())));
        whole.gateways.extend(estate.gateways.iter().map(|(old, one)| (renamed(old), one.clone())));
        whole.nat_gateways.extend(estate.nat_gateways.iter().map(|(old, one)| (renamed(old), one.clone())));
    }
    whole
}

/// Estates by name: one of each source, of each exporter, with fixed labels, and of everything.
pub(crate) fn all() -> BTreeMap<String, Estate> {
    let mut all: BTreeMap<String, Estate> =
        Source::ALL.into_iter().map(|source| (source.to_string(), of(source))).collect();
    for exporter in ["cloudwatch_exporter", "stackdriver_exporter-deltas", "managed-prometheus"] {
        all.insert(format!("nat-{exporter}"), of_nat(nat(exporter, &["nat-1", "nat-2"])));
    }
    let labels = [("cluster".parse().expect("a label"), "prod \"1\"".to_owned())].into();
    all.insert("fixed-labels".to_owned(), Estate { labels, ..of(Source::IstioSidecar) });
    all.insert("cilium-without-hubble".to_owned(), Estate { exports: Exports::new(), ..of(Source::Cilium) });
    let both = [nat("yace", &["nat-1"]), nat("cloudwatch_exporter", &["nat-2"])].into_iter().enumerate();
    let nat_gateways = both.map(|(index, one)| (key(&format!("n{index}")), one)).collect();
    all.insert("two-exporters".to_owned(), Estate { nat_gateways, ..Estate::default() });
    all.insert("whole".to_owned(), whole());
    all
}

/// A price where something is billed: without anything to bill, asking for the alert about cost is refused.
pub(crate) fn priced_if_nat(estate: &Estate) -> Tuning {
    let billed = [Source::Aws, Source::Azure, Source::Google];
    if estate.sources().iter().any(|source| billed.contains(source)) { priced() } else { Tuning::default() }
}
