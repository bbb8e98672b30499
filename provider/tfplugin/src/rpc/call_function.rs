//! Calling functions.

use tfplugin_proto::tfplugin6 as proto;

use super::check::BUG;
use super::parts::Parts;
use crate::diagnostic::Diagnostics;
use crate::function::FunctionError;
use crate::{from_proto, to_proto};

/// Calls a function. The process is never configured for it.
pub(crate) fn call(
    parts: &Parts,
    request: &proto::call_function::Request,
) -> Result<proto::call_function::Response, Diagnostics> {
    let function = parts.function(&request.name)?;
    let signature = function.signature();
    let failed = |error| proto::call_function::Response { result: None, error: Some(to_proto::function_error(error)) };
    let parameters = signature.parameters.iter().chain(std::iter::repeat_n(&signature.variadic, usize::MAX).flatten());
    let mut arguments = Vec::with_capacity(request.arguments.len());
    for (position, (argument, parameter)) in request.arguments.iter().zip(parameters).enumerate() {
        match from_proto::value(Some(argument), &parameter.ty) {
            Ok(value) => arguments.push(value),
            Err(e) => {
                let text = format!("the argument {} cannot be read: {e}", parameter.name);
                return Ok(failed(FunctionError { text, argument: Some(position) }));
            }
        }
    }
    let given = request.arguments.len();
    if arguments.len() < signature.parameters.len() || arguments.len() < given {
        let text = format!("{} arguments are needed, and {given} were given", signature.parameters.len());
        return Ok(failed(FunctionError { text, argument: None }));
    }
    let result = match function.call(&arguments) {
        Ok(result) => result,
        Err(error) => return Ok(failed(error)),
    };
    Ok(match to_proto::value(&result, &signature.returns) {
        Ok(result) => proto::call_function::Response { result: Some(result), error: None },
        Err(e) => {
            let text = format!("the result does not fit the declared type: {e}. {BUG}");
            failed(FunctionError { text, argument: None })
        }
    })
}
