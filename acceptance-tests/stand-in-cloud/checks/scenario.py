"""What both servers are asked, step by step, and how a step's outcome is written down so that it can be compared."""

import time


class Refused(Exception):
    """The server answered with an error of the API."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Scenario:
    """Runs the steps with one client, and keeps what became of each."""

    def __init__(self, call):
        self.call = call
        self.outcomes = {}

    def step(self, name, operation, pick=None, **params):
        """Makes a call. Its outcome is an error's code, or what `pick` takes from the reply."""
        assert name not in self.outcomes, name
        try:
            reply = self.call(operation, **params)
        except Refused as refusal:
            self.outcomes[name] = f"error {refusal.code}"
            return None
        self.outcomes[name] = pick(reply) if pick else "done"
        return reply

    def wait(self, gateway, states):
        """Waits until a gateway is in one of the states; gives the gateway, or none where it cannot be seen."""
        for _ in range(200):
            try:
                found = self.call("DescribeNatGateways", NatGatewayIds=[gateway])["NatGateways"]
            except Refused:
                return None
            if not found or found[0]["State"] in states:
                return found[0] if found else None
            time.sleep(0.05)
        raise TimeoutError(f"{gateway} is in none of {states}")

    def settle(self, allocation, associated):
        """Waits for an address to show whether it is associated, as far as this server ever does."""
        for _ in range(100):
            address = self.call("DescribeAddresses", AllocationIds=[allocation])["Addresses"][0]
            if ("AssociationId" in address) == associated:
                return
            time.sleep(0.05)


def shape(value):
    """The names of a structure's members; which are there is a server's behaviour, what they hold is not."""
    return sorted(key for key in value if key != "ResponseMetadata")


def tags(kind, **values):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in values.items()]}]


def filters(**values):
    return [{"Name": name.replace("__", ":").replace("_", "-"), "Values": [value]} for name, value in values.items()]


