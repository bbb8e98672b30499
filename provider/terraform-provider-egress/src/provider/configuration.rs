//! The `provider` block, parsed.

mod aws;
mod in_cluster;
mod kubernetes;
#[cfg(test)]
mod tests;
mod wrong;

use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics, conform};

use super::schema::{self, CONNECTION};
use crate::session::{Adoption, Configured, InCluster, ThisRun, Unavailable};

/// The top level of the block; the clouds and the cluster are read apart, because one that is unknown must not keep the others
/// from being used.
#[derive(Deserialize)]
struct Block {
    owner: Arg<String>,
    adoption: Arg<String>,
}

/// Checks the block. Nothing but text in the configuration is known yet, so that what is unknown may still turn out right.
pub(crate) fn check(config: &Value) -> Diagnostics {
    let errors = parse(config).err().unwrap_or_default();
    let unknown = |path: &Path| config.at(path).is_some_and(Value::is_unknown);
    errors.into_iter().filter(|error| !error.path.as_ref().is_some_and(unknown)).collect()
}

/// Parses the block. Where it is unknown how `aws` or `kubernetes` is reached, that part is unavailable for this call; wrong values
/// are errors on their attributes.
pub(crate) fn parse(config: &Value) -> Result<Configured, Diagnostics> {
    let block: Block = model::from_value_subset(config)?;
    let mut diagnostics = Diagnostics::new();
    let owner = match &block.owner {
        Arg::Known(text) => text.parse().map_err(|error| {
            Diagnostic::error(
                format!("The owner {text:?} cannot be used"),
                format!(
                    "It {error}. The owner is written as a tag or label on every object, and finds it again after a \
                     crash; choose one that is unique per state, such as acme-prod."
                ),
            )
        }),
        Arg::Unknown => Err(Diagnostic::error(
            "The owner must be known at plan time",
            "The owner is the identity of everything that this configuration creates. Write it as text, or take it \
             from a variable; it cannot come from a resource that is still to be created.",
        )),
        Arg::Null => Err(Diagnostic::error(
            "The owner is missing",
            "The owner is the identity of everything that this configuration creates. Write one that is unique per \
             state, such as acme-prod.",
        )),
    };
    let owner = collect(&mut diagnostics, owner.map_err(|error| error.at(Path::attribute("owner"))));
    let adoption = collect(
        &mut diagnostics,
        match block.adoption.known().map(String::as_str) {
            None | Some("recent") => Ok(Adoption::Recent),
            Some("automatic") => Ok(Adoption::Automatic),
            Some("error") => Ok(Adoption::Error),
            Some(other) => Err(Diagnostic::error(
                format!("The adoption {other:?} does not exist"),
                format!(
                    "Choose \"recent\" (a plan adopts live objects of exactly its identity that are at most 2 hours \
                     old, and lists them in a warning), \"automatic\" (whatever their age) or \"error\" (such a \
                     plan fails).{}",
                    hint(other, ["recent", "automatic", "error"])
                ),
            )
            .at(Path::attribute("adoption"))),
        },
    );
    let in_cluster = in_cluster::parse(config.get("kubernetes"));
    let in_cluster = in_cluster.map_err(|errors| diagnostics.extend(errors)).ok();
    let aws = part(config, "aws", &aws::REACH, aws::parse, &mut diagnostics);
    let kubernetes = part(config, "kubernetes", &CONNECTION, kubernetes::parse, &mut diagnostics);
    match (owner, adoption, in_cluster) {
        (Some(owner), Some(adoption), Some(in_cluster)) if !diagnostics.has_errors() => {
            Ok(Configured { owner, adoption, in_cluster, aws, kubernetes, this_run: ThisRun::default() })
        }
        _ => Err(diagnostics),
    }
}

/// What there is to know of a cluster without reaching it, from a wholly known object like the `kubernetes` block.
pub(crate) fn cluster_description(value: &Value) -> Result<InCluster, Diagnostics> {
    let value = conform::conform(&schema::cluster_description(), value)?;
    in_cluster::parse(Some(&value))
}

/// One cloud or cluster of the block. It can be used when the attributes are known by which it is reached; what else it says of what
/// is made there may be known later.
fn part<T>(
    config: &Value,
    name: &'static str,
    reach: &[&str],
    parse: impl FnOnce(&Path, &Value) -> Result<T, Diagnostics>,
    diagnostics: &mut Diagnostics,
) -> Result<T, Unavailable> {
    let missing = || {
        Unavailable::Missing(Diagnostic::error(
            format!("The provider has no {name} configuration"),
            format!(
                "This needs it: add `{name} {{}}` to the provider \"egress\" block to use the environment's \
                 defaults, or write its attributes into it."
            ),
        ))
    };
    match config.get(name) {
        None | Some(Value::Null) => Err(missing()),
        Some(value) if !is_known(value, reach) => Err(Unavailable::Unknown),
        Some(value) => match parse(&Path::attribute(name), value) {
            Ok(part) => Ok(part),
            Err(errors) => {
                diagnostics.extend(errors);
                Err(missing())
            }
        },
    }
}

fn is_known(value: &Value, attributes: &[&str]) -> bool {
    !value.is_unknown() && attributes.iter().filter_map(|name| value.get(name)).all(Value::is_wholly_known)
}

fn collect<T>(diagnostics: &mut Diagnostics, result: Result<T, Diagnostic>) -> Option<T> {
    result.map_err(|diagnostic| diagnostics.push(diagnostic)).ok()
}
