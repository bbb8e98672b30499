//! NAT gateways on AWS.

mod input;
mod report;
mod schema;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::nat_gateways::apply;
use cloud::{End, Limits, NatGateways as _};
use cloud_aws::Region;
use cloud_aws::nat_gateways::desired::{Desired, Drain, Kind, MAX_ADDRESSES, Recorded};
use cloud_aws::nat_gateways::observe::Freshness;
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::{Plan, plan, route_conflicts};
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::capacity;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::Attribute;
use tfplugin::{Diagnostic, Diagnostics};

use self::input::Input;
use super::backend::{Applied, Backend, Planned};
use crate::session::{Configured, Unavailable};

/// AWS behind the resource.
pub(super) struct AwsBackend;

/// One address carries 55,000 simultaneous connections to one destination (Amazon VPC user guide, "NAT gateway basics").
const CONNECTIONS_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(55_000).expect("not zero");

async fn region(configured: &Configured, name: Option<&str>) -> Result<Arc<Region>, Option<Diagnostic>> {
    let aws = configured.aws.as_ref().map_err(|unavailable| match unavailable {
        Unavailable::Missing(diagnostic) => Some(diagnostic.clone()),
        Unavailable::Unknown => None,
    })?;
    Ok(aws.cloud().await.map_err(Some)?.region(name))
}

/// What is wanted of a resource of which all is known, such as one in the state.
fn known(value: &Value, identity: &Identity, region: &Region, recorded: Recorded) -> Result<Desired, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let desired = Input::read(value)?.desired(identity, region.default_tags(), recorded, &mut diagnostics);
    if let Some((desired, true)) = desired {
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

/// Wants nothing.
fn nothing(identity: &Identity, recorded: Recorded) -> Desired {
    Desired {
        identity: identity.clone(),
        gateways: BTreeMap::new(),
        destinations: BTreeSet::new(),
        take_over: BTreeSet::new(),
        drain: Drain::default(),
        tags: BTreeMap::new(),
        recorded,
    }
}

#[async_trait]
impl Backend for AwsBackend {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn attribute(&self) -> Attribute {
        schema::attribute()
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
            input.desired(&identity, &BTreeMap::new(), Recorded::default(), &mut diagnostics);
        }
        diagnostics
    }

    fn address_counts(&self, planned: &Value) -> BTreeMap<String, (u64, Path)> {
        Input::read(planned).map(|input| input.address_counts()).unwrap_or_default()
    }

    async fn plan(&self, configured: &Configured, identity: &Identity, prior: &Value, planned: &Value) -> Planned {
        match self.look_ahead(configured, identity, prior, planned).await {
            Ok(planned) => planned,
            Err(diagnostics) => Planned { diagnostics, ..Planned::default() },
        }
    }

    async fn apply(
        &self,
        configured: &Configured,
        identity: &Identity,
        prior: &Value,
        planned: &Value,
        limits: &Limits,
    ) -> Applied {
        match self.carry_out(configured, identity, prior, planned, limits).await {
            Ok(applied) => applied,
            Err(diagnostics) => Applied { state: prior.clone(), diagnostics },
        }
    }

    async fn read(&self, configured: &Configured, identity: &Identity, state: &Value) -> Result<Value, Diagnostic> {
        let input = Input::read(state)?;
        let region = connected(configured, input.region().known().copied()).await?;
        if let Some(zone) = foreign_zone(state, region.name()) {
            return Err(report::elsewhere(zone, region.name()));
        }
        let desired = known(state, identity, &region, input.recorded()).map_err(first)?;
        let observed = region.observe_nat_gateways(&desired, Freshness::Snapshot).await;
        let observed = observed.map_err(|error| report::failure("The NAT gateways cannot be read", &error))?;
        Ok(state::corrected(state, &desired, &observed))
    }

    async fn import(
        &self,
        configured: &Configured,
        identity: &Identity,
        region: Option<&str>,
        ids: &BTreeMap<String, Key>,
    ) -> Result<BTreeMap<String, Value>, Diagnostic> {
        let connection = connected(configured, region).await?;
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
                "{what} The region is {}; write `region=...` into the import id for another.",
                connection.name()
            );
            return Err(Diagnostic::error("There is no NAT gateway to import", detail));
        }
        Ok(state::imported(&observed, region))
    }
}

/// The gateways stay in their region. A change from one written region to another replaces the resource; where one of the
/// two is the provider's, Terraform sees no such change.
async fn check_region(configured: &Configured, prior: &Value, now: &Region) -> Result<(), Diagnostic> {
    let prior = Input::read(prior)?;
    let used = connected(configured, prior.region().known().copied()).await?;
    if used.name() == now.name() { Ok(()) } else { Err(report::moved(used.name(), now.name())) }
}

