//! The calls to EC2 (and one to STS) that this crate makes, and no others: one file per family in `client/`. Only here the SDK is called.

mod account;
mod addresses;
mod nat_gateways;
mod routes;
mod tags;

use aws_sdk_ec2::config::retry::RetryConfig;

pub(crate) use addresses::Allocation;
pub(crate) use nat_gateways::NewNatGateway;

/// EC2 in one region.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    ec2: aws_sdk_ec2::Client,
    sts: aws_sdk_sts::Client,
}

impl Client {
    /// The calls of these SDK clients.
    pub(crate) fn new(ec2: aws_sdk_ec2::Client, sts: aws_sdk_sts::Client) -> Self {
        Self { ec2, sts }
    }
}

/// The setting for a call that has no idempotency token: the SDK must not repeat it when its answer was lost. See
/// [`crate::unclear`].
fn once() -> aws_sdk_ec2::config::Builder {
    aws_sdk_ec2::config::Builder::new().retry_config(RetryConfig::disabled())
}
