//! Where records go.

use std::num::NonZeroU16;

use crate::logs::environment::{FieldText, Host, LogPath, Variable};

/// A server that takes records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its host.
    pub host: Host,
    /// Its port.
    pub port: NonZeroU16,
    /// How the connection is protected.
    pub transport: Transport,
    /// Who the collector says it is; none where the server does not ask.
    pub login: Option<Login>,
}

/// How a connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Not at all.
    Plain,
    /// By TLS, with the certificates of authorities in a file, or those that the collector's image has.
    Tls(Option<LogPath>),
}

/// A user and a password, as the collector's environment has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The variable of the user.
    pub user: Variable,
    /// The variable of the password.
    pub password: Variable,
}

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Elasticsearch, into an index for each day.
    Elasticsearch {
        /// The server.
        server: Server,
        /// What the names of indices begin with.
        prefix: FieldText,
    },
    /// `OpenSearch`, into an index for each day.
    OpenSearch {
        /// The server.
        server: Server,
        /// What the names of indices begin with.
        prefix: FieldText,
    },
    /// Loki.
    Loki {
        /// The server.
        server: Server,
    },
    /// Whatever takes OTLP over HTTP.
    Otlp {
        /// The server.
        server: Server,
    },
    /// The collector's own output.
    Stdout,
}

impl Server {
    /// Its address, without a path.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.transport == Transport::Plain { "http" } else { "https" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// The file of authorities.
    pub(crate) fn authorities(&self) -> Option<&LogPath> {
        match &self.transport {
            Transport::Tls(file) => file.as_ref(),
            Transport::Plain => None,
        }
    }
}

impl Output {
    /// The name that users write.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Elasticsearch { .. } => "elasticsearch",
            Self::OpenSearch { .. } => "opensearch",
            Self::Loki { .. } => "loki",
            Self::Otlp { .. } => "otlp",
            Self::Stdout => "stdout",
        }
    }

    /// Its server, if it has one.
    pub fn server(&self) -> Option<&Server> {
        match self {
            Self::Elasticsearch { server, .. }
            | Self::OpenSearch { server, .. }
            | Self::Loki { server }
            | Self::Otlp { server } => Some(server),
            Self::Stdout => None,
        }
    }
}
