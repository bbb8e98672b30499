//! What EC2's error codes mean.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use cloud::{Class, Error};

/// A failed call. With an answer it is classified by EC2's error code; without one it may or may not have had its effect.
pub(crate) fn classify<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + RequestId + StdError + Send + Sync + 'static,
{
    let (class, message) = match &error {
        SdkError::ServiceError(answer) => {
            let failure = answer.err();
            let code = failure.code().unwrap_or_default();
            return Error {
                class: class(code, answer.raw().status().as_u16()),
                operation,
                code: code.to_owned(),
                message: failure.message().unwrap_or_default().to_owned(),
                request_id: failure.request_id().map(Into::into),
                hints: None,
                unverified: None,
                source: None,
            }
            .with_remedy(remedy(operation, code));
        }
        SdkError::ConstructionFailure(_) => (Class::Other, "the request could not be built"),
        // Credentials are resolved inside the dispatch, before anything is sent.
        SdkError::DispatchFailure(_) if has_credentials_error(&error) => (Class::Credentials, "no usable credentials"),
        SdkError::DispatchFailure(failure) if failure.is_user() => (Class::Other, "the request could not be sent"),
        SdkError::DispatchFailure(_) => (Class::Unreachable, "no answer"),
        SdkError::TimeoutError(_) => (Class::Unreachable, "no answer in time"),
        _ => (Class::Transient, "no answer that could be read"),
    };
    Error { source: Some(Arc::new(error)), ..Error::new(class, operation, message) }
}

fn has_credentials_error(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(Some(error), |error: &&(dyn StdError + 'static)| (*error).source())
        .any(<dyn StdError>::is::<CredentialsError>)
}

/// The codes are those of the Amazon EC2 API reference, "Error codes for the Amazon EC2 API", and the retry table of botocore.
fn class(code: &str, status: u16) -> Class {
    match code {
        "RequestLimitExceeded"
        | "EC2ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "RequestThrottled"
        | "SlowDown"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded" => Class::Throttled,

        "AddressLimitExceeded"
        | "NatGatewayLimitExceeded"
        | "PrivateIpAddressLimitExceeded"
        | "RouteLimitExceeded"
        | "TagLimitExceeded"
        | "ResourceLimitExceeded"
        | "NatGatewayAddressLimitExceeded"
        | "MaxNatGatewayAddressesExceeded" => Class::QuotaExceeded,

        "InsufficientAddressCapacity"
        | "InsufficientFreeAddressesInSubnet"
        | "InsufficientCapacity"
        | "InsufficientCapacityOnHost" => Class::Exhausted,

        // EC2 also says so of an object that the caller does not own, with another status.
        "AuthFailure" if status == 401 => Class::Credentials,
        "AuthFailure"
        | "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "OptInRequired"
        | "PendingVerification"
        | "Blocked" => Class::Denied,

        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "UnrecognizedClientException" => Class::Credentials,

        "UnsupportedOperation"
        | "Unsupported"
        | "UnsupportedOperationException"
        | "InvalidAction"
        | "OperationNotPermitted.Unsupported" => Class::Unsupported,

        "NatGatewayNotFound" => Class::NotFound,
        code if code.ends_with(".NotFound") || code.ends_with("NotFoundException") => Class::NotFound,

        "OperationInProgress" | "ConcurrentTagAccess" => Class::Busy,

        "DependencyViolation" | "Resource.AlreadyAssociated" | "Resource.AlreadyAssigned" => Class::InUse,
        code if code.ends_with(".InUse") => Class::InUse,

        "IncorrectState"
        | "IncorrectInstanceState"
        | "RouteAlreadyExists"
        | "IdempotentParameterMismatch"
        | "OperationNotPermitted" => Class::Conflict,
        code if code.ends_with(".Duplicate") || code.ends_with(".AlreadyExists") => Class::Conflict,

        "InternalError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "Unavailable"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "ServerInternal" => Class::Transient,
        _ if status >= 500 => Class::Transient,
        _ => Class::Other,
    }
}

/// What the user can do about a code, where that is more than its class says.
pub(crate) fn remedy(operation: &str, code: &str) -> Option<&'static str> {
    Some(match code {
        "AddressLimitExceeded" if operation != "AllocateAddress" => {
            "The quota for Elastic IP addresses per public NAT gateway is 2 unless raised, up to 8 (Amazon VPC quotas)."
        }
        "Gateway.NotAttached" => {
            "Attach an internet gateway to the VPC, and point the default route of the gateway's subnet to it. \
             Where the same configuration makes the internet gateway, add depends_on for it."
        }
        "InsufficientFreeAddressesInSubnet" => "Free private addresses in the subnet, or choose another subnet.",
        "InvalidAllocationID.NotFound" | "InvalidElasticIpID.NotFound" => {
            "The Elastic IP address does not exist in this region and account: check the allocation id."
        }
        "InvalidSubnetID.NotFound" => "Check the subnet's id, region and account.",
        "InvalidPrefixListID.NotFound" | "InvalidPrefixListId.NotFound" => {
            "Check the id of the prefix list, and that it is in this region and shared with this account."
        }
        "Resource.AlreadyAssociated" => {
            "The address is on something else. Free it there, or use another; the provider never takes it from others."
        }
        "InternalError" => "AWS calls this transient: apply again.",
        "NatGatewayLimitExceeded" => {
            "The quota for NAT gateways per availability zone (vpc, L-FE5A380F) counts those being deleted too: \
             wait for them, or have it raised."
        }
        "RouteLimitExceeded" => {
            "The quota for routes per route table (vpc, L-93826ACB) counts a prefix list with its maximum of \
             entries: have it raised, or write wider blocks."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifies_by_code() {
        let cases = [
            ("RequestLimitExceeded", 503, Class::Throttled),
            ("AddressLimitExceeded", 400, Class::QuotaExceeded),
            ("NatGatewayLimitExceeded", 400, Class::QuotaExceeded),
            ("UnauthorizedOperation", 403, Class::Denied),
            ("AuthFailure", 401, Class::Credentials),
            ("AuthFailure", 400, Class::Denied),
            ("ExpiredToken", 400, Class::Credentials),
            ("RequestExpired", 400, Class::Credentials),
            ("InsufficientAddressCapacity", 400, Class::Exhausted),
            ("InsufficientFreeAddressesInSubnet", 400, Class::Exhausted),
            ("InvalidAllocationID.NotFound", 400, Class::NotFound),
            ("NatGatewayNotFound", 400, Class::NotFound),
            ("InvalidIPAddress.InUse", 400, Class::InUse),
            ("Resource.AlreadyAssociated", 400, Class::InUse),
            ("IdempotentParameterMismatch", 400, Class::Conflict),
            ("OperationInProgress", 400, Class::Busy),
            ("InternalError", 500, Class::Transient),
            ("", 502, Class::Transient),
            ("InvalidParameterValue", 400, Class::Other),
        ];
        for (code, status, expected) in cases {
            assert_eq!(class(code, status), expected, "{code}");
        }
    }
}
