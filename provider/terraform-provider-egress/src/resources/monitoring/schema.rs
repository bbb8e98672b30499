//! What a user can write in an `egress_monitoring`. The descriptions are its documentation.

mod alerts;
mod watched;

use egress_observability::export::Export;
use egress_observability::text::Language;
use egress_observability::topic::Topic;
use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, NestedBlock, Schema};

use crate::resources::objects::attributes::{text, text_map, texts};

/// The languages by their names.
pub(super) const LANGUAGES: [(&str, Language); 2] = [("en", Language::English), ("zh", Language::Chinese)];

pub(super) const ALERT_NAMES: &str = "alert_names";
pub(super) const COVERAGE: &str = "coverage";
pub(super) const EXPORTER_JOBS: &str = "exporter_jobs";
pub(super) const RULES_YAML: &str = "rules_yaml";
pub(super) const DASHBOARDS: &str = "dashboards";
/// What is computed beside the objects.
pub(super) const OUTPUTS: [&str; 5] = [ALERT_NAMES, COVERAGE, EXPORTER_JOBS, RULES_YAML, DASHBOARDS];

pub(super) fn schema() -> Schema {
    let mut attributes = vec![
        text(
            "name",
            "What it is called: the name of the rules' object, with `-dashboard` behind it that of the dashboard's, \
             and the beginning of the monitors' names. A DNS name of at most 63 characters.",
        )
        .required(),
        text(
            "namespace",
            "The namespace of its objects, such as that of Prometheus. It must exist. After a change the objects in \
             the new namespace are applied before those in the old one are deleted.",
        )
        .required(),
    ];
    attributes.extend(watched::attributes());
    attributes.extend([
        texts(
            "topics",
            &format!(
                "What must be seen, by name: {}. A topic that nothing measures of what is watched is then an error \
                 that says why, and which engines and clouds measure it. Without this, all that can be measured is, \
                 and `coverage` says what cannot.",
                list(Topic::ALL.map(Topic::as_str))
            ),
        ),
        texts(
            "exports",
            &format!(
                "What the cluster really exports, which decides what rules and panels there are: {}. `hubble` is \
                 with the entries that `requirements` lists. Default: what kube-prometheus-stack scrapes by itself, \
                 `[\"cadvisor\", \"kube-state-metrics\", \"node-exporter\", \"coredns\"]`.",
                list(Export::ALL.map(Export::as_str))
            ),
        ),
        text_map(
            "series_labels",
            "Labels that every watched series has, such as `{ cluster = \"prod\" }` where one Prometheus serves \
             several clusters. Every expression asks for them.",
        ),
        text("language", "The language of titles and of what alerts say: `en` (the default) or `zh`."),
        Attribute::new(ALERT_NAMES, Type::list(Type::String), "The alerts that there are.").computed(),
        Attribute::new(
            COVERAGE,
            Type::map(Type::String),
            "What is seen of each topic: for each engine or cloud that is watched `measured`, `degraded` and how, \
             or `unavailable` and why. Nothing that is unavailable has a rule or a panel.",
        )
        .computed(),
        Attribute::new(
            EXPORTER_JOBS,
            Type::map(Type::String),
            "The configuration of each exporter of NAT gateways' metrics, by its name, with which the names and \
             labels exist that the rules use. It runs with an identity of the cloud's own; nothing secret is in it.",
        )
        .computed(),
        Attribute::new(
            RULES_YAML,
            Type::String,
            "The rules as a file, with `format = \"file\"` in `rules`; null otherwise.",
        )
        .computed(),
        Attribute::new(
            DASHBOARDS,
            Type::map(Type::String),
            "The JSON of each dashboard by its uid, with `format = \"json\"` in `dashboard`: what `config_json` of \
             `grafana_dashboard` takes. Empty otherwise.",
        )
        .computed(),
    ]);
    let schema = Schema::new(
        "What can be seen of egress: recording rules, alerts, dashboards and monitors for exactly the policies, \
         gateways and NAT gateways that are given to it, which are other resources as a whole.\n\n\
         Engines and clouds count different things, and some count nothing; the guide \"Monitoring\" has the table. \
         What is not measured has no rule that cannot fire and no empty panel: it is an error where it is asked for \
         by name, and in `coverage` otherwise. Metrics that have to be switched on first are in `requirements`.\n\n\
         An object that no Prometheus and no Grafana selects is applied without an error and does nothing. With \
         `check_requirements` every plan looks at the live `Prometheus`, `ThanosRuler`, `VMAlert`, `Grafana` \
         objects and at the sidecars of Grafana's chart, and where none takes an object of this resource it says \
         which label is missing.\n\n\
         The plan shows the objects in `manifests`, also without a cluster. Only the fields in `manifests` are \
         owned (server-side apply, field manager `terraform-provider-egress`).",
        attributes,
    );
    schema.with_blocks(vec![watched::nat_metrics(), rules(), alerts::block(), dashboard(), scrape()])
}

