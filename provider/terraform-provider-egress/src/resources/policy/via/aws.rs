//! The routes of a policy on AWS: planned, made, removed and looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cloud::{Freshness, Limits, drive};
use cloud_aws::nat_gateways::desired::RouteKey;
use cloud_aws::steering::{Desired, Ec2Routes, Stage, plan, recorded_now};
use cloud_aws::{Region, Routes};
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::{Input, Wanted, report, route_text};
use crate::resources::cloud_error;
use crate::resources::objects::state::set;
use crate::session::{Call, Configured, Failure};

/// What a plan knows of the routes.
pub(in super::super) struct Planned {
    /// The `routes` attribute.
    pub(in super::super) routes: Value,
    /// Messages.
    pub(in super::super) diagnostics: Diagnostics,
}

/// What a step of an apply reached.
pub(in super::super) struct Reached {
    /// The `routes` attribute: what is there and ours now.
    pub(in super::super) routes: Value,
    /// Messages.
    pub(in super::super) diagnostics: Diagnostics,
}

/// A policy before and after, as far as routes are concerned.
struct Change {
    before: Input,
    after: Input,
    was: Wanted,
    wanted: Wanted,
}

impl Change {
    fn read(prior: &Value, planned: &Value) -> Result<Self, Diagnostic> {
        let (before, after) = (Input::read(prior)?, Input::read(planned)?);
        let (was, wanted) = (before.wanted(), after.wanted());
        Ok(Self { before, after, was, wanted })
    }

    /// Whether there are, or are to be, any routes.
    fn is_empty(&self) -> bool {
        self.before.recorded().is_empty() && (self.wanted.tables.is_empty() || self.wanted.destinations.is_empty())
    }

    /// The region where the routes are; `None` while it is not known how AWS is reached. They cannot move.
    async fn region(&self, configured: &Configured) -> Result<Option<Arc<Region>>, Failure> {
        let cloud = configured.aws().await.map_err(|failure| {
            let diagnostic = report::unavailable(Some(failure.diagnostic));
            Failure { diagnostic, ..failure }
        })?;
        let Some(cloud) = cloud else { return Ok(None) };
        let (used, wanted) = (cloud.region(self.was.region.as_deref()), cloud.region(self.wanted.region.as_deref()));
        if self.before.recorded().is_empty() {
            return Ok(Some(wanted));
        }
        let moves = !self.wanted.tables.is_empty() && used.name() != wanted.name();
        if moves { Err(report::another_region(used.name(), wanted.name()).into()) } else { Ok(Some(used)) }
    }

    fn desired(&self, configured: &Configured, stage: Stage) -> Desired {
        let recorded: BTreeSet<RouteKey> = self.before.recorded().into_keys().collect();
        Desired {
            owner: configured.owner.clone(),
            tables: self.wanted.tables.clone(),
            destinations: self.wanted.destinations.clone(),
            covered: self.wanted.covered.clone(),
            take_over: self.wanted.take_over.clone(),
            gateways: self.was.gateways.union(&self.wanted.gateways).cloned().collect(),
            recorded,
            ceded: BTreeSet::new(),
            stage,
        }
    }
}

/// How the policy is called among the resources of a run.
fn named(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let name = text("name").unwrap_or_default();
    let name = text("namespace").map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
    format!("egress_policy \"{name}\"")
}

fn routes_value(routes: &Routes) -> Value {
    Value::map(routes.iter().map(|(route, now)| (route_text(route), Value::from(now.target.as_str()))))
}

/// The routes of a policy that is imported: those that it wants, as far as they point to its gateways now.
pub(in super::super) async fn found(configured: &Configured, state: &Value) -> Result<Value, Diagnostics> {
    let input = Input::read(state)?;
    if !input.has_routes() {
        return Ok(Value::Null);
    }
    let Wanted { tables, destinations, covered, .. } = input.wanted();
    let own: Vec<_> = destinations.difference(&covered).collect();
    let tables = tables.iter().filter_map(|(table, gateway)| Some((table, gateway.id.as_deref()?)));
    let wanted: BTreeMap<String, Value> = tables
        .flat_map(|(table, id)| {
            own.iter().map(move |to| (route_text(&(table.clone(), (*to).clone())), Value::from(id)))
        })
        .collect();
    let mut recorded = state.clone();
    set(&mut recorded, "routes", Value::Map(wanted.clone()));
    let Value::Map(mut seen) = seen(configured, &recorded).await? else { return Ok(Value::Null) };
    seen.retain(|route, target| wanted.get(route) == Some(target));
    Ok(Value::Map(seen))
}

