//! A request of the control API, and what it is answered with.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct ControlRequest<'a> {
    /// The method, such as `PUT`.
    pub method: &'a str,
    /// The path behind `/_stand-in`.
    pub path: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// For whoever asked.
    pub message: String,
}

/// JSON, or why not.
pub type Outcome = Result<Value, Refusal>;

impl Refusal {
    /// With this HTTP status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl ControlRequest<'_> {
    /// The body as a type of its own.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(self.body).map_err(|error| Refusal::new(400, error.to_string()))
    }

    /// Lays the members in the body over settings, or over the part of them that is named.
    pub fn overlay<T: Serialize + DeserializeOwned>(&self, settings: &T, part: Option<&str>) -> Result<T, Refusal> {
        let change: Value = self.parse()?;
        let change = part.map_or(change.clone(), |part| json!({ part: change }));
        let mut settings = to_json(settings)?;
        overlay(&mut settings, change);
        serde_json::from_value(settings).map_err(|error| Refusal::new(400, error.to_string()))
    }
}

fn overlay(base: &mut Value, change: Value) {
    match (base, change) {
        (Value::Object(base), Value::Object(change)) => {
            for (key, value) in change {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, change) => *base = change,
    }
}

/// A value as the answer.
pub fn to_json(value: &(impl Serialize + ?Sized)) -> Outcome {
    serde_json::to_value(value).map_err(|error| Refusal::new(500, error.to_string()))
}

/// The answer to a change that has nothing to tell.
pub fn nothing() -> Value {
    json!({})
}
