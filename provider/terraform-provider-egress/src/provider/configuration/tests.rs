use std::collections::BTreeMap;

use egress_engines::EngineName;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::{Diagnostics, Severity};

use super::*;
use crate::provider::schema::schema;
use crate::session::Unavailable;

/// The provider block with these values, and null for everything else.
fn block(values: &[(&str, Value)]) -> Value {
    complete(schema().ty(), values)
}

/// A block in it, such as `aws` or `aws.assume_role`.
fn object(path: &str, values: &[(&str, Value)]) -> Value {
    let ty = path.split('.').fold(schema().ty(), |ty, step| {
        let Type::Object(mut parts) = ty else { panic!("{step} is in no object") };
        parts.remove(step).expect("the path is in the schema")
    });
    complete(ty, values)
}

fn complete(ty: Type, given: &[(&str, Value)]) -> Value {
    let Type::Object(parts) = ty else { panic!("it is no object") };
    let mut values: BTreeMap<String, Value> = parts.into_keys().map(|name| (name, Value::Null)).collect();
    for (name, value) in given {
        assert!(values.insert((*name).to_owned(), value.clone()).is_some(), "{name} is not in the schema");
    }
    Value::Object(values)
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn the_error(result: Result<Configured, Diagnostics>) -> (String, String, Path) {
    let diagnostics = result.expect_err("the block is wrong");
    let [error] = &diagnostics.iter().collect::<Vec<_>>()[..] else { panic!("one error, not {diagnostics:?}") };
    assert_eq!(error.severity, Severity::Error);
    (error.summary.clone(), error.detail.clone(), error.path.clone().expect("an error has a path"))
}

#[test]
fn an_owner_is_enough() {
    let configured = parse(&block(&[("owner", text("acme-prod"))])).expect("it is right");
    assert_eq!(configured.owner.as_str(), "acme-prod");
    assert_eq!(configured.adoption, Adoption::Recent);
    assert!(matches!(configured.aws, Err(Unavailable::Missing(_))));
    assert!(matches!(configured.kubernetes, Err(Unavailable::Missing(_))));
}

#[test]
fn an_unknown_cluster_does_not_keep_aws_from_being_used() {
    let kubernetes = object("kubernetes", &[("host", Value::UNKNOWN), ("token", Value::UNKNOWN)]);
    let aws = object("aws", &[("region", text("eu-west-1"))]);
    let configured =
        parse(&block(&[("owner", text("acme")), ("aws", aws), ("kubernetes", kubernetes)])).expect("it can be planned");
    assert!(configured.aws.is_ok());
    assert!(matches!(configured.kubernetes, Err(Unavailable::Unknown)));
    let configured = parse(&block(&[("owner", text("acme")), ("aws", Value::UNKNOWN)])).expect("it can be planned");
    assert!(matches!(configured.aws, Err(Unavailable::Unknown)));
}

#[test]
fn what_is_not_needed_to_reach_a_place_may_be_unknown() {
    let stamped = Value::map([("at", Value::UNKNOWN), ("team", text("net"))]);
    for tags in [Value::UNKNOWN, stamped] {
        let aws = object("aws", &[("region", text("eu-west-1")), ("default_tags", tags)]);
        let configured = parse(&block(&[("owner", text("acme")), ("aws", aws)])).expect("it can be planned");
        assert!(configured.aws.is_ok(), "{:?}", configured.aws);
    }
    let host = ("host", text("https://10.0.0.1:6443"));
    let kubernetes = object("kubernetes", &[host, ("token", text("t")), ("cluster_cidrs", Value::UNKNOWN)]);
    let configured = parse(&block(&[("owner", text("acme")), ("kubernetes", kubernetes)])).expect("it can be planned");
    assert!(configured.kubernetes.is_ok(), "{:?}", configured.kubernetes);
    let nowhere = object("aws", &[("region", Value::UNKNOWN)]);
    let configured = parse(&block(&[("owner", text("acme")), ("aws", nowhere)])).expect("it can be planned");
    assert_eq!(configured.aws.err(), Some(Unavailable::Unknown));
}

#[test]
fn an_unknown_cluster_chooses_no_engine() {
    let configured =
        parse(&block(&[("owner", text("acme")), ("kubernetes", Value::UNKNOWN)])).expect("it can be planned");
    assert_eq!((configured.in_cluster.engine, configured.in_cluster.cluster), (None, None));
    assert_eq!(configured.kubernetes.err(), Some(Unavailable::Unknown));
}

#[test]
fn each_engine_has_its_own_version() {
    let versions = Value::map([("cilium", "1.18"), ("spidernet", "v0.6.9")]);
    let kubernetes = object("kubernetes", &[("engine", text("calico")), ("engine_versions", versions)]);
    let configured = parse(&block(&[("owner", text("acme")), ("kubernetes", kubernetes)])).expect("it is right");
    let version = |engine| configured.in_cluster.settings(engine).version.map(|version| version.to_string());
    assert_eq!(version(EngineName::Cilium).as_deref(), Some("1.18"));
    assert_eq!(version(EngineName::Spidernet).as_deref(), Some("0.6"));
    assert_eq!(version(EngineName::Calico), None);
}

#[test]
fn the_platform_says_where_the_resolver_is() {
    let kubernetes = object("kubernetes", &[("platform", text("openshift"))]);
    let configured = parse(&block(&[("owner", text("acme")), ("kubernetes", kubernetes)])).expect("it is right");
    let cluster = configured.in_cluster.cluster.expect("a known cluster");
    assert_eq!(cluster.platform.as_deref(), Some("openshift"));
    let unknown = object("kubernetes", &[("platform", Value::UNKNOWN)]);
    let configured = parse(&block(&[("owner", text("acme")), ("kubernetes", unknown)])).expect("it can be planned");
    assert_eq!(configured.in_cluster.cluster, None);
}

#[test]
fn what_is_not_known_while_validating_may_turn_out_right() {
    // Variables have no values yet in Terraform's validate walk.
    assert!(check(&block(&[("owner", Value::UNKNOWN)])).is_empty());
    assert!(check(&block(&[("owner", text("Acme"))])).has_errors());
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn every_wrong_value_is_an_error_on_its_attribute() {
    let role = |attributes: &[(&str, Value)]| {
        let mut all = vec![("role_arn", text("arn:aws:iam::123456789012:role/egress"))];
        all.extend(attributes.iter().cloned());
        object("aws", &[("assume_role", object("aws.assume_role", &all))])
    };
    let aws = |name, value| object("aws", &[(name, value)]);
    let server = |attributes: &[(&str, Value)]| {
        let mut all = vec![("host", text("https://10.0.0.1:6443"))];
        all.extend(attributes.iter().cloned());
        object("kubernetes", &all)
    };
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        ("owner", text("Acme"), "The owner \"Acme\" cannot be used", "owner"),
        ("owner", Value::UNKNOWN, "The owner must be known at plan time", "owner"),
        ("owner", Value::Null, "The owner is missing", "owner"),
        ("adoption", text("never"), "The adoption \"never\" does not exist", "adoption"),
        ("aws", aws("region", text("eu-west-1a")), "The aws region cannot be used", "aws.region"),
        ("aws", aws("endpoint_url", text("localhost:4566")), "The aws endpoint_url cannot be used", "aws.endpoint_url"),
        (
            "aws",
            aws("endpoints", object("aws.endpoints", &[("ec2", text("ftp://x"))])),
            "The aws endpoints.ec2 cannot be used",
            "aws.endpoints.ec2",
        ),
        ("aws", aws("max_attempts", Value::from(0)), "The aws max_attempts cannot be used", "aws.max_attempts"),
        ("aws", aws("retry_mode", text("legacy")), "The aws retry_mode cannot be used", "aws.retry_mode"),
        ("aws", aws("poll_interval", text("often")), "The aws poll_interval cannot be used", "aws.poll_interval"),
        (
            "aws",
            aws("default_tags", Value::map([("egress-owner", "me")])),
            "The default tag \"egress-owner\" cannot be used",
            "aws.default_tags[\"egress-owner\"]",
        ),
        (
            "aws",
            aws("default_tags", Value::map([("aws:x", "me")])),
            "The default tag \"aws:x\" cannot be used",
            "aws.default_tags[\"aws:x\"]",
        ),
        (
            "aws",
            aws("default_tags", Value::map([("team", Value::Null)])),
            "The default tag \"team\" cannot be used",
            "aws.default_tags[\"team\"]",
        ),
        (
            "aws",
            role(&[("role_arn", text("arn:aws:iam::1:user/me"))]),
            "The aws assume_role.role_arn cannot be used",
            "aws.assume_role.role_arn",
        ),
        (
            "aws",
            role(&[("session_name", text("a b"))]),
            "The aws assume_role.session_name cannot be used",
            "aws.assume_role.session_name",
        ),
        (
            "aws",
            role(&[("duration", text("5m"))]),
            "The aws assume_role.duration cannot be used",
            "aws.assume_role.duration",
        ),
        (
            "aws",
            role(&[("policy", text("allow all"))]),
            "The aws assume_role.policy cannot be used",
            "aws.assume_role.policy",
        ),
        ("kubernetes", server(&[]), "The host is given without credentials", "kubernetes.host"),
        (
            "kubernetes",
            server(&[("token", text("t")), ("client_key", text("k"))]),
            "The host is given more than one kind of credentials",
            "kubernetes.host",
        ),
        (
            "kubernetes",
            server(&[("client_key", text("k"))]),
            "The client key has no certificate",
            "kubernetes.client_key",
        ),
        (
            "kubernetes",
            server(&[("client_certificate", text("c"))]),
            "The client certificate has no key",
            "kubernetes.client_certificate",
        ),
        (
            "kubernetes",
            server(&[("token", text("t")), ("in_cluster", Value::from(true))]),
            "The cluster is described twice, by host and in_cluster",
            "kubernetes.in_cluster",
        ),
        (
            "kubernetes",
            server(&[("token", text("t")), ("insecure", Value::from(true)), ("cluster_ca_certificate", text("c"))]),
            "insecure contradicts cluster_ca_certificate",
            "kubernetes.insecure",
        ),
        (
            "kubernetes",
            object("kubernetes", &[("host", text("10.0.0.1"))]),
            "The kubernetes host cannot be used",
            "kubernetes.host",
        ),
        (
            "kubernetes",
            object("kubernetes", &[("token", text("t"))]),
            "token is given without a host",
            "kubernetes.token",
        ),
        (
            "kubernetes",
            object("kubernetes", &[("engine", text("flannel"))]),
            "The engine \"flannel\" does not exist",
            "kubernetes.engine",
        ),
        (
            "kubernetes",
            object("kubernetes", &[("engine_versions", Value::map([("flannel", "0.25")]))]),
            "The engine \"flannel\" does not exist",
            "kubernetes.engine_versions[\"flannel\"]",
        ),
        (
            "kubernetes",
            object("kubernetes", &[("engine_versions", Value::map([("cilium", "latest")]))]),
            "The value of kubernetes.engine_versions[\"cilium\"] cannot be used",
            "kubernetes.engine_versions[\"cilium\"]",
        ),
        (
            "kubernetes",
            object("kubernetes", &[("platform", text("rancher"))]),
            "platform cannot be used",
            "kubernetes.platform",
        ),
        (
            "kubernetes",
            server(&[("exec", object("kubernetes.exec", &[("api_version", text("v1")), ("command", text("aws"))]))]),
            "The exec api_version \"v1\" does not exist",
            "kubernetes.exec.api_version",
        ),
    ];
    for (attribute, value, summary, path) in cases {
        let mut attributes = vec![("owner", text("acme"))];
        attributes.retain(|(name, _)| *name != attribute);
        attributes.push((attribute, value));
        let (got_summary, detail, got_path) = the_error(parse(&block(&attributes)));
        assert_eq!(got_summary, summary);
        assert_eq!(got_path.to_string(), path, "{summary}");
        assert!(!detail.is_empty(), "{summary}: it says what to do");
    }
}
