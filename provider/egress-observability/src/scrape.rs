//! Monitors of what no chart scrapes: Istio's proxies, and Felix of Calico.
//!
//! Sources: prometheus-operator 0.93, `PodMonitor` and `ServiceMonitor` (a `PodMonitor` keeps only ports that a container declares);
//! Istio's injection template (`http-envoy-prom`, 15090, on sidecars and injected gateways; `security.istio.io/tlsMode` on every injected
//! pod) and ztunnel's chart (`ztunnel-stats`, 15020; both paths of `src/metrics/server.rs`); Calico's documentation, "Monitor Calico
//! component metrics" (port 9091, which no container declares).

use std::collections::BTreeMap;

use egress_engines::manifest::{Kind, Metadata};
use egress_engines::{EngineName, Manifest};
use egress_model::labels::{NamespaceName, ObjectName};
use serde_json::{Value, json};

use crate::duration::Duration;
use crate::estate::Estate;
use crate::job;
use crate::source::Source;

/// The operator's monitor of pods.
pub const POD_MONITOR: Kind =
    Kind { api_version: "monitoring.coreos.com/v1", kind: "PodMonitor", plural: "podmonitors", accepted: None };
/// The operator's monitor of Services.
pub const SERVICE_MONITOR: Kind =
    Kind { api_version: "monitoring.coreos.com/v1", kind: "ServiceMonitor", plural: "servicemonitors", accepted: None };
/// Kubernetes' own.
pub const SERVICE: Kind = Kind { api_version: "v1", kind: "Service", plural: "services", accepted: None };

/// How monitors are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeOptions {
    /// What the names of monitors begin with.
    pub name: ObjectName,
    /// Where they are.
    pub namespace: NamespaceName,
    /// Their labels, by which a Prometheus selects them.
    pub labels: BTreeMap<String, String>,
    /// How often they scrape.
    pub interval: Duration,
}

/// The monitors that an estate needs.
pub fn monitors(estate: &Estate, options: &ScrapeOptions) -> Vec<Manifest> {
    let sources = estate.sources();
    let mut all = Vec::new();
    if sources.contains(&Source::IstioSidecar) {
        let namespaces = match estate.namespaces_of(Source::IstioSidecar) {
            Some(names) => json!({ "matchNames": names.iter().map(|name| name.as_str()).collect::<Vec<_>>() }),
            None => json!({ "any": true }),
        };
        let injected = json!({ "matchExpressions": [{ "key": "security.istio.io/tlsMode", "operator": "Exists" }] });
        all.push(options.of_pods("sidecars", job::SIDECARS, &namespaces, &injected, "http-envoy-prom"));
    }
    if sources.contains(&Source::IstioAmbient) {
        let system = json!({ "matchNames": ["istio-system"] });
        let ztunnel = json!({ "matchLabels": { "app": "ztunnel" } });
        all.push(options.of_pods("ztunnel", job::ZTUNNEL, &system, &ztunnel, "ztunnel-stats"));
        // A gateway that is a waypoint has a monitor of its own.
        let own: Vec<&str> = estate.gateways_of(EngineName::Istio).map(|gateway| gateway.name.as_str()).collect();
        let mut waypoints = json!({ "matchLabels": { "gateway.istio.io/managed": "istio.io-mesh-controller" } });
        if !own.is_empty() {
            let others =
                json!([{ "key": "gateway.networking.k8s.io/gateway-name", "operator": "NotIn", "values": own }]);
            waypoints["matchExpressions"] = others;
        }
        all.push(options.of_pods("waypoints", job::WAYPOINTS, &json!({ "any": true }), &waypoints, "http-envoy-prom"));
    }
    for gateway in estate.gateways_of(EngineName::Istio) {
        let namespace = json!({ "matchNames": [gateway.namespace.as_str()] });
        let labels: BTreeMap<String, String> =
            gateway.pod_labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let (suffix, job_of) = (format!("gateway-{}-{}", gateway.namespace, gateway.name), job::of_gateway(gateway));
        all.push(options.of_pods(&suffix, &job_of, &namespace, &json!({ "matchLabels": labels }), "http-envoy-prom"));
    }
    if sources.contains(&Source::Calico) {
        all.extend(options.felix());
    }
    all
}

impl ScrapeOptions {
    fn metadata(&self, suffix: &str) -> Metadata {
        Metadata { name: format!("{}-{suffix}", self.name), labels: self.labels.clone(), ..Metadata::default() }
            .in_namespace(&self.namespace)
    }

    fn of_pods(&self, suffix: &str, job: &str, namespaces: &Value, selector: &Value, port: &str) -> Manifest {
        let spec = json!({
            "namespaceSelector": namespaces,
            "selector": selector,
            "podMetricsEndpoints": [{
                "port": port,
                "path": "/stats/prometheus",
                "interval": self.interval.to_string(),
                "relabelings": [{ "action": "replace", "replacement": job, "targetLabel": "job" }],
            }],
        });
        Manifest::new(&POD_MONITOR, self.metadata(suffix), &spec)
    }

    /// Felix listens on the node's network and declares no port, so that a Service has to name it.
    fn felix(&self) -> [Manifest; 2] {
        const APP: &str = "egress-felix";
        let mut service = self.metadata("felix").in_namespace(&"calico-system");
        service.labels = [("app.kubernetes.io/name".to_owned(), APP.to_owned())].into();
        let port = json!({ "name": "felix-metrics", "port": 9091, "protocol": "TCP", "targetPort": 9091 });
        let service_spec = json!({ "clusterIP": "None", "ports": [port], "selector": { "k8s-app": "calico-node" } });
        let monitor = json!({
            "namespaceSelector": { "matchNames": ["calico-system"] },
            "selector": { "matchLabels": { "app.kubernetes.io/name": APP } },
            "endpoints": [{ "port": "felix-metrics", "interval": self.interval.to_string() }],
        });
        let monitored = Manifest::new(&SERVICE_MONITOR, self.metadata("felix"), &monitor);
        [Manifest::new(&SERVICE, service, &service_spec), monitored]
    }
}
