//! Many policies on a real API server, beside as many resources that the host makes itself.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::report::{percentile, seconds};
use super::{Options, Report, Row};
use crate::host::{Host, Workspace};
use crate::kubernetes::ApiServer;

/// How many times as long as the host's own resources.
const LIMIT: f64 = 1.5;

struct Times {
    apply: Duration,
    plan: Duration,
}

pub(super) fn measure(options: &Options, host: &Host, report: &mut Report) -> Result<()> {
    let server = ApiServer::start()?;
    let namespace = server.own_namespace()?;
    let count = options.policies;
    let floor = times(
        options,
        host,
        &format!("resource \"terraform_data\" \"all\" {{\n  count = {count}\n  input = \"${{count.index}}\"\n}}\n"),
    )?;
    let policies = times(
        options,
        host,
        &format!(
            "terraform {{\n  required_providers {{\n    egress = {{ source = \"egress/egress\" }}\n  }}\n}}\n\
             provider \"egress\" {{\n  owner = \"bench\"\n  kubernetes = {{ config_path = \"{}\" }}\n}}\n\
             resource \"egress_policy\" \"all\" {{\n  count = {count}\n  name = \"policy-${{count.index}}\"\n  namespace = \"{namespace}\"\n  \
             pods = {{ match_labels = {{ app = \"backend-${{count.index}}\" }} }}\n  \
             allow = {{ db = {{ to_cidrs = [\"10.1.0.0/16\"], ports = [{{ port = 5432 }}] }} }}\n}}\n",
            server.kubeconfig().display()
        ),
    )?;
    for (what, floor, own) in
        [("plan with no change", floor.plan, policies.plan), ("apply", floor.apply, policies.apply)]
    {
        let what = format!("{what} of {count}, {}", host.name());
        let row = |subject: &str, value: String, target| Row {
            what: what.clone(),
            subject: subject.to_owned(),
            value,
            p99: String::new(),
            target,
        };
        report.add(row("terraform_data", seconds(floor), None));
        let ratio = own.as_secs_f64() / floor.as_secs_f64();
        let target = (format!("<= {LIMIT} x terraform_data"), ratio <= LIMIT);
        report.add(row("egress_policy", format!("{} ({ratio:.2} x)", seconds(own)), Some(target)));
    }
    Ok(())
}

fn times(options: &Options, host: &Host, configuration: &str) -> Result<Times> {
    let workspace = Workspace::new(host, "egress/egress", &options.provider)?;
    workspace.write("main.tf", configuration)?;
    let begin = Instant::now();
    workspace.apply()?;
    let apply = begin.elapsed();
    let mut plans = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        workspace.succeed(&["plan", "-no-color", "-detailed-exitcode"])?;
        plans.push(begin.elapsed());
    }
    Ok(Times { apply, plan: percentile(&mut plans, 50) })
}
