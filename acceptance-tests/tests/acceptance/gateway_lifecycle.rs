//! What Terraform does with a gateway, for every engine that has one: a second plan, a change, a drift, a conflict, an import, a
//! destroy.

use std::collections::BTreeMap;
use std::sync::Arc;

use acceptance_tests::host::{Workspace, attributes, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::engines::{Object, exists, objects, provider, take_over_label, workspace};
use crate::suite::{Needs, Run, Suite};
use crate::world::says;

/// The engines with gateways, and what a gateway says on each.
const ENGINES: [(&str, &str); 9] = [
    ("cilium", IPS_AND_NODES),
    ("antrea", IPS_AND_NODES),
    ("ovn-kubernetes", IPS),
    ("spidernet", IPS_AND_NODES),
    ("calico", IPS),
    ("calico-enterprise", IPS_AND_NODES),
    ("istio", "  to { domains = [\"api.example.com\"] }\n"),
    ("aks", "  nodes { match_labels = { \"kubernetes.azure.com/agentpool\" = \"egress\" } }\n"),
    ("kube-ovn", IPS_AND_NODES),
];
const IPS: &str = "  ips = [\"192.168.1.50\"]\n";
const IPS_AND_NODES: &str = "  ips = [\"192.168.1.50\"]\n  nodes { match_labels = { egress = \"yes\" } }\n";
/// What Kube-OVN's gateways need.
const SETTINGS: &str = "    kube_ovn { external_subnet = \"external\" }\n";

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("gateway_lifecycle::each_engine_does_all_of_it", Needs::Engines, each_engine_does_all_of_it);
}

struct World {
    workspace: Workspace,
    server: Arc<ApiServer>,
    /// Of the gateways.
    namespace: String,
    /// Of the pods whose traffic it is.
    shop: String,
}

impl World {
    /// The name of an engine's gateway: many of its objects are the whole cluster's, which all hosts share.
    fn name(&self, engine: &str) -> String {
        format!("{engine}-{}", self.namespace)
    }

    fn configuration(&self, team: &str, force: bool) -> String {
        let Self { namespace, shop, .. } = self;
        let gateways = ENGINES.map(|(engine, body)| {
            // A static egress gateway of AKS is for pods of its own namespace.
            let source = if engine == "aks" { namespace } else { shop };
            format!(
                "resource \"egress_gateway\" \"{engine}\" {{\n  name = \"{}\"\n  namespace = \"{namespace}\"\n  engine = \"{engine}\"\n  \
                 accept_timeout = \"0s\"\n  labels = {{ team = \"{team}\" }}\n  force_conflicts = {force}\n  \
                 sources = {{ own = {{ namespaces = {{ names = [\"{source}\"] }}, pods = {{ all = true }} }} }}\n{body}}}\n",
                self.name(engine)
            )
        });
        provider(&self.server, SETTINGS) + &gateways.concat()
    }

    fn settle(&self, team: &str, force: bool, what: &str) -> Result<()> {
        self.workspace.write("main.tf", &self.configuration(team, force))?;
        self.workspace.apply().with_context(|| what.to_owned())?;
        self.workspace.expect_empty_plan().with_context(|| what.to_owned())
    }

    /// Every gateway is planned to be changed, and none to be replaced.
    fn expects_updates(&self, what: &str) -> Result<()> {
        let (plan, _) = self.workspace.plan()?;
        let changes: BTreeMap<String, String> = changes(&plan).into_iter().collect();
        ensure!(changes.len() == ENGINES.len(), "{what}: not every gateway changes: {changes:?}");
        ensure!(changes.values().all(|change| change == "update"), "{what}: {changes:?}");
        Ok(())
    }

    fn objects(&self) -> Result<Vec<Object>> {
        let mut all = Vec::new();
        for (engine, _) in ENGINES {
            let own = objects(&self.workspace, &format!("egress_gateway.{engine}"))?;
            ensure!(!own.is_empty(), "{engine} made nothing");
            all.extend(own);
        }
        Ok(all)
    }

    /// What the annotations of the pods' namespace say.
    fn annotations(&self) -> Result<Json> {
        let namespace = self.server.get("namespace", &self.shop, &self.shop)?.context("no namespace")?;
        Ok(namespace["metadata"]["annotations"].clone())
    }
}

fn each_engine_does_all_of_it(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = workspace(run)?;
    let (namespace, shop) = (server.own_namespace()?, server.own_namespace()?);
    let world = World { workspace, server, namespace, shop };
    world.settle("payments", false, "create")?;
    let made = world.objects()?;
    for object in &made {
        ensure!(exists(&world.server, object), "{object:?} is in the state and not in the cluster");
    }
    let state = world.workspace.state()?;
    for (engine, body) in ENGINES {
        let own = attributes(&state, &format!("egress_gateway.{engine}"));
        // Calico gives each pod one of the addresses; elsewhere they are what the outside sees, or the engine chooses.
        let expected = if body.starts_with(IPS) { json!(["192.168.1.50/32"]) } else { Json::Null };
        ensure!(own["egress_cidrs"] == expected, "{engine}: {:#}", own["egress_cidrs"]);
        ensure!(own["requirements"].as_array().is_some_and(|list| !list.is_empty()), "{engine} needs nothing?");
    }
    for annotation in ["cni.projectcalico.org/ipv4pools", "egress.projectcalico.org/egressGatewayPolicy"] {
        ensure!(!world.annotations()?[annotation].is_null(), "{annotation} is not there");
    }

    world.workspace.write("main.tf", &world.configuration("shop", false))?;
    world.expects_updates("change")?;
    world.settle("shop", false, "change")?;
    ensure!(world.objects()? == made, "a label makes no other objects");

    for object in &made {
        take_over_label(&world.server, object)?;
    }
    world.expects_updates("drift")?;
    let said = unwrapped(&world.workspace.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &["metadata.labels.team", "force_conflicts"])?;
    ensure!(said.matches("could not be applied").count() >= ENGINES.len(), "not every engine has the conflict: {said}");
    world.settle("shop", true, "conflict")?;

    std::fs::remove_file(world.workspace.path().join("terraform.tfstate"))?;
    let imports = ENGINES.map(|(engine, _)| {
        format!(
            "import {{\n  to = egress_gateway.{engine}\n  id = \"{}/{}\"\n}}\n",
            world.namespace,
            world.name(engine)
        )
    });
    world.workspace.write("main.tf", &(world.configuration("shop", true) + &imports.concat()))?;
    let (_, said) = world.workspace.plan()?;
    says(&said.output, &[&format!("{} to import, 0 to add", ENGINES.len())])?;
    world.workspace.apply().context("import")?;
    world.workspace.expect_empty_plan().context("import")?;

    world.workspace.destroy()?;
    for object in &made {
        ensure!(!exists(&world.server, object), "{object:?} is left after the destroy");
    }
    let left = world.annotations()?;
    ensure!(left.as_object().is_none_or(serde_json::Map::is_empty), "annotations are left: {left}");
    Ok(())
}
