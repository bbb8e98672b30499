//! Rules about policies.

use serde_json::Value;

use super::rule::{self, Scope};
use super::selector::parse;
use super::{Found, VALIDATOR, elements, given, rules_of};

pub(super) fn check(policy: &Value, scope: Scope, found: &mut Found) {
    name(policy["metadata"]["name"].as_str().unwrap_or_default(), policy["spec"]["tier"].as_str(), found);
    let spec = &policy["spec"];
    for field in ["selector", "serviceAccountSelector", "namespaceSelector"] {
        let at = format!("spec.{field}");
        found.selector(at.clone(), &spec[field]);
        if spec[field].as_str().is_some_and(|text| parse(text).is_ok_and(|uses| uses.global)) {
            found.add(at, "global() is for the namespaceSelector of a rule only", VALIDATOR);
        }
    }
    let types: Vec<&str> = elements(&spec["types"]).filter_map(Value::as_str).collect();
    for (index, one) in types.iter().enumerate().filter(|(index, one)| types[..*index].contains(one)) {
        found.add(format!("spec.types[{index}]"), format!("{one} stands there twice"), VALIDATOR);
    }
    for (direction, index, one) in rules_of(policy) {
        rule::check(one, &format!("spec.{}[{index}]", direction.field()), direction, scope, found);
    }
    if types.contains(&"Egress") || types.is_empty() && given(&spec["egress"]) {
        whole_egress(spec, scope, found);
    }
}

/// A dot ends the name of a tier.
fn name(name: &str, tier: Option<&str>, found: &mut Found) {
    let is_label = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [own] if is_label(own) => {}
        [of, own] if is_label(of) && is_label(own) && *of == tier.unwrap_or("default") => {}
        [of, own] if is_label(of) && is_label(own) => {
            let why = format!("what stands before the dot is the name of a tier, and the policy is not in the tier {of}");
            found.add("metadata.name", why, "Calico Enterprise v3.23, Network policy tutorial for tiers");
        }
        _ => found.add(
            "metadata.name",
            "must be lowercase letters, digits and '-' between letters or digits, after the name of its tier and a dot or without",
            VALIDATOR,
        ),
    }
}

/// What the rules for what leaves do together.
fn whole_egress(spec: &Value, scope: Scope, found: &mut Found) {
    let allows: Vec<&Value> = elements(&spec["egress"]).filter(|rule| rule["action"] == "Allow").collect();
    let allows_all = allows.iter().any(|rule| {
        ["protocol", "notProtocol", "icmp", "notICMP", "ipVersion", "source", "destination", "http"]
            .iter()
            .all(|field| !given(&rule[field]))
    });
    let everything = |field: &str| spec[field].as_str().is_none_or(|text| ["", "all()"].contains(&text.trim()));
    if scope == Scope::Cluster && everything("selector") && !given(&spec["namespaceSelector"]) && !allows_all {
        found.add(
            "spec.selector",
            "selects every pod, those of kube-system and of Calico itself too, and every host endpoint, and stops what it does not \
             allow: leave out their namespaces with namespaceSelector and host endpoints with projectcalico.org/orchestrator == 'k8s'",
            "Calico v3.32, Enable a default deny policy for Kubernetes pods",
        );
    }
    let asks = |protocol: &str| {
        allows.iter().any(|rule| {
            rule["protocol"] == protocol
                && elements(&rule["destination"]["ports"]).any(|port| *port == 53 || *port == "53")
        })
    };
    let any_protocol = || allows.iter().any(|rule| !given(&rule["protocol"]) && !given(&rule["destination"]["ports"]));
    if asks("UDP") && !asks("TCP") && !any_protocol() {
        found.add(
            "spec.egress",
            "allows DNS over UDP and not over TCP, by which long answers come; allow port 53 of both",
            "RFC 7766, 5: DNS over TCP is required",
        );
    }
}
