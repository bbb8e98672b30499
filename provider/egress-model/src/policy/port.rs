//! Ports and protocols.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::shown::shown;

/// Why something is no port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// An unknown protocol.
    #[error("{} is no protocol; use \"TCP\", \"UDP\", \"SCTP\" or \"ICMP\"", shown(.0))]
    Protocol(String),
    /// A number outside the range of ports.
    #[error("{0} is no port; ports are 1 to 65535")]
    Number(i64),
    /// A range that ends before it begins.
    #[error("the range ends at {end}, before its first port {start}")]
    Backwards {
        /// The first port.
        start: u16,
        /// The last port.
        end: u16,
    },
    /// No form of a port.
    #[error(
        "{} is no port; write \"443\" (TCP), \"53/UDP\", \"8000-8099/TCP\", \"metrics/TCP\" (a named port), \"SCTP\" (every \
         port), \"ICMP\", or \"8/ICMP\" and \"3:4/ICMP\" (type, type and code)", shown(.0))]
    Form(String),
    /// ICMP types and codes are bytes.
    #[error("{} is not between 0 and 255", shown(.0))]
    IcmpNumber(String),
    /// No port name (RFC 6335, 5.1, as Kubernetes checks it).
    #[error(
        "{} is no port name: at most 15 lowercase letters, digits and single '-' between them, with at least one letter", shown(.0))]
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

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || PortError::Form(text.to_owned());
        let (which, protocol) = match text.rsplit_once('/') {
            Some((which, protocol)) => (Some(which), protocol),
            None if text.starts_with(|c: char| c.is_ascii_uppercase()) => (None, text),
            None => (Some(text), Protocol::Tcp.as_str()),
        };
        let protocol = match protocol {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            "ICMP" => return which.map(icmp_type).transpose().map(Self::Icmp),
            other => return Err(PortError::Protocol(other.to_owned())),
        };
        let Some(which) = which else { return Ok(Self::Transport(protocol, PortMatch::Every)) };
        let number = |text: &str| parse_port_number(plain(text).ok_or_else(form)?);
        let matched = if which.contains(|c: char| c.is_ascii_alphabetic()) {
            PortMatch::Named(which.parse()?)
        } else if let Some((first, last)) = which.split_once('-').filter(|(first, _)| !first.is_empty()) {
            PortMatch::Range(PortRange::new(number(first)?, number(last)?)?)
        } else {
            PortMatch::Number(number(which)?)
        };
        Ok(Self::Transport(protocol, matched))
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
            Self::Transport(protocol, PortMatch::Every) => write!(f, "{protocol}"),
            Self::Transport(protocol, PortMatch::Number(number)) => write!(f, "{number}/{protocol}"),
            Self::Transport(protocol, PortMatch::Range(range)) => {
                write!(f, "{}-{}/{protocol}", range.start(), range.end())
            }
            Self::Transport(protocol, PortMatch::Named(name)) => write!(f, "{}/{protocol}", name.as_str()),
            Self::Icmp(None) => f.write_str("ICMP"),
            Self::Icmp(Some(IcmpType { number, code: None })) => write!(f, "{number}/ICMP"),
            Self::Icmp(Some(IcmpType { number, code: Some(code) })) => write!(f, "{number}:{code}/ICMP"),
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
            ("53/UDP", "53/UDP"),
            ("8000-8099", "8000-8099/TCP"),
            ("web-1", "web-1/TCP"),
            ("dns/UDP", "dns/UDP"),
            ("SCTP", "SCTP"),
            ("ICMP", "ICMP"),
            ("8/ICMP", "8/ICMP"),
            ("3:4/ICMP", "3:4/ICMP"),
        ] {
            let port: Port = text.parse().expect(text);
            assert_eq!(port.to_string(), shown);
            assert_eq!(shown.parse(), Ok(port));
        }
        let form = |text: &str| PortError::Form(text.into());
        for (text, error) in [
            ("", form("")),
            ("-1", PortError::Number(-1)),
            ("4.5/TCP", form("4.5/TCP")),
            ("+1", form("+1")),
            ("012/UDP", form("012/UDP")),
            ("80-+90", form("80-+90")),
            ("+8/ICMP", PortError::IcmpNumber("+8".into())),
            ("3:04/ICMP", PortError::IcmpNumber("04".into())),
            ("0", PortError::Number(0)),
            ("65536/UDP", PortError::Number(65536)),
            ("9-8", PortError::Backwards { start: 9, end: 8 }),
            ("80-", form("80-")),
            ("443/tcp", PortError::Protocol("tcp".into())),
            ("IGMP", PortError::Protocol("IGMP".into())),
            ("Web/TCP", PortError::Name("Web".into())),
            ("256/ICMP", PortError::IcmpNumber("256".into())),
            ("8:x/ICMP", PortError::IcmpNumber("x".into())),
        ] {
            assert_eq!(text.parse::<Port>(), Err(error), "{text}");
        }
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
