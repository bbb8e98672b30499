//! Results against plans.

use super::Misfit;
use crate::cty::{Brief, Path, Step, Value};
use crate::schema::Schema;

pub(super) fn misfits(schema: &Schema, planned: &Value, state: &Value) -> Vec<Misfit> {
    let mut differences = Vec::new();
    compare(planned, state, &Path::root(), &mut differences);
    let misfit = |difference: Difference<'_>| {
        let reason = if schema.is_sensitive_at(&difference.path) {
            "has another value than planned; it is sensitive, so neither is shown".to_owned()
        } else {
            difference.kind.to_string()
        };
        Misfit { path: difference.path, reason }
    };
    differences.into_iter().map(misfit).collect()
}

/// Where a result is not what was planned.
struct Difference<'a> {
    path: Path,
    kind: Kind<'a>,
}

enum Kind<'a> {
    /// One value for another.
    Value { planned: &'a Value, actual: &'a Value },
    /// A value outside of what was promised about an unknown one.
    Promise { actual: &'a Value },
    /// An element or attribute that was not planned.
    Added,
    /// An element or attribute that is missing.
    Missing,
    /// A set with another number of elements, or other ones.
    Members { planned: usize, actual: usize },
}

impl std::fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value { planned, actual } => write!(f, "was planned as {} and is {}", Brief(planned), Brief(actual)),
            Self::Promise { actual } => write!(f, "is {}, against what the plan promised about it", Brief(actual)),
            Self::Added => f.write_str("was not planned and is there"),
            Self::Missing => f.write_str("was planned and is missing"),
            Self::Members { planned, actual } if planned == actual => {
                f.write_str("is a set with other elements than planned")
            }
            Self::Members { planned, actual } => {
                write!(f, "was planned as a set of {planned} and is a set of {actual}, or of other elements")
            }
        }
    }
}

fn compare<'a>(planned: &'a Value, actual: &'a Value, path: &Path, found: &mut Vec<Difference<'a>>) {
    let mut differs = |kind| found.push(Difference { path: path.clone(), kind });
    match (planned.undynamic(), actual.undynamic()) {
        (Value::Unknown(None), _) => {}
        (Value::Unknown(Some(promised)), actual) => {
            if !promised.allow(actual) {
                differs(Kind::Promise { actual });
            }
        }
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            for (position, (planned, actual)) in a.iter().zip(b).enumerate() {
                compare(planned, actual, &path.index(position), found);
            }
            let beyond = |length: usize| (length..).take(a.len().max(b.len()) - length);
            let kind = || if a.len() > b.len() { Kind::Missing } else { Kind::Added };
            found.extend(
                beyond(a.len().min(b.len())).map(|position| Difference { path: path.index(position), kind: kind() }),
            );
        }
        (Value::Map(a), Value::Map(b)) => compare_parts(a, b, path, Step::Key, found),
        (Value::Object(a), Value::Object(b)) => compare_parts(a, b, path, Step::Attribute, found),
        (Value::Set(a), Value::Set(b)) => {
            // An unknown element may turn out to be equal to another, so a set may shrink.
            let fits = |planned: &Value, actual: &Value| {
                let mut found = Vec::new();
                compare(planned, actual, path, &mut found);
                found.is_empty()
            };
            let same = planned == actual
                || b.len() <= a.len()
                    && a.iter().all(|planned| b.iter().any(|actual| fits(planned, actual)))
                    && b.iter().all(|actual| a.iter().any(|planned| fits(planned, actual)));
            if !same {
                differs(Kind::Members { planned: a.len(), actual: b.len() });
            }
        }
        (planned, actual) if planned == actual => {}
        (planned, actual) => differs(Kind::Value { planned, actual }),
    }
}

fn compare_parts<'a>(
    planned: &'a std::collections::BTreeMap<String, Value>,
    actual: &'a std::collections::BTreeMap<String, Value>,
    path: &Path,
    step: fn(String) -> Step,
    found: &mut Vec<Difference<'a>>,
) {
    for (name, planned) in planned {
        let path = path.then(step(name.clone()));
        match actual.get(name) {
            Some(actual) => compare(planned, actual, &path, found),
            None => found.push(Difference { path, kind: Kind::Missing }),
        }
    }
    let added = actual.keys().filter(|name| !planned.contains_key(*name));
    found.extend(added.map(|name| Difference { path: path.then(step(name.clone())), kind: Kind::Added }));
}
