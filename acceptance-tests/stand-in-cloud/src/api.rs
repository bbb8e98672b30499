//! What the server has to know of a cloud's API, and all that it knows.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control_request::{ControlRequest, Outcome};
use crate::error::ApiError;
use crate::params::Params;
use crate::request::{Reply, Request};
use crate::rules::Rule;

/// An API with the state of its cloud: a pure state machine. A request is read as a call, and a call and the time give a reply.
///
/// The rest is the server's, and the same for all: the connection, faults, holds, the log, the clock, snapshots. So an API is
/// never asked to fail, to wait or to count. What happens in its cloud by itself happens when the next call comes.
pub trait Api: fmt::Debug + Clone + Send + 'static {
    /// A request that was understood.
    type Call: Call;
    /// What can be set: how long things take, how many there may be, whether the rate of calls is limited.
    type Settings: fmt::Debug + Clone + Default + Send;

    /// An empty cloud.
    fn new(settings: Self::Settings) -> Self;

    /// The settings in force.
    fn settings(&self) -> Self::Settings;

    /// Changes the settings; what is already under way keeps its time.
    fn set_settings(&mut self, settings: Self::Settings);

    /// How long a call takes at least, as over a network.
    fn latency(&self, call: &Self::Call) -> Duration;

    /// What it does like the real API.
    fn rules() -> Vec<Rule>;

    /// Whether a request is for this API, as its path and headers say. It is asked where several APIs are served at one address.
    fn recognises(&self, request: &Request) -> bool;

    /// Reads a request, with whose it is; or the reply to what is no call, such as a request without credentials. That happens
    /// before anything else, and is in no log.
    fn read(&mut self, request: &Request) -> Result<Self::Call, Reply>;

    /// Carries out a call at a time, which never goes backwards.
    fn handle(&mut self, call: &Self::Call, now: Timestamp) -> Reply;

    /// An error that arose outside, a fault, in the form that this API gives errors.
    fn refuse(&mut self, call: &Self::Call, error: ApiError) -> Reply;

    /// Answers a request of the control API that is about this cloud alone: what exists, what is set, what happens from outside.
    /// `None` if there is no such request. Paths begin with the name of the API.
    fn control(&mut self, request: &ControlRequest<'_>, now: Timestamp) -> Option<Outcome>;
}

/// A request that an API has understood.
pub trait Call: fmt::Debug + Send + Sync + 'static {
    /// What the server has to know of it.
    fn describe(&self) -> Description;
}

/// What the server has to know of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What is called: by it calls are counted, and faults and holds aimed. A name such as `CreateNatGateway`, or else the method
    /// and the template of the path, such as `PUT natGateways/{name}`.
    pub action: String,
    /// What the call is for.
    pub kind: Kind,
    /// Whose it is: an account, a subscription, a project.
    pub account: String,
    /// Where, if the call says so.
    pub region: Option<String>,
    /// What it says beside: the variable parts of the path, and the parameters of the URL or of a form.
    pub params: Params,
    /// The body, if it is JSON.
    pub body: Option<Value>,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It reads.
    Read,
    /// It changes something, or tries to.
    Change,
    /// It asks how far a long-running operation is. How often depends on the clock, so nothing that does not name the action of
    /// these calls is aimed at them, and that action is theirs alone.
    Poll,
}
