//! Whether a value keeps what was promised of it while it was unknown.

use super::{Number, Refinements, Value};

impl Refinements {
    /// Whether a value that is known by now keeps the promises.
    pub(crate) fn allow(&self, value: &Value) -> bool {
        let text = |prefix: &String| value.as_str().is_none_or(|text| text.starts_with(prefix.as_str()));
        let number = |bound: &(Number, bool), too_far: fn(&Number, &Number) -> bool| {
            value.as_number().is_none_or(|n| !too_far(n, &bound.0) && (bound.1 || *n != bound.0))
        };
        let length = value.elements().map(<[_]>::len).or_else(|| value.as_map().map(std::collections::BTreeMap::len));
        let length = length.and_then(|length| i64::try_from(length).ok());
        if value.is_null() {
            return !self.not_null;
        }
        self.string_prefix.as_ref().is_none_or(text)
            && self.number_min.as_ref().is_none_or(|bound| number(bound, |n, least| n < least))
            && self.number_max.as_ref().is_none_or(|bound| number(bound, |n, most| n > most))
            && length.is_none_or(|length| {
                self.length_min.is_none_or(|least| length >= least) && self.length_max.is_none_or(|most| length <= most)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_kept_or_not() {
        let none = Refinements::default();
        let cases = [
            (Refinements { not_null: true, ..none.clone() }, Value::from("x"), Value::Null),
            (Refinements { string_prefix: Some("eip-".into()), ..none.clone() }, "eip-1".into(), "vpc-1".into()),
            (Refinements { number_min: Some((2.into(), true)), ..none.clone() }, 2.into(), 1.into()),
            (Refinements { number_min: Some((2.into(), false)), ..none.clone() }, 3.into(), 2.into()),
            (Refinements { number_max: Some((2.into(), true)), ..none.clone() }, 2.into(), 3.into()),
            (Refinements { number_max: Some((2.into(), false)), ..none.clone() }, 1.into(), 2.into()),
            (Refinements { length_min: Some(1), ..none.clone() }, Value::set(["x"]), Value::list::<Value>([])),
            (Refinements { length_max: Some(1), ..none.clone() }, Value::map([("k", 1)]), Value::list([1, 2])),
        ];
        for (refinements, kept, broken) in cases {
            assert!(refinements.allow(&kept), "{refinements:?} and {kept:?}");
            assert!(!refinements.allow(&broken), "{refinements:?} and {broken:?}");
        }
        assert!(none.allow(&Value::Null));
    }
}
