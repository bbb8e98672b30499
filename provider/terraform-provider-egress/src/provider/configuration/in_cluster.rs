//! What the `kubernetes` part of the block says of the cluster's engine, resolver and addresses. It is read apart from how the
//! cluster is reached: which manifests a policy becomes must not depend on that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use egress_engines::companions::aks::PublicIpPrefixId;
use egress_engines::settings::{
    AntreaSubnet, IstioMode, IstioSettings, KubeOvnSettings, NetworkPolicyApiChannel, OutboundTraffic,
    OvnKubernetesDns, Version,
};
use egress_engines::{ENGINES, EngineName, GATEWAY_ENGINES, Settings, engine};
use egress_model::policy::{ClusterCidrsSpec, ClusterRanges, ClusterSpec, ResolverSpec};
use egress_model::shown;
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics, model};

use super::wrong::beneath;
use crate::resources::objects::outcome::{mistakes, upper_first};
use crate::session::InCluster;

#[derive(Deserialize, Default)]
struct Istio {
    mode: Option<String>,
    trust_domain: Option<String>,
    gateway_namespace: Option<String>,
    gateway_labels: Option<BTreeMap<String, String>>,
    gateway_service: Option<String>,
    gateway_tls_ports: Option<Vec<u16>>,
    gateway_http_ports: Option<Vec<u16>>,
    control_plane_namespace: Option<String>,
    cluster_domain: Option<String>,
    outbound_traffic: Option<String>,
}

#[derive(Deserialize)]
struct KubeOvn {
    external_subnet: Option<String>,
    vpc: Option<String>,
}

#[derive(Deserialize)]
struct Antrea {
    gateway: String,
    prefix_length: u8,
    vlan: Option<u16>,
}

