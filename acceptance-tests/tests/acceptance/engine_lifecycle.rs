//! What Terraform does with a policy, for every engine that policies are compiled to: a second plan, a change, a drift, a conflict,
//! an import, a switch to another engine, a destroy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use acceptance_tests::host::{Workspace, attributes, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};

use crate::engines::{Object, SOMEBODY, exists, objects, provider, take_over_label, workspace};
use crate::suite::{Needs, Run, Suite};
use crate::world::says;

/// The engines that policies are compiled to.
const ENGINES: [&str; 12] = [
    "network-policy",
    "cilium",
    "calico",
    "calico-enterprise",
    "istio",
    "cluster-network-policy",
    "admin-network-policy",
    "ovn-kubernetes",
    "antrea",
    "eks",
    "gke",
    "linkerd",
];

pub(crate) fn add_to(suite: &mut Suite) {
    let mut one = |name: &str, run| suite.on_one_host(&format!("engine_lifecycle::{name}"), Needs::Engines, run);
    one("each_engine_does_all_of_it", each_engine_does_all_of_it);
    one("another_version_of_the_engine_is_a_change_in_place", another_version_of_the_engine_is_a_change_in_place);
}

/// A policy for each engine, each in a namespace of its own, so that no two have one object.
struct World {
    workspace: Workspace,
    server: Arc<ApiServer>,
    namespaces: Vec<String>,
}

/// What differs between the steps.
#[derive(Clone, Copy)]
struct Step {
    /// What the policies allow.
    cidr: &'static str,
    /// By how many places the engines are shifted among the policies.
    shift: usize,
    /// Whether conflicts are won.
    force: bool,
}

impl World {
    fn new(run: &Run<'_>) -> Result<Self> {
        let (workspace, server) = workspace(run)?;
        let namespaces = ENGINES.iter().map(|_| server.own_namespace()).collect::<Result<_>>()?;
        Ok(Self { workspace, server, namespaces })
    }

    /// Each policy's name and address, and its engine in a step.
    fn policies(step: Step) -> impl Iterator<Item = (String, &'static str)> {
        let engine = move |index: usize| ENGINES[(index + step.shift) % ENGINES.len()];
        ENGINES.iter().enumerate().map(move |(index, _)| (format!("egress_policy.p{index}"), engine(index)))
    }

    fn configuration(&self, step: Step) -> String {
        let mut text = provider(&self.server, "");
        for (index, (_, engine)) in Self::policies(step).enumerate() {
            // These govern whole namespaces.
            let pods = if ["ovn-kubernetes", "linkerd"].contains(&engine) {
                ""
            } else {
                "  pods { match_labels = { app = \"backend\" } }\n"
            };
            // These have objects of their own for names alone, or one more kind.
            let names = if ["eks", "gke", "linkerd"].contains(&engine) {
                "    names = { to_domains = [\"api.example.com\"], ports = [443] }\n"
            } else {
                ""
            };
            let Step { cidr, force, .. } = step;
            let namespace = &self.namespaces[index];
            let _infallible = write!(
                text,
                "resource \"egress_policy\" \"p{index}\" {{\n  name = \"p{index}\"\n  namespace = \"{namespace}\"\n  \
                 engine = \"{engine}\"\n\
                 {pods}  labels = {{ team = \"payments\" }}\n  accept_timeout = \"0s\"\n  force_conflicts = {force}\n  allow = {{\n    \
                 partner = {{ to_cidrs = [\"{cidr}\"], ports = [443] }}\n{names}  }}\n}}\n"
            );
        }
        text
    }

    fn configure(&self, step: Step) -> Result<()> {
        self.workspace.write("main.tf", &self.configuration(step))
    }

    fn settle(&self, step: Step, what: &str) -> Result<()> {
        self.configure(step)?;
        self.workspace.apply().with_context(|| what.to_owned())?;
        self.workspace.expect_empty_plan().with_context(|| what.to_owned())
    }

    /// Every policy is planned to be changed, and none to be replaced.
    fn expects_updates(&self, what: &str) -> Result<String> {
        let (plan, said) = self.workspace.plan()?;
        let changes: BTreeMap<String, String> = changes(&plan).into_iter().collect();
        ensure!(changes.len() == ENGINES.len(), "{what}: not every policy changes: {changes:?}");
        ensure!(changes.values().all(|change| change == "update"), "{what}: {changes:?}");
        Ok(unwrapped(&said.output))
    }

    fn objects(&self, step: Step) -> Result<Vec<Object>> {
        let mut all = Vec::new();
        for (address, engine) in Self::policies(step) {
            let own = objects(&self.workspace, &address)?;
            ensure!(!own.is_empty(), "{engine} made nothing");
            all.extend(own);
        }
        Ok(all)
    }
}

