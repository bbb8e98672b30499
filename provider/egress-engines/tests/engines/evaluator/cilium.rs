//! What a `CiliumNetworkPolicy` or `CiliumClusterwideNetworkPolicy` means, written from Cilium's documentation ("Network Policy":
//! layers 3, 4 and 7, deny policies, DNS), and from nothing in the compiler: it reads the JSON that an API server would.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_model::policy::Protocol;
use egress_model::policy::verdict::{Application, Destination, Flow, Host, Pod, Transport};
use ipnet::IpNet;
use regex::Regex;
use serde_json::Value;

use super::Installation;

const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";

/// What the flow's node is to the pod's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    /// The node that the pod is on.
    Own,
    /// Another one.
    Remote,
}

/// Nodes here and elsewhere. The API server of the random flows is on a node.
pub(crate) fn installations() -> Vec<Installation> {
    [Node::Own, Node::Remote]
        .map(|node| Installation {
            passes: Box::new(move |manifests, source, flow| passes(node, &manifests[0], source, flow)),
            what: format!("to nodes: {node:?}"),
            as_the_model: true,
        })
        .into_iter()
        .collect()
}

/// Whether a flow from a pod passes where this is the only policy.
fn passes(node: Node, policy: &Value, source: &Pod, flow: &Flow) -> bool {
    let spec = &policy["spec"];
    let namespace = policy["metadata"]["namespace"].as_str();
    let selected = namespace.is_none_or(|namespace| source.namespace.as_str() == namespace)
        && selects(&spec["endpointSelector"], &identity(source));
    // A direction is denied by default as soon as a policy has a section about it.
    let isolates = list(&spec["egress"]).len() + list(&spec["egressDeny"]).len() > 0;
    if !selected || !isolates {
        return true;
    }
    let policy = Rules { namespace, allowed: list(&spec["egress"]), node };
    let denied = list(&spec["egressDeny"]).iter().any(|rule| policy.matches(rule, flow));
    !denied && policy.allows(flow)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The labels of a pod's identity.
fn identity(pod: &Pod) -> BTreeMap<String, String> {
    // What the default filter leaves out of identities, as far as random pods have it.
    let outside =
        |key: &str| ["pod-template-hash", "io.kubernetes", "kubernetes.io"].iter().any(|own| key.starts_with(own));
    let own = pod.labels.iter().filter(|(key, _)| !outside(key.as_str()));
    let own = own.map(|(key, value)| (key.to_string(), value.to_string()));
    let namespace = pod.all_namespace_labels();
    let namespace = namespace.iter().map(|(key, value)| (format!("{NAMESPACE_LABELS}{key}"), value.to_string()));
    let added = [
        (POD_NAMESPACE.to_owned(), pod.namespace.to_string()),
        ("io.cilium.k8s.policy.serviceaccount".to_owned(), pod.service_account.to_string()),
        ("io.cilium.k8s.policy.cluster".to_owned(), "default".to_owned()),
    ];
    own.chain(namespace).chain(added).collect()
}

/// A key without the source of its label: all labels of pods come from Kubernetes.
fn bare(key: &str) -> &str {
    key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).unwrap_or(key)
}

fn keys(selector: &Value) -> Vec<&str> {
    let labels = selector["matchLabels"].as_object().into_iter().flat_map(|labels| labels.keys().map(String::as_str));
    let expressions = list(&selector["matchExpressions"]).iter();
    labels.chain(expressions.map(|expression| expression["key"].as_str().expect("a key"))).map(bare).collect()
}

