//! NAT gateways on AWS.

mod ahead;
mod block;
mod checks;
mod forecast;
mod imported;
mod input;
mod limits;
mod routes;
mod state;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::DefaultTags;
use cloud_aws::nat_gateways::Ec2Gateways;
use cloud_aws::nat_gateways::desired::{Desired, MAX_ADDRESSES, REGIONAL_KEY};
use cloud_aws::nat_gateways::observed::Observed;
use egress_model::identity::Key;
use egress_model::nat_gateway::{Gateway, capacity};
use tfplugin::cty::{Path, Value};
use tfplugin::schema::NestedBlock;
use tfplugin::{Diagnostic, Diagnostics};

use self::input::{Input, Spec, zone_path};
use super::backend::{Ahead, Backend, Forecast, Gateways, Shown, Words};
use super::layers::Tags;
use super::subject::{Ownership, Recorded};
use super::translate::{Opened, Translate};
use crate::clouds::aws::{AWS, place, region};
use crate::clouds::{Cloud, Parts};
use crate::session::{Configured, Failure, ThisRun};

/// AWS behind the resource.
pub(super) struct AwsBackend;

/// One address carries 55,000 simultaneous connections to one destination (Amazon VPC user guide, "NAT gateway basics").
const CONNECTIONS_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(55_000).expect("not zero");

#[async_trait]
impl Backend for AwsBackend {
    fn cloud(&self) -> &'static Cloud {
        &AWS
    }

    fn block(&self) -> NestedBlock {
        block::block()
    }

    fn capacity(&self, _value: &Value) -> capacity::Limits {
        let addresses_per_gateway = u32::try_from(MAX_ADDRESSES).unwrap_or(u32::MAX);
        capacity::Limits { connections_per_address: CONNECTIONS_PER_ADDRESS, addresses_per_gateway }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        Spec::read(config, &DefaultTags::default()).err().unwrap_or_default()
    }

    fn address_counts(&self, planned: &Value) -> BTreeMap<String, (u64, Path)> {
        Input::read(planned).map(|input| input.address_counts()).unwrap_or_default()
    }

    async fn open(&self, configured: &Configured, parts: &Parts) -> Result<Option<Box<dyn Gateways>>, Failure> {
        let Some(aws) = configured.aws().await? else { return Ok(None) };
        let region = aws.region(region(parts));
        Ok(Some(Box::new(Opened { place: place(region.name()), cloud: Arc::new(Ec2Gateways(region)) })))
    }
}

#[async_trait]
impl Translate for Ec2Gateways {
    type Spec = Spec;

    const WORDS: &'static Words = &words::WORDS;

    fn spec(value: &Value, default_tags: &DefaultTags) -> Result<Option<Spec>, Diagnostics> {
        Spec::read(value, default_tags)
    }

    fn owned_by(ownership: &Ownership, spec: Option<Spec>) -> Desired {
        spec.unwrap_or_default().owned_by(ownership)
    }

    fn is_complete(desired: &Desired) -> bool {
        desired.unknown.is_empty()
    }

    fn all(observed: &Observed) -> Vec<(Key, Gateway)> {
        observed.all()
    }

    fn ahead(desired: &Desired, observed: &Observed, recorded: &Recorded) -> Ahead {
        ahead::ahead(desired, observed, &input::known(recorded))
    }

    fn forecast(desired: &Desired, observed: &Observed, recorded: &Recorded) -> Forecast {
        forecast::forecast(desired, observed, &input::known(recorded))
    }

    fn shown(value: &Value, desired: &Desired, observed: &Observed) -> Shown {
        state::shown(value, desired, observed)
    }

    async fn advise(&self, this_run: &ThisRun, desired: &Desired, observed: &Observed) -> Diagnostics {
        checks::checks(this_run, &self.0, desired, observed).await
    }

    fn only(observed: &Observed, ids: &BTreeSet<String>) -> Observed {
        let mut observed = observed.clone();
        observed.gateways.retain(|gateway| ids.contains(&gateway.id));
        observed
    }

    fn block(observed: &Observed, own_tags: &BTreeMap<Key, Tags>) -> Value {
        imported::block(observed, own_tags)
    }

    fn routes(observed: &Observed) -> (BTreeMap<String, String>, BTreeSet<String>) {
        imported::routes(observed)
    }

    fn default_tags(&self) -> &DefaultTags {
        self.0.default_tags()
    }

    fn path_of(key: &Key) -> Path {
        if key.as_str() == REGIONAL_KEY { Path::attribute(AWS.name) } else { zone_path(key.as_str()) }
    }

    fn misplaced(&self, state: &Value) -> Option<Diagnostic> {
        foreign_zone(state, self.0.name()).map(|zone| words::elsewhere(zone, self.0.name()))
    }

    /// A gateway's name in its ARN is that of the service authorization reference, "Resource types defined by Amazon EC2".
    async fn global_id(&self, id: &str) -> Option<String> {
        self.0.arn(&format!("natgateway/{id}")).await
    }
}

/// A zone of the state that is not one of this region. The names of zones begin with their region's (Amazon EC2 user guide,
/// "Regions and Zones"), so that gateways of another region are not mistaken for gateways that are gone.
fn foreign_zone<'a>(state: &'a Value, region: &str) -> Option<&'a str> {
    let zones = state.get(AWS.name)?.get("zones")?.as_map()?;
    zones.keys().map(String::as_str).find(|zone| !zone.starts_with(region))
}
