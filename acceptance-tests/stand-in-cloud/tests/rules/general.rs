//! What all actions have in common.

use stand_in_cloud::api::Api as _;
use stand_in_cloud::ec2::Caller;
use stand_in_cloud::params::Params;
use stand_in_cloud::request::Request;
use stand_in_cloud::throttling::Throttling;

use super::{Cloud, value, values};

#[test]
fn read_lag() {
    let mut cloud = Cloud::new();
    cloud.set_timings(|timings| timings.read_lag_ms = 2_000);
    let address = cloud.allocate();
    let tag = [("ResourceId.1", address.as_str()), ("Tag.1.Key", "k"), ("Tag.1.Value", "v")];
    assert_eq!(cloud.code("DescribeAddresses", &[("AllocationId.1", &address)]), "InvalidAllocationID.NotFound");
    assert!(values(&cloud.ok("DescribeAddresses", &[]), "allocationId").is_empty());
    assert_eq!(cloud.code("CreateTags", &tag), "InvalidAllocationID.NotFound");
    assert!(cloud.inventory().addresses.contains_key(&address));
    cloud.wait(2);
    cloud.ok("CreateTags", &tag);
    assert_eq!(values(&cloud.ok("DescribeAddresses", &[]), "allocationId"), [address]);
}

#[test]
fn filters() {
    let mut cloud = Cloud::new();
    let (a, b) = (cloud.allocate(), cloud.allocate());
    cloud.ok("CreateTags", &[("ResourceId.1", &a), ("Tag.1.Key", "owner"), ("Tag.1.Value", "acme-prod")]);
    cloud.ok("CreateTags", &[("ResourceId.1", &b), ("Tag.1.Key", "owner"), ("Tag.1.Value", "acme-test")]);
    for (filter, expected) in [
        (vec![("Filter.1.Name", "tag:owner"), ("Filter.1.Value.1", "acme-prod")], 1),
        (vec![("Filter.1.Name", "tag:owner"), ("Filter.1.Value.1", "acme-*")], 2),
        (vec![("Filter.1.Name", "tag:owner"), ("Filter.1.Value.1", "x"), ("Filter.1.Value.2", "acme-test")], 1),
        (vec![("Filter.1.Name", "tag-key"), ("Filter.1.Value.1", "owner")], 2),
        (vec![("Filter.1.Name", "tag:Owner"), ("Filter.1.Value.1", "*")], 0),
        (
            vec![
                ("Filter.1.Name", "tag-key"),
                ("Filter.1.Value.1", "owner"),
                ("Filter.2.Name", "allocation-id"),
                ("Filter.2.Value.1", &a),
            ],
            1,
        ),
    ] {
        let found = values(&cloud.ok("DescribeAddresses", &filter), "allocationId");
        assert_eq!(found.len(), expected, "{filter:?}");
    }
    let unknown = [("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")];
    assert_eq!(cloud.code("DescribeNatGateways", &unknown), "InvalidParameterValue");
}

#[test]
fn pages() {
    let mut cloud = Cloud::new();
    cloud.set_quotas(|quotas| quotas.nat_gateways_per_zone = 100);
    let subnet = cloud.subnet("eu-west-1a");
    for _ in 0..12 {
        cloud.ok("CreateNatGateway", &[("SubnetId", &subnet), ("ConnectivityType", "private")]);
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    for expected in [5, 5, 2] {
        let page = cloud.ok("DescribeNatGateways", &[("MaxResults", "5"), ("NextToken", &token)]);
        let ids = values(&page, "natGatewayId");
        assert_eq!(ids.len(), expected);
        seen.extend(ids);
        token = values(&page, "nextToken").pop().unwrap_or_default();
    }
    assert_eq!(token, "");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 12);
    for size in ["4", "1001", "many"] {
        assert_eq!(cloud.code("DescribeNatGateways", &[("MaxResults", size)]), "InvalidParameterValue");
    }
    assert_eq!(cloud.code("DescribeNatGateways", &[("NextToken", "zz")]), "InvalidPaginationToken");
}

