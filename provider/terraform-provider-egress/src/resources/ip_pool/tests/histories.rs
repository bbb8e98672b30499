//! Random histories of pools, in two regions of a cloud in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::ip_pools::memory::{Memory, Settings, Source};
use cloud::{DefaultTags, IpPools as _};
use egress_model::identity::Key;
use egress_model::ip_pool::AddressId;
use tfplugin::Diagnostics;
use tfplugin::cty::Value;
use tfplugin::schema::declare::{block, object, string};
use tfplugin::schema::{Attribute, NestedBlock};

use super::super::IpPool;
use super::super::backend::{Backend, Opened, Pools, Terms};
use super::host::configure;
use crate::clouds::{self, Cloud, Part, Parts};
use crate::resources::histories::{Block, Subject, Things, assert_histories, assert_history};
use crate::resources::registered::Registered;
use crate::session::{Adoption, Configured, Failure, Session};

/// A cloud in memory for each region.
type Clouds = BTreeMap<&'static str, Arc<Memory>>;

/// What says where its pools are.
static REGIONS: Cloud = Cloud {
    name: "memory",
    title: "memory",
    parts: &[Part { name: "region", description: "The region", example: "here" }],
    locate: |_| None,
};

struct Regions(Clouds);

impl Regions {
    fn place(&self, region: &str, keys: impl IntoIterator<Item = Key>) -> Option<Box<dyn Pools>> {
        let cloud = Arc::clone(self.0.get(region)?);
        let place = clouds::Place::new(&REGIONS, [("region", region.to_owned())].into());
        let terms = |key| (key, Terms { source: Source::default(), settings: Settings::default() });
        let terms = keys.into_iter().map(terms).collect();
        Some(Box::new(Opened { cloud, place, terms, default_tags: DefaultTags::default() }))
    }
}

#[async_trait]
impl Backend for Regions {
    fn cloud(&self) -> &'static Cloud {
        &REGIONS
    }

    fn block(&self) -> NestedBlock {
        block("memory", vec![string("region", "The region.").requires_replace()], "In memory.")
    }

    fn address_attribute(&self) -> Attribute {
        object("memory", vec![string("range", "Not used.")], "In memory.")
    }

    fn address_sources(&self) -> &'static [&'static str] {
        &["range"]
    }

    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn open(&self, _: &Configured, value: &Value) -> Result<Option<Box<dyn Pools>>, Failure> {
        let addresses = value.get("addresses").and_then(Value::as_map).into_iter().flatten();
        let keys = addresses.filter_map(|(key, _)| key.parse().ok());
        Ok(region_of(value).and_then(|region| self.place(region, keys)))
    }

    fn address_id(&self, text: &str) -> Result<AddressId, String> {
        Memory::address_id(text)
    }

    fn undecided(&self, _value: &Value) -> Vec<Key> {
        Vec::new()
    }

    async fn open_place(&self, _: &Configured, parts: &Parts) -> Result<Option<Box<dyn Pools>>, Failure> {
        Ok(parts.get("region").and_then(|region| self.place(region, [])))
    }

    fn imported(&self) -> Value {
        Value::Object(BTreeMap::new())
    }
}

/// The region that a value names.
fn region_of(value: &Value) -> Option<&str> {
    value.get("memory")?.get("region")?.as_str()
}

/// Pools, and the clouds in which they are.
struct Histories(Clouds);

impl Subject for Histories {
    type Resource = IpPool;

    const PLACES: [&'static str; 2] = ["here", "there"];
    const KEYS: &'static [&'static str] = &["a", "b", "c"];
    const CAN_BE_EMPTY: bool = true;

    fn new() -> Self {
        Self(Self::PLACES.into_iter().map(|region| (region, Arc::default())).collect())
    }

    async fn process(&self, owner: &str, adoption: Adoption) -> Registered<IpPool> {
        let session = Arc::new(Session::default());
        configure(&session, owner, adoption);
        let clouds: Vec<Box<dyn Backend>> = vec![Box::new(Regions(self.0.clone()))];
        let pool = IpPool { session: session.clone(), clouds };
        Registered::new(session, pool)
    }

    fn written(&self, block: &Block) -> Value {
        let new = || Value::object([("new", true)]);
        Value::object([
            ("name", Value::from(block.name)),
            ("memory", Value::object([("region", block.place)])),
            ("on_ip_change", "warn".into()),
            ("release_policy", "release".into()),
            ("addresses", Value::map(block.keys.iter().map(|key| (*key, new())))),
        ])
    }

    fn place_of(value: &Value) -> Option<&str> {
        region_of(value)
    }

    fn parts(state: &Value) -> Vec<(String, String)> {
        let ids = state.get("ids").and_then(Value::as_map).into_iter().flatten();
        ids.filter_map(|(key, id)| Some((key.clone(), id.as_str()?.to_owned()))).collect()
    }

    fn there(&self) -> Things {
        let mut there = Things::new();
        for (region, cloud) in &self.0 {
            for address in cloud.addresses() {
                let Some(mark) = address.mark else { continue };
                let holder = mark.holder.map(|holder| holder.to_string()).unwrap_or_default();
                let carried =
                    [mark.identity.owner.to_string(), mark.identity.name.to_string(), mark.key.to_string(), holder];
                there.insert(((*region).to_owned(), address.id.to_string()), carried);
            }
        }
        there
    }
}

#[test]
fn what_a_successful_run_leaves_is_what_the_state_has() {
    assert_histories::<Histories>(2_000);
}

#[test]
fn what_another_block_adopts_is_not_taken_with_a_tainted_pool_that_is_renamed() {
    assert_history::<Histories>(1_796_050_042_021_847);
}
