//! EC2 in one region.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::Poll;
use egress_model::ip_pool::Address;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::client::Client;
use crate::config::Config;
use crate::ip_pools::Source;
use crate::nat_gateways::observed::Gateway;
use crate::routes::Table;
use crate::snapshot::Snapshot;

/// How long to wait for what is only shown.
const PATIENCE: Duration = Duration::from_secs(5);

/// EC2 in one region: what implements the traits of `cloud`.
#[derive(Debug)]
pub struct Region {
    name: String,
    pub(crate) client: Client,
    pub(crate) default_tags: BTreeMap<String, String>,
    pub(crate) poll: Poll,
    /// How often a call without an idempotency token is tried in all.
    pub(crate) attempts: u32,
    /// The number of the account; `None` when it cannot be told.
    account: OnceCell<Option<String>>,
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
            account: OnceCell::new(),
            addresses: Snapshot::default(),
            nat_gateways: Snapshot::default(),
            route_tables: Snapshot::default(),
        }
    }

    /// The region's name, such as `eu-west-1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of the account, asked for once. It only tells another account from objects that are gone, so that a
    /// failure is no error: STS may be out of reach where EC2 is not.
    pub(crate) async fn account(&self) -> Option<String> {
        let ask = || async {
            match timeout(PATIENCE, self.client.account()).await {
                Ok(Ok(account)) => account,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the account is not known");
                    None
                }
                Err(_) => {
                    tracing::warn!("the account is not known: GetCallerIdentity got no answer in time");
                    None
                }
            }
        };
        self.account.get_or_init(ask).await.clone()
    }

    /// The name of an object of EC2 here that is unique among all accounts, such as of `natgateway/nat-0123`; `None` when the
    /// account is not known.
    pub async fn arn(&self, object: &str) -> Option<String> {
        let (region, account) = (&self.name, self.account().await?);
        Some(format!("arn:{}:ec2:{region}:{account}:{object}", partition(region)))
    }

    /// The tags for every object that the provider makes.
    pub fn default_tags(&self) -> &BTreeMap<String, String> {
        &self.default_tags
    }
}

/// The part of AWS in which a region is.
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