#[test]
fn tags() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let reserved = [("ResourceId.1", address.as_str()), ("Tag.1.Key", "aws:x"), ("Tag.1.Value", "v")];
    assert_eq!(cloud.code("CreateTags", &reserved), "InvalidParameterValue");
    for number in 0..50 {
        let key = format!("k{number}");
        cloud.ok("CreateTags", &[("ResourceId.1", &address), ("Tag.1.Key", &key), ("Tag.1.Value", "")]);
    }
    let more = [("ResourceId.1", address.as_str()), ("Tag.1.Key", "more"), ("Tag.1.Value", "v")];
    assert_eq!(cloud.code("CreateTags", &more), "TagLimitExceeded");
    // Only the value that is named goes.
    cloud.ok("DeleteTags", &[("ResourceId.1", &address), ("Tag.1.Key", "k0"), ("Tag.1.Value", "other")]);
    cloud.ok("DeleteTags", &[("ResourceId.1", &address), ("Tag.1.Key", "k1")]);
    let filter = [("Filter.1.Name", "resource-type"), ("Filter.1.Value.1", "elastic-ip")];
    assert_eq!(values(&cloud.ok("DescribeTags", &filter), "key").len(), 49);
    cloud.ok("DeleteTags", &[("ResourceId.1", &address)]);
    assert!(values(&cloud.ok("DescribeTags", &[]), "key").is_empty());
    for (id, code) in [
        ("nat-0123456789abcdef0", "NatGatewayNotFound"),
        ("eipalloc-0123456789abcdef0", "InvalidAllocationID.NotFound"),
        ("i-0123456789abcdef0", "InvalidID"),
    ] {
        let params = [("ResourceId.1", id), ("Tag.1.Key", "k"), ("Tag.1.Value", "v")];
        assert_eq!(cloud.code("CreateTags", &params), code);
    }
}

#[test]
fn dry_run() {
    let mut cloud = Cloud::new();
    let reply = cloud.reply("AllocateAddress", &[("DryRun", "true")]);
    assert_eq!((reply.status, reply.code.as_deref()), (412, Some("DryRunOperation")));
    assert!(cloud.inventory().addresses.is_empty());
}

#[test]
fn token_buckets() {
    let mut cloud = Cloud::new();
    let mut settings = cloud.ec2.settings();
    settings.throttling = Throttling { enabled: true, share_percent: 100 };
    cloud.ec2.set_settings(settings.clone());
    for (action, params, size, refill) in [
        ("DescribeNatGateways", vec![], 100, 20),
        ("DescribeInternetGateways", vec![], 50, 10),
        ("AllocateAddress", vec![("DryRun", "true")], 50, 5),
        ("DeleteNatGateway", vec![("NatGatewayId", "nat-0123456789abcdef0")], 10, 1),
        ("CreateTags", vec![("ResourceId.1", "x")], 100, 10),
    ] {
        let passed = |cloud: &mut Cloud| {
            (0..1000)
                .take_while(|_| cloud.reply(action, &params).code.as_deref() != Some("RequestLimitExceeded"))
                .count()
        };
        assert_eq!(passed(&mut cloud), size, "{action}");
        assert_eq!(cloud.reply(action, &params).status, 503);
        cloud.wait(1);
        assert_eq!(passed(&mut cloud), refill, "{action}");
        cloud.wait(3600);
        assert_eq!(passed(&mut cloud), size, "{action}");
    }
    settings.throttling.share_percent = 10;
    cloud.ec2.set_settings(settings);
    let other = Caller { account: "210987654321".to_owned(), region: "eu-west-1".to_owned() };
    cloud.caller = other;
    let passed = (0..100).take_while(|_| cloud.reply("DescribeVpcs", &[]).code.is_none()).count();
    assert_eq!(passed, 10);
}

/// A request without a signature.
fn unsigned(form: &str) -> Request {
    Request {
        endpoint: "http://127.0.0.1:4599".to_owned(),
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: Params::default(),
        headers: hyper::HeaderMap::new(),
        body: form.to_owned().into(),
    }
}

#[test]
fn credentials() {
    let mut cloud = Cloud::new();
    let reply = cloud.ec2.read(&unsigned("Action=DescribeVpcs")).expect_err("nobody signed it");
    assert_eq!((reply.status, value(&reply.body, "Code").as_str()), (401, "AuthFailure"));
    // Accounts and regions see nothing of each other.
    cloud.allocate();
    cloud.caller.region = "eu-central-1".to_owned();
    assert!(values(&cloud.ok("DescribeAddresses", &[]), "allocationId").is_empty());
    assert_eq!(value(&cloud.ok("GetCallerIdentity", &[]), "Account"), "123456789012");
    let role = [("RoleArn", "arn:aws:iam::210987654321:role/path/egress"), ("RoleSessionName", "s")];
    assert_eq!(value(&cloud.ok("AssumeRole", &role), "AccessKeyId"), "210987654321");
    let zones = cloud.ok("DescribeAvailabilityZones", &[]);
    assert_eq!(values(&zones, "zoneId"), ["euc1-az1", "euc1-az2", "euc1-az3"]);
}

#[test]
fn unknown_action() {
    let mut cloud = Cloud::new();
    assert_eq!(cloud.code("MakeCoffee", &[]), "InvalidAction");
    assert_eq!(cloud.code("MakeCoffee", &[("DryRun", "true")]), "InvalidAction");
}
