//! What has to be switched on, outside the emitted objects, for the metrics to exist.
//!
//! Sources: Cilium 1.20.2, `install/kubernetes/cilium/values.yaml`; Calico's and Calico Enterprise's installation reference
//! (`FelixConfiguration`, `Monitor`); OVN-Kubernetes 1.3.0, `helm/ovn-kubernetes/values.yaml`; Antrea 2.7.0,
//! `build/charts/antrea/values.yaml`; Istio's documentation, "Envoy Access Logs".

use egress_engines::Requirement;
use egress_engines::manifest::Kind;
use egress_engines::requirement::{LiveObject, Place, Setting};

use crate::cilium::HUBBLE_METRICS;
use crate::estate::Estate;
use crate::export::Export;
use crate::exporter_job::exporter_jobs;
use crate::source::Source;

const FELIX_CONFIGURATION: Kind = Kind {
    api_version: "crd.projectcalico.org/v1",
    kind: "FelixConfiguration",
    plural: "felixconfigurations",
    accepted: None,
};

/// What an estate's sources need, in the order of [`Source::ALL`].
pub fn requirements(estate: &Estate) -> Vec<Requirement> {
    let mut all = Vec::new();
    for source in estate.sources() {
        match source {
            Source::Cilium => all.extend(cilium(estate)),
            Source::Calico => all.push(felix_metrics()),
            Source::CalicoEnterprise => all.push(Requirement::Outside(
                "The Monitor object of Calico Enterprise has externalPrometheus, and its monitors are scraped at \
                 least every 30 seconds with honorLabels: a series goes a minute after its last packet"
                    .to_owned(),
            )),
            Source::OvnKubernetes => {
                all.push(helm("ovn-kubernetes", "monitoring.enableServiceMonitor", "true"));
            }
            Source::Antrea => all.extend(antrea(estate)),
            Source::IstioSidecar | Source::IstioAmbient | Source::IstioGateway => {
                let access_log = helm("istiod", "meshConfig.accessLogEncoding", "JSON");
                if !all.contains(&access_log) {
                    all.extend([helm("istiod", "meshConfig.accessLogFile", "/dev/stdout"), access_log]);
                }
            }
            Source::Cluster | Source::CoreDns | Source::Aws | Source::Azure | Source::Google | Source::Alibaba => {}
        }
    }
    for job in exporter_jobs(estate) {
        let (exporter, what) = (&job.exporter, job.what);
        all.push(Requirement::Outside(format!("{exporter} runs and is scraped, with {what} as in exporter_jobs")));
    }
    all
}

fn helm(chart: &'static str, key: &'static str, value: &str) -> Requirement {
    Requirement::HelmValue { chart, key, value: value.to_owned(), seen_as: None }
}

fn cilium(estate: &Estate) -> Vec<Requirement> {
    let mut all =
        vec![helm("cilium", "prometheus.enabled", "true"), helm("cilium", "prometheus.serviceMonitor.enabled", "true")];
    if estate.exports.contains(&Export::CiliumFqdn) {
        all.push(helm("cilium", "prometheus.metrics", "[\"+cilium_fqdn_semaphore_rejected_total\"]"));
    }
    if estate.exports.contains(&Export::Hubble) {
        let entries: Vec<String> = HUBBLE_METRICS.iter().map(|entry| format!("\"{entry}\"")).collect();
        all.push(helm("cilium", "hubble.metrics.enabled", &format!("[{}]", entries.join(", "))));
        all.push(helm("cilium", "hubble.metrics.serviceMonitor.enabled", "true"));
    }
    all
}

fn felix_metrics() -> Requirement {
    Requirement::Setting(Setting {
        object: LiveObject { kind: &FELIX_CONFIGURATION, namespace: None, name: "default" },
        places: vec![Place::Field("spec.prometheusMetricsEnabled")],
        values: vec!["true".to_owned()],
    })
}

fn antrea(estate: &Estate) -> Vec<Requirement> {
    let mut all = vec![helm("antrea", "agent.enablePrometheusMetrics", "true")];
    if estate.exports.contains(&Export::AntreaFlowExporter) {
        all.push(helm("antrea", "featureGates.FlowExporter", "true"));
    }
    all
}
