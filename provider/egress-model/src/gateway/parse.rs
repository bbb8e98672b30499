//! From what was written to a gateway: every part is looked at, so that all mistakes are reported at once.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroU16;

use super::{Destinations, DestinationsSpec, Failover, Gateway, GatewaySpec, Source};
use crate::policy::parse::{
    Mistakes, address, annotations, cidr_set, namespace_selector, node_selector, object_labels, selector,
};
use crate::policy::{Invalid, Path, Problem};

impl Gateway {
    /// Reads a gateway, or says everything that is wrong with it.
    pub fn parse(spec: &GatewaySpec) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let root = Path::root();
        let name = mistakes.text(&root.field("name"), &spec.name);
        let namespace = mistakes.text(&root.field("namespace"), &spec.namespace);
        let labels = object_labels(&mut mistakes, &root.field("labels"), &spec.labels);
        let annotations = annotations(&mut mistakes, &root.field("annotations"), &spec.annotations);
        let sources = sources(&mut mistakes, &root.field("sources"), spec);
        let to = destinations(&mut mistakes, &root.field("to"), spec.to.as_ref());
        let ips = addresses(&mut mistakes, &root.field("ips"), &spec.ips);
        let public_ips = addresses(&mut mistakes, &root.field("public_ips"), &spec.public_ips);
        let at = root.field("nodes");
        let nodes = spec.nodes.as_ref().map(|nodes| node_selector(&mut mistakes, &at, nodes)).unwrap_or_default();
        let at = root.field("interface");
        let interface = spec.interface.as_ref().and_then(|name| mistakes.keep(&at, interface_name(name)));
        let at = root.field("replicas");
        let replicas = spec.replicas.and_then(|number| mistakes.keep(&at, replica_count(number)));
        let failover = match spec.failover.as_deref() {
            None | Some("best-effort") => Failover::BestEffort,
            Some("required") => Failover::Required,
            Some(other) => {
                mistakes.add(&root.field("failover"), Problem::Failover(other.to_owned()));
                Failover::BestEffort
            }
        };
        match (name, namespace, to) {
            (Some(name), Some(namespace), Some(to)) if mistakes.is_empty() => Ok(Self {
                name,
                namespace,
                labels,
                annotations,
                sources,
                to,
                ips,
                public_ips,
                nodes,
                interface,
                replicas,
                failover,
            }),
            _ => Err(mistakes.into_vec()),
        }
    }
}

fn sources(mistakes: &mut Mistakes, path: &Path, spec: &GatewaySpec) -> Vec<Source> {
    if spec.sources.is_empty() {
        mistakes.add(path, Problem::NoSource);
    }
    let all = spec.sources.iter().filter_map(|(key, source)| {
        let at = path.key(key);
        let pods = source.pods.as_ref().ok_or(Problem::NoPods);
        let pods = mistakes.keep(&at.field("pods"), pods).map(|pods| selector(mistakes, &at.field("pods"), pods));
        let namespaces =
            mistakes.keep(&at.field("namespaces"), source.namespaces.as_ref().ok_or(Problem::NoNamespaces));
        let namespaces = namespaces.map(|spec| namespace_selector(mistakes, &at.field("namespaces"), spec));
        Some(Source { namespaces: namespaces?, pods: pods? })
    });
    all.collect()
}

fn destinations(mistakes: &mut Mistakes, path: &Path, spec: Option<&DestinationsSpec>) -> Option<Destinations> {
    let Some(spec) = spec else { return Some(Destinations::External) };
    match (&spec.cidrs, &spec.domains) {
        (None, None) => mistakes.keep(path, Err(Problem::NoGatewayDestination)),
        (Some(_), Some(_)) => mistakes.keep(path, Err(Problem::CidrsAndDomains)),
        (Some(cidrs), None) => cidr_set(mistakes, &path.field("cidrs"), cidrs).map(Destinations::Cidrs),
        (None, Some(domains)) => {
            let at = path.field("domains");
            mistakes.not_empty(&at, domains);
            Some(Destinations::Domains(mistakes.texts(&at, domains)))
        }
    }
}

fn addresses(mistakes: &mut Mistakes, path: &Path, texts: &[String]) -> BTreeSet<IpAddr> {
    let all = texts.iter().enumerate();
    all.filter_map(|(index, text)| mistakes.keep(&path.index(index), address(text))).collect()
}

/// A Linux interface name: at most 15 bytes without `/` and blanks.
fn interface_name(name: &str) -> Result<String, Problem> {
    let good = (1..=15).contains(&name.len()) && !name.contains(|c: char| c == '/' || c.is_whitespace());
    if good { Ok(name.to_owned()) } else { Err(Problem::Interface(name.to_owned())) }
}

