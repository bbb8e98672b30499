//! Changes that no call of the API can make: what happens to an account from outside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::objects::NatGatewayState;
use super::{Caller, Ec2};

/// A change from outside. (What a person could do with the API is better done by calling it.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum OutsideChange {
    /// The address leaves the account at once, whoever holds it.
    LoseAddress {
        /// The address.
        allocation_id: String,
    },
    /// The gateway vanishes at once, without being listed as `deleted`.
    LoseNatGateway {
        /// The gateway.
        nat_gateway_id: String,
    },
    /// The gateway becomes `failed` at once, whatever its state was.
    FailNatGateway {
        /// The gateway.
        nat_gateway_id: String,
        /// The failure's code, such as `InternalError`.
        code: String,
        /// The failure's message.
        message: String,
    },
}

impl Ec2 {
    /// Makes a change from outside; false if there is no such object.
    pub fn change_outside(&mut self, caller: &Caller, change: OutsideChange, now: Timestamp) -> bool {
        let region = self.region(caller, now);
        match change {
            OutsideChange::LoseAddress { allocation_id } => {
                let found = region.addresses.contains_key(&allocation_id);
                region.remove_address(&allocation_id);
                for gateway in region.nat_gateways.values_mut() {
                    gateway
                        .addresses
                        .retain(|address| address.allocation.as_deref() != Some(&allocation_id) || address.primary);
                }
                found
            }
            OutsideChange::LoseNatGateway { nat_gateway_id } => {
                region.nat_gateway_deleted(&nat_gateway_id);
                let found = region.nat_gateways.remove(&nat_gateway_id).is_some();
                region.forget(&nat_gateway_id);
                found
            }
            OutsideChange::FailNatGateway { nat_gateway_id, code, message } => {
                let Some(mut gateway) = region.nat_gateways.remove(&nat_gateway_id) else { return false };
                if gateway.state != NatGatewayState::Failed {
                    gateway.failure = Some((code, message));
                    region.nat_gateway_fails(&nat_gateway_id, &mut gateway);
                }
                region.nat_gateways.insert(nat_gateway_id, gateway);
                true
            }
        }
    }
}
