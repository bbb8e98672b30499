//! The way through a gateway in the cluster: another object of the gateway's engine, for the policy's pods and blocks, with the
//! gateway's addresses and nodes.

use egress_engines::gateway_engine;
use egress_engines::{EngineName, Finding, GATEWAY_ENGINES, Level, Manifest, name_engines_that_can};
use egress_model::gateway::{Gateway, GatewaySpec};
use egress_model::policy::{Form, Path as ModelPath, Policy, Spec, Step};
use egress_model::via::{Unroutable, gateway_for};
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::report;
use crate::resources::objects::outcome::{findings_to_diagnostics, mistakes, unknown_engine};
use crate::resources::objects::values::{number, owned_text, selector, strings};
use crate::session::InCluster;

/// The way to a gateway.
#[derive(Debug, Default)]
pub(in super::super) struct Way {
    /// The objects that go there, which come before the policy's; none while a part is not known, or with mistakes.
    pub(in super::super) manifests: Option<Vec<Manifest>>,
    /// The errors and warnings.
    pub(in super::super) diagnostics: Diagnostics,
}

/// Compiles the way. A policy that does not go through a gateway in the cluster has one without objects.
pub(in super::super) fn compile(value: &Value, policy: &Policy, spec: &Spec, in_cluster: &InCluster) -> Way {
    let none = || Way { manifests: Some(Vec::new()), ..Way::default() };
    let Some(via) = value.get("via").filter(|via| !via.is_null()) else { return none() };
    if via.is_unknown() {
        return Way::default();
    }
    let Some(gateway) = via.get("egress_gateway").filter(|gateway| !gateway.is_null()) else { return none() };
    let Some(name) = in_cluster.engine_of(gateway) else { return Way::default() };
    let Some(engine) = gateway_engine(name) else {
        let known: Vec<EngineName> = GATEWAY_ENGINES.iter().map(|engine| engine.name).collect();
        let unknown = unknown_engine(name, &known).at(report::egress_gateway().child("engine"));
        return Way { diagnostics: unknown.into(), ..Way::default() };
    };
    if let Some(why) = engine.not_for_policies {
        return Way { diagnostics: report::no_second_way(engine.name, why).into(), ..Way::default() };
    }
    let spec = match gateway_for(policy, spec, &through(gateway)) {
        Ok(spec) => spec,
        Err(wrong) => {
            let diagnostics = wrong.iter().map(|(path, why)| report::unroutable(path, why, instead(why))).collect();
            return Way { diagnostics, ..Way::default() };
        }
    };
    if !gateway.is_wholly_known() {
        return Way::default();
    }
    let compiled = match Gateway::parse(&spec) {
        Ok(gateway) => {
            let mut compiled = (engine.compile)(&gateway, &in_cluster.settings(engine.name));
            name_engines_that_can(&mut compiled.findings, engine.name, |other| {
                let other = gateway_engine(other.as_str()).filter(|other| other.not_for_policies.is_none())?;
                Some((other.compile)(&gateway, &in_cluster.settings(other.name)))
            });
            compiled
        }
        Err(mut invalid) => {
            for invalid in &mut invalid {
                invalid.path = located(&invalid.path);
            }
            return Way { diagnostics: mistakes("gateway", &invalid), ..Way::default() };
        }
    };
    let findings: Vec<Finding> =
        compiled.findings.into_iter().map(|finding| Finding { path: located(&finding.path), ..finding }).collect();
    // What is degraded the gateway itself warns of.
    let refused: Vec<Finding> = findings.into_iter().filter(|finding| finding.level == Level::Refused).collect();
    let manifests = refused.is_empty().then_some(compiled.manifests);
    Way { manifests, diagnostics: findings_to_diagnostics(engine.name, &refused) }
}

/// What to do where a part of the policy cannot be sent through a gateway in the cluster.
fn instead(why: &Unroutable) -> &'static str {
    match why {
        Unroutable::Domains => {
            "Write the provider's published blocks in to_cidrs, or move the rule to a policy without via."
        }
        Unroutable::ServiceAccounts => "Select them in pods.",
        Unroutable::NotEnforced { .. } => report::ENFORCE,
        Unroutable::Nothing => "Write to_cidrs in a rule, or leave via out.",
        Unroutable::Everything | Unroutable::Ipv6 | Unroutable::Except | Unroutable::WithinCluster { .. } => {
            report::MOVE_BLOCK
        }
    }
}

/// The gateway as it is referred to. Its own sources and destinations do not matter here.
fn through(gateway: &Value) -> GatewaySpec {
    let known = |name| gateway.get(name).filter(|part| part.is_wholly_known() && !part.is_null());
    GatewaySpec {
        name: known("name").map(owned_text).unwrap_or_default(),
        namespace: known("namespace").map(owned_text).unwrap_or_default(),
        ips: known("ips").map(strings).unwrap_or_default(),
        public_ips: known("public_ips").map(strings).unwrap_or_default(),
        nodes: known("nodes").map(|nodes| selector(nodes, Form::Block)),
        interface: known("interface").map(owned_text),
        replicas: known("replicas").map(number),
        ..GatewaySpec::default()
    }
}

/// Where a part of the gateway is in the policy.
fn located(path: &ModelPath) -> ModelPath {
    let at = ModelPath::root().field("via").field("egress_gateway");
    let of_gateway = ["namespace", "ips", "public_ips", "nodes", "interface", "replicas"];
    match path.steps().first() {
        Some(Step::Field(name)) if of_gateway.contains(name) => path.steps().iter().fold(at, |path, step| match step {
            Step::Field(name) => path.field(name),
            Step::Key(key) => path.key(key.clone()),
            Step::Index(index) => path.index(*index),
        }),
        Some(Step::Field("name")) => ModelPath::root().field("name"),
        _ => ModelPath::root().field("via"),
    }
}
