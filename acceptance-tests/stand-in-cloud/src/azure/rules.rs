//! What the stand-in does like Azure, and from where that is known.

use crate::rules::Mark::{Assumed, Documented, Observed};
use crate::rules::{Rule, rule};

const ASYNC: &str = "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations";
const NETWORK: &str = "API description of Microsoft.Network, 2024-01-01 and 2025-07-01";
const NAT: &str = "https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource";
const LIMITS: &str =
    "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling";
const CAUTION: &str = "Nobody has written it down; the harsher guess.";

/// All of them.
pub const RULES: &[Rule] = &[
    rule(
        "a_put_is_accepted_and_done_later",
        Documented,
        "A PUT answers 201 or 200 with Azure-AsyncOperation and \
        Retry-After, and the object is Updating until the operation is done.",
        ASYNC,
    ),
    rule("a_delete_is_accepted_and_done_later", Documented, "A DELETE answers 202, and 204 where nothing is.", ASYNC),
    rule("a_put_replaces_the_whole_object", Documented, "What a PUT leaves out is gone.", NETWORK),
    rule(
        "one_operation_on_a_network_at_a_time",
        Observed,
        "409 AnotherOperationInProgress while an operation runs on \
        the network or one of its subnets, or on the object itself.",
        "https://github.com/hashicorp/terraform-provider-azurerm/issues/4285",
    ),
    rule(
        "what_is_not_ready_cannot_be_named",
        Observed,
        "429 RetryableError with ReferencedResourceNotProvisioned.",
        "https://github.com/hashicorp/terraform-provider-azurerm/issues/17690",
    ),
    rule("an_address_in_use_is_not_deleted", Observed, "400 PublicIPAddressCannotBeDeleted.", "aka.ms/deletepublicip"),
    rule(
        "an_address_is_on_one_gateway",
        Documented,
        "400 PublicIPAddressInUse, also while the other gives it up.",
        NAT,
    ),
    rule("a_gateway_on_subnets_is_not_deleted", Observed, "400 CannotDeleteNatGatewayAssociatedToSubnet.", NAT),
    rule("sku_and_zones_are_fixed", Documented, "SKU, zones and source network of what exists cannot be changed.", NAT),
    rule(
        "an_address_has_the_sku_of_its_gateway",
        Documented,
        "Standard with Standard, StandardV2 with StandardV2.",
        NAT,
    ),
    rule("a_gateway_has_sixteen_addresses", Documented, "400 for more.", NAT),
    rule("a_standard_v2_gateway_has_no_zones", Documented, "It is in all of them.", NAT),
    rule(
        "a_failed_operation_leaves_what_carried_traffic",
        Assumed,
        "The object is Failed, with the body that was asked \
        for, until another PUT succeeds.",
        CAUTION,
    ),
    rule(
        "conditions_are_kept",
        Assumed,
        "412 for If-Match with another ETag, and for If-None-Match: * of what is there.",
        CAUTION,
    ),
    rule("lists_lag", Assumed, "What was just created is not in a list yet.", CAUTION),
    rule("a_subscription_has_so_many_addresses", Documented, "400 PublicIPCountLimitReached.", NETWORK),
    rule("reads_and_writes_are_limited", Documented, "429 with Retry-After from token buckets.", LIMITS),
    rule("an_address_has_no_ip_before_it_is_ready", Assumed, "ipAddress is absent meanwhile.", CAUTION),
    rule(
        "a_wrong_secret_gets_no_token",
        Documented,
        "401 invalid_client.",
        "https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
    ),
];
