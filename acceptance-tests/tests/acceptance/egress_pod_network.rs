//! `egress_pod_network` on real hosts and an API server that has the definitions of EKS, AKS and ACK.

use acceptance_tests::cloud::ZONES;
use acceptance_tests::host::{Workspace, attributes, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::suite::{
    Needs, REQUIRED_PROVIDERS, Run, Suite, api_server, api_server_with_engines, own_server_with_engines,
};
use crate::world::{World, gateways, pool, says, sorted_strings};

const ADDRESS: &str = "egress_pod_network.prod";

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host(
        "egress_pod_network::each_service_is_applied_changed_and_destroyed",
        Needs::Engines,
        each_service_is_applied_changed_and_destroyed,
    );
    let mut one = |name: &str, needs, run| suite.on_one_host(&format!("egress_pod_network::{name}"), needs, run);
    one("a_rename_keeps_the_objects", Needs::Engines, a_rename_keeps_the_objects);
    one("an_object_of_another_pod_network_is_refused", Needs::Engines, an_object_of_another_pod_network_is_refused);
    one("pods_leave_through_a_nat_gateway_of_the_same_configuration", Needs::Engines, pods_leave_through_a_nat_gateway);
    one("rendering_needs_no_cluster", Needs::Host, rendering_needs_no_cluster);
    one("bad_input_is_refused", Needs::Host, bad_input_is_refused);
    one("a_missing_definition_says_what_brings_it", Needs::Cluster, a_missing_definition_says_what_brings_it);
}

fn provider(server: &ApiServer) -> String {
    let kubeconfig = server.kubeconfig().display();
    let kubernetes = format!("kubernetes {{ config_path = \"{kubeconfig}\" }}");
    format!("{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme-pod-network\"\n  {kubernetes}\n}}\n")
}

fn network(name: &str, body: &str) -> String {
    format!("resource \"egress_pod_network\" \"prod\" {{\n  name = \"{name}\"\n{body}}}\n")
}

/// An object as kubectl finds it.
struct Expected {
    resource: &'static str,
    namespace: String,
    name: String,
}

impl Expected {
    fn of(resource: &'static str, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    fn live(&self, server: &ApiServer) -> Result<Option<Json>> {
        server.get(self.resource, &self.namespace, &self.name)
    }
}

