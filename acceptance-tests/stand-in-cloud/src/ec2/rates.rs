//! The published rates of calls.

use crate::throttling::Rate;

/// The bucket of an action; each account has one per region and action.
pub(super) fn rate(action: &str) -> Rate {
    const NAT: [&str; 6] = [
        "CreateNatGateway",
        "DeleteNatGateway",
        "AssociateNatGatewayAddress",
        "DisassociateNatGatewayAddress",
        "AssignPrivateNatGatewayAddress",
        "UnassignPrivateNatGatewayAddress",
    ];
    // Reads that are costly without filters or pages.
    const HEAVY: [&str; 3] = ["DescribeInstances", "DescribeInternetGateways", "DescribeNetworkInterfaces"];
    let (burst, per_second) = match action {
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        action if NAT.contains(&action) => (10.0, 1.0),
        action if HEAVY.contains(&action) => (50.0, 10.0),
        action if action.starts_with("Describe") => (100.0, 20.0),
        _ => (50.0, 5.0),
    };
    Rate { burst, per_second }
}
