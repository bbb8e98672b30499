//! What is refused, and where; and what an import id says. What is done on a cloud is tested with real hosts.

mod histories;
mod on_a_second_cloud;

use std::collections::BTreeMap;

use expect_test::expect_file;
use tfplugin::cty::Value;
use tfplugin::diagnostic::Severity;

use super::arguments::OnInterruption;
use super::*;
use crate::resources::configurations::completed;
use crate::resources::whole_diagnostics::assert_golden;

fn resource() -> NatGateway {
    NatGateway::new(Arc::default())
}

/// One public zone, all right.
fn zone() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("subnet_id", "subnet-1".into()),
        ("addresses", Value::set(["eipalloc-1"])),
        ("route_table_ids", Value::set(["rtb-1"])),
    ])
}

fn zones(zones: impl IntoIterator<Item = (&'static str, BTreeMap<&'static str, Value>)>) -> Value {
    Value::map(zones.into_iter().map(|(name, zone)| (name, Value::object(zone))))
}

fn aws() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([("zones", zones([("us-east-1a", zone())])), ("destination_cidrs", Value::set(["0.0.0.0/0"]))])
}

fn config(aws: BTreeMap<&'static str, Value>, more: &[(&'static str, Value)]) -> Value {
    let mut attributes = BTreeMap::from([("name", Value::from("prod")), ("aws", Value::object(aws))]);
    attributes.extend(more.iter().cloned());
    completed(Value::object(attributes), &resource().schema().ty())
}

async fn validated(config: &Value) -> Diagnostics {
    resource().validate(&Context::default(), config).await
}

async fn diagnostics(config: &Value) -> Vec<(String, String)> {
    let found = validated(config).await;
    found
        .iter()
        .map(|diagnostic| {
            assert_eq!(diagnostic.severity, Severity::Error);
            let path = diagnostic.path.as_ref().map(ToString::to_string).unwrap_or_default();
            (path, format!("{}: {}", diagnostic.summary, diagnostic.detail))
        })
        .collect()
}

fn with(
    mut attributes: BTreeMap<&'static str, Value>,
    name: &'static str,
    value: Value,
) -> BTreeMap<&'static str, Value> {
    attributes.insert(name, value);
    attributes
}

