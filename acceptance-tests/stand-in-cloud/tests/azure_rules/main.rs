//! Rules of the stand-in Azure, each in a test that is named like it, in virtual time.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use stand_in_cloud::api::Api as _;
use stand_in_cloud::azure::{Azure, CLIENT_SECRET, Settings};
use stand_in_cloud::params::Params;
use stand_in_cloud::request::{Reply, Request};
use stand_in_cloud::throttling::Throttling;

const GROUP: &str = "/subscriptions/s1/resourceGroups/egress/providers/Microsoft.Network";

/// A subscription in virtual time, where an operation takes ten seconds.
struct Subscription {
    azure: Azure,
    now: Timestamp,
}

impl Subscription {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { operation_ms: 10_000, list_lag_ms: 0, ..Settings::fast() };
        change(&mut settings);
        Self { azure: Azure::new(settings), now: Timestamp::UNIX_EPOCH }
    }

    fn request(method: &str, path: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
        let headers = [("authorization", "Bearer x")].iter().chain(headers);
        let headers = headers.map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value")));
        Request {
            endpoint: "http://127.0.0.1".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: Params::from_iter([("api-version", "2025-07-01")]),
            headers: headers.collect(),
            body: body.to_owned().into(),
        }
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&'static str, &str)], body: &Value) -> Reply {
        let request = Self::request(method, path, headers, &body.to_string());
        match self.azure.read(&request) {
            Ok(call) => self.azure.handle(&call, self.now),
            Err(reply) => reply,
        }
    }

    fn put(&mut self, path: &str, body: &Value) -> Reply {
        self.send("PUT", &format!("{GROUP}/{path}"), &[], body)
    }

    fn get(&mut self, path: &str) -> Reply {
        self.send("GET", &format!("{GROUP}/{path}"), &[], &Value::Null)
    }

    fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", &format!("{GROUP}/{path}"), &[], &Value::Null)
    }

    /// Puts, and waits until it is done.
    fn made(&mut self, path: &str, body: &Value) {
        let reply = self.put(path, body);
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
        self.wait(10);
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn state(&mut self, path: &str) -> Option<String> {
        let body: Value = serde_json::from_str(&self.get(path).body).expect("JSON");
        body["properties"]["provisioningState"].as_str().map(str::to_owned)
    }
}

fn address(sku: &str) -> Value {
    json!({ "location": "westeurope", "sku": { "name": sku }, "properties": { "publicIPAllocationMethod": "Static" } })
}

fn gateway(sku: &str, addresses: &[&str]) -> Value {
    let ids: Vec<Value> =
        addresses.iter().map(|name| json!({ "id": id(&format!("publicIPAddresses/{name}")) })).collect();
    json!({ "location": "westeurope", "sku": { "name": sku }, "properties": { "publicIpAddresses": ids } })
}

fn subnet(gateway: &str) -> Value {
    json!({ "properties": { "addressPrefix": "10.0.0.0/24", "natGateway": { "id": id(&format!("natGateways/{gateway}")) } } })
}

fn id(path: &str) -> String {
    format!("{GROUP}/{path}")
}

fn code(reply: &Reply) -> Option<&str> {
    reply.code.as_deref()
}

/// A network with two subnets, an address and a gateway that has it.
fn with_gateway() -> Subscription {
    let mut it = Subscription::new(|_| ());
    it.azure.seed_network(&id("virtualNetworks/net"), &["a", "b"], it.now);
    it.made("publicIPAddresses/ip", &address("Standard"));
    it.made("natGateways/nat", &gateway("Standard", &["ip"]));
    it
}

const A: &str = "virtualNetworks/net/subnets/a";

#[test]
fn a_put_is_accepted_and_done_later() {
    let mut it = Subscription::new(|_| ());
    let reply = it.put("publicIPAddresses/ip", &address("Standard"));
    assert_eq!(reply.status, 201);
    for name in ["azure-asyncoperation", "retry-after"] {
        assert!(reply.headers.iter().any(|(header, _)| *header == name), "{name}");
    }
    assert_eq!(it.state("publicIPAddresses/ip").as_deref(), Some("Updating"));
    assert!(!it.get("publicIPAddresses/ip").body.contains("ipAddress"), "an_address_has_no_ip_before_it_is_ready");
    it.wait(10);
    assert_eq!(it.state("publicIPAddresses/IP").as_deref(), Some("Succeeded"), "without regard to case");
    assert!(it.get("publicIPAddresses/ip").body.contains("ipAddress"));
}

#[test]
fn a_delete_is_accepted_and_done_later() {
    let mut it = Subscription::new(|_| ());
    it.made("publicIPAddresses/ip", &address("Standard"));
    assert_eq!(it.delete("publicIPAddresses/ip").status, 202);
    assert_eq!(it.state("publicIPAddresses/ip").as_deref(), Some("Deleting"));
    it.wait(10);
    assert_eq!((it.get("publicIPAddresses/ip").status, it.delete("publicIPAddresses/ip").status), (404, 204));
}

#[test]
fn a_put_replaces_the_whole_object() {
    let mut it = with_gateway();
    it.made(A, &subnet("nat"));
    assert!(!it.get(A).body.contains("networkSecurityGroup"));
}

