//! One object, what is being done with it, and how it is shown.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::path::{Kind, name, normal};

/// What is being done with an object.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// The operation's number.
    pub(super) operation: u64,
    /// When it is done.
    pub(super) done: Timestamp,
    /// How it ends.
    pub(super) end: End,
}

/// How an operation ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The object is what was asked for.
    Succeeds,
    /// The object is there, and what carries traffic is what it was before.
    Fails,
    /// The object is gone.
    Deletes,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// As it was first written.
    pub(super) id: String,
    /// What was accepted last: `location`, `sku`, `zones`, `tags`, `properties`, and whatever else was sent.
    pub(super) body: Map<String, Value>,
    /// What carries traffic: the body whose operation succeeded last.
    pub(super) effective: Option<Map<String, Value>>,
    /// The public IP or prefix that the cloud chose.
    pub(super) allocated: Option<String>,
    /// Grows with each change.
    pub(super) version: u64,
    pub(super) created: Timestamp,
    pub(super) work: Option<Work>,
    /// Whether the last operation failed.
    pub(super) failed: bool,
}

/// A property of a body.
pub(super) fn property<'a>(body: &'a Map<String, Value>, name: &str) -> &'a Value {
    body.get("properties").map_or(&Value::Null, |properties| &properties[name])
}

/// The ids that a property refers to, one or several, in the form by which they are compared.
pub(super) fn references(body: &Map<String, Value>, name: &str) -> Vec<String> {
    let id = |value: &Value| value["id"].as_str().map(normal);
    match property(body, name) {
        Value::Array(all) => all.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}

/// The properties of a gateway that list its addresses and prefixes (`NatGatewayPropertiesFormat`, API version 2025-07-01).
pub(super) const SOURCES: [&str; 4] =
    ["publicIpAddresses", "publicIpAddressesV6", "publicIpPrefixes", "publicIpPrefixesV6"];

/// All addresses and prefixes that a gateway's body names.
pub(super) fn sources(body: &Map<String, Value>) -> Vec<String> {
    SOURCES.iter().flat_map(|list| references(body, list)).collect()
}

impl Object {
    pub(super) fn state(&self) -> &'static str {
        match &self.work {
            Some(Work { end: End::Deletes, .. }) => "Deleting",
            Some(_) => "Updating",
            None if self.failed => "Failed",
            None => "Succeeded",
        }
    }

    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub(super) fn sku(&self) -> &str {
        sku(&self.body)
    }

    /// The object with what the cloud adds; `extra` are properties that follow from other objects.
    pub(super) fn shown(&self, extra: Map<String, Value>) -> Value {
        let mut shown = self.body.clone();
        let mut properties =
            shown.remove("properties").and_then(|value| value.as_object().cloned()).unwrap_or_default();
        properties.insert("provisioningState".to_owned(), json!(self.state()));
        properties.insert("resourceGuid".to_owned(), json!(format!("00000000-0000-0000-0000-{:012x}", self.id.len())));
        if let Some(allocated) = &self.allocated {
            let member = if self.kind == Kind::Prefix { "ipPrefix" } else { "ipAddress" };
            properties.insert(member.to_owned(), json!(allocated));
        }
        properties.extend(extra);
        shown.insert("properties".to_owned(), Value::Object(properties));
        shown.insert("id".to_owned(), json!(self.id));
        shown.insert("name".to_owned(), json!(name(&self.id)));
        shown.insert("type".to_owned(), json!(self.kind.type_name()));
        shown.insert("etag".to_owned(), json!(self.etag()));
        Value::Object(shown)
    }
}

/// The SKU of a body.
pub(super) fn sku(body: &Map<String, Value>) -> &str {
    body.get("sku").and_then(|sku| sku["name"].as_str()).unwrap_or("Basic")
}

/// What of a request is the caller's to say: not what only the cloud writes.
pub(super) fn accepted(kind: Kind, sent: &Map<String, Value>) -> Map<String, Value> {
    const OF_THE_CLOUD: [&str; 7] =
        ["provisioningState", "resourceGuid", "ipAddress", "ipPrefix", "natGateway", "subnets", "ipConfiguration"];
    let mut body = sent.clone();
    for member in ["id", "name", "type", "etag"] {
        body.remove(member);
    }
    if let Some(Value::Object(properties)) = body.get_mut("properties") {
        let names_its_gateway = |member: &str| kind == Kind::Subnet && member == "natGateway";
        properties.retain(|member, _| !OF_THE_CLOUD.contains(&member.as_str()) || names_its_gateway(member));
    }
    body
}
