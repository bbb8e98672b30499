//! Azure Resource Manager with what `Microsoft.Network` has of egress, as a pure state machine: a call and the time in, a reply out.
//!
//! An object is written whole by a PUT, which is accepted at once and done later. What carries traffic meanwhile is what it was before,
//! and the stand-in records for every instant which subnets had a way out.

mod change;
mod egress;
mod identity;
mod object;
mod outside;
mod path;
mod refusal;
mod rules;
mod settings;
mod validate;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::{Api, Description, Kind as CallKind};
use crate::control_request::{ControlRequest, Outcome, to_json};
use crate::error::ApiError;
use crate::params::Params;
use crate::request::{Reply, Request};
use crate::rules::Rule;
use crate::throttling::{Buckets, Rate};
pub use egress::Gap;
pub use identity::CLIENT_SECRET;
use object::{End, Object, Work};
pub use path::Kind;
use path::{Target, name, normal};
pub use rules::RULES;
pub use settings::Settings;

/// What Azure Resource Manager takes of one caller in a subscription: 250 reads and 200 writes at once, then 25 and 10 a second
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>).
const READS: Rate = Rate { burst: 250.0, per_second: 25.0 };
const WRITES: Rate = Rate { burst: 200.0, per_second: 10.0 };

/// What an operation became.
#[derive(Debug, Clone)]
enum Progress {
    Running,
    Succeeded,
    Failed,
}

/// The subscriptions with all that is in them.
#[derive(Debug, Clone, Default)]
pub struct Azure {
    settings: Settings,
    objects: BTreeMap<String, Object>,
    operations: BTreeMap<u64, Progress>,
    next_operation: u64,
    next_ip: u32,
    fail_next: bool,
    refuse_next_create: bool,
    buckets: Buckets<(String, bool)>,
    egress: egress::Record,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Put,
    Delete,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    endpoint: String,
    subscription: String,
    method: Method,
    target: Target,
    if_match: Option<String>,
    must_be_new: bool,
    body: Option<Value>,
}

impl crate::api::Call for Call {
    fn describe(&self) -> Description {
        let method = match self.method {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        };
        let (template, named) = match &self.target {
            Target::Object { kind, id } => (format!("{}/{{}}", kind.segment()), name(id).to_owned()),
            Target::Collection { kind, .. } => (kind.segment().to_owned(), String::new()),
            Target::Usages => ("usages".to_owned(), String::new()),
            Target::Operation(number) => ("operations/{}".to_owned(), number.to_string()),
        };
        let kind = match (self.method, &self.target) {
            (_, Target::Operation(_)) => CallKind::Poll,
            (Method::Get, _) => CallKind::Read,
            _ => CallKind::Change,
        };
        Description {
            action: format!("{method} {template}"),
            kind,
            account: self.subscription.clone(),
            region: None,
            params: Params::from_iter([("name", named)]),
            body: self.body.clone(),
        }
    }
}

impl Azure {
    /// Finishes what is done by now, in the order in which it was done.
    fn tick(&mut self, now: Timestamp) {
        loop {
            let due = self.objects.iter().filter_map(|(id, object)| Some((object.work.as_ref()?.done, id.clone())));
            let Some((at, id)) = due.min().filter(|(at, _)| *at <= now) else { return };
            let Some(object) = self.objects.get_mut(&id) else { return };
            let Some(Work { operation, end, .. }) = object.work.take() else { return };
            object.failed = end == End::Fails;
            match end {
                End::Succeeds => {
                    object.effective = Some(object.body.clone());
                    self.operations.insert(operation, Progress::Succeeded);
                }
                End::Fails => {
                    self.operations.insert(operation, Progress::Failed);
                }
                End::Deletes => {
                    self.objects.remove(&id);
                    self.operations.insert(operation, Progress::Succeeded);
                }
            }
            self.settle_addresses(&id);
            self.record(at);
        }
    }

    fn answer(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        let (throttling, is_read) = (self.settings.throttling.clone(), call.method == Method::Get);
        let rate = if is_read { READS } else { WRITES };
        self.buckets.take((call.subscription.clone(), is_read), rate, &throttling, now).map_err(|wait| {
            let error = ApiError::new("TooManyRequests", "The request was throttled.").with_status(429);
            refusal::reply(&error).with("retry-after", wait.as_secs_f64().ceil().to_string())
        })?;
        self.tick(now);
        match (call.method, &call.target) {
            (Method::Get, Target::Object { id, .. }) => self.get(id),
            (Method::Get, Target::Collection { kind, below }) => Ok(self.list(*kind, below, now)),
            (Method::Get, Target::Usages) => Ok(self.usages()),
            (Method::Get, Target::Operation(number)) => self.poll(*number),
            (Method::Put, Target::Object { kind, id }) => self.put(call, *kind, id, now),
            (Method::Delete, Target::Object { kind, id }) => self.delete(call, *kind, id, now),
            _ => Err(refusal::reply(&ApiError::new("MethodNotAllowed", "Not on this path.").with_status(405))),
        }
    }

    fn get(&self, id: &str) -> Result<Reply, Reply> {
        let object = self.objects.get(&normal(id)).ok_or_else(|| refusal::not_found(id))?;
        Ok(json_reply(200, &self.shown(object)))
    }

    fn list(&self, kind: Kind, below: &str, now: Timestamp) -> Reply {
        let is_shown = |id: &str, object: &Object| {
            let is_old = now.duration_since(object.created) >= jiff_duration(self.settings.list_lag());
            object.kind == kind && id.starts_with(below) && is_old
        };
        let all = self.objects.iter().filter(|(id, object)| is_shown(id, object));
        json_reply(200, &json!({ "value": all.map(|(_, object)| self.shown(object)).collect::<Vec<_>>() }))
    }

