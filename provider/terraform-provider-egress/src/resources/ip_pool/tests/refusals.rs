//! What is refused, and where it is said.

use std::collections::BTreeMap;
use std::sync::Arc;

use expect_test::expect_file;
use tfplugin::Diagnostics;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::Resource;

use super::super::IpPool;
use super::host::{Host, with};
use crate::resources::configurations::completed;
use crate::resources::whole_diagnostics::{assert_golden, messages};

fn aws(attributes: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::object(attributes)
}

/// A pool on AWS with this one address, and other arguments.
fn config(address: Value, more: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut attributes = BTreeMap::from([
        ("name", Value::from("partners")),
        ("aws", aws([])),
        ("addresses", Value::map([("a", address)])),
    ]);
    attributes.extend(more);
    completed(Value::object(attributes), &IpPool::new(Arc::default()).schema().ty())
}

async fn validated(config: &Value) -> Diagnostics {
    IpPool::new(Arc::default()).validate(&Context::default(), config).await
}

async fn refused(config: &Value) -> Vec<String> {
    messages(&validated(config).await)
}

fn object(attributes: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::object(attributes)
}

#[tokio::test]
async fn says_what_is_wrong_and_where() {
    let plain = || with("new", true);
    let tags = |pairs: &[(&str, &str)]| Value::map(pairs.iter().map(|(key, value)| (*key, *value)));
    let many: Vec<(String, &str)> = (0..44).map(|number| (format!("t{number}"), "v")).collect();
    let long_key = "k".repeat(129);
    let long_value = "v".repeat(257);
    let cases = [
        (config(plain(), [("aws", Value::Null)]), "error [] No cloud is chosen"),
        (
            config(with("recover", "203.0.113"), []),
            "error [addresses[\"a\"].recover] The address to recover cannot be used",
        ),
        (
            config(object([("existing_id", "eipalloc-1".into()), ("recover", "203.0.113.1".into())]), []),
            "error [addresses[\"a\"].recover] The key \"a\" says twice where its address comes from",
        ),
        (
            config(object([("existing_id", "eipalloc-1".into()), ("tags", tags(&[("a", "b")]))]), []),
            "error [addresses[\"a\"].tags] existing_id and tags exclude each other",
        ),
        (
            config(
                object([("existing_id", "eipalloc-1".into()), ("aws", with("public_ipv4_pool", "ipv4pool-ec2-1"))]),
                [],
            ),
            "error [addresses[\"a\"].aws.public_ipv4_pool] The key \"a\" says twice where its address comes from",
        ),
        (
            config(
                object([("existing_id", "eipalloc-1".into()), ("aws", with("network_border_group", "us-east-1"))]),
                [],
            ),
            "error [addresses[\"a\"].aws.network_border_group] existing_id and network_border_group exclude each other",
        ),
        (config(object([]), []), "error [addresses[\"a\"]] The key \"a\" does not say where its address comes from"),
        (
            config(with("aws", object([])), []),
            "error [addresses[\"a\"]] The key \"a\" does not say where its address comes from",
        ),
        (config(with("new", false), []), "error [addresses[\"a\"].new] new is false for the key \"a\""),
        (
            config(object([("new", true.into()), ("existing_id", "eipalloc-1".into())]), []),
            "error [addresses[\"a\"].existing_id] The key \"a\" says twice where its address comes from",
        ),
        (
            config(object([("new", true.into()), ("recover", "203.0.113.1".into())]), []),
            "error [addresses[\"a\"].recover] The key \"a\" says twice where its address comes from",
        ),
        (
            config(plain(), [("release_policies", tags(&[("b", "retain")]))]),
            "error [release_policies[\"b\"]] A release policy is for no address",
        ),
        (
            config(plain(), [("release_policies", Value::map([("a", Value::Null)]))]),
            "error [release_policies[\"a\"]] The release policy of \"a\" is missing",
        ),
        (config(plain(), [("on_ip_change", "warn".into())]), "error [release_policy] release_policy is missing"),
        (
            config(plain(), [("release_policy", "release".into()), ("release_policies", tags(&[("a", "retain")]))]),
            "error [release_policies[\"a\"]] An address is to be retained in a pool that releases",
        ),
        (
            config(
                plain(),
                [("aws", aws([("public_ipv4_pool", "ipv4pool-ec2-1".into()), ("ipam_pool_id", "ipam-pool-1".into())]))],
            ),
            "error [aws.ipam_pool_id] Two pools of addresses are chosen",
        ),
        (
            config(plain(), [("tags", tags(&[("egress-owner", "x")]))]),
            "error [tags[\"egress-owner\"]] A tag is reserved",
        ),
        (
            config(object([("new", true.into()), ("tags", tags(&[("egress-key", "x")]))]), []),
            "error [addresses[\"a\"].tags[\"egress-key\"]] A tag is reserved",
        ),
        (
            config(plain(), [("tags", tags(&[("AWS:x", "x")]))]),
            "error [tags[\"AWS:x\"]] The tag \"AWS:x\" cannot be used",
        ),
        (config(plain(), [("tags", tags(&[(&long_key, "x")]))]), "error [tags[\"kkk"),
        (config(plain(), [("tags", tags(&[("x", &long_value)]))]), "error [tags[\"x\"]] The tag \"x\" cannot be used"),
        (config(plain(), [("tags", Value::map(many))]), "error [tags] There are too many tags"),
        (
            config(plain(), [("timeouts", with("create", "soon"))]),
            "error [timeouts.create] The create timeout cannot be used",
        ),
    ];
    let mut whole = Vec::new();
    for (config, expected) in cases {
        let diagnostics = validated(&config).await;
        let messages = messages(&diagnostics);
        assert!(messages.len() == 1 && messages[0].starts_with(expected), "{expected}: {messages:#?}");
        whole.push((expected.to_owned(), diagnostics));
    }
    assert_golden(&expect_file!["testdata/refusals.txt"], &whole);
}

