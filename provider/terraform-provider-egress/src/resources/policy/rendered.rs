//! A policy that is given as a value and compiled without a resource.

use tfplugin::cty::Value;
use tfplugin::resource::Resource;
use tfplugin::schema::Schema;
use tfplugin::{Diagnostic, Diagnostics, Severity, conform};

use super::{EgressPolicy, via};
use crate::resources::egress_gateway::GatewayResource;
use crate::resources::objects::Compiles;
use crate::resources::objects::state::checked;
use crate::session::InCluster;

/// What a policy becomes.
pub(crate) struct Rendered {
    /// The objects as YAML documents, by kind, namespace and name.
    pub(crate) manifests: Value,
    /// What the engine does, though not exactly as written.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Compiles the arguments of an `egress_policy` in a wholly known value of any type. What the value says about delivery is no
/// argument here.
pub(crate) fn rendered(value: &Value, in_cluster: &InCluster) -> Result<Rendered, Diagnostics> {
    let schema: Schema = EgressPolicy::schema();
    let policy = conform::conform(&schema, &without_outputs_of_gateways(value))?;
    if via::is_a_nat_gateway(&policy) {
        return Err(via::not_rendered().into());
    }
    let outcome = checked::<EgressPolicy>(&policy, in_cluster);
    if outcome.diagnostics.has_errors() {
        return Err(outcome.diagnostics);
    }
    let Some(manifests) = outcome.manifests else {
        let detail = "Everything is known, and yet there are no objects. This is a bug in the provider.";
        return Err(Diagnostic::error("The policy was not compiled", detail).into());
    };
    let warnings = outcome.diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Warning);
    let manifests = Value::map(manifests.iter().map(|manifest| (manifest.id().to_string(), manifest.to_yaml())));
    Ok(Rendered { manifests, warnings: warnings.collect() })
}

/// `via.egress_gateway` may be the whole resource, which has more attributes than `via` reads. They are no misspelt words.
fn without_outputs_of_gateways(value: &Value) -> Value {
    let mut value = value.clone();
    let gateway = value.as_object_mut().and_then(|policy| policy.get_mut("via"));
    let gateway = gateway.and_then(|via| via.as_object_mut()?.get_mut("egress_gateway"));
    if let Some(gateway) = gateway.and_then(Value::as_object_mut) {
        let read = via::read_of_gateways();
        let passed_over = GatewayResource::new(std::sync::Arc::default()).schema().ty();
        let is_passed_over = |name: &str| match &passed_over {
            tfplugin::cty::Type::Object(names) => names.contains_key(name) && !read.contains(&name),
            _ => false,
        };
        gateway.retain(|name, _| !is_passed_over(name));
    }
    value
}
