//! Checks of several attributes at once. An unknown value may turn out null or not, so nothing is said that depends on it.

use super::about;
use crate::cty::{Path, Value};
use crate::diagnostic::Diagnostics;

/// Which of some attributes are set.
struct Set {
    known: Vec<Path>,
    unknown: usize,
}

fn set(config: &Value, paths: &[Path]) -> Set {
    let mut set = Set { known: Vec::new(), unknown: 0 };
    for path in paths {
        match config.at(path) {
            Some(value) if value.is_unknown() => set.unknown += 1,
            Some(value) if !value.is_null() => set.known.push(path.clone()),
            Some(_) | None => {}
        }
    }
    set
}

fn names(paths: &[Path]) -> String {
    let names: Vec<_> = paths.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// One of the attributes must be set, and only one.
pub fn exactly_one_of(config: &Value, paths: &[Path]) -> Diagnostics {
    let mut diagnostics = at_least_one_of(config, paths);
    diagnostics.extend(at_most_one_of(config, paths));
    diagnostics
}

/// One of the attributes must be set, or more.
pub fn at_least_one_of(config: &Value, paths: &[Path]) -> Diagnostics {
    let set = set(config, paths);
    if set.known.is_empty() && set.unknown == 0 {
        let detail = format!("One of {} is required.", names(paths));
        return about(&[], "An attribute is missing", detail).into();
    }
    Diagnostics::new()
}

/// No two of the attributes may be set: they conflict.
pub fn at_most_one_of(config: &Value, paths: &[Path]) -> Diagnostics {
    let set = set(config, paths);
    if set.known.len() > 1 {
        let detail = format!("Of {} only one can be set, and {} are.", names(paths), names(&set.known));
        return about(&set.known[1..], "Attributes conflict", detail).into();
    }
    Diagnostics::new()
}

/// All of the attributes must be set, or none.
pub fn all_or_none(config: &Value, paths: &[Path]) -> Diagnostics {
    let set = set(config, paths);
    let missing: Vec<_> = paths.iter().filter(|path| config.at(path).is_none_or(Value::is_null)).cloned().collect();
    if set.known.is_empty() || missing.is_empty() {
        return Diagnostics::new();
    }
    let detail = format!("{} are set together or not at all; not set: {}.", names(paths), names(&missing));
    about(&set.known, "An attribute is missing", detail).into()
}
