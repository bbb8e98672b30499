//! NAT gateways as wholes.

use stand_in_cloud::ec2::OutsideChange;

use super::{Cloud, value, values};

#[test]
fn pending_first() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.pending(&address);
    assert_eq!(cloud.state(&gateway), "pending");
    cloud.wait(99);
    assert_eq!(cloud.state(&gateway), "pending");
    cloud.wait(1);
    assert_eq!(cloud.state(&gateway), "available");
}

/// The failure that a gateway in a subnet ends with; first it must have been accepted.
fn failure(cloud: &mut Cloud, subnet: &str, allocation: &str) -> (String, String) {
    let body = cloud.ok("CreateNatGateway", &[("SubnetId", subnet), ("AllocationId", allocation)]);
    assert_eq!(value(&body, "state"), "pending");
    assert!(!body.contains("failureCode"), "{body}");
    let gateway = value(&body, "natGatewayId");
    cloud.wait(100);
    let body = cloud.describe(&gateway);
    assert_eq!(value(&body, "state"), "failed");
    (value(&body, "failureCode"), value(&body, "failureMessage"))
}

#[test]
fn fails_after_200() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    cloud.available(&address);
    let subnet = cloud.subnet("eu-west-1b");
    let (code, message) = failure(&mut cloud, &subnet, &address);
    assert!(!code.is_empty() && message.contains(&address), "{code}: {message}");
}

#[test]
fn fails_without_internet_gateway() {
    let mut cloud = Cloud::new();
    let (vpc, gateway) = (cloud.vpc.vpc_id.clone(), cloud.vpc.internet_gateway_id.clone());
    cloud.ok("DetachInternetGateway", &[("InternetGatewayId", &gateway), ("VpcId", &vpc)]);
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1a"));
    let (code, message) = failure(&mut cloud, &subnet, &address);
    assert_eq!(
        (code.as_str(), message),
        ("Gateway.NotAttached", format!("Network {vpc} has no Internet gateway attached"))
    );
    // A private gateway needs none.
    let body = cloud.ok("CreateNatGateway", &[("SubnetId", &subnet), ("ConnectivityType", "private")]);
    cloud.wait(100);
    assert_eq!(cloud.state(&value(&body, "natGatewayId")), "available");
}

#[test]
fn fails_with_address_in_use() {
    let mut cloud = Cloud::new();
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1b"));
    let first = cloud.pending(&address);
    assert_eq!(failure(&mut cloud, &subnet, &address).0, "Resource.AlreadyAssociated");
    assert_eq!(cloud.inventory().addresses[&address].nat_gateway_id, Some(first));
}

#[test]
fn fails_with_address_gone() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.pending(&address);
    cloud.change_outside(OutsideChange::LoseAddress { allocation_id: address });
    cloud.wait(100);
    assert_eq!(value(&cloud.describe(&gateway), "failureCode"), "InvalidAllocationID.NotFound");
}

#[test]
fn fails_with_full_subnet() {
    let mut cloud = Cloud::new();
    let vpc = cloud.vpc.vpc_id.clone();
    let subnet = value(&cloud.ok("CreateSubnet", &[("VpcId", &vpc), ("CidrBlock", "10.0.250.0/28")]), "subnetId");
    for _ in 0..11 {
        cloud.ok("CreateNetworkInterface", &[("SubnetId", &subnet)]);
    }
    assert_eq!(cloud.code("CreateNetworkInterface", &[("SubnetId", &subnet)]), "InsufficientFreeAddressesInSubnet");
    let address = cloud.allocate();
    assert_eq!(failure(&mut cloud, &subnet, &address).0, "InsufficientFreeAddressesInSubnet");
}

#[test]
fn fails_with_other_border_group() {
    let mut cloud = Cloud::new();
    let subnet = cloud.subnet("eu-west-1a");
    let body = cloud.ok("AllocateAddress", &[("NetworkBorderGroup", "eu-west-1-wl1-dub-wlz-1")]);
    let message = failure(&mut cloud, &subnet, &value(&body, "allocationId")).1;
    assert!(message.contains("border group"), "{message}");
}

