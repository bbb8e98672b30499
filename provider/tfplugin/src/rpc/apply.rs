//! Making, changing and removing objects.

use tfplugin_proto::tfplugin6 as proto;

use super::check::{self, BUG, misfit, unreadable};
use super::parts::{Parts, Shape};
use super::private::Stored;
use super::replacement;
use crate::cty::Value;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Context;
use crate::resource::{ApplyResponse, CreateRequest, DeleteRequest, Deletion, UpdateRequest};
use crate::{conformance, from_proto, to_proto};

/// Applies one planned change.
pub(crate) async fn apply(
    parts: &Parts,
    cx: &Context,
    request: proto::apply_resource_change::Request,
) -> Result<proto::apply_resource_change::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let prior = from_proto::value(request.prior_state.as_ref(), &shape.ty).map_err(unreadable("state"))?;
    let planned = from_proto::value(request.planned_state.as_ref(), &shape.ty).map_err(unreadable("plan"))?;
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
    let identity = from_proto::identity(request.planned_identity.as_ref(), shape.identity_type())
        .map_err(unreadable("identity"))?;
    let Stored { provider: private, replacement, .. } = Stored::decode(&request.planned_private);

    let (response, before) = if planned.is_null() {
        let reason = replacement.map_or(Deletion::Destroyed, |new| Deletion::Replaced {
            renewed: replacement::is_same(&new, &replacement::of(&shape.schema, &prior)),
        });
        let request = DeleteRequest { reason, prior: prior.clone(), private, identity: identity.clone() };
        (resource.delete(cx, request).await, identity)
    } else if prior.is_null() {
        let request = CreateRequest { config, planned: planned.clone(), private };
        (resource.create(cx, request).await, None)
    } else {
        let prior = prior.clone();
        let request = UpdateRequest { config, prior, planned: planned.clone(), private, identity: identity.clone() };
        (resource.update(cx, request).await, identity)
    };
    reply(&shape, &prior, &planned, before, response)
}

/// The reply to a change. Whatever the handler says exists is in it, also when it failed and also when the reply has to
/// report a mistake of the handler's: what is not in the reply Terraform forgets.
fn reply(
    shape: &Shape,
    prior: &Value,
    planned: &Value,
    before: Option<Value>,
    response: ApplyResponse,
) -> Result<proto::apply_resource_change::Response, Diagnostics> {
    let ApplyResponse { state, private, identity, mut diagnostics } = response;
    let state = check::settled(shape, state, &mut diagnostics);
    if !diagnostics.has_errors() {
        diagnostics.extend(contradiction(shape, prior, planned, &state));
    }
    let identity = check::identity(shape, before, identity, &mut diagnostics).filter(|_| !state.is_null());
    if prior.is_null() && shape.identity.is_some() && identity.is_none() && !state.is_null() {
        // Not an error: Terraform would mark the new object for replacement, and nothing is wrong with the object.
        diagnostics.push(Diagnostic::warning(
            "The provider returned no identity for the object",
            format!("The object exists and is recorded, but lists will not recognise it. {BUG}"),
        ));
    }
    let state = check::fitted(state, &shape.ty, |error| diagnostics.extend(misfit("a state", error)));
    // What does not fit as a whole cannot be recorded: the state stays what it was.
    let state = state.map_or_else(|| to_proto::value(prior, &shape.ty), Ok).map_err(|e| misfit("a state", &e))?;
    Ok(proto::apply_resource_change::Response {
        new_state: Some(state),
        private: Stored::of(private).encode(),
        new_identity: to_proto::identity(identity.as_ref(), shape.identity_type())
            .map_err(|e| misfit("an identity", &e))?,
        diagnostics: to_proto::diagnostics(diagnostics),
        legacy_type_system: false,
    })
}

/// How a handler that reported success contradicts itself or the plan.
fn contradiction(shape: &Shape, prior: &Value, planned: &Value, state: &Value) -> Diagnostics {
    match (prior.is_null(), planned.is_null(), state.is_null()) {
        (_, true, true) => Diagnostics::new(),
        (_, true, false) => Diagnostic::error(
            "The provider did not remove the object",
            format!("It reported success, and returned what it says still exists. {BUG} The state keeps the object."),
        )
        .into(),
        (true, false, true) => Diagnostic::error(
            "The provider did not make the object",
            format!("It reported success without an object. {BUG}"),
        )
        .into(),
        (false, false, true) => Diagnostic::error(
            "The provider lost the object",
            format!("It reported a successful change, after which no object is left. {BUG}"),
        )
        .into(),
        (_, false, false) => conformance::check_apply(&shape.schema, planned, state),
    }
}
