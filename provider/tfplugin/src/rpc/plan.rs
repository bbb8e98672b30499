//! What an apply would do.

use tfplugin_proto::tfplugin6 as proto;

use super::check::{self, BUG, misfit, unreadable};
use super::parts::{Parts, Shape};
use super::private::Stored;
use super::replacement;
use crate::cty::Value;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Context;
use crate::resource::{PlanRequest, PlanResponse};
use crate::{config_check, conformance, from_proto, to_proto};

/// Plans a create, an update or a destroy: first by the schema's rules, then by the resource's own.
pub(crate) async fn plan(
    parts: &Parts,
    cx: &Context,
    request: proto::plan_resource_change::Request,
) -> Result<proto::plan_resource_change::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let prior = from_proto::value(request.prior_state.as_ref(), &shape.ty).map_err(unreadable("state"))?;
    let proposed = from_proto::value(request.proposed_new_state.as_ref(), &shape.ty).map_err(unreadable("plan"))?;
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
    let identity =
        from_proto::identity(request.prior_identity.as_ref(), shape.identity_type()).map_err(unreadable("identity"))?;
    // In the second of a replacement's two plans it is that of the object that goes.
    let identity = identity.filter(|_| !prior.is_null());
    let stored = Stored::decode(&request.prior_private);
    let destroy = proposed.is_null();

    // Terraform validates the configuration in the plan as well; what a null object means is not left to that.
    let refused = config_check::refuse_null_objects(&shape.schema, &config);
    if !destroy && refused.has_errors() {
        return Err(refused);
    }
    let (planned, requires_replace) = if destroy {
        (Value::Null, Vec::new())
    } else {
        let recipe = crate::plan::plan(&shape.schema, &config, &prior, &proposed);
        (recipe.planned, recipe.requires_replace)
    };
    let response = resource
        .plan(
            cx,
            PlanRequest {
                config: config.clone(),
                prior: prior.clone(),
                planned,
                requires_replace,
                private: stored.provider,
                identity: identity.clone(),
            },
        )
        .await;

    let PlanResponse { planned, mut requires_replace, private, identity: planned_identity, mut diagnostics } = response;
    let stored = Stored { provider: private, imported: stored.imported, replacement: None };
    if destroy {
        let private = stored.encode();
        return Ok(proto::plan_resource_change::Response {
            planned_state: Some(null()),
            planned_private: private,
            diagnostics: to_proto::diagnostics(diagnostics),
            planned_identity: to_proto::identity(identity.as_ref(), shape.identity_type())
                .map_err(|e| misfit("an identity", &e))?,
            ..proto::plan_resource_change::Response::default()
        });
    }
    let planned = check::without_write_only(&shape, shape.with_blocks(planned));
    let replacement = prior.is_null().then(|| replacement::of(&shape.schema, &planned));
    let private = Stored { replacement, ..stored }.encode();
    if !diagnostics.has_errors() {
        diagnostics.extend(conformance::check_plan(&shape.schema, &config, &prior, &planned));
    }
    requires_replace.sort();
    requires_replace.dedup();
    let replaces = prior.is_null() || !requires_replace.is_empty();
    let identity = planned_identity_of(&shape, identity, planned_identity, replaces, &mut diagnostics);
    Ok(proto::plan_resource_change::Response {
        planned_state: Some(to_proto::value(&planned, &shape.ty).map_err(|e| misfit("a plan", &e))?),
        requires_replace: requires_replace.iter().map(to_proto::path).collect(),
        planned_private: private,
        planned_identity: to_proto::identity(identity.as_ref(), shape.identity_type())
            .map_err(|e| misfit("an identity", &e))?,
        diagnostics: to_proto::diagnostics(diagnostics),
        ..proto::plan_resource_change::Response::default()
    })
}

fn null() -> proto::DynamicValue {
    // MessagePack's nil.
    proto::DynamicValue { msgpack: vec![0xc0], json: Vec::new() }
}

/// The identity that the object will have: that of a new object may be unknown, that of an existing one stays unless its
/// schema lets it change.
fn planned_identity_of(
    shape: &Shape,
    before: Option<Value>,
    planned: Option<Value>,
    replaces: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    shape.identity.as_ref()?;
    if replaces {
        return planned;
    }
    match (before, planned) {
        (Some(before), Some(planned)) if before != planned && !shape.identity_is_mutable() => {
            diagnostics.push(Diagnostic::error(
                "The provider planned a change of the object's identity",
                format!(
                    "An identity is what finds an object again. It changes only when the object is replaced, and this plan \
                     is not for a replacement. {BUG}"
                ),
            ));
            Some(before)
        }
        (before, planned) => planned.or(before),
    }
}