#[test]
fn failed_is_listed() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    assert_eq!(cloud.state(&gateway), "deleted");
    cloud.wait(3599);
    assert_eq!(values(&cloud.ok("DescribeNatGateways", &[]), "natGatewayId"), [gateway.as_str()]);
    cloud.wait(1);
    assert!(values(&cloud.ok("DescribeNatGateways", &[]), "natGatewayId").is_empty());
    // A failed one gives back its address at once, and is listed as long.
    cloud.ok("ReleaseAddress", &[("AllocationId", &address)]);
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    let (code, message) = ("InternalError".to_owned(), "network error".to_owned());
    cloud.change_outside(OutsideChange::FailNatGateway { nat_gateway_id: gateway.clone(), code, message });
    cloud.ok("ReleaseAddress", &[("AllocationId", &address)]);
    assert_eq!(value(&cloud.describe(&gateway), "failureCode"), "InternalError");
    cloud.wait(3600);
    assert_eq!(cloud.code("DescribeNatGateways", &[("NatGatewayId.1", &gateway)]), "NatGatewayNotFound");
}

#[test]
fn token_repeats() {
    let mut cloud = Cloud::new();
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1a"));
    let params = [("SubnetId", subnet.as_str()), ("AllocationId", &address), ("ClientToken", "once")];
    let first = cloud.ok("CreateNatGateway", &params);
    assert_eq!(value(&first, "clientToken"), "once");
    cloud.wait(100);
    let second = cloud.ok("CreateNatGateway", &params);
    assert_eq!(value(&second, "natGatewayId"), value(&first, "natGatewayId"));
    assert_eq!(value(&second, "state"), "available");
    assert_eq!(cloud.inventory().nat_gateways.len(), 1);
}

#[test]
fn token_mismatch() {
    let mut cloud = Cloud::new();
    let (address, other, subnet) = (cloud.allocate(), cloud.allocate(), cloud.subnet("eu-west-1a"));
    cloud.ok("CreateNatGateway", &[("SubnetId", &subnet), ("AllocationId", &address), ("ClientToken", "t")]);
    let changed = [("SubnetId", subnet.as_str()), ("AllocationId", &other), ("ClientToken", "t")];
    assert_eq!(cloud.code("CreateNatGateway", &changed), "IdempotentParameterMismatch");
    let long = "x".repeat(65);
    let too_long = [("SubnetId", subnet.as_str()), ("AllocationId", &other), ("ClientToken", &long)];
    assert_eq!(cloud.code("CreateNatGateway", &too_long), "InvalidParameterValue");
}

#[test]
fn token_outlives_gateway() {
    let mut cloud = Cloud::new();
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1a"));
    let params = [("SubnetId", subnet.as_str()), ("AllocationId", &address), ("ClientToken", "t")];
    let gateway = value(&cloud.ok("CreateNatGateway", &params), "natGatewayId");
    cloud.wait(100);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    assert_eq!(value(&cloud.ok("CreateNatGateway", &params), "state"), "deleted");
    while !values(&cloud.ok("DescribeNatGateways", &[]), "natGatewayId").is_empty() {
        cloud.wait(60);
    }
    let replay = cloud.ok("CreateNatGateway", &params);
    assert_eq!((value(&replay, "natGatewayId"), value(&replay, "state")), (gateway.clone(), "pending".to_owned()));
    cloud.wait(86_400);
    assert_ne!(value(&cloud.ok("CreateNatGateway", &params), "natGatewayId"), gateway);
}

#[test]
fn pending_hides_addresses() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.pending(&address);
    let pending = cloud.describe(&gateway);
    assert_eq!(value(&pending, "allocationId"), address);
    for name in ["publicIp", "privateIp", "networkInterfaceId", "associationId"] {
        assert!(values(&pending, name).is_empty(), "{name}: {pending}");
    }
    cloud.wait(100);
    let available = cloud.describe(&gateway);
    assert_eq!(value(&available, "publicIp"), "203.0.113.1");
    assert_eq!(value(&available, "privateIp"), "10.0.0.4");
    assert!(value(&available, "networkInterfaceId").starts_with("eni-"));
}

