//! What Antrea's policies mean, written from its documentation ("Antrea Network Policy CRDs", "Antrea Layer 7 `NetworkPolicy`",
//! version 2.7) and from nothing in the compiler: it reads the JSON that an API server would.

use egress_model::policy::verdict::{Application, Flow, Host, Pod, Transport};
use ipnet::IpNet;
use serde_json::Value;

use super::Installation;
use super::network_policy::selects;

/// Antrea, on a cluster whose nodes are in 192.168.0.0/16 and run the API server.
pub(crate) fn installations() -> Vec<Installation> {
    vec![Installation { passes: Box::new(passes), what: "Antrea 2.7".to_owned(), as_the_model: true }]
}

/// Whether a flow from a pod passes where these are the only objects.
pub(crate) fn passes(objects: &[Value], source: &Pod, flow: &Flow) -> bool {
    let is_policy = |object: &&Value| object["kind"] == "NetworkPolicy" || object["kind"] == "ClusterNetworkPolicy";
    // "Ordering based on Tier priority", "Ordering based on policy priority", "Rule enforcement based on priorities".
    let mut rules: Vec<(u64, f64, usize, &Value, &Value)> = objects
        .iter()
        .filter(is_policy)
        .filter(|policy| applies(policy, source))
        .flat_map(|policy| {
            let spec = &policy["spec"];
            let tier = match spec["tier"].as_str().unwrap_or("application") {
                "application" => 250,
                "baseline" => 253,
                other => panic!("{other} is no tier that is emitted"),
            };
            let priority = spec["priority"].as_f64().expect("a priority");
            let egress = spec["egress"].as_array().expect("rules").iter().enumerate();
            egress.map(move |(index, rule)| (tier, priority, index, policy, rule))
        })
        .filter(|(.., policy, rule)| matches(objects, policy, rule, flow))
        .collect();
    rules.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut passed_on = false;
    for (position, (tier, priority, index, _, rule)) in rules.iter().enumerate() {
        if passed_on && *tier < 253 {
            continue;
        }
        // "If there are multiple rules at the same rule-level priority and with conflicting actions, the behavior is
        // nondeterministic."
        let same =
            rules[position..].iter().take_while(|other| (other.0, other.1, other.2) == (*tier, *priority, *index));
        for other in same {
            assert_eq!(other.4["action"], rule["action"], "two rules at one place disagree: {rule}, {}", other.4);
        }
        match rule["action"].as_str().expect("an action") {
            // "Any traffic matching the layer 3/4 criteria of a layer 7 rule will be allowed if the layer 7 criteria is also
            // matched, otherwise it will be dropped."
            "Allow" => return rule["l7Protocols"].as_array().is_none_or(|any| any.iter().any(|one| inside(one, flow))),
            "Drop" | "Reject" => return false,
            "Pass" => passed_on = true,
            other => panic!("{other} is no action"),
        }
    }
    true
}

fn applies(policy: &Value, source: &Pod) -> bool {
    let namespace = policy["metadata"]["namespace"].as_str();
    assert_eq!(namespace.is_some(), policy["kind"] == "NetworkPolicy", "NetworkPolicy alone has a namespace");
    let applied_to = policy["spec"]["appliedTo"].as_array().expect("pods");
    applied_to.iter().any(|element| {
        if let Some(account) = element.get("serviceAccount") {
            return account["namespace"] == source.namespace.as_str()
                && account["name"] == source.service_account.as_str();
        }
        selects_pod(element, namespace, source)
    })
}

/// "A `podSelector` without any `namespaceSelector` selects Pods from all Namespaces", of a NetworkPolicy from its own.
fn selects_pod(selectors: &Value, own: Option<&str>, pod: &Pod) -> bool {
    let in_namespace = match (selectors.get("namespaceSelector"), own) {
        (Some(selector), _) => selects(selector, &pod.all_namespace_labels()),
        (None, Some(own)) => pod.namespace.as_str() == own,
        (None, None) => true,
    };
    in_namespace && selectors.get("podSelector").is_none_or(|selector| selects(selector, &pod.labels))
}

