//! Ports and protocols.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::shown::shown;

/// Why something is no port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// An unknown protocol.
    #[error(
        "{} is not a protocol; use \"TCP\", \"UDP\", \"SCTP\" or \"ICMP\", or \"http\" or \"tls\" for TCP whose content is \
         looked into",
        shown(.0)
    )]
    Protocol(String),
    /// A protocol alone.
    #[error("{} is a protocol without ports; write \"any/{protocol}\" for all of it, or the port before it", shown(.written))]
    Bare {
        /// What was written.
        written: String,
        /// The protocol as it should be written.
        protocol: &'static str,
    },
    /// A name alone, which could be a protocol or a container's port.
    #[error("\"{0}\" has no protocol; write \"{0}/TCP\" for the port that the destination's containers call so")]
    NoProtocol(PortName),
    /// A number outside the range of ports.
    #[error("{0} is not a port; ports are 1 to 65535")]
    Number(i64),
    /// A number in a spelling that some programs read as octal, or with a sign.
    #[error("{} is not a port number; write digits without a sign and without a leading zero", shown(.0))]
    Spelling(String),
    /// A range that ends before it begins.
    #[error("The range ends at {end}, before its first port {start}")]
    Backwards {
        /// The first port.
        start: u16,
        /// The last port.
        end: u16,
    },
    /// No form of a port.
    #[error(
        "{} is not a port; write \"443\" (TCP), \"53/UDP\", \"8000-8099/TCP\", \"metrics/TCP\" (a container port's name), \
         \"any/SCTP\" (every port), \"8/ICMP\" and \"3:4/ICMP\" (type, type and code), or \"any\" for every port of every protocol",
        shown(.0)
    )]
    Form(String),
    /// ICMP types and codes are bytes.
    #[error("{} is not between 0 and 255, in digits without a sign and without a leading zero", shown(.0))]
    IcmpNumber(String),
    /// No port name (RFC 6335, 5.1, as Kubernetes checks it).
    #[error(
        "{} is not a port name: at most 15 lowercase letters, digits and single '-' between them, with at least one letter",
        shown(.0)
    )]
    Name(String),
}

/// A transport protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Stream Control Transmission Protocol.
    Sctp,
}

impl Protocol {
    /// The name as Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a container port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortName(String);

impl PortName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PortName {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = (1..=15).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && text.bytes().any(|b| b.is_ascii_lowercase())
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if good { Ok(Self(text.to_owned())) } else { Err(PortError::Name(text.to_owned())) }
    }
}

/// Which ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortMatch {
    /// All of them.
    Every,
    /// One, after Service translation: the port of the pod, not of the Service.
    Number(NonZeroU16),
    /// A range, with both ends; the first is not above the last.
    Range(PortRange),
    /// The port that the destination pod's containers call so. Matches nothing outside the cluster.
    Named(PortName),
}

/// A range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortRange {
    start: NonZeroU16,
    end: NonZeroU16,
}

impl PortRange {
    /// From the first to the last port.
    pub fn new(start: NonZeroU16, end: NonZeroU16) -> Result<Self, PortError> {
        if start <= end {
            Ok(Self { start, end })
        } else {
            Err(PortError::Backwards { start: start.get(), end: end.get() })
        }
    }

    /// The first port.
    pub fn start(self) -> NonZeroU16 {
        self.start
    }

    /// The last port.
    pub fn end(self) -> NonZeroU16 {
        self.end
    }
}

/// A type of ICMP message and, optionally, its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IcmpType {
    /// The type, such as 8 for an IPv4 echo request.
    pub number: u8,
    /// The code within the type.
    pub code: Option<u8>,
}

/// What traffic to a destination a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Port {
    /// Ports of a transport protocol.
    Transport(Protocol, PortMatch),
    /// ICMP and `ICMPv6`, all messages or those of one type.
    Icmp(Option<IcmpType>),
}

/// What a rule looks at inside TCP connections to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Inspection {
    /// HTTP requests.
    Http,
    /// The server name of TLS handshakes.
    Tls,
}

impl Inspection {
    /// The word that announces it after a port.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls => "tls",
        }
    }
}

/// An element of a rule's `ports`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RulePort {
    /// `any`: every port of every protocol.
    Any,
    /// Ports of a protocol.
    Port(Port),
    /// TCP ports whose connections are looked into, such as `80/http`. The port is a TCP one.
    Inspected(Port, Inspection),
}

/// The word for every port or message of a protocol.
const ANY: &str = "any";

impl FromStr for RulePort {
    type Err = PortError;

