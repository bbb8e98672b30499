//! What has to be there, outside the emitted objects, for the logs to be written and read.

use std::collections::BTreeSet;

use egress_engines::Requirement;

use crate::logs::collector::Collector;
use crate::logs::grammar::LogKind;
use crate::logs::output::Output;
use crate::logs::plan::Plan;

/// What a plan needs.
pub fn requirements(collector: Collector, plan: &Plan) -> Vec<Requirement> {
    let mut all = Vec::new();
    let kinds: BTreeSet<LogKind> = plan.sources.iter().map(|source| source.kind).collect();
    for kind in &kinds {
        for requirement in of_kind(*kind) {
            if !all.contains(&requirement) {
                all.push(requirement);
            }
        }
    }
    let folders: BTreeSet<&str> = plan.sources.iter().map(|source| folder(&source.links()[..])).collect();
    let mut outside = |sentence: String| all.push(Requirement::Outside(sentence));
    outside(format!(
        "The collector runs on every node and mounts {} of it, and a folder of its own for what it notes",
        folders.into_iter().collect::<Vec<_>>().join(", ")
    ));
    let logins = plan.outputs.iter().filter_map(|output| output.server()?.login.as_ref());
    let mut variables: Vec<String> = Vec::new();
    for variable in logins.flat_map(|login| [login.user.to_string(), login.password.to_string()]) {
        if !variables.contains(&variable) {
            variables.push(variable);
        }
    }
    if !variables.is_empty() {
        outside(format!("The collector's environment has {}, from a Secret", variables.join(", ")));
    }
    match collector {
        Collector::FluentBit => {}
        Collector::Fluentd => {
            let mut plugins = vec!["fluent-plugin-concat"];
            plugins.extend(plan.outputs.iter().filter_map(|output| match output {
                Output::Elasticsearch { .. } => Some("fluent-plugin-elasticsearch"),
                Output::OpenSearch { .. } => Some("fluent-plugin-opensearch"),
                Output::Loki { .. } => Some("fluent-plugin-grafana-loki"),
                Output::Otlp { .. } | Output::Stdout => None,
            }));
            outside(format!("Fluentd has the plugins {}", plugins.join(", ")));
        }
        Collector::OpenTelemetry => {
            outside("The collector is the distribution contrib, or has the components that its file names".to_owned());
        }
    }
    all
}

/// The folder that has to be mounted for files.
fn folder(paths: &[String]) -> &'static str {
    let all = |prefix: &str| paths.iter().all(|path| path.starts_with(prefix));
    if all("/var/run/cilium/") {
        "/var/run/cilium"
    } else if all("/var/log/") {
        "/var/log"
    } else {
        "the folders of the files"
    }
}

fn of_kind(kind: LogKind) -> Vec<Requirement> {
    let helm = |chart, key, value: &str| Requirement::HelmValue { chart, key, value: value.to_owned(), seen_as: None };
    match kind {
        LogKind::IstioGateway | LogKind::IstioSidecar => vec![
            helm("istiod", "meshConfig.accessLogFile", "/dev/stdout"),
            helm("istiod", "meshConfig.accessLogEncoding", "JSON"),
        ],
        LogKind::Cilium => vec![
            helm("cilium", "hubble.enabled", "true"),
            helm("cilium", "hubble.export.static.enabled", "true"),
            helm("cilium", "hubble.export.static.filePath", "/var/run/cilium/hubble/events.log"),
        ],
        LogKind::Calico => vec![Requirement::Outside(
            "A rule with the action Log stands before the rule that denies: Calico open source writes nothing of \
             denials by itself"
                .to_owned(),
        )],
        LogKind::OvnKubernetes => vec![Requirement::Outside(
            "The namespaces have the annotation k8s.ovn.org/acl-logging, such as {\"deny\":\"info\"}".to_owned(),
        )],
        LogKind::Antrea => vec![Requirement::Outside(
            "Rules of Antrea's own policies have enableLogging: true, and namespaces with NetworkPolicy the \
             annotation networkpolicy.antrea.io/enable-logging: \"true\""
                .to_owned(),
        )],
        LogKind::VpcFlowLogs => {
            vec![Requirement::Outside(
                "The flow logs are there as files, in AWS' default format of version 2".to_owned(),
            )]
        }
    }
}
