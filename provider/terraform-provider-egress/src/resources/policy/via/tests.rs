//! What is read of `via`.

use std::collections::BTreeSet;

use cloud::steering::{Record, Stage};
use cloud_aws::steering::Ec2Routes;
use serde_json::{Value as Json, json};
use tfplugin::Severity;
use tfplugin::cty::Value;
use tfplugin::cty::json::{Undefined, from_json};

use super::translate::{Task, Translate as _};
use super::{Input, egress_cidrs};
use crate::resources::objects::Compiles;
use crate::resources::policy::{EgressPolicy, PolicyResource};
use crate::session::InCluster;
use tfplugin::resource::Resource;

fn gateway() -> Json {
    json!({
        "aws": {
            "zones": { "us-east-1a": { "route_table_ids": ["rtb-a"] }, "us-east-1b": { "route_table_ids": ["rtb-b"] } },
            "destination_cidrs": ["0.0.0.0/0"],
        },
        "gateways": { "us-east-1a": { "id": "nat-a" } },
        "egress_cidrs": ["198.51.100.1/32"],
    })
}

fn for_any_port(rule: &Json) -> Json {
    let mut rule = rule.clone();
    rule["ports"] = json!(["any"]);
    rule
}

fn policy(via: &Json, rule: &Json) -> Value {
    let all = json!({
        "name": "backend", "namespace": "production", "delivery": "apply", "mode": "enforce", "force_conflicts": false,
        "allow": { "r": for_any_port(rule) }, "via": via,
    });
    let schema = PolicyResource::new(std::sync::Arc::default()).schema();
    from_json(&all, &schema.ty(), Undefined::Refuse).expect("a configuration")
}

fn errors(via: &Json, rule: &Json) -> Vec<String> {
    let outcome = EgressPolicy::check(&policy(via, rule), &InCluster::default());
    let errors = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors
        .map(|error| {
            let path = error.path.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{path}: {}: {}", error.summary, error.detail)
        })
        .collect()
}

#[test]
fn reads_the_tables_and_what_the_gateway_leads_itself() {
    let value = policy(&json!({ "nat_gateway": gateway() }), &json!({ "to_cidrs": ["203.0.113.0/24"] }));
    let wanted = Input::read(&value).expect("an input").wanted();
    let spec = Ec2Routes::spec(&value, &wanted).expect("a specification");
    assert!(Ec2Routes::is_complete(&spec) && !Ec2Routes::is_empty(&spec));
    let task = Task {
        owner: &"acme".parse().expect("an owner"),
        before: &spec,
        after: &spec,
        recorded: &Record::new(),
        ceded: BTreeSet::new(),
        stage: Stage::Make,
    };
    let wanted = Ec2Routes::desired(&task);
    let tables: Vec<_> =
        wanted.tables.iter().map(|(table, to)| (table.as_str(), to.key.as_str(), to.id.as_deref())).collect();
    assert_eq!(tables, [("rtb-a", "us-east-1a", Some("nat-a")), ("rtb-b", "us-east-1b", None)]);
    let texts = |set: &BTreeSet<_>| -> Vec<String> { set.iter().map(ToString::to_string).collect() };
    assert_eq!(
        (texts(&wanted.destinations), texts(&wanted.covered)),
        (vec!["203.0.113.0/24".to_owned()], vec!["0.0.0.0/0".to_owned()])
    );
    assert_eq!(egress_cidrs(&value), Value::list(["198.51.100.1/32"]));
    assert!(errors(&json!({ "nat_gateway": gateway() }), &json!({ "to_cidrs": ["203.0.113.0/24"] })).is_empty());
}

