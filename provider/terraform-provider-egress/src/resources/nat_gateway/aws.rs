//! NAT gateways on AWS.

mod checks;
mod find;
mod imported;
mod input;
mod place;
mod predicted;
mod report;
mod schema;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use async_trait::async_trait;
use cloud::nat_gateways::apply;
use cloud::{DefaultTags, End, Freshness, Limits, NatGateways as _};
use cloud_aws::Region;
use cloud_aws::nat_gateways::desired::{Desired, Drain, MAX_ADDRESSES, Recorded, Unknown};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::forecast::{self, Known};
use cloud_aws::nat_gateways::plan::{plan, route_conflicts};
use egress_model::identity::{HOLDER_TAG, Holder, Identity, Key, ResourceType};
use egress_model::nat_gateway::capacity;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::NestedBlock;
use tfplugin::{Diagnostic, Diagnostics};

use self::checks::{checks, claimed_twice, refuse_stale};
use self::input::Input;
pub(super) use self::place::foreign_zone;
use self::place::{Unreached, arns, check_place, check_region, connected, recorded_arns, region, writes_region};
use self::predicted::Prediction;
use super::backend::{Applied, Backend, Planned, Seen};
use crate::resources::cloud_error;
use crate::resources::instance::Instance;
use crate::session::{Call, Configured, Failure};

/// AWS behind the resource.
pub(super) struct AwsBackend;

/// One address carries 55,000 simultaneous connections to one destination (Amazon VPC user guide, "NAT gateway basics").
const CONNECTIONS_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(55_000).expect("not zero");

/// What is wanted of a resource of which all is known, such as one in the state.
fn known(value: &Value, identity: &Identity, region: &Region, recorded: Recorded) -> Result<Desired, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    // In an apply they are all known; for a look at what is there it makes no difference what they will be.
    let default_tags = DefaultTags { complete: true, ..region.default_tags().clone() };
    let desired = Input::read(value)?.desired(identity, &default_tags, recorded, &mut diagnostics);
    if let Some(desired) = desired.filter(|desired| desired.unknown.is_empty()) {
        return Ok(desired);
    }
    if diagnostics.is_empty() {
        let detail = "Everything must be known by now. This is a bug in the provider.";
        diagnostics.push(Diagnostic::error("A value is not known", detail));
    }
    Err(diagnostics)
}

fn recorded(prior: &Value) -> Result<Recorded, Diagnostic> {
    if prior.is_null() { Ok(Recorded::default()) } else { Ok(Input::read(prior)?.recorded()) }
}

/// The gateways as the state has them.
fn known_gateways(prior: &Value) -> Result<BTreeMap<Key, Known>, Diagnostic> {
    if prior.is_null() { Ok(BTreeMap::new()) } else { Ok(Input::read(prior)?.known_gateways()) }
}

/// Wants nothing.
fn nothing(identity: &Identity, recorded: Recorded) -> Desired {
    Desired {
        identity: identity.clone(),
        holder: None,
        takes_over: false,
        gateways: BTreeMap::new(),
        destinations: BTreeSet::new(),
        take_over: BTreeSet::new(),
        drain: Drain::default(),
        tags: BTreeMap::new(),
        recorded,
        unknown: Unknown::default(),
    }
}

#[async_trait]
impl Backend for AwsBackend {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn block(&self) -> NestedBlock {
        schema::block_of_aws()
    }

    fn capacity(&self) -> capacity::Limits {
        let addresses_per_gateway = u32::try_from(MAX_ADDRESSES).unwrap_or(u32::MAX);
        capacity::Limits { connections_per_address: CONNECTIONS_PER_ADDRESS, addresses_per_gateway }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let input = match Input::read(config) {
            Ok(input) => input,
            Err(diagnostic) => return diagnostic.into(),
        };
        let mut diagnostics = Diagnostics::new();
        // What is wanted does not depend on whose it is.
        if let (Ok(owner), Ok(name)) = ("anybody".parse(), "anything".parse()) {
            let identity = Identity { owner, resource_type: ResourceType::NatGateway, name };
            input.desired(&identity, &DefaultTags::default(), Recorded::default(), &mut diagnostics);
        }
        diagnostics
    }

