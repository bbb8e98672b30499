//! The region of a resource, which may be written or be the provider's.

use tfplugin::cty::Value;
use tfplugin::schema::Change;

/// The region that a value writes.
pub(crate) fn region_of(value: &Value) -> Option<String> {
    value.get("aws")?.get("region")?.as_str().map(ToOwned::to_owned)
}

/// Whether a change of the region is one to another region, for which the resource is replaced. Where one of the two is the
/// provider's, only the plan knows whether it is the same.
pub(crate) fn another(change: Change<'_>) -> bool {
    let written = [change.prior, change.planned].iter().all(|region| !region.is_null() && !region.is_unknown());
    written && change.prior != change.planned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_region_is_one_that_is_written_and_differs() {
        let (a, b) = (Value::from("us-east-1"), Value::from("eu-west-1"));
        let cases = [
            (&a, &b, true),
            (&a, &a, false),
            (&Value::Null, &a, false),
            (&a, &Value::Null, false),
            (&a, &Value::UNKNOWN, false),
        ];
        for (prior, planned, expected) in cases {
            assert_eq!(another(Change { prior, planned }), expected, "{prior:?} {planned:?}");
        }
    }
}
