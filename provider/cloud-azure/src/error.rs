//! What Azure's codes mean.
//!
//! Codes are from the API description of `Microsoft.Network` and
//! <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors>. Whether something exists is
//! decided by the status, as the codes for it differ from service to service.

use std::sync::Arc;
use std::time::Duration;

use azure_core::error::ErrorKind;
use cloud::error::Hints;
use cloud::{Class, Error};
use serde_json::Value;

/// What a refusal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status; `None` where the refusal is the end of an operation that was accepted.
    pub(crate) status: Option<u16>,
    pub(crate) code: String,
    pub(crate) message: String,
    /// The codes of `details`, the outermost first.
    pub(crate) inner_codes: Vec<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) request_id: Option<String>,
}

impl Refusal {
    /// Reads `{"error": {"code", "message", "details"}}`; what is in no such form has no code.
    pub(crate) fn of(body: &Value) -> Self {
        let error = &body["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let mut inner_codes = Vec::new();
        collect_codes(error, &mut inner_codes);
        Self { code: text("code"), message: text("message"), inner_codes, ..Self::default() }
    }

    pub(crate) fn into_error(self, operation: &'static str) -> Error {
        let class = class(self.status, &self.code, &self.inner_codes);
        let remedy = self.inner_codes.iter().chain([&self.code]).find_map(|code| remedy(code));
        let hints = Hints { retry_after: self.retry_after, inner_codes: self.inner_codes, remedy };
        let code = match (self.code.is_empty(), self.status) {
            (true, Some(status)) => format!("HTTP status {status}"),
            _ => self.code,
        };
        Error {
            code,
            request_id: self.request_id.map(Into::into),
            hints: (hints != Hints::default()).then(|| Box::new(hints)),
            ..Error::new(class, operation, self.message)
        }
    }
}

fn collect_codes(error: &Value, codes: &mut Vec<String>) {
    for detail in error["details"].as_array().into_iter().flatten() {
        codes.extend(detail["code"].as_str().map(str::to_owned));
        collect_codes(detail, codes);
    }
}

/// Decided by the innermost code that says something, then by the status.
fn class(status: Option<u16>, code: &str, inner_codes: &[String]) -> Class {
    let of_codes = inner_codes.iter().rev().map(String::as_str).chain([code]).find_map(class_of_code);
    if let Some(class) = of_codes {
        return class;
    }
    match status {
        Some(404) => Class::NotFound,
        Some(401) => Class::Credentials,
        Some(403) => Class::Denied,
        Some(409 | 412) => Class::Conflict,
        Some(429) => Class::Throttled,
        Some(408 | 500..=599) => Class::Transient,
        _ => Class::Other,
    }
}

fn class_of_code(code: &str) -> Option<Class> {
    Some(match code {
        // An operation that another one took the place of is as if it had not been.
        "AnotherOperationInProgress"
        | "RetryableError"
        | "ReferencedResourceNotProvisioned"
        | "CanceledAndSupersededDueToAnotherOperation"
        | "OperationNotAllowedWhileUpdating" => Class::Busy,
        "PublicIPAddressCannotBeDeleted"
        | "PublicIPAddressInUse"
        | "InUsePublicIpPrefixCannotBeDeleted"
        | "PublicIPPrefixInUse"
        | "CannotDeleteNatGatewayAssociatedToSubnet"
        | "InUseNatGatewayCannotBeDeleted"
        | "InUseSubnetCannotBeDeleted" => Class::InUse,
        "PublicIPCountLimitReached"
        | "StaticPublicIPCountLimitReached"
        | "PublicIPPrefixCountLimitReached"
        | "NatGatewayCountLimitReached"
        | "QuotaExceeded"
        | "SubscriptionRequestsQuotaReached" => Class::QuotaExceeded,
        "PublicIPPrefixOutOfIpAddresses" | "ZonalAllocationFailed" | "AllocationFailed" => Class::Exhausted,
        "TooManyRequests" | "OperationThrottled" => Class::Throttled,
        "AuthenticationFailed"
        | "InvalidAuthenticationToken"
        | "ExpiredAuthenticationToken"
        | "InvalidAuthenticationTokenTenant" => Class::Credentials,
        "AuthorizationFailed" | "LinkedAuthorizationFailed" | "RequestDisallowedByPolicy" => Class::Denied,
        "ScopeLocked" | "PropertyChangeNotAllowed" | "ResourceAvailabilityZonesCannotBeModified" => Class::Conflict,
        "InternalServerError" | "ServerTimeout" | "GatewayTimeout" => Class::Transient,
        _ => return None,
    })
}

/// What the user can do about a code in particular.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "ScopeLocked" => "A management lock forbids it: remove the lock, or leave the object as it is.",
        "RequestDisallowedByPolicy" => {
            "A policy of the subscription forbids it: ask who assigns policies for an exemption."
        }
        "LinkedAuthorizationFailed" => {
            "The credentials need the join permission on what is named: natGateways/join/action, publicIPAddresses/join/action or \
             publicIPPrefixes/join/action of Microsoft.Network."
        }
        "InvalidAuthenticationTokenTenant" => {
            "The token is of another tenant: set tenant_id to that of the subscription."
        }
        "SubscriptionNotFound" => "Check subscription_id, and that the credentials have a role in that subscription.",
        "ResourceGroupNotFound" => "Make the resource group before, or correct its name.",
        "MissingSubscriptionRegistration" => {
            "Register the resource provider: az provider register -n Microsoft.Network."
        }
        "PublicIPPrefixOutOfIpAddresses" => "Make another prefix, or release an address of this one.",
        _ => return None,
    })
}

