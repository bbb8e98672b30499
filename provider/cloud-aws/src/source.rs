//! Where addresses come from.

/// Where EC2 takes an Elastic IP address from. What is `None` was not chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The group of zones from which AWS advertises the address, such as `us-east-1-wl1-bos-wlz-1`. A NAT gateway takes only
    /// addresses of its zone's group.
    pub network_border_group: Option<String>,
    /// A pool of addresses that the user brought to AWS, such as `ipv4pool-ec2-0123`.
    pub public_ipv4_pool: Option<String>,
    /// A pool of Amazon VPC IP Address Manager, such as `ipam-pool-0123`.
    pub ipam_pool_id: Option<String>,
}

impl egress_model::ip_pool::Source for Source {
    /// Nothing of an Elastic IP address but its tags can be changed.
    type Settings = ();

    fn admits(&self, actual: &Self) -> bool {
        let admits = |wanted: &Option<String>, actual: &Option<String>| wanted.is_none() || wanted == actual;
        admits(&self.network_border_group, &actual.network_border_group)
            && admits(&self.public_ipv4_pool, &actual.public_ipv4_pool)
            && admits(&self.ipam_pool_id, &actual.ipam_pool_id)
    }
}
