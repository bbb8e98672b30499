//! `egress_monitoring` on real hosts and an API server that has the operators' published definitions. No operator runs there; the test
//! makes the objects that one would have.

use std::time::Instant;

use acceptance_tests::host::{attributes, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::cluster::Cluster;
use crate::suite::{Needs, Run, Suite, api_server_with_engines, own_server_with_engines};
use crate::world::says;

const ADDRESS: &str = "egress_monitoring.egress";
const RULES: &str = "prometheusrules.monitoring.coreos.com";
const MONITORS: &str = "podmonitors.monitoring.coreos.com";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut engines = |name: &str, run| suite.on_one_host(&format!("egress_monitoring::{name}"), Needs::Engines, run);
    engines("it_does_all_of_it", it_does_all_of_it);
    engines("who_takes_the_objects_is_looked_at", who_takes_the_objects_is_looked_at);
    suite.on_one_host(
        "egress_monitoring::two_hundred_policies_are_one_dashboard",
        Needs::Engines,
        two_hundred_policies_are_one_dashboard,
    );
    suite.on_one_host(
        "egress_monitoring::what_cannot_be_seen_is_refused",
        Needs::Cluster,
        what_cannot_be_seen_is_refused,
    );
}

/// A policy of the mesh for a host, and what watches it.
fn configuration(namespace: &str, host: &str, more: &str) -> String {
    format!(
        "resource \"egress_policy\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"shop\"\n  engine = \"istio\"\n  \
         delivery = \"render\"\n  \
         allow = {{ api = {{ to_domains = [\"{host}\"], ports = [443] }} }}\n}}\n\
         resource \"egress_monitoring\" \"egress\" {{\n  name = \"egress\"\n  namespace = \"{namespace}\"\n  \
         policies = {{ shop = egress_policy.shop }}\n  \
         labels = {{ team = \"network\" }}\n  rules {{ labels = {{ release = \"prometheus\" }} }}\n  \
         dashboard {{}}\n  scrape {{}}\n{more}}}\n"
    )
}

fn text(object: Option<Json>) -> Result<String> {
    Ok(object.context("the object is not there")?.to_string())
}

fn it_does_all_of_it(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    let namespace = cluster.namespace.clone();
    let get = |kind: &str, name: &str| cluster.server.get(kind, &namespace, name);
    cluster.settle(&configuration(&namespace, "api.stripe.com", ""))?;
    says(&text(get(RULES, "egress")?)?, &["api[.]stripe[.]com", "EgressLatencyHigh", "\"release\":\"prometheus\""])?;
    let shown = text(get("configmap", "egress-dashboard")?)?;
    says(
        &shown,
        &["egress-traffic.json", "api[.]stripe[.]com", "\"grafana_dashboard\":\"1\"", "\"team\":\"network\""],
    )?;
    says(&text(get(MONITORS, "egress-sidecars")?)?, &["egress-sidecars", "\"matchNames\":[\"shop\"]"])?;
    let state = cluster.state()?;
    let own = attributes(&state, ADDRESS);
    says(&own["coverage"].to_string(), &["\"traffic\":\"istio-sidecar: measured"])?;
    says(&own["alert_names"].to_string(), &["EgressLatencyHigh", "EgressTrafficSpike"])?;
    says(&own["requirements"].to_string(), &["The API server serves PrometheusRule in monitoring.coreos.com/v1"])?;

    // Another host of the policy changes rules and panels in place, and nothing else of them.
    cluster.configure(&configuration(&namespace, "api.paypal.com", ""))?;
    let (plan, said) = cluster.plan()?;
    let changed: Vec<String> =
        changes(&plan).into_iter().map(|(address, change)| format!("{address} {change}")).collect();
    ensure!(changed.contains(&format!("{ADDRESS} update")) && changed.len() == 2, "{changed:?}");
    says(&said.output, &["api[.]paypal[.]com"])?;
    ensure!(!said.output.contains("EgressNoData"), "what stays is shown: {}", said.output);
    cluster.apply()?;
    cluster.expect_empty_plan()?;
    says(&text(get(RULES, "egress")?)?, &["api[.]paypal[.]com"])?;
    says(&text(get("configmap", "egress-dashboard")?)?, &["api[.]paypal[.]com"])?;

    // What somebody deletes comes back.
    cluster.server.delete(RULES, &namespace, "egress")?;
    cluster.server.delete("configmap", &namespace, "egress-dashboard")?;
    let (plan, _) = cluster.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    cluster.apply()?;
    cluster.expect_empty_plan()?;
    ensure!(get(RULES, "egress")?.is_some(), "the rules are not back");

    cluster.succeed(&["state", "rm", ADDRESS])?;
    let import = format!("import {{\n  to = {ADDRESS}\n  id = \"{namespace}/egress\"\n}}\n");
    cluster.configure(&(configuration(&namespace, "api.paypal.com", "") + &import))?;
    let (_, said) = cluster.plan()?;
    says(&said.output, &["1 to import, 0 to add, 0 to change, 0 to destroy"])?;
    cluster.apply()?;
    cluster.expect_empty_plan()?;

    cluster.destroy()?;
    for (kind, name) in [(RULES, "egress"), ("configmap", "egress-dashboard"), (MONITORS, "egress-sidecars")] {
        ensure!(get(kind, name)?.is_none(), "{kind} {name} is left");
    }
    Ok(())
}

