//! What the stand-in does like EC2, rule by rule, and from where that is known.

use crate::rules::{Mark, Rule, rule};

/// All rules.
pub const RULES: &[Rule] = &[
    rule(
        "pending-first",
        Mark::Documented,
        "CreateNatGateway answers 200 with state `pending`; the gateway is `available` after a while.",
        "API reference, NatGateway: states pending, failed, available, deleting, deleted. Provider logs show 1 to \
         3 minutes.",
    ),
    rule(
        "fails-after-200",
        Mark::Documented,
        "A gateway that cannot be made is accepted, and turns `failed` with FailureCode and FailureMessage.",
        "API reference, NatGateway.FailureCode; VPC user guide, Troubleshoot NAT gateways.",
    ),
    rule(
        "fails-without-internet-gateway",
        Mark::Documented,
        "Gateway.NotAttached when the network has no internet gateway.",
        "API reference, NatGateway.FailureMessage.",
    ),
    rule(
        "fails-with-address-in-use",
        Mark::Documented,
        "Resource.AlreadyAssociated when the address is associated already.",
        "API reference, NatGateway.FailureMessage; hashicorp/terraform issue 8687.",
    ),
    rule(
        "fails-with-address-gone",
        Mark::Documented,
        "InvalidAllocationID.NotFound when the address left the account while the gateway was pending.",
        "API reference, NatGateway.FailureMessage.",
    ),
    rule(
        "fails-with-full-subnet",
        Mark::Documented,
        "InsufficientFreeAddressesInSubnet when the subnet has too few free addresses; five of each subnet are \
         the cloud's.",
        "API reference, NatGateway.FailureMessage; VPC user guide, Subnet CIDR blocks.",
    ),
    rule(
        "fails-with-other-border-group",
        Mark::Documented,
        "The gateway fails when an address is of another network border group; the code is a guess.",
        "API reference, CreateNatGateway: addresses must be from the network border group of the zone.",
    ),
    rule(
        "address-unknown-to-front-end",
        Mark::Observed,
        "CreateNatGateway refuses with InvalidElasticIpID.NotFound an address it cannot see, a new one within the \
         read lag too.",
        "hashicorp/terraform-provider-aws issue 27087; ansible-collections/amazon.aws issue 1872.",
    ),
    rule(
        "failed-is-listed",
        Mark::Documented,
        "`failed` and `deleted` gateways stay listed for about an hour, and hold nothing.",
        "VPC user guide, Troubleshoot NAT gateways; 1debit/alternat issue 146.",
    ),
    rule(
        "token-repeats",
        Mark::Documented,
        "The same ClientToken with the same parameters makes nothing new and describes the first gateway as it is \
         now.",
        "EC2 developer guide, Ensuring idempotency. That it is described as it is now is assumed.",
    ),
    rule(
        "token-mismatch",
        Mark::Documented,
        "The same ClientToken with other parameters: IdempotentParameterMismatch.",
        "EC2 developer guide, Ensuring idempotency.",
    ),
    rule(
        "token-outlives-gateway",
        Mark::Assumed,
        "A token still means its gateway when that has failed or was deleted, for 24 hours; once the gateway is not listed any \
         more, the answer is that of the first call, in which it is pending.",
        "The guide gives no end; the harsher guesses, since a retry with the token then makes nothing, and does not say so.",
    ),
    rule(
        "association-lag",
        Mark::Observed,
        "DescribeAddresses shows an association up to 30 s after the gateway is `available`.",
        "kubernetes-sigs/cluster-api-provider-aws issue 1752.",
    ),
    rule(
        "pending-hides-addresses",
        Mark::Observed,
        "A pending gateway's addresses have an allocation id and nothing else.",
        "Logs in hashicorp/terraform issues 8687 and 13836.",
    ),
    rule(
        "delete-takes-time",
        Mark::Documented,
        "DeleteNatGateway: `deleting` first, `deleted` later; the address is disassociated, not released; routes \
         stay as blackholes.",
        "API reference, DeleteNatGateway. One minute was seen in hashicorp/terraform-provider-aws issue 49299.",
    ),
    rule(
        "delete-again",
        Mark::Assumed,
        "Deleting a `deleting` gateway answers 200, a `deleted` one NatGatewayNotFound.",
        "API clients treat NatGatewayNotFound as deleted (waiter nat_gateway_deleted).",
    ),
    rule(
        "nat-gateway-not-found",
        Mark::Documented,
        "NatGatewayNotFound for an unknown id, NatGatewayMalformed for what is no id.",
        "API reference, Error codes; waiters of the API model.",
    ),
    rule(
        "one-address-change-at-a-time",
        Mark::Observed,
        "A gateway whose addresses are changing refuses the next change: OperationInProgress.",
        "hashicorp/terraform-provider-aws issue 44581.",
    ),
    rule(
        "secondary-addresses",
        Mark::Documented,
        "Secondary addresses are added and removed while the gateway works; each passes through associating or \
         disassociating.",
        "API reference, AssociateNatGatewayAddress, NatGatewayAddress.Status.",
    ),
    rule(
        "primary-stays",
        Mark::Documented,
        "The primary address cannot be taken off.",
        "API reference, DisassociateNatGatewayAddress.",
    ),
    rule(
        "drain",
        Mark::Documented,
        "A removed address drains until its connections end or MaxDrainDurationSeconds (1 to 4000, 350 if absent) \
         is over.",
        "API reference, DisassociateNatGatewayAddress.",
    ),
    rule(
        "addresses-per-nat-gateway",
        Mark::Documented,
        "At most 8 addresses per zonal gateway, 2 on a public one before the quota is raised; the code is a guess.",
        "VPC user guide, Amazon VPC quotas.",
    ),
    rule(
        "private-gateway-addresses",
        Mark::Documented,
        "A private gateway has private addresses only, up to 7 secondary ones; AllocationId is refused.",
        "API reference, CreateNatGateway, AssignPrivateNatGatewayAddress. The codes are guesses.",
    ),
    rule(
        "public-needs-allocation",
        Mark::Documented,
        "A public zonal gateway needs AllocationId.",
        "API reference, CreateNatGateway. The code is a guess.",
    ),
    rule(
        "regional-gateway",
        Mark::Documented,
        "A regional gateway has a network instead of a subnet, is public, has a route table of its own, and up to \
         32 addresses per zone.",
        "VPC user guide, Regional NAT gateways; API reference, NatGateway.RouteTableId; \
         kubernetes-sigs/cluster-api-provider-aws issue 5790.",
    ),
    rule(
        "regional-interfaces",
        Mark::Documented,
        "Each address of a regional gateway names the network interface that carries it: one in each zone, which goes with the zone's \
         last address.",
        "hashicorp/aws, aws_nat_gateway.regional_nat_gateway_address.network_interface_id; API reference, \
         NatGatewayAddress.NetworkInterfaceId. That a zone has one, and when it goes, is assumed.",
    ),
    rule(
        "regional-automatic",
        Mark::Assumed,
        "Without AvailabilityZoneAddress the service brings one address of its own in each zone with a subnet, \
         shown with ServiceManaged `rnat`, not counted, not releasable.",
        "VPC user guide says that it manages them; zones there follow the workloads' interfaces, which the stand-in has not.",
    ),
    rule(
        "zonal-refuses-vpc",
        Mark::Observed,
        "VpcId or AvailabilityZoneAddress with a zonal gateway is refused.",
        "aws-samples/appmod-blueprints issue 718. The code is a guess.",
    ),
    rule(
        "nat-gateways-per-zone",
        Mark::Documented,
        "NatGatewayLimitExceeded at 5 per zone, pending, available and deleting ones counted.",
        "VPC user guide, Amazon VPC quotas; eksctl-io/eksctl issue 560. Regional gateways are not counted: assumed.",
    ),
    rule(
        "address-limit",
        Mark::Documented,
        "AddressLimitExceeded at 5 addresses per region, pools of the caller's own not counted.",
        "EC2 user guide, Elastic IP addresses; hashicorp/terraform issue 6018.",
    ),
    rule(
        "allocate-has-no-token",
        Mark::Documented,
        "Each AllocateAddress allocates, tags included in the call.",
        "API reference, AllocateAddress.",
    ),
    rule(
        "recover-address",
        Mark::Documented,
        "AllocateAddress with Address takes back an address that this account released.",
        "API reference, AllocateAddress. Here none goes to another account in between.",
    ),
    rule(
        "address-pools",
        Mark::Documented,
        "PublicIpv4Pool and IpamPoolId allocate from the caller's own pools; every account here has one of each, \
         of 16 addresses.",
        "API reference, AllocateAddress, DescribePublicIpv4Pools.",
    ),
    rule(
        "release-in-use",
        Mark::Documented,
        "ReleaseAddress of an associated address: InvalidIPAddress.InUse.",
        "API reference, Error codes.",
    ),
    rule(
        "release-while-deleting",
        Mark::Observed,
        "ReleaseAddress while the gateway is being deleted: AuthFailure.",
        "hashicorp/terraform-provider-aws issues 13763 and 11385; aws/aws-sdk issue 61.",
    ),
    rule(
        "release-after-delete",
        Mark::Observed,
        "For a moment after the gateway is `deleted`, ReleaseAddress: InvalidNetworkInterfaceID.NotFound.",
        "hashicorp/terraform-provider-aws issue 49299.",
    ),
    rule(
        "free-after-it-left",
        Mark::Assumed,
        "DescribeAddresses shows an address on the interface of the gateway that it left for a moment after the gateway no longer lists \
         it; until then it can be neither associated (Resource.AlreadyAssociated) nor released (InvalidIPAddress.InUse).",
        "The reverse of `association-lag`, and what `release-after-delete` shows of whole gateways: two services hold the same fact.",
    ),
    rule(
        "disassociate-from-nat-gateway",
        Mark::Assumed,
        "DisassociateAddress of a gateway's address: AuthFailure.",
        "Reported from memory; the interface belongs to the service.",
    ),
    rule(
        "reassociation",
        Mark::Documented,
        "AssociateAddress to the same interface again succeeds; to another it needs AllowReassociation.",
        "API reference, AssociateAddress.",
    ),
    rule(
        "route-exists",
        Mark::Observed,
        "CreateRoute for a destination that has a route to another target: RouteAlreadyExists.",
        "getmoto/moto issue 6305; hashicorp/terraform-provider-aws issue 23866. That the same route again \
         succeeds is assumed.",
    ),
    rule(
        "route-replace-missing",
        Mark::Observed,
        "ReplaceRoute without a route: InvalidParameterValue.",
        "getmoto/moto pull request 6425.",
    ),
    rule(
        "route-delete-missing",
        Mark::Documented,
        "DeleteRoute without a route: InvalidRoute.NotFound.",
        "API reference, Error codes.",
    ),
    rule(
        "route-to-invisible-gateway",
        Mark::Observed,
        "A route to a gateway that cannot be seen, is deleted or has failed: InvalidNatGatewayID.NotFound.",
        "boto/boto3 issue 779; kubernetes/kops pull request 944.",
    ),
    rule(
        "route-canonical",
        Mark::Documented,
        "A destination with host bits is stored without them.",
        "API reference, CreateRoute.",
    ),
    rule(
        "route-blackhole",
        Mark::Documented,
        "A route whose target does not take traffic any more is `blackhole`.",
        "API reference, Route.State. That it is so while the gateway is `deleting` is assumed.",
    ),
    rule(
        "route-quota",
        Mark::Documented,
        "RouteLimitExceeded at 50 routes per table.",
        "VPC user guide, Amazon VPC quotas.",
    ),
    rule(
        "local-route",
        Mark::Observed,
        "The local route cannot be deleted, nor be replaced by a gateway.",
        "hashicorp/terraform issue 26018.",
    ),
    rule(
        "internet-gateway-detach",
        Mark::Observed,
        "DetachInternetGateway while public gateways exist: DependencyViolation, mapped public address(es).",
        "hashicorp/terraform issues 497, 1303, 1628 and 6994.",
    ),
    rule(
        "network-in-use",
        Mark::Documented,
        "DeleteSubnet with an interface, DeleteVpc with anything in it: DependencyViolation.",
        "API reference, Error codes.",
    ),
    rule(
        "read-lag",
        Mark::Documented,
        "A new object is not found for a while, by reads, by references and by CreateTags.",
        "EC2 developer guide, Eventual consistency; hashicorp/terraform-provider-aws issue 29604; boto/boto3 \
         issue 779.",
    ),
    rule(
        "filters",
        Mark::Documented,
        "An object must pass all filters by any value; `*` and `?` are wildcards; an unknown name is refused.",
        "EC2 user guide, Filtering resources. The code for unknown names is a guess.",
    ),
    rule(
        "pages",
        Mark::Documented,
        "DescribeNatGateways gives pages of 5 to 1000, DescribeRouteTables of 5 to 100; without MaxResults \
         everything.",
        "API reference.",
    ),
    rule(
        "tags",
        Mark::Documented,
        "At most 50 tags; keys that start with `aws:` are refused; CreateTags for an unknown id is an error.",
        "EC2 user guide, Tag restrictions; API reference, Error codes.",
    ),
    rule(
        "dry-run",
        Mark::Documented,
        "DryRun answers DryRunOperation and does nothing.",
        "API reference. Here before any other check.",
    ),
    rule(
        "token-buckets",
        Mark::Documented,
        "RequestLimitExceeded with status 503, by a bucket per account, region and action: reads 100 + 20/s, \
         changes 50 + 5/s, NAT gateways 10 + 1/s, tags 100 + 10/s.",
        "EC2 developer guide, Request throttling. Off unless asked for.",
    ),
    rule(
        "credentials",
        Mark::Documented,
        "A request without a signature: AuthFailure with status 401. Signatures are not checked.",
        "API reference, Error codes.",
    ),
    rule(
        "unknown-action",
        Mark::Documented,
        "An action that is not there: InvalidAction.",
        "API reference, Error codes.",
    ),
];
