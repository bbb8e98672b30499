//! The control API: what [`crate::Server`]'s methods do, over HTTP with JSON, under `/_stand-in`.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ec2::{Call, Caller, OutsideChange};
use crate::faults::{Fault, Faults, Hold, Resume};
use crate::params::Params;
use crate::settings::Settings;
use crate::shared::Shared;

/// The longest that a request waits for a call to be held.
const LONGEST_WAIT_MS: u64 = 60_000;

#[derive(Debug, Deserialize)]
struct OutsideCall {
    #[serde(flatten)]
    caller: Caller,
    action: String,
    #[serde(default)]
    params: Params,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(flatten)]
    caller: Caller,
    #[serde(flatten)]
    change: OutsideChange,
}

#[derive(Debug, Deserialize)]
struct Advance {
    ms: u64,
}

/// What goes wrong with a request of the control API: an HTTP status and why.
struct Refusal(u16, String);

type Outcome = Result<Value, Refusal>;

/// Answers a request of the control API: a status and JSON.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> (u16, String) {
    let outcome = match (method.as_str(), path) {
        ("GET", "/hold") => {
            let query = Params::from_form(query.as_bytes());
            let wait = query.get("wait_ms").and_then(|wait| wait.parse().ok()).unwrap_or(0).min(LONGEST_WAIT_MS);
            to_json(&shared.gate.wait_until_held(Duration::from_millis(wait)).await)
        }
        (method, path) => at_once(shared, method, path, body),
    };
    match outcome {
        Ok(value) => (200, value.to_string()),
        Err(Refusal(status, message)) => (status, json!({ "error": message }).to_string()),
    }
}

fn at_once(shared: &Arc<Shared>, method: &str, path: &str, body: &[u8]) -> Outcome {
    let now = shared.now();
    match (method, path) {
        ("GET", "/health") => Ok(json!({ "status": "running", "now": now.to_string() })),
        ("GET", "/rules") => to_json(&crate::rules::RULES),
        ("GET", "/log") => to_json(&shared.state().log),
        ("DELETE", "/log") => {
            shared.clear_log();
            Ok(empty())
        }
        ("GET", "/objects") => to_json(&shared.state().ec2.inventory(now)),
        ("GET", "/faults") => to_json(&shared.state().faults.0),
        ("PUT", "/faults") => {
            let faults: Vec<Fault> = parse(body)?;
            shared.state().faults = Faults(faults);
            Ok(empty())
        }
        ("GET", "/settings") => to_json(shared.state().ec2.settings()),
        ("PUT", "/settings") => change_settings(shared, None, body),
        ("PUT", "/timings") => change_settings(shared, Some("timings"), body),
        ("PUT", "/quotas") => change_settings(shared, Some("quotas"), body),
        ("PUT", "/throttling") => change_settings(shared, Some("throttling"), body),
        ("PUT", "/hold") => {
            let hold: Hold = parse(body)?;
            shared.gate.arm(Some(hold));
            Ok(empty())
        }
        ("DELETE", "/hold") => {
            shared.gate.arm(None);
            Ok(empty())
        }
        ("POST", "/hold/resume") => {
            let resume: Resume = parse(body)?;
            shared.gate.resume(resume);
            Ok(empty())
        }
        ("POST", "/seed-vpc") => {
            let caller: Caller = parse(body)?;
            let seeded = shared.state().ec2.seed_vpc(&caller, now);
            to_json(&seeded.map_err(|error| Refusal(409, error.to_string()))?)
        }
        ("POST", "/call") => {
            let OutsideCall { caller, action, params } = parse(body)?;
            let reply = shared.state().ec2.handle(&Call { caller, action, params }, now);
            Ok(json!({ "status": reply.status, "code": reply.code, "body": reply.body }))
        }
        ("POST", "/change") => {
            let Change { caller, change } = parse(body)?;
            let found = shared.state().ec2.change_outside(&caller, change, now);
            if found { Ok(empty()) } else { Err(Refusal(404, "there is no such object".to_owned())) }
        }
        ("POST", "/clock") => {
            let advance: Advance = parse(body)?;
            shared.advance(Duration::from_millis(advance.ms));
            Ok(empty())
        }
        ("POST", "/reset") => {
            shared.reset();
            Ok(empty())
        }
        _ => Err(Refusal(404, format!("there is no {method} {path}"))),
    }
}

/// Lays the members given over the settings in force, or over one part of them.
fn change_settings(shared: &Arc<Shared>, part: Option<&str>, body: &[u8]) -> Outcome {
    let change: Value = parse(body)?;
    let change = part.map_or(change.clone(), |part| json!({ part: change }));
    let mut state = shared.state();
    let mut settings = to_json(state.ec2.settings())?;
    overlay(&mut settings, change);
    let changed: Settings = serde_json::from_value(settings).map_err(|error| Refusal(400, error.to_string()))?;
    state.ec2.set_settings(changed);
    to_json(state.ec2.settings())
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

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal(400, error.to_string()))
}

fn to_json(value: &(impl Serialize + ?Sized)) -> Outcome {
    serde_json::to_value(value).map_err(|error| Refusal(500, error.to_string()))
}

/// The answer to a change that has nothing to tell.
fn empty() -> Value {
    json!({})
}
