//! From native types to the wire.

use tfplugin_proto::tfplugin6 as proto;

use crate::cty::{Path, Step, Type, Value, ValueError, msgpack};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::function::{FunctionError, Parameter, Signature};
use crate::quoted::shortened;
use crate::schema::{Attribute, AttributeType, IdentitySchema, Mode, NestedBlock, Nesting, Schema};

const MARKDOWN: i32 = proto::StringKind::Markdown as i32;

/// A value of this type.
pub(crate) fn value(value: &Value, ty: &Type) -> Result<proto::DynamicValue, ValueError> {
    Ok(proto::DynamicValue { msgpack: msgpack::encode(value, ty)?, json: Vec::new() })
}

/// An identity of this type, if there is one.
pub(crate) fn identity(
    identity: Option<&Value>,
    ty: Option<&Type>,
) -> Result<Option<proto::ResourceIdentityData>, ValueError> {
    // Terraform ends with a crash when a resource without an identity schema sends an identity.
    let (Some(identity), Some(ty)) = (identity, ty) else { return Ok(None) };
    Ok(Some(proto::ResourceIdentityData { identity_data: Some(value(identity, ty)?) }))
}

/// Messages to the user.
pub(crate) fn diagnostics(diagnostics: Diagnostics) -> Vec<proto::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> proto::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => proto::diagnostic::Severity::Error,
        Severity::Warning => proto::diagnostic::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary: shortened(diagnostic.summary),
        detail: shortened(diagnostic.detail),
        attribute: diagnostic.path.as_ref().map(path),
    }
}

/// A path.
pub(crate) fn path(path: &Path) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;

    let steps = path.steps().iter().map(|step| proto::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        }),
    });
    proto::AttributePath { steps: steps.collect() }
}

/// A schema.
pub(crate) fn schema(schema: &Schema) -> proto::Schema {
    let block = proto::schema::Block {
        version: schema.version,
        description: schema.description.clone(),
        deprecated: schema.deprecation.is_some(),
        deprecation_message: schema.deprecation.clone().unwrap_or_default(),
        ..block(&schema.attributes, &schema.blocks)
    };
    proto::Schema { version: schema.version, block: Some(block) }
}

fn block(attributes: &[Attribute], blocks: &[NestedBlock]) -> proto::schema::Block {
    proto::schema::Block {
        attributes: attributes.iter().map(attribute).collect(),
        block_types: blocks.iter().map(nested_block).collect(),
        description_kind: MARKDOWN,
        ..proto::schema::Block::default()
    }
}

fn attribute(attribute: &Attribute) -> proto::schema::Attribute {
    let (ty, nested_type) = match &attribute.ty {
        AttributeType::Plain(ty) => (ty.encode(), None),
        AttributeType::Nested(nesting, attributes) => (Vec::new(), Some(object(*nesting, attributes))),
    };
    // Terraform lets a provider fill in only what is computed.
    let filled_in = attribute.mode == Mode::Optional && attribute.default.is_some();
    proto::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: ty,
        nested_type,
        description: attribute.description.clone(),
        description_kind: MARKDOWN,
        required: attribute.mode == Mode::Required,
        optional: matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
        computed: matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed) || filled_in,
        sensitive: attribute.sensitive,
        deprecated: attribute.deprecation.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecation.clone().unwrap_or_default(),
    }
}

#[expect(deprecated, reason = "the message has two fields that were never used")]
fn object(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;

    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    let attributes = attributes.iter().map(attribute).collect();
    proto::schema::Object { attributes, nesting: nesting.into(), min_items: 0, max_items: 0 }
}

fn nested_block(nested: &NestedBlock) -> proto::schema::NestedBlock {
    use proto::schema::nested_block::NestingMode;

    let nesting = match nested.nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::NestedBlock {
        type_name: nested.name.to_owned(),
        block: Some(proto::schema::Block {
            description: nested.description.clone(),
            ..block(&nested.attributes, &nested.blocks)
        }),
        nesting: nesting.into(),
        min_items: nested.min_items,
        max_items: nested.max_items,
    }
}

/// An identity's schema.
pub(crate) fn identity_schema(schema: &IdentitySchema) -> proto::ResourceIdentitySchema {
    let attributes = schema.attributes.iter().map(|a| proto::resource_identity_schema::IdentityAttribute {
        name: a.name.to_owned(),
        r#type: a.ty.encode(),
        required_for_import: a.required_for_import,
        optional_for_import: !a.required_for_import,
        description: a.description.clone(),
    });
    proto::ResourceIdentitySchema { version: schema.version, identity_attributes: attributes.collect() }
}

/// A function's signature.
pub(crate) fn function(signature: &Signature) -> proto::Function {
    proto::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(proto::function::Return { r#type: signature.returns.encode() }),
        summary: signature.summary.clone(),
        description: signature.description.clone(),
        description_kind: MARKDOWN,
        deprecation_message: signature.deprecation.clone().unwrap_or_default(),
    }
}

fn parameter(parameter: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: parameter.ty.encode(),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.clone(),
        description_kind: MARKDOWN,
    }
}

/// Why a function's call failed.
pub(crate) fn function_error(error: FunctionError) -> proto::FunctionError {
    proto::FunctionError {
        text: shortened(error.text),
        function_argument: error.argument.and_then(|position| i64::try_from(position).ok()),
    }
}
