//! What Calico refuses of its objects beyond their schema, and what it takes that does not do what it seems to say.
//!
//! Sources: the validator of Calico v3.32.1, the documentation of Calico v3.32 and of Calico Enterprise v3.23, and the description
//! of fields in the Tigera operator's CRD.

mod gateway;
mod policy;
mod rule;
mod selector;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::rule::{Direction, Scope};
use crate::violation::Violation;

/// What is refused by code: `validator.go`.
const VALIDATOR: &str = "Calico v3.32.1, libcalico-go/lib/validator/v3/validator.go";
/// What is said of Enterprise's rules about names.
const DNS_POLICY: &str = "Calico Enterprise v3.23, DNS policy";
/// What is said of gateways.
const GATEWAYS: &str = "Calico Enterprise v3.23, Configure egress gateways, on-premises";

/// What is wrong with an object of Calico, of either edition; nothing of every other object.
pub fn check(object: &Value) -> Vec<Violation> {
    let mut found = Found::default();
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    match (api_version, kind) {
        ("projectcalico.org/v3", "NetworkPolicy" | "StagedNetworkPolicy") => policy::check(object, Scope::Namespace, &mut found),
        ("projectcalico.org/v3", "GlobalNetworkPolicy" | "StagedGlobalNetworkPolicy") => {
            policy::check(object, Scope::Cluster, &mut found);
        }
        ("projectcalico.org/v3", "IPPool") => gateway::ip_pool(object, &mut found),
        ("projectcalico.org/v3", "BGPPeer") => gateway::bgp_peer(&object["spec"], &mut found),
        ("projectcalico.org/v3", "EgressGatewayPolicy") => {
            gateway::egress_gateway_policy(&object["spec"], &mut found);
        }
        ("operator.tigera.io/v1", "EgressGateway") => gateway::egress_gateway(&object["spec"], &mut found),
        ("projectcalico.org/v3", "EgressGateway") => found.add(
            "kind",
            "there is no such kind; Calico Enterprise has EgressGateway in operator.tigera.io/v1, with replicas, ipPools and a \
             template of the pods, and Calico open source has no gateways",
            GATEWAYS,
        ),
        ("projectcalico.org/v3", "EgressPolicy") => found.add(
            "kind",
            "there is no such kind; Calico Enterprise has EgressGatewayPolicy, which has no selector of sources: namespaces and pods \
             name it in the annotation egress.projectcalico.org/egressGatewayPolicy",
            GATEWAYS,
        ),
        _ if api_version.starts_with("crd.projectcalico.org/") => found.add(
            "apiVersion",
            "is how Calico stores its objects, without validation or defaults; write projectcalico.org/v3",
            "Calico v3.32, Calico API server",
        ),
        _ => {}
    }
    found.0
}

/// What is wrong with an object in Calico open source: also what only Enterprise has.
pub fn check_open_source(object: &Value) -> Vec<Violation> {
    let mut found = Found(check(object));
    let enterprise = "is in Calico Enterprise and Calico Cloud only";
    match (object["apiVersion"].as_str(), object["kind"].as_str()) {
        (Some("operator.tigera.io/v1"), Some("EgressGateway"))
        | (Some("projectcalico.org/v3"), Some("EgressGatewayPolicy" | "ExternalNetwork")) => {
            found.add("kind", enterprise, GATEWAYS);
        }
        (Some("projectcalico.org/v3"), _) => {
            for (direction, index, rule) in rules_of(object) {
                if rule["destination"].get("domains").is_some() {
                    let field = format!("spec.{}[{index}].destination.domains", direction.field());
                    found.add(field, enterprise, "CRDs of Calico v3.32.1, which do not have the field");
                }
            }
        }
        _ => {}
    }
    found.0
}

/// Every rule of a policy, with its direction and place.
fn rules_of(policy: &Value) -> impl Iterator<Item = (Direction, usize, &Value)> {
    [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| {
        let rules = policy["spec"][direction.field()].as_array().into_iter().flatten().enumerate();
        rules.map(move |(index, rule)| (direction, index, rule))
    })
}

/// What was found so far.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, field: impl Into<String>, rule: impl Into<String>, source: &'static str) {
        self.0.push(Violation { field: field.into(), rule: rule.into(), source });
    }

    /// Notes what is wrong with an expression, if something is.
    fn selector(&mut self, field: String, text: &Value) {
        if let Some(Err(problem)) = text.as_str().map(selector::parse) {
            self.add(field, format!("is no selector: {problem}"), "Calico v3.32.1, libcalico-go/lib/selector");
        }
    }
}

/// The elements of a list; none where there is no list.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether a list has elements, a text characters, or anything else is there.
fn given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}
