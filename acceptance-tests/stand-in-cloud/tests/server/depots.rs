//! A small API of another kind than EC2's: paths and JSON, bearer tokens, entity tags, and long-running operations that are asked
//! after at an address of their own.
//!
//! A depot is created by `PUT /accounts/{account}/depots/{name}` and deleted by `DELETE`; both are done only some time after
//! they were accepted.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stand_in_cloud::api::{Api, Call, Description, Kind};
use stand_in_cloud::control_request::{ControlRequest, Outcome, to_json};
use stand_in_cloud::error::ApiError;
use stand_in_cloud::params::Params;
use stand_in_cloud::request::{Reply, Request};
use stand_in_cloud::rules::{Mark, Rule, rule};
use stand_in_cloud::throttling::{Buckets, Rate, Throttling};

/// So many calls at once, and then so many a second.
const RATE: Rate = Rate { burst: 3.0, per_second: 0.5 };

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// How long an operation takes.
    pub(crate) operation_ms: u64,
    pub(crate) throttling: Throttling,
}

#[derive(Debug, Clone)]
struct Depot {
    size: u64,
    /// Grows with each change.
    version: u64,
    ready: Timestamp,
    deleted: Option<Timestamp>,
}

/// The depots of all accounts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Depots {
    settings: Settings,
    inventory: BTreeMap<(String, String), Depot>,
    /// When each operation is done.
    operations: Vec<Timestamp>,
    buckets: Buckets<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Get,
    Put,
    Delete,
    Poll,
}

#[derive(Debug)]
pub(crate) struct DepotCall {
    endpoint: String,
    account: String,
    action: Action,
    /// The name of a depot, or the number of an operation.
    subject: String,
    body: Option<Value>,
}

impl Call for DepotCall {
    fn describe(&self) -> Description {
        let (action, kind) = match self.action {
            Action::Get => ("GET depots/{name}", Kind::Read),
            Action::Put => ("PUT depots/{name}", Kind::Change),
            Action::Delete => ("DELETE depots/{name}", Kind::Change),
            Action::Poll => ("GET operations/{id}", Kind::Poll),
        };
        let part = if self.action == Action::Poll { "id" } else { "name" };
        Description {
            action: action.to_owned(),
            kind,
            account: self.account.clone(),
            region: None,
            params: Params::from_iter([(part, self.subject.as_str())]),
            body: self.body.clone(),
        }
    }
}

impl Depots {
    fn answer(&mut self, call: &DepotCall, now: Timestamp) -> Result<Reply, Reply> {
        let throttling = self.settings.throttling.clone();
        self.buckets.take(call.account.clone(), RATE, &throttling, now).map_err(|wait| {
            let error = ApiError::new("TooManyRequests", "Slow down.").with_status(429);
            refusal(&error).with("retry-after", wait.as_secs_f64().ceil().to_string())
        })?;
        self.inventory.retain(|_, depot| depot.deleted.is_none_or(|deleted| deleted > now));
        match call.action {
            Action::Get => self.get(call, now),
            Action::Put => Ok(self.put(call, now)),
            Action::Delete => Ok(self.delete(call, now)),
            Action::Poll => self.poll(call, now),
        }
    }

    fn key(call: &DepotCall) -> (String, String) {
        (call.account.clone(), call.subject.clone())
    }

    fn get(&self, call: &DepotCall, now: Timestamp) -> Result<Reply, Reply> {
        let missing = || refusal(&ApiError::new("NotFound", "There is no such depot.").with_status(404));
        Ok(shown(200, self.inventory.get(&Self::key(call)).ok_or_else(missing)?, now))
    }

    fn put(&mut self, call: &DepotCall, now: Timestamp) -> Reply {
        let done = self.begin(now);
        let size = call.body.as_ref().and_then(|body| body["size"].as_u64()).unwrap_or(0);
        let before = self.inventory.get(&Self::key(call));
        let (status, version) = before.map_or((201, 1), |depot| (200, depot.version + 1));
        let depot = Depot { size, version, ready: done, deleted: None };
        let reply = shown(status, &depot, now);
        self.inventory.insert(Self::key(call), depot);
        reply.with("operation", self.link(call)).with("retry-after", "0")
    }