/// A zone of the state that is not one of this region. The names of zones begin with their region's (Amazon EC2 user guide,
/// "Regions and Zones"), so that gateways of another region are not mistaken for gateways that are gone.
pub(super) fn foreign_zone<'a>(state: &'a Value, region: &str) -> Option<&'a str> {
    let zones = state.get("aws")?.get("zones")?.as_map()?;
    zones.keys().map(String::as_str).find(|zone| !zone.starts_with(region))
}

fn writes_region(value: &Value) -> bool {
    value.get("aws").and_then(|aws| aws.get("region")).is_some_and(|region| !region.is_null())
}

async fn connected(configured: &Configured, name: Option<&str>) -> Result<Arc<Region>, Diagnostic> {
    region(configured, name).await.map_err(|diagnostic| {
        diagnostic.unwrap_or_else(|| {
            let detail = "The provider's aws attribute depends on values that are known only after apply. Apply what they come from first.";
            Diagnostic::error("AWS is not known yet", detail)
        })
    })
}

fn first(diagnostics: Diagnostics) -> Diagnostic {
    let unknown = || Diagnostic::error("The state cannot be read", "This is a bug in the provider.");
    diagnostics.into_iter().next().unwrap_or_else(unknown)
}

impl AwsBackend {
    async fn look_ahead(
        &self,
        configured: &Configured,
        identity: &Identity,
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
            Err(None) => return Ok(Planned::default()),
            Err(Some(diagnostic)) => return Err(diagnostic.into()),
        };
        let replaced = writes_region(prior) && writes_region(planned);
        if !prior.is_null() && !planned.is_null() && !replaced {
            check_region(configured, prior, &region).await?;
        }
        let mut diagnostics = Diagnostics::new();
        let (desired, complete) = if planned.is_null() {
            (nothing(identity, recorded), true)
        } else {
            match input.desired(identity, region.default_tags(), recorded, &mut diagnostics) {
                Some(desired) => desired,
                None => return Ok(Planned { diagnostics, ..Planned::default() }),
            }
        };
        let observed = match region.observe_nat_gateways(&desired, Freshness::Snapshot).await {
            Ok(observed) => observed,
            Err(error) => {
                diagnostics.push(report::unchecked(&error));
                return Ok(Planned { diagnostics, ..Planned::default() });
            }
        };
        if !complete {
            // Addresses that are allocated in the same apply, as a rule: what does not depend on them is checked.
            diagnostics.extend(report::conflicts(&route_conflicts(&desired, &observed), &desired));
            diagnostics.extend(subnets(&region, &desired, &observed).await);
            if prior.is_null() {
                diagnostics.extend(report::adoption(&observed, identity, configured.adoption));
            }
            return Ok(Planned { diagnostics, ..Planned::default() });
        }
        let plan = plan(&desired, &observed);
        diagnostics.extend(report::notes(&plan, &desired, &observed, planned.is_null()));
        if planned.is_null() {
            return Ok(Planned { diagnostics, ..Planned::default() });
        }
        if prior.is_null() {
            diagnostics.extend(report::adoption(&observed, identity, configured.adoption));
        }
        diagnostics.extend(report::conflicts(&plan.conflicts, &desired));
        diagnostics.extend(report::limits(&desired, &observed));
        let subnets = report::new_subnets(&desired, &observed);
        match region.subnets(subnets.values().cloned().collect()).await {
            Ok(found) => diagnostics.extend(report::subnets(&subnets, &found)),
            Err(error) => diagnostics.push(report::unchecked(&error)),
        }
        let mut computed = BTreeMap::new();
        if planned != prior {
            computed = predicted(&desired, &observed, &plan);
        } else if !plan.operations.is_empty() && plan.conflicts.is_empty() {
            // Nothing that the user wrote differs, and yet something is to be done: tags that were removed, a second gateway. An
            // unknown value makes Terraform call for the update.
            computed.insert("gateways", Value::UNKNOWN);
            diagnostics.push(report::repair(&plan));
        }
        Ok(Planned { computed, diagnostics })
    }

    async fn carry_out(
        &self,
        configured: &Configured,
        identity: &Identity,
        prior: &Value,
        planned: &Value,
        limits: &Limits,
    ) -> Result<Applied, Diagnostics> {
        let present = if planned.is_null() { prior } else { planned };
        let input = Input::read(present)?;
        let region = connected(configured, input.region().known().copied()).await?;
        if !prior.is_null() && !planned.is_null() {
            check_region(configured, prior, &region).await?;
        }
        let recorded = recorded(prior)?;
        let desired = if planned.is_null() {
            nothing(identity, recorded.clone())
        } else {
            known(planned, identity, &region, recorded.clone())?
        };
        let observed = region.observe_for_change(&desired, limits).await;
        let observed = observed.map_err(|error| report::failure("The NAT gateways cannot be read", &error))?;
        let conflicts = report::conflicts(&plan(&desired, &observed).conflicts, &desired);
        if conflicts.has_errors() {
            return Err(conflicts);
        }
        let outcome = apply(region.as_ref(), &desired, observed, limits).await;
        let observed = outcome.observed;
        let conflicts = report::conflicts(&plan(&desired, &observed).conflicts, &desired);
        if matches!(outcome.end, End::Done) && !conflicts.has_errors() {
            let state = if planned.is_null() { Value::Null } else { reached(planned, &desired, &observed) };
            return Ok(Applied { state, diagnostics: Diagnostics::new() });
        }
        let made = !observed.view().gateways.is_empty();
        if let (End::Stopped(left), true, true, false) = (&outcome.end, prior.is_null(), made, planned.is_null()) {
            // An error would make Terraform destroy and create again what exists; so the next plan goes on from here instead.
            let state = reached(planned, &desired, &observed);
            return Ok(Applied { state, diagnostics: report::interrupted(left, &observed).into() });
        }
        let mut diagnostics = conflicts;
        diagnostics.extend(report::end(&outcome.end, &observed, planned.is_null()));
        let wanted = if planned.is_null() { known(prior, identity, &region, recorded)? } else { desired };
        let mut state = state::corrected(present, &wanted, &observed);
        if state.is_null() && !prior.is_null() {
            // Something is left, or this would not have failed; without state nobody would look for it again.
            state = prior.clone();
        }
        Ok(Applied { state, diagnostics })
    }
}

