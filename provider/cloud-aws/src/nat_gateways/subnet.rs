//! Where gateways stand.

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// The zone that it is in.
    pub zone: String,
    /// The network that it belongs to.
    pub vpc: String,
}
