//! The calls to EC2 (and one to STS) that this crate makes, and no others: one file per family in `client/`. Only here the SDK is called.

mod account;
mod addresses;
mod nat_gateways;
mod routes;
mod tags;
mod timeouts;

use std::future::Future;

use aws_sdk_ec2::types::Filter;
use cloud::{Calls, Error};

use crate::convert;

pub(crate) use addresses::Allocation;
pub(crate) use nat_gateways::NewNatGateway;
pub use timeouts::Timeouts;

/// EC2 in one region. Each method sends one call, once: what is sent again, and when, is for [`cloud::Calls`] to decide, because only
/// that knows the resource's deadline, the user's interruption and which calls must not be repeated blindly.
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

/// What a read with filters found: the pages of as many requests as the filters need. Each page is a call of its own, so that one which
/// was throttled does not make those before it be read again. `send` sends one and answers with its objects and the token of the next.
async fn pages<T, F>(
    calls: &Calls<'_>,
    operation: &'static str,
    filters: &[(&str, Vec<String>)],
    send: impl Fn(Option<Vec<Filter>>, Option<String>) -> F,
) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<(Option<Vec<T>>, Option<String>), Error>>,
{
    let mut found = Vec::new();
    for filters in convert::filters(filters) {
        let mut token = None;
        loop {
            // The SDK's futures are deep: boxed, what awaits them stays small enough for the compiler and the stack.
            let page = Box::pin(calls.read(operation, || send(filters.clone(), token.clone())));
            let (objects, next) = page.await?;
            found.extend(objects.into_iter().flatten());
            token = next.filter(|next| !next.is_empty());
            if token.is_none() {
                break;
            }
        }
    }
    Ok(found)
}