fn selects(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    let value_of = |key: &str| labels.get(bare(key)).map(String::as_str);
    let by_label = selector["matchLabels"]
        .as_object()
        .is_none_or(|wanted| wanted.iter().all(|(key, value)| value_of(key) == value.as_str()));
    let by_expression = list(&selector["matchExpressions"]).iter().all(|expression| {
        let value = value_of(expression["key"].as_str().expect("a key"));
        let among = || value.is_some_and(|value| list(&expression["values"]).contains(&Value::from(value)));
        match expression["operator"].as_str().expect("an operator") {
            "In" => among(),
            "NotIn" => !among(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            other => panic!("{other} is no operator"),
        }
    });
    by_label && by_expression
}

/// A policy's rules, of which those about DNS decide which names are known.
struct Rules<'a> {
    namespace: Option<&'a str>,
    allowed: &'a [Value],
    node: Node,
}

/// What a rule lets pass to a destination, at a port.
struct Opening<'a> {
    /// The destination and the port as they are written: what has both in common is kept once.
    at: String,
    /// The rule about ports; none where every port is meant.
    ports: Option<&'a Value>,
}

impl Opening<'_> {
    fn reads(&self, what: &str) -> bool {
        let inside = |ports: &Value| ports.get(what).is_some() || ports["rules"].get(what).is_some();
        self.ports.is_some_and(inside)
    }

    fn passes(&self, flow: &Flow) -> bool {
        self.ports.is_none_or(|ports| matches_connection(ports, flow))
    }
}

impl Rules<'_> {
    /// Whether the rules let a flow pass, together (`mergePortProto` in `pkg/policy/rule.go`, `pkg/envoy/model.go`): where one of them has
    /// requests read, the proxy takes what is no HTTP for an error; server names are demanded of all that is kept with them.
    fn allows(&self, flow: &Flow) -> bool {
        let openings = self.openings(flow);
        if !matches!(flow.transport, Transport::Port(Protocol::Tcp, _)) {
            return openings.iter().any(|one| one.passes(flow));
        }
        if openings.iter().any(|one| one.reads("http")) {
            let is_http = matches!(flow.application, Some(Application::Http(_)));
            return is_http && openings.iter().any(|one| one.passes(flow));
        }
        openings.iter().any(|one| {
            let demands = !one.reads("serverNames")
                && openings.iter().any(|other| other.at == one.at && other.reads("serverNames"));
            one.passes(flow) && !demands
        })
    }

    /// What the rules open to a flow, before a look into it.
    fn openings(&self, flow: &Flow) -> Vec<Opening<'_>> {
        let mut all = Vec::new();
        for rule in self.allowed {
            for peer in self.peers(rule, &flow.destination) {
                match (rule.get("toPorts"), rule.get("icmps")) {
                    (None, None) => all.push(Opening { at: peer, ports: None }),
                    (Some(rules), None) => {
                        for ports in list(rules) {
                            let matched = list(&ports["ports"]).iter().filter(|port| matches_port(port, flow));
                            all.extend(
                                matched.map(|port| Opening { at: format!("{peer} {port}"), ports: Some(ports) }),
                            );
                        }
                    }
                    _ if matches_traffic(rule, flow) => all.push(Opening { at: peer, ports: None }),
                    _ => {}
                }
            }
        }
        all
    }

    /// The elements of a rule's destinations that a destination is one of.
    fn peers(&self, rule: &Value, destination: &Destination) -> Vec<String> {
        let kinds = ["toEndpoints", "toCIDRSet", "toEntities", "toFQDNs", "toServices"];
        let of_kind = |kind: &&str| {
            let only = |peer: &Value| serde_json::json!({*kind: [peer]});
            let matched = |peer: &&Value| self.matches_destination(&only(peer), destination);
            list(&rule[*kind]).iter().filter(matched).map(ToString::to_string).collect::<Vec<_>>()
        };
        kinds.iter().flat_map(of_kind).collect()
    }

    fn matches(&self, rule: &Value, flow: &Flow) -> bool {
        self.matches_destination(rule, &flow.destination) && matches_traffic(rule, flow)
    }

    fn matches_destination(&self, rule: &Value, destination: &Destination) -> bool {
        let kinds = ["toEndpoints", "toCIDRSet", "toEntities", "toFQDNs", "toServices"];
        let given: Vec<&str> = kinds.into_iter().filter(|kind| rule.get(*kind).is_some()).collect();
        let [kind] = given.as_slice() else {
            // A rule without anything allows nothing; several kinds are refused.
            assert!(given.is_empty(), "{given:?} in one rule");
            return false;
        };
        list(&rule[*kind]).iter().any(|peer| match *kind {
            "toEndpoints" => self.is_endpoint(peer, destination),
            "toCIDRSet" => is_in_block(peer, destination),
            "toEntities" => self.is_entity(peer.as_str().expect("an entity"), destination),
            "toFQDNs" => self.has_name(peer, destination),
            _ => is_behind(&peer["k8sService"], destination),
        })
    }

    fn is_endpoint(&self, selector: &Value, destination: &Destination) -> bool {
        // What is no pod has an identity without labels of Kubernetes.
        let labels = match &destination.host {
            Host::Pod(pod) => identity(pod),
            Host::Node | Host::ApiServer | Host::Other => BTreeMap::new(),
        };
        let keys = keys(selector);
        let added = match self.namespace {
            _ if keys.contains(&POD_NAMESPACE) => true,
            Some(_) if keys.iter().any(|key| key.starts_with(NAMESPACE_LABELS)) => true,
            Some(own) => labels.get(POD_NAMESPACE).is_some_and(|namespace| namespace == own),
            None => labels.contains_key(POD_NAMESPACE),
        };
        added && selects(selector, &labels)
    }

    fn is_entity(&self, entity: &str, destination: &Destination) -> bool {
        let host = &destination.host;
        let on_node = matches!(host, Host::Node | Host::ApiServer);
        match entity {
            "all" => true,
            "world" => *host == Host::Other,
            "host" => on_node && self.node == Node::Own,
            "remote-node" => on_node && self.node == Node::Remote,
            "kube-apiserver" => *host == Host::ApiServer,
            other => panic!("{other} is not used"),
        }
    }

    /// A name that a selector matches has the address, and the policy's pods could learn so through Cilium's DNS proxy.
    fn has_name(&self, selector: &Value, destination: &Destination) -> bool {
        let learnt = |name: &str| {
            let ports = self.allowed.iter().flat_map(|rule| list(&rule["toPorts"]));
            ports.flat_map(|port| list(&port["rules"]["dns"])).any(|query| matches_name(query, name))
        };
        destination.host == Host::Other
            && destination.names.iter().any(|name| matches_name(selector, name.as_str()) && learnt(name.as_str()))
    }
}

