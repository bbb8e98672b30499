//! What a plan knows, and what it says.

use cloud::Freshness;
use cloud_aws::nat_gateways::desired::Desired;
use cloud_aws::nat_gateways::plan::{forecast, plan, route_conflicts};
use egress_model::identity::Identity;
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::super::backend::Planned;
use super::checks::{checks, claimed_twice, refuse_stale};
use super::input::Input;
use super::place::{Unreached, check_place, check_region, recorded_arns, region, writes_region};
use super::predicted::Prediction;
use super::{AwsBackend, former, known_gateways, nothing, recorded, report, reported, unreadable};
use crate::resources::instance::Instance;
use crate::session::{Call, Configured};

impl AwsBackend {
    pub(super) async fn look_ahead(
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
}
