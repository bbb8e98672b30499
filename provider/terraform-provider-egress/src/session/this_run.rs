//! What the resources of one run of Terraform have to know of each other. A provider process lives as long as one command, and Terraform
//! tells a resource nothing of the others.

mod causes;
mod created;
mod kinds;
mod objects;
mod routes;
mod silent;

use self::causes::Causes;
pub(crate) use self::causes::{Call, Cause, Failure};
use self::created::Created;
pub(crate) use self::kinds::MissingKinds;
pub(crate) use self::objects::Claim;
use self::objects::Claimed;
use self::routes::RouteClaims;
pub(crate) use self::silent::SilentKinds;

/// Everything that is known of this run under one configuration.
#[derive(Debug, Default)]
pub(crate) struct ThisRun {
    /// What was created.
    pub(crate) created: Created,
    /// The objects of the whole cluster that were planned.
    pub(crate) claimed: Claimed,
    /// Which resource has which route.
    pub(crate) routes: RouteClaims,
    /// The kinds that the API server did not serve.
    pub(crate) missing_kinds: MissingKinds,
    /// The kinds whose engine is silent.
    pub(crate) silent: SilentKinds,
    /// What fails many resources, and is reported once.
    pub(crate) causes: Causes,
    /// The same of what is only a warning, because the user has it so.
    pub(crate) warned: Causes,
}
