//! `egress_policy`: which traffic may leave pods.

mod config;
mod rendered;
mod resource;
mod schema;
mod via;

use egress_engines::manifest::Kind;
use egress_engines::{ENGINES, EngineName, GATEWAY_ENGINES, Level, engine, name_engines_that_can};
use egress_model::identity::ResourceType;
use egress_model::policy::{Danger, Policy, dangers};
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::schema::{IdentitySchema, Schema};

use crate::resources::objects::Compiles;
use crate::resources::objects::outcome::{Outcome, attribute_path, findings_to_diagnostics, mistakes, unknown_engine};
use crate::session::InCluster;

pub(crate) use rendered::rendered;
pub(crate) use resource::PolicyResource;

/// What an `egress_policy` is.
pub(crate) struct EgressPolicy;

impl Compiles for EgressPolicy {
    const TYPE_NAME: &'static str = "egress_policy";
    const TYPE: ResourceType = ResourceType::Policy;
    const THING: &'static str = "policy";
    const ATTACHES: bool = false;
    const REQUIRES: bool = false;

    fn schema() -> Schema {
        schema::schema()
    }

    fn identity_schema() -> IdentitySchema {
        schema::identity_schema()
    }

    fn check(value: &Value, in_cluster: &InCluster) -> Outcome {
        let mut written = config::read(value, in_cluster.cluster.as_ref());
        let chosen = in_cluster.engine_of(value);
        let own = chosen.and_then(engine).map(|engine| engine.own_namespaces).unwrap_or_default();
        written.spec.cluster.own_namespaces.extend(own.iter().map(|name| (*name).to_owned()));
        let mut diagnostics = config::spellings(&written.spec);
        diagnostics.extend(config::unknown_rules(value));
        let policy = match Policy::parse(&written.spec) {
            Ok(policy) => policy,
            Err(invalid) => {
                diagnostics.extend(mistakes(Self::THING, &invalid));
                return Outcome { diagnostics, ..Outcome::default() };
            }
        };
        diagnostics.extend(dangers(&policy).iter().map(danger));
        diagnostics.extend(via::check(value, &written.spec, &policy.cluster));
        let computed = vec![("egress_cidrs", via::egress_cidrs(value))];
        // Not known yet.
        let Some(name) = chosen else {
            return Outcome { computed, diagnostics, ..Outcome::default() };
        };
        let Some(engine) = engine(name) else {
            let known: Vec<EngineName> = ENGINES.iter().map(|engine| engine.name).collect();
            diagnostics.push(unknown_engine(name, &known));
            return Outcome { computed, diagnostics, ..Outcome::default() };
        };
        let settings = in_cluster.settings(engine.name);
        let mut compiled = (engine.compile)(&policy, &settings);
        name_engines_that_can(&mut compiled.findings, engine.name, |other| {
            egress_engines::engine(other.as_str()).map(|engine| (engine.compile)(&policy, &in_cluster.settings(other)))
        });
        diagnostics.extend(findings_to_diagnostics(engine.name, &compiled.findings));
        let refused = compiled.findings.iter().any(|finding| finding.level == Level::Refused);
        let way = via::in_cluster::compile(value, &policy, &written.spec, in_cluster);
        diagnostics.extend(way.diagnostics);
        // What is allowed leaves from the right address from the first moment.
        let manifests = way.manifests.map(|way| way.into_iter().chain(compiled.manifests).collect());
        let manifests = manifests.filter(|_| written.complete && !refused);
        Outcome { manifests, computed, diagnostics, ..Outcome::default() }
    }

    fn engines() -> Vec<&'static str> {
        ENGINES.iter().map(|engine| engine.name.as_str()).collect()
    }

    fn kinds() -> Vec<&'static Kind> {
        let policies = ENGINES.iter().flat_map(|engine| engine.kinds);
        // A policy through a gateway in the cluster has an object of the gateway's engine.
        policies.chain(GATEWAY_ENGINES.iter().flat_map(|engine| engine.kinds)).copied().collect()
    }

    fn parse_id(id: &str) -> Result<Value, Diagnostic> {
        let parts: Vec<_> = id.split('/').collect();
        match parts[..] {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                Ok(Value::object([("namespace", Value::from(namespace)), ("name", Value::from(name))]))
            }
            [name] if !name.is_empty() => Ok(Value::object([("namespace", Value::Null), ("name", Value::from(name))])),
            _ => {
                let detail = format!(
                    "{id:?} is neither \"namespace/name\", such as \"production/backend\", nor \"name\" of a policy of the whole cluster."
                );
                Err(Diagnostic::error("The import id cannot be used", detail))
            }
        }
    }
}

/// A warning of what the policy would stop in the cluster.
fn danger(danger: &Danger) -> Diagnostic {
    let path = attribute_path(&danger.path);
    Diagnostic::warning(danger.headline, format!("{path} {}.", danger.why)).at(path)
}

#[cfg(test)]
mod tests;