    fn address_counts(&self, planned: &Value) -> BTreeMap<String, (u64, Path)> {
        Input::read(planned).map(|input| input.address_counts()).unwrap_or_default()
    }

    async fn place(&self, configured: &Configured, value: &Value) -> Option<String> {
        let input = Input::read(value).ok()?;
        if input.region().is_unknown() {
            return None;
        }
        let region = region(configured, input.region().known().copied()).await.ok()?;
        Some(format!("AWS in {}", region.name()))
    }

    async fn plan(
        &self,
        configured: &Configured,
        identity: &Identity,
        instance: &Instance,
        prior: &Value,
        planned: &Value,
    ) -> Planned {
        match self.look_ahead(configured, identity, instance, prior, planned).await {
            Ok(planned) => planned,
            Err(diagnostics) => Planned { diagnostics, ..Planned::default() },
        }
    }

    async fn apply(
        &self,
        configured: &Configured,
        identity: &Identity,
        instance: &Instance,
        prior: &Value,
        planned: &Value,
        limits: &Limits,
    ) -> Applied {
        match self.carry_out(configured, identity, instance, prior, planned, limits).await {
            Ok(applied) => applied,
            Err(diagnostics) => Applied { state: prior.clone(), diagnostics },
        }
    }

    async fn read(&self, configured: &Configured, identity: &Identity, state: &Value) -> Result<Seen, Diagnostics> {
        let input = Input::read(state)?;
        let region = connected(configured, input.region().known().copied()).await;
        let region = region.map_err(|failure| reported(configured, identity, failure, Call::Refresh))?;
        if let Some(zone) = foreign_zone(state, region.name()) {
            return Err(report::elsewhere(zone, region.name()).into());
        }
        let desired = known(state, identity, &region, input.recorded())?;
        let observed = region.observe_nat_gateways(&desired, Freshness::Snapshot).await;
        let observed = observed.map_err(|error| unreadable(configured, identity, &region, &error, Call::Refresh))?;
        check_place(&region, state, &observed).await?;
        let arns = arns(&region, state, &observed).await?;
        Ok(Seen { state: state::corrected(state, &desired, &observed, &arns), holder: holder_of(&observed, identity) })
    }

    async fn inherited(
        &self,
        configured: &Configured,
        identity: &Identity,
        state: &Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics> {
        let input = Input::read(state)?;
        let region = connected(configured, input.region().known().copied()).await;
        let region = region.map_err(|failure| reported(configured, identity, failure, Call::Apply))?;
        let observed = region.observe_nat_gateways(&nothing(identity, recorded(state)?), Freshness::Now).await;
        let observed = observed.map_err(|error| unreadable(configured, identity, &region, &error, Call::Apply))?;
        let holder = |id: &str| observed.gateway(id)?.tags.get(HOLDER_TAG)?.parse::<Holder>().ok();
        Ok(state::without(state, &|id| holder(id).is_none_or(|holder| !others.contains(&holder))))
    }

    async fn find(
        &self,
        configured: &Configured,
        identity: &Identity,
        region: Option<&str>,
    ) -> Result<BTreeMap<&'static str, Value>, Diagnostic> {
        let connection = connected(configured, region).await.map_err(|failure| failure.diagnostic)?;
        let observed = connection.observe(&nothing(identity, Recorded::default())).await;
        let observed = observed.map_err(|error| report::failure("The NAT gateways cannot be read", &error))?;
        if let Some(why) = find::incomplete(&observed, identity, connection.name()) {
            return Err(why);
        }
        Ok(state::plain(&observed.view()))
    }

