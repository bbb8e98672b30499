//! `nat_capacity`: how many public addresses a load needs.

use std::num::NonZeroU64;

use egress_model::nat_gateway::capacity::{Limits, Load};
use tfplugin::cty::{Type, Value};
use tfplugin::function::{Function, FunctionError, Signature};
use tfplugin::similar::did_you_mean;

use super::{are_known, argument, parameter, wrong};
use crate::resources::nat_capacities;

/// `provider::egress::nat_capacity(cloud, peak_connections_per_destination, spare_addresses)`.
pub(super) struct NatCapacity;

impl Function for NatCapacity {
    fn name(&self) -> &'static str {
        "nat_capacity"
    }

    fn signature(&self) -> Signature {
        let whole_number = Type::Number;
        Signature {
            summary: "Computes how many public addresses a load needs on one NAT gateway".to_owned(),
            description: "A NAT gateway tells connections apart by source port, so each of its public addresses carries a limited number \
                          of simultaneous connections **to one destination** (IP address, port and protocol). Traffic to many \
                          destinations hardly ever reaches the limit; traffic to one partner does, and then new connections fail.\n\n\
                          The result is an object of:\n\n\
                          - `addresses` (Number) the addresses that one gateway needs for the load, with the spare ones\n\
                          - `connections` (Number) the simultaneous connections to one destination that these addresses carry while \
                          none of them is spare\n\
                          - `fits` (Boolean) whether one gateway can have as many; otherwise the load has to be spread over more \
                          gateways or more destination addresses\n\
                          - `connections_per_address` (Number) the cloud's limit: multiply it by a number of addresses to see what they \
                          carry\n\
                          - `addresses_per_gateway` (Number) the most addresses that one gateway can have\n\
                          - `explanation` (String) the computation, to show to people\n\n\
                          `expected_load` of `egress_nat_gateway` checks the same in every plan."
                .to_owned(),
            parameters: vec![
                parameter("cloud", Type::String, "The cloud, as its block is called: `aws`."),
                parameter(
                    "peak_connections_per_destination",
                    whole_number.clone(),
                    "The most simultaneous connections through one gateway to one destination IP address, port and protocol; 1 or more.",
                ),
                parameter(
                    "spare_addresses",
                    whole_number,
                    "Addresses beyond what the load needs, such as 1 to exchange an address without losing capacity; 0 for none.",
                ),
            ],
            variadic: None,
            returns: Type::object([
                ("addresses", Type::Number),
                ("connections", Type::Number),
                ("fits", Type::Bool),
                ("connections_per_address", Type::Number),
                ("addresses_per_gateway", Type::Number),
                ("explanation", Type::String),
            ]),
            deprecation: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        if !are_known(arguments) {
            return Ok(Value::UNKNOWN);
        }
        let limits = limits(argument(arguments, 0).as_str().unwrap_or_default())?;
        let (peak, spare) = (argument(arguments, 1).as_i64(), argument(arguments, 2).as_i64());
        let peak = peak.and_then(|peak| u64::try_from(peak).ok()).and_then(NonZeroU64::new);
        let peak = peak.ok_or_else(|| wrong(1, "the peak must be a whole number of connections, 1 or more"))?;
        let spare = spare.and_then(|spare| u32::try_from(spare).ok());
        let spare_addresses = spare.ok_or_else(|| wrong(2, "the spare addresses must be a whole number, 0 or more"))?;
        let need = Load { peak_connections_per_destination: peak, spare_addresses }.need(limits);
        Ok(Value::object([
            ("addresses", Value::from(need.addresses)),
            ("connections", need.carried_by(need.addresses).into()),
            ("fits", (need.addresses <= u64::from(limits.addresses_per_gateway)).into()),
            ("connections_per_address", limits.connections_per_address.get().into()),
            ("addresses_per_gateway", limits.addresses_per_gateway.into()),
            ("explanation", need.to_string().into()),
        ]))
    }
}

fn limits(cloud: &str) -> Result<Limits, FunctionError> {
    let capacities = nat_capacities();
    if let Some((_, limits)) = capacities.iter().find(|(name, _)| *name == cloud) {
        return Ok(*limits);
    }
    let names = || capacities.iter().map(|(name, _)| *name);
    let hint = did_you_mean(cloud, names());
    let hint = hint.unwrap_or_else(|| format!("There are: {}", names().collect::<Vec<_>>().join(", ")));
    Err(wrong(0, format!("the provider has no NAT gateways on a cloud {cloud:?}. {hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(cloud: &str, peak: impl Into<Value>, spare: impl Into<Value>) -> Result<Value, FunctionError> {
        NatCapacity.call(&[cloud.into(), peak.into(), spare.into()])
    }

    #[test]
    fn a_load_needs_whole_addresses() {
        let result = call("aws", 120_000, 1).map_err(|error| error.text);
        let expected = Value::object([
            ("addresses", Value::from(4)),
            ("connections", 220_000.into()),
            ("fits", true.into()),
            ("connections_per_address", 55_000.into()),
            ("addresses_per_gateway", 8.into()),
            ("explanation", "120,000 connections / 55,000 per address = 3 addresses, + 1 spare = 4".into()),
        ]);
        assert_eq!(result, Ok(expected));
        let fits = |peak: i64, spare: i64| call("aws", peak, spare).ok()?.get("fits")?.as_bool();
        assert_eq!((fits(440_000, 0), fits(440_000, 1), fits(440_001, 0)), (Some(true), Some(false), Some(false)));
    }

    #[test]
    fn what_is_no_load_is_refused() {
        let cases = [
            (call("aws", 0, 0), wrong(1, "the peak must be a whole number of connections, 1 or more")),
            (call("aws", -1, 0), wrong(1, "the peak must be a whole number of connections, 1 or more")),
            (call("aws", 1, -1), wrong(2, "the spare addresses must be a whole number, 0 or more")),
            (call("asw", 1, 0), wrong(0, "the provider has no NAT gateways on a cloud \"asw\". Did you mean aws?")),
            (call("ibm", 1, 0), wrong(0, "the provider has no NAT gateways on a cloud \"ibm\". There are: aws")),
        ];
        for (result, expected) in cases {
            assert_eq!(result, Err(expected));
        }
        assert_eq!(call("aws", Value::UNKNOWN, 0), Ok(Value::UNKNOWN));
    }
}
