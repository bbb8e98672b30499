//! Checks for attributes, and for attributes together.
//!
//! Those that return a [`Validator`] go on an attribute in the schema. Those that take the configuration go in a resource's
//! own `validate`, because they are about several attributes at once.

#[cfg(test)]
mod tests;
mod together;

pub use together::{all_or_none, at_least_one_of, at_most_one_of, exactly_one_of};

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;
use std::sync::Arc;

use crate::config_check::not_valid;
use crate::cty::{Number, Path, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::Validator;
use crate::similar::hint;

/// Any check of a wholly known value. The demand completes "must be", and the function says whether the value meets it.
pub fn custom(demand: impl Into<String>, meets: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Validator {
    let demand = demand.into();
    let said = demand.clone();
    let check = move |path: &Path, value: &Value| {
        if meets(value) { Diagnostics::new() } else { not_valid(path, &said, value).into() }
    };
    Validator { demand, tolerates_unknown: false, check: Arc::new(check) }
}

/// A string that meets a demand, which completes "must be".
pub fn text(demand: impl Into<String>, meets: impl Fn(&str) -> bool + Send + Sync + 'static) -> Validator {
    custom(demand, move |value| value.as_str().is_none_or(&meets))
}

/// A string that a type can be parsed from; the type's own error says why not. The demand completes "must be".
pub fn parsed<T>(demand: impl Into<String>) -> Validator
where
    T: FromStr,
    T::Err: Display,
{
    let demand = demand.into();
    let said = demand.clone();
    let check = move |path: &Path, value: &Value| match value.as_str().map(str::parse::<T>) {
        Some(Err(why)) => {
            let mut diagnostic = not_valid(path, &said, value);
            diagnostic.detail.pop();
            diagnostic.detail = format!("{}: {why}.", diagnostic.detail);
            diagnostic.into()
        }
        Some(Ok(_)) | None => Diagnostics::new(),
    };
    Validator { demand, tolerates_unknown: false, check: Arc::new(check) }
}

/// One of these strings.
pub fn one_of<S: Into<String>>(allowed: impl IntoIterator<Item = S>) -> Validator {
    let allowed: Vec<String> = allowed.into_iter().map(Into::into).collect();
    let demand = match allowed.as_slice() {
        [only] => format!("{only:?}"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|text| format!("{text:?}")).collect();
            format!("{} or {last:?}", first.join(", "))
        }
        [] => "left out".to_owned(),
    };
    let said = demand.clone();
    let check = move |path: &Path, value: &Value| match value.as_str() {
        Some(text) if !allowed.iter().any(|allowed| allowed == text) => {
            let mut diagnostic = not_valid(path, &said, value);
            diagnostic.detail.push_str(&hint(text, allowed.iter().map(String::as_str)));
            diagnostic.into()
        }
        Some(_) | None => Diagnostics::new(),
    };
    Validator { demand, tolerates_unknown: false, check: Arc::new(check) }
}

/// A string of so many characters.
pub fn length(range: impl RangeBounds<usize> + Send + Sync + 'static) -> Validator {
    text(format!("{} characters", spoken(&range)), move |text| range.contains(&text.chars().count()))
}

/// A list, set or map of so many elements, which need not be known. Unknown elements of a set may turn out to be equal, so a
/// set that has any is not judged.
pub fn size(range: impl RangeBounds<usize> + Send + Sync + 'static) -> Validator {
    let count = |value: &Value| match value.undynamic() {
        set @ Value::Set(_) if !set.is_wholly_known() => None,
        value => value.elements().map(<[_]>::len).or_else(|| value.as_map().map(BTreeMap::len)),
    };
    let spoken = spoken(&range);
    let noun = if spoken.ends_with(" 1") { "element" } else { "elements" };
    let meets = move |value: &Value| count(value).is_none_or(|count| range.contains(&count));
    Validator { tolerates_unknown: true, ..custom(format!("{spoken} {noun}"), meets) }
}

/// A whole number in a range.
pub fn range(range: impl RangeBounds<i64> + Send + Sync + 'static) -> Validator {
    custom(format!("a whole number, {}", spoken(&range)), move |value| {
        value.as_number().is_none_or(|number| number.as_i64().is_some_and(|n| range.contains(&n)))
    })
}

/// A number, whole or not, in a range.
pub fn number(least: impl Into<Number>, most: impl Into<Number>) -> Validator {
    let (least, most) = (least.into(), most.into());
    let demand = format!("a number, {least} to {most}");
    custom(demand, move |value| value.as_number().is_none_or(|number| (&least..=&most).contains(&number)))
}

/// Every element of a list, set or map meets another check. Elements that are not known yet are passed over.
pub fn each(element: Validator) -> Validator {
    let demand = format!("elements that are each {}", element.demand);
    let check = move |path: &Path, value: &Value| {
        let judge = |(path, value): (Path, &Value)| {
            let ready =
                !value.is_null() && (value.is_wholly_known() || element.tolerates_unknown && !value.is_unknown());
            if ready { (element.check)(&path, value) } else { Diagnostics::new() }
        };
        match value.undynamic() {
            Value::List(elements) | Value::Tuple(elements) => {
                elements.iter().enumerate().map(|(n, value)| (path.index(n), value)).flat_map(judge).collect()
            }
            Value::Set(elements) => elements.iter().map(|value| (path.clone(), value)).flat_map(judge).collect(),
            Value::Map(elements) => {
                elements.iter().map(|(key, value)| (path.key(key), value)).flat_map(judge).collect()
            }
            _ => Diagnostics::new(),
        }
    };
    Validator { demand, tolerates_unknown: true, check: Arc::new(check) }
}

/// Every key of a map meets another check, which sees it as a string. The elements need not be known.
pub fn keys(key: Validator) -> Validator {
    let demand = format!("a map whose keys are each {}", key.demand);
    let check = move |path: &Path, value: &Value| {
        let keys = value.as_map().into_iter().flatten();
        keys.flat_map(|(name, _)| (key.check)(&path.key(name), &name.as_str().into())).collect()
    };
    Validator { demand, tolerates_unknown: true, check: Arc::new(check) }
}

/// A range in words.
fn spoken<T: Display + PartialEq>(range: &impl RangeBounds<T>) -> String {
    match (range.start_bound(), range.end_bound()) {
        (Bound::Included(least), Bound::Included(most)) if least == most => format!("exactly {least}"),
        (Bound::Included(least), Bound::Included(most)) => format!("{least} to {most}"),
        (Bound::Included(least), Bound::Excluded(beyond)) => format!("at least {least} and less than {beyond}"),
        (Bound::Included(least), Bound::Unbounded) => format!("at least {least}"),
        (Bound::Unbounded, Bound::Included(most)) => format!("at most {most}"),
        (Bound::Unbounded, Bound::Excluded(beyond)) => format!("less than {beyond}"),
        (Bound::Excluded(below), _) => format!("more than {below}"),
        (Bound::Unbounded, Bound::Unbounded) => "any number of".to_owned(),
    }
}

/// A message on the first of several attributes.
fn about(paths: &[Path], summary: &str, detail: String) -> Diagnostic {
    let diagnostic = Diagnostic::error(summary, detail);
    match paths.first() {
        Some(path) => diagnostic.at(path.clone()),
        None => diagnostic,
    }
}
