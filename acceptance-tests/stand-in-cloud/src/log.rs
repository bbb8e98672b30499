//! The access log: one entry for each call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ec2::Call;
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
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The action.
    pub action: String,
    /// Its parameters.
    pub params: Params,
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
    pub(crate) fn arrived(call: &Call, number: u64, nth: u64, at: Timestamp) -> Self {
        Self {
            number,
            nth,
            at,
            account: call.caller.account.clone(),
            region: call.caller.region.clone(),
            action: call.action.clone(),
            params: call.params.clone(),
            committed: false,
            status: None,
            code: None,
            sent: Sent::Nothing,
        }
    }
}
