//! Dashboards in the JSON that Grafana reads, and as the objects that bring them there.
//!
//! Sources: Grafana's documentation, "JSON model" (schema version 39, which Grafana 10 and later read) and "Query variables"; the sidecar
//! of the Grafana chart (one key per dashboard, without the envelope of the API); grafana-operator 5.24, `GrafanaDashboard`. Options are
//! written out in full, so that a default that Grafana changes changes nothing here.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_engines::Manifest;
use egress_engines::manifest::{Content, Kind, Metadata};
use egress_engines::requirement::CONFIG_MAP;
use egress_model::identity::Key;
use serde_json::{Value, json};

use crate::layout::{Cursor, Place};
use crate::monitor::Monitoring;
use crate::panel_json::panel;
use crate::rule::{Panel, Variable};
use crate::source::Source;
use crate::text::{Language, Text};
use crate::uid::DashboardUid;

/// The operator's dashboard.
pub const GRAFANA_DASHBOARD: Kind = Kind {
    api_version: "grafana.integreatly.org/v1beta1",
    kind: "GrafanaDashboard",
    plural: "grafanadashboards",
    accepted: None,
};

/// How large a dashboard becomes before the rest goes to another: a `ConfigMap` takes 1 MiB, with its names and labels.
pub const LIMIT: usize = 1_000_000;

/// A dashboard is larger than the objects that would hold it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the dashboard has {bytes} bytes, and a ConfigMap takes 1 MiB: its expressions name every host of every policy; \
     divide the policies among several monitoring resources"
)]
pub struct TooLarge {
    /// How large it is.
    pub bytes: usize,
}

/// How a dashboard is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardOptions {
    /// What stands above it.
    pub title: String,
    /// What finds it in Grafana; further ones have a number behind it.
    pub uid: DashboardUid,
    /// The language of titles.
    pub language: Language,
    /// The name of the data source that is chosen first; none leaves it to Grafana's own default.
    pub datasource: Option<String>,
    /// The public addresses by pool and key, which stand above everything: what partners have on their allow-lists. Nothing measures them.
    pub addresses: BTreeMap<Key, BTreeMap<String, IpAddr>>,
}

/// A dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// What finds it in Grafana.
    pub uid: DashboardUid,
    /// Its JSON, a line for each panel, so that a change shows the panels that change: what Grafana imports and what a `ConfigMap` holds.
    pub json: String,
}

/// The dashboards of all that is measured: one, or several where the panels of the policies do not fit. An error where the others alone do
/// not.
pub fn dashboards(monitoring: &Monitoring, options: &DashboardOptions) -> Result<Vec<Dashboard>, TooLarge> {
    let mut first = Page::default();
    if !options.addresses.is_empty() {
        first.addresses(&options.addresses, options.language);
    }
    let mut pages = vec![first];
    for source in Source::ALL {
        let panels: Vec<&Panel> = monitoring.panels.iter().filter(|panel| panel.source == source).collect();
        if let (Some(_), Some(page)) = (panels.first(), pages.last_mut()) {
            page.heading(source.title());
            for one in panels {
                page.add(one, options.language);
            }
        }
    }
    let policies = Text { en: "Policies", zh: "策略" }.in_language(options.language);
    let mut headed = false;
    for one in &monitoring.policy_panels {
        if pages.last().is_some_and(|page| page.size > LIMIT - MARGIN) {
            pages.push(Page::default());
            headed = false;
        }
        if let Some(page) = pages.last_mut() {
            if !headed {
                page.heading(policies);
                headed = true;
            }
            page.add(one, options.language);
        }
    }
    let dashboards = pages.into_iter().enumerate().map(|(index, page)| page.into_dashboard(index, options));
    dashboards
        .map(|one| if one.json.len() > LIMIT { Err(TooLarge { bytes: one.json.len() }) } else { Ok(one) })
        .collect()
}

const ADDRESSES: Text = Text { en: "Public addresses", zh: "公网地址" };
const ADDRESS_POOL: Text = Text { en: "Pool", zh: "地址池" };
const ADDRESS_KEY: Text = Text { en: "Key", zh: "键" };
const ADDRESS: Text = Text { en: "Address", zh: "地址" };

/// What a page may grow by after it was measured: one panel, and what is around all panels.
const MARGIN: usize = 40_000;

/// The panels of one dashboard.
#[derive(Default)]
struct Page {
    cursor: Cursor,
    panels: Vec<Value>,
    variables: Vec<Variable>,
    /// Bytes of the panels.
    size: usize,
}

impl Page {
    fn next_id(&self) -> usize {
        self.panels.len() + 1
    }

    fn push(&mut self, panel: Value) {
        self.size += panel.to_string().len() + 1;
        self.panels.push(panel);
    }

    fn heading(&mut self, title: &str) {
        let place = grid(self.cursor.heading());
        let row = json!({
            "id": self.next_id(), "type": "row", "title": title, "collapsed": false, "panels": [], "gridPos": place,
        });
        self.push(row);
    }

