//! What has to be known of an installation of Antrea.

use std::net::IpAddr;

/// A subnet of egress addresses that is not the nodes' own (Antrea's documentation, "Egress", `SubnetInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AntreaSubnet {
    /// The router to which traffic from these addresses goes.
    pub gateway: IpAddr,
    /// The length of the subnet's prefix.
    pub prefix_length: u8,
    /// The VLAN that the network expects of this traffic.
    pub vlan: Option<u16>,
}