#[test]
fn delete_takes_time() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    let table = cloud.vpc.private_route_table_ids["eu-west-1a"].clone();
    let default = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &gateway)];
    cloud.ok("CreateRoute", &default);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    assert_eq!(cloud.state(&gateway), "deleting");
    assert!(cloud.address(&address).contains("associationId"));
    cloud.wait(60);
    assert_eq!(cloud.state(&gateway), "deleted");
    assert!(!cloud.address(&address).contains("associationId"));
    assert_eq!(cloud.inventory().route_tables[&table].routes["0.0.0.0/0"].state, "blackhole");
}

#[test]
fn delete_again() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    let params = [("NatGatewayId", gateway.as_str())];
    cloud.ok("DeleteNatGateway", &params);
    cloud.ok("DeleteNatGateway", &params);
    cloud.wait(60);
    assert_eq!(cloud.code("DeleteNatGateway", &params), "NatGatewayNotFound");
}

#[test]
fn nat_gateway_not_found() {
    let mut cloud = Cloud::new();
    for (id, code) in [
        ("nat-0123456789abcdef0", "NatGatewayNotFound"),
        ("nat-x", "NatGatewayMalformed"),
        ("x", "NatGatewayMalformed"),
    ] {
        assert_eq!(cloud.code("DescribeNatGateways", &[("NatGatewayId.1", id)]), code);
        assert_eq!(cloud.code("DeleteNatGateway", &[("NatGatewayId", id)]), code);
    }
}

#[test]
fn public_needs_allocation() {
    let mut cloud = Cloud::new();
    let subnet = cloud.subnet("eu-west-1a");
    assert_eq!(cloud.code("CreateNatGateway", &[("SubnetId", &subnet)]), "MissingParameter");
}

#[test]
fn regional_gateway() {
    let mut cloud = Cloud::new();
    let (vpc, one, two) = (cloud.vpc.vpc_id.clone(), cloud.allocate(), cloud.allocate());
    let params = [
        ("AvailabilityMode", "regional"),
        ("VpcId", vpc.as_str()),
        ("AvailabilityZoneAddress.1.AvailabilityZone", "eu-west-1a"),
        ("AvailabilityZoneAddress.1.AllocationId.1", &one),
    ];
    let body = cloud.ok("CreateNatGateway", &params);
    assert_eq!(value(&body, "autoScalingIps"), "disabled");
    let (gateway, table) = (value(&body, "natGatewayId"), value(&body, "routeTableId"));
    let default = cloud.inventory().route_tables[&table].routes["0.0.0.0/0"].target.clone();
    assert_eq!(default, cloud.vpc.internet_gateway_id);
    cloud.wait(100);
    let in_zone = [("NatGatewayId", gateway.as_str()), ("AllocationId.1", &two), ("AvailabilityZoneId", "euw1-az2")];
    assert_eq!(cloud.code("AssociateNatGatewayAddress", &in_zone[..2]), "MissingParameter");
    cloud.ok("AssociateNatGatewayAddress", &in_zone);
    cloud.wait(20);
    assert_eq!(values(&cloud.describe(&gateway), "availabilityZone"), ["eu-west-1a", "eu-west-1b"]);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    assert!(!cloud.inventory().route_tables.contains_key(&table));
    let private = [("AvailabilityMode", "regional"), ("VpcId", vpc.as_str()), ("ConnectivityType", "private")];
    assert_eq!(cloud.code("CreateNatGateway", &private), "InvalidParameterCombination");
    let zonal = [("AvailabilityMode", "regional"), ("VpcId", vpc.as_str()), ("AllocationId", &one)];
    assert_eq!(cloud.code("CreateNatGateway", &zonal), "InvalidParameterCombination");
}

