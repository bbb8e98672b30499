//! A server that accepts connections, or whole requests, and never answers.

use std::net::TcpListener;

use tokio::time::Instant;

use aws_credential_types::Credentials;

use super::*;
use crate::{Cloud, Timeouts};

/// The same relations as in production, in milliseconds.
const SHORT: Timeouts = Timeouts {
    connect: Duration::from_millis(200),
    read: Duration::from_millis(300),
    attempt: Duration::from_millis(300),
    credentials: Duration::from_millis(250),
};

/// AWS behind this endpoint for EC2, and a role of STS behind another.
async fn cloud(ec2: &str, sts: Option<&str>) -> Cloud {
    let role = |_: &str| crate::config::AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/egress".to_owned(),
        session_name: None,
        external_id: None,
        duration: None,
        policy: None,
    };
    let endpoints = crate::config::Endpoints { ec2: Some(ec2.to_owned()), sts: sts.map(ToOwned::to_owned) };
    let config = Config {
        region: Some(REGION.to_owned()),
        endpoints,
        assume_role: sts.map(role),
        poll: Poll::starting_at(Duration::from_millis(2)),
        timeouts: SHORT,
        ..Config::default()
    };
    let base = aws_credential_types::provider::SharedCredentialsProvider::new(Credentials::new(
        ACCOUNT, "secret", None, None, "test",
    ));
    Cloud::connect_with(&config, Some(base), CancellationToken::new()).await.expect("a cloud")
}

/// Reads for many resources, as Terraform does: ten at a time. How long it took, and the error of each.
async fn read_many(cloud: &Cloud) -> (Duration, Vec<cloud::Error>) {
    let (region, start) = (cloud.region(None), Instant::now());
    let mut errors = Vec::new();
    for _ in 0..20 {
        let readers = (0..10).map(|_| {
            let region = Arc::clone(&region);
            let identity = desired(&[], "x").identity;
            tokio::spawn(async move { region.observe(&identity, &[], Freshness::Snapshot).await })
        });
        for reader in readers.collect::<Vec<_>>() {
            errors.push(reader.await.expect("a reader").expect_err("nobody answers"));
        }
    }
    (start.elapsed(), errors)
}

#[tokio::test]
async fn a_silent_ec2_is_waited_for_once_however_many_ask() {
    // The kernel accepts for a listener that does not.
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let accepts = format!("http://{}", socket.local_addr().expect("an address"));
    let silent = fast();
    let hour = Effect::Delay { ms: 3_600_000 };
    silent.set_faults(vec![Fault { times: None, ..Fault::once(Matcher::any(), FaultPhase::BeforeCommit, hour) }]);
    for endpoint in [accepts, silent.endpoint()] {
        let (elapsed, errors) = read_many(&cloud(&endpoint, None).await).await;
        assert!(errors.iter().all(|error| error.class == Class::Unreachable), "{:?}", errors.first());
        assert!(elapsed < SHORT.attempt * 4, "{elapsed:?} for 200 readers of {endpoint}");
    }
}

#[tokio::test]
async fn a_silent_sts_is_waited_for_once_however_many_ask() {
    let server = fast();
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let sts = format!("http://{}", socket.local_addr().expect("an address"));
    let (elapsed, errors) = read_many(&cloud(&server.endpoint(), Some(&sts)).await).await;
    let expected = |error: &cloud::Error| matches!(error.class, Class::Credentials | Class::Unreachable);
    assert!(errors.iter().all(expected), "{:?}", errors.first());
    assert!(elapsed < SHORT.attempt * 4, "{elapsed:?} for 200 readers");
}

#[tokio::test]
async fn nobody_there_is_found_out_once() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let (elapsed, errors) = read_many(&cloud(&format!("http://{closed}"), None).await).await;
    assert!(errors.iter().all(|error| error.class == Class::Unreachable), "{:?}", errors.first());
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
}

#[tokio::test]
async fn an_interruption_ends_a_hung_read_at_once_and_a_hung_write_after_its_grace() {
    let server = fast();
    let client = client(&server);
    let wanted = desired(&["a"], "x");
    let region = region(&client);
    let observed = region.observe(&wanted.identity, &[], Freshness::Now).await.expect("an observation");
    for (action, longest) in [("DescribeAddresses", 100), ("AllocateAddress", 400)] {
        let hour = Effect::Delay { ms: 3_600_000 };
        let hung = Fault { times: None, ..Fault::once(Matcher::action(action), FaultPhase::BeforeCommit, hour) };
        server.set_faults(vec![hung]);
        let limits = Limits { grace: Duration::from_millis(100), ..limits() };
        let start = Instant::now();
        let interrupt = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            limits.stop.cancel();
        };
        let (pools, request) = (Pools(&region), request(&wanted, &State::new()));
        let (outcome, ()) = tokio::join!(drive(&pools, &request, observed.clone(), &limits), interrupt);
        assert!(matches!(outcome.end, End::Stopped(_)), "{action}: {:?}", outcome.end);
        let late = start.elapsed().saturating_sub(Duration::from_millis(200));
        assert!(late < Duration::from_millis(longest), "{action}: {late:?} after the interruption");
    }
    // The next run looks first, and makes what is not there.
    server.set_faults(Vec::new());
    let outcome = run(&client, &wanted, &State::new()).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    check(&server, &wanted);
}

#[tokio::test]
async fn a_hung_call_ends_at_the_deadline() {
    let server = fast();
    let client = client(&server);
    let wanted = desired(&["a"], "x");
    let region = region(&client);
    let observed = region.observe(&wanted.identity, &[], Freshness::Now).await.expect("an observation");
    let hour = Effect::Delay { ms: 3_600_000 };
    let hung = Fault { times: None, ..Fault::once(Matcher::any(), FaultPhase::BeforeCommit, hour) };
    server.set_faults(vec![hung]);
    let limits = Limits::within(CancellationToken::new(), Duration::from_millis(200));
    let start = Instant::now();
    let outcome = drive(&Pools(&region), &request(&wanted, &State::new()), observed, &limits).await;
    let End::Failed { error, .. } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(error.class, Class::Expired);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
