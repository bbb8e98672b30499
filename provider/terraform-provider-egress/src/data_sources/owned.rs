//! What the data sources share: whose objects, of which name, in which place.

use egress_model::identity::{Identity, Key, Name, Owner, ResourceType};
use serde::Deserialize;
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::model::{self, Arg};
use tfplugin::schema::declare::{block, string};
use tfplugin::schema::{Attribute, NestedBlock, Schema};
use tfplugin::validators::parsed;

use crate::clouds::{Cloud, Part};
use crate::resources::cloud_identity;
use crate::session::Configured;

#[derive(Deserialize)]
struct Input {
    owner: Arg<String>,
    name: Arg<String>,
}

/// The schema of a data source: whose it is, these further attributes, and a block for each of these clouds.
pub(super) fn schema(description: &str, more: Vec<Attribute>, clouds: &[&'static Cloud]) -> Schema {
    let owner = Attribute::new(
        "owner",
        Type::String,
        "The `owner` of the provider configuration that manages it. Default: that of this provider configuration.",
    )
    .validate(parsed::<Owner>("an owner"));
    let name = Attribute::new("name", Type::String, "The `name` of the resource that manages it.")
        .required()
        .validate(parsed::<Name>("a name"));
    Schema::new(description, [owner, name].into_iter().chain(more).collect())
        .with_blocks(clouds.iter().map(|cloud| of_cloud(cloud)).collect())
}

fn of_cloud(cloud: &Cloud) -> NestedBlock {
    let part = |part: &Part| string(part.name, format!("The {}. Default: the provider's.", part.name));
    let description = format!("It is on {}, in the account of the provider's credentials.", cloud.title);
    block(cloud.name, cloud.parts.iter().map(part).collect(), description)
}

/// What is asked for.
pub(super) struct Owned {
    pub(super) identity: Identity,
}

impl Owned {
    /// Reads a configuration, which is wholly known.
    pub(super) fn read(configured: &Configured, ty: ResourceType, config: &Value) -> Result<Self, Diagnostic> {
        let input: Input = model::from_value_subset(config)?;
        let name = input.name.known().map_or("", String::as_str);
        let mut identity = cloud_identity::identity(configured, ty, name)?;
        if let Some(owner) = input.owner.known() {
            identity.owner = owner.parse().map_err(|error| {
                Diagnostic::error(format!("The owner {owner:?} cannot be used"), format!("It {error}."))
                    .at(Path::attribute("owner"))
            })?;
        }
        Ok(Self { identity })
    }
}

/// Keys in a sentence.
pub(super) fn list<'a>(keys: impl IntoIterator<Item = &'a Key>) -> String {
    keys.into_iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(", ")
}
