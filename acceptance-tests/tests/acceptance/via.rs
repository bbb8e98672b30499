//! `via` of `egress_policy`: routes of a policy through a NAT gateway, on real hosts.

use std::fmt::Write as _;

use acceptance_tests::cloud::ZONES;
use acceptance_tests::host::{attributes, changes};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Result, ensure};

use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, api_server, api_server_with_engines};
use crate::world::{World, address_lines, gateways, pool, says, sorted_strings};

const PARTNER: &str = "203.0.113.0/24";
const BANK: &str = "198.51.100.0/24";
const NONE: &str = "    destination_cidrs = []\n";

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("via::a_policy_lives_with_its_routes", Needs::Cluster, a_policy_lives_with_its_routes);
    let mut one = |name: &str, needs, run| suite.on_one_host(&format!("via::{name}"), needs, run);
    one("objects_that_fail_leave_routes_in_the_state", Needs::Cluster, objects_that_fail_leave_routes_in_the_state);
    one("what_the_gateway_leads_already_needs_no_route", Needs::Host, what_the_gateway_leads_already_needs_no_route);
    one("a_foreign_route_is_not_taken_unasked", Needs::Host, a_foreign_route_is_not_taken_unasked);
    one("a_route_moves_between_policies", Needs::Host, a_route_moves_between_policies);
    one("a_route_moves_to_the_gateway", Needs::Host, a_route_moves_to_the_gateway);
    one("a_lost_state_is_adopted_with_a_warning", Needs::Host, a_lost_state_is_adopted_with_a_warning);
    one("bad_input_is_refused", Needs::Host, bad_input_is_refused);
    one("a_provider_without_aws_is_told", Needs::Host, a_provider_without_aws_is_told);
    one("a_policy_goes_through_a_gateway_in_the_cluster", Needs::Engines, through_the_cluster);
}

/// A pool and gateways in both zones, with these arguments of `aws`.
fn base(world: &World, more: &str) -> String {
    pool(&["a", "b"], "  on_ip_change = \"warn\"\n  release_policy = \"release\"\n")
        + &gateways(&world.cloud, [&["a"], &["b"]], more)
}

/// A policy in a namespace, of which rules allow these blocks.
fn policy(name: &str, namespace: &str, cidrs: &[&str], more: &str) -> String {
    let mut rules = String::new();
    for (number, cidr) in cidrs.iter().enumerate() {
        _ = writeln!(rules, "    r{number} = {{ to_cidrs = [\"{cidr}\"], ports = [443] }}");
    }
    format!(
        "resource \"egress_policy\" \"{name}\" {{\n  name = \"{name}\"\n  namespace = \"{namespace}\"\n  \
         allow = {{\n{rules}  }}\n{more}}}\n\
         output \"{name}_cidrs\" {{\n  value = egress_policy.{name}.egress_cidrs\n}}\n"
    )
}

fn via(more: &str) -> String {
    format!("  via {{\n    nat_gateway = egress_nat_gateway.prod\n{more}  }}\n")
}

/// The same without a cluster.
fn rendered(name: &str, cidrs: &[&str]) -> String {
    policy(name, "production", cidrs, &(via("") + "  delivery = \"render\"\n"))
}

/// The lines of a footprint for gateways with routes of these destinations in both zones.
fn lines(world: &World, destinations: &[&str]) -> Vec<String> {
    let mut lines = address_lines(&["a", "b"]);
    for (zone, key) in ZONES.iter().zip(["a", "b"]) {
        lines.push(format!("gateway prod/{zone} in {} with partners/{key}", world.cloud.subnet(zone)));
        let routes = destinations.iter();
        lines
            .extend(routes.map(|to| format!("route {to} of {} to prod/{zone}, active", world.cloud.route_table(zone))));
    }
    lines
}

fn updates(changes: &[(String, String)], address: &str) -> Result<()> {
    ensure!(changes == [(address.to_owned(), "update".to_owned())], "{changes:?}");
    Ok(())
}