fn list<const N: usize>(words: [&str; N]) -> String {
    words.map(|word| format!("`{word}`")).join(", ")
}

fn rules() -> NestedBlock {
    let attributes = vec![
        text(
            "format",
            "Who reads them: `prometheus-operator` (a `PrometheusRule`, the default), `victoriametrics` (a \
             `VMRule`; its operator converts a `PrometheusRule` by itself, so never write both), or `file` (no \
             object; `rules_yaml` is the file, for Prometheus, Thanos and Mimir).",
        ),
        text_map(
            "labels",
            "Labels of their object, beside the resource's `labels`, by which an instance selects it: `{ release = \
             \"kube-prometheus-stack\" }`, with the name of the Helm release.",
        ),
        text_map("alert_labels", "Labels of every alert, such as `{ team = \"network\" }`, for routing."),
        text(
            "runbook_url",
            "The address of an alert's page, with `{alert}` for the alert's name in lowercase. Default: its section \
             of the guide \"Monitoring\".",
        ),
    ];
    block("rules", attributes, "Recording rules and alerts. Without it there are none.")
}

fn dashboard() -> NestedBlock {
    let attributes = vec![
        text(
            "format",
            "Who brings it to Grafana: `configmap` (the sidecar of Grafana's chart, the default), \
             `grafana-operator` (a `GrafanaDashboard`), or `json` (no object; `dashboards` has it).",
        ),
        text_map(
            "labels",
            "Labels of its object, beside the resource's `labels`. Default with `configmap`: `{ grafana_dashboard = \
             \"1\" }`, for which the sidecar looks.",
        ),
        text("folder", "The folder in Grafana."),
        text(
            "folder_annotation",
            "The annotation that names the folder to the sidecar, `sidecar.dashboards.folderAnnotation` of the \
             chart. Default: `grafana_folder`.",
        ),
        text_map("instance_labels", "With `grafana-operator`: the labels of the `Grafana` object that it goes to."),
        Attribute::new(
            "every_namespace",
            Type::Bool,
            "With `grafana-operator`: whether that `Grafana` may be in another namespace. An object that says so cannot take it back.",
        ),
        text("title", "What stands above it. Default: `Egress traffic`, or `Egress流量`."),
        text(
            "uid",
            "What finds it in Grafana: letters, digits, `-` and `_`, at most 36. Two dashboards with one uid \
             overwrite each other. Default: `egress-traffic`.",
        ),
        text(
            "datasource",
            "The name of the Prometheus data source that is chosen first. Default: Grafana's own default.",
        ),
    ];
    block(
        "dashboard",
        attributes,
        "A dashboard with a row for each engine and cloud and a panel for each policy. What does not fit into 1 MiB \
         goes to further ones, with a number behind `uid` and `title`. Without it there is none.",
    )
}

fn scrape() -> NestedBlock {
    let attributes = vec![
        text_map(
            "labels",
            "Labels of the monitors, beside the resource's `labels`, by which a Prometheus selects them.",
        ),
        text("interval", "How often they scrape. Default: `30s`."),
    ];
    block(
        "scrape",
        attributes,
        "Monitors for what no chart scrapes: a `PodMonitor` for Istio's sidecars, ztunnel, waypoints and each \
         gateway, and a `ServiceMonitor` with its Service for Felix of Calico. The rules know their job names. \
         Without it there are none, and `requirements` of the charts are all there is.",
    )
}

pub(super) fn identity_schema() -> IdentitySchema {
    let attribute = |name, description: &str| IdentityAttribute {
        name,
        ty: Type::String,
        required_for_import: true,
        description: description.to_owned(),
    };
    IdentitySchema {
        version: 0,
        attributes: vec![attribute("namespace", "The namespace of its objects."), attribute("name", "Its name.")],
        mutable: true,
    }
}
