//! Elastic IP addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::IpPools as _;
use cloud_aws::ip_pools::Source;
use cloud_aws::{MAX_TAGS, Region};
use egress_model::identity::Key;
use egress_model::ip_pool::AddressId;
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::schema::declare::{block, object, string};
use tfplugin::schema::{Attribute, NestedBlock};
use tfplugin::{Diagnostic, Diagnostics};

use super::arguments::Tags;
use super::backend::{Backend, Opened, Pools, Terms};
use super::report;
use crate::clouds::aws::{self, AWS, WrongTag};
use crate::clouds::{Cloud, Parts, place_attribute};
use crate::session::{Configured, Failure};

/// AWS behind the resource.
pub(super) struct AwsBackend;

#[derive(Deserialize)]
struct Input {
    aws: Arg<PoolInput>,
    addresses: Arg<BTreeMap<String, Arg<AddressInput>>>,
    tags: Tags,
}

#[derive(Deserialize)]
struct AddressInput {
    existing_id: Arg<String>,
    aws: Arg<SourceInput>,
    tags: Tags,
}

#[derive(Deserialize)]
struct PoolInput {
    network_border_group: Arg<String>,
    public_ipv4_pool: Arg<String>,
    ipam_pool_id: Arg<String>,
}

#[derive(Deserialize)]
struct SourceInput {
    network_border_group: Arg<String>,
    public_ipv4_pool: Arg<String>,
    ipam_pool_id: Arg<String>,
}

impl Input {
    fn read(value: &Value) -> Result<Self, Diagnostic> {
        model::from_value_subset(value)
    }

    /// Where the address of each key comes from; `None` for those where that is not known yet. What an address says goes
    /// before what the pool says; a pool of addresses that it names takes the place of either of the pool's.
    fn sources(&self) -> BTreeMap<Key, Option<Source>> {
        let addresses = self.addresses.known().into_iter().flatten();
        addresses.filter_map(|(key, address)| Some((key.parse().ok()?, self.source(address)))).collect()
    }

    fn source(&self, address: &Arg<AddressInput>) -> Option<Source> {
        let own = &address.known()?.aws;
        let pool = self.aws.known()?;
        let none =
            SourceInput { network_border_group: Arg::Null, public_ipv4_pool: Arg::Null, ipam_pool_id: Arg::Null };
        let own = if own.is_unknown() { return None } else { own.known().unwrap_or(&none) };
        let named = !own.public_ipv4_pool.is_null() || !own.ipam_pool_id.is_null();
        let choose = |own: &Arg<String>, pool: &Arg<String>, inherits: bool| match (own, pool) {
            (Arg::Known(text), _) => Some(Some(text.clone())),
            (Arg::Unknown, _) => None,
            (Arg::Null, Arg::Known(text)) if inherits => Some(Some(text.clone())),
            (Arg::Null, Arg::Unknown) if inherits => None,
            (Arg::Null, _) => Some(None),
        };
        Some(Source {
            network_border_group: choose(&own.network_border_group, &pool.network_border_group, true)?,
            public_ipv4_pool: choose(&own.public_ipv4_pool, &pool.public_ipv4_pool, !named)?,
            ipam_pool_id: choose(&own.ipam_pool_id, &pool.ipam_pool_id, !named)?,
        })
    }
}

fn source_attributes() -> Vec<Attribute> {
    vec![
        string(
            "network_border_group",
            "The group of zones from which AWS advertises the address: the region, or that of a Local or Wavelength \
             Zone. A NAT gateway takes only addresses of its zone's group. Default: the region's.",
        ),
        string(
            "public_ipv4_pool",
            "A pool of addresses that you brought to AWS, such as `ipv4pool-ec2-0123`. Default: Amazon's own.",
        ),
        string("ipam_pool_id", "A pool of Amazon VPC IPAM, such as `ipam-pool-0123`. Excludes `public_ipv4_pool`."),
    ]
}

fn place(region: Arc<Region>, sources: BTreeMap<Key, Source>) -> Box<dyn Pools> {
    let (place, default_tags) = (aws::place(region.name()), region.default_tags().clone());
    let terms = sources.into_iter().map(|(key, source)| (key, Terms { source, settings: () })).collect();
    Box::new(Opened { cloud: region, place, terms, default_tags })
}

