//! What is refused while the settings of the engine's installation are not known is refused by every installation.

use std::collections::BTreeSet;

use egress_engines::settings::{
    AntreaSubnet, IstioMode, IstioSettings, KubeOvnSettings, NetworkPolicyApiChannel, OutboundTraffic, OvnKubernetesDns,
};
use egress_engines::{Compiled, ENGINES, GATEWAY_ENGINES, Level, Settings};
use egress_model::gateway::Gateway;
use egress_model::policy::{ClusterRanges, Policy};

use crate::{cases, gateways};

/// Installations that differ in everything that decides a refusal, of the newest version and of old ones.
fn installations() -> Vec<Settings> {
    let mut all = Vec::new();
    let prefix = "/subscriptions/0/resourceGroups/a/providers/Microsoft.Network/publicIPPrefixes/partners";
    let subnet = AntreaSubnet { gateway: [192, 0, 2, 1].into(), prefix_length: 24, vlan: None };
    for mode in [IstioMode::Sidecar, IstioMode::Ambient] {
        for channel in [NetworkPolicyApiChannel::Standard, NetworkPolicyApiChannel::Experimental] {
            for dns in [OvnKubernetesDns::Polling, OvnKubernetesDns::NameResolver] {
                for more in [false, true] {
                    let ranges =
                        ["10.42.0.0/16", "10.43.0.0/16", "fd00:42::/48"].map(|range| range.parse().expect("a block"));
                    let traffic = if more { OutboundTraffic::RegistryOnly } else { OutboundTraffic::AllowAny };
                    for version in [None, Some("1.16"), Some("2.15"), Some("3.28")] {
                        all.push(Settings {
                            version: version.map(|version| version.parse().expect("a version")),
                            istio: IstioSettings { mode, outbound_traffic: traffic, ..IstioSettings::default() },
                            antrea_subnet: more.then_some(subnet),
                            kube_ovn: KubeOvnSettings {
                                external_subnet: more.then(|| "external".to_owned()),
                                vpc: None,
                            },
                            aks_public_ip_prefix: more.then(|| prefix.parse().expect("a prefix")),
                            cluster: ClusterRanges {
                                pods: if more { ranges.into() } else { BTreeSet::new() },
                                ..ClusterRanges::default()
                            },
                            network_policy_api: channel,
                            ovn_kubernetes_dns: dns,
                        });
                    }
                }
            }
        }
    }
    all
}

/// The paths of what is refused.
fn refused(compiled: &Compiled) -> BTreeSet<String> {
    let refused = compiled.findings.iter().filter(|finding| finding.level == Level::Refused);
    refused.map(|finding| finding.path.to_string()).collect()
}

/// Whether a part of what has this path is refused, or the whole that it is a part of.
fn holds(refused: &BTreeSet<String>, path: &str) -> bool {
    refused.iter().any(|other| other.starts_with(path) || path.starts_with(other.as_str()))
}

/// Checks one compilation in every installation; what settings decide, and what they do not.
fn check(what: &str, compile: impl Fn(&Settings) -> Compiled) -> (usize, usize) {
    let (by_default, at_best) = (refused(&compile(&Settings::default())), refused(&compile(&Settings::most_capable())));
    let sure: BTreeSet<&String> = at_best.iter().filter(|path| holds(&by_default, path)).collect();
    for settings in installations() {
        let refused = refused(&compile(&settings));
        let allowed: Vec<_> = sure.iter().filter(|path| !holds(&refused, path)).collect();
        assert!(allowed.is_empty(), "{what}: {allowed:?} is not refused with {settings:?}");
    }
    (by_default.iter().filter(|path| !holds(&at_best, path)).count(), sure.len())
}

#[test]
fn what_is_refused_by_default_and_at_best_is_refused_by_all() {
    let (mut lifted, mut sure) = (0, 0);
    let mut count = |(of_settings, of_all)| {
        lifted += of_settings;
        sure += of_all;
    };
    for (name, spec) in cases::all() {
        let policy = Policy::parse(&spec).expect("a policy");
        for engine in ENGINES.iter() {
            count(check(&format!("{name} on {}", engine.name), |settings| (engine.compile)(&policy, settings)));
        }
    }
    for (name, spec) in gateways::all() {
        let gateway = Gateway::parse(&spec).expect("a gateway");
        for engine in GATEWAY_ENGINES.iter() {
            count(check(&format!("{name} on {}", engine.name), |settings| (engine.compile)(&gateway, settings)));
        }
    }
    println!("{sure} refusals are sure, {lifted} depend on settings");
    assert!(lifted > 10 && sure > 50, "{lifted} and {sure}");
}