    async fn import(
        &self,
        configured: &Configured,
        identity: &Identity,
        region: Option<&str>,
        ids: &BTreeMap<String, Key>,
    ) -> Result<(BTreeMap<String, Value>, Diagnostics), Diagnostic> {
        // What is the provider's is not written.
        let own = connected(configured, None).await.map_err(|failure| failure.diagnostic)?;
        let region = region.filter(|region| *region != own.name());
        let connection = connected(configured, region).await.map_err(|failure| failure.diagnostic)?;
        let recorded = Recorded { gateways: ids.clone(), ..Recorded::default() };
        let desired = nothing(identity, recorded);
        let observed = connection.observe(&desired).await;
        let mut observed = observed.map_err(|error| report::failure("The NAT gateways cannot be read", &error))?;
        if !ids.is_empty() {
            observed.gateways.retain(|gateway| ids.contains_key(&gateway.id));
        }
        let missing: Vec<&String> =
            ids.keys().filter(|id| observed.gateway(id).is_none_or(|gateway| !gateway.state.is_live())).collect();
        if !missing.is_empty() || observed.view().gateways.is_empty() {
            let what = if missing.is_empty() {
                format!("No live gateway carries the tags of {identity}. Name the gateways: `NAME,ZONE=nat-...`.")
            } else {
                format!("{} is not there, failed or deleted.", input::list(missing))
            };
            let detail = format!(
                "{what} The region is {}; write `aws.region=...` into the import id for another.",
                connection.name()
            );
            return Err(Diagnostic::error("There is no NAT gateway to import", detail));
        }
        let arns = arns(&connection, &Value::Null, &observed).await?;
        let left = report::routes_left(&imported::others(&observed)).into_iter().collect();
        Ok((imported::values(&observed, region, &arns, &connection.default_tags().known), left))
    }
}

/// The instance that has the gateways of an identity, as they say.
fn holder_of(observed: &Observed, identity: &Identity) -> Option<Holder> {
    let live = observed.gateways.iter().filter(|gateway| gateway.state.is_live());
    let own = |tags: &BTreeMap<String, String>| {
        identity.tags().into_iter().all(|(tag, value)| tags.get(tag).is_some_and(|carried| carried == value))
    };
    let mut own = live.filter(|gateway| own(&gateway.tags));
    own.find_map(|gateway| gateway.tags.get(HOLDER_TAG)?.parse().ok())
}

/// The identity that the state has, where the resource is being renamed.
fn former(prior: &Value, identity: &Identity) -> Option<Identity> {
    let name = prior.get("name")?.as_str()?.parse().ok()?;
    Some(Identity { name, ..identity.clone() }).filter(|former| former != identity)
}

/// How a resource is called among those of a run.
fn resource(identity: &Identity) -> String {
    format!("egress_nat_gateway \"{}\"", identity.name)
}

/// The gateways could not be read: reported once for a cause that fails every resource.
fn unreadable(
    configured: &Configured,
    identity: &Identity,
    region: &Region,
    error: &cloud::Error,
    call: Call,
) -> Diagnostics {
    let cause = cloud_error::cause(error, &format!("AWS in {}", region.name()));
    reported(configured, identity, Failure::new(cause, report::failure("The NAT gateways cannot be read", error)), call)
}

/// A failure as the resource reports it.
fn reported(configured: &Configured, identity: &Identity, failure: Failure, call: Call) -> Diagnostics {
    configured.this_run.causes.report(failure, &resource(identity), call).into_iter().collect()
}

