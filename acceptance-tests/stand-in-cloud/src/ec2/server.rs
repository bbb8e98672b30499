//! A server that has EC2 alone, and what a test wants of it in one word.

use super::{Call, Caller, Ec2, Inventory, OutsideChange, Quotas, SeededVpc, Settings, Timings};
use crate::api::Api as _;
use crate::error::ApiError;
use crate::params::Params;
use crate::request::Reply;

/// A server that has EC2 alone.
pub type Server = crate::Server<Ec2>;
/// How it starts.
pub type Config = crate::Config<Settings>;

impl Server {
    /// What exists now.
    pub fn inventory(&self) -> Inventory {
        self.with(Ec2::inventory)
    }

    /// Changes how long things take from now on.
    pub fn set_timings(&self, timings: Timings) {
        self.with(|ec2, _| ec2.set_settings(Settings { timings, ..ec2.settings() }));
    }

    /// Changes how many there may be.
    pub fn set_quotas(&self, quotas: Quotas) {
        self.with(|ec2, _| ec2.set_settings(Settings { quotas, ..ec2.settings() }));
    }

    /// Makes a network ready to put NAT gateways into. Not a call of the API: no log, no fault, no quota.
    pub fn seed_vpc(&self, caller: &Caller) -> Result<SeededVpc, ApiError> {
        self.with(|ec2, now| ec2.seed_vpc(caller, now))
    }

    /// Calls the API as somebody else would: without log, faults and holds.
    pub fn call_outside(&self, caller: &Caller, action: &str, params: Params) -> Reply {
        let call = Call { caller: caller.clone(), action: action.to_owned(), params };
        self.with(|ec2, now| ec2.handle(&call, now))
    }

    /// Makes a change that no call could; false if there is no such object.
    pub fn change_outside(&self, caller: &Caller, change: OutsideChange) -> bool {
        self.with(|ec2, now| ec2.change_outside(caller, change, now))
    }
}