#[derive(Deserialize, Default)]
struct Resolver {
    namespace: Option<String>,
    match_labels: Option<BTreeMap<String, String>>,
    ports: Option<Vec<i64>>,
    node_local_ips: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
struct Cidrs {
    pods: Option<Vec<String>>,
    services: Option<Vec<String>>,
    nodes: Option<Vec<String>>,
    api_server: Option<Vec<String>>,
}

/// Parses what the `kubernetes` attribute says, which may be absent. The engine and its settings must be known; the cluster's
/// own facts may come from a cluster that is made in the same apply.
pub(super) fn parse(kubernetes: Option<&Value>) -> Result<InCluster, Diagnostics> {
    if kubernetes.is_some_and(Value::is_unknown) {
        return Ok(InCluster::unconfigured());
    }
    let path = Path::attribute("kubernetes");
    let part = |name: &str| kubernetes.and_then(|kubernetes| kubernetes.get(name)).filter(|part| !part.is_null());
    let at = |name: &str| path.child(name);
    let mut diagnostics = Diagnostics::new();
    let engine = part("engine").map(|value| engine_name(value, &at("engine")));
    let versions = part("engine_versions").map(|value| versions(value, &at("engine_versions")));
    let istio = part("istio").map(|value| istio(value, &at("istio")));
    let antrea_subnet = part("antrea_subnet").map(|value| antrea_subnet(value, &at("antrea_subnet")));
    let kube_ovn = part("kube_ovn").map(|value| kube_ovn(value, &at("kube_ovn")));
    let prefix = part("aks_public_ip_prefix");
    let prefix = prefix.map(|value| text::<PublicIpPrefixId>(value, &at("aks_public_ip_prefix")));
    let network_policy_api =
        part("network_policy_api_channel").map(|value| channel(value, &at("network_policy_api_channel")));
    let ovn_kubernetes_dns = part("ovn_kubernetes_dns").map(|value| ovn_dns(value, &at("ovn_kubernetes_dns")));
    let cluster = Some(cluster(&path, part("platform"), part("resolver"), part("cluster_cidrs")));
    let engine = taken(engine, &mut diagnostics).unwrap_or(EngineName::NetworkPolicy);
    let versions = taken(versions, &mut diagnostics).unwrap_or_default();
    let (cluster, ranges) = taken(cluster, &mut diagnostics).unwrap_or_default();
    let settings = Settings {
        version: None,
        cluster: ranges,
        istio: taken(istio, &mut diagnostics).unwrap_or_default(),
        antrea_subnet: taken(antrea_subnet, &mut diagnostics),
        kube_ovn: taken(kube_ovn, &mut diagnostics).unwrap_or_default(),
        aks_public_ip_prefix: taken(prefix, &mut diagnostics),
        network_policy_api: taken(network_policy_api, &mut diagnostics).unwrap_or_default(),
        ovn_kubernetes_dns: taken(ovn_kubernetes_dns, &mut diagnostics).unwrap_or_default(),
    };
    if diagnostics.has_errors() {
        Err(diagnostics)
    } else {
        Ok(InCluster { engine: Some(engine), versions, settings, cluster })
    }
}

/// What was given and could be read; why it could not goes to the diagnostics.
fn taken<T, E: Into<Diagnostics>>(given: Option<Result<T, E>>, diagnostics: &mut Diagnostics) -> Option<T> {
    given?.map_err(|error| diagnostics.extend(error.into())).ok()
}

fn unknown(what: &str, path: &Path) -> Diagnostic {
    Diagnostic::error(
        format!("The {what} must be known at plan time"),
        "The plan shows the objects that each policy becomes, and they depend on it. Write it as text, or take it from a variable.",
    )
    .at(path.clone())
}

fn engine_name(value: &Value, path: &Path) -> Result<EngineName, Diagnostic> {
    let name = value.as_str().ok_or_else(|| unknown("engine", path))?;
    engine(name).map(|engine| engine.name).ok_or_else(|| {
        let known: Vec<_> = ENGINES.iter().map(|engine| format!("\"{}\"", engine.name)).collect();
        Diagnostic::error(
            format!("The engine {} does not exist", shown(name)),
            format!(
                "Policies can be compiled to: {}.{}",
                known.join(", "),
                hint(name, ENGINES.iter().map(|engine| engine.name.as_str()))
            ),
        )
        .at(path.clone())
    })
}

/// The version of each engine that is named. Any other word would be passed over without one: the features of an older version would not
/// be refused.
fn versions(value: &Value, path: &Path) -> Result<BTreeMap<EngineName, Version>, Diagnostics> {
    let written = value.as_map().ok_or_else(|| unknown("versions of the engines", path))?;
    let (mut versions, mut diagnostics) = (BTreeMap::new(), Diagnostics::new());
    let policies = ENGINES.iter().map(|engine| engine.name);
    let known: BTreeSet<EngineName> = policies.chain(GATEWAY_ENGINES.iter().map(|engine| engine.name)).collect();
    for (name, version) in written {
        let at = path.key(name.clone());
        let Some(engine) = known.iter().find(|engine| engine.as_str() == name) else {
            let known: Vec<_> = known.iter().map(|engine| format!("\"{engine}\"")).collect();
            let detail = format!("Write the name of an engine: {}.", known.join(", "));
            diagnostics.push(Diagnostic::error(format!("The engine {} does not exist", shown(name)), detail).at(at));
            continue;
        };
        match text::<Version>(version, &at) {
            Ok(version) => {
                versions.insert(*engine, version);
            }
            Err(error) => diagnostics.push(error),
        }
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(versions) }
}

/// A known text that can be read.
fn text<T: FromStr<Err: Display>>(value: &Value, path: &Path) -> Result<T, Diagnostic> {
    let text = value.as_str().ok_or_else(|| unknown(&path.to_string(), path))?;
    text.parse().map_err(|error: T::Err| {
        Diagnostic::error(
            format!("The value of {path} cannot be used"),
            format!("{}.", upper_first(&error.to_string())),
        )
        .at(path.clone())
    })
}

fn channel(value: &Value, path: &Path) -> Result<NetworkPolicyApiChannel, Diagnostic> {
    match value.as_str().ok_or_else(|| unknown("channel of network-policy-api", path))? {
        "standard" => Ok(NetworkPolicyApiChannel::Standard),
        "experimental" => Ok(NetworkPolicyApiChannel::Experimental),
        other => Err(Diagnostic::error(
            format!("The channel {} does not exist", shown(other)),
            format!(
                "The CRDs of network-policy-api come as \"standard\" and as \"experimental\".{}",
                hint(other, ["standard", "experimental"])
            ),
        )
        .at(path.clone())),
    }
}

fn ovn_dns(value: &Value, path: &Path) -> Result<OvnKubernetesDns, Diagnostic> {
    match value.as_str().ok_or_else(|| unknown("way of OVN-Kubernetes to find names", path))? {
        "polling" => Ok(OvnKubernetesDns::Polling),
        "name-resolver" => Ok(OvnKubernetesDns::NameResolver),
        other => Err(Diagnostic::error(
            format!("OVN-Kubernetes does not find names by {}", shown(other)),
            format!(
                "Choose \"polling\", or \"name-resolver\" where --enable-dns-name-resolver is on.{}",
                hint(other, ["polling", "name-resolver"])
            ),
        )
        .at(path.clone())),
    }
}

fn kube_ovn(value: &Value, path: &Path) -> Result<KubeOvnSettings, Diagnostics> {
    if !value.is_wholly_known() {
        return Err(unknown("description of Kube-OVN", path).into());
    }
    let written: KubeOvn = model::from_value_subset(value).map_err(|error| beneath(path, error))?;
    Ok(KubeOvnSettings { external_subnet: written.external_subnet, vpc: written.vpc })
}

fn istio(value: &Value, path: &Path) -> Result<IstioSettings, Diagnostics> {
    if !value.is_wholly_known() {
        return Err(unknown("description of the mesh", path).into());
    }
    let written: Istio = model::from_value_subset(value).map_err(|error| beneath(path, error))?;
    let mode = match written.mode.as_deref() {
        None | Some("sidecar") => IstioMode::Sidecar,
        Some("ambient") => IstioMode::Ambient,
        Some(other) => {
            let detail = format!(
                "Choose \"sidecar\" (a proxy in every pod) or \"ambient\" (a proxy on every node, and a waypoint).{}",
                hint(other, ["sidecar", "ambient"])
            );
            let error = Diagnostic::error(format!("The Istio mode {} does not exist", shown(other)), detail);
            return Err(error.at(path.child("mode")).into());
        }
    };
    let outbound_traffic = match written.outbound_traffic.as_deref() {
        None | Some("ALLOW_ANY") => OutboundTraffic::AllowAny,
        Some("REGISTRY_ONLY") => OutboundTraffic::RegistryOnly,
        Some(other) => {
            let detail = format!(
                "Write the mesh's outboundTrafficPolicy.mode: \"ALLOW_ANY\" (Istio's default) or \"REGISTRY_ONLY\".{}",
                hint(other, ["ALLOW_ANY", "REGISTRY_ONLY"])
            );
            let error =
                Diagnostic::error(format!("The outbound traffic policy {} does not exist", shown(other)), detail);
            return Err(error.at(path.child("outbound_traffic")).into());
        }
    };
    let ports = |written: Option<Vec<u16>>, default| written.map_or(default, |ports| ports.into_iter().collect());
    let default = IstioSettings::default();
    Ok(IstioSettings {
        mode,
        trust_domain: written.trust_domain.unwrap_or(default.trust_domain),
        gateway_namespace: written.gateway_namespace.unwrap_or(default.gateway_namespace),
        gateway_labels: written.gateway_labels.unwrap_or(default.gateway_labels),
        gateway_service: written.gateway_service.unwrap_or(default.gateway_service),
        gateway_tls_ports: ports(written.gateway_tls_ports, default.gateway_tls_ports),
        gateway_http_ports: ports(written.gateway_http_ports, default.gateway_http_ports),
        control_plane_namespace: written.control_plane_namespace.unwrap_or(default.control_plane_namespace),
        cluster_domain: written.cluster_domain.unwrap_or(default.cluster_domain),
        outbound_traffic,
    })
}

fn antrea_subnet(value: &Value, path: &Path) -> Result<AntreaSubnet, Diagnostics> {
    if !value.is_wholly_known() {
        return Err(unknown("subnet of Antrea's gateways", path).into());
    }
    let written: Antrea = model::from_value_subset(value).map_err(|error| beneath(path, error))?;
    let gateway: IpAddr = written.gateway.parse().map_err(|_| {
        let detail = format!("{} is no IP address.", shown(&written.gateway));
        Diagnostic::error("The subnet's router cannot be used", detail).at(path.child("gateway"))
    })?;
    let longest = if gateway.is_ipv4() { 32 } else { 128 };
    if !(1..=longest).contains(&written.prefix_length) {
        let detail = format!("{} is not between 1 and {longest}.", written.prefix_length);
        let error = Diagnostic::error("The subnet's prefix length cannot be used", detail);
        return Err(error.at(path.child("prefix_length")).into());
    }
    Ok(AntreaSubnet { gateway, prefix_length: written.prefix_length, vlan: written.vlan })
}

/// What is said of the cluster, and its ranges; nothing while a part is known only after apply.
fn cluster(
    path: &Path,
    platform: Option<&Value>,
    resolver: Option<&Value>,
    cidrs: Option<&Value>,
) -> Result<(Option<ClusterSpec>, ClusterRanges), Diagnostics> {
    if [platform, resolver, cidrs].into_iter().flatten().any(|value| !value.is_wholly_known()) {
        return Ok((None, ClusterRanges::default()));
    }
    let resolver: Resolver = match resolver {
        Some(value) => model::from_value_subset(value).map_err(|error| beneath(&path.child("resolver"), error))?,
        None => Resolver::default(),
    };
    let cidrs: Cidrs = match cidrs {
        Some(value) => model::from_value_subset(value).map_err(|error| beneath(&path.child("cluster_cidrs"), error))?,
        None => Cidrs::default(),
    };
    let spec = ClusterSpec {
        platform: platform.and_then(Value::as_str).map(str::to_owned),
        own_namespaces: Vec::new(),
        resolver: ResolverSpec {
            namespace: resolver.namespace,
            match_labels: resolver.match_labels,
            ports: resolver.ports,
            node_local_ips: resolver.node_local_ips,
        },
        cidrs: ClusterCidrsSpec {
            pods: cidrs.pods.unwrap_or_default(),
            services: cidrs.services.unwrap_or_default(),
            nodes: cidrs.nodes.unwrap_or_default(),
            api_server: cidrs.api_server.unwrap_or_default(),
        },
    };
    let wrong = match spec.ranges() {
        Ok(ranges) => return Ok((Some(spec), ranges)),
        Err(wrong) => wrong,
    };
    let mistakes = mistakes("cluster's description", &wrong);
    Err(mistakes.into_iter().map(|mistake| beneath(path, mistake)).collect())
}
