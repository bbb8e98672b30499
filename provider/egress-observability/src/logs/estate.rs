//! Whose logs are read.

use std::collections::{BTreeMap, BTreeSet};

use egress_engines::EngineName;
use egress_model::identity::Key;
use egress_model::labels::NamespaceName;

use crate::estate::{Dataplane, WatchedGateway, WatchedPolicy};
use crate::logs::environment::LogPath;
use crate::logs::grammar::LogKind;

/// Everything whose logs one resource reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogEstate {
    /// Policies, by the user's key.
    pub policies: BTreeMap<Key, WatchedPolicy>,
    /// In-cluster gateways, by the user's key.
    pub gateways: BTreeMap<Key, WatchedGateway>,
    /// Files in place of the usual ones, by the kind of log.
    pub files: BTreeMap<LogKind, Vec<LogPath>>,
}

/// A log that is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogSource {
    /// What it is.
    pub kind: LogKind,
    /// Where it is.
    pub files: Files,
}

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Files {
    /// What a container writes: lines of the container runtime, in which long ones are split.
    Container {
        /// The pods' namespace; none for every one.
        namespace: Option<NamespaceName>,
        /// What the pods' names begin with; empty for every pod.
        pods: String,
    },
    /// Files of lines on the node.
    Paths(Vec<LogPath>),
}

/// Something that writes no log that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlogged {
    /// Which of the user's.
    pub of: Watched,
    /// Why.
    pub why: &'static str,
}

/// One of what is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// A policy by its key.
    Policy(Key),
    /// A gateway by its key.
    Gateway(Key),
}

const ENTERPRISE: &str = "Calico Enterprise ships its flow logs itself, and a second reader of its files would take \
                          lines from it; forward them with its LogCollector";
const AMBIENT: &str =
    "the node proxies of an ambient mesh write no access log of this form; name the waypoint in gateways";
const NONE: &str = "its engine writes no log of egress; istio, cilium, calico, ovn-kubernetes and antrea do";
const NO_GATEWAY_LOG: &str = "gateways of its engine write no log of their own; those of istio do, and cilium \
                              exports flows through its gateways";

impl LogEstate {
    /// The logs, each once; or what has none.
    pub fn sources(&self) -> Result<BTreeSet<LogSource>, Vec<Unlogged>> {
        let mut sources = BTreeSet::new();
        let mut unlogged = Vec::new();
        for (key, policy) in &self.policies {
            match self.of_policy(policy) {
                Ok(source) => _ = sources.insert(source),
                Err(why) => unlogged.push(Unlogged { of: Watched::Policy(key.clone()), why }),
            }
        }
        for (key, gateway) in &self.gateways {
            match gateway.engine {
                EngineName::Istio => {
                    let pods = format!("{}-", gateway.name);
                    let files = Files::Container { namespace: Some(gateway.namespace.clone()), pods };
                    sources.insert(LogSource { kind: LogKind::IstioGateway, files });
                }
                EngineName::Cilium => _ = sources.insert(self.on_nodes(LogKind::Cilium)),
                _ => unlogged.push(Unlogged { of: Watched::Gateway(key.clone()), why: NO_GATEWAY_LOG }),
            }
        }
        if self.files.contains_key(&LogKind::VpcFlowLogs) {
            sources.insert(self.on_nodes(LogKind::VpcFlowLogs));
        }
        if unlogged.is_empty() { Ok(sources) } else { Err(unlogged) }
    }

    fn of_policy(&self, policy: &WatchedPolicy) -> Result<LogSource, &'static str> {
        match (policy.engine, policy.dataplane) {
            (EngineName::Istio, Dataplane::Sidecar) => {
                let files = Files::Container { namespace: policy.namespace.clone(), pods: String::new() };
                Ok(LogSource { kind: LogKind::IstioSidecar, files })
            }
            (EngineName::Istio, Dataplane::Ambient) => Err(AMBIENT),
            (EngineName::Cilium, _) => Ok(self.on_nodes(LogKind::Cilium)),
            (EngineName::Calico, _) => Ok(self.on_nodes(LogKind::Calico)),
            (EngineName::CalicoEnterprise, _) => Err(ENTERPRISE),
            (EngineName::OvnKubernetes, _) => Ok(self.on_nodes(LogKind::OvnKubernetes)),
            (EngineName::Antrea, _) => Ok(self.on_nodes(LogKind::Antrea)),
            _ => Err(NONE),
        }
    }

    fn on_nodes(&self, kind: LogKind) -> LogSource {
        let usual = || kind.files().and_then(|path| path.parse().ok()).into_iter().collect();
        LogSource { kind, files: Files::Paths(self.files.get(&kind).cloned().unwrap_or_else(usual)) }
    }
}

impl LogSource {
    /// A name among the sources of one configuration, which is also the last part of its tag.
    pub fn name(&self) -> String {
        match &self.files {
            Files::Container { namespace, pods } => {
                let of = |part: &str| {
                    if part.is_empty() { String::new() } else { format!("-{}", part.trim_end_matches('-')) }
                };
                format!(
                    "{}{}{}",
                    self.kind.as_str(),
                    of(namespace.as_ref().map_or("", NamespaceName::as_str)),
                    of(pods)
                )
            }
            Files::Paths(_) => self.kind.as_str().to_owned(),
        }
    }

    /// Whether its lines are those of a container runtime.
    pub(crate) fn is_of_a_container(&self) -> bool {
        matches!(self.files, Files::Container { .. })
    }

    /// Its files as the kubelet links them, by pod, namespace and container.
    pub(crate) fn links(&self) -> Vec<String> {
        match &self.files {
            Files::Container { namespace, pods } => {
                let namespace = namespace.as_ref().map_or("*", NamespaceName::as_str);
                vec![format!("/var/log/containers/{pods}*_{namespace}_istio-proxy-*.log")]
            }
            Files::Paths(paths) => paths.iter().map(ToString::to_string).collect(),
        }
    }

    /// Its files as the kubelet has them, by namespace, pod and container: what OpenTelemetry's parser of containers reads the pod from.
    pub(crate) fn pods(&self) -> Vec<String> {
        match &self.files {
            Files::Container { namespace, pods } => {
                let namespace = namespace.as_ref().map_or("*", NamespaceName::as_str);
                vec![format!("/var/log/pods/{namespace}_{pods}*/istio-proxy/*.log")]
            }
            Files::Paths(_) => self.links(),
        }
    }
}
