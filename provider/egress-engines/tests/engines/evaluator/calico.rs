//! What Calico makes of its policies, written from its documentation ("Network policy", "Tiered policy", "Staged network
//! policies", "Use service rules in policy", and Enterprise's "DNS policy") and from nothing in the compiler.

mod selector;

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_model::policy::verdict::{Destination, Flow, Host, Pod, Transport};
use ipnet::IpNet;
use serde_json::Value;

use super::Installation;

/// The port on which every Service of these tests listens, and its pods too.
const SERVICE_PORT: u64 = 8080;
/// The port of the API server.
const API_SERVER_PORT: u64 = 443;

/// What Calico knows of addresses that are no pods', beside pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    /// Nothing.
    Unknown,
    /// Nodes have a `HostEndpoint`, and everything else is in a `GlobalNetworkSet`: with the labels of some pods, in no namespace.
    OfNoNamespace,
    /// Everything else is in a `NetworkSet` of a namespace that policies are often about, with the labels of some pods.
    OfANamespace,
}

/// The namespace of the network set.
const NAMESPACE_OF_SET: &str = "shop";

pub(crate) fn installations() -> Vec<Installation> {
    let installation = |others: Others| Installation {
        passes: Box::new(move |policies, source, flow| passes_where(others, policies, source, flow)),
        what: format!("the default tier, {others:?}"),
        as_the_model: true,
    };
    [Others::Unknown, Others::OfNoNamespace, Others::OfANamespace].map(installation).into()
}

/// Whether a flow from a pod passes where these are the only policies, all in the default tier.
pub(crate) fn passes(policies: &[Value], source: &Pod, flow: &Flow) -> bool {
    passes_where(Others::Unknown, policies, source, flow)
}

fn passes_where(others: Others, policies: &[Value], source: &Pod, flow: &Flow) -> bool {
    let enforced = policies.iter().filter(|policy| !kind(policy).starts_with("Staged"));
    let mut of_pod: Vec<&Value> = enforced.filter(|policy| selects(policy, source)).collect();
    // Lowest order first, none is last, and ties by name.
    let order = |policy: &Value| policy["spec"]["order"].as_f64().unwrap_or(f64::INFINITY);
    of_pod.sort_by(|one, other| {
        let names = || one["metadata"]["name"].as_str().cmp(&other["metadata"]["name"].as_str());
        order(one).total_cmp(&order(other)).then_with(names)
    });
    let rules = of_pod.iter().flat_map(|policy| {
        let namespace = policy["metadata"]["namespace"].as_str();
        policy["spec"]["egress"].as_array().into_iter().flatten().map(move |rule| (rule, namespace))
    });
    for (rule, namespace) in rules {
        if !matches(others, rule, namespace, flow) {
            continue;
        }
        match rule["action"].as_str() {
            Some("Allow") => return true,
            Some("Deny") => return false,
            other => panic!("{other:?} is no action that decides"),
        }
    }
    // What no policy of the tier decides is dropped at its end, unless no policy of the tier is about the pod.
    of_pod.is_empty()
}

fn kind(policy: &Value) -> &str {
    policy["kind"].as_str().expect("a kind")
}

fn selects(policy: &Value, pod: &Pod) -> bool {
    let spec = &policy["spec"];
    let egress = spec["types"].as_array().expect("types").contains(&Value::from("Egress"));
    let scope = match policy["metadata"]["namespace"].as_str() {
        Some(namespace) => {
            kind(policy).ends_with("Policy") && !kind(policy).contains("Global") && pod.namespace.as_str() == namespace
        }
        None => kind(policy).contains("Global") && by(&spec["namespaceSelector"], &namespace_labels(pod)),
    };
    let account = BTreeMap::from([("projectcalico.org/name".to_owned(), pod.service_account.to_string())]);
    egress && scope && by(&spec["selector"], &endpoint_labels(pod)) && by(&spec["serviceAccountSelector"], &account)
}

/// Whether labels match a selector; all do where there is none.
fn by(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    selector.as_str().is_none_or(|text| selector::matches(text, labels))
}

/// A pod's labels, and those that Calico gives it.
fn endpoint_labels(pod: &Pod) -> BTreeMap<String, String> {
    let own = pod.labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
    let given = [
        ("orchestrator", "k8s"),
        ("namespace", pod.namespace.as_str()),
        ("serviceaccount", pod.service_account.as_str()),
    ];
    own.chain(given.map(|(key, value)| (format!("projectcalico.org/{key}"), value.to_owned()))).collect()
}

fn namespace_labels(pod: &Pod) -> BTreeMap<String, String> {
    let labels = pod.all_namespace_labels();
    let own = labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
    own.chain([("projectcalico.org/name".to_owned(), pod.namespace.to_string())]).collect()
}

fn matches(others: Others, rule: &Value, namespace: Option<&str>, flow: &Flow) -> bool {
    let version = if flow.destination.address.is_ipv4() { 4 } else { 6 };
    rule["ipVersion"].as_u64().is_none_or(|wanted| wanted == version)
        && protocol_matches(rule, version, flow.transport)
        && destination_matches(others, &rule["destination"], namespace, flow)
}