#[test]
fn one_operation_on_a_network_at_a_time() {
    let mut it = with_gateway();
    assert_eq!(it.put(A, &subnet("nat")).status, 200);
    let refused = it.put("virtualNetworks/net/subnets/b", &subnet("nat"));
    assert_eq!((refused.status, code(&refused)), (409, Some("AnotherOperationInProgress")));
    it.wait(10);
    assert_eq!(it.put("virtualNetworks/net/subnets/b", &subnet("nat")).status, 200);
}

#[test]
fn what_is_not_ready_cannot_be_named() {
    let mut it = Subscription::new(|_| ());
    it.put("publicIPAddresses/ip", &address("Standard"));
    let refused = it.put("natGateways/nat", &gateway("Standard", &["ip"]));
    assert_eq!((refused.status, code(&refused)), (429, Some("RetryableError")));
    assert!(refused.body.contains("ReferencedResourceNotProvisioned"));
}

#[test]
fn what_is_in_use_is_not_deleted_and_is_on_one_gateway() {
    let mut it = with_gateway();
    it.made(A, &subnet("nat"));
    assert_eq!(code(&it.delete("publicIPAddresses/ip")), Some("PublicIPAddressCannotBeDeleted"));
    assert_eq!(code(&it.delete("natGateways/nat")), Some("CannotDeleteNatGatewayAssociatedToSubnet"));
    let other = it.put("natGateways/other", &gateway("Standard", &["ip"]));
    assert_eq!(code(&other), Some("PublicIPAddressInUse"));
    it.put("natGateways/nat", &gateway("Standard", &[]));
    let other = it.put("natGateways/other", &gateway("Standard", &["ip"]));
    assert_eq!(code(&other), Some("PublicIPAddressInUse"), "while it is given up");
}

#[test]
fn sku_and_zones_are_fixed() {
    let mut it = with_gateway();
    it.made("publicIPAddresses/v2", &address("StandardV2"));
    assert_eq!(code(&it.put("natGateways/nat", &gateway("StandardV2", &["v2"]))), Some("PropertyChangeNotAllowed"));
    let mut zonal = gateway("Standard", &["ip"]);
    zonal["zones"] = json!(["1"]);
    assert_eq!(code(&it.put("natGateways/nat", &zonal)), Some("ResourceAvailabilityZonesCannotBeModified"));
    let mut everywhere = gateway("StandardV2", &["v2"]);
    assert_eq!(
        code(&it.put("natGateways/mixed", &gateway("Standard", &["v2"]))),
        Some("NatGatewaySkuMismatchWithPublicIp")
    );
    everywhere["zones"] = json!(["1"]);
    assert_eq!(code(&it.put("natGateways/all", &everywhere)), Some("NatGatewayZonesNotSupported"));
}

#[test]
fn a_failed_operation_leaves_what_carried_traffic() {
    let mut it = with_gateway();
    it.made(A, &subnet("nat"));
    it.azure.fail_next_operation();
    it.made("natGateways/nat", &gateway("Standard", &[]));
    assert_eq!(it.state("natGateways/nat").as_deref(), Some("Failed"));
    assert_eq!(it.azure.gaps(it.now), []);
    it.made("natGateways/nat", &gateway("Standard", &[]));
    let gaps = it.azure.gaps(it.now);
    assert!(gaps.len() == 1 && gaps[0].until.is_none(), "{gaps:?}");
    it.made("natGateways/nat", &gateway("Standard", &["ip"]));
    assert!(it.azure.gaps(it.now)[0].until.is_some());
}

#[test]
fn conditions_are_kept() {
    let mut it = with_gateway();
    let path = id("publicIPAddresses/ip");
    for header in [("if-none-match", "*"), ("if-match", "W/\"9\"")] {
        assert_eq!(it.send("PUT", &path, &[header], &address("Standard")).status, 412, "{header:?}");
    }
    assert_eq!(it.send("PUT", &path, &[("if-match", "W/\"1\"")], &address("Standard")).status, 200);
}

#[test]
fn lists_lag() {
    let mut it = Subscription::new(|settings| settings.list_lag_ms = 30_000);
    it.made("publicIPAddresses/ip", &address("Standard"));
    assert!(!it.get("publicIPAddresses").body.contains("ip\""));
    it.wait(20);
    assert!(it.get("publicIPAddresses").body.contains("publicIPAddresses/ip\""));
}

#[test]
fn a_subscription_has_so_many_addresses() {
    let mut it = Subscription::new(|settings| settings.public_ips = 1);
    it.made("publicIPAddresses/one", &address("Standard"));
    assert_eq!(code(&it.put("publicIPAddresses/two", &address("Standard"))), Some("PublicIPCountLimitReached"));
}

#[test]
fn reads_and_writes_are_limited() {
    let mut it = Subscription::new(|settings| settings.throttling = Throttling { enabled: true, share_percent: 1 });
    let statuses: Vec<u16> = (0..3).map(|_| it.get("publicIPAddresses").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn a_wrong_secret_gets_no_token() {
    let mut it = Subscription::new(|_| ());
    for (secret, status) in [("wrong", 401), (CLIENT_SECRET, 200)] {
        let request = Subscription::request("POST", "/t/oauth2/v2.0/token", &[], &format!("client_secret={secret}"));
        assert_eq!(it.azure.read(&request).expect_err("no call").status, status);
    }
}
