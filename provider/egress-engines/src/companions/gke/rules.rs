//! What ip-masq-agent does not take of its configuration.

use egress_model::cidr::Cidr;
use serde_json::Value;

use super::object::{Error, MOST_BLOCKS};
use crate::companions::checks::{items, version_and_kind, violation};
use crate::violation::Violation;

const GKE: &str = "ip-masq-agent, cmd/ip-masq-agent/ip-masq-agent.go";

/// What one object breaks.
pub(super) fn check(object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let metadata = &object["metadata"];
    let is_agents = metadata["name"] == "ip-masq-agent" && metadata["namespace"] == "kube-system";
    if version_and_kind(object) == ("v1", "ConfigMap") && is_agents {
        ip_masq_agent(object, &mut found);
    }
    found
}

fn ip_masq_agent(object: &Value, found: &mut Vec<Violation>) {
    let field = "data.config";
    let text = object["data"]["config"].as_str().unwrap_or_default();
    let Ok(config) = serde_yaml_ng::from_str::<Value>(text) else {
        return found.push(violation(field, "is no YAML, so that the agent keeps what it had", GKE));
    };
    let blocks = items(&config["nonMasqueradeCIDRs"]);
    if blocks.len() > MOST_BLOCKS {
        found.push(violation(field, Error::TooMany(blocks.len()).to_string(), GKE));
    }
    for block in blocks {
        let text = block.as_str().unwrap_or_default();
        match text.parse::<Cidr>() {
            Ok(cidr) if !cidr.same_family(&Cidr::ALL_IPV4) => {
                found.push(violation(field, Error::Ipv6(cidr).to_string(), GKE));
            }
            Ok(cidr) if cidr.to_string() == text => {}
            Ok(cidr) => found.push(violation(field, format!("{text} has host bits; write {cidr}"), GKE)),
            Err(error) => found.push(violation(field, error.to_string(), GKE)),
        }
    }
}
