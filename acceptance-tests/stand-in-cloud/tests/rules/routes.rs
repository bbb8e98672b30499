//! Routes and networks.

use super::{Cloud, value, values};

/// The private route table of zone a.
fn table(cloud: &Cloud) -> String {
    cloud.vpc.private_route_table_ids["eu-west-1a"].clone()
}

#[test]
fn route_exists() {
    let mut cloud = Cloud::new();
    let (address, table, igw) = (cloud.allocate(), table(&cloud), cloud.vpc.internet_gateway_id.clone());
    let gateway = cloud.available(&address);
    let to_igw = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", &igw)];
    let to_nat = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &gateway)];
    cloud.ok("CreateRoute", &to_igw);
    cloud.ok("CreateRoute", &to_igw);
    assert_eq!(cloud.code("CreateRoute", &to_nat), "RouteAlreadyExists");
    cloud.ok("ReplaceRoute", &to_nat);
    assert_eq!(cloud.inventory().route_tables[&table].routes["0.0.0.0/0"].target, gateway);
    let both = [to_igw[0], to_igw[1], to_igw[2], to_nat[2]];
    assert_eq!(cloud.code("ReplaceRoute", &both), "InvalidParameterCombination");
}

#[test]
fn route_replace_missing() {
    let mut cloud = Cloud::new();
    let (table, igw) = (table(&cloud), cloud.vpc.internet_gateway_id.clone());
    let params = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", &igw)];
    assert_eq!(cloud.code("ReplaceRoute", &params), "InvalidParameterValue");
}

#[test]
fn route_delete_missing() {
    let mut cloud = Cloud::new();
    let table = table(&cloud);
    let params = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0")];
    assert_eq!(cloud.code("DeleteRoute", &params), "InvalidRoute.NotFound");
    assert_eq!(cloud.code("DeleteRoute", &[("RouteTableId", "rtb-1"), params[1]]), "InvalidRouteTableID.NotFound");
}

#[test]
fn route_to_invisible_gateway() {
    let mut cloud = Cloud::new();
    let (address, table) = (cloud.allocate(), table(&cloud));
    cloud.set_timings(|timings| timings.read_lag_ms = 2_000);
    let gateway = cloud.pending(&address);
    let params = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &gateway)];
    assert_eq!(cloud.code("CreateRoute", &params), "InvalidNatGatewayID.NotFound");
    cloud.wait(2);
    cloud.ok("CreateRoute", &params);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    let again = [params[0], ("DestinationCidrBlock", "192.0.2.0/24"), params[2]];
    assert_eq!(cloud.code("CreateRoute", &again), "InvalidNatGatewayID.NotFound");
}

#[test]
fn route_canonical() {
    let mut cloud = Cloud::new();
    let (table, igw) = (table(&cloud), cloud.vpc.internet_gateway_id.clone());
    let params = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "100.68.0.18/18"), ("GatewayId", &igw)];
    cloud.ok("CreateRoute", &params);
    assert!(cloud.inventory().route_tables[&table].routes.contains_key("100.68.0.0/18"));
    let list = [("PrefixListName", "partners"), ("AddressFamily", "IPv4"), ("MaxEntries", "5")];
    let list = value(&cloud.ok("CreateManagedPrefixList", &list), "prefixListId");
    cloud.ok("CreateRoute", &[params[0], ("DestinationPrefixListId", &list), params[2]]);
    let filter = [("Filter.1.Name", "route.destination-prefix-list-id"), ("Filter.1.Value.1", list.as_str())];
    assert_eq!(values(&cloud.ok("DescribeRouteTables", &filter), "destinationPrefixListId"), [list.as_str()]);
}

#[test]
fn route_blackhole() {
    let mut cloud = Cloud::new();
    let (address, table, subnet) = (cloud.allocate(), table(&cloud), cloud.subnet("eu-west-1a"));
    let gateway = cloud.available(&address);
    let interface = value(&cloud.ok("CreateNetworkInterface", &[("SubnetId", &subnet)]), "networkInterfaceId");
    cloud.ok(
        "CreateRoute",
        &[("RouteTableId", &table), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &gateway)],
    );
    let other = [
        ("RouteTableId", table.as_str()),
        ("DestinationCidrBlock", "192.0.2.0/24"),
        ("NetworkInterfaceId", &interface),
    ];
    cloud.ok("CreateRoute", &other);
    let states = |cloud: &mut Cloud| -> Vec<String> {
        cloud.inventory().route_tables[&table].routes.values().map(|route| route.state.clone()).collect()
    };
    assert_eq!(states(&mut cloud), ["active"; 3]);
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.ok("DeleteNetworkInterface", &[("NetworkInterfaceId", &interface)]);
    assert_eq!(states(&mut cloud), ["blackhole", "active", "blackhole"]);
}

#[test]
fn route_quota() {
    let mut cloud = Cloud::new();
    let (table, igw) = (table(&cloud), cloud.vpc.internet_gateway_id.clone());
    for third in 0..50 {
        let block = format!("203.0.{third}.0/24");
        cloud.ok("CreateRoute", &[("RouteTableId", &table), ("DestinationCidrBlock", &block), ("GatewayId", &igw)]);
    }
    let more = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", &igw)];
    assert_eq!(cloud.code("CreateRoute", &more), "RouteLimitExceeded");
}

#[test]
fn local_route() {
    let mut cloud = Cloud::new();
    let (table, igw) = (table(&cloud), cloud.vpc.internet_gateway_id.clone());
    let local = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "10.0.0.0/16"), ("GatewayId", &igw)];
    assert_eq!(cloud.code("DeleteRoute", &local[..2]), "InvalidParameterValue");
    assert_eq!(cloud.code("ReplaceRoute", &local), "InvalidParameterValue");
}

#[test]
fn internet_gateway_detach() {
    let mut cloud = Cloud::new();
    let (vpc, igw, address) = (cloud.vpc.vpc_id.clone(), cloud.vpc.internet_gateway_id.clone(), cloud.allocate());
    let gateway = cloud.available(&address);
    let params = [("InternetGatewayId", igw.as_str()), ("VpcId", &vpc)];
    let reply = cloud.reply("DetachInternetGateway", &params);
    assert_eq!(reply.code.as_deref(), Some("DependencyViolation"));
    assert!(reply.body.contains("mapped public address(es)"));
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    assert_eq!(cloud.code("DetachInternetGateway", &params), "DependencyViolation");
    cloud.wait(60);
    cloud.ok("DetachInternetGateway", &params);
    cloud.ok("DeleteInternetGateway", &params[..1]);
}

#[test]
fn network_in_use() {
    let mut cloud = Cloud::new();
    let (vpc, subnet, address) = (cloud.vpc.vpc_id.clone(), cloud.subnet("eu-west-1a"), cloud.allocate());
    let gateway = cloud.available(&address);
    assert_eq!(cloud.code("DeleteSubnet", &[("SubnetId", &subnet)]), "DependencyViolation");
    assert_eq!(cloud.code("DeleteVpc", &[("VpcId", &vpc)]), "DependencyViolation");
    cloud.ok("DeleteNatGateway", &[("NatGatewayId", &gateway)]);
    cloud.wait(60);
    cloud.ok("DeleteSubnet", &[("SubnetId", &subnet)]);
    let empty = value(&cloud.ok("CreateVpc", &[("CidrBlock", "10.1.0.0/16")]), "vpcId");
    cloud.ok("DeleteVpc", &[("VpcId", &empty)]);
    assert_eq!(cloud.code("DescribeVpcs", &[("VpcId.1", &empty)]), "InvalidVpcID.NotFound");
}
