//! Random pods and flows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_model::labels::Labels;
use egress_model::policy::verdict::{Application, Destination, Flow, Host, Pod, Transport};
use egress_model::policy::{IcmpType, Protocol, Request};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{ACCOUNTS, NAMES, NAMESPACES, OUTSIDE, PORTS, labels, text};

fn model_labels(labels: BTreeMap<String, String>) -> Labels {
    labels.into_iter().map(|(key, value)| (key.parse().expect("a key"), value.parse().expect("a value"))).collect()
}

/// A pod, as source or destination.
pub(crate) fn pod() -> impl Strategy<Value = Pod> {
    let named = (select(&[Protocol::Tcp, Protocol::Udp][..]), select(&PORTS[..]));
    let identity = (text(&NAMESPACES), text(&ACCOUNTS), any::<bool>());
    (identity, labels(0..3), labels(0..3), prop::option::of(named)).prop_map(
        |((namespace, account, in_service), namespace_labels, labels, named)| {
            let namespace: egress_model::labels::NamespaceName = namespace.parse().expect("a name");
            let service = || egress_model::policy::ServiceRef {
                namespace: namespace.clone(),
                name: "web".parse().expect("a name"),
            };
            Pod {
                services: if in_service { vec![service()] } else { Vec::new() },
                namespace,
                namespace_labels: model_labels(namespace_labels),
                labels: model_labels(labels),
                service_account: account.parse().expect("a name"),
                named_ports: named
                    .map(|(protocol, number)| ("web".parse().expect("a name"), protocol, number))
                    .into_iter()
                    .collect(),
            }
        },
    )
}

/// Traffic to somewhere.
pub(crate) fn flow() -> impl Strategy<Value = Flow> {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let host = prop_oneof![
        4 => (pod(), select(&["10.42.0.9", "10.42.200.1", "fd00:42::9"][..]))
            .prop_map(move |(pod, ip)| (Host::Pod(pod), address(ip))),
        4 => select(&OUTSIDE[..]).prop_map(move |ip| (Host::Other, address(ip))),
        1 => Just((Host::Node, address("192.168.0.20"))),
        1 => Just((Host::ApiServer, address("192.168.0.10"))),
    ];
    let destination = (host, subsequence(&NAMES[..], 0..3)).prop_map(|((host, address), names)| {
        // Names stand for what is outside the cluster.
        let names = if host == Host::Other { names } else { Vec::new() };
        Destination { address, host, names: names.into_iter().map(|name| name.parse().expect("a name")).collect() }
    });
    let protocol = select(&[Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp][..]);
    let transport = prop_oneof![
        9 => (protocol, select(&PORTS[..])).prop_map(|(protocol, port)| Transport::Port(protocol, port)),
        // Not type 0, which Cilium's own look-up takes for no port.
        1 => select(&[3_u8, 8, 250][..]).prop_map(|number| Transport::Icmp(IcmpType { number, code: Some(0) })),
    ];
    let request =
        (select(&["GET", "POST"][..]), select(&["/v1", "/v1/orders", "/v10", "/"][..])).prop_map(|(method, path)| {
            Request {
                method: method.parse().expect("a method"),
                path: path.parse().expect("a path"),
                headers: Vec::new(),
            }
        });
    let application = prop_oneof![
        2 => Just(None),
        1 => request.prop_map(|request| Some(Application::Http(request))),
        1 => select(&NAMES[..]).prop_map(|name| Some(Application::Tls(name.parse().expect("a name")))),
    ];
    let asked = prop::option::of(select(&NAMES[..]));
    (destination, transport, application, asked).prop_map(|(destination, transport, application, asked)| {
        let application = match transport {
            Transport::Port(Protocol::Tcp | Protocol::Udp, 53) => {
                asked.map(|name| Application::Query(name.parse().expect("a name")))
            }
            Transport::Port(Protocol::Tcp, _) => application,
            Transport::Port(..) | Transport::Icmp(_) => None,
        };
        Flow { destination, transport, application }
    })
}
