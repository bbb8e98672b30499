//! Configurations of resources, data sources and lists, before anything is known.

use tfplugin_proto::tfplugin6 as proto;

use super::check::unreadable;
use super::parts::Parts;
use crate::diagnostic::Diagnostics;
use crate::provider::Context;
use crate::{config_check, from_proto, to_proto};

/// Checks a managed resource's configuration.
pub(crate) async fn resource(
    parts: &Parts,
    cx: &Context,
    request: proto::validate_resource_config::Request,
) -> Result<proto::validate_resource_config::Response, Diagnostics> {
    let (resource, shape) = parts.resource(&request.type_name)?;
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
    let mut diagnostics = config_check::check(&shape.schema, &config);
    if !request.client_capabilities.is_some_and(|c| c.write_only_attributes_allowed) {
        // Before 1.11 Terraform would store what must not be stored.
        diagnostics.extend(config_check::refuse_write_only(&shape.schema, &config));
    }
    diagnostics.extend(resource.validate(cx, &config).await);
    Ok(proto::validate_resource_config::Response { diagnostics: to_proto::diagnostics(diagnostics) })
}

/// Checks a data source's configuration.
pub(crate) async fn data_source(
    parts: &Parts,
    cx: &Context,
    request: proto::validate_data_resource_config::Request,
) -> Result<proto::validate_data_resource_config::Response, Diagnostics> {
    let (source, shape) = parts.data_source(&request.type_name)?;
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
    let mut diagnostics = config_check::check(&shape.schema, &config);
    diagnostics.extend(source.validate(cx, &config).await);
    Ok(proto::validate_data_resource_config::Response { diagnostics: to_proto::diagnostics(diagnostics) })
}

/// Checks the configuration of a list.
pub(crate) async fn list(
    parts: &Parts,
    cx: &Context,
    request: proto::validate_list_resource_config::Request,
) -> Result<proto::validate_list_resource_config::Response, Diagnostics> {
    let (list, shape) = parts.list(&request.type_name)?;
    let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
    let mut diagnostics = config_check::check(&shape.schema, &config);
    diagnostics.extend(list.validate(cx, &config).await);
    Ok(proto::validate_list_resource_config::Response { diagnostics: to_proto::diagnostics(diagnostics) })
}
