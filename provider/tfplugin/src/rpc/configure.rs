//! The provider's own configuration.

use tfplugin_proto::tfplugin6 as proto;

use super::check::unreadable;
use super::parts::Parts;
use crate::diagnostic::Diagnostics;
use crate::provider::Context;
use crate::{config_check, from_proto, to_proto};

/// Checks a configuration, which may hold unknown values.
pub(crate) async fn validate(
    parts: &Parts,
    cx: &Context,
    request: proto::validate_provider_config::Request,
) -> Result<proto::validate_provider_config::Response, Diagnostics> {
    let shape = parts.configuration();
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("provider configuration"))?;
    let mut diagnostics = config_check::check(&shape.schema, &config);
    diagnostics.extend(parts.provider.validate(cx, &config).await);
    Ok(proto::validate_provider_config::Response { diagnostics: to_proto::diagnostics(diagnostics) })
}

/// Takes a configuration.
pub(crate) async fn configure(
    parts: &Parts,
    cx: &Context,
    request: proto::configure_provider::Request,
) -> Result<proto::configure_provider::Response, Diagnostics> {
    let shape = parts.configuration();
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("provider configuration"))?;
    let diagnostics = parts.provider.configure(cx, &config, &request.terraform_version).await;
    Ok(proto::configure_provider::Response { diagnostics: to_proto::diagnostics(diagnostics) })
}