/// Whether the subnets of new gateways are what they should be.
async fn subnets(region: &Region, desired: &Desired, observed: &Observed) -> Diagnostics {
    let wanted = report::new_subnets(desired, observed);
    match region.subnets(wanted.values().cloned().collect()).await {
        Ok(found) => report::subnets(&wanted, &found),
        Err(error) => report::unchecked(&error).into(),
    }
}

/// The planned state with what was computed. What is planned but not there is null.
fn reached(planned: &Value, desired: &Desired, observed: &Observed) -> Value {
    let mut state = planned.clone();
    let Some(attributes) = state.as_object_mut() else { return state };
    let mut computed = state::computed(observed, &state::recorded_routes(desired, observed));
    if let (Some(Value::Map(gateways)), Some(Value::Map(planned))) =
        (computed.get_mut("gateways"), planned.get("gateways"))
    {
        let missing =
            Value::object(["id", "state", "addresses", "public_ips", "private_ips"].map(|name| (name, Value::Null)));
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

/// What of the computed attributes is known before the apply.
fn predicted(desired: &Desired, observed: &Observed, plan: &Plan) -> BTreeMap<&'static str, Value> {
    let view = observed.view();
    let kept = |key: &Key| {
        let replaced = plan.replacements.iter().any(|replacement| replacement.key == *key);
        view.gateways.get(key).filter(|_| !replaced)
    };
    let gateways = desired.gateways.iter().map(|(key, wanted)| {
        let unknown = || ["addresses", "public_ips", "private_ips"].map(|name| (name, Value::UNKNOWN));
        let mut object = BTreeMap::from([("id", Value::UNKNOWN), ("state", Value::UNKNOWN)]);
        object.extend(unknown());
        if let Some(gateway) = kept(key) {
            object.insert("id", gateway.id.as_str().into());
            let has: Vec<&str> = gateway.addresses.iter().filter_map(|address| address.id.as_deref()).collect();
            let same = wanted.kind.addresses().len() == has.len()
                && has.iter().all(|id| wanted.kind.addresses().contains_key(id));
            if same && matches!(wanted.kind, Kind::Public { .. } | Kind::RegionalManual { .. }) {
                object.insert("addresses", Value::list(has));
            }
        }
        (key.as_str().to_owned(), Value::object(object))
    });
    let routes = desired.routes().into_iter().map(|(route, key)| {
        (input::route_text(&route), kept(key).map_or(Value::UNKNOWN, |gateway| gateway.id.as_str().into()))
    });
    BTreeMap::from([
        ("gateways", Value::map(gateways)),
        ("routes", Value::map(routes)),
        ("egress_cidrs", egress_cidrs(desired, observed)),
    ])
}

/// The addresses from which traffic will leave, if every one of them is known.
fn egress_cidrs(desired: &Desired, observed: &Observed) -> Value {
    if desired.gateways.values().any(|gateway| matches!(gateway.kind, Kind::RegionalAutomatic { .. })) {
        return Value::UNKNOWN;
    }
    let mut ips = Vec::new();
    for id in desired.addresses() {
        match observed.addresses.get(id).and_then(|elastic| elastic.public_ip) {
            Some(ip) => ips.push(ip),
            None => return Value::UNKNOWN,
        }
    }
    ips.sort_unstable();
    Value::list(ips.into_iter().map(|ip| format!("{ip}/32")))
}