/// A block holds what is outside the cluster; nodes, the API server on one and pods are never in it.
fn is_in_block(block: &Value, destination: &Destination) -> bool {
    let inside = |cidr: &Value| {
        let net: IpNet = cidr.as_str().expect("text").parse().expect("a block");
        net.contains(&destination.address)
    };
    destination.host == Host::Other && inside(&block["cidr"]) && !list(&block["except"]).iter().any(inside)
}

fn is_behind(service: &Value, destination: &Destination) -> bool {
    let Host::Pod(pod) = &destination.host else { return false };
    pod.services.iter().any(|own| {
        service["serviceName"] == own.name.as_str()
            && (service["namespace"].is_null() || service["namespace"] == own.namespace.as_str())
    })
}

fn matches_name(selector: &Value, name: &str) -> bool {
    match (selector["matchName"].as_str(), selector["matchPattern"].as_str()) {
        (Some(wanted), None) => wanted == name,
        (None, Some("*")) => true,
        (None, Some(pattern)) => matches_pattern(pattern, name),
        _ => panic!("{selector} is no selector of names"),
    }
}

thread_local! {
    /// Expressions that were compiled before: there are few, and they are asked often.
    static COMPILED: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

fn is_match(expression: String, text: &str) -> bool {
    COMPILED.with_borrow_mut(|compiled| {
        let new = |expression: &String| Regex::new(expression).expect("an expression");
        compiled.entry(expression).or_insert_with_key(new).is_match(text)
    })
}

/// `*` is any number of characters of a label, a leading `**.` is one or more labels.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (prefix, rest) = match pattern.strip_prefix("**.") {
        Some(rest) => ("([-a-z0-9_]+[.])+", rest),
        None => ("", pattern),
    };
    let rest = rest.replace('.', "[.]").replace('*', "[-a-z0-9_]*");
    is_match(format!("^{prefix}{rest}$"), name)
}

