//! What OVN-Kubernetes says about its kinds beyond their CRDs.

use ipnet::IpNet;
use serde_json::Value;

use crate::tiers::rules::is_kind;
use crate::violation::Violation;

const FIREWALL: &str = "OVN-Kubernetes 1.3, docs/features/network-security-controls/egress-firewall.md";
const FIREWALL_CODE: &str = "OVN-Kubernetes 1.3, go-controller/pkg/ovn/egressfirewall.go";
const EGRESS_IP: &str = "OVN-Kubernetes 1.3, docs/features/cluster-egress-controls/egress-ip.md";

/// Everything in which an `EgressFirewall` or `EgressIP` would be refused or do something else than it seems to.
pub fn check(object: &Value) -> Vec<Violation> {
    if is_kind(object, "k8s.ovn.org/", "EgressFirewall") {
        return firewall(object);
    }
    if is_kind(object, "k8s.ovn.org/", "EgressIP") { egress_ip(object) } else { Vec::new() }
}

fn firewall(object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut add = |field: String, rule: &str, source| found.push(Violation { field, rule: rule.to_owned(), source });
    if object["metadata"]["name"] != "default" {
        add("metadata.name".into(), "a namespace has one EgressFirewall, which must be called default", FIREWALL);
    }
    let rules = object["spec"]["egress"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rules.len() > 8001 {
        add("spec.egress".into(), "only the first 8001 rules count, the others are ignored", FIREWALL_CODE);
    }
    let mut decided = false;
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("spec.egress[{index}]");
        if decided {
            add(at.clone(), "never asked: a rule before it is for every address", FIREWALL);
        }
        let to = &rule["to"];
        if let Some(cidr) = to["cidrSelector"].as_str() {
            if cidr.parse::<IpNet>().is_err() {
                add(
                    format!("{at}.to.cidrSelector"),
                    "no CIDR block; nothing of the EgressFirewall is applied",
                    FIREWALL_CODE,
                );
            }
            decided |= cidr == "0.0.0.0/0" && rule.get("ports").is_none() && !reaches_ipv6(&rules[index + 1..]);
        }
        if rule["type"] == "Deny" && to.get("dnsName").is_some() {
            let rule = "a denied name can be reached at addresses that OVN-Kubernetes does not know; deny addresses";
            add(format!("{at}.to.dnsName"), rule, FIREWALL);
        }
    }
    found
}

/// Whether some rules are for IPv6 only, and so reached after one for every IPv4 address.
fn reaches_ipv6(rules: &[Value]) -> bool {
    rules.iter().all(|rule| rule["to"]["cidrSelector"].as_str().is_some_and(|cidr| cidr.contains(':')))
}

fn egress_ip(object: &Value) -> Vec<Violation> {
    let ips = object["spec"]["egressIPs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let wrong = |ip: &Value| ip.as_str().is_none_or(|ip| ip.parse::<std::net::IpAddr>().is_err());
    let bad = ips.iter().enumerate().filter(|(_, ip)| wrong(ip)).map(|(index, _)| Violation {
        field: format!("spec.egressIPs[{index}]"),
        rule: "no IP address; nothing of the EgressIP is assigned".into(),
        source: EGRESS_IP,
    });
    let none = ips.is_empty().then(|| Violation {
        field: "spec.egressIPs".into(),
        rule: "without addresses the EgressIP does nothing".into(),
        source: EGRESS_IP,
    });
    bad.chain(none).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    fn broken(name: &str, rules: &serde_json::Value) -> Vec<String> {
        let object = json!({"apiVersion": "k8s.ovn.org/v1", "kind": "EgressFirewall", "metadata": {"name": name},
            "spec": {"egress": rules}});
        check(&object).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn each_mistake_is_found_where_it_is() {
        let rule = |ty: &str, to: serde_json::Value| json!({"type": ty, "to": to});
        let all = rule("Deny", json!({"cidrSelector": "0.0.0.0/0"}));
        let good = rule("Allow", json!({"dnsName": "example.com"}));
        let all_v6 = rule("Deny", json!({"cidrSelector": "::/0"}));
        assert_eq!(broken("default", &json!([good, all, all_v6])), Vec::<String>::new());
        assert_eq!(broken("web", &json!([all])), ["metadata.name"]);
        assert_eq!(broken("default", &json!([all, good])), ["spec.egress[1]"]);
        let block = rule("Allow", json!({"cidrSelector": "192.0.2.0"}));
        assert_eq!(broken("default", &json!([block])), ["spec.egress[0].to.cidrSelector"]);
        let name = rule("Deny", json!({"dnsName": "example.com"}));
        assert_eq!(broken("default", &json!([name])), ["spec.egress[0].to.dnsName"]);
    }

    #[test]
    fn an_egress_ip_has_addresses() {
        let ips = |ips: serde_json::Value| {
            let object = json!({"apiVersion": "k8s.ovn.org/v1", "kind": "EgressIP", "spec": {"egressIPs": ips}});
            check(&object).into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        };
        assert_eq!(ips(json!(["192.0.2.1", "2001:db8::1"])), Vec::<String>::new());
        assert_eq!(ips(json!([])), ["spec.egressIPs"]);
        assert_eq!(ips(json!(["192.0.2.0/24"])), ["spec.egressIPs[0]"]);
    }
}