    /// Reads `any`, what [`Port`] reads, and `/http` or `/tls` in place of `/TCP`. Protocols have no case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case(ANY) {
            return Ok(Self::Any);
        }
        let inspection = text.rsplit_once('/').and_then(|(which, protocol)| {
            let named = [Inspection::Http, Inspection::Tls].into_iter();
            let mut named = named.filter(|inspection| protocol.eq_ignore_ascii_case(inspection.as_str()));
            named.next().map(|inspection| (which, inspection))
        });
        match inspection {
            Some((which, inspection)) => {
                let matched = transport_ports(which, text)?;
                Ok(Self::Inspected(Port::Transport(Protocol::Tcp, matched), inspection))
            }
            None => text.parse().map(Self::Port),
        }
    }
}

impl FromStr for Port {
    type Err = PortError;

    /// Reads a port with its protocol, such as `53/UDP`; numbers alone are of TCP. Protocols have no case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((which, protocol)) = text.rsplit_once('/') else { return without_protocol(text) };
        let protocols = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
        if let Some(protocol) = protocols.into_iter().find(|known| protocol.eq_ignore_ascii_case(known.as_str())) {
            return Ok(Self::Transport(protocol, transport_ports(which, text)?));
        }
        if protocol.eq_ignore_ascii_case(ICMP) {
            let all = which.eq_ignore_ascii_case(ANY);
            return if all { Ok(Self::Icmp(None)) } else { icmp_type(which).map(|ty| Self::Icmp(Some(ty))) };
        }
        Err(PortError::Protocol(protocol.to_owned()))
    }
}

const ICMP: &str = "ICMP";

/// A port of TCP, which is written without a protocol. A word alone could be a protocol or the name of a container's port.
fn without_protocol(text: &str) -> Result<Port, PortError> {
    let protocols = [Protocol::Tcp.as_str(), Protocol::Udp.as_str(), Protocol::Sctp.as_str(), ICMP];
    if let Some(protocol) = protocols.into_iter().find(|protocol| text.eq_ignore_ascii_case(protocol)) {
        return Err(PortError::Bare { written: text.to_owned(), protocol });
    }
    match transport_ports(text, text) {
        Ok(PortMatch::Named(name)) => Err(PortError::NoProtocol(name)),
        Ok(matched) => Ok(Port::Transport(Protocol::Tcp, matched)),
        Err(PortError::Name(_)) => Err(PortError::Form(text.to_owned())),
        Err(error) => Err(error),
    }
}

/// Which ports of a transport protocol; `text` is the whole of what was written.
fn transport_ports(which: &str, text: &str) -> Result<PortMatch, PortError> {
    if which.eq_ignore_ascii_case(ANY) {
        return Ok(PortMatch::Every);
    }
    let number = |part: &str| match (plain(part), part.parse::<i64>()) {
        (Some(number), _) => parse_port_number(number),
        (None, Ok(_)) => Err(PortError::Spelling(part.to_owned())),
        (None, Err(_)) => Err(PortError::Form(text.to_owned())),
    };
    if which.contains(|c: char| c.is_ascii_alphabetic()) {
        which.parse().map(PortMatch::Named)
    } else if let Some((first, last)) = which.split_once('-').filter(|(first, _)| !first.is_empty()) {
        PortRange::new(number(first)?, number(last)?).map(PortMatch::Range)
    } else {
        number(which).map(PortMatch::Number)
    }
}

/// A number in its one spelling: with neither a plus sign nor leading zeros, which some programs read as octal.
fn plain<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse::<N>().ok().filter(|number| number.to_string() == text)
}

fn icmp_type(text: &str) -> Result<IcmpType, PortError> {
    let byte = |text: &str| plain(text).ok_or_else(|| PortError::IcmpNumber(text.to_owned()));
    let (number, code) = match text.split_once(':') {
        Some((number, code)) => (number, Some(code)),
        None => (text, None),
    };
    Ok(IcmpType { number: byte(number)?, code: code.map(byte).transpose()? })
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(protocol, PortMatch::Every) => write!(f, "{ANY}/{protocol}"),
            Self::Transport(protocol, PortMatch::Number(number)) => write!(f, "{number}/{protocol}"),
            Self::Transport(protocol, PortMatch::Range(range)) => {
                write!(f, "{}-{}/{protocol}", range.start(), range.end())
            }
            Self::Transport(protocol, PortMatch::Named(name)) => write!(f, "{}/{protocol}", name.as_str()),
            Self::Icmp(None) => write!(f, "{ANY}/{ICMP}"),
            Self::Icmp(Some(IcmpType { number, code: None })) => write!(f, "{number}/{ICMP}"),
            Self::Icmp(Some(IcmpType { number, code: Some(code) })) => write!(f, "{number}:{code}/{ICMP}"),
        }
    }
}

