//! Reading facts.

use tfplugin_proto::tfplugin6 as proto;

use super::check::{self, misfit, unreadable};
use super::parts::Parts;
use crate::diagnostic::Diagnostics;
use crate::provider::Context;
use crate::{from_proto, to_proto};

/// Reads a data source.
pub(crate) async fn read(
    parts: &Parts,
    cx: &Context,
    request: proto::read_data_source::Request,
) -> Result<proto::read_data_source::Response, Diagnostics> {
    let (source, shape) = parts.data_source(&request.type_name)?;
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
    let (state, mut diagnostics) = source.read(cx, config).await?;
    let state = check::settled(&shape, state, &mut diagnostics);
    Ok(proto::read_data_source::Response {
        state: Some(to_proto::value(&state, &shape.ty).map_err(|e| misfit("data", &e))?),
        diagnostics: to_proto::diagnostics(diagnostics),
        deferred: None,
    })
}
