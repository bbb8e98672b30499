//! What the control API has about EC2 alone.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{Call, Caller, Ec2, OutsideChange};
use crate::api::Api as _;
use crate::control_request::{ControlRequest, Outcome, Refusal, nothing, to_json};
use crate::params::Params;

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

/// Answers a request whose path begins with `/ec2`.
pub(super) fn answer(ec2: &mut Ec2, request: &ControlRequest<'_>, now: Timestamp) -> Option<Outcome> {
    let path = request.path.strip_prefix("/ec2")?;
    let outcome = match (request.method, path) {
        ("GET", "/objects") => to_json(&ec2.inventory(now)),
        ("GET", "/settings") => to_json(&ec2.settings()),
        ("PUT", "/settings") => change_settings(ec2, None, request),
        ("PUT", "/timings") => change_settings(ec2, Some("timings"), request),
        ("PUT", "/quotas") => change_settings(ec2, Some("quotas"), request),
        ("PUT", "/throttling") => change_settings(ec2, Some("throttling"), request),
        ("POST", "/seed-vpc") => seed_vpc(ec2, request, now),
        ("POST", "/call") => call(ec2, request, now),
        ("POST", "/change") => change(ec2, request, now),
        _ => return None,
    };
    Some(outcome)
}

/// Lays the members given over the settings in force, or over one part of them.
fn change_settings(ec2: &mut Ec2, part: Option<&str>, request: &ControlRequest<'_>) -> Outcome {
    let changed = request.overlay(&ec2.settings(), part)?;
    ec2.set_settings(changed);
    to_json(&ec2.settings())
}

fn seed_vpc(ec2: &mut Ec2, request: &ControlRequest<'_>, now: Timestamp) -> Outcome {
    let caller: Caller = request.parse()?;
    let seeded = ec2.seed_vpc(&caller, now);
    to_json(&seeded.map_err(|error| Refusal::new(409, error.to_string()))?)
}

fn call(ec2: &mut Ec2, request: &ControlRequest<'_>, now: Timestamp) -> Outcome {
    let OutsideCall { caller, action, params } = request.parse()?;
    let reply = ec2.handle(&Call { caller, action, params }, now);
    Ok(json!({ "status": reply.status, "code": reply.code, "body": reply.body }))
}

fn change(ec2: &mut Ec2, request: &ControlRequest<'_>, now: Timestamp) -> Outcome {
    let Change { caller, change } = request.parse()?;
    if ec2.change_outside(&caller, change, now) {
        Ok(nothing())
    } else {
        Err(Refusal::new(404, "there is no such object"))
    }
}
