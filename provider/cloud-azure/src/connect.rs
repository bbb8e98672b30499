//! From configuration to clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::http::{Transport, Url};
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::config::Config;
use crate::credentials::Tokens;
use crate::id::is_segment;
use crate::place::Place;

/// Azure as one provider block reaches it.
#[derive(Debug)]
pub struct Cloud {
    client: Client,
    config: Config,
    stop: CancellationToken,
    places: Mutex<HashMap<(String, String), Arc<Place>>>,
}

/// Why Azure cannot be reached with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The id of the subscription, or the name of a resource group, cannot be a part of a path.
    #[error("\"{0}\" is no id of a subscription and no name of a resource group")]
    NotAName(String),
    /// The endpoint is no URL, or would carry tokens without TLS to another machine.
    #[error("the endpoint must be a URL that begins with https://, or with http:// on this machine")]
    Endpoint,
    /// The credentials are not complete.
    #[error("the credentials cannot be used: {0}")]
    Credentials(String),
    /// There is no client for HTTP, such as for want of certificates of authorities.
    #[error("no connection can be made from this machine: {0}")]
    Transport(String),
}

impl Cloud {
    /// Checks the configuration. Credentials are not asked for before the first call. `stop` is cancelled when the user interrupts the
    /// run, and ends reading what there is.
    pub fn connect(config: &Config, stop: CancellationToken) -> Result<Self, ConnectError> {
        let http = reqwest::Client::builder()
            .connect_timeout(config.timeouts.connect)
            .read_timeout(config.timeouts.read)
            // An answer that points elsewhere would take the token along.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ConnectError::Transport(error.to_string()))?;
        Self::connect_through(config, Transport::new(Arc::new(http)), stop)
    }

    /// The same with calls that are carried by this transport.
    pub(crate) fn connect_through(
        config: &Config,
        transport: Transport,
        stop: CancellationToken,
    ) -> Result<Self, ConnectError> {
        if !is_segment(&config.subscription_id) {
            return Err(ConnectError::NotAName(config.subscription_id.clone()));
        }
        let endpoint = config.endpoint.as_deref().unwrap_or(config.environment.endpoint());
        let endpoint = Url::parse(endpoint).ok().filter(is_safe).ok_or(ConnectError::Endpoint)?;
        let tokens = Tokens::new(config, &transport).map_err(|error| ConnectError::Credentials(error.to_string()))?;
        let client = Client::new(endpoint, tokens, transport, config.timeouts.attempt);
        Ok(Self { client, config: config.clone(), stop, places: Mutex::default() })
    }

    /// A resource group, and the location of what is made in it. One set of snapshots per place.
    pub fn place(&self, group: &str, location: &str) -> Result<Arc<Place>, ConnectError> {
        if !is_segment(group) {
            return Err(ConnectError::NotAName(group.to_owned()));
        }
        let key = (group.to_ascii_lowercase(), location.to_ascii_lowercase());
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(key).or_insert_with_key(|(group, location)| Arc::new(self.new_place(group, location)));
        Ok(Arc::clone(place))
    }

    /// A place that shares nothing with others.
    pub(crate) fn new_place(&self, group: &str, location: &str) -> Place {
        Place::new(self.client.clone(), &self.config, group, location, self.stop.clone())
    }
}

/// Whether tokens can be sent there: over TLS, or without on this machine.
fn is_safe(url: &Url) -> bool {
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || url.scheme() == "http" && is_local
}

#[cfg(test)]
mod tests {
    use cloud::{Freshness, IpPools as _};
    use egress_model::identity::{Identity, ResourceType};
    use stand_in_cloud::azure::Settings;

    use super::*;
    use crate::config::{Credentials, Environment};
    use crate::stand_in::{config, connect, server};

    #[test]
    fn tokens_go_nowhere_without_tls_but_to_this_machine() {
        let with = |endpoint: &str, subscription: &str| {
            let endpoint = Some(endpoint.to_owned());
            let config = Config { endpoint, ..Config::new(subscription, Credentials::AzureCli) };
            Cloud::connect(&config, CancellationToken::new()).map(drop)
        };
        for endpoint in ["http://management.example", "ftp://127.0.0.1", "management.azure.com", ""] {
            assert_eq!(with(endpoint, "s1"), Err(ConnectError::Endpoint), "{endpoint}");
        }
        for endpoint in ["https://management.example", "http://127.0.0.1:8080", "http://[::1]", "http://localhost"] {
            assert_eq!(with(endpoint, "s1"), Ok(()), "{endpoint}");
        }
        assert!(matches!(with("https://management.example", "s1/.."), Err(ConnectError::NotAName(_))));
    }

    #[test]
    fn a_group_is_a_place_once_in_whatever_case() {
        let config = Config::new("s1", Credentials::AzureCli);
        let cloud = Cloud::connect(&config, CancellationToken::new()).expect("a connection");
        let (one, other) = (cloud.place("Egress", "WestEurope"), cloud.place("egress", "westeurope"));
        let (one, other) = (one.expect("a place"), other.expect("a place"));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(one.default_tags(), &cloud::DefaultTags::default());
        assert!(matches!(cloud.place("a/b", "westeurope"), Err(ConnectError::NotAName(_))));
    }

    #[tokio::test]
    async fn workload_and_managed_identities_get_tokens_in_every_environment() {
        let server = server(Settings::fast());
        let file = std::env::temp_dir().join(format!("egress-azure-token-{}", std::process::id()));
        std::fs::write(&file, "vouched").expect("a file");
        let token_file = file.to_string_lossy().into_owned();
        let of_pod = Credentials::WorkloadIdentity { client_id: "app".to_owned(), token_file };
        let of_machine = Credentials::ManagedIdentity { client_id: None };
        for environment in [Environment::Public, Environment::UsGovernment, Environment::China] {
            for credentials in [&of_pod, &of_machine] {
                let config = Config { environment, credentials: credentials.clone(), ..config(&server) };
                let place = connect(&server, &config).new_place("egress", "westeurope");
                let (owner, name) = ("acme".parse().expect("an owner"), "one".parse().expect("a name"));
                let identity = Identity { owner, resource_type: ResourceType::IpPool, name };
                let observed = place.observe(&identity, &[], Freshness::Now).await;
                assert!(observed.is_ok(), "{credentials:?} {environment:?} {observed:?}");
            }
        }
        std::fs::remove_file(&file).expect("removed");
    }
}