    fn delete(&mut self, call: &DepotCall, now: Timestamp) -> Reply {
        let Some(mut depot) = self.inventory.remove(&Self::key(call)) else { return Reply::empty(204) };
        depot.deleted = Some(self.begin(now));
        self.inventory.insert(Self::key(call), depot);
        Reply::empty(202).with("location", self.link(call)).with("retry-after", "0")
    }

    fn poll(&self, call: &DepotCall, now: Timestamp) -> Result<Reply, Reply> {
        let missing = || refusal(&ApiError::new("NotFound", "There is no such operation.").with_status(404));
        let index: usize = call.subject.parse().map_err(|_| missing())?;
        let done = self.operations.get(index).ok_or_else(missing)?;
        let status = if *done > now { "InProgress" } else { "Succeeded" };
        Ok(json_reply(200, &json!({ "status": status })))
    }

    /// Begins an operation; when it will be done.
    fn begin(&mut self, now: Timestamp) -> Timestamp {
        let done = now + Duration::from_millis(self.settings.operation_ms);
        self.operations.push(done);
        done
    }

    /// Where to ask after the operation that was begun last.
    fn link(&self, call: &DepotCall) -> String {
        let number = self.operations.len() - 1;
        format!("{}/accounts/{}/operations/{number}", call.endpoint, call.account)
    }
}

fn shown(status: u16, depot: &Depot, now: Timestamp) -> Reply {
    let state = if depot.deleted.is_some() {
        "Deleting"
    } else if depot.ready > now {
        "Updating"
    } else {
        "Succeeded"
    };
    json_reply(status, &json!({ "size": depot.size, "state": state })).with("etag", format!("\"{}\"", depot.version))
}

fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json", body.to_string())
}

fn refusal(error: &ApiError) -> Reply {
    let body = json!({ "error": { "code": error.code, "message": error.message } });
    json_reply(error.status, &body).with_code(&error.code)
}

impl Api for Depots {
    type Call = DepotCall;
    type Settings = Settings;

    fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    fn latency(&self, _: &DepotCall) -> Duration {
        Duration::ZERO
    }

    fn rules() -> Vec<Rule> {
        vec![rule("depots-take-time", Mark::Assumed, "A depot is there before it is ready.", "It is made up.")]
    }

    fn recognises(&self, request: &Request) -> bool {
        request.path.starts_with("/accounts/")
    }

    fn read(&mut self, request: &Request) -> Result<DepotCall, Reply> {
        if !request.header("authorization").is_some_and(|value| value.starts_with("Bearer ")) {
            let error = ApiError::new("Unauthorized", "There is no token.").with_status(401);
            return Err(refusal(&error).with("www-authenticate", "Bearer"));
        }
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let (action, account, subject) = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["accounts", account, "depots", name]) => (Action::Get, account, name),
            ("PUT", ["accounts", account, "depots", name]) => (Action::Put, account, name),
            ("DELETE", ["accounts", account, "depots", name]) => (Action::Delete, account, name),
            ("GET", ["accounts", account, "operations", id]) => (Action::Poll, account, id),
            _ => return Err(refusal(&ApiError::new("NotFound", "There is nothing there.").with_status(404))),
        };
        Ok(DepotCall {
            endpoint: request.endpoint.clone(),
            account: (*account).to_owned(),
            action,
            subject: (*subject).to_owned(),
            body: serde_json::from_slice(&request.body).ok(),
        })
    }

    fn handle(&mut self, call: &DepotCall, now: Timestamp) -> Reply {
        self.answer(call, now).unwrap_or_else(|refused| refused)
    }

    fn refuse(&mut self, _: &DepotCall, error: ApiError) -> Reply {
        refusal(&error)
    }

    fn control(&mut self, request: &ControlRequest<'_>, _: Timestamp) -> Option<Outcome> {
        match (request.method, request.path) {
            ("PUT", "/depots/settings") => Some(request.overlay(&self.settings, None).and_then(|settings| {
                self.settings = settings;
                to_json(&self.settings)
            })),
            _ => None,
        }
    }
}
