//! Pools on a cloud of names.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use egress_model::identity::{Identity, RESERVED_TAGS};
use egress_model::ip_pool::{self, Address, AddressId, Observed, Operation, PublicIps, User, UserKind};

use super::api::{ADDRESSES, AddressBody, Api, Condition, Object, Provisioning, UsedAddress};
use crate::ip_pools::{Allocation, Effect, IpPools, Quota, shown};
use crate::marks::{Tags, identity_tags, mark_of, without_identity};
use crate::memory::process::{Process, describe, look};
use crate::names::{self, Created, object_name};
use crate::{Class, Error, Freshness, Limits};

/// The zone in which an address lives. There is no default: it cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub u8);

impl ip_pool::Source for Zone {
    type Settings = Settings;

    fn admits(&self, actual: &Self) -> bool {
        self == actual
    }
}

/// How an address is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `ddosSettings.protectionMode`; what the cloud has where it is `None`.
    pub ddos: Option<String>,
}

impl ip_pool::Settings for Settings {
    fn are_met_by(&self, actual: &Self) -> bool {
        self.ddos.is_none() || self.ddos == actual.ddos
    }
}

/// What the cloud sets where nothing is chosen.
const DDOS: &str = "VirtualNetworkInherited";

/// The one form of an id: the cloud compares without regard to case, and answers in any.
pub(super) fn normal(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// The name in an id.
pub(super) fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

fn convert((address, user): UsedAddress) -> Address<Zone> {
    let gateway =
        |id: String| User { id: normal(&id), kind: UserKind::NatGateway, association: None, private_ip: None };
    Address {
        id: AddressId::new(normal(&address.id)),
        public_ips: address.ip.map_or(PublicIps::Pending, PublicIps::from),
        source: Zone(address.body.zone),
        settings: Settings { ddos: Some(address.body.ddos) },
        mark: mark_of(&address.body.tags),
        tags: without_identity(&address.body.tags),
        users: user.map(gateway).into_iter().collect(),
    }
}

impl Process<Api> {
    /// All addresses but those that go.
    async fn objects(&self, limits: &Limits) -> Result<Vec<UsedAddress>, Error> {
        let mut all = self.read("GET publicIPAddresses", limits, || self.api.list_addresses()).await?;
        all.retain(|(address, _)| address.provisioning != Provisioning::Deleting);
        Ok(all)
    }

    async fn object(&self, name: &str, limits: &Limits) -> Result<Option<UsedAddress>, Error> {
        let all = self.read("GET publicIPAddresses/{}", limits, || self.api.list_addresses()).await?;
        Ok(all.into_iter().find(|(address, _)| name_of(&normal(&address.id)) == name))
    }

    async fn put(&self, name: &str, body: &AddressBody, condition: Condition, limits: &Limits) -> Result<(), Error> {
        self.write("PUT publicIPAddresses/{}", limits, || self.api.put_address(name, body.clone(), condition)).await
    }

    /// Waits until the address is provisioned and has its IP. One whose provisioning failed is alive: a PUT of what it is repairs it.
    async fn settled(&self, name: &str, limits: &Limits) -> Result<Address<Zone>, Error> {
        let settled = || async {
            let Some((address, user)) = self.object(name, limits).await? else {
                return Err(missing(name));
            };
            match address.provisioning {
                Provisioning::Succeeded => Ok(Some(convert((address, user)))),
                Provisioning::Updating => Ok(None),
                Provisioning::Failed => self.put(name, &address.body, Condition::Any, limits).await.map(|()| None),
                Provisioning::Deleting => Err(missing(name)),
            }
        };
        self.wait("GET publicIPAddresses/{}", limits, settled).await
    }

    /// The name locks the call: of two processes one creates, and the other takes what it made.
    async fn allocate(&self, asked: &Allocation<'_, Zone>, limits: &Limits) -> Result<Effect<Zone>, Error> {
        let marked = || async {
            let all: Observed<Zone> = self.objects(limits).await?.into_iter().map(convert).collect();
            Ok::<Vec<_>, Error>(all.marked(asked.identity, asked.key).cloned().collect())
        };
        let met = marked().await?.into_iter().find(|address| asked.is_met_by(address));
        let name = match met {
            Some(address) => name_of(address.id.as_str()).to_owned(),
            None => self.create_address(asked, limits).await?,
        };
        self.settled(&name, limits).await?;
        Ok(Effect::present(marked().await?))
    }

    /// The name of a new address, or of the one that another run has created.
    async fn create_address(&self, asked: &Allocation<'_, Zone>, limits: &Limits) -> Result<String, Error> {
        let ddos = asked.settings.ddos.clone().unwrap_or_else(|| DDOS.to_owned());
        let body = &AddressBody { zone: asked.source.0, ddos, tags: asked.all_tags() };
        let create = |name: String| async move {
            match self.put(&name, body, Condition::IsAbsent, limits).await {
                Ok(()) => Ok(Created::New(name)),
                Err(error) if error.code == "PreconditionFailed" => Ok(Created::Exists),
                Err(error) => Err(error),
            }
        };
        let get = |name: String| async move {
            let there = self.object(&name, limits).await?;
            let will_do = |there: &UsedAddress| {
                there.0.provisioning != Provisioning::Deleting && asked.is_met_by(&convert(there.clone()))
            };
            Ok(there.filter(will_do).map(|_| name))
        };
        let name = |generation| object_name(asked.identity, Some(asked.key), generation);
        names::create("PUT publicIPAddresses/{}", name, create, get, |_| true).await
    }

    /// Writes the address with what `change` makes of its body.
    async fn change(
        &self,
        id: &AddressId,
        limits: &Limits,
        change: impl Fn(&mut AddressBody) + Send + Sync,
    ) -> Result<Effect<Zone>, Error> {
        let name = name_of(id.as_str());
        let _held = self.locks.hold(id.as_str(), "PUT publicIPAddresses/{}", limits).await?;
        self.settled(name, limits).await?;
        let Some((Object { body, .. }, _)) = self.object(name, limits).await? else {
            return Err(missing(name));
        };
        let mut changed = body.clone();
        change(&mut changed);
        if changed != body {
            self.put(name, &changed, Condition::Any, limits).await?;
        }
        Ok(Effect::present(vec![self.settled(name, limits).await?]))
    }

    async fn release(&self, id: &AddressId, limits: &Limits) -> Result<Effect<Zone>, Error> {
        self.remove("DELETE publicIPAddresses/{}", limits, || self.api.delete_address(id.as_str())).await?;
        let gone = || async { Ok(self.object(name_of(id.as_str()), limits).await?.is_none().then_some(())) };
        self.wait("DELETE publicIPAddresses/{}", limits, gone).await?;
        Ok(Effect::gone(id.clone()))
    }
}

fn missing(name: &str) -> Error {
    Error::new(Class::NotFound, "GET publicIPAddresses/{}", format!("there is no address {name}"))
}

#[async_trait]
impl IpPools for Process<Api> {
    type Source = Zone;

    fn address_id(text: &str) -> Result<AddressId, String> {
        let id = normal(text);
        if id.starts_with("/subscriptions/") && id.contains("/publicipaddresses/") {
            return Ok(AddressId::new(id));
        }
        Err("must be the resource id of a public IP address".to_owned())
    }

    async fn observe(&self, identity: &Identity, ids: &[AddressId], _: Freshness) -> Result<Observed<Zone>, Error> {
        Ok(shown(self.objects(&look()).await?.into_iter().map(convert), identity, ids))
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Zone>,
        limits: &Limits,
    ) -> Result<Effect<Zone>, Error> {
        match operation {
            Operation::Adopt { id, .. } | Operation::Settle { id, .. } => {
                Ok(Effect::present(vec![self.settled(name_of(id.as_str()), limits).await?]))
            }
            Operation::Allocate { key, source, settings, recover, tags, holder, except } => {
                let (recover, holder) = (*recover, holder.as_ref());
                let asked = Allocation { identity, key, source, settings, recover, tags, holder, except };
                self.allocate(&asked, limits).await
            }
            Operation::Update { key, id, tags, holder, stale_tags, settings } => {
                let own = identity_tags(identity, key, holder.as_ref());
                let change = |body: &mut AddressBody| {
                    body.tags.extend(tags.clone());
                    body.tags.extend(own.clone());
                    body.tags.retain(|name, _| !stale_tags.contains(name));
                    if let Some(ddos) = settings.as_ref().and_then(|settings| settings.ddos.clone()) {
                        body.ddos = ddos;
                    }
                };
                self.change(id, limits, change).await
            }
            Operation::Release { id, .. } => self.release(id, limits).await,
            Operation::Forget { id, .. } => {
                let reserved: BTreeSet<&str> = RESERVED_TAGS.into();
                let forget = |tags: &mut Tags| tags.retain(|name, _| !reserved.contains(name.as_str()));
                self.change(id, limits, |body| forget(&mut body.tags)).await
            }
        }
    }

    fn most_tags(&self) -> usize {
        50
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let used = self.objects(&look()).await?.len() as u64;
        Ok(vec![Quota { limit: ADDRESSES as u64, used, name: "PublicIPAddresses".to_owned() }])
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        Ok(describe(users))
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        Some(id.to_string())
    }
}
