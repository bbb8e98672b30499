//! The functions: pure computations, which Terraform calls on a process that is not configured.

mod cidr;
mod nat_capacity;
mod render;

use tfplugin::cty::{Type, Value};
use tfplugin::function::{Function, FunctionError, Parameter};

/// Every function, in the order of the documentation. A new one is a line here.
pub(crate) fn all() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(cidr::Aggregate),
        Box::new(cidr::Subtract),
        Box::new(nat_capacity::NatCapacity),
        Box::new(render::Render),
    ]
}

/// A parameter that must be given and known.
fn parameter(name: &'static str, ty: Type, description: &str) -> Parameter {
    Parameter { name, ty, allow_null: false, allow_unknown: false, description: description.to_owned() }
}

/// What is wrong with the argument at this position, counted from 0.
fn wrong(argument: usize, text: impl Into<String>) -> FunctionError {
    FunctionError { text: text.into(), argument: Some(argument) }
}

/// The argument at a position; null where there is none, which a host that keeps to the signature does not send.
fn argument(arguments: &[Value], position: usize) -> &Value {
    static NULL: Value = Value::Null;
    arguments.get(position).unwrap_or(&NULL)
}

/// Whether the result can be computed. Hosts answer for functions whose arguments are not known; some look at the outermost value
/// only.
fn are_known(arguments: &[Value]) -> bool {
    arguments.iter().all(Value::is_wholly_known)
}
