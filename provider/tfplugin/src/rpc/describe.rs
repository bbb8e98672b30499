//! What the provider has: names, schemas, signatures, capabilities.

use tfplugin_proto::tfplugin6 as proto;

use super::parts::Parts;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::{provider_check, to_proto};

/// What this crate answers beyond the protocol's base. Only what is done is declared.
const CAPABILITIES: proto::ServerCapabilities = proto::ServerCapabilities {
    plan_destroy: true,
    // Most processes that Terraform starts need no schema: it has it from the first.
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: false,
};

/// The names alone.
pub(crate) fn metadata(parts: &Parts) -> proto::get_metadata::Response {
    use proto::get_metadata::{DataSourceMetadata, FunctionMetadata, ListResourceMetadata, ResourceMetadata};

    let provider = &parts.provider;
    proto::get_metadata::Response {
        server_capabilities: Some(CAPABILITIES),
        resources: (provider.resources().iter().map(|r| ResourceMetadata { type_name: r.type_name().to_owned() }))
            .collect(),
        data_sources: (provider.data_sources().iter())
            .map(|d| DataSourceMetadata { type_name: d.type_name().to_owned() })
            .collect(),
        functions: provider.functions().iter().map(|f| FunctionMetadata { name: f.name().to_owned() }).collect(),
        list_resources: (provider.list_resources().iter())
            .map(|l| ListResourceMetadata { type_name: l.type_name().to_owned() })
            .collect(),
        ..proto::get_metadata::Response::default()
    }
}

/// Everything that a configuration can hold.
pub(crate) fn schemas(parts: &Parts) -> Result<proto::get_provider_schema::Response, Diagnostics> {
    let provider = &parts.provider;
    if cfg!(debug_assertions) {
        let broken = provider_check::check(provider.as_ref()).into_iter();
        let broken: Diagnostics = broken.map(|rule| Diagnostic::error("The provider breaks a rule", rule)).collect();
        if broken.has_errors() {
            return Err(broken);
        }
    }
    let mut reply = proto::get_provider_schema::Response {
        provider: Some(to_proto::schema(&parts.configuration().schema)),
        server_capabilities: Some(CAPABILITIES),
        functions: functions(parts),
        ..proto::get_provider_schema::Response::default()
    };
    for resource in provider.resources() {
        let shape = parts.shape_of(resource.as_ref());
        reply.resource_schemas.insert(resource.type_name().to_owned(), to_proto::schema(&shape.schema));
    }
    for source in provider.data_sources() {
        let (_, shape) = parts.data_source(source.type_name())?;
        reply.data_source_schemas.insert(source.type_name().to_owned(), to_proto::schema(&shape.schema));
    }
    for list in provider.list_resources() {
        let (_, shape) = parts.list(list.type_name())?;
        reply.list_resource_schemas.insert(list.type_name().to_owned(), to_proto::schema(&shape.schema));
    }
    Ok(reply)
}

/// What identifies objects.
pub(crate) fn identity_schemas(parts: &Parts) -> proto::get_resource_identity_schemas::Response {
    let resources = parts.provider.resources().iter();
    let schemas = resources.filter_map(|resource| {
        let shape = parts.shape_of(resource.as_ref());
        let (schema, _) = shape.identity.as_ref()?;
        Some((resource.type_name().to_owned(), to_proto::identity_schema(schema)))
    });
    proto::get_resource_identity_schemas::Response { identity_schemas: schemas.collect(), diagnostics: Vec::new() }
}

/// The signatures of the functions, by name.
pub(crate) fn functions(parts: &Parts) -> std::collections::HashMap<String, proto::Function> {
    let functions = parts.provider.functions().iter();
    functions.map(|f| (f.name().to_owned(), to_proto::function(&f.signature()))).collect()
}
