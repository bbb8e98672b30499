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

/// In how many blocks the policies are, where they are not all in one: a file for each team, say.
const RESOURCES: usize = 100;

/// Engines whose kinds have no status that an apply would wait for: no engine runs here.
const ENGINES: [&str; 6] =
    ["network-policy", "calico", "istio", "cluster-network-policy", "admin-network-policy", "eks"];

struct Times {
    apply: Duration,
    plan: Duration,
    /// The lines of the first object of the first resource, for resources that have `manifests`; a list.
    manifest: String,
}

/// Instances that are written as one block. The host copies the state of a whole resource for each of its instances, so how many are
/// in one block decides how long both sides take.
struct Block {
    /// The resource's name.
    name: String,
    /// The policies' engine.
    engine: &'static str,
    /// How many instances.
    count: usize,
}

impl Block {
    /// The configuration of its instances, out of a type and the arguments of each.
    fn of(&self, resource_type: &str, arguments: &str) -> String {
        format!("resource \"{resource_type}\" \"{}\" {{\n  count = {}\n{arguments}}}\n", self.name, self.count)
    }
}

/// Policies of one engine, NetworkPolicy, which every API server serves: all in one resource, and in many.
pub(super) fn measure(options: &Options, host: &Host, report: &mut Report) -> Result<()> {
    let one = |name: String, count| Block { name, engine: "network-policy", count };
    let together = [one("all".to_owned(), options.policies)];
    compare(options, host, &ApiServer::start_own()?, "in one resource", &together, report)?;
    let instances = options.policies.div_ceil(RESOURCES);
    let apart: Vec<Block> = (0..RESOURCES).map(|number| one(format!("of_{number}"), instances)).collect();
    // Of its own: a refresh lists what the owner has in the whole cluster.
    compare(options, host, &ApiServer::start_own()?, &format!("in {RESOURCES} resources"), &apart, report)
}

/// Policies spread evenly over engines.
pub(super) fn measure_engines(options: &Options, host: &Host, report: &mut Report) -> Result<()> {
    let server = engine_definitions::api_server()?;
    let count = options.policies.div_ceil(ENGINES.len());
    let blocks = ENGINES.map(|engine| Block { name: engine.to_owned(), engine, count });
    compare(options, host, &server, &format!("spread over {} engines", ENGINES.len()), &blocks, report)
}

fn provider(server: &ApiServer) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    egress = {{ source = \"egress/egress\" }}\n  }}\n}}\n\
         provider \"egress\" {{\n  owner = \"bench\"\n  kubernetes {{ config_path = \"{}\" }}\n}}\n",
        server.kubeconfig().display()
    )
}

fn policies(block: &Block, namespace: &str) -> String {
    let Block { name, engine, .. } = block;
    let arguments = format!(
        "  name = \"{}-${{count.index}}\"\n  namespace = \"{namespace}\"\n  engine = \"{engine}\"\n  \
         pods {{ match_labels = {{ app = \"backend-${{count.index}}\" }} }}\n  \
         allow = {{ db = {{ to_cidrs = [\"10.1.0.0/16\"], ports = [5432] }} }}\n",
        name.replace('_', "-")
    );
    block.of("egress_policy", &arguments)
}

/// Puts policies beside as many resources of the host's own, in as many blocks, with nothing in them and with as much.
fn compare(
    options: &Options,
    host: &Host,
    server: &ApiServer,
    what: &str,
    blocks: &[Block],
    report: &mut Report,
) -> Result<()> {
    let namespace = server.own_namespace()?;
    let data = |input: &str| -> String {
        blocks.iter().map(|block| block.of("terraform_data", &format!("  input = {input}\n"))).collect()
    };
    let floor = times(options, host, &data("\"${count.index}\""))?;
    let own: String = blocks.iter().map(|block| policies(block, &namespace)).collect();
    let policies = times(options, host, &(provider(server) + &own))?;
    // What the host itself does with as much in a configuration and a state: no provider is in it.
    let same_data = times(options, host, &data(&same_data(&policies.manifest)))?;
    let count: usize = blocks.iter().map(|block| block.count).sum();
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
         allow = {{ db = {{ to_cidrs = [\"10.1.0.0/16\"], ports = [\"5432\"] }} }}\n    manifests = {manifest}\n  }}"
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
    let manifest = first.as_object().and_then(|manifests| manifests.values().next()).map(ToString::to_string);
    let mut plans = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        workspace.succeed(&["plan", "-no-color", "-detailed-exitcode"])?;
        plans.push(begin.elapsed());
    }
    Ok(Times { apply, plan: percentile(&mut plans, 50), manifest: manifest.unwrap_or_else(|| "[]".to_owned()) })
}
