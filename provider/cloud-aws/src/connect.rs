//! From configuration to clients.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::config::IdentityCache;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_types::region::Region as RegionName;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::config::{AssumeRole, Config, RetryMode};
use crate::region::Region;

/// AWS as one provider block reaches it.
pub struct Cloud {
    sdk: SdkConfig,
    config: Config,
    default_region: String,
    stop: CancellationToken,
    regions: Mutex<HashMap<String, Arc<Region>>>,
}

/// Why AWS cannot be reached with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Neither the configuration nor the default chain names a region.
    #[error(
        "no region is configured: set region in the provider's aws block, or the environment variable AWS_REGION, or \
         region in the profile"
    )]
    NoRegion,
}

impl Cloud {
    /// Resolves region and credentials chain. Credentials are not asked for before the first call. `stop` is cancelled when the user
    /// interrupts the run, and ends reading what there is.
    pub async fn connect(config: &Config, stop: CancellationToken) -> Result<Self, ConnectError> {
        Self::connect_with(config, None, stop).await
    }

    /// The same with these credentials instead of those of the default chain.
    pub async fn connect_with(
        config: &Config,
        credentials: Option<SharedCredentialsProvider>,
        stop: CancellationToken,
    ) -> Result<Self, ConnectError> {
        let sdk = load(config, credentials).await;
        let default_region = sdk.region().ok_or(ConnectError::NoRegion)?.to_string();
        let sdk = match &config.assume_role {
            Some(role) => assume(role, config, &sdk).await,
            None => sdk,
        };
        Ok(Self { sdk, config: config.clone(), default_region, stop, regions: Mutex::default() })
    }

    /// The region where resources live that name none.
    pub fn default_region(&self) -> &str {
        &self.default_region
    }

    /// EC2 in this region, or in the default one. One client and one set of snapshots per region.
    pub fn region(&self, name: Option<&str>) -> Arc<Region> {
        let name = name.unwrap_or(&self.default_region);
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let region = regions.entry(name.to_owned()).or_insert_with(|| {
            // What is sent again is decided where the resource's deadline is known; the mode still spaces the calls.
            let retry = self.sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
            let (attempts, once) = (retry.max_attempts(), retry.with_max_attempts(1));
            let mut settings = aws_sdk_ec2::config::Builder::from(&self.sdk)
                .region(RegionName::new(name.to_owned()))
                .retry_config(once.clone());
            if let Some(url) = self.config.endpoints.ec2.as_ref().or(self.config.endpoint_url.as_ref()) {
                settings = settings.endpoint_url(url);
            }
            let mut sts = aws_sdk_sts::config::Builder::from(&self.sdk)
                .region(RegionName::new(name.to_owned()))
                .retry_config(once);
            if let Some(url) = self.config.endpoints.sts.as_ref().or(self.config.endpoint_url.as_ref()) {
                sts = sts.endpoint_url(url);
            }
            let ec2 = aws_sdk_ec2::Client::from_conf(settings.build());
            let client = Client::new(ec2, aws_sdk_sts::Client::from_conf(sts.build()));
            Arc::new(Region::new(name, client, &self.config, attempts, self.stop.clone()))
        });
        Arc::clone(region)
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The behaviour of the SDK is pinned: an update of the SDK does not change retries or timeouts unseen.
async fn load(config: &Config, credentials: Option<SharedCredentialsProvider>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .timeout_config(config.timeouts.into())
        .identity_cache(IdentityCache::lazy().load_timeout(config.timeouts.credentials).build());
    if let Some(credentials) = credentials {
        loader = loader.credentials_provider(credentials);
    }
    if let Some(region) = &config.region {
        loader = loader.region(RegionName::new(region.clone()));
    }
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if config.max_attempts.is_some() || config.retry_mode.is_some() {
        let retry = match config.retry_mode.unwrap_or(RetryMode::Standard) {
            RetryMode::Standard => RetryConfig::standard(),
            RetryMode::Adaptive => RetryConfig::adaptive(),
        };
        loader = loader.retry_config(match config.max_attempts {
            Some(attempts) => retry.with_max_attempts(attempts),
            None => retry,
        });
    }
    loader.load().await
}

async fn assume(role: &AssumeRole, config: &Config, sdk: &SdkConfig) -> SdkConfig {
    let mut sts = sdk.to_builder();
    if let Some(url) = config.endpoints.sts.as_ref().or(config.endpoint_url.as_ref()) {
        sts = sts.endpoint_url(url);
    }
    let mut provider = AssumeRoleProvider::builder(&role.role_arn).configure(&sts.build());
    if let Some(name) = &role.session_name {
        provider = provider.session_name(name);
    }
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    if let Some(duration) = role.duration {
        provider = provider.session_length(duration);
    }
    if let Some(policy) = &role.policy {
        provider = provider.policy(policy);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    sdk.to_builder().credentials_provider(provider).build()
}
