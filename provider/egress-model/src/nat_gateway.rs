//! NAT gateways as every cloud has them: parts with a state and addresses, and what leaves through them.

pub mod capacity;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::identity::{Key, Mark};

/// Where a gateway is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being made; traffic sent to it is lost.
    Pending,
    /// It carries traffic.
    Available,
    /// A change of it failed, and it is as it was or half of what it should be: it still holds its addresses and carries traffic. To be
    /// repaired, and never deleted for that.
    Degraded {
        /// The cloud's own code, such as `InternalServerError`.
        code: String,
        /// The cloud's own words.
        message: String,
    },
    /// It could not be made. It holds nothing and never will.
    Dead {
        /// The cloud's own code, such as `Gateway.NotAttached`.
        code: String,
        /// The cloud's own words.
        message: String,
    },
    /// It is going; it still holds its addresses.
    Deleting,
    /// It is gone, and listed for a while longer.
    Deleted,
}

impl State {
    /// Whether it is there to stay: not dead, not going, not gone.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Pending | Self::Available | Self::Degraded { .. })
    }

    /// One word for it, as the clouds write it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Degraded { .. } => "degraded",
            Self::Dead { .. } => "failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// One address of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The cloud's id of the public address, such as an allocation id; `None` for an address that only is private.
    pub id: Option<String>,
    /// What the internet sees; `None` for private connectivity, or while it is not known.
    pub public_ip: Option<IpAddr>,
    /// What the cloud's own network sees.
    pub private_ip: Option<IpAddr>,
    /// Whether it carries new connections.
    pub carries: Carries,
}

/// Which connections an address of a gateway carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carries {
    /// New ones, now or in a moment.
    #[default]
    All,
    /// Those from before alone: it is leaving the gateway.
    Old,
}

/// One gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The cloud's id.
    pub id: String,
    /// Where it is in its life.
    pub state: State,
    /// Its addresses; while a change is under way also those that come and those that go.
    pub addresses: Vec<Address>,
    /// The identity that it carries; `None` when it carries none, or one that cannot be read.
    pub mark: Option<Mark>,
    /// Its other tags.
    pub tags: BTreeMap<String, String>,
}

impl Gateway {
    /// Its public addresses that are known.
    pub fn public_ips(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().filter_map(|address| address.public_ip)
    }
}

/// The gateways of one resource by key, the same for every cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// By key: the zone on AWS.
    pub gateways: BTreeMap<Key, Gateway>,
}

impl View {
    /// Every public address from which traffic leaves, as single-address CIDRs, sorted and without duplicates. `None` while
    /// one is not known: an allow-list made from a part of them would break the rest.
    pub fn egress_cidrs(&self) -> Option<Vec<IpNet>> {
        let mut cidrs = Vec::new();
        for address in self.gateways.values().flat_map(|gateway| &gateway.addresses) {
            match (address.public_ip, &address.id) {
                (Some(ip), _) => cidrs.push(IpNet::from(ip)),
                (None, Some(_)) => return None,
                (None, None) => {}
            }
        }
        cidrs.sort_unstable();
        cidrs.dedup();
        Some(cidrs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(addresses: &[(Option<&str>, Option<&str>)]) -> View {
        let addresses = addresses
            .iter()
            .map(|(id, ip)| Address {
                id: id.map(str::to_owned),
                public_ip: ip.map(|ip| ip.parse().unwrap()),
                ..Address::default()
            })
            .collect();
        let (mark, tags) = (None, BTreeMap::new());
        let gateway = Gateway { id: "nat-1".into(), state: State::Available, addresses, mark, tags };
        View { gateways: BTreeMap::from([("a".parse().unwrap(), gateway)]) }
    }

    #[test]
    fn egress_cidrs_are_sorted_and_complete_or_unknown() {
        let both = view(&[(Some("e2"), Some("203.0.113.9")), (Some("e1"), Some("203.0.113.7"))]);
        let texts = both.egress_cidrs().map(|cidrs| cidrs.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(texts, Some(vec!["203.0.113.7/32".to_owned(), "203.0.113.9/32".to_owned()]));
        assert_eq!(view(&[(Some("e1"), Some("203.0.113.7")), (Some("e2"), None)]).egress_cidrs(), None);
        assert_eq!(
            view(&[(None, None)]).egress_cidrs(),
            Some(vec![]),
            "private connectivity leaves from no public address"
        );
    }
}
