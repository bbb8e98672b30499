//! The tags of gateways that exist, as a configuration would write them.

use std::collections::BTreeMap;

use egress_model::identity::{Key, SHOWN_NAME_TAG, shows_given_name};
use egress_model::nat_gateway::{Gateway, View};

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// Tags in the layers of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layers {
    /// Those that all gateways have.
    pub(super) shared: Tags,
    /// Those of each gateway that no layer below gives.
    pub(super) own: BTreeMap<Key, Tags>,
}

/// Takes the tags of gateways apart. `default_tags` are the provider's.
pub(super) fn layers(view: &View, default_tags: &Tags) -> Layers {
    let mut all = view.gateways.values().map(tags_of_users);
    let mut shared = all.next().unwrap_or_default();
    for tags in all {
        shared.retain(|name, value| tags.get(name) == Some(value));
    }
    let own = |gateway: &Gateway| beside(&tags_of_users(gateway), &[&shared, default_tags]);
    let own = view.gateways.iter().map(|(key, gateway)| (key.clone(), own(gateway))).collect();
    Layers { shared, own }
}

/// Those of these tags that no layer below them gives.
pub(super) fn beside(tags: &Tags, layers: &[&Tags]) -> Tags {
    let is_given = |name: &String, value: &String| layers.iter().any(|layer| layer.get(name) == Some(value));
    let own = tags.iter().filter(|(name, value)| !is_given(name, value));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The tags of a gateway without those that the provider gave it: the name to show, where the user gave none.
fn tags_of_users(gateway: &Gateway) -> Tags {
    let mark = gateway.mark.as_ref();
    let is_given = mark.is_some_and(|mark| shows_given_name(&gateway.tags, &mark.identity.name, &mark.key));
    let tags = gateway.tags.iter().filter(|(name, _)| !is_given || *name != SHOWN_NAME_TAG);
    tags.map(|(name, value)| (name.clone(), value.clone())).collect()
}
