//! Objects of the cloud outlive the resource instances that Terraform replaces.
//!
//! Terraform replaces an instance by removing it and making it anew, and asks the provider for a plan of the second half only. For
//! allow-listed addresses that would be the loss that this provider exists to prevent. So when the new instance stands for the same
//! object, the first half does nothing, and the second adopts what is there.

use std::sync::Arc;

use egress_model::identity::{Identity, ResourceType};
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Value};
use tfplugin::resource::{ApplyResponse, CreateRequest, DeleteRequest, Deletion, Private};

use crate::resources::cloud_identity;
use crate::session::{Configured, Session};

/// The answer to a removal after which the objects are still needed; `None` when they are to be removed.
pub(crate) fn kept(session: &Session, resource_type: ResourceType, request: &DeleteRequest) -> Option<ApplyResponse> {
    let (configured, identity) = &of(session, resource_type, &request.prior)?;
    let why = match request.reason {
        Deletion::Replaced { renewed: true } => {
            "Terraform replaces the resource by itself, because it is tainted or -replace names it. Nothing was removed: the new \
             resource adopts what is there, and brings it to what the configuration says."
        }
        _ if configured.this_run.created.holds(identity) => {
            "It was created again in this run, as create_before_destroy has it, and the new resource has adopted the objects of the \
             old one. Nothing was removed. create_before_destroy has no use here: changes are made in place."
        }
        _ => return None,
    };
    let name = &identity.name;
    Some(ApplyResponse {
        state: Value::Null,
        private: Private::new(),
        identity: request.identity.clone(),
        diagnostics: Diagnostic::warning(format!("The cloud objects of {name} are kept"), why)
            .at(Path::attribute("name"))
            .into(),
    })
}

/// Notes a creation. The answer, if there is one, says that another resource of this configuration has the same name.
pub(crate) fn refused(
    session: &Session,
    resource_type: ResourceType,
    request: &CreateRequest,
) -> Option<ApplyResponse> {
    let (configured, identity) = &of(session, resource_type, &request.planned)?;
    if configured.this_run.created.note(identity) {
        return None;
    }
    let Identity { owner, name, resource_type } = identity;
    let error = Diagnostic::error(
        format!("Two resources are named {name}"),
        format!(
            "Another resource of this configuration has created the {resource_type} {name} of the owner {owner} in this run. A name \
             stands for one set of objects: two resources with one name would take each other's. Nothing was created for this one. \
             Give it another name; in a module that is used more than once, make the name a variable."
        ),
    )
    .at(Path::attribute("name"));
    Some(ApplyResponse {
        state: Value::Null,
        private: request.private.clone(),
        identity: None,
        diagnostics: error.into(),
    })
}

/// The identity of a value of a resource; `None` where the operation itself will say what is missing.
fn of(session: &Session, resource_type: ResourceType, value: &Value) -> Option<(Arc<Configured>, Identity)> {
    let configured = session.configured()?;
    let identity = cloud_identity::identity(&configured, resource_type, value.get("name")?.as_str()?).ok()?;
    Some((configured, identity))
}