#[async_trait]
impl Backend for AwsBackend {
    fn cloud(&self) -> &'static Cloud {
        &AWS
    }

    fn block(&self) -> NestedBlock {
        let region = place_attribute(
            "region",
            "The region. Default: the provider's. An address cannot move: another region replaces the pool, and \
             every IP of it is given up by its `release_policy`.",
        );
        let attributes = std::iter::once(region).chain(source_attributes()).collect();
        block(
            "aws",
            attributes,
            "The addresses are Elastic IP addresses on AWS; an empty `aws {}` takes the provider's region and \
             Amazon's own addresses. Where new addresses come from can be written here for all of them, and in the \
             `aws` of an address for that one. Another source gives a key another IP.",
        )
    }

    fn address_attribute(&self) -> Attribute {
        object(
            "aws",
            source_attributes(),
            "Where this address comes from on AWS, in place of what the pool's `aws` says. `public_ipv4_pool` or \
             `ipam_pool_id` stands in place of `new = true`.",
        )
    }

    fn address_sources(&self) -> &'static [&'static str] {
        &["public_ipv4_pool", "ipam_pool_id"]
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let input = match Input::read(config) {
            Ok(input) => input,
            Err(diagnostic) => return diagnostic.into(),
        };
        let mut diagnostics = Diagnostics::new();
        let pool_path = Path::attribute("aws");
        if let Some(pool) = input.aws.known() {
            diagnostics.extend(two_pools(&pool.public_ipv4_pool, &pool.ipam_pool_id, &pool_path));
        }
        diagnostics.extend(wrong_tags(&[&input.tags], &Path::attribute("tags")));
        for (key, address) in input.addresses.known().into_iter().flatten() {
            let path = Path::attribute("addresses").key(key);
            let Some(address) = address.known() else { continue };
            if !address.tags.is_null() {
                diagnostics.extend(wrong_tags(&[&input.tags, &address.tags], &path.child("tags")));
            }
            let Some(source) = address.aws.known() else { continue };
            let path = path.child("aws");
            diagnostics.extend(two_pools(&source.public_ipv4_pool, &source.ipam_pool_id, &path));
            if !address.existing_id.is_null() && !source.network_border_group.is_null() {
                let detail =
                    "An address with existing_id exists: its border group cannot be chosen. Remove one of the two.";
                let diagnostic = Diagnostic::error("existing_id and network_border_group exclude each other", detail);
                diagnostics.push(diagnostic.at(path.child("network_border_group")));
            }
        }
        diagnostics
    }

    async fn open(&self, configured: &Configured, value: &Value) -> Result<Option<Box<dyn Pools>>, Failure> {
        let Some(parts) = AWS.parts_of(value) else { return Ok(None) };
        let Some(cloud) = configured.aws().await? else { return Ok(None) };
        let (input, region) = (Input::read(value)?, cloud.region(aws::region(&parts)));
        let sources = input.sources().into_iter().filter_map(|(key, source)| Some((key, source?)));
        Ok(Some(place(region, sources.collect())))
    }

    fn address_id(&self, text: &str) -> Result<AddressId, String> {
        Region::address_id(text)
    }

    fn undecided(&self, value: &Value) -> Vec<Key> {
        let sources = Input::read(value).map(|input| input.sources()).unwrap_or_default();
        sources.into_iter().filter(|(_, source)| source.is_none()).map(|(key, _)| key).collect()
    }

    async fn open_place(&self, configured: &Configured, parts: &Parts) -> Result<Option<Box<dyn Pools>>, Failure> {
        let cloud = configured.aws().await?;
        Ok(cloud.map(|cloud| place(cloud.region(aws::region(parts)), BTreeMap::new())))
    }

    fn imported(&self) -> Value {
        let text = |name: &str| (name.to_owned(), Value::Null);
        Value::Object(["network_border_group", "public_ipv4_pool", "ipam_pool_id"].into_iter().map(text).collect())
    }
}

fn two_pools(public_ipv4_pool: &Arg<String>, ipam_pool_id: &Arg<String>, path: &Path) -> Option<Diagnostic> {
    let both = !public_ipv4_pool.is_null() && !ipam_pool_id.is_null();
    let detail = "An address comes from one pool. Set public_ipv4_pool or ipam_pool_id.";
    both.then(|| Diagnostic::error("Two pools of addresses are chosen", detail).at(path.child("ipam_pool_id")))
}

/// What is wrong with the tags of the last of these layers, and whether all of them are too many.
fn wrong_tags(layers: &[&Tags], path: &Path) -> Vec<Diagnostic> {
    let known = |layer: &'_ Tags| layer.known().cloned().unwrap_or_default();
    let all: BTreeMap<String, Arg<String>> = layers.iter().flat_map(|layer| known(layer)).collect();
    let mut wrong: Vec<Diagnostic> = report::too_many_tags(all.keys(), MAX_TAGS, path).into_iter().collect();
    let Some(own) = layers.last().and_then(|layer| layer.known()) else { return wrong };
    for (key, value) in own {
        let problem = match aws::wrong_tag(key, value.known().map(String::as_str)) {
            Some(WrongTag::OfAws) => "Keys that begin with \"aws:\" are Amazon's.",
            Some(WrongTag::Key) => "A tag's key has 1 to 128 characters on AWS.",
            Some(WrongTag::Value) => "A tag's value has at most 256 characters on AWS.",
            None => continue,
        };
        wrong.push(Diagnostic::error(format!("The tag {key:?} cannot be used"), problem).at(path.key(key)));
    }
    wrong
}
