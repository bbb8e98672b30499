//! What a test may turn of EC2: how long things take, how many there may be, and whether calls are throttled.

use serde::{Deserialize, Serialize};

use crate::throttling::Throttling;

/// How long things take, in milliseconds. [`super::RULES`] says what each stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// A NAT gateway is `pending` this long before it is `available` or `failed`.
    pub nat_create_ms: u64,
    /// A NAT gateway is `deleting` this long before it is `deleted`.
    pub nat_delete_ms: u64,
    /// A secondary address is `associating` or `assigning` this long.
    pub nat_address_ms: u64,
    /// How long connections over a NAT gateway's address live on once it drains; the caller's maximum cuts them off.
    pub nat_drain_ms: u64,
    /// `DescribeAddresses` shows an address's association this long after the NAT gateway does.
    pub association_lag_ms: u64,
    /// How long after its NAT gateway is `deleted` an address still cannot be released.
    pub release_lag_ms: u64,
    /// A new object cannot be read, or referred to, for this long.
    pub read_lag_ms: u64,
    /// `deleted` and `failed` NAT gateways are listed this long.
    pub tombstone_ms: u64,
    /// A client token is remembered this long.
    pub token_ms: u64,
    /// Each call takes at least this long, as over a network.
    pub latency_ms: u64,
}

const HOUR_MS: u64 = 3_600_000;

impl Timings {
    /// About what the real cloud takes.
    pub fn real() -> Self {
        Self {
            nat_create_ms: 100_000,
            nat_delete_ms: 60_000,
            nat_address_ms: 20_000,
            nat_drain_ms: 30_000,
            association_lag_ms: 30_000,
            release_lag_ms: 10_000,
            read_lag_ms: 2_000,
            tombstone_ms: HOUR_MS,
            token_ms: 24 * HOUR_MS,
            latency_ms: 40,
        }
    }

    /// Seconds instead of minutes, for a person who tries the provider.
    pub fn brisk() -> Self {
        Self {
            nat_create_ms: 2_000,
            nat_delete_ms: 1_000,
            nat_address_ms: 500,
            nat_drain_ms: 500,
            association_lag_ms: 500,
            release_lag_ms: 200,
            read_lag_ms: 0,
            latency_ms: 0,
            ..Self::real()
        }
    }

    /// Milliseconds, for tests on the real clock: every state is passed through, none is waited for.
    pub fn fast() -> Self {
        Self {
            nat_create_ms: 20,
            nat_delete_ms: 20,
            nat_address_ms: 10,
            nat_drain_ms: 10,
            association_lag_ms: 10,
            release_lag_ms: 10,
            read_lag_ms: 0,
            latency_ms: 0,
            ..Self::real()
        }
    }
}

/// How many there may be. Defaults are a new account's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Elastic IP addresses per region, those from the caller's own pools not counted.
    pub addresses: usize,
    /// NAT gateways per availability zone that are pending, available or deleting.
    pub nat_gateways_per_zone: usize,
    /// Addresses per zonal public NAT gateway, up to [`Quotas::HARD_ADDRESSES_PER_NAT_GATEWAY`].
    pub addresses_per_nat_gateway: usize,
    /// Routes per route table.
    pub routes_per_table: usize,
}

impl Quotas {
    /// No quota raises the addresses of one zonal NAT gateway beyond this.
    pub const HARD_ADDRESSES_PER_NAT_GATEWAY: usize = 8;
    /// The addresses of a regional NAT gateway in one zone.
    pub const ADDRESSES_PER_ZONE_OF_REGIONAL_NAT_GATEWAY: usize = 32;

    /// Room for tests that are about something else.
    pub fn generous() -> Self {
        Self {
            addresses: 10_000,
            nat_gateways_per_zone: 10_000,
            addresses_per_nat_gateway: Self::HARD_ADDRESSES_PER_NAT_GATEWAY,
            routes_per_table: 1_000,
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self { addresses: 5, nat_gateways_per_zone: 5, addresses_per_nat_gateway: 2, routes_per_table: 50 }
    }
}

/// All that can be set, and changed while the server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long things take.
    pub timings: Timings,
    /// How many there may be.
    pub quotas: Quotas,
    /// Whether the rate of calls is limited.
    pub throttling: Throttling,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timings: Timings::fast(), quotas: Quotas::default(), throttling: Throttling::default() }
    }
}