/// Computes what a plan can know. Nothing is looked up for a policy without routes.
pub(in super::super) async fn planned(configured: &Configured, prior: &Value, planned: &Value) -> Planned {
    let failed = |failure: Failure| {
        let diagnostics = reported(configured, planned, failure, Call::PlanSeen);
        Planned { routes: Value::UNKNOWN, diagnostics }
    };
    let change = match Change::read(prior, planned) {
        Ok(change) => change,
        Err(diagnostic) => return failed(diagnostic.into()),
    };
    if !change.after.has_routes() && change.is_empty() {
        return Planned { routes: Value::Null, diagnostics: Diagnostics::new() };
    }
    let region = match change.region(configured).await {
        Ok(Some(region)) => region,
        Ok(None) => return Planned { routes: Value::UNKNOWN, diagnostics: Diagnostics::new() },
        Err(failure) => return failed(failure),
    };
    if !change.wanted.complete {
        return Planned { routes: Value::UNKNOWN, diagnostics: Diagnostics::new() };
    }
    let desired = change.desired(configured, Stage::LeadAndRemove);
    let observed = match region.observe_steering(&desired, Freshness::Snapshot).await {
        Ok(observed) => observed,
        // What is planned of routes is unknown without a look, and every other value is known without one.
        Err(error) => {
            let diagnostics = unreadable(configured, planned, &region, &error, Call::PlanSeen);
            return Planned { routes: Value::UNKNOWN, diagnostics };
        }
    };
    let plan = plan(&desired, &observed);
    let mut diagnostics = report::conflicts(&plan);
    let us = named(planned);
    let no_removal = configured.this_run.routes.no_removal().await;
    for route in plan.routes.keys() {
        let claim = format!("{}/{}", region.name(), route_text(route));
        diagnostics.extend(configured.this_run.routes.claim(&claim, &us).map(|other| report::shared(route, &other)));
    }
    drop(no_removal);
    let fresh: Vec<&RouteKey> = plan.routes.keys().filter(|route| !desired.recorded.contains(*route)).collect();
    diagnostics.extend(report::notes(&plan, &fresh, configured.adoption));
    let routes = if change.after.has_routes() {
        let id = |id: &Option<String>| id.as_deref().map_or(Value::UNKNOWN, Value::from);
        Value::map(plan.routes.iter().map(|(route, gateway)| (route_text(route), id(gateway))))
    } else {
        Value::Null
    };
    Planned { routes, diagnostics }
}

/// Makes the routes that are planned, and leaves those that are no longer wanted.
pub(in super::super) async fn route(
    configured: &Configured,
    prior: &Value,
    planned: &Value,
    limits: &Limits,
) -> Reached {
    carry_out(configured, prior, planned, Stage::Lead, limits).await
}

/// Removes what is no longer wanted; with a null plan that is everything.
pub(in super::super) async fn remove(
    configured: &Configured,
    prior: &Value,
    planned: &Value,
    limits: &Limits,
) -> Reached {
    carry_out(configured, prior, planned, Stage::LeadAndRemove, limits).await
}

async fn carry_out(configured: &Configured, prior: &Value, planned: &Value, stage: Stage, limits: &Limits) -> Reached {
    match try_to(configured, prior, planned, stage, limits).await {
        Ok(reached) => reached,
        Err(failure) => {
            let routes = prior.get("routes").cloned().unwrap_or(Value::Null);
            let present = if planned.is_null() { prior } else { planned };
            Reached { routes, diagnostics: reported(configured, present, failure, Call::Apply) }
        }
    }
}