fn each_engine_does_all_of_it(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let begin = Step { cidr: "203.0.113.0/24", shift: 0, force: false };
    world.settle(begin, "create")?;
    let made = world.objects(begin)?;
    for object in &made {
        ensure!(exists(&world.server, object), "{object:?} is in the state and not in the cluster");
    }
    let kinds: Vec<&str> = made.iter().map(|object| object.resource.as_str()).collect();
    for kind in [
        "ApplicationNetworkPolicy.v1alpha1.networking.k8s.aws",
        "FQDNNetworkPolicy.v1alpha1.networking.gke.io",
        "EgressNetwork.v1alpha1.policy.linkerd.io",
        "TCPRoute.v1alpha2.gateway.networking.k8s.io",
        "TLSRoute.v1alpha2.gateway.networking.k8s.io",
    ] {
        ensure!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }

    let changed = Step { cidr: "198.51.100.0/24", ..begin };
    world.configure(changed)?;
    world.expects_updates("change")?;
    world.settle(changed, "change")?;
    let changed_to = world.objects(changed)?;
    for object in made.iter().filter(|object| !changed_to.contains(object)) {
        ensure!(!exists(&world.server, object), "{object:?} is of addresses that the policy no longer has");
    }

    // A field of ours that somebody else applies is a drift, of which the plan warns, and then a conflict.
    for object in &changed_to {
        take_over_label(&world.server, object)?;
    }
    says(&world.expects_updates("drift")?, &["cannot be applied", "metadata.labels.team is owned by", SOMEBODY])?;
    let said = unwrapped(&world.workspace.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &[SOMEBODY, "metadata.labels.team", "force_conflicts"])?;
    ensure!(said.matches("could not be applied").count() >= ENGINES.len(), "not every engine has the conflict: {said}");
    let won = Step { force: true, ..changed };
    world.settle(won, "conflict")?;

    std::fs::remove_file(world.workspace.path().join("terraform.tfstate"))?;
    let imports: Vec<String> = World::policies(won)
        .zip(&world.namespaces)
        .enumerate()
        .map(|(index, ((address, _), namespace))| {
            format!("import {{\n  to = {address}\n  id = \"{namespace}/p{index}\"\n}}\n")
        })
        .collect();
    world.workspace.write("main.tf", &(world.configuration(won) + &imports.concat()))?;
    let (_, said) = world.workspace.plan()?;
    says(&said.output, &[&format!("{} to import, 0 to add", ENGINES.len())])?;
    world.workspace.apply().context("import")?;
    world.workspace.expect_empty_plan().context("import")?;

    let before = world.objects(won)?;
    let switched = Step { shift: 1, ..won };
    world.configure(switched)?;
    says(&world.expects_updates("switch")?, &["Objects will be replaced by others"])?;
    world.settle(switched, "switch")?;
    let now = world.objects(switched)?;
    for object in before.iter().filter(|object| !now.contains(object)) {
        ensure!(!exists(&world.server, object), "{object:?} of the engine before is left");
    }

    world.workspace.destroy()?;
    for object in &now {
        ensure!(!exists(&world.server, object), "{object:?} is left after the destroy");
    }
    Ok(())
}

fn another_version_of_the_engine_is_a_change_in_place(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = workspace(run)?;
    let namespace = server.own_namespace()?;
    let address = "egress_policy.backend";
    let configure = |version: &str| {
        let body = format!(
            "resource \"egress_policy\" \"backend\" {{\n  name = \"backend\"\n  namespace = \"{namespace}\"\n  accept_timeout = \"0s\"\n  \
             pods {{ match_labels = {{ app = \"backend\" }} }}\n  \
             allow = {{ partner = {{ to_domains = [\"**.example.com\"], ports = [443] }} }}\n}}\n"
        );
        let engine = format!("    engine = \"cilium\"\n    engine_versions = {{ cilium = \"{version}\" }}\n");
        workspace.write("main.tf", &(provider(&server, &engine) + &body))
    };
    let manifests = || -> Result<String> { Ok(attributes(&workspace.state()?, address)["manifests"].to_string()) };
    configure("1.16")?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let old = manifests()?;
    ensure!(!old.contains("**.example.com"), "Cilium has that pattern from 1.19 on: {old}");
    configure("1.19")?;
    let (plan, _) = workspace.plan()?;
    ensure!(changes(&plan) == [(address.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    says(&manifests()?, &["**.example.com"])?;
    // What both versions say alike is no change.
    configure("1.20")?;
    workspace.expect_empty_plan()?;
    workspace.destroy().map(drop)
}
