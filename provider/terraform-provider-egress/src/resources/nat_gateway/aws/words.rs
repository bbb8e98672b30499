//! What is said of AWS alone.

use std::collections::BTreeSet;

use cloud_aws::nat_gateways::desired::{Desired, RouteKey};
use cloud_aws::nat_gateways::plan::{Conflict, TakenOver, Traffic};
use egress_model::identity::Key;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::input::{path, zone_path};
use crate::clouds::aws::AWS;
use crate::resources::nat_gateway::backend::Words;
use crate::resources::nat_gateway::translate::Translate as _;

/// What AWS adds to the sentences of all clouds.
pub(super) static WORDS: Words = Words {
    example_import: "NAME,ZONE=nat-...",
    fixed: "its subnet, its primary address or another part turns out to be one that AWS cannot change",
    without_loss: " To move a route table without a gap, let its new target take the route over first (another \
                   egress_nat_gateway with take_over_routes), apply, and then take the table out here.",
    without_gap: " To avoid the gap, give the gateway a second address first, or have a gateway in another zone of this resource.",
    unused: "No route table of a subnet routes to them.",
    destinations: ("destination_cidrs", "0.0.0.0/0"),
};

/// The provider looks for gateways in a region where they are not.
pub(super) fn elsewhere(zone: &str, region: &str) -> Diagnostic {
    Diagnostic::error(
        format!("The NAT gateways are not in {region}"),
        format!(
            "The state has a gateway in the zone {zone}, and the provider now looks in {region}. Nothing was \
             changed. Set the region that the gateways are in, in aws.region of the resource or in the provider's \
             aws block or environment."
        ),
    )
    .at(path("region"))
}

/// What becomes of the traffic of a gateway that is replaced.
pub(super) fn traffic(traffic: &Traffic) -> String {
    match traffic {
        Traffic::Kept => {
            "The new gateway carries traffic before routes are swapped to it; egress is not interrupted.".to_owned()
        }
        Traffic::Detour(key) => format!(
            "An address cannot be on both, so traffic goes through the gateway of {key} meanwhile, and leaves from \
             that one's addresses; egress is not interrupted."
        ),
        Traffic::Interrupted => {
            "Its address cannot be on both, and no other gateway of this resource can stand in: EGRESS IS \
             INTERRUPTED from the deletion of the old gateway until the new one is available, 3 to 5 minutes as a \
             rule. To avoid that, give it a second address first, or have a gateway in another zone of this \
             resource."
                .to_owned()
        }
    }
}

/// A route that is taken from others, on the user's word.
pub(super) fn taken_over(taken: &TakenOver) -> Diagnostic {
    let (table, destination) = &taken.route;
    let detail = format!(
        "The route of {destination} in {table} points to {} now. It is swapped atomically to the gateway of {}, as \
         take_over_routes says. Destroying this resource deletes the route; it does not point it back.",
        taken.from, taken.key
    );
    Diagnostic::warning(format!("A route is taken over from {}", taken.from), detail).at(path("take_over_routes"))
}

/// A route of others to a gateway that goes.
pub(super) fn stranded((table, destination): &RouteKey, gateway: &str) -> Diagnostic {
    let detail = format!(
        "The route of {destination} in {table} points to {gateway}, which is removed, and was not made by this \
         resource. It will lead nowhere (blackhole) until whoever made it changes it."
    );
    Diagnostic::warning("A route of others will point nowhere", detail).at(Path::attribute(AWS.name))
}

fn gateway_path(key: &Key) -> Path {
    cloud_aws::nat_gateways::Ec2Gateways::path_of(key)
}

/// Where the route tables of a gateway are written.
fn tables_path(key: &Key) -> Path {
    gateway_path(key).child("route_table_ids")
}

/// Where an address is written.
pub(super) fn address_path(desired: &Desired, key: &Key, address: &str) -> Path {
    let zone = desired.gateways.get(key).and_then(|gateway| *gateway.kind.addresses().get(address)?);
    zone.map_or_else(|| gateway_path(key), zone_path).child("addresses")
}

/// What stands in the way.
pub(super) fn conflicts(conflicts: &BTreeSet<Conflict>, desired: &Desired) -> Diagnostics {
    let conflicts = conflicts.iter().map(|conflict| match conflict {
        Conflict::AddressInUse { key, address, by } => Diagnostic::error(
            format!("{address} is in use"),
            format!(
                "It is on {by}, which is not of this resource, and is never taken from there. Free it first, or use \
                 another address for {key}."
            ),
        )
        .at(address_path(desired, key, address)),
        Conflict::AddressNotFound { key, address } => Diagnostic::error(
            format!("{address} does not exist"),
            format!(
                "The address that {key} should have is not in this region and account. It may have been released: \
                 if it was in an egress_ip_pool, the pool's plan says how to get it back."
            ),
        )
        .at(address_path(desired, key, address)),
        Conflict::RouteTaken { key, route: (table, destination), target } => Diagnostic::error(
            format!("The route of {destination} in {table} points to {target}"),
            format!(
                "It should point to the gateway of {key}, and is not of this resource. To have it swapped, \
                 atomically, add take_over_routes = [\"{target}\"]; or remove {table} from route_table_ids."
            ),
        )
        .at(tables_path(key)),
        Conflict::TableNotFound { key, table } => Diagnostic::error(
            format!("The route table {table} does not exist"),
            format!("It is not in this region and account. Correct route_table_ids of {key}."),
        )
        .at(tables_path(key)),
    });
    conflicts.collect()
}

/// Another resource of the configuration has the same route.
pub(super) fn shared((table, destination): &RouteKey, key: &Key, other: &str) -> Diagnostic {
    let detail = format!(
        "{other} routes {destination} in {table} to a gateway too. A route has one target: the two would take it \
         from each other with every apply, and destroying one would cut the other's traffic. Name {table} in one of \
         them only, or give them different destinations. Terraform plans what is written before a destroy too: to \
         destroy what there is first, run it with -refresh=false."
    );
    Diagnostic::error(format!("The route of {destination} in {table} is claimed twice"), detail).at(tables_path(key))
}
