//! Stored state and identities, also of older versions, into today's form.

use serde_json::Value as Json;
use tfplugin_proto::tfplugin6 as proto;

use super::check::{misfit, without_write_only};
use super::parts::Parts;
use crate::cty::json::{self, Undefined};
use crate::cty::{Type, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::to_proto;

/// Turns stored state into a value of the current schema. Terraform asks also when the versions are the same.
pub(crate) fn state(
    parts: &Parts,
    request: proto::upgrade_resource_state::Request,
) -> Result<proto::upgrade_resource_state::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let raw = stored(request.raw_state)?;
    let upgraded = upgraded("state", raw, request.version, shape.schema.version, &shape.ty, |version, state| {
        resource.upgrade(version, state)
    })?;
    let upgraded = without_write_only(&shape, shape.with_blocks(upgraded));
    let upgraded = to_proto::value(&upgraded, &shape.ty).map_err(|e| misfit("an upgraded state", &e))?;
    Ok(proto::upgrade_resource_state::Response { upgraded_state: Some(upgraded), diagnostics: Vec::new() })
}

/// Turns a stored identity into a value of the current identity schema.
pub(crate) fn identity(
    parts: &Parts,
    request: proto::upgrade_resource_identity::Request,
) -> Result<proto::upgrade_resource_identity::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let Some((schema, ty)) = &shape.identity else {
        return Err(Diagnostic::error(
            format!("{} has no identity", request.type_name),
            "The state has an identity for it, which must come from another version of the provider.",
        )
        .into());
    };
    let raw = stored(request.raw_identity)?;
    let upgraded = upgraded("identity", raw, request.version, schema.version, ty, |version, identity| {
        resource.upgrade_identity(version, identity)
    })?;
    let upgraded = to_proto::identity(Some(&upgraded), Some(ty)).map_err(|e| misfit("an upgraded identity", &e))?;
    Ok(proto::upgrade_resource_identity::Response { upgraded_identity: upgraded, diagnostics: Vec::new() })
}

/// Stored JSON.
pub(crate) fn stored(raw: Option<proto::RawState>) -> Result<Json, Diagnostics> {
    let raw = raw.unwrap_or_default();
    if raw.json.is_empty() {
        return Err(Diagnostic::error(
            "The stored state is of a form that is no longer read",
            "Terraform 0.11 or older wrote it. Apply it once with Terraform 0.12 to 1.0 and the provider version of that time.",
        )
        .into());
    }
    serde_json::from_slice(&raw.json).map_err(|e| {
        Diagnostic::error("The stored state cannot be read", format!("Terraform sent text that is not JSON: {e}."))
            .into()
    })
}

fn upgraded(
    what: &str,
    raw: Json,
    from: i64,
    to: i64,
    ty: &Type,
    upgrade: impl FnOnce(i64, Json) -> Result<Json, Diagnostics>,
) -> Result<Value, Diagnostics> {
    if from > to {
        return Err(Diagnostic::error(
            format!("The stored {what} is of a newer version of the provider"),
            format!("It has version {from}, and this version of the provider knows those up to {to}. Use a newer one."),
        )
        .into());
    }
    if from == to {
        // Terraform itself drops what the schema does not have at an equal version.
        return json::from_json(&raw, ty, Undefined::Ignore).map_err(|error| {
            error.into_diagnostic(format!("The stored {what} does not fit the provider's schema")).into()
        });
    }
    let upgraded = upgrade(from, raw)?;
    json::from_json(&upgraded, ty, Undefined::Refuse).map_err(|e| misfit(&format!("an upgraded {what}"), &e))
}
