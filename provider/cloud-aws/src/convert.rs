//! The SDK's types to and from ours: tags and filters here, one file per resource family in `convert/`.

pub(crate) mod addresses;
pub(crate) mod nat_gateways;
pub(crate) mod routes;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Tag};
use egress_model::identity::RESERVED_TAGS;

/// Filters by name; `None` for none at all.
pub(crate) fn filters(filters: &[(&str, Vec<String>)]) -> Option<Vec<Filter>> {
    let filters: Vec<_> = filters
        .iter()
        .map(|(name, values)| Filter::builder().name(*name).set_values(Some(values.clone())).build())
        .collect();
    (!filters.is_empty()).then_some(filters)
}

/// Tags as the SDK takes them.
pub(crate) fn to_tags<K: Into<String>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags by key.
pub(crate) fn from_tags(tags: &[Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// The tags that are not the identity's.
pub(crate) fn without_reserved(mut tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
    tags.retain(|key, _| !RESERVED_TAGS.contains(&key.as_str()));
    tags
}
