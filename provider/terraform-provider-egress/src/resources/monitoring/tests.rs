//! The diagnostics of a monitoring, and what the plan shows, without a cluster.

use std::sync::Arc;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use tfplugin::cty::Value;
use tfplugin::cty::json::{Undefined, from_json};
use tfplugin::resource::Resource;

use super::{Monitoring, MonitoringResource};
use crate::resources::configurations::completed;
use crate::resources::objects::Compiles;
use crate::resources::objects::outcome::Outcome;
use crate::resources::whole_diagnostics::{assert_golden, messages};
use crate::session::InCluster;

fn policy(engine: &str) -> Json {
    json!({ "name": "backend", "namespace": "shop", "engine": engine, "allow": { "api": { "to_domains": ["api.stripe.com"] } } })
}

fn nat_gateway(arn: &str) -> Json {
    json!({ "aws": { "region": null }, "gateways": { "a": { "id": "nat-1", "arn": arn, "addresses": ["eipalloc-1", "eipalloc-2"] } } })
}

const ARN: &str = "arn:aws:ec2:eu-west-1:123456789012:natgateway/nat-1";

/// A configuration of a monitoring of a policy of Cilium, with these attributes beside or in place of its own.
fn config(attributes: &Json) -> Value {
    let mut all = json!({
        "name": "egress", "namespace": "monitoring", "delivery": "apply", "force_conflicts": false, "check_requirements": false,
        "policies": { "backend": policy("cilium") }, "exports": ["hubble"], "rules": { "labels": { "release": "prometheus" } },
    });
    for (name, value) in attributes.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    let schema = MonitoringResource::new(Arc::default()).schema();
    let value = from_json(&all, &schema.ty(), Undefined::Refuse).expect("a configuration");
    completed(value, &schema.ty())
}

fn check(attributes: &Json) -> Outcome {
    Monitoring::check(&config(attributes), &InCluster::default())
}

fn objects(outcome: &Outcome) -> Vec<String> {
    outcome.manifests.iter().flatten().map(|manifest| manifest.id().to_string()).collect()
}

fn computed<'o>(outcome: &'o Outcome, name: &str) -> &'o Value {
    &outcome.computed.iter().find(|(own, _)| *own == name).expect("a computed attribute").1
}