def network(s):
    """A network with two subnets and a route table; the internet gateway comes later."""
    vpc = s.step("CreateVpc", "CreateVpc", lambda r: r["Vpc"]["CidrBlock"], CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = s.step(
        "DescribeAvailabilityZones",
        "DescribeAvailabilityZones",
        lambda r: [zone["ZoneName"] for zone in r["AvailabilityZones"]],
    )
    zone = zones["AvailabilityZones"][0]["ZoneName"]
    subnets = []
    for number in (1, 2):
        made = s.step(
            f"CreateSubnet {number}",
            "CreateSubnet",
            lambda r: [r["Subnet"]["CidrBlock"], r["Subnet"]["AvailableIpAddressCount"]],
            VpcId=vpc,
            CidrBlock=f"10.9.{number}.0/24",
            AvailabilityZone=zone,
        )
        subnets.append(made["Subnet"]["SubnetId"])
    s.step("CreateSubnet overlapping", "CreateSubnet", VpcId=vpc, CidrBlock="10.9.1.0/25")
    table = s.step("CreateRouteTable", "CreateRouteTable", lambda r: len(r["RouteTable"]["Routes"]), VpcId=vpc)
    table = table["RouteTable"]["RouteTableId"]
    s.step("AssociateRouteTable", "AssociateRouteTable", RouteTableId=table, SubnetId=subnets[1])
    s.step(
        "DescribeSubnets by network",
        "DescribeSubnets",
        lambda r: len(r["Subnets"]),
        Filters=filters(vpc_id=vpc),
    )
    return vpc, subnets, table


def addresses(s):
    """Addresses with tags; gives those that are left."""
    made = s.step("AllocateAddress", "AllocateAddress", shape, Domain="vpc", TagSpecifications=tags("elastic-ip", owner="acme"))
    first = made["AllocationId"]
    second = s.step("AllocateAddress again", "AllocateAddress", Domain="vpc")["AllocationId"]
    s.step("DescribeAddresses by tag", "DescribeAddresses", lambda r: len(r["Addresses"]), Filters=filters(tag__owner="acme"))
    s.step("DescribeAddresses by tag key", "DescribeAddresses", lambda r: len(r["Addresses"]), Filters=filters(tag_key="owner"))
    s.step("DescribeAddresses one", "DescribeAddresses", lambda r: shape(r["Addresses"][0]), AllocationIds=[second])
    s.step("DescribeAddresses unknown", "DescribeAddresses", AllocationIds=["eipalloc-0123456789abcdef0"])
    s.step("CreateTags", "CreateTags", Resources=[second], Tags=[{"Key": "owner", "Value": "other"}])
    s.step("CreateTags unknown id", "CreateTags", Resources=["eipalloc-0123456789abcdef0"], Tags=[{"Key": "k", "Value": "v"}])
    s.step(
        "DescribeTags",
        "DescribeTags",
        lambda r: [[tag["ResourceType"], tag["Key"], tag["Value"]] for tag in r["Tags"]],
        Filters=filters(resource_id=second),
    )
    s.step("DeleteTags", "DeleteTags", Resources=[second], Tags=[{"Key": "owner"}])
    s.step("DescribeTags after", "DescribeTags", lambda r: len(r["Tags"]), Filters=filters(resource_id=second))
    s.step(
        "DescribeAccountAttributes",
        "DescribeAccountAttributes",
        lambda r: r["AccountAttributes"],
        AttributeNames=["vpc-max-elastic-ips"],
    )
    s.step("AllocateAddress dry run", "AllocateAddress", Domain="vpc", DryRun=True)
    s.step("DescribePublicIpv4Pools", "DescribePublicIpv4Pools", lambda r: len(r["PublicIpv4Pools"]))
    s.step("DescribeAddresses unknown filter", "DescribeAddresses", Filters=filters(colour="red"))
    spare = [s.step(f"AllocateAddress spare {number}", "AllocateAddress", Domain="vpc") for number in range(4)]
    for address in spare:
        if address:
            s.call("ReleaseAddress", AllocationId=address["AllocationId"])
    return first, second


def create(s, vpc, subnet, first, second):
    """Gateways that fail or are refused, and one that works."""
    public = {"SubnetId": subnet, "AllocationId": first, "ConnectivityType": "public"}

    def makes_nothing(name, **params):
        """A call that must not make a gateway; one that is made all the same must not stand in the way of the rest."""
        made = s.step(name, "CreateNatGateway", lambda r: "made a gateway", **params)
        if made:
            s.call("DeleteNatGateway", NatGatewayId=made["NatGateway"]["NatGatewayId"])
            s.wait(made["NatGateway"]["NatGatewayId"], ["deleted"])

    # Not every server gives an address back.
    third, fourth, fifth = (s.call("AllocateAddress", Domain="vpc")["AllocationId"] for _ in range(3))
    doomed = {**public, "AllocationId": third}
    doomed = s.step("CreateNatGateway without internet gateway", "CreateNatGateway", lambda r: r["NatGateway"]["State"], **doomed)
    doomed = doomed["NatGateway"]["NatGatewayId"]
    found = s.wait(doomed, ["failed", "available"])
    s.outcomes["state without internet gateway"] = [found["State"], found.get("FailureCode")]
    s.call("DeleteNatGateway", NatGatewayId=doomed)
    s.wait(doomed, ["deleted"])
    gateway = s.step("CreateInternetGateway", "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    s.step("AttachInternetGateway", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    makes_nothing("CreateNatGateway dry run", DryRun=True, **{**public, "AllocationId": fourth})
    makes_nothing("CreateNatGateway unknown subnet", **{**public, "SubnetId": "subnet-0123456789abcdef0"})
    makes_nothing("CreateNatGateway unknown address", **{**public, "AllocationId": "eipalloc-0123456789abcdef0"})
    makes_nothing("CreateNatGateway private with address", SubnetId=subnet, AllocationId=fifth, ConnectivityType="private")
    named = {**public, "ClientToken": "token-1", "TagSpecifications": tags("natgateway", owner="acme")}
    made = s.step("CreateNatGateway", "CreateNatGateway", lambda r: r["NatGateway"]["State"], **named)
    nat = made["NatGateway"]["NatGatewayId"]
    same = lambda r: "same gateway" if r["NatGateway"]["NatGatewayId"] == nat else "another gateway"
    s.step("CreateNatGateway same token", "CreateNatGateway", same, **named)
    s.step("CreateNatGateway token with other address", "CreateNatGateway", same, **{**named, "AllocationId": second})
    s.wait(nat, ["available"])
    s.settle(first, True)
    return gateway, nat


def describe(s, vpc, nat):
    """Reads of gateways."""
    count = lambda r: len(r["NatGateways"])
    s.step("DescribeNatGateways one", "DescribeNatGateways", lambda r: shape(r["NatGateways"][0]), NatGatewayIds=[nat])
    s.step(
        "DescribeNatGateways address",
        "DescribeNatGateways",
        lambda r: shape(r["NatGateways"][0]["NatGatewayAddresses"][0]),
        NatGatewayIds=[nat],
    )
    available = filters(vpc_id=vpc, state="available")
    s.step("DescribeNatGateways by network", "DescribeNatGateways", count, Filters=available)
    s.step("DescribeNatGateways by tag", "DescribeNatGateways", count, Filters=[*available, *filters(tag__owner="acme")])
    s.step("DescribeNatGateways by other tag", "DescribeNatGateways", count, Filters=[*available, *filters(tag__owner="x")])
    s.step("DescribeNatGateways unknown filter", "DescribeNatGateways", count, Filters=filters(colour="red"))
    s.step("DescribeNatGateways unknown id", "DescribeNatGateways", count, NatGatewayIds=["nat-0123456789abcdef0"])
    s.step("DescribeNatGateways malformed id", "DescribeNatGateways", count, NatGatewayIds=["nat-x"])
    s.step("DescribeInstances", "DescribeInstances", lambda r: len(r["Reservations"]))


def secondary(s, nat, second):
    """A second address on and off."""
    pick = lambda r: [address["Status"] for address in r["NatGatewayAddresses"]]
    added = s.step("AssociateNatGatewayAddress", "AssociateNatGatewayAddress", pick, NatGatewayId=nat, AllocationIds=[second])
    if added:
        s.settle(second, True)
    association = added["NatGatewayAddresses"][0]["AssociationId"] if added else "eipassoc-0123456789abcdef0"
    s.step(
        "DisassociateNatGatewayAddress",
        "DisassociateNatGatewayAddress",
        pick,
        NatGatewayId=nat,
        AssociationIds=[association],
        MaxDrainDurationSeconds=1,
    )
    s.settle(second, False)


def routes(s, vpc, table, igw, nat):
    """Routes to the gateway and away from it."""
    default = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    s.step("ReplaceRoute missing", "ReplaceRoute", GatewayId=igw, **default)
    s.step("CreateRoute", "CreateRoute", lambda r: r["Return"], GatewayId=igw, **default)
    s.step("CreateRoute existing", "CreateRoute", NatGatewayId=nat, **default)
    s.step("ReplaceRoute", "ReplaceRoute", NatGatewayId=nat, **default)
    s.step("ReplaceRoute unknown gateway", "ReplaceRoute", NatGatewayId="nat-0123456789abcdef0", **default)
    s.step("ReplaceRoute back", "ReplaceRoute", NatGatewayId=nat, **default)
    route = lambda r: next(route for route in r["RouteTables"][0]["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0")
    s.step("route members", "DescribeRouteTables", lambda r: shape(route(r)), RouteTableIds=[table])
    s.step("route state", "DescribeRouteTables", lambda r: route(r)["State"], RouteTableIds=[table])
    by_gateway = filters(vpc_id=vpc, **{"route.nat_gateway_id": nat})
    s.step("DescribeRouteTables by gateway", "DescribeRouteTables", lambda r: len(r["RouteTables"]), Filters=by_gateway)
    s.step("CreateRoute malformed", "CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.0.0/33", GatewayId=igw)
    s.step("CreateRoute with host bits", "CreateRoute", RouteTableId=table, DestinationCidrBlock="100.64.1.1/10", GatewayId=igw)
    blocks = lambda r: sorted(route["DestinationCidrBlock"] for route in r["RouteTables"][0]["Routes"])
    s.step("routes", "DescribeRouteTables", blocks, RouteTableIds=[table])
    s.step("DeleteRoute missing", "DeleteRoute", RouteTableId=table, DestinationCidrBlock="192.0.2.0/24")


def guards(s, vpc, subnet, table, igw, nat, first):
    """What a gateway in use forbids. Ends with the gateway deleted and its address released."""
    association = s.call("DescribeAddresses", AllocationIds=[first])["Addresses"][0].get("AssociationId", "eipassoc-0")
    s.step("DeleteSubnet in use", "DeleteSubnet", SubnetId=subnet)
    s.step("DeleteVpc in use", "DeleteVpc", VpcId=vpc)
    s.step("DetachInternetGateway in use", "DetachInternetGateway", InternetGatewayId=igw, VpcId=vpc)
    s.step("DisassociateAddress of gateway", "DisassociateAddress", AssociationId=association)
    s.step("ReleaseAddress in use", "ReleaseAddress", AllocationId=first)
    s.step("DeleteNatGateway", "DeleteNatGateway", lambda r: shape(r), NatGatewayId=nat)
    s.step("DescribeNatGateways deleting", "DescribeNatGateways", lambda r: r["NatGateways"][0]["State"], NatGatewayIds=[nat])
    s.step("ReleaseAddress while deleting", "ReleaseAddress", AllocationId=first)
    s.wait(nat, ["deleted"])
    s.step("DeleteNatGateway deleted", "DeleteNatGateway", NatGatewayId=nat)
    s.step("DeleteNatGateway unknown", "DeleteNatGateway", NatGatewayId="nat-0123456789abcdef0")
    route = lambda r: next(route for route in r["RouteTables"][0]["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0")
    s.step("route state after delete", "DescribeRouteTables", lambda r: route(r)["State"], RouteTableIds=[table])
    # The address may be blocked a moment longer.
    for _ in range(50):
        try:
            s.call("ReleaseAddress", AllocationId=first)
            break
        except Refused as refusal:
            if refusal.code == "InvalidAllocationID.NotFound":
                break
            time.sleep(0.1)
    s.step("ReleaseAddress again", "ReleaseAddress", AllocationId=first)


def run(call, short=False):
    """Runs all of it, or the first half for a slow client; gives the outcomes by step."""
    s = Scenario(call)
    vpc, subnets, table = network(s)
    first, second = addresses(s)
    igw, nat = create(s, vpc, subnets[0], first, second)
    if short:
        return s.outcomes
    describe(s, vpc, nat)
    secondary(s, nat, second)
    routes(s, vpc, table, igw, nat)
    guards(s, vpc, subnets[0], table, igw, nat, first)
    return s.outcomes
