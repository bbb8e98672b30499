//! What the server does with any API: everything that it does with EC2. The API here has long-running operations and says the
//! most in headers.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stand_in_cloud::Config;
use stand_in_cloud::api::Kind;
use stand_in_cloud::beside::Beside;
use stand_in_cloud::ec2::{self, Ec2};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, HeldCall, Hold, HoldPhase, Matcher, Resume};
use stand_in_cloud::log::Sent;
use stand_in_cloud::throttling::Throttling;

use super::client::{self, Response, control, send};
use super::depots::{Depots, Settings};
use super::{ALLOCATE, WAIT};

type Server = stand_in_cloud::Server<Depots>;

const PUT: &str = "PUT depots/{name}";
const POLL: &str = "GET operations/{id}";
const A_SECOND: Duration = Duration::from_secs(1);

fn start(operation: Duration) -> Server {
    let operation_ms = u64::try_from(operation.as_millis()).expect("a short time");
    let settings = Settings { operation_ms, ..Settings::default() };
    Server::start(Config { settings, ..Config::default() }).expect("a free port of this machine")
}

/// A call of the account `acme`; an error if the connection was cut.
fn call(endpoint: &str, method: &str, path: &str, body: &Value) -> std::io::Result<Response> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(endpoint, method, &format!("/accounts/acme{path}"), "Authorization: Bearer x\r\n", &body)
}

fn put(server: &Server, name: &str) -> std::io::Result<Response> {
    call(&server.endpoint(), "PUT", &format!("/depots/{name}"), &json!({ "size": 3 }))
}

fn get(server: &Server, name: &str) -> Response {
    call(&server.endpoint(), "GET", &format!("/depots/{name}"), &Value::Null).expect("an answer")
}

/// Asks after an operation at the address that a reply gave.
fn poll(link: &str) -> std::io::Result<String> {
    let path = link.find("/accounts").expect("a link to an account");
    let response = send(&link[..path], "GET", &link[path..], "Authorization: Bearer x\r\n", "")?;
    let body: Value = serde_json::from_str(&response.body).expect("JSON");
    Ok(body["status"].as_str().unwrap_or_default().to_owned())
}

fn once(at: Matcher, phase: FaultPhase, effect: Effect) -> Vec<Fault> {
    vec![Fault::once(at, phase, effect)]
}

#[test]
fn an_operation_is_asked_after_where_the_reply_says() {
    let server = start(A_SECOND);
    let made = put(&server, "a").expect("an answer");
    assert_eq!((made.status, made.headers["retry-after"].as_str()), (201, "0"));
    assert_eq!((made.headers["content-type"].as_str(), made.headers["etag"].as_str()), ("application/json", "\"1\""));
    let link = &made.headers["operation"];
    assert!(link.starts_with(&server.endpoint()), "{link}");
    assert_eq!(poll(link).expect("an answer"), "InProgress");
    assert!(get(&server, "a").body.contains("Updating"));
    server.advance(A_SECOND);
    assert_eq!(poll(link).expect("an answer"), "Succeeded");
    assert!(get(&server, "a").body.contains("Succeeded"));
    let deleted = call(&server.endpoint(), "DELETE", "/depots/a", &Value::Null).expect("an answer");
    assert_eq!((deleted.status, deleted.body.as_str()), (202, ""));
    assert!(!deleted.headers.contains_key("content-type"), "what has no content has no type");
    server.advance(A_SECOND);
    assert_eq!(poll(&deleted.headers["location"]).expect("an answer"), "Succeeded");
    assert_eq!(get(&server, "a").status, 404);
}

#[test]
fn the_log_has_every_call_with_its_body_and_none_without_a_caller() {
    let server = start(Duration::ZERO);
    let refused = send(&server.endpoint(), "GET", "/accounts/acme/depots/a", "", "").expect("an answer");
    assert_eq!((refused.status, refused.headers["www-authenticate"].as_str()), (401, "Bearer"));
    let made = put(&server, "a").expect("an answer");
    poll(&made.headers["operation"]).expect("an answer");
    get(&server, "b");
    let log = server.log();
    let seen: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.kind, entry.code.as_deref())).collect();
    let expected =
        [(PUT, Kind::Change, None), (POLL, Kind::Poll, None), ("GET depots/{name}", Kind::Read, Some("NotFound"))];
    assert_eq!(seen, expected);
    assert_eq!((log[0].params.get("name"), log[0].body.as_ref()), (Some("a"), Some(&json!({ "size": 3 }))));
    assert!(log.iter().all(|entry| entry.account == "acme" && entry.region.is_none() && entry.sent == Sent::Answer));
}

