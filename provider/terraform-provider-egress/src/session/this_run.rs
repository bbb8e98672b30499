//! What the resources of one run of Terraform have to know of each other. A provider process lives as long as one command, and Terraform
//! tells a resource nothing of the others.

mod causes;
mod kinds;
mod objects;
mod register;
mod routes;
mod silent;
mod tally;

use self::causes::Causes;
pub(crate) use self::causes::{Call, Cause, Failure};
pub(crate) use self::kinds::MissingKinds;
use self::objects::Claimed;
pub(crate) use self::register::{Clash, Register, Role, Spot, Where};
use self::routes::RouteClaims;
pub(crate) use self::silent::SilentKinds;
pub(crate) use self::tally::Tally;

/// Everything that is known of this run under one configuration.
#[derive(Debug, Default)]
pub(crate) struct ThisRun {
    /// The resource instances, by what they stand for.
    pub(crate) register: Register,
    /// The objects that were planned.
    pub(crate) claimed: Claimed,
    /// Which resource has which route.
    pub(crate) routes: RouteClaims,
    /// The kinds that the API server did not serve.
    pub(crate) missing_kinds: MissingKinds,
    /// The kinds whose engine is silent.
    pub(crate) silent: SilentKinds,
    /// How much of each quota the plans use.
    pub(crate) made: Tally,
    /// What fails many resources, and is reported once.
    pub(crate) causes: Causes,
    /// The same of what is only a warning, because the user has it so.
    pub(crate) warned: Causes,
}
