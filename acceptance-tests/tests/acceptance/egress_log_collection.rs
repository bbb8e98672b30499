//! `egress_log_collection` on real hosts and an API server.

use acceptance_tests::host::{attributes, changes, unwrapped};
use anyhow::{Context as _, Result, ensure};

use crate::cluster::Cluster;
use crate::suite::{Needs, Run, Suite, api_server};
use crate::world::says;

const ADDRESS: &str = "egress_log_collection.egress";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut cluster =
        |name: &str, run| suite.on_one_host(&format!("egress_log_collection::{name}"), Needs::Cluster, run);
    cluster("it_does_all_of_it", it_does_all_of_it);
    cluster("what_cannot_be_read_or_sent_is_refused", what_cannot_be_read_or_sent_is_refused);
}

fn configuration(namespace: &str, collector: &str, keep: &str, output: &str) -> String {
    format!(
        "resource \"egress_policy\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"shop\"\n  engine = \"cilium\"\n  \
         delivery = \"render\"\n  \
         allow = {{ api = {{ to_domains = [\"api.stripe.com\"], ports = [443] }} }}\n}}\n\
         resource \"egress_log_collection\" \"egress\" {{\n  name = \"egress\"\n  namespace = \"{namespace}\"\n  \
         collector = \"{collector}\"\n  \
         policies = {{ shop = egress_policy.shop }}\n  keep = \"{keep}\"\n  fields = {{ cluster = \"prod\" }}\n{output}}}\n"
    )
}

const ELASTICSEARCH: &str = "  elasticsearch {\n    host = \"elasticsearch.logging.svc\"\n    login {\n      \
                             user_variable = \"ES_USER\"\n      \
                             password_variable = \"ES_PASSWORD\"\n    }\n  }\n";

fn it_does_all_of_it(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    let namespace = cluster.namespace.clone();
    let live = || cluster.server.get("configmap", &namespace, "egress");
    let file = |name: &str| -> Result<String> {
        let object = live()?.context("the object is not there")?;
        Ok(object["data"][name].as_str().with_context(|| format!("no {name}"))?.to_owned())
    };
    cluster.settle(&configuration(&namespace, "fluent-bit", "all", ELASTICSEARCH))?;
    says(
        &file("fluent-bit.conf")?,
        &["/var/run/cilium/hubble/events.log", "HTTP_Passwd ${ES_PASSWORD}", "Add cluster prod"],
    )?;
    let state = cluster.state()?;
    let own = attributes(&state, ADDRESS);
    ensure!(own["files"]["fluent-bit.conf"] == file("fluent-bit.conf")?, "the output is another: {}", own["files"]);
    says(
        &own["requirements"].to_string(),
        &["hubble.export.static.enabled = true", "ES_USER, ES_PASSWORD, from a Secret"],
    )?;

    // What is kept changes in place, and a plan shows the lines that are new.
    let denied = configuration(&namespace, "fluent-bit", "denied", ELASTICSEARCH);
    cluster.configure(&denied)?;
    let (plan, said) = cluster.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    says(&said.output, &["Regex $flow['verdict'] ^(DROPPED|ERROR)$"])?;
    cluster.apply()?;
    cluster.expect_empty_plan()?;

    cluster.server.delete("configmap", &namespace, "egress")?;
    cluster.apply()?;
    cluster.expect_empty_plan()?;
    ensure!(live()?.is_some(), "what somebody deleted is not back");

    cluster.succeed(&["state", "rm", ADDRESS])?;
    let import = format!("import {{\n  to = {ADDRESS}\n  id = \"{namespace}/egress\"\n}}\n");
    cluster.configure(&(denied + &import))?;
    let (_, said) = cluster.plan()?;
    says(&said.output, &["1 to import, 0 to add, 0 to change, 0 to destroy"])?;
    cluster.apply()?;

    // Another collector has other files in the same object.
    cluster.settle(&configuration(&namespace, "opentelemetry", "denied", "  stdout {}\n"))?;
    says(&file("config.yaml")?, &["filelog/cilium", "verbosity: detailed"])?;
    ensure!(file("fluent-bit.conf").is_err(), "the files of the collector before are left");
    cluster.destroy()?;
    ensure!(live()?.is_none(), "the object is left");
    Ok(())
}

fn what_cannot_be_read_or_sent_is_refused(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    let refuses = |body: String, said: &[&str]| -> Result<()> {
        cluster.configure(&body)?;
        says(&unwrapped(&cluster.fail(&["plan", "-no-color"])?.output), said)
    };
    let namespace = &cluster.namespace;
    let enterprise =
        configuration(namespace, "fluent-bit", "all", ELASTICSEARCH).replace("\"cilium\"", "\"calico-enterprise\"");
    refuses(enterprise, &["policies[\"shop\"] cannot be used", "LogCollector"])?;
    let otlp = "  otlp { host = \"otlp.logging.svc\" }\n";
    refuses(
        configuration(namespace, "fluentd", "all", otlp),
        &["otlp cannot be used", "fluent-bit and opentelemetry send it"],
    )?;
    let secret = ELASTICSEARCH.replace("\"ES_PASSWORD\"", "\"hunter2\"");
    refuses(
        configuration(namespace, "fluentd", "all", &secret),
        &["password_variable cannot be used", "the name of an environment variable"],
    )
}
