//! Which parts of network-policy-api a cluster has.

/// The channel of the CRDs of network-policy-api, which says whether they have the parts that may still change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NetworkPolicyApiChannel {
    /// Only what is settled.
    #[default]
    Standard,
    /// Also nodes and domain names as destinations, and in v1alpha1 named ports.
    Experimental,
}
