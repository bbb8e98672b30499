//! Errors in the form of Azure Resource Manager: `{"error": {"code", "message", "details": []}}`.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::request::Reply;

pub(super) fn reply(error: &ApiError) -> Reply {
    shaped(error, &[])
}

fn shaped(error: &ApiError, details: &[(&str, String)]) -> Reply {
    let detail = |(code, message): &(&str, String)| json!({ "code": code, "message": message });
    let details: Vec<Value> = details.iter().map(detail).collect();
    let body = json!({ "error": { "code": error.code, "message": error.message, "details": details } });
    Reply::new(error.status, "application/json", body.to_string()).with_code(&error.code)
}

/// A refusal with status 400.
pub(super) fn bad(code: &str, message: impl Into<String>) -> Reply {
    reply(&ApiError::new(code, message))
}

pub(super) fn not_found(id: &str) -> Reply {
    reply(&ApiError::new("NotFound", format!("Resource {id} not found.")).with_status(404))
}

pub(super) fn precondition(id: &str) -> Reply {
    let message = format!("The condition of the request is not met by {id}.");
    reply(&ApiError::new("PreconditionFailed", message).with_status(412))
}

/// Something else is being done with the object, or with what it is part of.
pub(super) fn another_operation(operation: u64) -> Reply {
    let message = format!("Another operation on this or dependent resource is in progress: operation {operation}.");
    reply(&ApiError::new("AnotherOperationInProgress", message).with_status(409))
}

/// What the object refers to is not ready.
pub(super) fn not_provisioned(referenced: &str) -> Reply {
    let error = ApiError::new("RetryableError", "A retryable error occurred.").with_status(429);
    let message = format!("Cannot proceed with operation because resource {referenced} is not in Succeeded state.");
    shaped(&error, &[("ReferencedResourceNotProvisioned", message)]).with("retry-after", "0")
}
