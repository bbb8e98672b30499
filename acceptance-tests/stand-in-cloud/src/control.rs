//! The control API: what [`crate::Server`]'s methods do, over HTTP with JSON, under `/_stand-in`.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::api::Api;
use crate::control_request::{ControlRequest, Outcome, Refusal, nothing, to_json};
use crate::faults::{Fault, Faults, Hold, Resume};
use crate::params::Params;
use crate::shared::Shared;

/// The longest that a request waits for a call to be held.
const LONGEST_WAIT_MS: u64 = 60_000;

#[derive(Debug, Deserialize)]
struct Advance {
    ms: u64,
}

/// Answers a request of the control API: a status and JSON.
pub(crate) async fn answer<A: Api>(
    shared: &Arc<Shared<A>>,
    request: ControlRequest<'_>,
    query: &Params,
) -> (u16, String) {
    let outcome = match (request.method, request.path) {
        ("GET", "/hold") => {
            let wait = query.get("wait_ms").and_then(|wait| wait.parse().ok()).unwrap_or(0).min(LONGEST_WAIT_MS);
            to_json(&shared.gate.wait_until_held(Duration::from_millis(wait)).await)
        }
        _ => at_once(shared, &request),
    };
    match outcome {
        Ok(value) => (200, value.to_string()),
        Err(Refusal { status, message }) => (status, json!({ "error": message }).to_string()),
    }
}

fn at_once<A: Api>(shared: &Arc<Shared<A>>, request: &ControlRequest<'_>) -> Outcome {
    let now = shared.now();
    match (request.method, request.path) {
        ("GET", "/health") => Ok(json!({ "status": "running", "now": now.to_string() })),
        ("GET", "/rules") => to_json(&A::rules()),
        ("GET", "/log") => to_json(&shared.state().log),
        ("DELETE", "/log") => {
            shared.clear_log();
            Ok(nothing())
        }
        ("GET", "/faults") => to_json(&shared.state().faults.0),
        ("PUT", "/faults") => {
            let faults: Vec<Fault> = request.parse()?;
            shared.state().faults = Faults(faults);
            Ok(nothing())
        }
        ("PUT", "/hold") => {
            let hold: Hold = request.parse()?;
            shared.gate.arm(Some(hold));
            Ok(nothing())
        }
        ("DELETE", "/hold") => {
            shared.gate.arm(None);
            Ok(nothing())
        }
        ("POST", "/hold/resume") => {
            let resume: Resume = request.parse()?;
            shared.gate.resume(resume);
            Ok(nothing())
        }
        ("POST", "/clock") => {
            let advance: Advance = request.parse()?;
            shared.advance(Duration::from_millis(advance.ms));
            Ok(nothing())
        }
        ("POST", "/reset") => {
            shared.reset();
            Ok(nothing())
        }
        (method, path) => {
            let outcome = shared.state().api.control(request, now);
            outcome.unwrap_or_else(|| Err(Refusal::new(404, format!("there is no {method} {path}"))))
        }
    }
}
