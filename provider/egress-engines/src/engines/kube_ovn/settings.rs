//! What has to be known of an installation of Kube-OVN.

/// Where the gateways of Kube-OVN are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeOvnSettings {
    /// The subnet outside, whose addresses the gateways have. They need one.
    pub external_subnet: Option<String>,
    /// The VPC whose pods use them; the cluster's own where there is none.
    pub vpc: Option<String>,
}