    fn usages(&self) -> Reply {
        let used = self.objects.values().filter(|object| object.kind == Kind::Address).count();
        let usage = |name: &str| {
            let name = json!({ "value": name, "localizedValue": name });
            json!({ "unit": "Count", "currentValue": used, "limit": self.settings.public_ips, "name": name })
        };
        json_reply(200, &json!({ "value": [usage("PublicIPAddresses"), usage("StaticPublicIPAddresses")] }))
    }

    fn poll(&self, number: u64) -> Result<Reply, Reply> {
        let body = match self.operations.get(&number) {
            Some(Progress::Running) => json!({ "status": "InProgress" }),
            Some(Progress::Succeeded) => json!({ "status": "Succeeded" }),
            Some(Progress::Failed) => {
                let error = json!({ "code": "InternalServerError", "message": "An error occurred.", "details": [] });
                json!({ "status": "Failed", "error": error })
            }
            None => return Err(refusal::not_found(&format!("operation {number}"))),
        };
        Ok(json_reply(200, &body).with("retry-after", "0"))
    }

    /// An object with what follows from others: who uses an address, and which subnets name a gateway.
    fn shown(&self, object: &Object) -> Value {
        let own = normal(&object.id);
        let mut extra = Map::new();
        let refers = |kind: Kind, lists: &[&str]| {
            let names = |other: &&Object| {
                other.kind == kind && lists.iter().any(|list| object::references(&other.body, list).contains(&own))
            };
            self.objects.values().filter(names).map(|other| json!({ "id": other.id })).collect::<Vec<_>>()
        };
        match object.kind {
            Kind::Address | Kind::Prefix => {
                let users = refers(Kind::Gateway, &object::SOURCES);
                extra.extend(users.into_iter().next().map(|user| ("natGateway".to_owned(), user)));
            }
            Kind::Gateway => {
                let subnets = refers(Kind::Subnet, &["natGateway"]);
                if !subnets.is_empty() {
                    extra.insert("subnets".to_owned(), Value::Array(subnets));
                }
            }
            Kind::Network | Kind::Subnet => {}
        }
        object.shown(extra)
    }

    /// Begins an operation on an object, and gives the reply that accepts it.
    fn begin(&mut self, call: &Call, id: &str, end: End, now: Timestamp) -> Reply {
        self.next_operation += 1;
        let (operation, done) = (self.next_operation, now + self.settings.operation());
        self.operations.insert(operation, Progress::Running);
        let is_deleted = end == End::Deletes;
        let (status, body) = match self.objects.get_mut(&normal(id)) {
            Some(object) => {
                let is_new = object.version == 1;
                object.work = Some(Work { operation, done, end });
                (if is_new { 201 } else { 200 }, object.id.clone())
            }
            None => (204, String::new()),
        };
        let (endpoint, subscription) = (&call.endpoint, &call.subscription);
        let link = format!(
            "{endpoint}/subscriptions/{subscription}/providers/Microsoft.Network/locations/westeurope/operations/{operation}\
             ?api-version=2025-07-01"
        );
        let reply = if is_deleted {
            Reply::empty(202).with("location", link.clone())
        } else {
            let shown = self.objects.get(&normal(&body)).map_or(Value::Null, |object| self.shown(object));
            json_reply(status, &shown)
        };
        reply.with("azure-asyncoperation", link).with("retry-after", "0")
    }
}

fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json", body.to_string())
}

fn jiff_duration(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

impl Api for Azure {
    type Call = Call;
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

    fn latency(&self, _: &Call) -> Duration {
        Duration::ZERO
    }

    fn rules() -> Vec<Rule> {
        RULES.to_vec()
    }

    fn recognises(&self, request: &Request) -> bool {
        request.path.starts_with("/subscriptions/") || identity::is_token_request(request)
    }

    fn read(&mut self, request: &Request) -> Result<Call, Reply> {
        if identity::is_token_request(request) {
            return Err(identity::token(request));
        }
        let is_signed = request.header("authorization").is_some_and(|value| value.starts_with("Bearer "));
        if !is_signed {
            let error = ApiError::new("AuthenticationFailed", "Authentication failed.").with_status(401);
            return Err(refusal::reply(&error));
        }
        if request.query.get("api-version").is_none() {
            return Err(refusal::bad("MissingApiVersionParameter", "The api-version query parameter is required."));
        }
        let method = match request.method.as_str() {
            "GET" => Some(Method::Get),
            "PUT" => Some(Method::Put),
            "DELETE" => Some(Method::Delete),
            _ => None,
        };
        let (Some(method), Some((subscription, target))) = (method, path::parse(&request.path)) else {
            return Err(refusal::not_found(&request.path));
        };
        Ok(Call {
            endpoint: request.endpoint.clone(),
            subscription,
            method,
            target,
            if_match: request.header("if-match").map(str::to_owned),
            must_be_new: request.header("if-none-match") == Some("*"),
            body: serde_json::from_slice(&request.body).ok(),
        })
    }

    fn handle(&mut self, call: &Call, now: Timestamp) -> Reply {
        self.answer(call, now).unwrap_or_else(|refused| refused)
    }

    fn refuse(&mut self, _: &Call, error: ApiError) -> Reply {
        refusal::reply(&error)
    }

    fn control(&mut self, request: &ControlRequest<'_>, now: Timestamp) -> Option<Outcome> {
        match (request.method, request.path) {
            ("PUT", "/azure/settings") => Some(request.overlay(&self.settings, None).and_then(|settings| {
                self.settings = settings;
                to_json(&self.settings)
            })),
            ("GET", "/azure/inventory") => Some(to_json(&self.inventory(now))),
            _ => None,
        }
    }
}
