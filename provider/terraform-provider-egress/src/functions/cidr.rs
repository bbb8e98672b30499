//! `cidr_aggregate` and `cidr_subtract`: arithmetic with sets of addresses.

use egress_model::cidr::{Cidr, set};
use tfplugin::cty::{Type, Value};
use tfplugin::function::{Function, FunctionError, Parameter, Signature};

use super::{are_known, argument, parameter, wrong};

/// `provider::egress::cidr_aggregate(cidrs)`.
pub(super) struct Aggregate;

/// `provider::egress::cidr_subtract(cidrs, removed)`.
pub(super) struct Subtract;

/// What both functions demand of a block.
const FORM: &str = "Each is written with its prefix length and without host bits: `203.0.113.7/32` for one address, `10.0.0.0/8` and \
                    not `10.0.0.1/8`, which could mean either. IPv4 and IPv6 may be mixed.";

fn blocks(name: &'static str, description: &str) -> Parameter {
    parameter(name, Type::list(Type::String), &format!("{description} {FORM}"))
}

fn read(arguments: &[Value], position: usize) -> Result<Vec<Cidr>, FunctionError> {
    let elements = argument(arguments, position).elements().unwrap_or_default();
    let blocks = elements.iter().enumerate().map(|(index, element)| {
        let text = element.as_str().ok_or_else(|| wrong(position, format!("the element {index} is null")))?;
        Cidr::without_host_bits(text).map_err(|error| wrong(position, format!("the element {index}: {error}")))
    });
    blocks.collect()
}

fn texts(blocks: &[Cidr]) -> Value {
    Value::list(blocks.iter().map(ToString::to_string))
}

impl Function for Aggregate {
    fn name(&self) -> &'static str {
        "cidr_aggregate"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Writes a set of addresses in the fewest blocks".to_owned(),
            description: "The fewest CIDR blocks that hold exactly the addresses of those given: duplicates and blocks inside others go, \
                          and neighbours are joined where the result is a block. IPv4 comes first, in ascending order, so that equal \
                          sets of addresses give equal lists.\n\n\
                          For allow-lists with a limit of entries, and to compare two lists of blocks."
                .to_owned(),
            parameters: vec![blocks("cidrs", "The blocks.")],
            variadic: None,
            returns: Type::list(Type::String),
            deprecation: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        if !are_known(arguments) {
            return Ok(Value::UNKNOWN);
        }
        Ok(texts(&set::aggregate(&read(arguments, 0)?)))
    }
}

impl Function for Subtract {
    fn name(&self) -> &'static str {
        "cidr_subtract"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Takes addresses out of blocks".to_owned(),
            description: "The fewest CIDR blocks that hold the addresses of `cidrs` that are in no block of `removed`: IPv4 first, in \
                          ascending order. What is in `removed` alone changes nothing; if nothing is left, the result is empty.\n\n\
                          For route tables, security groups and firewalls that know no exceptions. `egress_policy` knows them: \
                          `to_cidrs = [\"203.0.113.0/24\", \"!203.0.113.128/25\"]`."
                .to_owned(),
            parameters: vec![
                blocks("cidrs", "The blocks to take addresses out of."),
                blocks("removed", "The blocks whose addresses are taken out."),
            ],
            variadic: None,
            returns: Type::list(Type::String),
            deprecation: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        if !are_known(arguments) {
            return Ok(Value::UNKNOWN);
        }
        Ok(texts(&set::subtract(&read(arguments, 0)?, &read(arguments, 1)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_in_the_fewest_blocks() {
        let list = |texts: &[&str]| Value::list(texts.iter().copied());
        let aggregated = Aggregate.call(&[list(&["10.0.1.0/24", "2001:db8::/32", "10.0.0.0/24"])]);
        assert_eq!(aggregated, Ok(list(&["10.0.0.0/23", "2001:db8::/32"])));
        let left = Subtract.call(&[list(&["203.0.113.0/24"]), list(&["203.0.113.128/25", "192.0.2.0/24"])]);
        assert_eq!(left, Ok(list(&["203.0.113.0/25"])));
        assert_eq!(Subtract.call(&[list(&["10.0.0.0/8"]), list(&["0.0.0.0/0"])]), Ok(Value::List(Vec::new())));
        assert_eq!(Subtract.call(&[list(&["10.0.0.0/8"]), Value::list([Value::UNKNOWN])]), Ok(Value::UNKNOWN));
    }

    #[test]
    fn a_block_that_could_mean_two_things_is_refused_by_its_place() {
        let list = |text: &str| Value::list(["10.0.0.0/8", text]);
        let host_bits = "the element 1: 10.0.0.1/8 has host bits set; write 10.0.0.0/8 for the whole block, or 10.0.0.1/32 for the one \
                         address";
        assert_eq!(Aggregate.call(&[list("10.0.0.1/8")]), Err(wrong(0, host_bits)));
        let address = "the element 1: 192.0.2.1 has no prefix length; write 192.0.2.1/32 for this one address";
        assert_eq!(Subtract.call(&[Value::list(["10.0.0.0/8"]), list("192.0.2.1")]), Err(wrong(1, address)));
        let null = Value::List(vec![Value::Null]);
        assert_eq!(Aggregate.call(&[null]), Err(wrong(0, "the element 0 is null")));
    }
}