/// One service: what is written, what is changed in it, the object, and what the change shows in it.
struct Case {
    name: String,
    body: String,
    change: (&'static str, &'static str),
    object: Expected,
    shows: (&'static str, Json),
}

fn cases(namespace: &str) -> Vec<Case> {
    let case = |service: &str, body: String, change, object, shows| Case {
        name: format!("acceptance-{service}"),
        body,
        change,
        object,
        shows,
    };
    // Some of these objects are the whole cluster's, which all hosts share: their names are this run's.
    vec![
        case(
            "eks-groups",
            format!(
                "  eks {{\n    security_group_policies = {{ payments = {{\n    namespace = \"{namespace}\"\n    \
                 pods = {{ match_labels = {{ app = \"payments\" }} }}\n    \
                 security_group_ids = [\"sg-0123456789abcdef0\"]\n    }} }}\n  }}\n"
            ),
            ("sg-0123456789abcdef0", "sg-12345678"),
            Expected::of("securitygrouppolicies.vpcresources.k8s.aws", namespace, "payments"),
            ("/spec/securityGroups/groupIds", json!(["sg-12345678"])),
        ),
        case(
            "aks",
            format!(
                "  aks {{\n    static_gateway_configurations = {{ partners = {{\n    \
                 namespace = \"{namespace}\"\n    gateway_nodepool_name = \"egress\"\n    \
                 provision_public_ips = true\n    default_route = \"staticEgressGateway\"\n    \
                 exclude_cidrs = [\"10.0.0.0/8\"]\n    }} }}\n  }}\n"
            ),
            ("10.0.0.0/8", "10.244.0.0/16"),
            Expected::of("staticgatewayconfigurations.egressgateway.kubernetes.azure.com", namespace, "partners"),
            ("/spec/excludeCidrs", json!(["10.244.0.0/16"])),
        ),
        case(
            "ack",
            format!(
                "  ack {{\n    pod_networkings = {{ {namespace} = {{\n      \
                 pods = {{ match_labels = {{ egress = \"own\" }} }}\n      namespaces = {{ all = true }}\n      \
                 allocation_type = \"Elastic\"\n      \
                 vswitch_ids = [\"vsw-bp1s5fnvk4gn2tws03624\"]\n      security_group_ids = [\"sg-bp1fg655nh68xyz9i9pj\"]\n    }} }}\n    \
                 pod_eips = {{ partners = {{ new = true, bandwidth = 10, release_strategy = \"Follow\" }} }}\n  }}\n"
            ),
            ("vsw-bp1s5fnvk4gn2tws03624", "vsw-bp1aaaabbbbccccdddde"),
            Expected::of("podnetworkings.network.alibabacloud.com", "default", namespace),
            ("/spec/vSwitchOptions", json!(["vsw-bp1aaaabbbbccccdddde"])),
        ),
    ]
}

fn each_service_is_applied_changed_and_destroyed(run: &Run<'_>) -> Result<()> {
    let server = api_server_with_engines()?;
    let namespace = server.own_namespace()?;
    for case in cases(&namespace) {
        let workspace = run.workspace()?;
        lives(&workspace, &server, &case).with_context(|| case.name.clone())?;
    }
    // There is one of these in a cluster, so hosts take turns on clusters of their own.
    let server = ApiServer::start_own()?;
    let case = Case {
        name: "acceptance-gke".to_owned(),
        body: "  gke { non_masquerade_cidrs = [\"10.0.0.0/8\"] }\n".to_owned(),
        change: ("10.0.0.0/8", "172.16.0.0/12"),
        object: Expected::of("configmaps", "kube-system", "ip-masq-agent"),
        shows: (
            "/data/config",
            json!("masqLinkLocal: false\nnonMasqueradeCIDRs:\n- \"172.16.0.0/12\"\nresyncInterval: \"60s\"\n"),
        ),
    };
    lives(&run.workspace()?, &server, &case).context("acceptance-gke")
}

fn lives(workspace: &Workspace, server: &ApiServer, case: &Case) -> Result<()> {
    workspace.write("main.tf", &(provider(server) + &network(&case.name, &case.body)))?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let before = case.object.live(server)?.context("it is not in the cluster")?;
    ensure!(before["metadata"]["labels"]["egress-name"] == case.name.as_str(), "{:#}", before["metadata"]);
    let changed = case.body.replace(case.change.0, case.change.1);
    workspace.write("main.tf", &(provider(server) + &network(&case.name, &changed)))?;
    let (plan, _) = workspace.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let live = case.object.live(server)?.context("it is not in the cluster any longer")?;
    ensure!(live["metadata"]["uid"] == before["metadata"]["uid"], "the object was replaced");
    let (pointer, value) = &case.shows;
    ensure!(live.pointer(pointer) == Some(value), "{live:#}");
    workspace.destroy()?;
    ensure!(case.object.live(server)?.is_none(), "it is left after the destroy");
    Ok(())
}

fn eni_config(zone: &str, more: &str) -> String {
    format!(
        "  eks {{\n    eni_configs = {{ {zone} = {{ subnet_id = \"subnet-0a1b2c3d4e5f60718\", security_group_ids = [] }} }}\n  }}\n{more}"
    )
}

/// A zone that no other scenario and host has: the objects are called after zones.
fn own_zone(run: &Run<'_>, number: u8) -> String {
    let host: String = run.host.name().to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("eu-{host}-{number}a")
}

fn a_rename_keeps_the_objects(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server_with_engines()?);
    let zone = own_zone(run, 1);
    let object = Expected::of("eniconfigs.crd.k8s.amazonaws.com", "default", &zone);
    workspace.write("main.tf", &(provider(&server) + &network("before", &eni_config(&zone, ""))))?;
    workspace.apply()?;
    let before = object.live(&server)?.context("it is not in the cluster")?;
    workspace.write("main.tf", &(provider(&server) + &network("after", &eni_config(&zone, ""))))?;
    let (plan, _) = workspace.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let after = object.live(&server)?.context("it is not in the cluster any longer")?;
    ensure!(after["metadata"]["uid"] == before["metadata"]["uid"], "the object was replaced");
    ensure!(after["metadata"]["labels"]["egress-name"] == "after", "{:#}", after["metadata"]);
    workspace.destroy().map(drop)
}

fn an_object_of_another_pod_network_is_refused(run: &Run<'_>) -> Result<()> {
    let (first, second, server) = (run.workspace()?, run.workspace()?, api_server_with_engines()?);
    let zone = own_zone(run, 2);
    first.write("main.tf", &(provider(&server) + &network("first", &eni_config(&zone, ""))))?;
    first.apply()?;
    second.write("main.tf", &(provider(&server) + &network("second", &eni_config(&zone, ""))))?;
    let said = unwrapped(&second.fail(&["plan", "-no-color"])?.output);
    says(&said, &["belongs to another resource", "for the pod-network \"first\", of the same owner"])?;
    first.expect_empty_plan()?;
    first.destroy().map(drop)
}