/// Kinds of the operators' instances, of which only what selects matters here: anything may stand in them.
fn define_instances(server: &ApiServer) -> Result<()> {
    let definition = |group: &str, version: &str, kind: &str, plural: &str| {
        let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("{plural}.{group}") },
            "spec": {
                "group": group, "scope": "Namespaced", "names": { "kind": kind, "plural": plural },
                "versions": [{ "name": version, "served": true, "storage": true, "schema": schema }],
            },
        })
    };
    server.apply_as("operators", &definition("monitoring.coreos.com", "v1", "Prometheus", "prometheuses"))?;
    server.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "").map(drop)
}

fn who_takes_the_objects_is_looked_at(run: &Run<'_>) -> Result<()> {
    // The instances of the operators are the whole cluster's.
    let cluster = Cluster::new(run, own_server_with_engines()?)?;
    let namespace = cluster.namespace.clone();
    cluster.configure(&configuration(&namespace, "api.stripe.com", "  check_requirements = true\n"))?;
    let refusal = || -> Result<String> { Ok(unwrapped(&cluster.fail(&["plan", "-no-color"])?.output)) };
    let said = refusal()?;
    says(&said, &["Nobody takes PrometheusRule/", "no Prometheus or ThanosRuler selects it. The cluster has none."])?;
    says(&said, &["Nobody takes ConfigMap/", "no sidecar of Grafana's chart selects it"])?;

    define_instances(&cluster.server)?;
    let prometheus = |release: &str| {
        let selector = json!({ "matchLabels": { "release": release } });
        json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": { "name": "k8s", "namespace": "default" },
            "spec": {
                "ruleSelector": selector, "ruleNamespaceSelector": {}, "podMonitorSelector": {}, "podMonitorNamespaceSelector": {},
            },
        })
    };
    let environment = [("LABEL", "grafana_dashboard"), ("LABEL_VALUE", "1"), ("NAMESPACE", "ALL")];
    let environment = environment.map(|(name, value)| json!({ "name": name, "value": value }));
    let labels = json!({ "app.kubernetes.io/name": "grafana" });
    let grafana = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "grafana", "namespace": "default", "labels": labels },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "grafana-sc-dashboard", "image": "sidecar", "env": environment }] },
            },
        },
    });
    cluster.server.apply_as("helm", &prometheus("kube-prometheus-stack"))?;
    cluster.server.apply_as("helm", &grafana)?;
    let said = refusal()?;
    says(&said, &["Prometheus default/k8s demands of the object's labels: release in (kube-prometheus-stack)"])?;
    ensure!(!said.contains("Nobody takes ConfigMap/"), "the sidecar takes it: {said}");

    cluster.server.apply_as("helm", &prometheus("prometheus"))?;
    let said = unwrapped(&cluster.apply()?.output);
    says(&said, &["Who takes the objects", "by Prometheus default/k8s", "by Deployment default/grafana"])?;
    cluster.expect_empty_plan()?;
    let (_, said) = cluster.plan()?;
    ensure!(!said.output.contains("Who takes the objects"), "it is said once: {}", said.output);

    // A plan without changes looks too, but must not hinder a destroy.
    cluster.server.apply_as("helm", &prometheus("another"))?;
    let (_, said) = cluster.plan()?;
    says(&unwrapped(&said.output), &["Warning: Nobody takes PrometheusRule/", "release in (another)"])?;
    cluster.destroy().map(drop)
}

fn two_hundred_policies_are_one_dashboard(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    let namespace = &cluster.namespace;
    let body = format!(
        "locals {{\n  policies = {{ for number in range(200) : \"p${{number}}\" => {{\n    \
         name = \"policy-${{number}}\"\n    namespace = \"shop\"\n    \
         engine = \"istio\"\n    allow = {{ api = {{ to_domains = [for host in range(5) : \
         \"host-${{host}}.partner-${{number}}.example.com\"] }} }}\n  }} }}\n}}\n\
         resource \"egress_monitoring\" \"egress\" {{\n  name = \"egress\"\n  namespace = \"{namespace}\"\n  policies = local.policies\n  \
         rules {{ labels = {{ release = \"prometheus\" }} }}\n  dashboard {{}}\n}}\n"
    );
    cluster.configure(&body)?;
    let started = Instant::now();
    cluster.plan()?;
    let took = started.elapsed();
    cluster.apply()?;
    cluster.expect_empty_plan()?;
    let page = cluster.server.get("configmap", namespace, "egress-dashboard")?.context("no dashboard")?;
    let bytes = page["data"]["egress-traffic.json"].as_str().context("no JSON")?.len();
    println!("200 policies: a plan of {took:?}, a dashboard of {bytes} bytes");
    ensure!(bytes < 1 << 20, "{bytes}");
    ensure!(cluster.server.get("configmap", namespace, "egress-dashboard-2")?.is_none(), "they are one dashboard");
    cluster.destroy().map(drop)
}

fn what_cannot_be_seen_is_refused(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, crate::suite::api_server()?)?;
    let refuses = |more: &str, said: &[&str]| -> Result<()> {
        // Open source Calico counts no egress, and has no rules about names.
        let of_istio = configuration(&cluster.namespace, "203.0.113.0/24", more);
        cluster.configure(&of_istio.replace("\"istio\"", "\"calico\"").replace("to_domains", "to_cidrs"))?;
        says(&unwrapped(&cluster.fail(&["plan", "-no-color"])?.output), said)
    };
    refuses(
        "  topics = [\"denied\"]\n",
        &["topics[0] cannot be used", "calico: Felix of open source", "It is measured by istio-sidecar"],
    )?;
    refuses(
        "  alerts {\n    egress_gateway_down {}\n  }\n",
        &["alerts.egress_gateway_down cannot be used", "It is measured by"],
    )?;
    refuses(
        "  alerts {\n    egress_gateway_down { fro = \"2m\" }\n  }\n",
        &["An argument named \"fro\" is not expected here"],
    )
}
