//! Wholly known values of a resource as the model's specifications have them.

use std::collections::BTreeMap;

use egress_model::policy::{Form, NamespaceSelectorSpec, SelectorSpec};
use tfplugin::cty::Value;

/// A text; nothing else has one.
pub(crate) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The texts of a list.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    value.elements().into_iter().flatten().map(|element| string(element).to_owned()).collect()
}

/// The texts of a map.
pub(crate) fn string_map(value: &Value) -> BTreeMap<String, String> {
    value.as_map().into_iter().flatten().map(|(key, value)| (key.clone(), string(value).to_owned())).collect()
}

/// A whole number. A fraction does not pass the schema; here it becomes what no port is.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// A part that is not null.
pub(crate) fn optional<'v, T>(value: &'v Value, name: &str, read: impl FnOnce(&'v Value) -> T) -> Option<T> {
    value.get(name).filter(|part| !part.is_null()).map(read)
}

/// Every element of a list.
pub(crate) fn objects<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.elements().into_iter().flatten().map(read).collect()
}

/// A text.
pub(crate) fn owned_text(value: &Value) -> String {
    string(value).to_owned()
}

/// A selector of pods or nodes.
pub(crate) fn selector(value: &Value, form: Form) -> SelectorSpec {
    SelectorSpec {
        form,
        all: value.get("all").and_then(Value::as_bool),
        match_labels: optional(value, "match_labels", string_map).unwrap_or_default(),
        match_expressions: optional(value, "match_expressions", strings).unwrap_or_default(),
    }
}

/// A selector of namespaces.
pub(crate) fn namespace_selector(value: &Value, form: Form) -> NamespaceSelectorSpec {
    let SelectorSpec { form, all, match_labels, match_expressions } = selector(value, form);
    NamespaceSelectorSpec { form, all, names: optional(value, "names", strings), match_labels, match_expressions }
}
