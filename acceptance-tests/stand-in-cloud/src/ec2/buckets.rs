//! The published token buckets: each account has one per region and action.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Caller;
use crate::error::ApiError;
use crate::settings::Throttling;

/// The size of an action's bucket, and its refill per second.
fn limits(action: &str) -> (f64, f64) {
    const NAT: [&str; 6] = [
        "CreateNatGateway",
        "DeleteNatGateway",
        "AssociateNatGatewayAddress",
        "DisassociateNatGatewayAddress",
        "AssignPrivateNatGatewayAddress",
        "UnassignPrivateNatGatewayAddress",
    ];
    // Reads that are costly without filters or pages.
    const HEAVY: [&str; 3] = ["DescribeInstances", "DescribeInternetGateways", "DescribeNetworkInterfaces"];
    match action {
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        action if NAT.contains(&action) => (10.0, 1.0),
        action if HEAVY.contains(&action) => (50.0, 10.0),
        action if action.starts_with("Describe") => (100.0, 20.0),
        _ => (50.0, 5.0),
    }
}

/// One bucket: what was in it at a time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// The buckets of all accounts.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets(BTreeMap<(Caller, String), Bucket>);

impl Buckets {
    /// Takes a token, or refuses the call.
    pub(super) fn take(
        &mut self,
        caller: &Caller,
        action: &str,
        throttling: &Throttling,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if !throttling.enabled {
            return Ok(());
        }
        let share = f64::from(throttling.share_percent) / 100.0;
        let (size, refill) = limits(action);
        let (size, refill) = (size * share, refill * share);
        let bucket = self.0.entry((caller.clone(), action.to_owned())).or_insert(Bucket { tokens: size, at: now });
        let elapsed = now.duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed * refill).min(size);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::new("RequestLimitExceeded", "Request limit exceeded.").with_status(503));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}