fn zone_with(name: &'static str, value: Value) -> BTreeMap<&'static str, Value> {
    with(aws(), "zones", zones([("us-east-1a", with(zone(), name, value))]))
}

fn private_with(name: &'static str, value: Value) -> BTreeMap<&'static str, Value> {
    let mut zone = BTreeMap::from([
        ("subnet_id", "subnet-1".into()),
        ("addresses", Value::Set(vec![])),
        ("route_table_ids", Value::Set(vec![])),
        (name, value),
    ]);
    if !name.starts_with("secondary") {
        zone.insert("secondary_private_ip_count", 0.into());
    }
    BTreeMap::from([("connectivity_type", "private".into()), ("zones", zones([("us-east-1a", zone)]))])
}

fn regional() -> BTreeMap<&'static str, Value> {
    let zone = BTreeMap::from([("addresses", Value::set(["eipalloc-1"]))]);
    BTreeMap::from([
        ("availability_mode", "regional".into()),
        ("vpc_id", "vpc-1".into()),
        ("zones", zones([("us-east-1a", zone)])),
        ("route_table_ids", Value::set(["rtb-1"])),
        ("destination_cidrs", Value::set(["0.0.0.0/0"])),
    ])
}

fn many_tags(count: usize) -> Value {
    Value::map((0..count).map(|number| (format!("t{number}"), "x")))
}

/// With a name to show, which the provider then gives none.
fn named(mut tags: Value) -> Value {
    if let Value::Map(tags) = &mut tags {
        tags.insert("Name".to_owned(), "x".into());
    }
    tags
}

#[tokio::test]
async fn accepts_what_aws_can_do() {
    let unknown = with(zone(), "addresses", Value::Set(vec![Value::UNKNOWN]));
    let cases = [
        config(aws(), &[]),
        config(aws(), &[("tags", many_tags(44))]),
        config(aws(), &[("tags", named(many_tags(44)))]),
        config(zone_with("tags", Value::map([("team", "net")])), &[]),
        config(with(aws(), "zones", zones([("us-east-1a", unknown)])), &[]),
        config(with(aws(), "zones", Value::UNKNOWN), &[("name", Value::UNKNOWN)]),
        config(zone_with("primary_address", "eipalloc-1".into()), &[]),
        config(private_with("secondary_private_ip_count", 7.into()), &[]),
        config(private_with("secondary_private_ips", Value::set(["10.0.0.9"])), &[]),
        config(regional(), &[]),
        config(with(with(regional(), "zones", Value::Null), "automatic_addresses", true.into()), &[]),
        config(with(aws(), "destination_cidrs", Value::set(["10.0.0.0/8", "64:ff9b::/96"])), &[]),
    ];
    for case in cases {
        assert_eq!(diagnostics(&case).await, vec![], "{case:?}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one line per wrong attribute")]
async fn says_what_is_wrong_and_where() {
    let many: Vec<String> = (0..9).map(|number| format!("eipalloc-{number}")).collect();
    let load = |peak: i64, spare: i64| {
        Value::object([("peak_connections_per_destination", Value::from(peak)), ("spare_addresses", spare.into())])
    };
    let both = zones([("us-east-1a", zone()), ("us-east-1b", zone())]);
    let long_path = format!("tags[\"{}\"]", "x".repeat(129));
    let cases: Vec<(Value, &str, &str)> = vec![
        (config(aws(), &[("name", "Prod".into())]), "name", "lowercase"),
        (config(aws(), &[("aws", Value::Null)]), "", "aws"),
        (config(aws(), &[("idle_timeout_seconds", 60.into())]), "idle_timeout_seconds", "fixed idle timeout of 350 s"),
        (
            config(aws(), &[("expected_load", load(0, 0))]),
            "expected_load.peak_connections_per_destination",
            "at least 1",
        ),
        (config(aws(), &[("expected_load", load(1, -1))]), "expected_load.spare_addresses", "0 or more"),
        (config(aws(), &[("timeouts", Value::object([("create", "soon")]))]), "timeouts.create", "create timeout"),
        (config(aws(), &[("tags", Value::map([("egress-owner", "me")]))]), "tags[\"egress-owner\"]", "reserved"),
        (config(aws(), &[("tags", Value::map([("aws:x", "me")]))]), "tags[\"aws:x\"]", "AWS's own"),
        (config(aws(), &[("tags", Value::map([("AWS:x", "me")]))]), "tags[\"AWS:x\"]", "AWS's own"),
        (
            config(zone_with("tags", Value::map([("AWS:x", "me")])), &[]),
            "aws.zones[\"us-east-1a\"].tags[\"AWS:x\"]",
            "AWS's own",
        ),
        (config(aws(), &[("tags", many_tags(45))]), "tags", "With the provider's default_tags there are 45"),
        (config(aws(), &[("tags", Value::map([("x".repeat(129), "me")]))]), &long_path, "128"),
        (config(with(aws(), "availability_mode", "global".into()), &[]), "aws.availability_mode", "regional"),
        (config(with(aws(), "connectivity_type", "secret".into()), &[]), "aws.connectivity_type", "private"),
        (config(with(aws(), "drain_seconds", 5000.into()), &[]), "aws.drain_seconds", "4000"),
        (config(with(aws(), "vpc_id", "vpc-1".into()), &[]), "aws.vpc_id", "regional"),
        (config(with(aws(), "route_table_ids", Value::set(["rtb-1"])), &[]), "aws.route_table_ids", "regional"),
        (
            config(with(aws(), "destination_cidrs", Value::set(["10.0.0.1/8"])), &[]),
            "aws.destination_cidrs",
            "10.0.0.0/8",
        ),
        (config(with(aws(), "destination_cidrs", Value::set(["partner"])), &[]), "aws.destination_cidrs", "CIDR"),
        (config(with(aws(), "destination_cidrs", Value::Null), &[]), "aws.destination_cidrs", "is missing"),
        (
            config(with(aws(), "destination_prefix_list_ids", Value::set(["x"])), &[]),
            "aws.destination_prefix_list_ids",
            "pl-",
        ),
        (config(with(aws(), "take_over_routes", Value::set([""])), &[]), "aws.take_over_routes", "empty"),
        (config(with(aws(), "zones", Value::Null), &[]), "aws.zones", "at least one"),
        (config(with(aws(), "zones", zones([("US", zone())])), &[]), "aws.zones[\"US\"]", "us-east-1a"),
        (config(zone_with("subnet_id", Value::Null), &[]), "aws.zones[\"us-east-1a\"].subnet_id", "missing"),
        (config(zone_with("subnet_id", "net-1".into()), &[]), "aws.zones[\"us-east-1a\"].subnet_id", "subnet-"),
        (config(zone_with("addresses", Value::Null), &[]), "aws.zones[\"us-east-1a\"].addresses", "at least one"),
        (
            config(zone_with("addresses", Value::set(["203.0.113.7"])), &[]),
            "aws.zones[\"us-east-1a\"].addresses",
            "eipalloc-",
        ),
        (config(zone_with("addresses", Value::set(many)), &[]), "aws.zones[\"us-east-1a\"].addresses", "at most 8"),
        (
            config(zone_with("primary_address", "eipalloc-2".into()), &[]),
            "aws.zones[\"us-east-1a\"].primary_address",
            "not among",
        ),
        (config(zone_with("private_ip", "ten".into()), &[]), "aws.zones[\"us-east-1a\"].private_ip", "IPv4"),
        (
            config(zone_with("secondary_private_ip_count", 1.into()), &[]),
            "aws.zones[\"us-east-1a\"].secondary_private_ip_count",
            "private",
        ),
        (
            config(zone_with("route_table_ids", Value::set(["x"])), &[]),
            "aws.zones[\"us-east-1a\"].route_table_ids",
            "rtb-",
        ),
        (
            config(private_with("addresses", Value::set(["eipalloc-1"])), &[]),
            "aws.zones[\"us-east-1a\"].addresses",
            "public",
        ),
        (
            config(private_with("secondary_private_ip_count", 8.into()), &[]),
            "aws.zones[\"us-east-1a\"].secondary_private_ip_count",
            "at most 7",
        ),
        (
            config(private_with("secondary_private_ips", Value::set(["ten"])), &[]),
            "aws.zones[\"us-east-1a\"].secondary_private_ips",
            "IPv4",
        ),
        (
            config(zone_with("route_table_ids", Value::Null), &[]),
            "aws.zones[\"us-east-1a\"].route_table_ids",
            "[] where",
        ),
        (
            config(private_with("addresses", Value::Null), &[]),
            "aws.zones[\"us-east-1a\"].addresses",
            "no public addresses",
        ),
        (
            config(private_with("secondary_private_ip_count", Value::Null), &[]),
            "aws.zones[\"us-east-1a\"]",
            "The secondary private addresses are missing",
        ),
        (
            config(with(regional(), "zones", Value::Null), &[]),
            "aws.zones",
            "addresses of the regional gateway are missing",
        ),
        (config(with(regional(), "automatic_addresses", true.into()), &[]), "aws.automatic_addresses", "exclude"),
        (config(with(regional(), "route_table_ids", Value::Null), &[]), "aws.route_table_ids", "[] where"),
        (config(with(aws(), "automatic_addresses", true.into()), &[]), "aws.automatic_addresses", "regional"),
        (config(with(regional(), "vpc_id", Value::Null), &[]), "aws.vpc_id", "missing"),
        (
            config(with(regional(), "connectivity_type", "private".into()), &[]),
            "aws.connectivity_type",
            "public connectivity only",
        ),
        (
            config(
                with(
                    regional(),
                    "zones",
                    zones([(
                        "us-east-1a",
                        BTreeMap::from([("addresses", Value::set(["eipalloc-1"])), ("subnet_id", "subnet-1".into())]),
                    )]),
                ),
                &[],
            ),
            "aws.zones[\"us-east-1a\"].subnet_id",
            "zonal",
        ),
    ];
    let mut whole = Vec::new();
    for (config, path, text) in cases {
        whole.push((format!("{path}: {text}"), validated(&config).await));
        let found = diagnostics(&config).await;
        assert!(found.iter().any(|(at, said)| at == path && said.contains(text)), "{path} {text}: {found:#?}");
    }
    assert_golden(&expect_file!["testdata/wrong_attributes.txt"], &whole);
    let twice = diagnostics(&config(with(aws(), "zones", both), &[])).await;
    let at = |attribute: &str| format!("aws.zones[\"us-east-1b\"].{attribute}");
    let paths: Vec<&str> = twice.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, [at("addresses"), at("route_table_ids")], "{twice:?}");
}

#[test]
fn judges_the_load_per_gateway() {
    let resource = resource();
    let judge = |peak: i64, spare: i64| {
        let load =
            Value::object([("peak_connections_per_destination", Value::from(peak)), ("spare_addresses", spare.into())]);
        let value = config(aws(), &[("expected_load", load)]);
        let arguments = Arguments::read(&value).unwrap();
        let cloud = resource.cloud(&value).unwrap();
        load::judge(&arguments, cloud, &value).into_iter().map(|d| (d.severity, d.detail)).collect::<Vec<_>>()
    };
    assert_eq!(judge(55_000, 0), vec![]);
    assert!(matches!(&judge(55_000, 1)[..], [(Severity::Warning, text)] if text.contains("+ 1 spare = 2")));
    assert!(
        matches!(&judge(100_000, 0)[..], [(Severity::Error, text)] if text.contains("100,000 connections / 55,000"))
    );
    assert!(matches!(&judge(1_000_000, 0)[..], [(Severity::Error, text)] if text.contains("at most 8")));
}

/// What an update was to need is not what the gateways of the old state need.
#[tokio::test]
async fn an_update_that_failed_leaves_the_state_as_it_was() {
    let session = Session::default();
    session.configure(Configured {
        owner: "acme".parse().unwrap(),
        adoption: crate::session::Adoption::Automatic,
        aws: Err(crate::session::Unavailable::Unknown),
        kubernetes: Err(crate::session::Unavailable::Unknown),
        in_cluster: crate::session::InCluster::default(),
        this_run: crate::session::ThisRun::default(),
    });
    let resource = NatGateway::new(Arc::new(session));
    let with_load = |peak: i64, required: i64| {
        let load =
            Value::object([("peak_connections_per_destination", Value::from(peak)), ("spare_addresses", 0.into())]);
        let mut value = config(aws(), &[("expected_load", load), ("required_addresses", required.into())]);
        outputs::derive(&mut value, &resource.descriptions());
        value
    };
    let (prior, planned) = (with_load(55_000, 1), with_load(100_000, 2));
    let asked = Asked { prior: prior.clone(), planned, private: Vec::new(), operation: Operation::Update };
    let applied = resource.applied(&Context::default(), asked).await;
    assert!(applied.diagnostics.has_errors(), "AWS cannot be called");
    assert_eq!(applied.state, prior);
}

#[test]
fn a_cloud_is_chosen() {
    let none = resource().cloud(&config(aws(), &[("aws", Value::Null)])).map(|cloud| cloud.cloud().name);
    assert_eq!(none.map_err(|diagnostic| diagnostic.summary), Err("No cloud is chosen".to_owned()));
    assert_eq!(resource().cloud(&config(aws(), &[])).map(|cloud| cloud.cloud().name), Ok("aws"));
}

#[tokio::test]
async fn the_region_in_use_can_be_written_and_no_other() {
    let aws_of = |region: &str| cloud_aws::Config { region: Some(region.to_owned()), ..cloud_aws::Config::default() };
    let configured = Configured {
        owner: "acme".parse().unwrap(),
        adoption: crate::session::Adoption::Automatic,
        aws: Ok(crate::session::Aws::new(aws_of("us-east-1"))),
        kubernetes: Err(crate::session::Unavailable::Unknown),
        in_cluster: crate::session::InCluster::default(),
        this_run: crate::session::ThisRun::default(),
    };
    let identity = NatGateway::identity(&configured, "prod").unwrap();
    // Incomplete on purpose: what is wrong beside the region ends the plan before it asks AWS.
    let of = |region: Value| config(with(with(aws(), "region", region), "zones", Value::Null), &[]);
    let moved = "Gateways cannot move to another region";
    for (prior, planned, expected) in [
        (Value::Null, "eu-west-1".into(), true),
        ("eu-west-1".into(), Value::Null, true),
        (Value::Null, "us-east-1".into(), false),
        ("us-east-1".into(), Value::Null, false),
        // Replaced, and so for Terraform to show.
        ("us-east-1".into(), "eu-west-1".into(), false),
    ] {
        let (prior, planned) = (of(prior), of(planned));
        let identity = identity.clone();
        let subject = Subject { identity, instance: Instance::default(), prior: &prior, planned: &planned };
        let task = Task { configured: &configured, backend: &AwsBackend, subject };
        let messages = match task.plan(OnInterruption::Error).await {
            Ok(planned) => planned.diagnostics,
            Err(diagnostics) => diagnostics,
        };
        let at: Vec<String> = messages
            .into_iter()
            .filter(|messages| messages.summary == moved)
            .map(|messages| messages.path.unwrap_or_default().to_string())
            .collect();
        assert_eq!(at, if expected { vec!["aws.region"] } else { vec![] }, "{prior:?} {planned:?}");
    }
}
