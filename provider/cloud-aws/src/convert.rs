//! The SDK's types to and from ours: tags and filters here, one file per resource family in `convert/`.

pub(crate) mod addresses;
pub(crate) mod nat_gateways;
pub(crate) mod routes;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Tag};

/// How many values the filters of one request may have together (Amazon EC2 API reference, "Filter": 200; more is
/// `FilterLimitExceeded`).
pub(crate) const MAX_FILTER_VALUES: usize = 200;

/// Filters by name, of one request after the other; `None` for none at all. The values of the longest filter are spread over as many
/// requests as they need; an object that matches is in the answer to one of them.
pub(crate) fn filters(filters: &[(&str, Vec<String>)]) -> Vec<Option<Vec<Filter>>> {
    let Some(longest) = (0..filters.len()).max_by_key(|index| filters[*index].1.len()) else { return vec![None] };
    let filter = |name: &str, values: &[String]| Filter::builder().name(name).set_values(Some(values.to_vec())).build();
    let others = filters.iter().enumerate().filter(|(index, _)| *index != longest);
    let others: Vec<Filter> = others.map(|(_, (name, values))| filter(name, values)).collect();
    let taken: usize = others.iter().map(|filter| filter.values().len()).sum();
    let (name, values) = &filters[longest];
    let chunks = values.chunks(MAX_FILTER_VALUES.saturating_sub(taken).max(1));
    chunks.map(|values| Some(others.iter().cloned().chain([filter(name, values)]).collect())).collect()
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

#[cfg(test)]
mod tests {
    #[test]
    fn no_request_has_more_filter_values_than_ec2_takes() {
        let ids = |count: usize| (0..count).map(|id| format!("eipalloc-{id}")).collect::<Vec<_>>();
        let owner = || vec!["acme".to_owned()];
        let requests = |filters: &[(&str, Vec<String>)]| -> Vec<usize> {
            let counts = super::filters(filters)
                .into_iter()
                .map(|request| request.iter().flatten().map(|filter| filter.values().len()).sum());
            counts.collect()
        };
        assert_eq!(requests(&[]), [0], "one request for all there is");
        assert_eq!(requests(&[("allocation-id", ids(1))]), [1]);
        assert_eq!(requests(&[("allocation-id", ids(200))]), [200]);
        assert_eq!(requests(&[("allocation-id", ids(450))]), [200, 200, 50]);
        assert_eq!(requests(&[("tag:egress-owner", owner()), ("allocation-id", ids(201))]), [200, 3]);
        assert!(requests(&[("allocation-id", ids(0))]).is_empty(), "nothing is asked for");
    }
}