impl AwsBackend {
    async fn look_ahead(
        &self,
        configured: &Configured,
        identity: &Identity,
        instance: &Instance,
        prior: &Value,
        planned: &Value,
    ) -> Result<Planned, Diagnostics> {
        let present = if planned.is_null() { prior } else { planned };
        let input = Input::read(present)?;
        let recorded = recorded(prior)?;
        if input.region().is_unknown() {
            return Ok(Planned::default());
        }
        let region = match region(configured, input.region().known().copied()).await {
            Ok(region) => region,
            Err(Unreached::Unknown) => return Ok(Planned::default()),
            Err(Unreached::Failed(failure)) => return Err(reported(configured, identity, failure, Call::PlanSeen)),
        };
        let replaced = writes_region(prior) && writes_region(planned);
        if !prior.is_null() && !planned.is_null() && !replaced {
            check_region(configured, prior, &region).await?;
        }
        let mut diagnostics = Diagnostics::new();
        let desired = if planned.is_null() {
            nothing(identity, recorded)
        } else {
            match input.desired(identity, region.default_tags(), recorded, &mut diagnostics) {
                Some(desired) => desired,
                None => return Ok(Planned { diagnostics, ..Planned::default() }),
            }
        };
        let desired = Desired { holder: instance.holder.clone(), ..desired };
        // Without a look the plan would not say what is replaced, taken over or interrupted, and be approved for it.
        let observed = region.observe_nat_gateways(&desired, Freshness::Snapshot).await;
        // Of what is created with open ends everything is unknown that a look could tell.
        let call = if prior.is_null() && !desired.unknown.is_empty() { Call::PlanUnseen } else { Call::PlanSeen };
        let observed = observed.map_err(|error| unreadable(configured, identity, &region, &error, call))?;
        check_place(&region, prior, &observed).await?;
        let known = known_gateways(prior)?;
        if !planned.is_null() {
            refuse_stale(&desired, &observed, &known)?;
        }
        let former = former(prior, identity);
        if prior.is_null() && !planned.is_null() && !instance.inherits {
            diagnostics.extend(report::adoption(&observed, identity, configured.adoption));
        }
        let plan = plan(&forecast::as_far_as_known(&desired, &observed), &observed);
        diagnostics.extend(report::kept(&plan, &desired));
        diagnostics.extend(report::notes(&plan, &observed, planned.is_null()));
        diagnostics.extend(report::of_others(&plan, &desired, &observed, former.as_ref()));
        if planned.is_null() {
            return Ok(Planned { diagnostics, ..Planned::default() });
        }
        let refused = former.as_ref().and_then(|former| report::refused_rename(&plan, &desired, &observed, former));
        diagnostics.extend(refused);
        let complete = desired.unknown.is_empty();
        let conflicts = if complete { plan.conflicts.clone() } else { route_conflicts(&desired, &observed) };
        diagnostics.extend(report::conflicts(&conflicts, &desired));
        diagnostics.extend(report::interruptions(&plan, &observed, input.on_interruption()));
        diagnostics.extend(report::undecided(&desired, &observed, input.on_interruption()));
        diagnostics.extend(claimed_twice(configured, &region, &desired));
        diagnostics.extend(report::limits(&desired, &observed));
        let seen = if complete { Some(&plan) } else { None };
        diagnostics.extend(checks(configured, &region, &desired, &observed, seen).await);
        let (arns, creates) = (&recorded_arns(prior)?, prior.is_null());
        let prediction = Prediction { desired: &desired, observed: &observed, known: &known, arns, creates };
        let mut computed = prediction.values();
        if planned != prior || !complete {
            return Ok(Planned { computed, diagnostics });
        }
        // Nothing that the user wrote differs, and yet something may be to be done: tags that were removed, a second gateway.
        if plan.operations.is_empty() || !plan.conflicts.is_empty() {
            computed.retain(|name, _| *name == "tags_all");
        } else if computed.iter().all(|(name, value)| prior.get(name) == Some(value)) {
            computed = prediction.values_of_repair(&plan);
            diagnostics.push(report::repair(&plan));
        }
        Ok(Planned { computed, diagnostics })
    }

