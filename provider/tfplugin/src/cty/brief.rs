//! Values in messages.

use std::fmt;

use super::Value;

/// How many characters of a string a message shows.
const SHOWN: usize = 80;

/// A value as a message shows it: a simple one itself, of others what they are. A collection may hold what must not be
/// shown, so its elements never are.
pub(crate) struct Brief<'a>(pub(crate) &'a Value);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.undynamic() {
            Value::Bool(value) => value.fmt(f),
            Value::Number(value) => value.fmt(f),
            Value::String(text) => match text.char_indices().nth(SHOWN) {
                Some((end, _)) => write!(f, "{:?}...", &text[..end]),
                None => write!(f, "{text:?}"),
            },
            value @ (Value::List(elements) | Value::Set(elements) | Value::Tuple(elements)) => {
                write!(f, "{} of {}", value.kind(), elements.len())
            }
            value @ Value::Map(elements) => write!(f, "{} of {}", value.kind(), elements.len()),
            other => f.write_str(other.kind()),
        }
    }
}
