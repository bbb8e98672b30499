//! GKE: the configuration of ip-masq-agent, which decides for which destinations a pod's address becomes its node's. Cloud NAT then
//! sees one or the other.
//!
//! Source: the GKE documentation ("IP masquerade agent") and ip-masq-agent's `MasqConfig` (`cmd/ip-masq-agent/ip-masq-agent.go`).

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use egress_model::cidr::Cidr;
use serde_json::json;

use crate::Requirement;
use crate::manifest::{Content, Kind, Manifest, Metadata};
use crate::yaml;

/// The most blocks that the agent takes; with more it keeps what it had.
pub const MOST_BLOCKS: usize = 64;

/// Why blocks cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There are none.
    #[error(
        "It names no block: traffic between pods would be translated too. Name at least the cluster's own ranges, which a list of \
         one's own replaces"
    )]
    NoBlock,
    /// There are too many.
    #[error("It has {0} blocks; the agent takes {MOST_BLOCKS}")]
    TooMany(usize),
    /// IPv6, which the agent of GKE does not translate.
    #[error(
        "{0} is an IPv6 block, with which the agent refuses the whole configuration unless it runs with --enable-ipv6"
    )]
    Ipv6(Cidr),
}

/// Destinations to which pods keep their own address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonMasqueradeCidrs(BTreeSet<Cidr>);

impl NonMasqueradeCidrs {
    /// These blocks, each once: 1 to 64, of IPv4.
    pub fn new(blocks: impl IntoIterator<Item = Cidr>) -> Result<Self, Error> {
        let blocks: BTreeSet<_> = blocks.into_iter().collect();
        if blocks.is_empty() {
            return Err(Error::NoBlock);
        }
        if blocks.len() > MOST_BLOCKS {
            return Err(Error::TooMany(blocks.len()));
        }
        match blocks.iter().find(|block| !block.same_family(&Cidr::ALL_IPV4)) {
            Some(block) => Err(Error::Ipv6(*block)),
            None => Ok(Self(blocks)),
        }
    }
}

/// What ip-masq-agent does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpMasqAgent {
    /// Destinations to which pods keep their own address; to all others they have their node's.
    pub non_masquerade: NonMasqueradeCidrs,
    /// Whether also traffic to link-local addresses (169.254.0.0/16), such as the metadata server, has the node's address.
    pub masquerade_link_local: bool,
    /// How often the agent reads its configuration, in seconds.
    pub resync_seconds: NonZeroU32,
}

pub(super) const CONFIG_MAP: Kind = Kind { api_version: "v1", kind: "ConfigMap", plural: "configmaps", accepted: None };

/// The `ConfigMap` that the agent reads: always the same name, namespace and key.
pub fn ip_masq_agent(agent: &IpMasqAgent) -> Manifest {
    let blocks: Vec<_> = agent.non_masquerade.0.iter().map(ToString::to_string).collect();
    let config = json!({
        "nonMasqueradeCIDRs": blocks,
        "masqLinkLocal": agent.masquerade_link_local,
        "resyncInterval": format!("{}s", agent.resync_seconds),
    });
    let metadata = Metadata { name: "ip-masq-agent".to_owned(), ..Metadata::default() }.in_namespace(&"kube-system");
    Manifest::with_content(
        &CONFIG_MAP,
        metadata,
        Content::Data([("config".to_owned(), yaml::document(&config))].into()),
    )
}

/// What the cluster needs for the configuration to count.
pub fn requirements() -> Vec<Requirement> {
    vec![Requirement::Outside(
        "The cluster is a Standard one whose DaemonSet kube-system/ip-masq-agent runs, and was not made with \
         --disable-default-snat; Autopilot takes an EgressNATPolicy instead"
            .to_owned(),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_blocks_the_agent_refuses() {
        let block = |text: &str| text.parse::<Cidr>().expect("a block");
        assert_eq!(NonMasqueradeCidrs::new([]), Err(Error::NoBlock));
        assert_eq!(NonMasqueradeCidrs::new([block("fd00::/8")]), Err(Error::Ipv6(block("fd00::/8"))));
        let many = |count: u8| (0..count).map(|n| block(&format!("10.{n}.0.0/16")));
        assert!(NonMasqueradeCidrs::new(many(64)).is_ok());
        assert_eq!(NonMasqueradeCidrs::new(many(65)), Err(Error::TooMany(65)));
    }
}
