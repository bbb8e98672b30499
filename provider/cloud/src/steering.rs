//! The seam for steering: traffic to some destinations leaves through a gateway that is there already.

use std::collections::BTreeMap;

use crate::Reconcile;

/// What sends traffic to a gateway by its destination, in one place of a cloud.
///
/// AWS has a route in each route table, Google Cloud a rule of a router's NAT. Neither carries an identity of its own: what finds one
/// again is where it is and what it matches, such as a route table and a destination. So the state records what a resource has made, and
/// what is there and points to the right gateway is taken as made. A plan puts new before old, and routes nothing away from a target that
/// is not named in what is wanted.
pub trait Steering: Reconcile {
    /// What the state is to record now: what is wanted and leads where it should, and what was recorded before, is still there and is
    /// this resource's to remove.
    fn record(desired: &Self::Desired, observed: &Self::Observed) -> Record;
}

/// What a resource has made, as the state says it: where each part is and what it matches, such as `rtb-0123_203.0.113.0/24`, with what it
/// points to now.
pub type Record = BTreeMap<String, String>;

/// What of a plan is to be done. What the routes are for stands between the two: pods may send only once their traffic leaves
/// through the gateway, and a route goes only when nothing is sent along it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Routes are made and swapped; what is no longer wanted stays.
    Make,
    /// All of it.
    MakeAndRemove,
}