fn a_policy_lives_with_its_routes(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let server = api_server()?;
    let namespace = server.own_namespace()?;
    let live = |server: &ApiServer| server.get("networkpolicies.networking.k8s.io", &namespace, "backend");
    let kubernetes = format!("  kubernetes {{ config_path = \"{}\" }}\n", server.kubeconfig().display());
    let body = |cidrs: &[&str]| base(&world, NONE) + &policy("backend", &namespace, cidrs, &via(""));
    let configure = |cidrs: &[&str]| world.configure_with(&kubernetes, &body(cidrs));

    configure(&[PARTNER])?;
    let said = world.plan()?.1.output;
    says(&acceptance_tests::host::unwrapped(&said), &["AWS routes by destination, not by pod", PARTNER])?;
    world.apply()?;
    world.expect_empty_plan()?;
    world.expect_footprint(lines(&world, &[PARTNER]))?;
    ensure!(live(&server)?.is_some(), "there is no policy in the cluster");
    let cidrs = sorted_strings(&world.output("backend_cidrs")?);
    ensure!(cidrs == sorted_strings(&world.output("tell_partners")?) && cidrs.len() == 2, "{cidrs:?}");

    configure(&[BANK])?;
    updates(&changes(&world.plan()?.0), "egress_policy.backend")?;
    world.apply()?;
    world.expect_empty_plan()?;
    world.expect_footprint(lines(&world, &[BANK]))?;

    let table = world.cloud.route_table(ZONES[0]);
    world.cloud.call("DeleteRoute", &[("RouteTableId", table), ("DestinationCidrBlock", BANK)])?;
    updates(&changes(&world.plan()?.0), "egress_policy.backend")?;
    world.apply()?;
    world.expect_empty_plan()?;
    world.expect_footprint(lines(&world, &[BANK]))?;

    world.destroy()?;
    world.expect_footprint(Vec::new())?;
    ensure!(live(&server)?.is_none(), "the policy is still there");
    Ok(())
}

