//! The addresses of NAT gateways.

use super::{Cloud, value, values};

#[test]
fn association_lag() {
    let mut cloud = Cloud::new();
    cloud.set_timings(|timings| timings.association_lag_ms = 30_000);
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    assert_eq!(values(&cloud.describe(&gateway), "associationId").len(), 1);
    assert!(!cloud.address(&address).contains("associationId"));
    cloud.wait(30);
    assert!(cloud.address(&address).contains("associationId"));
}

#[test]
fn one_address_change_at_a_time() {
    let mut cloud = Cloud::new();
    cloud.set_quotas(|quotas| quotas.addresses_per_nat_gateway = 8);
    let (a, b, c) = (cloud.allocate(), cloud.allocate(), cloud.allocate());
    let gateway = cloud.available(&a);
    cloud.ok("AssociateNatGatewayAddress", &[("NatGatewayId", &gateway), ("AllocationId.1", &b)]);
    let next = [("NatGatewayId", gateway.as_str()), ("AllocationId.1", c.as_str())];
    let reply = cloud.reply("AssociateNatGatewayAddress", &next);
    assert_eq!(reply.code.as_deref(), Some("OperationInProgress"));
    assert!(reply.body.contains(&format!("ASSOCIATING the following EIPs: [{b}]")), "{}", reply.body);
    cloud.wait(20);
    cloud.ok("AssociateNatGatewayAddress", &next);
}

#[test]
fn secondary_addresses() {
    let mut cloud = Cloud::new();
    cloud.set_quotas(|quotas| quotas.addresses_per_nat_gateway = 8);
    let (a, b, c, subnet) = (cloud.allocate(), cloud.allocate(), cloud.allocate(), cloud.subnet("eu-west-1a"));
    let params = [
        ("SubnetId", subnet.as_str()),
        ("AllocationId", &a),
        ("PrivateIpAddress", "10.0.0.10"),
        ("SecondaryAllocationId.1", &b),
        ("SecondaryPrivateIpAddress.1", "10.0.0.11"),
    ];
    let gateway = value(&cloud.ok("CreateNatGateway", &params), "natGatewayId");
    cloud.wait(100);
    let body = cloud.describe(&gateway);
    assert_eq!(values(&body, "privateIp"), ["10.0.0.10", "10.0.0.11"]);
    assert_eq!(values(&body, "isPrimary"), ["true", "false"]);
    let added = [("NatGatewayId", gateway.as_str()), ("AllocationId.1", &c), ("PrivateIpAddress.1", "10.0.0.12")];
    assert_eq!(value(&cloud.ok("AssociateNatGatewayAddress", &added), "status"), "associating");
    assert_eq!(cloud.state(&gateway), "available");
    cloud.wait(20);
    let body = cloud.describe(&gateway);
    assert_eq!(values(&body, "status"), ["succeeded"; 3]);
    let association = values(&body, "associationId")[2].clone();
    let removed = [("NatGatewayId", gateway.as_str()), ("AssociationId.1", association.as_str())];
    assert_eq!(value(&cloud.ok("DisassociateNatGatewayAddress", &removed), "status"), "disassociating");
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &c)]), "InvalidIPAddress.InUse");
    cloud.wait(30);
    assert_eq!(values(&cloud.describe(&gateway), "allocationId"), [a, b]);
    cloud.ok("ReleaseAddress", &[("AllocationId", &c)]);
    assert_eq!(cloud.code("DisassociateNatGatewayAddress", &removed), "InvalidAssociationID.NotFound");
    let taken = [("SubnetId", subnet.as_str()), ("ConnectivityType", "private"), ("PrivateIpAddress", "10.0.0.10")];
    assert_eq!(cloud.code("CreateNatGateway", &taken), "InvalidIPAddress.InUse");
}

#[test]
fn primary_stays() {
    let mut cloud = Cloud::new();
    let (a, b) = (cloud.allocate(), cloud.allocate());
    let gateway = cloud.available(&a);
    cloud.ok("AssociateNatGatewayAddress", &[("NatGatewayId", &gateway), ("AllocationId.1", &b)]);
    cloud.wait(20);
    let primary = value(&cloud.describe(&gateway), "associationId");
    let params = [("NatGatewayId", gateway.as_str()), ("AssociationId.1", &primary)];
    assert_eq!(cloud.code("DisassociateNatGatewayAddress", &params), "InvalidParameterValue");
    assert_eq!(values(&cloud.describe(&gateway), "status"), ["succeeded"; 2]);
}

