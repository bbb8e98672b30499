//! The access log: one entry for each call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Description, Kind};
use crate::params::Params;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its number among all calls since the log was cleared, from 1.
    pub number: u64,
    /// Its number among the calls of its action.
    pub nth: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The account, the subscription or the project.
    pub account: String,
    /// The region, if the call says one.
    pub region: Option<String>,
    /// The action.
    pub action: String,
    /// What the call is for.
    pub kind: Kind,
    /// Its parameters: of the URL or of a form, and the variable parts of the path.
    pub params: Params,
    /// Its body, if it is JSON.
    pub body: Option<Value>,
    /// Whether it was carried out (or refused by the API's own rules); false if a fault or a cut came first.
    pub committed: bool,
    /// The API's own answer: an HTTP status, and the code of an error. Absent as long as not committed.
    pub status: Option<u16>,
    /// The error's code.
    pub code: Option<String>,
    /// What the caller was sent.
    pub sent: Sent,
}

/// What a caller was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Nothing yet.
    Nothing,
    /// The API's own answer.
    Answer,
    /// A fault's error, with its code.
    Error(String),
    /// The start of the answer.
    Truncated,
    /// An HTML page.
    Garbage,
    /// The end of the connection.
    Cut,
}

impl LogEntry {
    /// The entry of a call that has just arrived.
    pub(crate) fn arrived(call: Description, number: u64, nth: u64, at: Timestamp) -> Self {
        let Description { action, kind, account, region, params, body } = call;
        Self {
            number,
            nth,
            at,
            account,
            region,
            action,
            kind,
            params,
            body,
            committed: false,
            status: None,
            code: None,
            sent: Sent::Nothing,
        }
    }
}