fn matches_traffic(rule: &Value, flow: &Flow) -> bool {
    match (rule.get("toPorts"), rule.get("icmps")) {
        (None, None) => true,
        (Some(ports), None) => list(ports).iter().any(|rule| {
            list(&rule["ports"]).iter().any(|port| matches_port(port, flow)) && matches_connection(rule, flow)
        }),
        (None, Some(rules)) => {
            list(rules).iter().flat_map(|rule| list(&rule["fields"])).any(|field| matches_icmp(field, flow))
        }
        (Some(_), Some(_)) => panic!("ICMP beside ports is refused"),
    }
}

fn matches_port(port: &Value, flow: &Flow) -> bool {
    let Transport::Port(protocol, number) = flow.transport else { return false };
    let wanted = port["protocol"].as_str().unwrap_or("ANY");
    if wanted != "ANY" && wanted != protocol.as_str() {
        return false;
    }
    let first = port["port"].as_str().expect("ports are texts");
    match first.parse::<u64>() {
        Ok(0) => true,
        Ok(first) => (first..=port["endPort"].as_u64().unwrap_or(first)).contains(&u64::from(number)),
        Err(_) => match &flow.destination.host {
            Host::Pod(pod) => pod
                .named_ports
                .iter()
                .any(|(name, own, at)| name.as_str() == first && *own == protocol && *at == number),
            Host::Node | Host::ApiServer | Host::Other => false,
        },
    }
}

fn matches_icmp(field: &Value, flow: &Flow) -> bool {
    let Transport::Icmp(icmp) = flow.transport else { return false };
    let family = match flow.destination.address {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    };
    // Type 0 is where the agent keeps every port of other protocols.
    field["family"].as_str().unwrap_or("IPv4") == family && (field["type"] == 0 || field["type"] == icmp.number)
}

fn matches_connection(rule: &Value, flow: &Flow) -> bool {
    if let Some(names) = rule.get("serverNames") {
        let Some(Application::Tls(asked)) = &flow.application else { return false };
        return list(names).iter().any(|name| matches_pattern(name.as_str().expect("a name"), asked.as_str()));
    }
    if let Some(requests) = rule["rules"].get("http") {
        let Some(Application::Http(request)) = &flow.application else { return false };
        let whole = |expression: &Value, text: &str| {
            let Some(expression) = expression.as_str() else { return true };
            is_match(format!("^(?:{expression})$"), text)
        };
        return list(requests).iter().any(|wanted| {
            let headers = list(&wanted["headerMatches"]).iter().all(|header| {
                let value = header["value"].as_str();
                request.headers.iter().any(|(name, has)| {
                    header["name"].as_str().is_some_and(|wanted| wanted.eq_ignore_ascii_case(name.as_str()))
                        && value.is_none_or(|value| value == has)
                })
            });
            whole(&wanted["method"], request.method.as_str())
                && whole(&wanted["path"], request.path.as_str())
                && headers
        });
    }
    if let Some(queries) = rule["rules"].get("dns") {
        return match &flow.application {
            Some(Application::Query(name)) => list(queries).iter().any(|query| matches_name(query, name.as_str())),
            // What is asked for is not known: only a rule for every name lets it pass.
            _ => list(queries).iter().any(|query| query["matchPattern"] == "*"),
        };
    }
    true
}
