//! Values to and from messages.

use anyhow::{Result, bail};
use tfplugin::cty::json::Undefined;
use tfplugin::cty::{Path, Type, Value, json, msgpack};
use tfplugin_proto::tfplugin6 as proto;
use tfplugin_proto::tfplugin6::attribute_path::step::Selector;

use super::message::Message;

pub(super) fn encode(value: &Value, ty: &Type) -> Result<Option<proto::DynamicValue>> {
    Ok(Some(proto::DynamicValue { msgpack: msgpack::encode(value, ty)?, json: Vec::new() }))
}

/// An absent value is null; of two encodings msgpack wins, as in core.
pub(super) fn decode(value: Option<&proto::DynamicValue>, ty: &Type) -> Result<Value> {
    match value {
        Some(value) if !value.msgpack.is_empty() => Ok(msgpack::decode(&value.msgpack, ty)?),
        Some(value) if !value.json.is_empty() => Ok(json::decode(&value.json, ty, Undefined::Refuse)?),
        _ => Ok(Value::Null),
    }
}

pub(super) fn messages(diagnostics: &[proto::Diagnostic]) -> Vec<Message> {
    diagnostics
        .iter()
        .map(|diagnostic| Message {
            // A severity that is neither is shown but does not stop core; it is an error of the provider, so it counts here.
            error: diagnostic.severity != proto::diagnostic::Severity::Warning as i32,
            summary: diagnostic.summary.clone(),
            detail: diagnostic.detail.clone(),
            path: diagnostic.attribute.as_ref().map(path).unwrap_or_default(),
        })
        .collect()
}

pub(super) fn path(path: &proto::AttributePath) -> Path {
    path.steps.iter().filter_map(|step| step.selector.as_ref()).fold(Path::root(), |path, selector| match selector {
        Selector::AttributeName(name) => path.child(name.clone()),
        Selector::ElementKeyString(key) => path.key(key.clone()),
        Selector::ElementKeyInt(index) => path.index(usize::try_from(*index).unwrap_or(usize::MAX)),
    })
}

/// The errors among messages as one error.
pub(super) fn refuse_errors(messages: &[Message], what: &str) -> Result<()> {
    if messages.iter().any(|message| message.error) {
        let all: Vec<String> = messages.iter().map(ToString::to_string).collect();
        bail!("{what}: {}", all.join("\n"));
    }
    Ok(())
}
