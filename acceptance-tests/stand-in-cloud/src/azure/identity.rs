//! The endpoints that give tokens: Microsoft Entra ID's, and that of a machine's managed identity
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>).

use serde_json::json;

use crate::error::ApiError;
use crate::params::Params;
use crate::request::{Reply, Request};

/// The one client secret that is accepted.
pub const CLIENT_SECRET: &str = "stand-in-client-secret";

/// What the endpoint of a managed identity is found at.
const MANAGED: &str = "/metadata/identity/oauth2/token";

pub(super) fn is_token_request(request: &Request) -> bool {
    request.path.ends_with("/oauth2/v2.0/token") || request.path == MANAGED
}

/// A token, or the refusal of a client that does not prove who it is.
pub(super) fn token(request: &Request) -> Reply {
    let form = Params::from_form(&request.body);
    let is_proven = request.path == MANAGED
        || form.get("client_secret") == Some(CLIENT_SECRET)
        || form.get("client_assertion").is_some_and(|assertion| !assertion.is_empty());
    if !is_proven {
        let error = ApiError::new("invalid_client", "AADSTS7000215: Invalid client secret provided.").with_status(401);
        let body = json!({ "error": error.code, "error_description": error.message, "error_codes": [7_000_215] });
        return Reply::new(401, "application/json", body.to_string()).with_code(error.code);
    }
    let body = json!({
        "token_type": "Bearer",
        "access_token": "stand-in-access-token",
        "expires_in": 3600,
        "ext_expires_in": 3600,
        "expires_on": "4102444800",
        "resource": "https://management.azure.com/",
    });
    let body = if request.path == MANAGED {
        let mut managed = body;
        managed["expires_in"] = json!("3600");
        managed
    } else {
        body
    };
    Reply::new(200, "application/json", body.to_string())
}
