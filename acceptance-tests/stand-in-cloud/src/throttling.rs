//! Limits of the rate of calls, by token buckets.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether the rate of calls is limited, by the buckets that each cloud publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttling {
    /// Off, calls are never refused for their rate.
    pub enabled: bool,
    /// The share of every bucket and refill that is left for the caller, in percent: somebody else in the account
    /// uses the rest.
    pub share_percent: u32,
}

impl Default for Throttling {
    fn default() -> Self {
        Self { enabled: false, share_percent: 100 }
    }
}

/// What a bucket takes: so many calls at once, and then so many a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The calls of a full bucket.
    pub burst: f64,
    /// What flows back, in calls a second.
    pub per_second: f64,
}

/// One bucket: what was in it at a time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// The buckets of all callers; a key names one.
#[derive(Debug, Clone)]
pub struct Buckets<K>(BTreeMap<K, Bucket>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Buckets<K> {
    /// Takes a token out of a bucket; or gives how long it takes until there is one.
    pub fn take(&mut self, key: K, rate: Rate, throttling: &Throttling, now: Timestamp) -> Result<(), Duration> {
        if !throttling.enabled {
            return Ok(());
        }
        let share = f64::from(throttling.share_percent) / 100.0;
        let (size, refill) = (rate.burst * share, rate.per_second * share);
        let bucket = self.0.entry(key).or_insert(Bucket { tokens: size, at: now });
        let elapsed = now.duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed * refill).min(size);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(Duration::try_from_secs_f64((1.0 - bucket.tokens) / refill).unwrap_or(Duration::MAX));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}
