//! Taking over an object that the state has as another type.

use tfplugin_proto::tfplugin6 as proto;

use super::check::{self, misfit};
use super::parts::Parts;
use super::private::Stored;
use super::upgrade::stored;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::resource::MoveSource;
use crate::to_proto;

/// Turns another type's state into this type's.
pub(crate) fn moved(
    parts: &Parts,
    request: proto::move_resource_state::Request,
) -> Result<proto::move_resource_state::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.target_type_name)?;
    // Private data has a form of its own in every provider; ours is known.
    let private = if request.source_provider_address == parts.address {
        Stored::decode(&request.source_private).provider
    } else {
        request.source_private
    };
    let source = MoveSource {
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
        state: stored(request.source_state)?,
        private,
    };
    let Some(moved) = resource.move_from(&source) else {
        return Err(Diagnostic::error(
            format!("{} cannot become {}", source.type_name, request.target_type_name),
            format!(
                "{} has no rule to take over state of {} from {} (schema version {}). Remove the moved block, and import the object \
                 instead if it exists.",
                parts.address, source.type_name, source.provider_address, source.schema_version
            ),
        )
        .into());
    };
    let moved = moved?;
    let mut diagnostics = Diagnostics::new();
    let state = check::settled(&shape, moved.state, &mut diagnostics);
    let identity = check::identity(&shape, None, moved.identity, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    Ok(proto::move_resource_state::Response {
        target_state: Some(to_proto::value(&state, &shape.ty).map_err(|e| misfit("a state", &e))?),
        // The first read may complete the identity, as after an import.
        target_private: Stored { imported: true, ..Stored::of(moved.private) }.encode(),
        target_identity: to_proto::identity(identity.as_ref(), shape.identity_type())
            .map_err(|e| misfit("an identity", &e))?,
        diagnostics: Vec::new(),
    })
}