fn replica_count(number: i64) -> Result<NonZeroU16, Problem> {
    u16::try_from(number).ok().and_then(NonZeroU16::new).ok_or(Problem::Replicas(number))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::SourceSpec;
    use super::*;
    use crate::policy::{NamespaceSelectorSpec, SelectorSpec};

    fn valid() -> GatewaySpec {
        let everyone = SourceSpec { pods: Some(SelectorSpec::all()), namespaces: Some(NamespaceSelectorSpec::all()) };
        GatewaySpec {
            name: "partners".into(),
            namespace: "egress".into(),
            sources: BTreeMap::from([("all".to_owned(), everyone)]),
            ..GatewaySpec::default()
        }
    }

    #[test]
    fn a_gateway_is_for_everything_external_by_default() {
        let gateway = Gateway::parse(&valid()).expect("a gateway");
        assert_eq!(gateway.to, Destinations::External);
        assert_eq!(gateway.failover, Failover::BestEffort);
    }

    #[test]
    fn reports_each_mistake_on_its_path() {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let to = |to: DestinationsSpec| GatewaySpec { to: Some(to), ..valid() };
        let source = |source: SourceSpec| GatewaySpec { sources: [("a".to_owned(), source)].into(), ..valid() };
        let cases = [
            (
                GatewaySpec { sources: BTreeMap::new(), ..valid() },
                "sources: It has no source; a gateway needs at least one",
            ),
            (GatewaySpec { ips: texts(&["10.0.0"]), ..valid() }, "ips[0]: \"10.0.0\" is not an IP address"),
            (
                GatewaySpec { ips: texts(&["::ffff:10.0.0.1"]), ..valid() },
                "ips[0]: \"::ffff:10.0.0.1\" is an IPv4 address in IPv6 notation; write the IPv4 address",
            ),
            (
                GatewaySpec { public_ips: texts(&["::ffff:192.0.2.1"]), ..valid() },
                "public_ips[0]: \"::ffff:192.0.2.1\" is an IPv4 address in IPv6 notation; write the IPv4 address",
            ),
            (
                GatewaySpec { annotations: BTreeMap::from([("a".to_owned(), "x".repeat(262_144))]), ..valid() },
                "annotations: It has 262145 bytes of keys and values; an object has at most 262144",
            ),
            (
                to(DestinationsSpec { domains: Some(texts(&["192.0.2.1"])), ..DestinationsSpec::default() }),
                "to.domains[0]: 192.0.2.1 is an address, and DNS gives no address for it; addresses are blocks of to_cidrs (cidrs of \
                 a gateway), this one \"192.0.2.1/32\"",
            ),
            (
                GatewaySpec { replicas: Some(0), ..valid() },
                "replicas: 0 is not a number of replicas; there is at least one",
            ),
            (
                GatewaySpec { failover: Some("always".into()), ..valid() },
                "failover: \"always\" is not a failover mode; use \"best-effort\" or \"required\"",
            ),
            (
                GatewaySpec { interface: Some("eth0 ".into()), ..valid() },
                "interface: \"eth0 \" is not an interface name: at most 15 characters without \"/\" and blanks",
            ),
            (
                to(DestinationsSpec { cidrs: Some(texts(&["192.0.2.0/24"])), domains: Some(texts(&["example.com"])) }),
                "to: It has cidrs and domains; a gateway has one of them, so write a gateway for each",
            ),
            (
                to(DestinationsSpec::default()),
                "to: It has no destination; set cidrs or domains, or leave it out for everything outside the cluster",
            ),
            (
                to(DestinationsSpec { cidrs: Some(texts(&["!192.0.2.0/24"])), ..DestinationsSpec::default() }),
                "to.cidrs: It must name a block without \"!\" as well: what begins with \"!\" is left out of the others",
            ),
            (
                source(SourceSpec { pods: None, namespaces: Some(NamespaceSelectorSpec::all()) }),
                "sources[\"a\"].pods: It must be set; { all = true } is every pod",
            ),
            (
                source(SourceSpec { pods: Some(SelectorSpec::all()), namespaces: None }),
                "sources[\"a\"].namespaces: It must be set; { all = true } is every namespace",
            ),
            (
                source(SourceSpec {
                    pods: Some(SelectorSpec::default()),
                    namespaces: Some(NamespaceSelectorSpec::all()),
                }),
                "sources[\"a\"].pods: It selects nothing in particular; set match_labels or match_expressions, or all = true for every one",
            ),
            (
                GatewaySpec { nodes: Some(SelectorSpec::default()), ..valid() },
                "nodes: It selects no nodes in particular; set match_labels or match_expressions, or leave nodes out",
            ),
            (
                to(DestinationsSpec { cidrs: Some(texts(&["192.0.2.0/33"])), ..DestinationsSpec::default() }),
                "to.cidrs[0]: \"192.0.2.0/33\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32",
            ),
        ];
        for (spec, message) in cases {
            let mistakes = Gateway::parse(&spec).expect_err(message);
            assert_eq!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(), [message]);
        }
    }
}
