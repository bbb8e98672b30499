//! Tokens for calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CloudConfiguration;
use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_core::time::OffsetDateTime;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use cloud::{Class, Error};
use tokio::sync::Mutex;

use crate::config::{Config, Credentials, Environment};
use crate::error::unanswered;

/// How long before its end a token is not used any more: a call that is sent with it may wait in a queue.
const MARGIN: Duration = Duration::from_mins(5);

/// The tokens of one provider block. One is fetched when a call needs it, and kept while it is good: the command line of Azure takes a
/// second for each.
pub(crate) struct Tokens {
    credential: Arc<dyn TokenCredential>,
    scope: String,
    patience: Duration,
    kept: Mutex<Option<AccessToken>>,
}

impl Tokens {
    /// Tokens of these credentials. `transport` carries the calls that fetch them.
    pub(crate) fn new(config: &Config, transport: &Transport) -> azure_core::Result<Self> {
        let credential = credential(config, transport)?;
        let (scope, patience) = (config.environment.scope(), config.timeouts.credentials);
        Ok(Self { credential, scope, patience, kept: Mutex::default() })
    }

    /// What a call is sent with, in its header `Authorization`.
    pub(crate) async fn authorization(&self, operation: &'static str) -> Result<String, Error> {
        let mut kept = self.kept.lock().await;
        let is_good = |token: &&AccessToken| token.expires_on > OffsetDateTime::now_utc() + MARGIN;
        if let Some(token) = kept.as_ref().filter(is_good) {
            return Ok(bearer(token));
        }
        let fetched = tokio::time::timeout(self.patience, self.credential.get_token(&[&self.scope], None)).await;
        let token = match fetched {
            Ok(token) => token.map_err(|error| unanswered(operation, error))?,
            Err(_) => return Err(Error::new(Class::Credentials, operation, "no token was given in time")),
        };
        Ok(bearer(kept.insert(token)))
    }
}

fn bearer(token: &AccessToken) -> String {
    format!("Bearer {}", token.token.secret())
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("scope", &self.scope).finish_non_exhaustive()
    }
}

fn credential(config: &Config, transport: &Transport) -> azure_core::Result<Arc<dyn TokenCredential>> {
    let cloud = match config.environment {
        Environment::Public => CloudConfiguration::AzurePublic,
        Environment::UsGovernment => CloudConfiguration::AzureGovernment,
        Environment::China => CloudConfiguration::AzureChina,
    };
    let client_options =
        ClientOptions { transport: Some(transport.clone()), cloud: Some(Arc::new(cloud)), ..ClientOptions::default() };
    let tenant_id = config.tenant_id.clone();
    Ok(match &config.credentials {
        Credentials::ClientSecret { client_id, secret } => {
            let options = ClientSecretCredentialOptions { client_options };
            let tenant_id = tenant_id.unwrap_or_default();
            ClientSecretCredential::new(&tenant_id, client_id.clone(), secret.clone(), Some(options))?
        }
        Credentials::WorkloadIdentity { client_id, token_file } => {
            WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options },
                client_id: Some(client_id.clone()),
                tenant_id,
                token_file_path: Some(token_file.into()),
            }))?
        }
        Credentials::ManagedIdentity { client_id } => {
            let user_assigned_id = client_id.clone().map(UserAssignedId::ClientId);
            ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions { user_assigned_id, client_options }))?
        }
        Credentials::AzureCli => {
            let subscription = Some(config.subscription_id.clone());
            AzureCliCredential::new(Some(AzureCliCredentialOptions { subscription, tenant_id, executor: None }))?
        }
    })
}
