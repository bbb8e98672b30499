//! What an apply does, and what it reached.

use std::sync::Arc;

use cloud::{End, Freshness, Limits, drive};
use cloud_aws::nat_gateways::Ec2Gateways;
use cloud_aws::nat_gateways::desired::Desired;
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::plan;
use egress_model::identity::Identity;
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::super::backend::Applied;
use super::checks::refuse_stale;
use super::input::Input;
use super::place::{arns, check_place, check_region, connected};
use super::{
    AwsBackend, former, known, known_gateways, nothing, predicted, recorded, report, reported, state, unreadable,
};
use crate::resources::instance::Instance;
use crate::session::{Call, Configured};

impl AwsBackend {
    pub(super) async fn carry_out(
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
        let observed = region.observe_nat_gateways(&desired, Freshness::Now).await;
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
        let outcome = drive(&Ec2Gateways(Arc::clone(&region)), &desired, observed, limits).await;
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
