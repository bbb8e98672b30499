//! The server: faults, holds, the log, and the control API.

mod client;
mod depots;
mod other_api;

use std::thread;
use std::time::Duration;

use client::{call, control, send};
use serde_json::{Value, json};
use stand_in_cloud::ec2::{Config, Server};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, HeldCall, Hold, HoldPhase, Matcher, Resume};
use stand_in_cloud::log::Sent;

const ALLOCATE: &str = "Action=AllocateAddress";
const WAIT: Duration = Duration::from_secs(10);

fn start() -> Server {
    Server::start(Config::default()).expect("a free port of this machine")
}

fn allocate_fault(phase: FaultPhase, effect: Effect) -> Fault {
    Fault::once(Matcher::action("AllocateAddress"), phase, effect)
}

#[test]
fn answers_and_logs_each_call() {
    let server = start();
    let response = call(&server.endpoint(), ALLOCATE).expect("an answer");
    assert_eq!(response.status, 200);
    assert!(response.body.contains("<publicIp>203.0.113.1</publicIp>"), "{}", response.body);
    let refused = call(&server.endpoint(), "Action=ReleaseAddress&AllocationId=eipalloc-1").expect("an answer");
    assert_eq!(refused.status, 400);
    let log = server.log();
    let seen: Vec<_> = log.iter().map(|entry| (entry.number, entry.action.as_str(), entry.code.as_deref())).collect();
    assert_eq!(seen, [(1, "AllocateAddress", None), (2, "ReleaseAddress", Some("InvalidAllocationID.NotFound"))]);
    assert_eq!(log[1].params.get("AllocationId"), Some("eipalloc-1"));
    assert!(log.iter().all(|entry| entry.committed && entry.sent == Sent::Answer && entry.account == "123456789012"));
}

#[test]
fn refuses_a_request_without_a_signature() {
    let server = start();
    let response =
        send(&server.endpoint(), "POST", "/", "", "Action=DescribeVpcs&Version=2016-11-15").expect("an answer");
    assert_eq!(response.status, 401);
    assert!(response.body.contains("<Code>AuthFailure</Code>"), "{}", response.body);
    assert!(server.log().is_empty());
}

#[test]
fn a_fault_before_the_commit_leaves_nothing_and_one_after_it_leaves_all() {
    let error = || Effect::Error { status: 500, code: "InternalError".to_owned(), message: "An error".to_owned() };
    for effect in [error(), Effect::Cut, Effect::Truncate, Effect::Garbage] {
        for (phase, left) in [(FaultPhase::BeforeCommit, 0), (FaultPhase::AfterCommit, 1)] {
            let server = start();
            server.set_faults(vec![allocate_fault(phase, effect.clone())]);
            let response = call(&server.endpoint(), ALLOCATE);
            match (&effect, response) {
                (Effect::Cut, response) => assert!(response.is_err(), "{response:?}"),
                (Effect::Truncate, Ok(response)) => assert!(response.status == 200 && !response.whole),
                (Effect::Garbage, Ok(response)) => assert_eq!(response.status, 502),
                (_, response) => {
                    let response = response.expect("an answer");
                    assert_eq!(response.status, 500);
                    assert!(response.body.contains("<Code>InternalError</Code>"), "{}", response.body);
                }
            }
            assert_eq!(server.inventory().addresses.len(), left, "{effect:?} {phase:?}");
            let entry = server.log().remove(0);
            assert_eq!(entry.committed, phase == FaultPhase::AfterCommit);
            assert_ne!(entry.sent, Sent::Answer);
            assert_eq!(call(&server.endpoint(), ALLOCATE).expect("an answer").status, 200, "a fault strikes once");
        }
    }
}

#[test]
fn faults_are_aimed_by_number() {
    let server = start();
    let at = Matcher { action: Some("AllocateAddress".to_owned()), nth: Some(2), call: None };
    server.set_faults(vec![Fault { at, phase: FaultPhase::BeforeCommit, effect: Effect::Cut, times: None }]);
    let outcomes: Vec<bool> = (0..3).map(|_| call(&server.endpoint(), ALLOCATE).is_ok()).collect();
    assert_eq!(outcomes, [true, false, true]);
}

