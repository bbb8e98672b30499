//! A panel in the JSON that Grafana reads.
//!
//! Sources: Grafana's documentation, "JSON model" and the pages of each visualisation; the panel schemas in `packages/grafana-schema`.

use serde_json::{Map, Value, json};

use crate::rule::{Panel, PanelKind};
use crate::text::{Language, Text};

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// The panel at a place of the grid.
pub(crate) fn panel(panel: &Panel, id: usize, place: &Value, language: Language) -> Value {
    let instant = !matches!(panel.kind, PanelKind::Lines | PanelKind::Heatmap);
    let format = match panel.kind {
        PanelKind::Table(_) => "table",
        PanelKind::Heatmap => "heatmap",
        _ => "time_series",
    };
    let targets: Vec<Value> = panel
        .queries
        .iter()
        .zip('A'..='Z')
        .map(|(query, letter)| {
            json!({
                "refId": letter.to_string(), "datasource": datasource(), "editorMode": "code", "expr": query.expr.to_string(),
                "legendFormat": query.legend, "format": format, "instant": instant, "range": !instant,
            })
        })
        .collect();
    let (kind, options) = options(panel.kind, language);
    let mut json = json!({
        "id": id,
        "type": kind,
        "title": panel.title.in_language(language),
        "gridPos": place,
        "datasource": datasource(),
        "targets": targets,
        "options": options,
        "fieldConfig": { "defaults": field(panel), "overrides": [] },
    });
    if let PanelKind::Table(columns) = panel.kind {
        json["transformations"] = json!([organize(columns, language)]);
    }
    json
}

/// What the column of numbers is called.
const VALUE: Text = Text { en: "Per second", zh: "请求率 (req/s)" };

/// Names instead of labels, and no column of times.
fn organize(columns: &[(&str, Text)], language: Language) -> Value {
    let names = columns.iter().map(|(label, text)| ((*label).to_owned(), Value::from(text.in_language(language))));
    let renamed: Map<String, Value> = names.chain([("Value".to_owned(), VALUE.in_language(language).into())]).collect();
    let options =
        json!({ "excludeByName": { "Time": true }, "indexByName": {}, "includeByName": {}, "renameByName": renamed });
    json!({ "id": "organize", "options": options })
}

/// Grafana's name of the panel, and its options.
fn options(kind: PanelKind, language: Language) -> (&'static str, Value) {
    let last = json!({ "values": false, "calcs": ["lastNotNull"], "fields": "" });
    let legend =
        |placement: &str| json!({ "showLegend": true, "displayMode": "list", "placement": placement, "calcs": [] });
    match kind {
        PanelKind::Stat(_) => (
            "stat",
            json!({
                "reduceOptions": last, "orientation": "auto", "textMode": "auto", "colorMode": "value", "graphMode": "none",
                "justifyMode": "auto", "wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
            }),
        ),
        PanelKind::Gauge(_) => (
            "gauge",
            json!({
                "reduceOptions": last, "orientation": "auto", "showThresholdLabels": false, "showThresholdMarkers": true,
                "sizing": "auto", "minVizWidth": 75, "minVizHeight": 75,
            }),
        ),
        PanelKind::Lines => (
            "timeseries",
            json!({ "legend": legend("bottom"), "tooltip": { "mode": "multi", "sort": "desc", "hideZeros": false } }),
        ),
        PanelKind::Pie => (
            "piechart",
            json!({
                "reduceOptions": last, "orientation": "auto", "pieType": "donut", "displayLabels": ["percent"], "tooltip": { "mode": "single", "sort": "none", "hideZeros": true },
                "legend": { "showLegend": true, "displayMode": "table", "placement": "right", "values": ["value"], "calcs": [] },
            }),
        ),
        PanelKind::Heatmap => (
            "heatmap",
            json!({
                "calculate": false, "cellGap": 1, "cellValues": {}, "exemplars": { "color": "rgba(255,0,255,0.7)" },
                "color": { "mode": "scheme", "scheme": "Oranges", "fill": "dark-orange", "scale": "exponential", "exponent": 0.5, "steps": 64, "reverse": false },
                "filterValues": { "le": 1e-9 }, "legend": { "show": true }, "rowsFrame": { "layout": "auto" }, "showValue": "never",
                "tooltip": { "mode": "single", "showColorScale": false, "yHistogram": false },
                "yAxis": { "axisPlacement": "left", "reverse": false, "unit": "ms" },
            }),
        ),
        PanelKind::Table(_) => (
            "table",
            json!({
                "frameIndex": 0, "showHeader": true, "cellHeight": "sm", "footer": { "show": false, "reducer": ["sum"], "countRows": false, "fields": "" },
                "sortBy": [{ "displayName": VALUE.in_language(language), "desc": true }],
            }),
        ),
    }
}

/// What numbers are and how they are coloured.
fn field(panel: &Panel) -> Value {
    let (steps, color) = match panel.kind {
        PanelKind::Stat(Some([yellow, red])) => {
            (vec![("green", None), ("yellow", Some(yellow)), ("red", Some(red))], "thresholds")
        }
        PanelKind::Gauge([yellow, green]) => {
            (vec![("red", None), ("yellow", Some(yellow)), ("green", Some(green))], "thresholds")
        }
        PanelKind::Stat(None) => (vec![("blue", None)], "thresholds"),
        _ => (vec![("green", None)], "palette-classic"),
    };
    let steps: Vec<Value> = steps.into_iter().map(|(color, value)| json!({ "color": color, "value": value })).collect();
    let mut defaults = json!({
        "unit": panel.unit.grafana(), "color": { "mode": color }, "mappings": [], "thresholds": { "mode": "absolute", "steps": steps },
        "custom": custom(panel.kind),
    });
    if matches!(panel.kind, PanelKind::Gauge(_)) {
        defaults["min"] = 0.into();
        defaults["max"] = 100.into();
    }
    defaults
}

fn custom(kind: PanelKind) -> Value {
    let hide = json!({ "legend": false, "tooltip": false, "viz": false });
    match kind {
        PanelKind::Lines => json!({
            "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 30, "gradientMode": "none", "showPoints": "never",
            "pointSize": 5, "spanNulls": false, "insertNulls": false, "axisPlacement": "auto", "axisLabel": "", "axisColorMode": "text",
            "axisBorderShow": false, "axisCenteredZero": false, "barAlignment": 0, "barWidthFactor": 0.6, "scaleDistribution": { "type": "linear" },
            "stacking": { "group": "A", "mode": "none" }, "thresholdsStyle": { "mode": "off" }, "hideFrom": hide,
        }),
        PanelKind::Table(_) => json!({ "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false }),
        PanelKind::Heatmap => json!({ "hideFrom": hide, "scaleDistribution": { "type": "linear" } }),
        PanelKind::Pie => json!({ "hideFrom": hide }),
        PanelKind::Stat(_) | PanelKind::Gauge(_) => json!({}),
    }
}
