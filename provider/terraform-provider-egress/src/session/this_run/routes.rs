//! Which resource has which route of a cloud's network.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clouds::Place;

/// Which resource of a run has a route that is recorded by its place alone, such as `rtb-0123_203.0.113.0/24`. Two must not have
/// the same one: removing one would cut the other's traffic.
#[derive(Debug, Default)]
pub(crate) struct RouteClaims {
    holders: Mutex<BTreeMap<(Place, String), String>>,
    /// Held while routes are removed, from the question whose they are to the last call.
    removal: tokio::sync::Mutex<()>,
}

impl RouteClaims {
    /// Waits until no routes are being removed, and keeps it so. Without it a resource could find a route that another one is
    /// about to remove, take it for its own, and lose it.
    pub(crate) async fn no_removal(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.removal.lock().await
    }

    /// Notes that a resource has a route; the other resource that has it, if there is one.
    pub(crate) fn claim(&self, place: &Place, route: &str, resource: &str) -> Option<String> {
        let mut claims = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = claims.entry((place.clone(), route.to_owned())).or_insert_with(|| resource.to_owned());
        (holder != resource).then(|| holder.clone())
    }

    /// Whether a resource of this run other than this one has the route; of none, whether any has.
    pub(crate) fn is_of_another(&self, place: &Place, route: &str, resource: Option<&str>) -> bool {
        let claims = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        claims.get(&(place.clone(), route.to_owned())).is_some_and(|holder| Some(holder.as_str()) != resource)
    }
}
