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
                request_id: failure.request_id().map(ToOwned::to_owned),
                unverified: None,
                source: None,
            };
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

        "IncorrectState"
        | "IncorrectInstanceState"
        | "DependencyViolation"
        | "Resource.AlreadyAssociated"
        | "Resource.AlreadyAssigned"
        | "RouteAlreadyExists"
        | "IdempotentParameterMismatch"
        | "OperationNotPermitted"
        | "OperationInProgress"
        | "ConcurrentTagAccess" => Class::Conflict,
        code if code.ends_with(".InUse") || code.ends_with(".Duplicate") || code.ends_with(".AlreadyExists") => {
            Class::Conflict
        }

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
            ("InvalidIPAddress.InUse", 400, Class::Conflict),
            ("Resource.AlreadyAssociated", 400, Class::Conflict),
            ("IdempotentParameterMismatch", 400, Class::Conflict),
            ("OperationInProgress", 400, Class::Conflict),
            ("InternalError", 500, Class::Transient),
            ("", 502, Class::Transient),
            ("InvalidParameterValue", 400, Class::Other),
        ];
        for (code, status, expected) in cases {
            assert_eq!(class(code, status), expected, "{code}");
        }
    }
}
