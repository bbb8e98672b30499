//! Many policies on a real API server, beside as many resources that the host makes itself.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::report::{percentile, seconds};
use super::{Options, Report, Row};
use crate::engine_definitions;
use crate::host::{Host, Workspace};
use crate::kubernetes::ApiServer;

/// How many times as long as the host's own resources.
const LIMIT: f64 = 1.5;

/// Engines whose kinds have no status that an apply would wait for: no engine runs here.
const ENGINES: [&str; 6] =
    ["network-policy", "calico", "istio", "cluster-network-policy", "admin-network-policy", "eks"];

struct Times {
    apply: Duration,
    plan: Duration,
    /// The first object of the first resource, for resources that have `manifests`.
    manifest: String,
}

/// Policies of one engine, NetworkPolicy, which every API server serves.
pub(super) fn measure(options: &Options, host: &Host, report: &mut Report) -> Result<()> {
    let server = ApiServer::start()?;
    let namespace = server.own_namespace()?;
    let configuration = configuration(options, &server, &namespace, &["network-policy"]);
    compare(options, host, "NetworkPolicy", &configuration, report)
}

/// Policies spread evenly over engines.
pub(super) fn measure_engines(options: &Options, host: &Host, report: &mut Report) -> Result<()> {
    let server = engine_definitions::api_server()?;
    let namespace = server.own_namespace()?;
    let configuration = configuration(options, &server, &namespace, &ENGINES);
    compare(options, host, &format!("{} engines", ENGINES.len()), &configuration, report)
}

fn configuration(options: &Options, server: &ApiServer, namespace: &str, engines: &[&str]) -> String {
    let count = options.policies;
    format!(
        "terraform {{\n  required_providers {{\n    egress = {{ source = \"egress/egress\" }}\n  }}\n}}\n\
         provider \"egress\" {{\n  owner = \"bench\"\n  kubernetes = {{ config_path = \"{}\" }}\n}}\n\
         resource \"egress_policy\" \"all\" {{\n  count = {count}\n  name = \"policy-${{count.index}}\"\n  namespace = \"{namespace}\"\n  \
         engine = element({engines:?}, count.index)\n  \
         pods = {{ match_labels = {{ app = \"backend-${{count.index}}\" }} }}\n  \
         allow = {{ db = {{ to_cidrs = [\"10.1.0.0/16\"], ports = [5432] }} }}\n}}\n",
        server.kubeconfig().display()
    )
}

/// Puts a configuration of policies beside as many resources of the host's own, with nothing in them and with as much.
fn compare(options: &Options, host: &Host, what: &str, configuration: &str, report: &mut Report) -> Result<()> {
    let count = options.policies;
    let data =
        |input: &str| format!("resource \"terraform_data\" \"all\" {{\n  count = {count}\n  input = {input}\n}}\n");
    let floor = times(options, host, &data("\"${count.index}\""))?;
    let policies = times(options, host, configuration)?;
    // What the host itself does with as much in a configuration and a state: no provider is in it.
    let same_data = times(options, host, &data(&same_data(&policies.manifest)))?;
    for (step, floor, same_data, own) in [
        ("plan with no change", floor.plan, same_data.plan, policies.plan),
        ("apply", floor.apply, same_data.apply, policies.apply),
    ] {
        let what = format!("{step} of {count}, {what}, {}", host.name());
        let row = |subject: &str, value: String, target| Row {
            what: what.clone(),
            subject: subject.to_owned(),
            value,
            p99: String::new(),
            target,
        };
        let ratio = |time: Duration| time.as_secs_f64() / floor.as_secs_f64();
        report.add(row("terraform_data", seconds(floor), None));
        let times = format!("{} ({:.2} x)", seconds(same_data), ratio(same_data));
        report.add(row("terraform_data with a policy's data", times, None));
        let target = (format!("<= {LIMIT} x terraform_data"), ratio(own) <= LIMIT);
        report.add(row("egress_policy", format!("{} ({:.2} x)", seconds(own), ratio(own)), Some(target)));
    }
    Ok(())
}

/// An expression for what an `egress_policy` has in its configuration and state.
fn same_data(manifest: &str) -> String {
    format!(
        "{{\n    name = \"policy-${{count.index}}\"\n    pods = {{ match_labels = {{ app = \"backend-${{count.index}}\" }} }}\n    \
         allow = {{ db = {{ to_cidrs = [\"10.1.0.0/16\"], ports = [\"5432\"] }} }}\n    manifests = {manifest:?}\n  }}"
    )
}

fn times(options: &Options, host: &Host, configuration: &str) -> Result<Times> {
    let workspace = Workspace::new(host, "egress/egress", &options.provider)?;
    workspace.write("main.tf", configuration)?;
    let begin = Instant::now();
    workspace.apply()?;
    let apply = begin.elapsed();
    let state = workspace.state()?;
    let first = &state["values"]["root_module"]["resources"][0]["values"]["manifests"];
    let manifest = first.as_object().and_then(|manifests| manifests.values().next()?.as_str()).unwrap_or_default();
    let mut plans = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        workspace.succeed(&["plan", "-no-color", "-detailed-exitcode"])?;
        plans.push(begin.elapsed());
    }
    Ok(Times { apply, plan: percentile(&mut plans, 50), manifest: manifest.to_owned() })
}