#[test]
fn mistakes_are_told_on_their_attributes() {
    let with = |aws: Json| json!({ "nat_gateway": gateway(), "aws": aws });
    let aws = |value: Json| {
        let mut gateway = gateway();
        gateway["aws"] = value;
        json!({ "nat_gateway": gateway })
    };
    let cidrs = json!({ "to_cidrs": ["203.0.113.0/24"] });
    let cases = [
        (json!({}), &cidrs, "via: via names no gateway: "),
        (aws(Json::Null), &cidrs, "via.nat_gateway: This is no NAT gateway on AWS: "),
        (
            aws(json!({ "zones": { "us-east-1a": {} } })),
            &cidrs,
            "via.nat_gateway: The NAT gateway has no route tables: ",
        ),
        (
            aws(
                json!({ "zones": { "us-east-1a": { "route_table_ids": ["rtb-a"] }, "us-east-1b": {} }, "destination_cidrs": [] }),
            ),
            &cidrs,
            "via.nat_gateway.aws.zones[\"us-east-1b\"]: The zone us-east-1b of the NAT gateway has no route_table_ids: ",
        ),
        (
            aws(json!({ "zones": { "us-east-1a": { "route_table_ids": ["rtb-a"] } } })),
            &cidrs,
            "via.nat_gateway.aws.destination_cidrs: The NAT gateway does not say what is routed to it: ",
        ),
        (
            with(json!({ "prefix_list_ids": ["partners"] })),
            &cidrs,
            "via.aws.prefix_list_ids: The prefix list cannot be used: ",
        ),
        (
            json!({ "nat_gateway": gateway() }),
            &json!({ "to_cidrs": ["2001:db8::/32"] }),
            "allow[\"r\"].to_cidrs[0]: allow[\"r\"].to_cidrs[0] cannot be sent through the gateway of via: It is an IPv6 block",
        ),
        (
            json!({ "nat_gateway": gateway() }),
            &json!({ "to_pods": { "all": true } }),
            "via: The policy cannot be sent through the gateway of via: It has nothing to send",
        ),
    ];
    for (via, rule, begin) in cases {
        let found = errors(&via, rule);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with(begin), "{found:#?}");
    }
    let lists = with(json!({ "prefix_list_ids": ["pl-0123"] }));
    assert!(errors(&lists, &json!({ "to_pods": { "all": true } })).is_empty());
}

fn in_cluster(engine: &str) -> Json {
    json!({ "egress_gateway": {
        "name": "partners", "namespace": "egress", "engine": engine, "ips": ["192.168.1.10"],
        "nodes": { "match_labels": { "egress": "partners" } }, "egress_cidrs": ["192.168.1.10/32"],
    } })
}

#[test]
fn a_gateway_in_the_cluster_comes_before_the_policy() {
    let value = policy(&in_cluster("cilium"), &json!({ "to_cidrs": ["203.0.113.0/24"] }));
    let outcome = EgressPolicy::check(&value, &InCluster::default());
    let ids: Vec<String> = outcome.manifests.iter().flatten().map(|manifest| manifest.id().to_string()).collect();
    assert_eq!(ids, ["CiliumEgressGatewayPolicy/production-backend", "NetworkPolicy/production/backend"]);
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    assert_eq!(egress_cidrs(&value), Value::list(["192.168.1.10/32"]));
}

#[test]
fn gateways_that_take_no_other_pods_are_refused_with_the_reason() {
    let cidrs = json!({ "to_cidrs": ["203.0.113.0/24"] });
    for engine in egress_engines::GATEWAY_ENGINES.iter().filter(|engine| engine.name.as_str() != "cilium") {
        let found = errors(&in_cluster(engine.name.as_str()), &cidrs);
        let begin = format!(
            "via.egress_gateway: The engine {0} cannot send the traffic of a policy through a gateway: On {0}, ",
            engine.name
        );
        assert!(found.len() == 1 && found[0].starts_with(&begin), "{found:#?}");
    }
    let mut both = in_cluster("cilium");
    both["nat_gateway"] = gateway();
    let found = errors(&both, &cidrs);
    assert!(found.len() == 1 && found[0].starts_with("via: via names two gateways: "), "{found:#?}");
    let mut lists = in_cluster("cilium");
    lists["aws"] = json!({ "prefix_list_ids": ["pl-0123"] });
    let found = errors(&lists, &cidrs);
    assert!(found.len() == 1 && found[0].starts_with("via.aws: via.aws needs a nat_gateway: "), "{found:#?}");
    let found = errors(&in_cluster("cilium"), &json!({ "to_pods": { "all": true } }));
    assert!(found.len() == 1 && found[0].contains("nothing to send through the gateway"), "{found:#?}");
}
