//! Looking at an object.

use tfplugin_proto::tfplugin6 as proto;

use super::check::{self, misfit, unreadable};
use super::parts::Parts;
use super::private::Stored;
use crate::diagnostic::Diagnostics;
use crate::provider::Context;
use crate::resource::ReadRequest;
use crate::{from_proto, to_proto};

/// Reads a managed resource.
pub(crate) async fn read(
    parts: &Parts,
    cx: &Context,
    request: proto::read_resource::Request,
) -> Result<proto::read_resource::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let state = from_proto::value(request.current_state.as_ref(), &shape.ty).map_err(unreadable("state"))?;
    let before = from_proto::identity(request.current_identity.as_ref(), shape.identity_type())
        .map_err(unreadable("identity"))?;
    let stored = Stored::decode(&request.private);

    let response = resource.read(cx, ReadRequest { state, private: stored.provider, identity: before.clone() }).await;

    let mut diagnostics = response.diagnostics;
    let state = check::settled(&shape, response.state, &mut diagnostics);
    // An import may know only a part of the identity; the first read completes it.
    let before = before.filter(|_| !stored.imported);
    let identity = check::identity(&shape, before, response.identity, &mut diagnostics).filter(|_| !state.is_null());
    Ok(proto::read_resource::Response {
        new_state: Some(to_proto::value(&state, &shape.ty).map_err(|e| misfit("a state", &e))?),
        private: Stored::of(response.private).encode(),
        new_identity: to_proto::identity(identity.as_ref(), shape.identity_type())
            .map_err(|e| misfit("an identity", &e))?,
        diagnostics: to_proto::diagnostics(diagnostics),
        deferred: None,
    })
}
