//! The provider on a stand-in cloud and a real Kubernetes API server, from the first apply to the destroy.
//!
//! `cargo xtask demo` builds what this needs and sets the environment variables of [`acceptance_tests::environment`].
#![allow(clippy::print_stdout, reason = "a demonstration shows itself on standard output")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use acceptance_tests::environment;
use acceptance_tests::host::{Host, Workspace};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use stand_in_cloud::ec2::{Caller, Config, SeededVpc, Server, Settings, Timings};

/// The configuration, as a user would write it.
const CONFIGURATION: &str = include_str!("../../../examples/demo/main.tf");
const NAMESPACE: &str = "production";
const ZONES: [&str; 2] = ["eu-west-1a", "eu-west-1b"];

fn main() -> ExitCode {
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demonstrate() -> Result<()> {
    let program = environment::hosts().into_iter().next().context("terraform is not on PATH")?;
    let host = Host::at(&program).with_context(|| format!("{} does not say its version", program.display()))?;
    let provider = environment::provider_binary().map_err(anyhow::Error::msg)?;

    heading("A stand-in EC2 and a real Kubernetes API server");
    let cloud = cloud()?;
    let account = Caller { account: "000000000000".to_owned(), region: "eu-west-1".to_owned() };
    let network = cloud.seed_vpc(&account).context("the stand-in has no network")?;
    println!("EC2 at {}, with network {}", cloud.endpoint(), network.vpc_id);
    let cluster = ApiServer::start_own()?;
    cluster.create_namespace(NAMESPACE)?;
    println!("Kubernetes with namespace {NAMESPACE}");

    let workspace = workspace(&host, &provider, &cloud, &cluster)?;
    heading(&format!("{}: apply of examples/demo", host.name()));
    write_variables(&workspace, &network, 1, "error")?;
    show(&workspace, &["apply", "-auto-approve", "-no-color"])?;

    heading("Give these to your partners");
    println!("{:#}", workspace.output("tell_partners")?);

    heading("What the cluster has now");
    print!("{}", cluster.kubectl(&["get", "networkpolicy", "--namespace", NAMESPACE, "--output", "yaml"], "")?);

    heading("A second plan");
    show(&workspace, &["plan", "-detailed-exitcode", "-no-color"])?;

    heading("A second address for each gateway, in place");
    let before = gateways(&cloud);
    println!("The configuration says now: addresses_per_zone = 2\n");
    write_variables(&workspace, &network, 2, "error")?;
    show(&workspace, &["apply", "-auto-approve", "-no-color"])?;
    ensure!(gateways(&cloud) == before, "the gateways are not the same");
    println!("\nThe gateways are the same: {}", before.join(", "));

    heading("A destroy by mistake is refused, because partners rely on the addresses");
    let refused = workspace.fail(&["destroy", "-auto-approve", "-no-color"])?;
    println!(
        "$ {} {}\n{}",
        workspace.host().product(),
        refused.command,
        without_override_warning(&refused.output).trim()
    );

    heading("A destroy that is meant");
    println!("The configuration says now: on_ip_change = \"warn\"\n");
    write_variables(&workspace, &network, 2, "warn")?;
    show(&workspace, &["apply", "-auto-approve", "-no-color"])?;
    println!();
    show(&workspace, &["destroy", "-auto-approve", "-no-color"])?;

    heading("What is left");
    let addresses = cloud.inventory().addresses.len();
    let policies = cluster.kubectl(&["get", "networkpolicy", "--all-namespaces", "--output", "name"], "")?;
    let (gateways, policies) = (gateways(&cloud).len(), policies.lines().count());
    println!("Public IPs: {addresses}, NAT gateways: {gateways}, network policies: {policies}");
    ensure!((addresses, gateways, policies) == (0, 0, 0), "something is left");
    println!(
        "\nThis was examples/demo. README.md says how to use the provider with a real account; docs/index.md has its settings."
    );
    Ok(())
}

/// The ids of the gateways that are there.
fn gateways(cloud: &Server) -> Vec<String> {
    cloud.inventory().live_nat_gateways().map(|(id, _)| id.to_owned()).collect()
}

fn cloud() -> Result<Server> {
    let listen = "127.0.0.1:0".parse()?;
    let settings = Settings { timings: Timings::brisk(), ..Settings::default() };
    Server::start(Config { listen, settings, log_file: None }).context("the stand-in does not start")
}

/// A folder with the configuration, where the provider finds the cloud and the cluster by environment variables.
fn workspace(host: &Host, provider: &Path, cloud: &Server, cluster: &ApiServer) -> Result<Workspace> {
    let mut workspace = Workspace::new(host, "egress/egress", provider)?;
    workspace.write("main.tf", CONFIGURATION)?;
    let endpoint = cloud.endpoint();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "demo"),
        ("AWS_SECRET_ACCESS_KEY", "demo"),
        // A machine's own profile must not decide what the demonstration talks to.
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ] {
        workspace.set(name, value);
    }
    workspace.set("KUBECONFIG", cluster.kubeconfig());
    Ok(workspace)
}

fn write_variables(
    workspace: &Workspace,
    network: &SeededVpc,
    addresses_per_zone: u8,
    on_ip_change: &str,
) -> Result<()> {
    let mut zones = serde_json::Map::new();
    for zone in ZONES {
        let subnet = network.public_subnet_ids.get(zone).with_context(|| format!("no subnet in {zone}"))?;
        let table = network.private_route_table_ids.get(zone).with_context(|| format!("no route table in {zone}"))?;
        zones.insert(zone.to_owned(), json!({ "public_subnet_id": subnet, "route_table_id": table }));
    }
    let variables = json!({ "zones": zones, "addresses_per_zone": addresses_per_zone, "on_ip_change": on_ip_change });
    workspace.write("terraform.tfvars.json", &variables.to_string())
}

/// Runs a command of the host and prints it, what it says, and how long it took.
fn show(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    println!("$ {} {}", workspace.host().product(), arguments.join(" "));
    let begin = Instant::now();
    let run = workspace.succeed(arguments)?;
    println!("{}\n({:.1} s)", without_override_warning(&run.output).trim(), begin.elapsed().as_secs_f32());
    Ok(())
}

/// The output without the warning that every command prints because the provider comes out of a folder.
fn without_override_warning(output: &str) -> String {
    let cut = || {
        let (before, rest) = output.split_once("Warning: Provider development overrides are in effect")?;
        let (_, after) = rest.split_once("releases.")?;
        Some(format!("{}\n\n{}", before.trim_end(), after.trim_start()))
    };
    cut().unwrap_or_else(|| output.to_owned())
}

fn heading(text: &str) {
    println!("\n== {text}\n");
}