    fn addresses(&mut self, pools: &BTreeMap<Key, BTreeMap<String, IpAddr>>, language: Language) {
        let lines = pools.iter().flat_map(|(pool, addresses)| {
            addresses.iter().map(move |(key, address)| format!("| {pool} | {key} | {address} |"))
        });
        let heads = [ADDRESS_POOL, ADDRESS_KEY, ADDRESS].map(|text| text.in_language(language)).join(" | ");
        let table: Vec<String> =
            [format!("| {heads} |"), "| --- | --- | --- |".to_owned()].into_iter().chain(lines).collect();
        let place = grid(self.cursor.text(table.len()));
        let options = json!({
            "mode": "markdown", "content": table.join("\n"),
            "code": { "language": "plaintext", "showLineNumbers": false, "showMiniMap": false },
        });
        let panel = json!({
            "id": self.next_id(), "type": "text", "title": ADDRESSES.in_language(language), "gridPos": place, "options": options,
        });
        self.push(panel);
    }

    fn add(&mut self, one: &Panel, language: Language) {
        let place = grid(self.cursor.place(one.kind));
        self.variables.extend(one.variable.filter(|variable| !self.variables.contains(variable)));
        let panel = panel(one, self.next_id(), &place, language);
        self.push(panel);
    }

    fn into_dashboard(self, index: usize, options: &DashboardOptions) -> Dashboard {
        let (uid, title) = match index {
            0 => (options.uid.clone(), options.title.clone()),
            _ => (options.uid.numbered(index + 1), format!("{} {}", options.title, index + 1)),
        };
        let choices = self.variables.iter().map(|variable| choice(*variable, options.language));
        let variables: Vec<Value> = std::iter::once(datasource(options)).chain(choices).collect();
        let around = json!({
            "uid": uid.as_str(),
            "title": title,
            "tags": ["egress"],
            "schemaVersion": 39,
            "version": 1,
            "editable": true,
            "graphTooltip": 1,
            "fiscalYearStartMonth": 0,
            "liveNow": false,
            "weekStart": "",
            "timezone": "browser",
            "time": { "from": "now-6h", "to": "now" },
            "timepicker": {},
            "refresh": "1m",
            "links": [],
            "annotations": { "list": [] },
            "templating": { "list": variables },
        });
        Dashboard { uid, json: with_panels(&around, &self.panels) }
    }
}

/// An object with its panels, each on a line of its own.
fn with_panels(around: &Value, panels: &[Value]) -> String {
    let around = around.to_string();
    let panels: Vec<String> = panels.iter().map(Value::to_string).collect();
    format!("{},\n\"panels\":[\n{}\n]}}\n", around.strip_suffix('}').unwrap_or(&around), panels.join(",\n"))
}

fn grid(place: Place) -> Value {
    json!({ "x": place.x, "y": place.y, "w": place.width, "h": place.height })
}

fn datasource(options: &DashboardOptions) -> Value {
    let current = match &options.datasource {
        Some(name) => json!({ "selected": true, "text": name, "value": name }),
        None => json!({ "selected": false, "text": "", "value": "" }),
    };
    json!({
        "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "current": current, "hide": 0,
        "includeAll": false, "multi": false, "options": [], "refresh": 1, "regex": "", "skipUrlSync": false,
    })
}

fn choice(variable: Variable, language: Language) -> Value {
    let query = format!("label_values({}, {})", variable.metric, variable.label);
    json!({
        "name": variable.name, "type": "query", "label": variable.title.in_language(language),
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "definition": query, "query": { "qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery" },
        "current": { "selected": true, "text": ["All"], "value": ["$__all"] }, "includeAll": true, "allValue": ".*", "multi": true,
        "hide": 0, "options": [], "refresh": 2, "regex": "", "skipUrlSync": false, "sort": 1,
    })
}

/// A dashboard as a `ConfigMap` that the chart's sidecar reads.
pub fn config_map(dashboard: &Dashboard, metadata: Metadata) -> Manifest {
    let data: BTreeMap<String, String> = [(format!("{}.json", dashboard.uid), dashboard.json.clone())].into();
    Manifest::with_content(&CONFIG_MAP, metadata, Content::Data(data))
}

/// Where Grafana's operator looks for the Grafana that a dashboard goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// In the namespace of the dashboard.
    #[default]
    OwnNamespace,
    /// In every namespace. It cannot be taken back from an object that says it.
    EveryNamespace,
}

/// The Grafana that an object of its operator goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instances {
    /// The labels of the `Grafana` object; at least one.
    pub labels: BTreeMap<String, String>,
    /// Where it is looked for.
    pub reach: Reach,
    /// The folder in it.
    pub folder: Option<String>,
}

/// A dashboard as an object of Grafana's operator.
pub fn grafana_dashboard(dashboard: &Dashboard, metadata: Metadata, instances: &Instances) -> Manifest {
    let mut spec = json!({ "instanceSelector": { "matchLabels": instances.labels }, "json": dashboard.json });
    if instances.reach == Reach::EveryNamespace {
        spec["allowCrossNamespaceImport"] = true.into();
    }
    if let Some(folder) = &instances.folder {
        spec["folder"] = folder.as_str().into();
    }
    Manifest::new(&GRAFANA_DASHBOARD, metadata, &spec)
}
