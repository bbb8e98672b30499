//! The pure rules until their modules are there.

pub(crate) mod plan {
    use crate::cty::{Path, Value};
    use crate::schema::{Mode, Schema};

    pub(crate) struct Planned {
        pub(crate) planned: Value,
        pub(crate) requires_replace: Vec<Path>,
    }

    pub(crate) fn null_write_only(schema: &Schema, mut value: Value) -> Value {
        if let Some(object) = value.as_object_mut() {
            for attribute in schema.attributes.iter().filter(|a| a.write_only) {
                object.insert(attribute.name.to_owned(), Value::Null);
            }
        }
        value
    }

    pub(crate) fn plan(schema: &Schema, config: &Value, prior: &Value, proposed: &Value) -> Planned {
        let mut planned = null_write_only(schema, proposed.clone());
        if planned != *prior {
            for attribute in &schema.attributes {
                let given = config.get(attribute.name).is_some_and(|v| !v.is_null());
                let computed = matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed);
                if !given && computed {
                    planned.as_object_mut().unwrap().insert(attribute.name.to_owned(), Value::UNKNOWN);
                }
            }
        }
        Planned { planned, requires_replace: Vec::new() }
    }
}

pub(crate) mod config_check {
    use crate::cty::Value;
    use crate::diagnostic::Diagnostics;
    use crate::schema::Schema;

    pub(crate) fn check(_: &Schema, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    pub(crate) fn refuse_write_only(_: &Schema, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }
}

pub(crate) mod conformance {
    use crate::cty::Value;
    use crate::diagnostic::Diagnostics;
    use crate::schema::Schema;

    pub(crate) fn check_plan(_: &Schema, _: &Value, _: &Value, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    pub(crate) fn check_apply(_: &Schema, _: &Value, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }
}