#[test]
fn wrong_attributes_are_told_on_their_path() {
    let nat = |more: Json| {
        let mut existing = json!({ "cloud": "aws", "region": "eu-west-1", "ids": ["nat-1"] });
        for (name, value) in more.as_object().expect("attributes") {
            existing[name] = value.clone();
        }
        json!({ "existing_nat_gateways": { "prod": existing } })
    };
    let operator = json!({ "format": "grafana-operator" });
    let mut nameless = policy("cilium");
    nameless["name"] = Json::Null;
    let cases = [
        (json!({ "name": "Egress" }), "name"),
        (json!({ "namespace": "a.b" }), "namespace"),
        (json!({ "policies": {} }), ""),
        (json!({ "policies": { "Back end": policy("cilium") } }), "policies[\"Back end\"]"),
        (json!({ "policies": { "backend": policy("cillium") } }), "policies[\"backend\"].engine"),
        (json!({ "policies": { "backend": nameless } }), "policies[\"backend\"].name"),
        (json!({ "topics": ["traffic", "latencies"] }), "topics[1]"),
        (json!({ "exports": ["hubbel"] }), "exports[0]"),
        (json!({ "series_labels": { "source": "x" } }), "series_labels[\"source\"]"),
        (json!({ "language": "de" }), "language"),
        (json!({ "labels": { "egress-owner": "x" } }), "labels[\"egress-owner\"]"),
        (json!({ "rules": null }), ""),
        (json!({ "rules": { "format": "prometheus" } }), "rules.format"),
        (json!({ "rules": { "labels": { "a b": "c" } } }), "rules.labels[\"a b\"]"),
        (
            json!({ "rules": { "labels": { "a": "b" }, "alert_labels": { "severity": "x" } } }),
            "rules.alert_labels[\"severity\"]",
        ),
        (json!({ "rules": { "labels": { "a": "b" }, "runbook_url": "runbooks" } }), "rules.runbook_url"),
        (json!({ "alerts": { "egress_no_data": { "for": "5" } } }), "alerts.egress_no_data.for"),
        (json!({ "alerts": { "egress_no_data": { "severity": "page" } } }), "alerts.egress_no_data.severity"),
        (
            json!({ "alerts": { "egress_traffic_spike": { "threshold": 0.5 } } }),
            "alerts.egress_traffic_spike.threshold",
        ),
        (json!({ "alerts": { "egress_cost_high": {} } }), "alerts.egress_cost_high.price_per_gb"),
        (json!({ "dashboard": { "format": "grafana" } }), "dashboard.format"),
        (json!({ "dashboard": { "uid": "a b" } }), "dashboard.uid"),
        (json!({ "dashboard": { "format": "json", "folder": "Network" } }), "dashboard.folder"),
        (json!({ "dashboard": operator }), "dashboard.instance_labels"),
        (json!({ "scrape": { "interval": "0s" } }), "scrape.interval"),
        (json!({ "nat_metrics": { "aws_exporter": "telegraf" } }), "nat_metrics.aws_exporter"),
        (json!({ "nat_metrics": { "gcp_exporter": "stackdriver" } }), "nat_metrics.gcp_exporter"),
        (json!({ "nat_metrics": { "alibaba_metric_prefix": "a-b" } }), "nat_metrics.alibaba_metric_prefix"),
        (json!({ "nat_metrics": { "period": "5" } }), "nat_metrics.period"),
        (nat(json!({ "cloud": "google" })), "existing_nat_gateways[\"prod\"].cloud"),
        (
            json!({ "pools": { "partners": { "public_ips": { "a": "198.51.100" } } } }),
            "pools[\"partners\"].public_ips[\"a\"]",
        ),
        (nat(json!({ "ids": [] })), "existing_nat_gateways[\"prod\"].ids"),
    ];
    let mut whole = Vec::new();
    for (attributes, path) in cases {
        let outcome = check(&attributes);
        let said = messages(&outcome.diagnostics);
        assert!(said.iter().any(|text| text.starts_with(&format!("error [{path}] "))), "{attributes}: {said:#?}");
        assert_eq!(said.len(), 1, "{attributes}: {said:#?}");
        assert!(outcome.manifests.is_none(), "{attributes}");
        whole.push((attributes.to_string(), outcome.diagnostics));
    }
    let unknown_region = json!({ "nat_gateways": { "prod": nat_gateway("") } });
    let mut unknown_region = unknown_region;
    unknown_region["nat_gateways"]["prod"]["gateways"]["a"]["arn"] = Json::Null;
    let twice = json!({ "nat_gateways": { "prod": nat_gateway(ARN) }, "existing_nat_gateways": nat(json!({}))["existing_nat_gateways"] });
    for attributes in [unknown_region, twice] {
        let outcome = check(&attributes);
        assert!(outcome.diagnostics.has_errors(), "{attributes}");
        whole.push((attributes.to_string(), outcome.diagnostics));
    }
    assert_golden(&expect_file!["testdata/wrong_attributes.txt"], &whole);
}

#[test]
fn what_nothing_measures_is_refused_where_it_is_asked_for() {
    let plain = json!({ "backend": policy("network-policy") });
    let mut whole = Vec::new();
    for (attributes, paths) in [
        (
            json!({ "policies": plain, "exports": ["cadvisor"], "topics": ["traffic", "latency", "denied"] }),
            vec!["topics[1]", "topics[2]"],
        ),
        (json!({ "policies": plain, "alerts": { "egress_latency_high": {} } }), vec!["alerts.egress_latency_high"]),
        (
            json!({ "policies": { "backend": policy("calico") }, "alerts": { "egress_gateway_down": { "for": "1m" } } }),
            vec!["alerts.egress_gateway_down"],
        ),
    ] {
        let outcome = check(&attributes);
        let said = messages(&outcome.diagnostics);
        let begins: Vec<String> = paths.iter().map(|path| format!("error [{path}] ")).collect();
        assert!(
            said.len() == paths.len() && said.iter().zip(&begins).all(|(text, begin)| text.starts_with(begin)),
            "{said:#?}"
        );
        whole.push((attributes.to_string(), outcome.diagnostics));
    }
    assert_golden(&expect_file!["testdata/not_measured.txt"], &whole);
    // Switched off it is not asked for.
    let off = json!({ "policies": plain, "alerts": { "egress_latency_high": { "enabled": false } } });
    assert!(check(&off).manifests.is_some());
}

