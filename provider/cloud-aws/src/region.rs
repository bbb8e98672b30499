//! EC2 in one region.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use cloud::calls::Outage;
use cloud::snapshot::{ById, Snapshot};
use cloud::{Calls, DefaultTags, Limits, Poll};
use egress_model::identity::Owner;
use egress_model::ip_pool::{Address, AddressId};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::config::Config;
use crate::nat_gateways::observed::Gateway;
use crate::nat_gateways::subnet::Subnet;
use crate::route_table::Table;
use crate::source::Source;

/// How long to wait for what is only shown.
const PATIENCE: Duration = Duration::from_secs(5);

/// EC2 in one region: what implements the traits of `cloud`.
#[derive(Debug)]
pub struct Region {
    name: String,
    pub(crate) client: Client,
    pub(crate) default_tags: DefaultTags,
    pub(crate) poll: Poll,
    /// How often a call is tried in all that gets no clear answer.
    attempts: u32,
    /// Cancelled when the user interrupts the run.
    stop: CancellationToken,
    outage: Outage,
    /// The number of the account; `None` when it is not known.
    account: OnceCell<Option<String>>,
    pub(crate) addresses: Snapshot<Owner, Vec<Address<Source>>>,
    /// Addresses that resources name and that their owner does not have.
    pub(crate) named_addresses: ById<AddressId, Address<Source>>,
    /// How often such addresses were asked for.
    pub(crate) named_reads: AtomicUsize,
    /// All addresses of the account, whoever's.
    pub(crate) all_addresses: Snapshot<(), Vec<Address<Source>>>,
    /// How many addresses the account may have.
    pub(crate) address_limit: Snapshot<(), Option<u64>>,
    pub(crate) nat_gateways: Snapshot<Owner, Vec<Gateway>>,
    /// How many gateways each zone has, whoever's.
    pub(crate) zone_counts: Snapshot<(), BTreeMap<String, usize>>,
    /// All route tables, whoever's: they carry no tag of ours.
    pub(crate) route_tables: Snapshot<(), Vec<Table>>,
    pub(crate) subnets: ById<String, Subnet>,
}

impl Region {
    /// EC2 behind these calls. `attempts` is how often a call is tried in all whose answer was not clear; `stop` is cancelled when the
    /// user interrupts the run.
    pub(crate) fn new(name: &str, client: Client, config: &Config, attempts: u32, stop: CancellationToken) -> Self {
        Self {
            name: name.to_owned(),
            client,
            default_tags: config.default_tags.clone(),
            poll: config.poll,
            attempts,
            stop,
            outage: Outage::default(),
            account: OnceCell::new(),
            addresses: Snapshot::default(),
            named_addresses: ById::default(),
            named_reads: AtomicUsize::new(0),
            all_addresses: Snapshot::default(),
            address_limit: Snapshot::default(),
            nat_gateways: Snapshot::default(),
            zone_counts: Snapshot::default(),
            route_tables: Snapshot::default(),
            subnets: ById::default(),
        }
    }

    /// How long looking at what there is may take.
    pub(crate) fn look(&self) -> Limits {
        Limits::within(self.stop.clone(), Limits::LOOK)
    }

    /// Calls for work within these limits.
    pub(crate) fn calls<'a>(&'a self, limits: &'a Limits) -> Calls<'a> {
        Calls { limits, poll: self.poll, attempts: self.attempts, outage: &self.outage }
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
    pub fn default_tags(&self) -> &DefaultTags {
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
