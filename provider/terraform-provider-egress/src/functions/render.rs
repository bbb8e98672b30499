//! `render`: the objects of a policy, without a cluster.

use tfplugin::cty::{Type, Value};
use tfplugin::function::{Function, FunctionError, Signature};
use tfplugin::{Diagnostics, Severity};

use super::{are_known, argument, parameter, wrong};
use crate::provider::configuration::cluster_description;
use crate::resources::rendered_policy;

/// `provider::egress::render(policy, kubernetes)`.
pub(super) struct Render;

impl Function for Render {
    fn name(&self) -> &'static str {
        "render"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Compiles a policy to the objects of an engine".to_owned(),
            description: "The Kubernetes objects that an `egress_policy` with these arguments becomes, without a cluster, a state or a \
                          configured provider: for tests of a policy library (`terraform test`), for a repository from which a GitOps \
                          controller deploys, and in `terraform console`.\n\n\
                          The result is an object of:\n\n\
                          - `manifests` (Map of String) the objects as YAML documents, by `KIND/NAMESPACE/NAME`: what an \
                          `egress_policy` with `delivery = \"render\"` has as lines in `manifests`\n\
                          - `warnings` (List of String) what the engine does, though not exactly as written; a \
                          resource would warn of it in the plan, which a function cannot\n\n\
                          Both arguments are read as strictly as blocks: a word that does not exist, at any depth, is an error with its \
                          path, and so is what the engine cannot express."
                .to_owned(),
            parameters: vec![
                parameter(
                    "policy",
                    Type::Dynamic,
                    "The arguments of an `egress_policy`, blocks written as objects (`pods = { match_labels = { app = \"backend\" } }`), \
                     without those that say how objects are applied. A policy that leaves through a NAT gateway (`via`) needs routes in \
                     a cloud, and cannot be rendered.",
                ),
                // Not nullable: OpenTofu answers unknown, and asks nobody, for a null without a type.
                parameter(
                    "kubernetes",
                    Type::Dynamic,
                    "What there is to know of the cluster, as in the provider's `kubernetes` block without what says how to reach it: \
                     `engine`, `engine_versions`, `cluster_cidrs`, `resolver`, `istio` and so on. `{}` for a cluster of which nothing is \
                     known, with the engine `network-policy`.",
                ),
            ],
            variadic: None,
            returns: Type::object([
                ("manifests", Type::map(Type::String)),
                ("warnings", Type::list(Type::String)),
            ]),
            deprecation: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        if !are_known(arguments) {
            return Ok(Value::UNKNOWN);
        }
        let (policy, kubernetes) = (argument(arguments, 0), argument(arguments, 1));
        let in_cluster = cluster_description(kubernetes).map_err(|errors| wrong(1, errors_in_words(&errors)))?;
        let rendered = rendered_policy(policy, &in_cluster).map_err(|errors| wrong(0, errors_in_words(&errors)))?;
        let warnings = rendered.warnings.iter().map(|warning| in_words(&warning.summary, &warning.detail));
        Ok(Value::object([("manifests", rendered.manifests), ("warnings", Value::list(warnings.collect::<Vec<_>>()))]))
    }
}

/// A function fails with one text, which Terraform ends with a full stop.
fn errors_in_words(diagnostics: &Diagnostics) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let all: Vec<String> = errors.map(|error| in_words(&error.summary, &error.detail)).collect();
    let text = match all.as_slice() {
        [only] => only.clone(),
        all => format!("\n- {}", all.join("\n- ")),
    };
    text.trim_end_matches('.').to_owned()
}

fn in_words(summary: &str, detail: &str) -> String {
    format!("{summary}: {}", detail.replace("\n\n", " "))
}

#[cfg(test)]
mod tests;
