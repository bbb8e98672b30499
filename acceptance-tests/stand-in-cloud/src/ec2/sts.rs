//! The actions of the security token service that clients of EC2 make first.

use std::time::Duration;

use jiff::Timestamp;

use super::Call;
use super::region::Answer;
use super::xml::Xml;
use crate::error::ApiError;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The secret key and the token that an assumed role is given.
pub const ASSUMED_CREDENTIALS: [&str; 2] = ["stand-in-secret-access-key", "stand-in-session-token"];
const HOUR: Duration = Duration::from_hours(1);

/// Whether the action belongs to this service.
pub(super) fn is_action(action: &str) -> bool {
    matches!(action, "GetCallerIdentity" | "AssumeRole")
}

/// Answers the action if it belongs to this service.
pub(super) fn answer(call: &Call, now: Timestamp) -> Option<Answer> {
    match call.action.as_str() {
        "GetCallerIdentity" => {
            let account = &call.caller.account;
            let mut xml = Xml::new();
            xml.text("Arn", format!("arn:aws:iam::{account}:user/stand-in"));
            xml.text("UserId", "AIDAXXXXXXXXXXXXXXXXX");
            xml.text("Account", account);
            Some(Ok(xml))
        }
        "AssumeRole" => Some(assume_role(call, now)),
        _ => None,
    }
}

/// The access key that comes back is the account of the role, so that its calls act there.
fn assume_role(call: &Call, now: Timestamp) -> Answer {
    let arn = call.params.required("RoleArn")?;
    let session = call.params.required("RoleSessionName")?;
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, "iam", _, account, role] = parts.as_slice() else {
        return Err(ApiError::new("ValidationError", format!("{arn} is invalid")));
    };
    let name = role.rsplit('/').next().unwrap_or_default();
    let expires = now.checked_add(HOUR).unwrap_or(now);
    let mut xml = Xml::new();
    xml.element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", format!("AROAXXXXXXXXXXXXXXXXX:{session}"));
        xml.text("Arn", format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"));
    });
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", account);
        let [secret, token] = ASSUMED_CREDENTIALS;
        xml.text("SecretAccessKey", secret);
        xml.text("SessionToken", token);
        xml.text("Expiration", format!("{expires:.3}"));
    });
    Ok(xml)
}

/// The document of a successful reply.
pub(super) fn document(action: &str, content: Xml, request_id: &str) -> String {
    let content = content.into_string();
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{content}</{action}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// The document of an error, whose form differs from EC2's.
pub(super) fn error_document(error: &ApiError, request_id: &str) -> String {
    let mut xml = Xml::new();
    xml.element("Error", |xml| {
        xml.text("Type", if error.status < 500 { "Sender" } else { "Receiver" });
        xml.text("Code", &error.code);
        xml.text("Message", &error.message);
    });
    xml.text("RequestId", request_id);
    format!("<ErrorResponse xmlns=\"{NAMESPACE}\">{}</ErrorResponse>", xml.into_string())
}
