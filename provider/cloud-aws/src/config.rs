//! What a provider block says about AWS.

use std::fmt;
use std::time::Duration;

use cloud::{DefaultTags, Poll};

use crate::client::Timeouts;

/// How to reach AWS. Credentials are not part of it: they come from the SDK's own default chain (environment, shared files,
/// SSO, container and instance metadata, process), in the order that the AWS SDKs and tools reference guide gives.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// The region; `None` for the default chain (`AWS_REGION`, the profile's region, instance metadata).
    pub region: Option<String>,
    /// The profile of the shared configuration files; `None` for `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// The URL of every service, for stand-ins and proxies.
    pub endpoint_url: Option<String>,
    /// The URLs of single services, which go before [`Self::endpoint_url`].
    pub endpoints: Endpoints,
    /// A role to work as.
    pub assume_role: Option<AssumeRole>,
    /// Tags for every object that the provider makes. Those of a resource go before them.
    pub default_tags: DefaultTags,
    /// How often one call is tried in all; `None` for `AWS_MAX_ATTEMPTS`, or 3.
    pub max_attempts: Option<u32>,
    /// How the SDK spaces the attempts; `None` for `AWS_RETRY_MODE`, or standard.
    pub retry_mode: Option<RetryMode>,
    /// How often to look whether a change has happened.
    pub poll: Poll,
    /// How long calls may take.
    pub timeouts: Timeouts,
}

/// The URLs of single services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Amazon EC2.
    pub ec2: Option<String>,
    /// The AWS Security Token Service.
    pub sts: Option<String>,
}

/// A role to work as, through `sts:AssumeRole`.
#[derive(Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// The role's ARN.
    pub role_arn: String,
    /// The name of the session in AWS's logs; `None` for one that the SDK makes.
    pub session_name: Option<String>,
    /// What the role's trust policy demands of a third party.
    pub external_id: Option<String>,
    /// How long a session lasts: 15 minutes to 12 hours; `None` for one hour.
    pub duration: Option<Duration>,
    /// A further restriction of the session, as a JSON policy.
    pub policy: Option<String>,
}

/// How the SDK spaces the attempts of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryMode {
    /// Exponential pauses with jitter.
    Standard,
    /// Those, and fewer calls for a while after AWS has throttled one.
    Adaptive,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            region: None,
            profile: None,
            endpoint_url: None,
            endpoints: Endpoints::default(),
            assume_role: None,
            default_tags: DefaultTags::default(),
            max_attempts: None,
            retry_mode: None,
            poll: Poll::DEFAULT,
            timeouts: Timeouts::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("endpoint_url", &self.endpoint_url.as_ref().map(|url| without_user(url)))
            .field("endpoints.ec2", &self.endpoints.ec2.as_ref().map(|url| without_user(url)))
            .field("endpoints.sts", &self.endpoints.sts.as_ref().map(|url| without_user(url)))
            .field("assume_role", &self.assume_role)
            .field("max_attempts", &self.max_attempts)
            .field("retry_mode", &self.retry_mode)
            .finish_non_exhaustive()
    }
}

/// The external id is shared with a third party only, and the policy may name what is nobody else's business.
impl fmt::Debug for AssumeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRole")
            .field("role_arn", &self.role_arn)
            .field("session_name", &self.session_name)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

/// The URL without a user and password.
fn without_user(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(authority_end);
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let config = Config {
            endpoint_url: Some("https://user:hunter2@proxy.example:8443/ec2".to_owned()),
            assume_role: Some(AssumeRole {
                role_arn: "arn:aws:iam::123456789012:role/egress".to_owned(),
                session_name: None,
                external_id: Some("hunter3".to_owned()),
                duration: None,
                policy: Some("hunter4".to_owned()),
            }),
            ..Config::default()
        };
        let text = format!("{config:?}");
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.contains("https://proxy.example:8443/ec2") && text.contains("role/egress"), "{text}");
    }
}
