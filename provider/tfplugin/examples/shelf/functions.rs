//! The provider's functions.

use tfplugin::cty::{Type, Value};
use tfplugin::function::{Function, FunctionError, Parameter, Signature};

fn parameter(name: &'static str, ty: Type, description: &str) -> Parameter {
    Parameter { name, ty, allow_null: false, allow_unknown: false, description: description.to_owned() }
}

/// `provider::shelf::join(separator, parts...)`.
pub(crate) struct Join;

impl Function for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Joins texts".to_owned(),
            description: "Puts the separator between the texts.".to_owned(),
            parameters: vec![parameter("separator", Type::String, "What stands between two texts; not empty.")],
            variadic: Some(parameter("parts", Type::String, "The texts.")),
            returns: Type::String,
            deprecation: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let texts: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
        match texts.split_first() {
            Some((separator, parts)) if !separator.is_empty() => Ok(parts.join(separator).into()),
            _ => Err(FunctionError { text: "the separator is empty".to_owned(), argument: Some(0) }),
        }
    }
}

/// `provider::shelf::echo(value)`: any value, with every digit of its numbers.
pub(crate) struct Echo;

impl Function for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn signature(&self) -> Signature {
        let value = Parameter { allow_null: true, ..parameter("value", Type::Dynamic, "Any value.") };
        Signature {
            summary: "Gives back what it gets".to_owned(),
            description: "Gives back what it gets.".to_owned(),
            parameters: vec![value],
            variadic: None,
            returns: Type::Dynamic,
            deprecation: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        Ok(arguments.first().cloned().unwrap_or(Value::Null))
    }
}

/// `provider::shelf::crash()`: what a bug looks like.
pub(crate) struct Crash;

impl Function for Crash {
    fn name(&self) -> &'static str {
        "crash"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Panics".to_owned(),
            description: "Shows what the user sees of a bug.".to_owned(),
            parameters: Vec::new(),
            variadic: None,
            returns: Type::Bool,
            deprecation: None,
        }
    }

    fn call(&self, _arguments: &[Value]) -> Result<Value, FunctionError> {
        panic!("the function crash was called");
    }
}