/// One configuration, two aliases: AWS makes the gateway, the cluster takes the objects.
fn pods_leave_through_a_nat_gateway(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let server = own_server_with_engines()?;
    let [first, second] = ZONES;
    let cluster = format!(
        "provider \"egress\" {{\n  alias = \"cluster\"\n  owner = \"acme-acceptance\"\n  kubernetes {{ config_path = \"{}\" }}\n}}\n",
        server.kubeconfig().display()
    );
    let with_zones = |zones: &[&str]| {
        let zones: Vec<String> = (0..)
            .zip(zones)
            .map(|(n, zone)| {
                format!("      {zone} = {{ subnet_id = \"subnet-0a1b2c3d4e5f6071{n}\", security_group_ids = [] }}\n")
            })
            .collect();
        let zones = zones.concat();
        let network = format!(
            "resource \"egress_pod_network\" \"prod\" {{\n  provider = egress.cluster\n  name = \"prod\"\n  eks \
             {{\n    nat_gateway = egress_nat_gateway.prod\n    eni_configs = {{\n{zones}    }}\n  }}\n}}\n"
        );
        format!(
            "{}{}{cluster}{network}",
            pool(&["a", "b"], "  on_ip_change = \"warn\"\n  release_policy = \"release\"\n"),
            gateways(&world.cloud, [&["a"], &["b"]], "")
        )
    };
    world.settle(&with_zones(&[first, second]))?;
    let state = world.state()?;
    let own = attributes(&state, ADDRESS);
    let gateway = attributes(&state, "egress_nat_gateway.prod");
    ensure!(own["egress_cidrs"] == gateway["egress_cidrs"], "{:#}", own["egress_cidrs"]);
    ensure!(sorted_strings(&own["egress_cidrs"]).len() == 2, "{:#}", own["egress_cidrs"]);
    let given = own["eks"]["nat_gateway"].as_object().context("no gateway")?;
    let names: Vec<&str> = given.keys().map(String::as_str).collect();
    ensure!(names == ["aws", "egress_cidrs"], "more of the gateway is kept than is used: {names:?}");
    let (changed, said) = world.plan_of(&with_zones(&[first, "eu-west-1z"]))?;
    says(&said, &["has no gateway in eu-west-1z", "Objects will be deleted", &format!("ENIConfig/{second}")])?;
    ensure!(changed == [(ADDRESS.to_owned(), "update".to_owned())], "{changed:?}");
    world.destroy().map(drop)
}

/// Nobody listens there.
const NOWHERE: &str = "kubernetes {\n  host = \"https://127.0.0.1:1\"\n  token = \"none\"\n  insecure = true\n}";

fn elsewhere(kubernetes: &str) -> String {
    format!("{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme-pod-network\"\n  {kubernetes}\n}}\n")
}

fn rendering_needs_no_cluster(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    for provider in [elsewhere(""), elsewhere(NOWHERE)] {
        let body = network("prod", &eni_config("eu-west-1a", "  delivery = \"render\"\n"));
        workspace.write("main.tf", &(provider + &body))?;
        workspace.apply()?;
        workspace.expect_empty_plan()?;
        let state = workspace.state()?;
        let manifests = attributes(&state, ADDRESS)["manifests"].to_string();
        says(&manifests, &["ENIConfig/eu-west-1a", "subnet-0a1b2c3d4e5f60718"])?;
    }
    Ok(())
}

fn bad_input_is_refused(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    for (body, said) in [
        (
            "  eks {\n    eni_configs = { a = { subnet_id = \"subnet-12345678\", security_group_ids = [] } }\n  }\n",
            "is no Availability Zone",
        ),
        ("  gke { non_masquerade_cidrs = [] }\n", "names no block"),
        (
            "  gke { non_masquerade_cidrs = [\"10.0.0.0/8\"] }\n  ack { pod_eips = { a = { instance_id = \"eip-1\" } } }\n",
            "only one can be set",
        ),
        ("", "One of eks, aks, gke and ack is required"),
    ] {
        workspace.write("main.tf", &(elsewhere(NOWHERE) + &network("prod", body)))?;
        let failed = unwrapped(&workspace.fail(&["validate", "-no-color"])?.output);
        says(&failed, &[said]).with_context(|| body.to_owned())?;
    }
    Ok(())
}

fn a_missing_definition_says_what_brings_it(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server()?);
    workspace.write(
        "main.tf",
        &(provider(&server) + &network("prod", &eni_config("eu-west-1a", "  timeouts { create = \"2s\" }\n"))),
    )?;
    let said = unwrapped(&workspace.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(
        &said,
        &["does not serve ENIConfig in crd.k8s.amazonaws.com/v1alpha1", "It comes with the VPC CNI plugin of EKS"],
    )?;
    workspace.destroy().map(drop)
}