/// Holds the second of three calls, which come one after another, and gives what became of them.
fn hold_second(phase: HoldPhase, resume: Resume) -> (Vec<bool>, usize, usize) {
    let server = start();
    server.hold(Hold { at: Matcher::call(2), phase });
    let endpoint = server.endpoint();
    let caller = thread::spawn(move || -> Vec<bool> { (0..3).map(|_| call(&endpoint, ALLOCATE).is_ok()).collect() });
    let held = server.wait_until_held(WAIT);
    assert_eq!(held, Some(HeldCall { number: 2, action: "AllocateAddress".to_owned(), phase }));
    let while_held = server.inventory().addresses.len();
    server.resume(resume);
    let answered = caller.join().expect("the caller does not panic");
    (answered, while_held, server.inventory().addresses.len())
}

#[test]
fn a_call_is_held_exactly_where_asked() {
    for (phase, while_held) in [(HoldPhase::BeforeCommit, 1), (HoldPhase::AfterCommit, 2), (HoldPhase::AfterReply, 2)] {
        assert_eq!(hold_second(phase, Resume::Continue), (vec![true; 3], while_held, 3), "{phase:?}");
    }
    // The third call is made once the gate is open again, but in the last case waits behind it.
    assert_eq!(hold_second(HoldPhase::BeforeCommit, Resume::Cut), (vec![true, false, true], 1, 2));
    assert_eq!(hold_second(HoldPhase::AfterCommit, Resume::Cut), (vec![true, false, true], 2, 3));
    let (answered, while_held, _) = hold_second(HoldPhase::AfterReply, Resume::Cut);
    assert_eq!((&answered[..2], while_held), (&[true, true][..], 2));
}

#[test]
fn other_calls_wait_behind_the_held_one() {
    let server = start();
    server.hold(Hold { at: Matcher::any(), phase: HoldPhase::AfterCommit });
    let callers: Vec<_> = (0..5)
        .map(|_| {
            let endpoint = server.endpoint();
            thread::spawn(move || call(&endpoint, ALLOCATE).is_ok())
        })
        .collect();
    assert!(server.wait_until_held(WAIT).is_some());
    thread::sleep(Duration::from_millis(50));
    assert_eq!(server.inventory().addresses.len(), 1);
    server.resume(Resume::Cut);
    let answered = callers.into_iter().map(|caller| caller.join().expect("no panic"));
    assert_eq!(answered.filter(|answered| *answered).count(), 0);
    assert_eq!(server.inventory().addresses.len(), 1, "what was cut never happens");
}

#[test]
fn a_call_goes_on_when_its_caller_dies() {
    use std::io::Write as _;
    let server = start();
    server.hold(Hold { at: Matcher::any(), phase: HoldPhase::BeforeCommit });
    let address = server.endpoint().trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).expect("the server listens");
    let head = "Authorization: x Credential=123456789012/1/eu-west-1/ec2/aws4_request, y";
    let request =
        format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\nContent-Length: {}\r\n\r\n{ALLOCATE}", ALLOCATE.len());
    stream.write_all(request.as_bytes()).expect("the request is sent");
    assert!(server.wait_until_held(WAIT).is_some());
    drop(stream);
    server.resume(Resume::Continue);
    let done = (0..1000).any(|_| {
        thread::sleep(Duration::from_millis(5));
        server.inventory().addresses.len() == 1
    });
    assert!(done, "the address was never allocated");
}

#[test]
fn a_call_that_is_late_does_not_happen_in_the_next_cloud() {
    let server = start();
    server.set_faults(vec![allocate_fault(FaultPhase::BeforeCommit, Effect::Delay { ms: 200 })]);
    let empty = server.snapshot();
    let endpoint = server.endpoint();
    let late = thread::spawn(move || call(&endpoint, ALLOCATE).is_ok());
    while server.log().is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    server.restore(empty);
    assert!(!late.join().expect("no panic"));
    assert!(server.inventory().addresses.is_empty());
    assert!(call(&server.endpoint(), ALLOCATE).is_ok());
    assert_eq!(server.log().len(), 1);
}

/// A request of the control API that must succeed.
fn ask(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let response = control(&server.endpoint(), method, path, &body.to_string()).expect("an answer");
    assert_eq!(response.status, 200, "{method} {path}: {}", response.body);
    serde_json::from_str(&response.body).expect("JSON")
}

