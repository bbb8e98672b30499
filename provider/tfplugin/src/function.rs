//! Functions: pure computations that a configuration calls as `provider::NAME::FUNCTION(...)`.

use crate::cty::{Type, Value};

/// A parameter of a function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, a valid identifier.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether null may be given.
    pub allow_null: bool,
    /// Whether unknown values may be given; otherwise Terraform answers unknown without a call.
    pub allow_unknown: bool,
    /// What it means, in Markdown.
    pub description: String,
}

/// A function's signature and documentation.
#[derive(Clone, Debug)]
pub struct Signature {
    /// One line on what it does.
    pub summary: String,
    /// What it does, in Markdown.
    pub description: String,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// A last parameter that may be given any number of times.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub returns: Type,
    /// Why not to use it any more, and what instead.
    pub deprecation: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong.
    pub text: String,
    /// The argument at fault, counted from 0.
    pub argument: Option<usize>,
}

/// A pure function: equal arguments give equal results, in every process, configured or not.
pub trait Function: Send + Sync + 'static {
    /// The name, a valid identifier.
    fn name(&self) -> &'static str;

    /// The signature.
    fn signature(&self) -> Signature;

    /// Computes.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}