#[test]
fn regional_interfaces() {
    let mut cloud = Cloud::new();
    let (vpc, one, two, three) = (cloud.vpc.vpc_id.clone(), cloud.allocate(), cloud.allocate(), cloud.allocate());
    let params = [
        ("AvailabilityMode", "regional"),
        ("VpcId", vpc.as_str()),
        ("AvailabilityZoneAddress.1.AvailabilityZone", "eu-west-1a"),
        ("AvailabilityZoneAddress.1.AllocationId.1", &one),
        ("AvailabilityZoneAddress.1.AllocationId.2", &two),
        ("AvailabilityZoneAddress.2.AvailabilityZone", "eu-west-1b"),
        ("AvailabilityZoneAddress.2.AllocationId.1", &three),
    ];
    let gateway = value(&cloud.ok("CreateNatGateway", &params), "natGatewayId");
    cloud.wait(100);
    let body = cloud.describe(&gateway);
    let interfaces = values(&body, "networkInterfaceId");
    assert!(interfaces[0] == interfaces[1] && interfaces[0] != interfaces[2], "{interfaces:?}");
    assert_eq!(value(&cloud.address(&three), "networkInterfaceId"), interfaces[2]);
    let association = values(&body, "associationId")[2].clone();
    let leaves = [("NatGatewayId", gateway.as_str()), ("AssociationId.1", &association)];
    cloud.ok("DisassociateNatGatewayAddress", &leaves);
    cloud.wait(30);
    let gone = [("NetworkInterfaceId.1", interfaces[2].as_str())];
    assert_eq!(cloud.code("DescribeNetworkInterfaces", &gone), "InvalidNetworkInterfaceID.NotFound");
    assert_eq!(values(&cloud.describe(&gateway), "networkInterfaceId"), interfaces[..2]);
}

#[test]
fn regional_automatic() {
    let mut cloud = Cloud::new();
    let vpc = cloud.vpc.vpc_id.clone();
    let body = cloud.ok("CreateNatGateway", &[("AvailabilityMode", "regional"), ("VpcId", &vpc)]);
    assert_eq!(value(&body, "autoProvisionZones"), "enabled");
    let gateway = value(&body, "natGatewayId");
    cloud.wait(100);
    let addresses = values(&cloud.describe(&gateway), "allocationId");
    assert_eq!(addresses.len(), 3);
    assert_eq!(value(&cloud.address(&addresses[0]), "serviceManaged"), "rnat");
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &addresses[0])]), "AuthFailure");
    for _ in 0..5 {
        cloud.allocate();
    }
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    assert_eq!(cloud.inventory().addresses.len(), 5);
}

#[test]
fn zonal_refuses_vpc() {
    let mut cloud = Cloud::new();
    let (vpc, subnet, address) = (cloud.vpc.vpc_id.clone(), cloud.subnet("eu-west-1a"), cloud.allocate());
    let params = [("VpcId", vpc.as_str()), ("SubnetId", &subnet), ("AllocationId", &address)];
    assert_eq!(cloud.code("CreateNatGateway", &params), "InvalidParameterCombination");
}

#[test]
fn nat_gateways_per_zone() {
    let mut cloud = Cloud::new();
    cloud.set_quotas(|quotas| quotas.nat_gateways_per_zone = 2);
    let (a, b, subnet) = (cloud.allocate(), cloud.allocate(), cloud.subnet("eu-west-1b"));
    let first = cloud.available(&a);
    cloud.pending(&b);
    let c = cloud.allocate();
    let third = [("SubnetId", subnet.as_str()), ("AllocationId", c.as_str())];
    cloud.ok("CreateNatGateway", &third);
    let subnet = cloud.vpc.private_subnet_ids["eu-west-1a"].clone();
    let fourth = [("SubnetId", subnet.as_str()), ("ConnectivityType", "private")];
    assert_eq!(cloud.code("CreateNatGateway", &fourth), "NatGatewayLimitExceeded");
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &first)]);
    assert_eq!(cloud.code("CreateNatGateway", &fourth), "NatGatewayLimitExceeded");
    cloud.wait(60);
    cloud.ok("CreateNatGateway", &fourth);
}
