//! How Azure is reached.

use std::fmt;
use std::time::Duration;

use azure_core::credentials::Secret;
use cloud::{DefaultTags, Poll};

/// One provider block.
#[derive(Clone, Debug)]
pub struct Config {
    /// The subscription, where resources are.
    pub subscription_id: String,
    /// The tenant that the credentials are of; `None` where they say it themselves.
    pub tenant_id: Option<String>,
    /// The part of Azure.
    pub environment: Environment,
    /// Azure Resource Manager at another URL than the environment's. Without TLS only on this machine: every call carries a token.
    pub endpoint: Option<String>,
    /// Who calls.
    pub credentials: Credentials,
    /// The tags for every object that the provider makes.
    pub default_tags: DefaultTags,
    /// How often one call is tried in all whose answer is not clear.
    pub max_attempts: u32,
    /// How often to look whether a change has happened.
    pub poll: Poll,
    /// How long calls may take.
    pub timeouts: Timeouts,
}

impl Config {
    /// A subscription of public Azure with the credentials that the environment has.
    pub fn new(subscription_id: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            subscription_id: subscription_id.into(),
            tenant_id: None,
            environment: Environment::Public,
            endpoint: None,
            credentials,
            default_tags: DefaultTags::default(),
            max_attempts: 3,
            poll: Poll::DEFAULT,
            timeouts: Timeouts::default(),
        }
    }
}

/// The parts of Azure that have nothing in common but the API
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/azure-services-resiliency>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Public Azure.
    #[default]
    Public,
    /// Azure Government of the United States.
    UsGovernment,
    /// Azure in China, operated by 21Vianet.
    China,
}

impl Environment {
    /// Azure Resource Manager.
    pub(crate) fn endpoint(self) -> &'static str {
        match self {
            Self::Public => "https://management.azure.com",
            Self::UsGovernment => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }

    /// What a token has to be for.
    pub(crate) fn scope(self) -> String {
        format!("{}/.default", self.endpoint())
    }
}

/// Who calls.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// An application with its secret.
    ClientSecret {
        /// The application's id.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// An application that a token in a file vouches for, as in a pod.
    WorkloadIdentity {
        /// The application's id.
        client_id: String,
        /// The file.
        token_file: String,
    },
    /// The identity of the machine.
    ManagedIdentity {
        /// The id of one of several; `None` for that of the machine itself.
        client_id: Option<String>,
    },
    /// Whoever has logged in with `az login`.
    AzureCli,
}

impl Credentials {
    /// What these environment variables name, with the names that Azure's own tools use. A secret goes before a file with a token, and
    /// both before the command line of Azure.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let client_id = variable("AZURE_CLIENT_ID");
        match (client_id, variable("AZURE_CLIENT_SECRET"), variable("AZURE_FEDERATED_TOKEN_FILE")) {
            (Some(client_id), Some(secret), _) => Self::ClientSecret { client_id, secret: Secret::new(secret) },
            (Some(client_id), None, Some(token_file)) => Self::WorkloadIdentity { client_id, token_file },
            (client_id, _, _) if variable("IDENTITY_ENDPOINT").is_some() => Self::ManagedIdentity { client_id },
            _ => Self::AzureCli,
        }
    }
}

/// The secret is not shown.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientSecret { client_id, .. } => {
                f.debug_struct("ClientSecret").field("client_id", client_id).finish_non_exhaustive()
            }
            Self::WorkloadIdentity { client_id, token_file } => {
                let mut shown = f.debug_struct("WorkloadIdentity");
                shown.field("client_id", client_id).field("token_file", token_file).finish()
            }
            Self::ManagedIdentity { client_id } => {
                f.debug_struct("ManagedIdentity").field("client_id", client_id).finish()
            }
            Self::AzureCli => f.write_str("AzureCli"),
        }
    }
}

/// How long one call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Between two parts of an answer.
    pub read: Duration,
    /// All of one attempt.
    pub attempt: Duration,
    /// Fetching a token, with all its attempts.
    pub credentials: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(30),
            attempt: Duration::from_secs(30),
            credentials: Duration::from_secs(25),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_environment_names_credentials_as_azures_tools_do() {
        let of = |variables: &[(&str, &str)]| {
            let variables: BTreeMap<_, _> = variables.iter().copied().collect();
            Credentials::from_environment(|name| variables.get(name).map(|value| (*value).to_owned()))
        };
        let (id, secret) = (("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", "hunter2"));
        let file = ("AZURE_FEDERATED_TOKEN_FILE", "/token");
        let with_secret = Credentials::ClientSecret { client_id: "app".to_owned(), secret: Secret::new("hunter2") };
        assert_eq!(of(&[id, secret, file]), with_secret);
        let from_file = Credentials::WorkloadIdentity { client_id: "app".to_owned(), token_file: "/token".to_owned() };
        assert_eq!(of(&[id, ("AZURE_CLIENT_SECRET", ""), file]), from_file);
        let of_machine = Credentials::ManagedIdentity { client_id: None };
        assert_eq!(of(&[("IDENTITY_ENDPOINT", "http://169.254.169.254")]), of_machine);
        assert_eq!(of(&[]), Credentials::AzureCli);
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Credentials::ClientSecret { client_id: "app".to_owned(), secret: Secret::new("hunter2") };
        assert!(!format!("{:?}", Config::new("s1", secret)).contains("hunter2"));
    }

    #[test]
    fn silence_is_short() {
        let Timeouts { connect, read, attempt, credentials } = Timeouts::default();
        assert!(connect < read && read <= attempt && credentials < attempt);
        assert!(cloud::calls::SILENCE > attempt, "a second attempt is made");
    }
}
