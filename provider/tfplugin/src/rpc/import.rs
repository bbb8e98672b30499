//! Finding an object that Terraform does not know yet.

use tfplugin_proto::tfplugin6 as proto;

use super::check::{self, BUG, misfit, unreadable};
use super::parts::Parts;
use super::private::Stored;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Context;
use crate::resource::ImportRequest;
use crate::{from_proto, to_proto};

/// Imports one object.
pub(crate) async fn import(
    parts: &Parts,
    cx: &Context,
    request: proto::import_resource_state::Request,
) -> Result<proto::import_resource_state::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let identity =
        from_proto::identity(request.identity.as_ref(), shape.identity_type()).map_err(unreadable("identity"))?;
    let by_identity = identity.is_some();
    let wanted = identity.map_or(ImportRequest::Id(request.id), ImportRequest::Identity);

    let imported = resource.import(cx, wanted).await?;

    let mut diagnostics = imported.diagnostics;
    let state = check::settled(&shape, imported.state, &mut diagnostics);
    let identity = check::identity(&shape, None, imported.identity, &mut diagnostics);
    if by_identity && identity.is_none() {
        diagnostics.push(Diagnostic::error(
            "The provider imported an object without its identity",
            format!("An import by identity has to return the identity. {BUG}"),
        ));
    }
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let object = proto::import_resource_state::ImportedResource {
        type_name: request.type_name,
        state: Some(to_proto::value(&state, &shape.ty).map_err(|e| misfit("a state", &e))?),
        private: Stored { imported: true, ..Stored::of(imported.private) }.encode(),
        identity: to_proto::identity(identity.as_ref(), shape.identity_type())
            .map_err(|e| misfit("an identity", &e))?,
    };
    Ok(proto::import_resource_state::Response {
        imported_resources: vec![object],
        diagnostics: to_proto::diagnostics(diagnostics),
        deferred: None,
    })
}