/// What it means that there was no answer, or that no token could be had. The texts of the library name no secret; the token it has is
/// in none of them.
pub(crate) fn unanswered(operation: &'static str, error: azure_core::Error) -> Error {
    let class = match error.kind() {
        ErrorKind::Credential => Class::Credentials,
        ErrorKind::Connection | ErrorKind::Io => Class::Unreachable,
        _ => Class::Transient,
    };
    let remedy = "Set client_id and client_secret, use workload or managed identity, or log in with az login.";
    let remedy = (class == Class::Credentials).then_some(remedy);
    let message = error.to_string();
    Error { source: Some(Arc::new(error)), ..Error::new(class, operation, message) }.with_remedy(remedy)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class_of(status: u16, body: &Value) -> Class {
        Refusal { status: Some(status), ..Refusal::of(body) }.into_error("PUT subnets/{}").class
    }

    #[test]
    fn the_innermost_code_decides_and_then_the_status() {
        let error =
            |code: &str, details: &Value| json!({ "error": { "code": code, "message": "m", "details": details } });
        let nested = json!([{ "code": "Conflict", "details": [{ "code": "PublicIPAddressInUse" }] }]);
        let cases = [
            (429, error("RetryableError", &json!([{ "code": "ReferencedResourceNotProvisioned" }])), Class::Busy),
            (409, error("AnotherOperationInProgress", &json!([])), Class::Busy),
            (400, error("BadRequest", &nested), Class::InUse),
            (400, error("PublicIPCountLimitReached", &json!([])), Class::QuotaExceeded),
            (404, error("ResourceGroupNotFound", &json!([])), Class::NotFound),
            (404, json!(null), Class::NotFound),
            (403, error("AuthorizationFailed", &json!([])), Class::Denied),
            (401, json!(null), Class::Credentials),
            (429, error("Whatever", &json!([])), Class::Throttled),
            (503, json!("<html>"), Class::Transient),
            (412, error("PreconditionFailed", &json!([])), Class::Conflict),
            (400, error("NewCode", &json!([])), Class::Other),
        ];
        for (status, body, class) in cases {
            assert_eq!(class_of(status, &body), class, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let body = json!({ "error": { "code": "ScopeLocked", "message": "The scope is locked." } });
        let error = Refusal { status: Some(409), ..Refusal::of(&body) }.into_error("DELETE publicIPAddresses/{}");
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("lock")));
        let error = Refusal { status: Some(502), ..Refusal::default() }.into_error("GET natGateways");
        assert_eq!(error.to_string(), "GET natGateways failed with HTTP status 502");
    }
}