#[test]
fn the_control_api_does_what_the_handle_does() {
    let server = start();
    let caller = json!({ "account": "123456789012", "region": "eu-west-1" });
    let seeded = ask(&server, "POST", "/ec2/seed-vpc", &caller);
    let subnet = seeded["public_subnet_ids"]["eu-west-1a"].as_str().expect("an id");
    let settings = ask(&server, "PUT", "/ec2/timings", &json!({ "nat_create_ms": 3_600_000 }));
    assert_eq!(
        (&settings["timings"]["nat_create_ms"], &settings["quotas"]["addresses"]),
        (&json!(3_600_000), &json!(5))
    );
    ask(&server, "PUT", "/ec2/quotas", &json!({ "addresses": 1 }));
    let mut allocate = caller.clone();
    allocate["action"] = json!("AllocateAddress");
    assert_eq!(ask(&server, "POST", "/ec2/call", &allocate)["status"], 200);
    assert_eq!(ask(&server, "POST", "/ec2/call", &allocate)["code"], "AddressLimitExceeded");
    let address = server.inventory().addresses.keys().next().cloned().expect("an address");
    let form = format!("Action=CreateNatGateway&SubnetId={subnet}&AllocationId={address}");
    assert_eq!(call(&server.endpoint(), &form).expect("an answer").status, 200);
    ask(&server, "POST", "/clock", &json!({ "ms": 3_600_000 }));
    let objects = ask(&server, "GET", "/ec2/objects", &Value::Null);
    let (gateway, record) = objects["nat_gateways"].as_object().and_then(|all| all.iter().next()).expect("a gateway");
    assert_eq!(record["state"], "available");
    let mut change = caller.clone();
    change["change"] = json!("fail_nat_gateway");
    change["nat_gateway_id"] = json!(gateway);
    change["code"] = json!("InternalError");
    change["message"] = json!("Network error");
    ask(&server, "POST", "/ec2/change", &change);
    assert_eq!(
        ask(&server, "GET", "/ec2/objects", &Value::Null)["nat_gateways"][gateway]["failure_code"],
        "InternalError"
    );
    let fault =
        json!([{ "at": { "action": "AllocateAddress" }, "phase": "after_commit", "effect": "cut", "times": 1 }]);
    ask(&server, "PUT", "/faults", &fault);
    assert!(call(&server.endpoint(), ALLOCATE).is_err());
    ask(&server, "PUT", "/hold", &json!({ "at": { "nth": 2 }, "phase": "before_commit" }));
    let endpoint = server.endpoint();
    let held_caller = thread::spawn(move || call(&endpoint, ALLOCATE).is_ok());
    assert_eq!(ask(&server, "GET", "/hold?wait_ms=10000", &Value::Null)["action"], "AllocateAddress");
    ask(&server, "POST", "/hold/resume", &json!("cut"));
    assert!(!held_caller.join().expect("no panic"));
    let log = ask(&server, "GET", "/log", &Value::Null);
    let sent: Vec<_> = log.as_array().expect("a list").iter().map(|entry| entry["sent"].clone()).collect();
    assert_eq!(sent, ["answer", "cut", "cut"]);
    ask(&server, "DELETE", "/log", &Value::Null);
    ask(&server, "POST", "/reset", &Value::Null);
    let objects = ask(&server, "GET", "/ec2/objects", &Value::Null);
    assert!(objects["addresses"].as_object().is_some_and(serde_json::Map::is_empty));
    let refused = control(&server.endpoint(), "PUT", "/ec2/timings", r#"{"nap_ms": 1}"#).expect("an answer");
    assert_eq!(refused.status, 400, "an unknown setting is not ignored");
}

#[test]
fn the_log_file_has_a_line_for_each_call() {
    let path = std::env::temp_dir().join(format!("stand-in-cloud-{}.jsonl", std::process::id()));
    let server = Server::start(Config { log_file: Some(path.clone()), ..Config::default() }).expect("a free port");
    for _ in 0..2 {
        call(&server.endpoint(), ALLOCATE).expect("an answer");
    }
    let text = std::fs::read_to_string(&path).expect("the log");
    std::fs::remove_file(&path).expect("the log is ours");
    let numbers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["number"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2)]);
}
