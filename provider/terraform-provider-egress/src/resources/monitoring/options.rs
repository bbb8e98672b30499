//! In which form rules, dashboards and monitors are written.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_model::identity::Key;
use egress_model::labels::{NamespaceName, ObjectName};
use egress_model::policy::object_metadata;
use egress_observability::dashboard::{Instances, Reach};
use egress_observability::duration::Duration;
use egress_observability::label::LabelName;
use egress_observability::text::{Language, Text};
use egress_observability::topic::Topic;
use egress_observability::uid::DashboardUid;

use super::schema;
use crate::resources::reading::{Place, Reading};
use crate::resources::watched::key_of;

/// What is written, and how.
pub(super) struct Options {
    pub(super) name: ObjectName,
    pub(super) namespace: NamespaceName,
    /// For every object.
    pub(super) labels: BTreeMap<String, String>,
    /// For every object.
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) language: Language,
    /// What is asked for by name.
    pub(super) topics: Vec<Topic>,
    pub(super) rules: Option<Rules>,
    pub(super) dashboard: Option<Dashboards>,
    pub(super) scrape: Option<Scrape>,
    /// Whether the plan looks which instances take the objects.
    pub(super) looks: bool,
}

/// Of the `rules` block.
pub(super) struct Rules {
    pub(super) format: RuleFormat,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) alert_labels: BTreeMap<LabelName, String>,
    pub(super) runbook_url: String,
}

/// Who reads the rules.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleFormat {
    PrometheusOperator,
    VictoriaMetrics,
    File,
}

/// Of the `dashboard` block.
pub(super) struct Dashboards {
    pub(super) format: DashboardFormat,
    pub(super) title: String,
    pub(super) uid: DashboardUid,
    pub(super) datasource: Option<String>,
    /// The public addresses by pool and key.
    pub(super) addresses: BTreeMap<Key, BTreeMap<String, IpAddr>>,
}

/// Who reads the dashboards.
pub(super) enum DashboardFormat {
    ConfigMap { labels: BTreeMap<String, String>, annotations: BTreeMap<String, String> },
    GrafanaOperator { labels: BTreeMap<String, String>, instances: Instances },
    Json,
}

/// Of the `scrape` block.
pub(super) struct Scrape {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) interval: Duration,
}

const FORMATS_OF_RULES: [(&str, RuleFormat); 3] = [
    ("prometheus-operator", RuleFormat::PrometheusOperator),
    ("victoriametrics", RuleFormat::VictoriaMetrics),
    ("file", RuleFormat::File),
];

/// What makes the pages of alerts, unless the user has some.
const RUNBOOKS: &str = "https://registry.terraform.io/providers/egress/egress/latest/docs/guides/monitoring#{alert}";
/// The guide's.
const UID: &str = "egress-traffic";
const TITLE: Text = Text { en: "Egress traffic", zh: "Egress流量" };
/// What the sidecar of Grafana's chart looks for.
const SIDECAR_LABEL: (&str, &str) = ("grafana_dashboard", "1");
/// The annotation that names a folder, where the chart sets `sidecar.dashboards.folderAnnotation` to its usual value.
const FOLDER_ANNOTATION: &str = "grafana_folder";
const INTERVAL: Duration = Duration::seconds(30);

