//! The routes of a policy: planned, made, removed and looked at, whatever the cloud.

use cloud::Limits;
use cloud::steering::Stage;
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::Backend;
use super::change::{Change, Planned, Reached, reported, routes_value};
use super::{BACKENDS, cloud_of, report};
use crate::resources::objects::state::set;
use crate::session::{Call, Configured, Failure};

/// The cloud that has the routes, or is to have them; `None` where there are none, or none whose cloud is known.
fn backend(change: &Change<'_>) -> Result<Option<&'static dyn Backend>, Diagnostic> {
    let wanted = cloud_of(change.planned);
    if change.recorded.is_empty() {
        return Ok(wanted);
    }
    // A state whose via is gone, and whose routes are not, says of which cloud they are by their form alone.
    let of_routes =
        || BACKENDS.into_iter().find(|backend| change.recorded.keys().any(|route| backend.has_form_of(route)));
    let used = cloud_of(change.prior).or_else(of_routes);
    match (used.map(Backend::cloud), wanted.map(Backend::cloud)) {
        (Some(used), Some(wanted)) if used.name != wanted.name => Err(report::another_cloud(used, wanted)),
        _ => Ok(used.or(wanted)),
    }
}

/// The `routes` attribute as a state has it.
fn routes_of(state: &Value) -> Value {
    state.get("routes").cloned().unwrap_or(Value::Null)
}

/// Computes what a plan can know. Nothing is looked up for a policy without routes.
pub(in super::super) async fn planned(configured: &Configured, prior: &Value, planned: &Value) -> Planned {
    let work = async {
        let change = Change::read(prior, planned)?;
        match backend(&change)? {
            Some(backend) => backend.planned(configured, &change).await,
            None if change.after.has_routes() => {
                Ok(Planned { routes: Value::UNKNOWN, diagnostics: Diagnostics::new() })
            }
            None => Ok(Planned { routes: Value::Null, diagnostics: Diagnostics::new() }),
        }
    };
    // What is planned of routes is unknown without a look, and every other value is known without one.
    work.await.unwrap_or_else(|failure: Failure| Planned {
        routes: Value::UNKNOWN,
        diagnostics: reported(configured, planned, failure, Call::PlanSeen),
    })
}

/// Makes the routes that are planned, and leaves those that are no longer wanted.
pub(in super::super) async fn route(
    configured: &Configured,
    prior: &Value,
    planned: &Value,
    limits: &Limits,
) -> Reached {
    carry_out(configured, prior, planned, Stage::Make, limits).await
}

/// Removes what is no longer wanted; with a null plan that is everything.
pub(in super::super) async fn remove(
    configured: &Configured,
    prior: &Value,
    planned: &Value,
    limits: &Limits,
) -> Reached {
    carry_out(configured, prior, planned, Stage::MakeAndRemove, limits).await
}

async fn carry_out(configured: &Configured, prior: &Value, planned: &Value, stage: Stage, limits: &Limits) -> Reached {
    let work = async {
        let change = Change::read(prior, planned)?;
        match backend(&change)? {
            Some(backend) => backend.carry_out(configured, &change, stage, limits).await,
            None => Ok(Reached { routes: change.none(), diagnostics: Diagnostics::new() }),
        }
    };
    work.await.unwrap_or_else(|failure: Failure| {
        let present = if planned.is_null() { prior } else { planned };
        Reached { routes: routes_of(prior), diagnostics: reported(configured, present, failure, Call::Apply) }
    })
}

/// The routes of a state as they are now: those that are gone are left out.
pub(in super::super) async fn seen(configured: &Configured, state: &Value) -> Result<Value, Diagnostics> {
    let work = async {
        let change = Change::read(state, state)?;
        match backend(&change)?.filter(|_| !change.recorded.is_empty()) {
            Some(backend) => backend.seen(configured, &change).await,
            None => Ok(None),
        }
    };
    let seen = work.await.map_err(|failure: Failure| reported(configured, state, failure, Call::Refresh))?;
    Ok(seen.map_or_else(|| routes_of(state), routes_value))
}

/// The routes of a policy that is imported: those that it wants, as far as they point to its gateways now.
pub(in super::super) async fn found(configured: &Configured, state: &Value) -> Result<Value, Diagnostics> {
    let mut bare = state.clone();
    set(&mut bare, "routes", Value::Null);
    let work = async {
        let change = Change::read(&bare, &bare)?;
        match backend(&change)? {
            Some(backend) => backend.found(configured, &change).await,
            None => Ok(None),
        }
    };
    let found = work.await.map_err(|failure: Failure| reported(configured, state, failure, Call::Refresh))?;
    Ok(found.map_or(Value::Null, routes_value))
}
