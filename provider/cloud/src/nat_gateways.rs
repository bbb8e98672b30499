//! The seam for NAT gateways.

pub mod memory;

use egress_model::nat_gateway::View;

use crate::Reconcile;

/// NAT gateways, their addresses and what sends traffic to them, in one place of a cloud.
pub trait NatGateways: Reconcile {
    /// What becomes of gateways whose resource is given another name.
    const RENAMING: Renaming;

    /// What every cloud can say of what there is.
    fn view(observed: &Self::Observed) -> View;
}

/// What becomes of gateways whose resource is given another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renaming {
    /// They stay, and carry the new name as a tag or label.
    InPlace,
    /// They carry the identity in a name of their own, which cannot change, as a NAT of a router on Google Cloud: the plan refuses.
    Refused,
}
