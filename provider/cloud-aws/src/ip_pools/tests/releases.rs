//! Addresses that go back to AWS.

use super::*;

#[tokio::test]
async fn waits_for_a_gateway_that_is_being_deleted() {
    let server = server(Timings { nat_delete_ms: 60, release_lag_ms: 60, ..Timings::fast() }, Quotas::generous());
    let client = client(&server);
    let vpc = server.seed_vpc(&caller()).expect("a network");
    let wanted = desired(&["a"], "x");
    let outcome = run(&client, &wanted, &State::new()).await;
    let state = recorded(&wanted, &State::new(), &outcome.observed);
    let id = state.keys().next().expect("an address").to_string();
    let outside = |action: &str, parameters: &[(&str, &str)]| {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let reply = server.call_outside(&caller(), action, parameters);
        assert_eq!(reply.status, 200, "{action}: {}", reply.body);
    };
    outside("CreateNatGateway", &[("SubnetId", &vpc.public_subnet_ids["us-east-1a"]), ("AllocationId", &id)]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let gateway = server.inventory().nat_gateways.keys().next().expect("a gateway").clone();
    // What uses it shows, in words.
    let observed = region(&client)
        .observe(&wanted.identity, &[AddressId::new(&id)], Freshness::Now)
        .await
        .expect("an observation");
    let users = observed.iter().next().expect("an address").users.clone();
    assert_eq!(users.len(), 1);
    let users = BTreeMap::from([(AddressId::new(&id), users)]);
    let users = region(&client).describe_users(&users).await.expect("users");
    assert!(users.values().all(|user| user.starts_with("network interface eni-")), "{users:?}");
    outside("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    let outcome = run(&client, &desired(&[], "x"), &state).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    assert_eq!(server.inventory().addresses.len(), 0);
}

#[tokio::test]
async fn does_not_release_what_is_another_pools_by_now() {
    let server = fast();
    let client = client(&server);
    let wanted = desired(&["a"], "x");
    let outcome = run(&client, &wanted, &State::new()).await;
    let address = outcome.observed.iter().next().expect("an address").clone();
    let parameters = [("ResourceId.1", address.id.as_str()), ("Tag.1.Key", "egress-name"), ("Tag.1.Value", "others")];
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(server.call_outside(&caller(), "CreateTags", parameters).status, 200);
    let release = egress_model::ip_pool::Operation::Release { id: address.id, public_ips: address.public_ips };
    let error = region(&client).execute(&wanted.identity, &release, &limits()).await.expect_err("a refusal");
    assert_eq!(error.class, Class::Conflict);
    assert_eq!(server.inventory().addresses.len(), 1);
}

/// Applies to a pool of one address that EC2 refuses to release so; the error.
async fn refused(code: &str, timeout: Duration) -> cloud::Error {
    let server = fast();
    let client = client(&server);
    let wanted = desired(&["a"], "x");
    let outcome = run(&client, &wanted, &State::new()).await;
    let address = outcome.observed.iter().next().expect("an address").clone();
    let refusal = Effect::Error { status: 400, code: code.to_owned(), message: "You cannot.".to_owned() };
    let at = Matcher { nth: None, ..Matcher::action("ReleaseAddress") };
    server.set_faults(vec![Fault { times: None, ..Fault::once(at, FaultPhase::BeforeCommit, refusal) }]);
    let release = egress_model::ip_pool::Operation::Release { id: address.id, public_ips: address.public_ips };
    let limits = Limits::within(CancellationToken::new(), timeout);
    let error = region(&client).execute(&wanted.identity, &release, &limits).await.expect_err("a refusal");
    assert_eq!(server.inventory().addresses.len(), 1);
    error
}

#[tokio::test]
async fn a_refusal_that_is_not_about_credentials_says_what_it_is_about() {
    let error = refused("AuthFailure", Duration::from_millis(50)).await;
    assert_eq!((error.class, error.code.as_str()), (Class::InUse, "AuthFailure"), "not Denied");
    for said in ["still in use", "transferred to another account", "You cannot", "eipalloc-"] {
        assert!(error.message.contains(said), "{}", error.message);
    }
    let error = refused("UnauthorizedOperation", Duration::from_millis(50)).await;
    assert_eq!((error.class, error.message.as_str()), (Class::Denied, "You cannot."));
}