#[test]
fn a_lost_answer_leaves_what_was_done_and_an_error_nothing() {
    let server = start(Duration::ZERO);
    let error = Effect::Error { status: 503, code: "ServerBusy".to_owned(), message: "Busy".to_owned() };
    server.set_faults(once(Matcher::action(PUT), FaultPhase::BeforeCommit, error));
    let refused = put(&server, "a").expect("an answer");
    assert_eq!((refused.status, refused.headers["content-type"].as_str()), (503, "application/json"));
    assert!(refused.body.contains(r#""code":"ServerBusy""#), "{}", refused.body);
    assert_eq!(get(&server, "a").status, 404);
    server.set_faults(once(Matcher::action(PUT), FaultPhase::AfterCommit, Effect::Cut));
    assert!(put(&server, "a").is_err());
    assert_eq!(get(&server, "a").status, 200);
    assert_eq!(put(&server, "a").expect("an answer").headers["etag"], "\"2\"");
    for phase in [FaultPhase::BeforeCommit, FaultPhase::AfterCommit] {
        server.set_faults(once(Matcher::any(), phase, Effect::Truncate));
        let broken = put(&server, "a").expect("an answer");
        assert!(broken.status == 200 && !broken.whole && broken.body.starts_with('{'), "{phase:?}: {broken:?}");
        server.set_faults(once(Matcher::any(), phase, Effect::Garbage));
        let page = put(&server, "a").expect("an answer");
        assert_eq!((page.status, page.headers["content-type"].as_str()), (502, "text/html"));
    }
}

#[test]
fn polls_are_not_among_the_calls_that_are_counted() {
    let server = start(A_SECOND);
    let made = put(&server, "a").expect("an answer");
    let link = &made.headers["operation"];
    server.set_faults(once(Matcher::any(), FaultPhase::BeforeCommit, Effect::Cut));
    for _ in 0..3 {
        assert!(poll(link).is_ok(), "a fault of any call struck a poll");
    }
    assert!(put(&server, "b").is_err(), "the second PUT is the first call that a fault of any call can strike");
    let at = Matcher::nth(PUT, 3);
    server.set_faults(once(at, FaultPhase::BeforeCommit, Effect::Cut));
    poll(link).expect("an answer");
    assert!(put(&server, "b").is_err(), "it is the third PUT, however often was polled");
    server.set_faults(once(Matcher::nth(POLL, 5), FaultPhase::BeforeCommit, Effect::Cut));
    assert!(poll(link).is_err(), "who names the polls means them");
}

#[test]
fn a_call_is_held_where_asked_and_a_poll_only_where_it_is_named() {
    let server = start(A_SECOND);
    let link = put(&server, "a").expect("an answer").headers["operation"].clone();
    server.hold(Hold { at: Matcher::any(), phase: HoldPhase::AfterCommit });
    poll(&link).expect("a poll is not held");
    let endpoint = server.endpoint();
    let held_put = thread::spawn(move || call(&endpoint, "PUT", "/depots/b", &json!({})).is_ok());
    let held = server.wait_until_held(WAIT);
    assert_eq!(held, Some(HeldCall { number: 3, action: PUT.to_owned(), phase: HoldPhase::AfterCommit }));
    server.resume(Resume::Cut);
    assert!(!held_put.join().expect("no panic"));
    assert_eq!(get(&server, "b").status, 200, "what was committed is done");
    server.hold(Hold { at: Matcher::action(POLL), phase: HoldPhase::BeforeCommit });
    let polling = thread::spawn(move || poll(&link).is_ok());
    assert_eq!(server.wait_until_held(WAIT).map(|held| held.action), Some(POLL.to_owned()));
    server.resume(Resume::Continue);
    assert!(polling.join().expect("no panic"));
}

#[test]
fn too_many_calls_are_told_when_to_come_back() {
    let server = start(Duration::ZERO);
    server.with(|depots, _| {
        let throttling = Throttling { enabled: true, share_percent: 100 };
        stand_in_cloud::api::Api::set_settings(depots, Settings { operation_ms: 0, throttling });
    });
    let statuses: Vec<u16> = (0..4).map(|_| put(&server, "a").expect("an answer").status).collect();
    assert_eq!(statuses, [201, 200, 200, 429]);
    let refused = put(&server, "a").expect("an answer");
    let wait = refused.headers["retry-after"].parse().expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
    server.advance(Duration::from_secs(wait));
    assert_eq!(put(&server, "a").expect("an answer").status, 200);
}

#[test]
fn a_snapshot_is_come_back_to() {
    let server = start(Duration::ZERO);
    put(&server, "a").expect("an answer");
    let snapshot = server.snapshot();
    put(&server, "b").expect("an answer");
    server.restore(snapshot);
    assert!(server.log().is_empty());
    assert_eq!((get(&server, "a").status, get(&server, "b").status), (200, 404));
    server.reset();
    assert_eq!(get(&server, "a").status, 404);
}

#[test]
fn two_apis_at_one_address_have_one_log_and_their_own_settings() {
    let server = stand_in_cloud::Server::<Beside<Depots, Ec2>>::start(Config::default()).expect("a free port");
    let endpoint = server.endpoint();
    let settings = control(&endpoint, "PUT", "/depots/settings", r#"{"operation_ms": 60000}"#).expect("an answer");
    assert!(settings.body.contains("60000"), "{}", settings.body);
    let quotas = control(&endpoint, "PUT", "/ec2/quotas", r#"{"addresses": 1}"#).expect("an answer");
    assert_eq!(quotas.status, 200);
    assert_eq!(control(&endpoint, "PUT", "/depots/settings", r#"{"nap": 1}"#).expect("an answer").status, 400);
    let made = call(&endpoint, "PUT", "/depots/a", &json!({})).expect("an answer");
    assert!(made.body.contains("Updating"), "{}", made.body);
    server.set_faults(once(Matcher::action(PUT), FaultPhase::BeforeCommit, Effect::Cut));
    let allocated: Vec<u16> =
        (0..2).map(|_| client::call(&endpoint, ALLOCATE).expect("a fault struck the other API").status).collect();
    assert_eq!(allocated, [200, 400]);
    assert!(call(&endpoint, "PUT", "/depots/a", &json!({})).is_err());
    let log = server.log();
    let seen: Vec<_> = log.iter().map(|entry| (entry.number, entry.nth, entry.action.as_str())).collect();
    assert_eq!(seen, [(1, 1, PUT), (2, 1, "AllocateAddress"), (3, 2, "AllocateAddress"), (4, 2, PUT)]);
    assert_eq!(server.with(|both, now| both.other.inventory(now)).addresses.len(), 1);
    let rules = control(&endpoint, "GET", "/rules", "").expect("an answer").body;
    assert!(rules.contains("depots-take-time") && rules.contains(ec2::RULES[0].name));
}