#[tokio::test]
async fn two_keys_cannot_have_one_address() {
    let both = Value::map([("a", with("existing_id", "eipalloc-1")), ("b", with("existing_id", "eipalloc-1"))]);
    let messages = refused(&config(with("new", true), [("addresses", both)])).await;
    assert!(
        messages[0].starts_with("error [addresses[\"b\"].existing_id] Two keys adopt the same address"),
        "{messages:?}"
    );
}

#[tokio::test]
async fn takes_what_is_right_or_not_known_yet() {
    let right = [
        config(with("new", true), []),
        config(with("existing_id", Value::UNKNOWN), []),
        config(object([("new", Value::UNKNOWN), ("recover", Value::UNKNOWN)]), []),
        config(with("aws", Value::UNKNOWN), []),
        config(with("aws", with("ipam_pool_id", "ipam-pool-1")), []),
        config(object([("recover", "203.0.113.1".into()), ("aws", with("ipam_pool_id", "ipam-pool-1"))]), []),
        config(with("new", true), [("release_policies", Value::map([("a", "retain")]))]),
        config(with("new", true), [("on_ip_change", "warn".into()), ("release_policy", Value::UNKNOWN)]),
        config(with("new", true), [("on_ip_change", "warn".into()), ("release_policy", "retain".into())]),
        config(Value::UNKNOWN, []),
        config(with("new", true), [("addresses", Value::UNKNOWN), ("tags", Value::UNKNOWN)]),
        config(with("new", true), [("aws", aws([("region", Value::UNKNOWN)]))]),
    ];
    for config in right {
        assert_eq!(refused(&config).await, [""; 0], "{config:?}");
    }
}

#[tokio::test]
async fn a_named_address_must_exist_and_be_nobody_elses() {
    let host = Host::new();
    let missing = host.config([("a", with("existing_id", "ip-9"))], []);
    let text = messages(&host.plan(&missing).await.diagnostics).join("\n");
    assert!(text.starts_with("error [addresses[\"a\"].existing_id] The address of key \"a\" does not exist"), "{text}");

    let mut other = Host::on(Arc::clone(&host.cloud), crate::session::Adoption::Automatic);
    let mut theirs = other.config([("x", with("new", true))], []);
    theirs.as_object_mut().expect("an object").insert("name".to_owned(), "others".into());
    other.apply(&theirs).await;
    let foreign = host.config([("a", with("existing_id", other.text("ids", "x")))], []);
    let text = messages(&host.plan(&foreign).await.diagnostics).join("\n");
    assert!(
        text.starts_with("error [addresses[\"a\"].existing_id] The address of key \"a\" belongs to another pool"),
        "{text}"
    );
    assert!(text.contains("acme/ip-pool/others"), "{text}");
}

#[test]
fn the_schema_is_one_that_terraform_takes() {
    let schema = IpPool::new(Arc::default()).schema();
    let problems = tfplugin::schema_check::check(&schema);
    assert!(problems.is_empty(), "{problems:?}");
}
