//! Elastic IP addresses.

use super::{Cloud, value, values};

#[test]
fn address_unknown_to_front_end() {
    let mut cloud = Cloud::new();
    cloud.set_timings(|timings| timings.read_lag_ms = 2_000);
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1a"));
    let params = [("SubnetId", subnet.as_str()), ("AllocationId", &address)];
    assert_eq!(cloud.code("CreateNatGateway", &params), "InvalidElasticIpID.NotFound");
    cloud.wait(2);
    cloud.ok("CreateNatGateway", &params);
}

#[test]
fn address_limit() {
    let mut cloud = Cloud::new();
    for _ in 0..5 {
        cloud.allocate();
    }
    assert_eq!(cloud.code("AllocateAddress", &[("Domain", "vpc")]), "AddressLimitExceeded");
    cloud.ok("AllocateAddress", &[("PublicIpv4Pool", "ipv4pool-ec2-0a1b2c3d4e5f60718")]);
    let body = cloud.ok("DescribeAccountAttributes", &[("AttributeName.1", "vpc-max-elastic-ips")]);
    assert_eq!(values(&body, "attributeValue"), ["5"]);
}

#[test]
fn allocate_has_no_token() {
    let mut cloud = Cloud::new();
    let params = [
        ("ClientToken", "t"),
        ("TagSpecification.1.ResourceType", "elastic-ip"),
        ("TagSpecification.1.Tag.1.Key", "owner"),
        ("TagSpecification.1.Tag.1.Value", "acme & <sons>"),
    ];
    let first = value(&cloud.ok("AllocateAddress", &params), "allocationId");
    let second = value(&cloud.ok("AllocateAddress", &params), "allocationId");
    assert_ne!(first, second);
    assert_eq!(cloud.inventory().addresses[&first].tags["owner"], "acme & <sons>");
    assert!(cloud.address(&first).contains("<value>acme &amp; &lt;sons&gt;</value>"));
    let wrong = [("TagSpecification.1.ResourceType", "natgateway")];
    assert_eq!(cloud.code("AllocateAddress", &wrong), "InvalidParameterValue");
}

#[test]
fn recover_address() {
    let mut cloud = Cloud::new();
    let body = cloud.ok("AllocateAddress", &[]);
    let ip = value(&body, "publicIp");
    assert_eq!(cloud.code("AllocateAddress", &[("Address", &ip)]), "InvalidAddress.NotFound");
    cloud.ok("ReleaseAddress", &[("AllocationId", &value(&body, "allocationId"))]);
    assert_ne!(value(&cloud.ok("AllocateAddress", &[]), "publicIp"), ip, "a released address is not given away");
    let recovered = cloud.ok("AllocateAddress", &[("Address", &ip)]);
    assert_eq!(value(&recovered, "publicIp"), ip);
    assert_ne!(value(&recovered, "allocationId"), value(&body, "allocationId"));
}

#[test]
fn address_pools() {
    let mut cloud = Cloud::new();
    let pool = [("PublicIpv4Pool", "ipv4pool-ec2-0a1b2c3d4e5f60718"), ("Address", "192.0.2.7")];
    let body = cloud.ok("AllocateAddress", &pool);
    assert_eq!((value(&body, "publicIp"), value(&body, "publicIpv4Pool")), ("192.0.2.7".into(), pool[0].1.into()));
    let ipam = cloud.ok("AllocateAddress", &[("IpamPoolId", "ipam-pool-0a1b2c3d4e5f60718")]);
    assert_eq!(value(&ipam, "publicIp"), "192.0.2.16");
    let pools = cloud.ok("DescribePublicIpv4Pools", &[("PoolId.1", pool[0].1)]);
    assert_eq!(value(&pools, "totalAvailableAddressCount"), "15");
    assert_eq!(cloud.code("AllocateAddress", &[("PublicIpv4Pool", "x")]), "InvalidPublicIpv4PoolID.NotFound");
}

#[test]
fn release_in_use() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    cloud.available(&address);
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &address)]), "InvalidIPAddress.InUse");
}

#[test]
fn release_while_deleting() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &address)]), "AuthFailure");
}

#[test]
fn release_after_delete() {
    let mut cloud = Cloud::new();
    cloud.set_timings(|timings| timings.release_lag_ms = 10_000);
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &address)]), "InvalidNetworkInterfaceID.NotFound");
    cloud.wait(10);
    cloud.ok("ReleaseAddress", &[("AllocationId", &address)]);
    assert_eq!(cloud.code("ReleaseAddress", &[("AllocationId", &address)]), "InvalidAllocationID.NotFound");
}

#[test]
fn disassociate_from_nat_gateway() {
    let mut cloud = Cloud::new();
    let address = cloud.allocate();
    let gateway = cloud.available(&address);
    let association = value(&cloud.describe(&gateway), "associationId");
    assert_eq!(cloud.code("DisassociateAddress", &[("AssociationId", &association)]), "AuthFailure");
    assert_eq!(cloud.code("DisassociateAddress", &[("AssociationId", "x")]), "InvalidAssociationID.NotFound");
}

#[test]
fn reassociation() {
    let mut cloud = Cloud::new();
    let (address, subnet) = (cloud.allocate(), cloud.subnet("eu-west-1a"));
    let one = value(&cloud.ok("CreateNetworkInterface", &[("SubnetId", &subnet)]), "networkInterfaceId");
    let two = value(&cloud.ok("CreateNetworkInterface", &[("SubnetId", &subnet)]), "networkInterfaceId");
    let first = [("AllocationId", address.as_str()), ("NetworkInterfaceId", &one)];
    let association = value(&cloud.ok("AssociateAddress", &first), "associationId");
    assert_eq!(value(&cloud.ok("AssociateAddress", &first), "associationId"), association);
    let second = [("AllocationId", address.as_str()), ("NetworkInterfaceId", &two), ("AllowReassociation", "true")];
    assert_eq!(cloud.code("AssociateAddress", &second[..2]), "Resource.AlreadyAssociated");
    cloud.ok("AssociateAddress", &second);
    assert_eq!(value(&cloud.address(&address), "networkInterfaceId"), two);
    let association = value(&cloud.address(&address), "associationId");
    cloud.ok("DisassociateAddress", &[("AssociationId", &association)]);
    assert!(!cloud.address(&address).contains("associationId"));
}
