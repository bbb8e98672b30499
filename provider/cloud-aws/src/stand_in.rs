//! The stand-in EC2 as tests reach it.

use std::time::Duration;

use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::{BehaviorVersion, Credentials, Region as RegionName};
use cloud::{Limits, Poll};
use stand_in_cloud::ec2::{Caller, Server};
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::{Config, Region};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn caller() -> Caller {
    Caller { account: ACCOUNT.to_owned(), region: REGION.to_owned() }
}

/// The calls, as one process after the other makes them. Making the SDK's clients takes longer than a whole run.
pub(crate) fn client(server: &Server) -> Client {
    let credentials = Credentials::new(ACCOUNT, "secret", None, None, "test");
    let ec2 = aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(RegionName::new(REGION))
        .endpoint_url(server.endpoint())
        .credentials_provider(credentials.clone())
        .retry_config(RetryConfig::disabled())
        .build();
    let sts = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(RegionName::new(REGION))
        .endpoint_url(server.endpoint())
        .credentials_provider(credentials)
        .build();
    Client::new(aws_sdk_ec2::Client::from_conf(ec2), aws_sdk_sts::Client::from_conf(sts))
}

/// What a process of its own sees: nothing is remembered.
pub(crate) fn region(client: &Client) -> Region {
    let config = Config { poll: Poll::starting_at(Duration::from_millis(2)), ..Config::default() };
    Region::new(REGION, client.clone(), &config, 3, CancellationToken::new())
}

pub(crate) fn limits() -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(20))
}
