//! The seam for steering: traffic to some destinations leaves through a gateway that is there already.

use crate::Reconcile;

/// What sends traffic to a gateway by its destination, in one place of a cloud.
///
/// AWS has a route in each route table, Google Cloud a rule of a router's NAT. Neither carries an identity of its own: what finds one
/// again is where it is and what it matches, such as a route table and a destination. So the state records what a resource has made, and
/// what is there and points to the right gateway is taken as made. A plan puts new before old, and routes nothing away from a target that
/// is not named in what is wanted.
pub trait Steering: Reconcile {}