fn matches(objects: &[Value], policy: &Value, rule: &Value, flow: &Flow) -> bool {
    let to = rule["to"]
        .as_array()
        .is_none_or(|peers| peers.is_empty() || peers.iter().any(|peer| matches_peer(objects, policy, peer, flow)));
    let traffic = match (rule["ports"].as_array(), rule["protocols"].as_array()) {
        (None, None) => true,
        (Some(ports), None) => ports.iter().any(|port| matches_port(port, flow)),
        (None, Some(protocols)) => protocols.iter().any(|protocol| matches_icmp(&protocol["icmp"], flow)),
        (Some(_), Some(_)) => panic!("the documentation does not say whether ports and protocols are alternatives"),
    };
    to && traffic
}

fn matches_peer(objects: &[Value], policy: &Value, peer: &Value, flow: &Flow) -> bool {
    let destination = &flow.destination;
    if let Some(block) = peer.get("ipBlock") {
        let inside = |cidr: &Value| {
            let net: IpNet = cidr.as_str().expect("text").parse().expect("a block");
            net.contains(&destination.address)
        };
        let excepted = block["except"].as_array().is_some_and(|blocks| blocks.iter().any(inside));
        return inside(&block["cidr"]) && !excepted;
    }
    if let Some(pattern) = peer.get("fqdn") {
        let pattern = pattern.as_str().expect("a name");
        return destination.names.iter().any(|name| like(pattern, name.as_str()));
    }
    if peer.get("nodeSelector").is_some() {
        assert_eq!(peer["nodeSelector"], serde_json::json!({}), "nodes have no labels here");
        return match destination.host {
            Host::Node => true,
            Host::ApiServer => "192.168.0.0/16".parse::<IpNet>().expect("a block").contains(&destination.address),
            Host::Pod(_) | Host::Other => false,
        };
    }
    let Host::Pod(pod) = &destination.host else { return false };
    if let Some(name) = peer.get("group") {
        let kind = if policy["kind"] == "NetworkPolicy" { "Group" } else { "ClusterGroup" };
        let group = objects.iter().find(|object| {
            object["kind"] == kind
                && object["metadata"]["name"] == *name
                && object["metadata"]["namespace"] == policy["metadata"]["namespace"]
        });
        let service = &group.expect("the group is there")["spec"]["serviceReference"];
        return pod
            .services
            .iter()
            .any(|own| service["namespace"] == own.namespace.as_str() && service["name"] == own.name.as_str());
    }
    selects_pod(peer, policy["metadata"]["namespace"].as_str(), pod)
}

/// "The `*` character can match multiple subdomains (`*foobar.com` will match `foobar.com`, `www.foobar.com` and
/// `test.uswest.foobar.com`)."
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|position| rest.is_char_boundary(position) && like(after, &rest[position..]))
        }),
    }
}

fn matches_port(port: &Value, flow: &Flow) -> bool {
    let Transport::Port(protocol, number) = flow.transport else { return false };
    if port["protocol"].as_str().unwrap_or("TCP") != protocol.as_str() {
        return false;
    }
    match &port["port"] {
        Value::Null => true,
        Value::Number(first) => {
            let first = first.as_u64().expect("a port");
            (first..=port["endPort"].as_u64().unwrap_or(first)).contains(&u64::from(number))
        }
        Value::String(name) => match &flow.destination.host {
            Host::Pod(pod) => pod.named_ports.iter().any(|(own, own_protocol, own_number)| {
                own.as_str() == name && *own_protocol == protocol && *own_number == number
            }),
            Host::Node | Host::ApiServer | Host::Other => false,
        },
        other => panic!("{other} is no port"),
    }
}

fn matches_icmp(icmp: &Value, flow: &Flow) -> bool {
    let Transport::Icmp(sent) = flow.transport else { return false };
    icmp["icmpType"].as_u64().is_none_or(|wanted| wanted == u64::from(sent.number))
        && icmp["icmpCode"].as_u64().is_none_or(|wanted| sent.code.map(u64::from) == Some(wanted))
}

fn inside(wanted: &Value, flow: &Flow) -> bool {
    match &flow.application {
        Some(Application::Http(request)) => wanted.get("http").is_some_and(|http| {
            http["method"].as_str().is_none_or(|method| method == request.method.as_str())
                && http["path"].as_str().is_none_or(|path| like(path, request.path.as_str()))
        }),
        Some(Application::Tls(name)) => {
            wanted.get("tls").is_some_and(|tls| tls["sni"].as_str().is_none_or(|sni| like(sni, name.as_str())))
        }
        _ => false,
    }
}
