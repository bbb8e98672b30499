//! `egress_gateway`: traffic of some pods leaves the cluster from known addresses.

mod config;
mod schema;

use egress_engines::gateway_engine;
use egress_engines::manifest::Kind;
use egress_engines::{EngineName, GATEWAY_ENGINES, Level, name_engines_that_can};
use egress_model::cidr::Cidr;
use egress_model::gateway::Gateway;
use egress_model::identity::ResourceType;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::schema::{IdentitySchema, Schema};

use crate::resources::objects::outcome::{Outcome, findings_to_diagnostics, mistakes, unknown_engine};
use crate::resources::objects::{Compiles, ObjectResource};
use crate::session::InCluster;

/// The resource.
pub(crate) type GatewayResource = ObjectResource<EgressGateway>;

/// What an `egress_gateway` is.
pub(crate) struct EgressGateway;

impl Compiles for EgressGateway {
    const TYPE_NAME: &'static str = "egress_gateway";
    const TYPE: ResourceType = ResourceType::Gateway;
    const THING: &'static str = "gateway";
    const ATTACHES: bool = true;
    const REQUIRES: bool = true;

    fn schema() -> Schema {
        schema::schema()
    }

    fn identity_schema() -> IdentitySchema {
        schema::identity_schema()
    }

    fn check(value: &Value, in_cluster: &InCluster) -> Outcome {
        let written = config::read(value);
        let later = || vec![("egress_cidrs", Value::UNKNOWN)];
        let gateway = match Gateway::parse(&written.spec) {
            Ok(gateway) => gateway,
            Err(invalid) => {
                let diagnostics = mistakes(Self::THING, &invalid);
                return Outcome { diagnostics, computed: later(), ..Outcome::default() };
            }
        };
        // Not known yet.
        let Some(name) = in_cluster.engine_of(value) else {
            return Outcome { computed: later(), ..Outcome::default() };
        };
        let Some(engine) = gateway_engine(name) else {
            let known: Vec<EngineName> = GATEWAY_ENGINES.iter().map(|engine| engine.name).collect();
            let diagnostics = unknown_engine(name, &known).into();
            return Outcome { diagnostics, computed: later(), ..Outcome::default() };
        };
        let settings = in_cluster.settings(engine.name);
        let mut compiled = (engine.compile)(&gateway, &settings);
        name_engines_that_can(&mut compiled.findings, engine.name, |other| {
            gateway_engine(other.as_str()).map(|engine| (engine.compile)(&gateway, &in_cluster.settings(other)))
        });
        let refused = compiled.findings.iter().any(|finding| finding.level == Level::Refused);
        let in_unknown_cluster = in_cluster.cluster.is_none();
        let known = written.complete && !refused && !in_unknown_cluster;
        let computed =
            vec![("egress_cidrs", if written.addresses_known { egress_cidrs(&gateway) } else { Value::UNKNOWN })];
        let diagnostics = findings_to_diagnostics(engine.name, &compiled.findings);
        Outcome {
            manifests: known.then_some(compiled.manifests),
            attachments: compiled.attachments,
            requirements: known.then(|| (engine.requirements)(&gateway, &settings)),
            computed,
            diagnostics,
        }
    }

    fn engines() -> Vec<&'static str> {
        GATEWAY_ENGINES.iter().map(|engine| engine.name.as_str()).collect()
    }

    fn kinds() -> Vec<&'static Kind> {
        GATEWAY_ENGINES.iter().flat_map(|engine| engine.kinds).copied().collect()
    }

    fn parse_id(id: &str) -> Result<Value, Diagnostic> {
        match id.split('/').collect::<Vec<_>>()[..] {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                Ok(Value::object([("namespace", namespace), ("name", name)]))
            }
            _ => {
                let detail = format!("{id:?} is not of the form \"namespace/name\", such as \"egress/partners\".");
                Err(Diagnostic::error("The import id cannot be used", detail))
            }
        }
    }
}

/// The addresses that the outside sees: the public ones, or else those on the cluster's network; null where the engine chooses
/// them, because then nothing here knows them.
fn egress_cidrs(gateway: &Gateway) -> Value {
    let seen = if gateway.public_ips.is_empty() { &gateway.ips } else { &gateway.public_ips };
    if seen.is_empty() {
        return Value::Null;
    }
    Value::list(seen.iter().map(|address| Cidr::of_address(*address).to_string()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
