//! What the services' rules about objects have in common.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::Value;

use crate::violation::Violation;

/// An object by its version and kind.
pub(super) fn version_and_kind(object: &Value) -> (&str, &str) {
    (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap_or_default())
}

pub(super) fn violation(field: impl Into<String>, rule: impl Into<String>, source: &'static str) -> Violation {
    Violation { field: field.into(), rule: rule.into(), source }
}

/// The elements of a list; none of what is no list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A field with a list of ids.
#[derive(Clone, Debug)]
pub(super) struct Ids<'a> {
    pub(super) field: &'static str,
    pub(super) list: &'a Value,
    /// How many there may be.
    pub(super) count: RangeInclusive<usize>,
    pub(super) source: &'static str,
}

impl Ids<'_> {
    /// What is no id of this type, and whether there are too few or too many.
    pub(super) fn check<T: FromStr<Err: ToString>>(&self) -> Vec<Violation> {
        let Self { field, list, count, source } = self;
        let mut found = Vec::new();
        for (index, id) in items(list).iter().enumerate() {
            if let Err(error) = id.as_str().unwrap_or_default().parse::<T>() {
                found.push(violation(format!("{field}[{index}]"), error.to_string(), source));
            }
        }
        if !count.contains(&items(list).len()) {
            found.push(violation(*field, format!("has {} to {} elements", count.start(), count.end()), source));
        }
        found
    }
}

/// An annotation that is often written and that nothing reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unread {
    pub(super) key: &'static str,
    /// What to write instead.
    pub(super) instead: &'static str,
    pub(super) source: &'static str,
}

/// Those of a pod, or of the template that a workload makes its pods from.
pub(super) fn unread(object: &Value, annotations: &[Unread]) -> Vec<Violation> {
    let (metadata, at) = match version_and_kind(object) {
        ("v1", "Pod") => (&object["metadata"], "metadata"),
        _ => (&object["spec"]["template"]["metadata"], "spec.template.metadata"),
    };
    let written = annotations.iter().filter(|one| metadata["annotations"].get(one.key).is_some());
    written.map(|one| violation(format!("{at}.annotations[{:?}]", one.key), one.instead, one.source)).collect()
}
