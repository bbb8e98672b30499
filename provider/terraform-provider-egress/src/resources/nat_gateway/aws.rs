//! NAT gateways on AWS.

mod applied;
mod checks;
mod find;
mod imported;
mod input;
mod place;
mod planned;
mod predicted;
mod report;
mod schema;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use async_trait::async_trait;
use cloud::{DefaultTags, Freshness, Limits};
use cloud_aws::Region;
use cloud_aws::nat_gateways::desired::{Desired, Drain, MAX_ADDRESSES, Recorded, Unknown};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::forecast::Known;
use egress_model::identity::{HOLDER_TAG, Holder, Identity, Key, ResourceType};
use egress_model::nat_gateway::capacity;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::NestedBlock;
use tfplugin::{Diagnostic, Diagnostics};

use self::input::Input;
pub(super) use self::place::foreign_zone;
use self::place::{arns, check_place, connected, region};
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
        let observed = connection.observe_nat_gateways(&nothing(identity, Recorded::default()), Freshness::Now).await;
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
        let observed = connection.observe_nat_gateways(&desired, Freshness::Now).await;
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
