//! How many addresses a load needs.
//!
//! A gateway tells connections apart by source port, so what it can carry at one time is limited per public address *and*
//! destination (IP address, port and protocol): traffic to many destinations hardly ever runs out, traffic to one partner
//! does, and then new connections fail.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

/// What is expected of one gateway at its busiest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The most simultaneous connections through one gateway to one destination IP address, port and protocol.
    pub peak_connections_per_destination: NonZeroU64,
    /// Addresses beyond what the load needs, such as one to rotate an address without losing capacity.
    pub spare_addresses: u32,
}

/// What a cloud's gateway can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simultaneous connections per public address to one destination.
    pub connections_per_address: NonZeroU32,
    /// The most public addresses that one gateway can have.
    pub addresses_per_gateway: u32,
}

/// What a load takes, and of what it was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Addresses per gateway.
    pub addresses: u64,
    load: Load,
    limits: Limits,
}

/// Whether the addresses of a gateway do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They do.
    Enough,
    /// The load itself fits, but fewer addresses are spare than asked for.
    NoSpare,
    /// New connections to the busiest destination will fail at the peak.
    TooFew,
    /// More addresses are needed than one gateway can have: the load must be spread over more gateways or destinations.
    Impossible,
}

impl Load {
    /// The addresses that this load needs on a gateway with these limits.
    pub fn need(self, limits: Limits) -> Need {
        let peak = self.peak_connections_per_destination.get();
        let addresses =
            peak.div_ceil(u64::from(limits.connections_per_address.get())).saturating_add(self.spare_addresses.into());
        Need { addresses, load: self, limits }
    }
}

impl Need {
    /// Whether this many addresses on one gateway do.
    pub fn verdict(&self, addresses: u64) -> Verdict {
        let carried = self.addresses - u64::from(self.load.spare_addresses);
        if carried > u64::from(self.limits.addresses_per_gateway) {
            Verdict::Impossible
        } else if addresses < carried {
            Verdict::TooFew
        } else if addresses < self.addresses {
            Verdict::NoSpare
        } else {
            Verdict::Enough
        }
    }

    /// The simultaneous connections to one destination that this many addresses carry.
    pub fn carried_by(&self, addresses: u64) -> u64 {
        addresses.saturating_mul(self.limits.connections_per_address.get().into())
    }
}

/// A number with its digits in groups of three, as the clouds' documents write their limits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The computation, such as `120,000 connections / 55,000 per address = 3 addresses, + 1 spare = 4`.
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spare = u64::from(self.load.spare_addresses);
        let carried = self.addresses - spare;
        let unit = if carried == 1 { "address" } else { "addresses" };
        let peak = grouped(self.load.peak_connections_per_destination.get());
        let each = grouped(self.limits.connections_per_address.get().into());
        write!(f, "{peak} connections / {each} per address = {carried} {unit}")?;
        if spare > 0 {
            write!(f, ", + {spare} spare = {}", self.addresses)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits =
        Limits { connections_per_address: NonZeroU32::new(55_000).expect("not zero"), addresses_per_gateway: 8 };

    fn need(peak: u64, spare_addresses: u32) -> Need {
        let peak_connections_per_destination = NonZeroU64::new(peak).expect("not zero");
        Load { peak_connections_per_destination, spare_addresses }.need(LIMITS)
    }

    #[test]
    fn counts_by_whole_addresses() {
        let cases = [
            (1, 0, 1),
            (55_000, 0, 1),
            (55_001, 0, 2),
            (120_000, 1, 4),
            (440_000, 0, 8),
            (u64::MAX, 1, 335_395_346_794_721),
        ];
        for (peak, spare, addresses) in cases {
            assert_eq!(need(peak, spare).addresses, addresses, "{peak} + {spare}");
        }
    }

    #[test]
    fn judges_what_is_there() {
        let cases = [
            (120_000, 1, 4, Verdict::Enough),
            (120_000, 1, 3, Verdict::NoSpare),
            (120_000, 1, 2, Verdict::TooFew),
            (440_001, 0, 8, Verdict::Impossible),
            (440_000, 1, 8, Verdict::NoSpare),
        ];
        for (peak, spare, have, verdict) in cases {
            assert_eq!(need(peak, spare).verdict(have), verdict, "{peak} + {spare} on {have}");
        }
    }

    #[test]
    fn shows_the_computation() {
        assert_eq!(
            need(120_000, 1).to_string(),
            "120,000 connections / 55,000 per address = 3 addresses, + 1 spare = 4"
        );
        assert_eq!(need(10, 0).to_string(), "10 connections / 55,000 per address = 1 address");
    }

    proptest! {
        #[test]
        fn enough_carries_the_peak_and_one_less_does_not(peak in 1_u64..400_000, spare in 0_u32..3) {
            let need = need(peak, spare);
            let least = need.addresses - u64::from(spare);
            prop_assert!(need.carried_by(least) >= peak);
            prop_assert!(need.carried_by(least - 1) < peak);
            prop_assert_eq!(need.verdict(need.addresses), Verdict::Enough);
            prop_assert_eq!(need.verdict(least - 1), Verdict::TooFew);
        }
    }
}
