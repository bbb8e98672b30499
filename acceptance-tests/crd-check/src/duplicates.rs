//! Lists that are sets, or maps by some of their items' fields.

use serde_json::Value;

use crate::report::Report;
use crate::schema::{ListType, Schema};

/// Reports items that are the same as one before.
pub(crate) fn check(schema: &Schema, items: &[Value], path: &str, report: &mut Report) {
    let same: &dyn Fn(&Value, &Value) -> bool = match schema.list_type {
        ListType::Atomic => return,
        ListType::Set => &|a, b| a == b,
        ListType::Map => &|a, b| schema.list_map_keys.iter().all(|key| a.get(key) == b.get(key)),
    };
    for (index, item) in items.iter().enumerate() {
        if items[..index].iter().any(|before| same(before, item)) {
            report.violation(&format!("{path}[{index}]"), "duplicate value");
        }
    }
}
