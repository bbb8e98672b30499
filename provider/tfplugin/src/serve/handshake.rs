//! How the two processes find each other: what the host says in the environment, and the one line that answers it.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The variable by which a host shows that it starts a plugin, and knows which kind.
pub(crate) const MAGIC_COOKIE_KEY: &str = "TF_PLUGIN_MAGIC_COOKIE";

/// The value that every Terraform since 0.10 gives it.
pub(crate) const MAGIC_COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The one version of the application protocol that is spoken here. A host that does not know it says so itself when it
/// reads the line, in better words than a plugin has.
pub(crate) const PROTOCOL_VERSION: u16 = 6;

/// go-plugin's own protocol.
const CORE_VERSION: u16 = 1;

/// What the host wants, from its `PLUGIN_*` variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The only client to be let in. Without one the link is not encrypted (`TF_DISABLE_PLUGIN_TLS`).
    pub(crate) certificate: Option<CertificateDer<'static>>,
    /// Where to make the socket; the temporary directory otherwise.
    pub(crate) socket_directory: Option<PathBuf>,
    /// The group, by name or number, that may connect to the socket.
    pub(crate) socket_group: Option<String>,
    /// The ports to choose from where there are no Unix sockets.
    pub(crate) ports: RangeInclusive<u16>,
    /// Whether the host asks if connections can be multiplexed: older hosts refuse a line with that field.
    pub(crate) asks_multiplexing: bool,
}

/// Why the process cannot be a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAPlugin {
    /// Somebody started it by hand.
    #[error("the host's cookie is missing")]
    NoCookie,
    /// `PLUGIN_CLIENT_CERT` is not a PEM certificate.
    #[error("PLUGIN_CLIENT_CERT is not a PEM certificate")]
    ClientCertificate(#[source] rustls::pki_types::pem::Error),
}

impl Host {
    /// Reads the environment through `variable`.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NotAPlugin> {
        if variable(MAGIC_COOKIE_KEY).is_none_or(|cookie| cookie != MAGIC_COOKIE_VALUE) {
            return Err(NotAPlugin::NoCookie);
        }
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| given(name).and_then(|value| value.into_string().ok());
        let port = |name: &str| text(name).and_then(|value| value.parse::<u16>().ok());
        let certificate = text("PLUGIN_CLIENT_CERT")
            .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(NotAPlugin::ClientCertificate))
            .transpose()?;
        Ok(Self {
            certificate,
            socket_directory: given("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: port("PLUGIN_MIN_PORT").unwrap_or(10_000)..=port("PLUGIN_MAX_PORT").unwrap_or(25_000),
            asks_multiplexing: given("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }
}

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The path of a socket.
    Unix(PathBuf),
    /// A port of the loopback interface.
    Tcp(SocketAddr),
}

impl Address {
    /// The network's name, as Go has it.
    pub(crate) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// The line that the host reads from stdout, without its end.
pub(crate) fn line(address: &Address, certificate: Option<&CertificateDer<'_>>, host: &Host) -> String {
    let network = address.network();
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    // No connection is ever multiplexed: Terraform's providers open none beside the first.
    let multiplexing = if host.asks_multiplexing { "|false" } else { "" };
    format!("{CORE_VERSION}|{PROTOCOL_VERSION}|{network}|{address}|grpc|{certificate}{multiplexing}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)]) -> Result<Host, NotAPlugin> {
        Host::from_environment(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    const COOKIE: (&str, &str) = (MAGIC_COOKIE_KEY, MAGIC_COOKIE_VALUE);

    #[test]
    fn only_a_host_with_the_cookie_is_answered() {
        assert!(matches!(host(&[]), Err(NotAPlugin::NoCookie)));
        assert!(matches!(host(&[(MAGIC_COOKIE_KEY, "other")]), Err(NotAPlugin::NoCookie)));
        assert!(host(&[COOKIE]).is_ok());
    }

    #[test]
    fn a_broken_client_certificate_is_an_error_and_never_means_no_encryption() {
        assert!(matches!(host(&[COOKIE, ("PLUGIN_CLIENT_CERT", "x")]), Err(NotAPlugin::ClientCertificate(_))));
        assert_eq!(host(&[COOKIE, ("PLUGIN_CLIENT_CERT", "")]).unwrap().certificate, None);
    }

    #[test]
    fn the_line_has_a_seventh_field_only_for_a_host_that_asks() {
        let plain = host(&[COOKIE]).unwrap();
        let asking = host(&[COOKIE, ("PLUGIN_MULTIPLEX_GRPC", "true")]).unwrap();
        let address = Address::Unix("/tmp/s".into());
        let der = CertificateDer::from(vec![1, 2, 3, 4]);
        assert_eq!(line(&address, Some(&der), &plain), "1|6|unix|/tmp/s|grpc|AQIDBA");
        assert_eq!(line(&address, None, &plain), "1|6|unix|/tmp/s|grpc|");
        assert_eq!(line(&address, None, &asking), "1|6|unix|/tmp/s|grpc||false");
        let tcp = Address::Tcp(([127, 0, 0, 1], 10_000).into());
        assert_eq!(line(&tcp, None, &plain), "1|6|tcp|127.0.0.1:10000|grpc|");
    }

    #[test]
    fn ports_have_go_plugins_defaults() {
        assert_eq!(host(&[COOKIE]).unwrap().ports, 10_000..=25_000);
        let ranged = host(&[COOKIE, ("PLUGIN_MIN_PORT", "1"), ("PLUGIN_MAX_PORT", "2")]).unwrap();
        assert_eq!(ranged.ports, 1..=2);
    }
}
