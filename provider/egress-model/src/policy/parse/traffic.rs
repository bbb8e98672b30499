//! What traffic a rule is about: ports, ICMP messages and HTTP requests.

use std::num::NonZeroU16;

use super::super::{
    HttpRule, HttpSpec, IcmpType, Path, PathMatch, Port, PortError, PortMatch, PortRange, PortSpec, Problem, Protocol,
    parse_port_number,
};
use super::Mistakes;

pub(super) fn port(mistakes: &mut Mistakes, path: &Path, spec: &PortSpec) -> Option<Port> {
    let protocol = match spec.protocol.as_deref() {
        None | Some("TCP") => Protocol::Tcp,
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        Some("ICMP") => return icmp(mistakes, path, spec),
        Some(other) => {
            let problem = PortError::Protocol(other.to_owned());
            return mistakes.keep(&path.field("protocol"), Err(problem));
        }
    };
    for (field, given) in [("icmp_type", spec.icmp_type.is_some()), ("icmp_code", spec.icmp_code.is_some())] {
        if given {
            mistakes.add(&path.field(field), Problem::IcmpTypeWithoutIcmp);
        }
    }
    let number = |mistakes: &mut Mistakes, field, number: i64| -> Option<NonZeroU16> {
        mistakes.keep(&path.field(field), parse_port_number(number))
    };
    let matched = match (spec.port, spec.end_port, &spec.name) {
        (Some(_), _, Some(_)) => return mistakes.keep(&path.field("name"), Err(Problem::PortAndName)),
        (None, Some(_), _) => return mistakes.keep(&path.field("end_port"), Err(Problem::EndWithoutPort)),
        (None, None, Some(name)) => PortMatch::Named(mistakes.text(&path.field("name"), name)?),
        (None, None, None) => PortMatch::Every,
        (Some(port), None, None) => PortMatch::Number(number(mistakes, "port", port)?),
        (Some(port), Some(end), None) => {
            let (port, end) = (number(mistakes, "port", port), number(mistakes, "end_port", end));
            PortMatch::Range(mistakes.keep(&path.field("end_port"), PortRange::new(port?, end?))?)
        }
    };
    Some(Port::Transport(protocol, matched))
}

fn icmp(mistakes: &mut Mistakes, path: &Path, spec: &PortSpec) -> Option<Port> {
    let ports = [("port", spec.port.is_some()), ("end_port", spec.end_port.is_some()), ("name", spec.name.is_some())];
    for (field, given) in ports {
        if given {
            mistakes.add(&path.field(field), Problem::IcmpPort);
        }
    }
    let byte = |number: i64| u8::try_from(number).map_err(|_| Problem::IcmpNumber(number));
    match (spec.icmp_type, spec.icmp_code) {
        (None, None) => Some(Port::Icmp(None)),
        (None, Some(_)) => mistakes.keep(&path.field("icmp_code"), Err(Problem::IcmpCodeWithoutType)),
        (Some(number), code) => {
            let number = mistakes.keep(&path.field("icmp_type"), byte(number));
            let code = mistakes.keep(&path.field("icmp_code"), code.map(byte).transpose());
            Some(Port::Icmp(Some(IcmpType { number: number?, code: code? })))
        }
    }
}

pub(super) fn http_rule(mistakes: &mut Mistakes, path: &Path, spec: &HttpSpec) -> Option<HttpRule> {
    if *spec == HttpSpec::default() {
        return mistakes.keep(path, Err(Problem::EmptyHttp));
    }
    let method = spec.method.as_ref().and_then(|method| mistakes.text(&path.field("method"), method));
    let request_path = match (&spec.path, &spec.path_prefix) {
        (Some(_), Some(_)) => return mistakes.keep(&path.field("path_prefix"), Err(Problem::PathAndPrefix)),
        (Some(exact), None) => mistakes.text(&path.field("path"), exact).map(PathMatch::Exact),
        (None, Some(prefix)) => mistakes.text(&path.field("path_prefix"), prefix).map(PathMatch::Prefix),
        (None, None) => None,
    };
    let headers = spec.headers.iter().enumerate().filter_map(|(index, header)| {
        let name = mistakes.text(&path.field("headers").index(index).field("name"), &header.name)?;
        Some((name, header.value.clone()))
    });
    Some(HttpRule { headers: headers.collect(), method, path: request_path })
}
