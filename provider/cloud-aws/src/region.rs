//! EC2 in one region.

use std::collections::BTreeMap;

use cloud::Poll;
use egress_model::ip_pool::Address;

use crate::client::Client;
use crate::config::Config;
use crate::ip_pools::Source;
use crate::nat_gateways::observe::Table;
use crate::nat_gateways::observed::Gateway;
use crate::snapshot::Snapshot;

/// EC2 in one region: what implements the traits of `cloud`.
#[derive(Debug)]
pub struct Region {
    name: String,
    pub(crate) client: Client,
    pub(crate) default_tags: BTreeMap<String, String>,
    pub(crate) poll: Poll,
    /// How often a call without an idempotency token is tried in all.
    pub(crate) attempts: u32,
    pub(crate) addresses: Snapshot<Address<Source>>,
    pub(crate) nat_gateways: Snapshot<Gateway>,
    /// All route tables, whoever's: they carry no tag of ours.
    pub(crate) route_tables: Snapshot<Table>,
}

impl Region {
    pub(crate) fn new(name: &str, client: Client, config: &Config) -> Self {
        Self {
            name: name.to_owned(),
            client,
            default_tags: config.default_tags.clone(),
            poll: config.poll,
            attempts: config.max_attempts.unwrap_or(3),
            addresses: Snapshot::default(),
            nat_gateways: Snapshot::default(),
            route_tables: Snapshot::default(),
        }
    }

    /// The region's name, such as `eu-west-1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tags for every object that the provider makes.
    pub fn default_tags(&self) -> &BTreeMap<String, String> {
        &self.default_tags
    }
}