    async fn carry_out(
        &self,
        configured: &Configured,
        identity: &Identity,
        instance: &Instance,
        prior: &Value,
        planned: &Value,
        limits: &Limits,
    ) -> Result<Applied, Diagnostics> {
        let present = if planned.is_null() { prior } else { planned };
        let input = Input::read(present)?;
        let region = connected(configured, input.region().known().copied()).await;
        let region = region.map_err(|failure| reported(configured, identity, failure, Call::Apply))?;
        if !prior.is_null() && !planned.is_null() {
            check_region(configured, prior, &region).await?;
        }
        let recorded = recorded(prior)?;
        let desired = if planned.is_null() {
            nothing(identity, recorded.clone())
        } else {
            known(planned, identity, &region, recorded.clone())?
        };
        let desired = Desired { holder: instance.holder.clone(), takes_over: instance.takes_over, ..desired };
        let observed = region.observe_for_change(&desired, limits).await;
        let observed = observed.map_err(|error| unreadable(configured, identity, &region, &error, Call::Apply))?;
        check_place(&region, prior, &observed).await?;
        if !planned.is_null() {
            refuse_stale(&desired, &observed, &known_gateways(prior)?)?;
        }
        let ahead = plan(&desired, &observed);
        let former = former(prior, identity);
        let mut refused = report::conflicts(&ahead.conflicts, &desired);
        refused.extend(report::of_others(&ahead, &desired, &observed, former.as_ref()));
        if !planned.is_null() {
            refused.extend(report::interruptions(&ahead, &observed, input.on_interruption()));
        }
        refused.extend(former.as_ref().and_then(|former| report::refused_rename(&ahead, &desired, &observed, former)));
        if refused.has_errors() {
            return Err(refused);
        }
        let outcome = apply(region.as_ref(), &desired, observed, limits).await;
        let observed = outcome.observed;
        let arns = arns(&region, prior, &observed).await?;
        let conflicts = report::conflicts(&plan(&desired, &observed).conflicts, &desired);
        if matches!(outcome.end, End::Done) && !conflicts.has_errors() {
            if planned.is_null() {
                return Ok(Applied { state: Value::Null, diagnostics: Diagnostics::new() });
            }
            let state = reached(planned, &desired, &observed, &arns);
            let changed = state::contradictions(planned, &state);
            let diagnostics = if changed.is_empty() { None } else { Some(report::changed_meanwhile(&changed)) };
            return Ok(Applied { state, diagnostics: diagnostics.into_iter().collect() });
        }
        let made = !observed.view().gateways.is_empty();
        if let (End::Stopped(left), true, true, false) = (&outcome.end, prior.is_null(), made, planned.is_null()) {
            // An error would make Terraform destroy and create again what exists; so the next plan goes on from here instead.
            let state = reached(planned, &desired, &observed, &arns);
            return Ok(Applied { state, diagnostics: report::interrupted(left, &observed).into() });
        }
        // What failed comes first: what is in the way now may follow from it.
        let place = format!("AWS in {}", region.name());
        let failure = report::end(&outcome.end, &place, &observed, planned.is_null());
        let mut diagnostics =
            failure.map_or_else(Diagnostics::new, |it| reported(configured, identity, it, Call::Apply));
        diagnostics.extend(conflicts);
        let wanted = if planned.is_null() { known(prior, identity, &region, recorded) } else { Ok(desired) };
        let mut state = match wanted {
            Ok(wanted) => state::corrected(present, &wanted, &observed, &arns),
            Err(unreadable) => {
                diagnostics.extend(unreadable);
                Value::Null
            }
        };
        if state.is_null() && !prior.is_null() {
            // Something is left, or this would not have failed; without state nobody would look for it again.
            state = prior.clone();
        }
        Ok(Applied { state, diagnostics })
    }
}

/// The planned state with what was computed. What is planned but not there is null.
fn reached(planned: &Value, desired: &Desired, observed: &Observed, arns: &state::Arns) -> Value {
    let mut state = planned.clone();
    let Some(attributes) = state.as_object_mut() else { return state };
    let mut computed = state::computed(observed, &state::recorded_routes(desired, observed), arns);
    computed.insert("tags_all", predicted::tags(desired));
    if let (Some(Value::Map(gateways)), Some(Value::Map(planned))) =
        (computed.get_mut("gateways"), planned.get("gateways"))
    {
        let missing = Value::object(state::GATEWAY.map(|name| (name, Value::Null)));
        for key in planned.keys() {
            gateways.entry(key.clone()).or_insert_with(|| missing.clone());
        }
    }
    if let (Some(Value::Map(routes)), Some(Value::Map(planned))) = (computed.get_mut("routes"), planned.get("routes")) {
        for key in planned.keys() {
            routes.entry(key.clone()).or_insert(Value::Null);
        }
    }
    if let Some(egress) = planned.get("egress_cidrs").filter(|cidrs| cidrs.is_wholly_known()) {
        computed.insert("egress_cidrs", egress.clone());
    }
    attributes.extend(computed.into_iter().map(|(name, value)| (name.to_owned(), value)));
    state
}
