//! One resource group, and the location of what is made in it: what implements the traits of `cloud`.

use std::sync::Arc;

use cloud::calls::{Outage, Sharing};
use cloud::snapshot::Snapshot;
use cloud::{Calls, DefaultTags, Error, Freshness, Limits, Locks, Poll};
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::config::Config;
use crate::id::{Kind, ResourceId, collection};
use crate::object::Object;

/// A resource group, and the location of what is made in it.
#[derive(Debug)]
pub struct Place {
    pub(crate) client: Client,
    pub(crate) subscription: String,
    group: String,
    pub(crate) location: String,
    default_tags: DefaultTags,
    pub(crate) poll: Poll,
    attempts: u32,
    stop: CancellationToken,
    outage: Outage,
    pub(crate) locks: Locks,
    /// All objects of a kind in the group, whoever's.
    listed: Snapshot<Kind, Vec<Object>>,
}

impl Place {
    pub(crate) fn new(client: Client, config: &Config, group: &str, location: &str, stop: CancellationToken) -> Self {
        Self {
            client,
            subscription: config.subscription_id.clone(),
            group: group.to_owned(),
            location: location.to_owned(),
            default_tags: config.default_tags.clone(),
            poll: config.poll,
            attempts: config.max_attempts,
            stop,
            outage: Outage::default(),
            locks: Locks::default(),
            listed: Snapshot::default(),
        }
    }

    /// The tags for every object that the provider makes.
    pub fn default_tags(&self) -> &DefaultTags {
        &self.default_tags
    }

    /// How long looking at what there is may take.
    pub(crate) fn look(&self) -> Limits {
        Limits::within(self.stop.clone(), Limits::LOOK)
    }

    /// Calls for work within these limits.
    pub(crate) fn calls<'a>(&'a self, limits: &'a Limits) -> Calls<'a> {
        Calls { limits, poll: self.poll, attempts: self.attempts, outage: &self.outage }
    }

    /// How a subnet is shared. That a PUT compares its `etag` is written nowhere, so that it is looked at again after a write.
    pub(crate) fn sharing(&self) -> Sharing {
        Sharing { fresh: self.poll.first * 2, settle: self.poll.first * 4 }
    }

    /// The id of an object of this kind with this name here.
    pub(crate) fn id_of(&self, kind: Kind, name: &str) -> ResourceId {
        ResourceId::in_group(&self.subscription, &self.group, kind, name)
    }

    /// All objects of a kind here, whoever's.
    pub(crate) async fn list(
        &self,
        kind: Kind,
        freshness: Freshness,
        limits: &Limits,
    ) -> Result<Arc<Vec<Object>>, Error> {
        let operation = list_call(kind);
        let path = collection(&self.subscription, &self.group, kind);
        let load = || async {
            let values = self.calls(limits).read(operation, || self.client.list(operation, &path)).await?;
            Ok(values.into_iter().filter_map(Object::of).collect::<Vec<_>>())
        };
        match freshness {
            Freshness::Snapshot => self.listed.get(&kind, load).await,
            Freshness::Now => load().await.map(Arc::new),
        }
    }

    /// One object as it is now; `None` where it does not exist.
    pub(crate) async fn get(&self, id: &ResourceId, limits: &Limits) -> Result<Option<Object>, Error> {
        let operation = get_call(id);
        self.calls(limits).read(operation, || self.client.get(operation, id.as_str())).await
    }

    /// Something is written: what was read before is not what is.
    pub(crate) fn forget_what_was_read(&self) {
        self.listed.clear();
    }
}

fn list_call(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "GET publicIPAddresses",
        Kind::Prefix => "GET publicIPPrefixes",
        Kind::CustomPrefix => "GET customIPPrefixes",
        Kind::Gateway => "GET natGateways",
        Kind::Network => "GET virtualNetworks",
        Kind::Subnet => "GET subnets",
    }
}

/// The call that reads an object.
pub(crate) fn get_call(id: &ResourceId) -> &'static str {
    match id.kind() {
        Some(Kind::Address) => "GET publicIPAddresses/{}",
        Some(Kind::Prefix) => "GET publicIPPrefixes/{}",
        Some(Kind::Gateway) => "GET natGateways/{}",
        Some(Kind::Subnet) => "GET subnets/{}",
        _ => "GET {}",
    }
}

/// The call that writes an object.
pub(crate) fn put_call(id: &ResourceId) -> &'static str {
    match id.kind() {
        Some(Kind::Address) => "PUT publicIPAddresses/{}",
        Some(Kind::Prefix) => "PUT publicIPPrefixes/{}",
        Some(Kind::Gateway) => "PUT natGateways/{}",
        Some(Kind::Subnet) => "PUT subnets/{}",
        _ => "PUT {}",
    }
}

/// The call that deletes an object.
pub(crate) fn delete_call(id: &ResourceId) -> &'static str {
    match id.kind() {
        Some(Kind::Address) => "DELETE publicIPAddresses/{}",
        Some(Kind::Prefix) => "DELETE publicIPPrefixes/{}",
        Some(Kind::Gateway) => "DELETE natGateways/{}",
        _ => "DELETE {}",
    }
}