#[test]
fn each_format_makes_its_object() {
    let of = |attributes: &Json| {
        let outcome = check(attributes);
        assert!(!outcome.diagnostics.has_errors(), "{:?}", messages(&outcome.diagnostics));
        (objects(&outcome), outcome)
    };
    assert_eq!(of(&json!({})).0, ["PrometheusRule/monitoring/egress"]);
    assert_eq!(of(&json!({ "rules": { "format": "victoriametrics" } })).0, ["VMRule/monitoring/egress"]);
    let (none, outcome) =
        of(&json!({ "rules": { "format": "file" }, "dashboard": { "format": "json", "uid": "own" } }));
    assert!(none.is_empty(), "{none:?}");
    assert!(computed(&outcome, "rules_yaml").as_str().is_some_and(|text| text.starts_with("groups:\n")));
    let pages = computed(&outcome, "dashboards").as_map().expect("a map");
    let page: Json = serde_json::from_str(pages["own"].as_str().expect("a text")).expect("JSON");
    assert_eq!(page["title"], "Egress traffic");
    let (objects, outcome) = of(&json!({ "rules": null, "dashboard": { "folder": "Network" }, "language": "zh" }));
    assert_eq!(objects, ["ConfigMap/monitoring/egress-dashboard"]);
    let manifest = outcome.manifests.expect("objects").remove(0).to_json();
    assert_eq!(manifest["metadata"]["labels"], json!({ "grafana_dashboard": "1" }));
    assert_eq!(manifest["metadata"]["annotations"], json!({ "grafana_folder": "Network" }));
    assert!(manifest["data"]["egress-traffic.json"].as_str().is_some_and(|page| page.contains("Egress流量")));
    let pools = json!({ "partners": { "public_ips": { "a": "198.51.100.7" } } });
    let (_, outcome) = of(&json!({ "rules": null, "dashboard": {}, "pools": pools }));
    assert!(outcome.manifests.expect("objects")[0].to_yaml().contains("| partners | a | 198.51.100.7 |"));
    let operator = json!({ "rules": null, "dashboard": { "format": "grafana-operator", "instance_labels": { "dashboards": "grafana" } } });
    assert_eq!(of(&operator).0, ["GrafanaDashboard/monitoring/egress-dashboard"]);
    let monitors = json!({ "rules": null, "policies": { "backend": policy("istio") }, "scrape": {} });
    assert_eq!(of(&monitors).0, ["PodMonitor/monitoring/egress-sidecars"]);
}

#[test]
fn gateways_of_other_resources_are_watched() {
    let gateway = json!({ "name": "partners", "namespace": "egress", "engine": "istio" });
    let attributes = json!({
        "policies": null, "gateways": { "partners": gateway }, "nat_gateways": { "prod": nat_gateway(ARN) }, "scrape": {},
        "nat_metrics": { "period": "1m" },
    });
    let outcome = check(&attributes);
    assert_eq!(
        objects(&outcome),
        ["PrometheusRule/monitoring/egress", "PodMonitor/monitoring/egress-gateway-egress-partners"]
    );
    let rules = outcome.manifests.as_ref().expect("objects")[0].to_yaml();
    for part in ["egress-gateway/egress/partners", "nat-1", "EgressNATNearPortLimit"] {
        assert!(rules.contains(part), "{part} is not in {rules}");
    }
    let jobs = computed(&outcome, "exporter_jobs").as_map().expect("a map");
    let job = jobs["yace"].as_str().expect("a text");
    assert!(job.contains("eu-west-1") && job.contains("period: 60"), "{job}");
}

#[test]
fn what_is_not_known_yet_leaves_everything_unknown() {
    let mut value = config(&json!({ "nat_gateways": { "prod": nat_gateway(ARN) } }));
    let gateways = value.as_object_mut().expect("attributes").get_mut("nat_gateways").expect("gateways");
    let Value::Map(all) = gateways else { panic!("a map") };
    let prod = all.get_mut("prod").and_then(Value::as_object_mut).expect("an object");
    let Some(Value::Map(gateways)) = prod.get_mut("gateways") else { panic!("a map") };
    for name in ["id", "arn", "addresses"] {
        gateways
            .get_mut("a")
            .and_then(Value::as_object_mut)
            .expect("an object")
            .insert(name.to_owned(), Value::UNKNOWN);
    }
    let outcome = Monitoring::check(&value, &InCluster::default());
    assert!(outcome.diagnostics.is_empty(), "{:?}", messages(&outcome.diagnostics));
    assert!(outcome.manifests.is_none() && outcome.requirements.is_none());
    assert!(outcome.computed.iter().all(|(_, value)| value.is_unknown()));
    // Nothing is refused while the engine is not known.
    let unconfigured = Monitoring::check(&config(&json!({ "topics": ["cost"] })), &InCluster::unconfigured());
    assert!(unconfigured.diagnostics.is_empty(), "{:?}", messages(&unconfigured.diagnostics));
}

#[test]
fn rules_without_labels_are_warned_of_unless_the_cluster_is_looked_at() {
    let said = |attributes: &Json| messages(&check(attributes).diagnostics);
    let warned = said(&json!({ "rules": {} }));
    assert!(warned.len() == 1 && warned[0].starts_with("warning [rules.labels] "), "{warned:?}");
    assert!(said(&json!({ "rules": {}, "check_requirements": true })).is_empty());
    assert!(said(&json!({ "rules": {}, "labels": { "release": "prometheus" } })).is_empty());
}
