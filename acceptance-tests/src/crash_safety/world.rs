//! What a walk of crashes needs of a cloud: all that it knows of one.

use std::collections::BTreeSet;
use std::ffi::OsString;

use serde_json::Value as Json;
use stand_in_cloud::Server;
use stand_in_cloud::api::Api;
use stand_in_cloud::faults::Effect;

/// A stand-in cloud with what a test configuration stands on, such as a network.
pub trait World {
    /// Its API, with the state of the cloud: what a snapshot is.
    type Api: Api;

    /// The server.
    fn server(&self) -> &Server<Self::Api>;

    /// What a provider's environment must say to reach it.
    fn environment(&self) -> Vec<(OsString, OsString)>;

    /// The provider block with which an owner's configuration reaches it.
    fn provider_block(&self, owner: &str) -> Json;

    /// The ids of the objects that carry an owner's identity and exist.
    fn owned(&self, owner: &str) -> BTreeSet<String>;

    /// What exists of what costs money or carries egress traffic, by identity and not by id, one line for each. Two runs that
    /// reached the same end have the same lines; an orphan is a line too many, a duplicate a line twice.
    fn egress(&self) -> Vec<String>;

    /// How the cloud refuses a call that comes too soon after others.
    fn throttled(&self) -> Effect;

    /// How it refuses a call that it cannot serve for a moment.
    fn unavailable(&self) -> Effect;

    /// The whole cloud as it is.
    fn snapshot(&self) -> Self::Api {
        self.server().snapshot()
    }

    /// Puts it back to a snapshot, without faults, holds and log.
    fn restore(&self, snapshot: &Self::Api) {
        self.server().restore(snapshot.clone());
    }
}
