//! The jobs under which what no chart scrapes is scraped. The monitors of this crate set them, so that the rules can rely on them.

use crate::estate::WatchedGateway;

/// The job of the proxies beside pods.
pub const SIDECARS: &str = "egress-sidecars";
/// The job of the node proxies of an ambient mesh.
pub const ZTUNNEL: &str = "egress-ztunnel";
/// The job of waypoints.
pub const WAYPOINTS: &str = "egress-waypoints";
/// What the job of a gateway begins with; its namespace and name follow.
pub const GATEWAYS: &str = "egress-gateway";

/// The job of a gateway.
pub fn of_gateway(gateway: &WatchedGateway) -> String {
    format!("{GATEWAYS}/{}/{}", gateway.namespace, gateway.name)
}
