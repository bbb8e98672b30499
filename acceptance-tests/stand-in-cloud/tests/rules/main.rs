//! Each rule of [`stand_in_cloud::rules`] has a test here, named like it, in virtual time.

mod addresses;
mod general;
mod nat_addresses;
mod nat_gateways;
mod routes;

use std::time::Duration;

use jiff::Timestamp;
use stand_in_cloud::api::Api as _;
use stand_in_cloud::ec2::{Call, Caller, Ec2, Inventory, OutsideChange, Quotas, RULES, SeededVpc, Settings, Timings};
use stand_in_cloud::params::Params;
use stand_in_cloud::request::Reply;
use stand_in_cloud::throttling::Throttling;

/// Times that are easy to tell apart; lags that a test is not about are off.
fn timings() -> Timings {
    Timings {
        nat_create_ms: 100_000,
        nat_delete_ms: 60_000,
        nat_address_ms: 20_000,
        nat_drain_ms: 30_000,
        association_lag_ms: 0,
        release_lag_ms: 0,
        read_lag_ms: 0,
        tombstone_ms: 3_600_000,
        token_ms: 86_400_000,
        latency_ms: 0,
    }
}

/// A cloud in virtual time, with a network to put gateways into.
struct Cloud {
    ec2: Ec2,
    caller: Caller,
    now: Timestamp,
    vpc: SeededVpc,
}

impl Cloud {
    fn new() -> Self {
        let settings = Settings { timings: timings(), quotas: Quotas::default(), throttling: Throttling::default() };
        let mut ec2 = Ec2::new(settings);
        let caller = Caller { account: "123456789012".to_owned(), region: "eu-west-1".to_owned() };
        let now = Timestamp::UNIX_EPOCH;
        let vpc = ec2.seed_vpc(&caller, now).expect("an empty cloud takes a network");
        Self { ec2, caller, now, vpc }
    }

    fn set_timings(&mut self, change: impl FnOnce(&mut Timings)) {
        let mut settings = self.ec2.settings();
        change(&mut settings.timings);
        self.ec2.set_settings(settings);
    }

    fn set_quotas(&mut self, change: impl FnOnce(&mut Quotas)) {
        let mut settings = self.ec2.settings();
        change(&mut settings.quotas);
        self.ec2.set_settings(settings);
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn reply(&mut self, action: &str, params: &[(&str, &str)]) -> Reply {
        let params: Params = params.iter().copied().collect();
        let call = Call { caller: self.caller.clone(), action: action.to_owned(), params };
        self.ec2.handle(&call, self.now)
    }

    /// The body of a call that succeeds.
    fn ok(&mut self, action: &str, params: &[(&str, &str)]) -> String {
        let reply = self.reply(action, params);
        assert_eq!(reply.code, None, "{action} {params:?}: {}", reply.body);
        reply.body
    }

    /// The error code of a call that fails.
    fn code(&mut self, action: &str, params: &[(&str, &str)]) -> String {
        let reply = self.reply(action, params);
        reply.code.unwrap_or_else(|| panic!("{action} {params:?} succeeded: {}", reply.body))
    }

    fn allocate(&mut self) -> String {
        value(&self.ok("AllocateAddress", &[("Domain", "vpc")]), "allocationId")
    }

    fn subnet(&self, zone: &str) -> String {
        self.vpc.public_subnet_ids[zone].clone()
    }

    /// A gateway in zone a that is still pending.
    fn pending(&mut self, allocation: &str) -> String {
        let subnet = self.subnet("eu-west-1a");
        let body = self.ok("CreateNatGateway", &[("SubnetId", &subnet), ("AllocationId", allocation)]);
        value(&body, "natGatewayId")
    }

    /// A gateway in zone a that works.
    fn available(&mut self, allocation: &str) -> String {
        let id = self.pending(allocation);
        self.wait(100);
        assert_eq!(self.state(&id), "available");
        id
    }

    fn describe(&mut self, nat_gateway: &str) -> String {
        self.ok("DescribeNatGateways", &[("NatGatewayId.1", nat_gateway)])
    }

    fn state(&mut self, nat_gateway: &str) -> String {
        value(&self.describe(nat_gateway), "state")
    }

    /// The first address as `DescribeAddresses` shows it.
    fn address(&mut self, allocation: &str) -> String {
        self.ok("DescribeAddresses", &[("AllocationId.1", allocation)])
    }

    fn inventory(&mut self) -> Inventory {
        self.ec2.inventory(self.now)
    }

    fn change_outside(&mut self, change: OutsideChange) {
        assert!(self.ec2.change_outside(&self.caller, change, self.now));
    }
}

/// All texts of the elements with that name.
fn values(body: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    body.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}

/// The text of the first element with that name.
fn value(body: &str, name: &str) -> String {
    values(body, name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {body}"))
}

#[test]
fn every_rule_has_a_test_and_a_name_of_its_own() {
    let sources = [
        include_str!("addresses.rs"),
        include_str!("general.rs"),
        include_str!("nat_addresses.rs"),
        include_str!("nat_gateways.rs"),
        include_str!("routes.rs"),
    ];
    for (position, rule) in RULES.iter().enumerate() {
        let test = format!("fn {}()", rule.name.replace('-', "_"));
        assert!(sources.iter().any(|source| source.contains(&test)), "{} has no test", rule.name);
        assert!(RULES[..position].iter().all(|other| other.name != rule.name), "two rules are named {}", rule.name);
        assert!(!rule.source.is_empty() && !rule.behaviour.is_empty(), "{} says nothing", rule.name);
    }
}