#[test]
fn drain() {
    let mut cloud = Cloud::new();
    let (a, b) = (cloud.allocate(), cloud.allocate());
    let gateway = cloud.available(&a);
    // Connections live for 30 s here: the caller's maximum ends the first drain, their own end the second.
    for (longest, seconds) in [(Some("5"), 5), (None, 30)] {
        cloud.ok("AssociateNatGatewayAddress", &[("NatGatewayId", &gateway), ("AllocationId.1", &b)]);
        cloud.wait(20);
        let association = values(&cloud.describe(&gateway), "associationId")[1].clone();
        let mut params = vec![("NatGatewayId", gateway.as_str()), ("AssociationId.1", &association)];
        params.extend(longest.map(|longest| ("MaxDrainDurationSeconds", longest)));
        cloud.ok("DisassociateNatGatewayAddress", &params);
        cloud.wait(seconds - 1);
        assert_eq!(values(&cloud.describe(&gateway), "status"), ["succeeded", "disassociating"]);
        cloud.wait(1);
        assert_eq!(values(&cloud.describe(&gateway), "status"), ["succeeded"]);
        assert!(!cloud.address(&b).contains("associationId"));
    }
    let too_long = [("NatGatewayId", gateway.as_str()), ("AssociationId.1", "x"), ("MaxDrainDurationSeconds", "4001")];
    assert_eq!(cloud.code("DisassociateNatGatewayAddress", &too_long), "InvalidParameterValue");
}

#[test]
fn free_after_it_left() {
    let mut cloud = Cloud::new();
    cloud.set_timings(|timings| timings.release_lag_ms = 10_000);
    let (a, b) = (cloud.allocate(), cloud.allocate());
    let gateway = cloud.available(&a);
    let associate = [("NatGatewayId", gateway.as_str()), ("AllocationId.1", b.as_str())];
    cloud.ok("AssociateNatGatewayAddress", &associate);
    cloud.wait(20);
    let body = cloud.describe(&gateway);
    let (association, interface) = (values(&body, "associationId")[1].clone(), value(&body, "networkInterfaceId"));
    cloud.ok("DisassociateNatGatewayAddress", &[("NatGatewayId", &gateway), ("AssociationId.1", &association)]);
    cloud.wait(30);
    assert_eq!(values(&cloud.describe(&gateway), "allocationId"), [a]);
    assert_eq!(value(&cloud.address(&b), "networkInterfaceId"), interface);
    assert_eq!(cloud.code("AssociateNatGatewayAddress", &associate), "Resource.AlreadyAssociated");
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &b)]), "InvalidIPAddress.InUse");
    cloud.wait(10);
    assert!(!cloud.address(&b).contains("networkInterfaceId"));
    cloud.ok("AssociateNatGatewayAddress", &associate);
}

#[test]
fn addresses_per_nat_gateway() {
    let mut cloud = Cloud::new();
    cloud.set_quotas(|quotas| quotas.addresses = 100);
    for quota in [2_usize, 8, 9] {
        cloud.set_quotas(|quotas| quotas.addresses_per_nat_gateway = quota);
        let limit = quota.min(8);
        let addresses: Vec<String> = (0..=limit).map(|_| cloud.allocate()).collect();
        let gateway = cloud.available(&addresses[0]);
        for address in &addresses[1..limit] {
            cloud.ok("AssociateNatGatewayAddress", &[("NatGatewayId", &gateway), ("AllocationId.1", address)]);
            cloud.wait(20);
        }
        let more = [("NatGatewayId", gateway.as_str()), ("AllocationId.1", &addresses[limit])];
        assert_eq!(cloud.code("AssociateNatGatewayAddress", &more), "NatGatewayAddressLimitExceeded");
    }
}

#[test]
fn private_gateway_addresses() {
    let mut cloud = Cloud::new();
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1a"));
    let private = [("SubnetId", subnet.as_str()), ("ConnectivityType", "private")];
    let mut with_address = private.to_vec();
    with_address.push(("AllocationId", &address));
    assert_eq!(cloud.code("CreateNatGateway", &with_address), "InvalidParameterCombination");
    let mut counted = private.to_vec();
    counted.push(("SecondaryPrivateIpAddressCount", "2"));
    let gateway = value(&cloud.ok("CreateNatGateway", &counted), "natGatewayId");
    cloud.wait(100);
    assert_eq!(values(&cloud.describe(&gateway), "privateIp").len(), 3);
    assert!(values(&cloud.describe(&gateway), "publicIp").is_empty());
    let own = [("NatGatewayId", gateway.as_str()), ("PrivateIpAddress.1", "10.0.0.99")];
    assert_eq!(value(&cloud.ok("AssignPrivateNatGatewayAddress", &own), "status"), "assigning");
    cloud.wait(20);
    let outside = [("NatGatewayId", gateway.as_str()), ("PrivateIpAddress.1", "10.0.9.99")];
    assert_eq!(cloud.code("AssignPrivateNatGatewayAddress", &outside), "InvalidParameterValue");
    let count = [("NatGatewayId", gateway.as_str()), ("PrivateIpAddressCount", "5")];
    assert_eq!(cloud.code("AssignPrivateNatGatewayAddress", &count), "NatGatewayAddressLimitExceeded");
    assert_eq!(value(&cloud.ok("UnassignPrivateNatGatewayAddress", &own), "status"), "unassigning");
    cloud.wait(30);
    assert_eq!(values(&cloud.describe(&gateway), "privateIp").len(), 3);
    let associated = [("NatGatewayId", gateway.as_str()), ("AllocationId.1", &address)];
    assert_eq!(cloud.code("AssociateNatGatewayAddress", &associated), "InvalidParameterCombination");
}
