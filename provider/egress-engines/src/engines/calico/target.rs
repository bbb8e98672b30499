//! Destinations in the making.

use super::object::{Destination, Family};

/// A destination without ports.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) family: Option<Family>,
    /// Whether it can be a pod, of which alone a port has a name.
    pub(super) pods: bool,
    pub(super) destination: Destination,
}

impl Target {
    /// What is no pod.
    pub(super) fn outside(family: Option<Family>, destination: Destination) -> Self {
        Self { family, pods: false, destination }
    }

    /// What can be a pod.
    pub(super) fn pods(destination: Destination) -> Self {
        Self { family: None, pods: true, destination }
    }
}