/// Reads a port number.
pub fn parse_port_number(number: i64) -> Result<NonZeroU16, PortError> {
    u16::try_from(number).ok().and_then(NonZeroU16::new).ok_or(PortError::Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_names_are_those_of_kubernetes() {
        for good in ["http", "web-1", "a", "x-9-y"] {
            assert!(good.parse::<PortName>().is_ok(), "{good}");
        }
        for bad in ["", "8080", "Http", "-a", "a-", "a--b", "abcdefghijklmnop"] {
            assert_eq!(bad.parse::<PortName>(), Err(PortError::Name(bad.into())));
        }
    }

    #[test]
    fn ports_are_written_in_a_few_forms() {
        for (text, shown) in [
            ("443", "443/TCP"),
            ("443/TCP", "443/TCP"),
            ("443/tcp", "443/TCP"),
            ("53/Udp", "53/UDP"),
            ("8000-8099", "8000-8099/TCP"),
            ("web-1/TCP", "web-1/TCP"),
            ("dns/UDP", "dns/UDP"),
            ("any/sctp", "any/SCTP"),
            ("any/ICMP", "any/ICMP"),
            ("8/icmp", "8/ICMP"),
            ("3:4/ICMP", "3:4/ICMP"),
        ] {
            let port: Port = text.parse().expect(text);
            assert_eq!(port.to_string(), shown);
            assert_eq!(shown.parse(), Ok(port));
        }
        let form = |text: &str| PortError::Form(text.into());
        let spelling = |text: &str| PortError::Spelling(text.into());
        let bare = |written: &str, protocol| PortError::Bare { written: written.into(), protocol };
        for (text, error) in [
            ("", form("")),
            ("-1", PortError::Number(-1)),
            ("4.5/TCP", form("4.5/TCP")),
            ("012/UDP", spelling("012")),
            ("80-+90", spelling("+90")),
            ("+8/ICMP", PortError::IcmpNumber("+8".into())),
            ("3:04/ICMP", PortError::IcmpNumber("04".into())),
            ("0", PortError::Number(0)),
            ("65536/UDP", PortError::Number(65536)),
            ("9-8", PortError::Backwards { start: 9, end: 8 }),
            ("80-", form("80-")),
            ("+1", spelling("+1")),
            ("012/TCP", spelling("012")),
            ("1-08", spelling("08")),
            ("tcp", bare("tcp", "TCP")),
            ("SCTP", bare("SCTP", "SCTP")),
            ("Icmp", bare("Icmp", "ICMP")),
            ("web", PortError::NoProtocol("web".parse().expect("a name"))),
            ("IGMP", form("IGMP")),
            ("443/tpc", PortError::Protocol("tpc".into())),
            ("Web/TCP", PortError::Name("Web".into())),
            ("256/ICMP", PortError::IcmpNumber("256".into())),
            ("08/ICMP", PortError::IcmpNumber("08".into())),
            ("8:x/ICMP", PortError::IcmpNumber("x".into())),
        ] {
            assert_eq!(text.parse::<Port>(), Err(error), "{text}");
        }
    }

    #[test]
    fn ports_of_rules_announce_what_is_looked_into() {
        let tcp = |text: &str| text.parse::<Port>().expect("a port");
        for (text, port) in [
            ("any", RulePort::Any),
            ("ANY", RulePort::Any),
            ("443", RulePort::Port(tcp("443"))),
            ("80/http", RulePort::Inspected(tcp("80"), Inspection::Http)),
            ("8000-8099/HTTP", RulePort::Inspected(tcp("8000-8099"), Inspection::Http)),
            ("web/http", RulePort::Inspected(tcp("web/TCP"), Inspection::Http)),
            ("any/tls", RulePort::Inspected(tcp("any/TCP"), Inspection::Tls)),
        ] {
            assert_eq!(text.parse(), Ok(port), "{text}");
        }
        assert_eq!("080/http".parse::<RulePort>(), Err(PortError::Spelling("080".into())));
    }

    #[test]
    fn numbers_and_ranges() {
        let port = |n| parse_port_number(n);
        assert_eq!(port(0), Err(PortError::Number(0)));
        assert_eq!(port(65536), Err(PortError::Number(65536)));
        assert_eq!(port(-1), Err(PortError::Number(-1)));
        let (low, high) = (port(80).expect("a port"), port(90).expect("a port"));
        assert!(PortRange::new(low, high).is_ok() && PortRange::new(low, low).is_ok());
        assert_eq!(PortRange::new(high, low), Err(PortError::Backwards { start: 90, end: 80 }));
    }
}