fn protocol_matches(rule: &Value, version: u64, transport: Transport) -> bool {
    let Some(protocol) = rule["protocol"].as_str() else { return true };
    match transport {
        Transport::Port(used, _) => protocol == used.as_str(),
        Transport::Icmp(sent) => {
            let of_version = if version == 4 { "ICMP" } else { "ICMPv6" };
            let icmp = &rule["icmp"];
            protocol == of_version
                && icmp["type"].as_u64().is_none_or(|number| number == u64::from(sent.number))
                && icmp["code"].as_u64().is_none_or(|code| Some(code) == sent.code.map(u64::from))
        }
    }
}

fn destination_matches(others: Others, destination: &Value, namespace: Option<&str>, flow: &Flow) -> bool {
    let to = &flow.destination;
    let address = to.address;
    endpoint_matches(others, destination, namespace, to)
        && list(&destination["nets"]).is_none_or(|nets| nets.iter().any(|net| contains(net, address)))
        && list(&destination["notNets"]).is_none_or(|nets| !nets.iter().any(|net| contains(net, address)))
        && list(&destination["ports"]).is_none_or(|ports| ports.iter().any(|port| port_matches(port, flow)))
        && list(&destination["domains"]).is_none_or(|domains| domains.iter().any(|domain| domain_matches(domain, to)))
        && (destination["services"].is_null() || service_matches(&destination["services"], flow))
}

fn list(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().filter(|values| !values.is_empty())
}

fn contains(net: &Value, address: IpAddr) -> bool {
    net.as_str().expect("text").parse::<IpNet>().expect("a block").contains(&address)
}

/// Selectors match pods, host endpoints and network sets. A policy of a namespace means its own as soon as there is a selector of
/// endpoints and none of namespaces. `all()` of namespaces means those that are in one; every other selector of namespaces is asked
/// about whatever labels the namespace has, and what is in none has none.
fn endpoint_matches(others: Others, destination: &Value, namespace: Option<&str>, to: &Destination) -> bool {
    let (endpoints, namespaces) = (&destination["selector"], &destination["namespaceSelector"]);
    if endpoints.is_null() && namespaces.is_null() {
        return true;
    }
    let of_pods = || [("app", "a"), ("tier", "a"), ("k8s-app", "kube-dns")];
    let labels = || of_pods().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let (own_namespace, labels, labels_of_namespace) = match (&to.host, others) {
        (Host::Pod(pod), _) => (Some(pod.namespace.as_str()), endpoint_labels(pod), namespace_labels(pod)),
        (Host::Node | Host::ApiServer | Host::Other, Others::OfNoNamespace) => (None, labels().into(), BTreeMap::new()),
        (Host::Other, Others::OfANamespace) => {
            let given = ("projectcalico.org/namespace".to_owned(), NAMESPACE_OF_SET.to_owned());
            let named = ["projectcalico.org/name", "kubernetes.io/metadata.name"];
            let named = named.map(|key| (key.to_owned(), NAMESPACE_OF_SET.to_owned()));
            (Some(NAMESPACE_OF_SET), labels().into_iter().chain([given]).collect(), named.into())
        }
        (Host::Node | Host::ApiServer | Host::Other, _) => return false,
    };
    let in_namespace = match (namespaces.as_str(), namespace) {
        (None, Some(own)) => own_namespace == Some(own),
        (Some("all()"), _) => own_namespace.is_some(),
        _ => by(namespaces, &labels_of_namespace),
    };
    in_namespace && by(endpoints, &labels)
}

fn port_matches(port: &Value, flow: &Flow) -> bool {
    let Transport::Port(protocol, number) = flow.transport else { return false };
    if let Some(wanted) = port.as_u64() {
        return wanted == u64::from(number);
    }
    let text = port.as_str().expect("a port");
    if let Some((first, last)) = text.split_once(':') {
        return (first.parse::<u16>().expect("a port")..=last.parse().expect("a port")).contains(&number);
    }
    match &flow.destination.host {
        Host::Pod(pod) => {
            pod.named_ports.iter().any(|(name, of, own)| name.as_str() == text && *of == protocol && *own == number)
        }
        Host::Node | Host::ApiServer | Host::Other => false,
    }
}

/// `*` is one or more labels.
fn domain_matches(domain: &Value, to: &Destination) -> bool {
    let domain = domain.as_str().expect("a name");
    to.names.iter().any(|name| match domain.strip_prefix('*') {
        Some(below) => name.as_str().len() > below.len() && name.as_str().ends_with(below),
        None => name.as_str() == domain,
    })
}

/// A Service is its endpoints on its ports.
fn service_matches(service: &Value, flow: &Flow) -> bool {
    let Transport::Port(protocol, number) = flow.transport else { return false };
    let (namespace, name) = (service["namespace"].as_str(), service["name"].as_str());
    let (behind, port) = match &flow.destination.host {
        Host::ApiServer => ((namespace, name) == (Some("default"), Some("kubernetes")), API_SERVER_PORT),
        Host::Pod(pod) => {
            let same = |of: &egress_model::policy::ServiceRef| {
                Some(of.namespace.as_str()) == namespace && Some(of.name.as_str()) == name
            };
            (pod.services.iter().any(same), SERVICE_PORT)
        }
        Host::Node | Host::Other => return false,
    };
    behind && protocol.as_str() == "TCP" && u64::from(number) == port
}