/// What the configuration says; none while a part is not known, or with mistakes.
pub(super) fn options(reading: &mut Reading, root: &Place<'_>) -> Option<Options> {
    let name = reading.required(root, "name", Reading::text::<ObjectName>);
    let namespace = reading.required(root, "namespace", Reading::text::<NamespaceName>);
    let labels = reading.optional(root, "labels", Reading::text_map);
    let annotations = reading.optional(root, "annotations", Reading::text_map);
    if let (Some(labels), Some(annotations)) = (&labels, &annotations) {
        let (none, of) = (BTreeMap::new(), |written: &Option<BTreeMap<_, _>>| written.clone());
        let read = object_metadata(&of(labels).unwrap_or_default(), &of(annotations).unwrap_or(none));
        reading.parsed(root, read);
    }
    let language = reading.optional(root, "language", |reading, at| reading.word(at, &schema::LANGUAGES));
    let topics = Topic::ALL.map(|topic| (topic.as_str(), topic));
    let topics = reading.optional(root, "topics", |reading, at| reading.words(at, &topics));
    let language = language.map(Option::unwrap_or_default);
    let rules = part(reading, root, "rules", |reading, place| rules(reading, place));
    let addresses = addresses(reading, root);
    let dashboard = part(reading, root, "dashboard", |reading, place| {
        dashboard(reading, place, language.unwrap_or_default()).map(|dashboard| Dashboards { addresses, ..dashboard })
    });
    let scrape = part(reading, root, "scrape", |reading, place| scrape(reading, place));
    let looks = reading.optional(root, "check_requirements", Reading::flag);
    if ["rules", "dashboard", "scrape"].iter().all(|name| root.field(name).is_none()) {
        reading.mistake(&root.path, "It makes nothing; write a rules, dashboard or scrape block");
    }
    Some(Options {
        name: name?,
        namespace: namespace?,
        labels: labels?.unwrap_or_default(),
        annotations: annotations?.unwrap_or_default(),
        language: language?,
        topics: topics?.unwrap_or_default(),
        rules: rules?,
        dashboard: dashboard?,
        scrape: scrape?,
        looks: looks?.unwrap_or_default(),
    })
}

/// A block that may be left out: nothing in the outer option is one that cannot be used or is not known yet.
#[expect(clippy::option_option, reason = "left out is not the same as not usable")]
fn part<'v, T>(
    reading: &mut Reading,
    root: &Place<'v>,
    name: &'static str,
    read: impl FnOnce(&mut Reading, &Place<'v>) -> Option<T>,
) -> Option<Option<T>> {
    reading.optional(root, name, |reading, place| {
        if place.value.is_unknown() {
            reading.complete = false;
            return None;
        }
        read(reading, place)
    })
}

/// Labels of objects beside those of the resource.
#[expect(clippy::option_option, reason = "left out is not the same as not usable")]
fn labels(reading: &mut Reading, place: &Place<'_>) -> Option<Option<BTreeMap<String, String>>> {
    reading.optional(place, "labels", |reading, at| {
        let written = reading.text_map(at)?;
        reading.parsed(place, object_metadata(&written, &BTreeMap::new())).map(|_| written)
    })
}

fn rules(reading: &mut Reading, place: &Place<'_>) -> Option<Rules> {
    let format = reading.optional(place, "format", |reading, at| reading.word(at, &FORMATS_OF_RULES));
    let labels = labels(reading, place);
    let mut alert_labels = BTreeMap::new();
    for (name, at) in reading.entries(place.field("alert_labels").as_ref()) {
        let name = name.parse::<LabelName>().map_err(|error| format!("Its name {error}"));
        if let (Some(name), Some(text)) = (reading.keep(&at.path, name), reading.any_text(&at)) {
            alert_labels.insert(name, text);
        }
    }
    let runbook_url = reading.optional(place, "runbook_url", |reading, at| {
        let url = reading.any_text(at)?;
        let is_url = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        reading.keep(
            &at.path,
            if is_url { Ok(url) } else { Err("It must be an address that begins with https:// or http://") },
        )
    });
    Some(Rules {
        format: format?.unwrap_or(RuleFormat::PrometheusOperator),
        labels: labels?.unwrap_or_default(),
        alert_labels,
        runbook_url: runbook_url?.unwrap_or_else(|| RUNBOOKS.to_owned()),
    })
}

/// The formats by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    ConfigMap,
    GrafanaOperator,
    Json,
}