fn objects_that_fail_leave_routes_in_the_state(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let server = api_server()?;
    let kubernetes = format!("  kubernetes {{ config_path = \"{}\" }}\n", server.kubeconfig().display());
    let body = base(&world, NONE) + &policy("backend", "no-such-namespace", &[PARTNER], &via(""));
    world.configure_with(&kubernetes, &body)?;
    world.fail(&["apply", "-auto-approve", "-no-color"])?;
    let state = world.state()?;
    let routes = &attributes(&state, "egress_policy.backend")["routes"];
    ensure!(routes.as_object().is_some_and(|routes| routes.len() == 2), "{routes}");
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn what_the_gateway_leads_already_needs_no_route(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = base(&world, "") + &rendered("backend", &[PARTNER]);
    world.settle(&body)?;
    world.expect_footprint(lines(&world, &["0.0.0.0/0"]))?;
    // A narrower route in between points elsewhere.
    let (table, gateway) = (world.cloud.route_table(ZONES[0]), world.cloud.vpc.internet_gateway_id.clone());
    let route = [("RouteTableId", table), ("DestinationCidrBlock", "203.0.0.0/16"), ("GatewayId", &gateway)];
    world.cloud.call("CreateRoute", &route)?;
    world.settle(&body)?;
    let mut expected = lines(&world, &["0.0.0.0/0"]);
    expected.push(format!("route {PARTNER} of {table} to prod/{}, active", ZONES[0]));
    world.expect_footprint(expected)
}

fn a_foreign_route_is_not_taken_unasked(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let (table, gateway) = (world.cloud.route_table(ZONES[0]), world.cloud.vpc.internet_gateway_id.clone());
    let route = [("RouteTableId", table), ("DestinationCidrBlock", PARTNER), ("GatewayId", &gateway)];
    world.cloud.call("CreateRoute", &route)?;
    world.refuses(&(base(&world, NONE) + &rendered("backend", &[PARTNER])), &[&gateway, "take_over_routes"])?;
    let taking = via(&format!("    aws {{ take_over_routes = [\"{gateway}\"] }}\n")) + "  delivery = \"render\"\n";
    let body = base(&world, NONE) + &policy("backend", "production", &[PARTNER], &taking);
    says(&world.plan_of(&body)?.1, &["A route is taken over from", "does not point it back"])?;
    world.settle(&body)?;
    world.expect_footprint(lines(&world, &[PARTNER]))
}

fn a_route_moves_between_policies(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = |a: &[&str], b: &[&str]| base(&world, NONE) + &rendered("first", a) + &rendered("second", b);
    world.refuses(&body(&[PARTNER], &[PARTNER, BANK]), &["is claimed twice", "destination_cidrs"])?;
    world.settle(&body(&[PARTNER, BANK], &["192.0.2.0/24"]))?;
    world.expect_footprint(lines(&world, &[PARTNER, BANK, "192.0.2.0/24"]))?;
    world.settle(&body(&[PARTNER], &["192.0.2.0/24", BANK]))?;
    world.expect_footprint(lines(&world, &[PARTNER, BANK, "192.0.2.0/24"]))?;
    // And with the whole policy.
    world.settle(&(base(&world, NONE) + &rendered("second", &["192.0.2.0/24", BANK, PARTNER])))?;
    world.expect_footprint(lines(&world, &[PARTNER, BANK, "192.0.2.0/24"]))
}

fn a_route_moves_to_the_gateway(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let rules = rendered("backend", &[PARTNER, BANK]);
    world.settle(&(base(&world, NONE) + &rules))?;
    let own = format!("    destination_cidrs = [\"{PARTNER}\"]\n");
    world.settle(&(base(&world, &own) + &rules))?;
    world.expect_footprint(lines(&world, &[PARTNER, BANK]))?;
    world.settle(&base(&world, &own))?;
    world.expect_footprint(lines(&world, &[PARTNER]))
}

fn a_lost_state_is_adopted_with_a_warning(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = base(&world, NONE) + &rendered("backend", &[PARTNER]);
    world.settle(&body)?;
    world.succeed(&["state", "rm", "egress_policy.backend"])?;
    says(&world.plan_of(&body)?.1, &["Routes that exist will be adopted", PARTNER])?;
    world.settle(&body)?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn bad_input_is_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let with = |rule: &str, via: &str, more: &str| {
        base(&world, NONE)
            + &format!(
                "resource \"egress_policy\" \"bad\" {{\n  name = \"bad\"\n  namespace = \"production\"\n  engine = \"cilium\"\n  \
                 allow = {{ r = {{ {rule}, ports = [\"any\"] }} }}\n  via {{\n{via}\n  }}\n  delivery = \"render\"\n{more}}}\n"
            )
    };
    let gateway = "nat_gateway = egress_nat_gateway.prod";
    let cases = [
        ("to_domains = [\"api.example.com\"]", gateway, "", vec!["names domains"]),
        ("to_external = true", gateway, "", vec!["default route of the gateway"]),
        ("to_cidrs = [\"2001:db8::/32\"]", gateway, "", vec!["IPv6"]),
        ("to_cidrs = [\"192.0.2.0/24\", \"!192.0.2.1/32\"]", gateway, "", vec!["leaves out a part of a block"]),
        ("to_services = [\"db\"]", gateway, "", vec!["nothing to send"]),
        (
            "to_cidrs = [\"192.0.2.0/24\"]",
            gateway,
            "  mode = \"audit\"\n",
            vec!["would go through the gateway at once"],
        ),
        (
            "to_cidrs = [\"192.0.2.0/24\"]",
            "nat_gatewya = egress_nat_gateway.prod",
            "",
            vec!["nat_gatewya", "Did you mean \"nat_gateway\""],
        ),
        (
            "to_cidrs = [\"192.0.2.0/24\"]",
            "nat_gateway = egress_ip_pool.partners",
            "",
            vec!["\"gateways\" are required"],
        ),
        (
            "to_cidrs = [\"192.0.2.0/24\"]",
            "nat_gateway = egress_nat_gateway.prod\n    aws { prefix_list_ids = [\"partners\"] }",
            "",
            vec!["is not the id of a managed prefix list"],
        ),
    ];
    for (rule, via, more, said) in cases {
        world.refuses(&with(rule, via, more), &said)?;
    }
    // The tables must be known for it.
    world.settle(&base(&world, NONE))?;
    world.refuses(&with("to_cidrs = [\"10.0.7.0/24\"]", gateway, ""), &["inside the VPC", "10.0.0.0/16"])
}

/// The parts of a gateway may also be written out, each of them.
fn a_provider_without_aws_is_told(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let gateway = "  via {\n    nat_gateway = {\n    aws = {\n      region = null, route_table_ids = null, destination_cidrs = []\n      \
                   destination_prefix_list_ids = null\n      zones = { us-east-1a = { route_table_ids = [\"rtb-1\"] } }\n    }\n    \
                   gateways = { us-east-1a = { id = \"nat-1\" } }\n    egress_cidrs = null\n    }\n  }\n  delivery = \"render\"\n";
    let provider = format!("{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme-via\"\n}}\n");
    workspace.write("main.tf", &(provider + &policy("backend", "production", &[PARTNER], gateway)))?;
    let said = acceptance_tests::host::unwrapped(&workspace.fail(&["plan", "-no-color"])?.output);
    says(&said, &["Routes need AWS in the provider's configuration", "aws {}"])
}

fn through_the_cluster(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server_with_engines()?);
    let namespace = server.own_namespace()?;
    let kubeconfig = server.kubeconfig().display();
    let provider = format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme-via\"\n  kubernetes {{ config_path = \"{kubeconfig}\" }}\n}}\n"
    );
    let gateway = |engine: &str| {
        format!(
            "resource \"egress_gateway\" \"partners\" {{\n  name = \"gw-{namespace}\"\n  namespace = \"{namespace}\"\n  \
             engine = \"{engine}\"\n  sources = {{ batch = {{ pods = {{ match_labels = {{ app = \"batch\" }} }}, \
             namespaces = {{ all = true }} }} }}\n  \
             nodes {{ match_labels = {{ egress = \"partners\" }} }}\n  ips = [\"192.168.1.10\"]\n  public_ips = [\"198.51.100.9\"]\n}}\n"
        )
    };
    let through = "  engine = \"cilium\"\n  via { egress_gateway = egress_gateway.partners }\n";
    let body = |cidr: &str| gateway("cilium") + &policy("backend", &namespace, &[cidr], through);
    let name = format!("{namespace}-backend");
    let way = |server: &ApiServer| server.get("ciliumegressgatewaypolicies.cilium.io", "", &name);

    workspace.write("main.tf", &(provider.clone() + &body(PARTNER)))?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let made = way(&server)?.unwrap_or_default();
    ensure!(made["spec"]["egressGateway"]["egressIP"] == "192.168.1.10", "{made:#}");
    says(&made["spec"].to_string(), &[PARTNER, &namespace, "partners"])?;
    let cidrs = sorted_strings(&workspace.output("backend_cidrs")?);
    ensure!(cidrs == ["198.51.100.9/32"], "{cidrs:?}");

    workspace.write("main.tf", &(provider.clone() + &body(BANK)))?;
    updates(&changes(&workspace.plan()?.0), "egress_policy.backend")?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    says(&way(&server)?.unwrap_or_default()["spec"].to_string(), &[BANK])?;
    workspace.destroy()?;
    ensure!(way(&server)?.is_none(), "the way is still there");

    let other = gateway("antrea") + &policy("backend", &namespace, &[PARTNER], through);
    workspace.write("main.tf", &(provider + &other))?;
    let said = acceptance_tests::host::unwrapped(&workspace.fail(&["plan", "-no-color"])?.output);
    says(
        &said,
        &["The engine antrea cannot send the traffic of a policy through a gateway", "sources of the egress_gateway"],
    )
}