async fn try_to(
    configured: &Configured,
    prior: &Value,
    planned: &Value,
    stage: Stage,
    limits: &Limits,
) -> Result<Reached, Failure> {
    let change = Change::read(prior, planned)?;
    let none = if change.after.has_routes() { Value::map(BTreeMap::<String, Value>::new()) } else { Value::Null };
    if change.is_empty() {
        return Ok(Reached { routes: none, diagnostics: Diagnostics::new() });
    }
    let region = change.region(configured).await?.ok_or_else(|| report::unavailable(None))?;
    let place = format!("AWS in {}", region.name());
    let mut desired = change.desired(configured, stage);
    let _exclusive = match stage {
        Stage::LeadAndRemove => Some(configured.this_run.routes.no_removal().await),
        Stage::Lead => None,
    };
    // Another resource of this run, or a newer instance of this one, has the route now.
    let us = (!planned.is_null()).then(|| named(planned));
    for route in &change.before.recorded().into_keys().collect::<Vec<_>>() {
        let claim = format!("{}/{}", region.name(), route_text(route));
        if configured.this_run.routes.is_of_another(&claim, us.as_deref()) {
            desired.ceded.insert(route.clone());
        }
    }
    let observed = region.observe_steering(&desired, Freshness::Now).await;
    let not_looked = |error| Failure::new(cloud_error::cause(&error, &place), report::not_looked(&error));
    let observed = observed.map_err(not_looked)?;
    let ahead = plan(&desired, &observed);
    let conflicts = report::conflicts(&ahead);
    if conflicts.has_errors() {
        let routes = recorded_now(&desired, &observed);
        return Ok(Reached { routes: routes_value(&routes), diagnostics: conflicts });
    }
    let outcome = drive(&Ec2Routes(Arc::clone(&region)), &desired, observed, limits).await;
    let routes = recorded_now(&desired, &outcome.observed);
    let routes = if routes.is_empty() { none } else { routes_value(&routes) };
    let present = if planned.is_null() { prior } else { planned };
    let ended = report::end(&outcome.end).map(|diagnostic| Failure {
        cause: cloud_error::cause_of_end(&outcome.end, &place),
        diagnostic,
        exists: report::REACHED.to_owned(),
    });
    let diagnostics =
        ended.map_or_else(Diagnostics::new, |failure| reported(configured, present, failure, Call::Apply));
    Ok(Reached { routes, diagnostics })
}

/// The routes of a state as they are now: those that are gone are left out. A table that is not there may be in another account:
/// its routes stay in the state.
pub(in super::super) async fn seen(configured: &Configured, state: &Value) -> Result<Value, Diagnostics> {
    let change = Change::read(state, state)?;
    let recorded = change.before.recorded();
    if recorded.is_empty() {
        return Ok(state.get("routes").cloned().unwrap_or(Value::Null));
    }
    let region = match change.region(configured).await {
        Ok(Some(region)) => region,
        Ok(None) => return Ok(state.get("routes").cloned().unwrap_or(Value::Null)),
        Err(failure) => return Err(reported(configured, state, failure, Call::Refresh)),
    };
    let desired = change.desired(configured, Stage::Lead);
    let observed = region.observe_steering(&desired, Freshness::Snapshot).await;
    let observed = observed.map_err(|error| unreadable(configured, state, &region, &error, Call::Refresh))?;
    let seen = recorded.into_iter().filter_map(|(route, target)| match observed.routes.get(&route) {
        Some(now) => Some((route_text(&route), now.target.clone())),
        None if observed.tables.contains(&route.0) => None,
        None => Some((route_text(&route), target)),
    });
    Ok(Value::map(seen.map(|(route, target)| (route, Value::from(target)))))
}

/// The routes could not be read: reported once for a cause that fails every resource.
fn unreadable(
    configured: &Configured,
    policy: &Value,
    region: &Region,
    error: &cloud::Error,
    call: Call,
) -> Diagnostics {
    let cause = cloud_error::cause(error, &format!("AWS in {}", region.name()));
    reported(configured, policy, Failure::new(cause, report::not_looked(error)), call)
}

/// A failure as the policy reports it.
fn reported(configured: &Configured, policy: &Value, failure: Failure, call: Call) -> Diagnostics {
    configured.this_run.causes.report(failure, &named(policy), call).into_iter().collect()
}