fn dashboard(reading: &mut Reading, place: &Place<'_>, language: Language) -> Option<Dashboards> {
    let formats = [("configmap", Form::ConfigMap), ("grafana-operator", Form::GrafanaOperator), ("json", Form::Json)];
    let form = reading.optional(place, "format", |reading, at| reading.word(at, &formats));
    let title = reading.optional(place, "title", Reading::any_text);
    let uid = reading.optional(place, "uid", Reading::ending::<DashboardUid>);
    let datasource = reading.optional(place, "datasource", Reading::any_text);
    let format = form.and_then(|form| format(reading, place, form.unwrap_or(Form::ConfigMap)));
    let usual = || UID.parse().ok();
    Some(Dashboards {
        format: format?,
        title: title?.unwrap_or_else(|| TITLE.in_language(language).to_owned()),
        uid: uid?.or_else(usual)?,
        datasource: datasource?,
        addresses: BTreeMap::new(),
    })
}

/// The public addresses of pools, without those that are not known yet.
fn addresses(reading: &mut Reading, root: &Place<'_>) -> BTreeMap<Key, BTreeMap<String, IpAddr>> {
    let mut pools = BTreeMap::new();
    for (key, place) in reading.entries(root.field("pools").as_ref()) {
        let mut addresses = BTreeMap::new();
        for (own, address) in reading.entries(place.field("public_ips").as_ref()) {
            addresses.extend(reading.text(&address).map(|address: IpAddr| (own.to_owned(), address)));
        }
        pools.extend(key_of(reading, key, &place).map(|key| (key, addresses)));
    }
    pools
}

fn format(reading: &mut Reading, place: &Place<'_>, form: Form) -> Option<DashboardFormat> {
    let labels = labels(reading, place);
    let folder = reading.optional(place, "folder", Reading::any_text);
    let annotation = reading.optional(place, "folder_annotation", Reading::any_text);
    let instances = reading.optional(place, "instance_labels", Reading::text_map);
    let everywhere = reading.optional(place, "every_namespace", Reading::flag);
    for (name, form_of) in [
        ("labels", &[Form::ConfigMap, Form::GrafanaOperator][..]),
        ("folder", &[Form::ConfigMap, Form::GrafanaOperator]),
        ("folder_annotation", &[Form::ConfigMap]),
        ("instance_labels", &[Form::GrafanaOperator]),
        ("every_namespace", &[Form::GrafanaOperator]),
    ] {
        if place.field(name).is_some() && !form_of.contains(&form) {
            reading.mistake(&place.path.field(name), "This format has none; leave it out");
        }
    }
    let (folder, instances) = (folder?, instances?);
    Some(match form {
        Form::Json => DashboardFormat::Json,
        Form::ConfigMap => {
            let sidecar = [(SIDECAR_LABEL.0.to_owned(), SIDECAR_LABEL.1.to_owned())];
            let annotation = annotation?.unwrap_or_else(|| FOLDER_ANNOTATION.to_owned());
            DashboardFormat::ConfigMap {
                labels: labels?.unwrap_or_else(|| sidecar.into()),
                annotations: folder.map(|folder| (annotation, folder)).into_iter().collect(),
            }
        }
        Form::GrafanaOperator => {
            let Some(own) = instances.filter(|labels| !labels.is_empty()) else {
                let at = place.path.field("instance_labels");
                reading.mistake(&at, "It must be there: the labels of the Grafana object that the dashboard goes to");
                return None;
            };
            let reach = if everywhere? == Some(true) { Reach::EveryNamespace } else { Reach::OwnNamespace };
            let instances = Instances { labels: own, reach, folder };
            DashboardFormat::GrafanaOperator { labels: labels?.unwrap_or_default(), instances }
        }
    })
}

fn scrape(reading: &mut Reading, place: &Place<'_>) -> Option<Scrape> {
    let labels = labels(reading, place);
    let interval = reading.optional(place, "interval", |reading, at| {
        let interval = reading.ending::<Duration>(at)?;
        let why = "It must be more than nothing";
        reading.keep(&at.path, if interval.as_seconds() > 0 { Ok(interval) } else { Err(why) })
    });
    Some(Scrape { labels: labels?.unwrap_or_default(), interval: interval?.unwrap_or(INTERVAL) })
}
