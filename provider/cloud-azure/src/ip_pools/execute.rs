//! Carries out what a pool decided.

use cloud::ip_pools::{Allocation, Effect};
use cloud::names::object_name;
use cloud::{Error, Freshness, Limits};
use egress_model::identity::RESERVED_TAGS;
use egress_model::ip_pool::{Address, AddressId, Observed};

use super::convert::address;
use super::source::Source;
use crate::client::Condition;
use crate::id::ResourceId;
use crate::object::Object;
use crate::place::{Place, put_call};

type Reached = Result<Effect<Source>, Error>;

impl Place {
    /// The name locks the call: of two processes one creates, and the other takes what it made.
    pub(super) async fn allocate(&self, asked: &Allocation<'_, Source>, limits: &Limits) -> Reached {
        let mut marked = self.marked(asked, limits).await?;
        let id = match marked.iter().find(|address| asked.is_met_by(address)) {
            Some(met) => resource(&met.id)?,
            None => self.create_address(asked, limits).await?,
        };
        let made = self.settled(&id, limits).await?;
        // A list may not show yet what was just made.
        marked.retain(|address| address.id.as_str() != id.as_str());
        marked.extend(address(&made));
        Ok(Effect::present(marked))
    }

    /// What carries the identity of what is asked for.
    async fn marked(&self, asked: &Allocation<'_, Source>, limits: &Limits) -> Result<Vec<Address<Source>>, Error> {
        let all: Observed<Source> = self.addresses(Freshness::Now, limits).await?.into_iter().collect();
        Ok(all.marked(asked.identity, asked.key).cloned().collect())
    }

    async fn create_address(&self, asked: &Allocation<'_, Source>, limits: &Limits) -> Result<ResourceId, Error> {
        let mut body = Object::new(&self.location);
        asked.source.write(&mut body);
        asked.settings.write(&mut body);
        body.set_tags(&asked.all_tags());
        let name = |generation| object_name(asked.identity, Some(asked.key), generation);
        let will_do = |there: &Object| address(there).is_some_and(|address| asked.is_met_by(&address));
        self.create(asked.source.kind(), name, &body, will_do, limits).await
    }

    pub(super) async fn settle_address(&self, id: &AddressId, limits: &Limits) -> Reached {
        let settled = self.settled(&resource(id)?, limits).await?;
        Ok(Effect::present(address(&settled).into_iter().collect()))
    }

    /// Writes the object with what `change` makes of it.
    pub(super) async fn change_address(
        &self,
        id: &AddressId,
        change: impl Fn(&mut Object) + Send + Sync,
        limits: &Limits,
    ) -> Reached {
        let resource = resource(id)?;
        let _held = self.locks.hold(resource.as_str(), put_call(&resource), limits).await?;
        let there = self.settled(&resource, limits).await?;
        let mut changed = there.clone();
        change(&mut changed);
        if changed != there {
            self.put(&resource, &changed, &Condition::Any, limits).await?;
        }
        self.settle_address(id, limits).await
    }

    pub(super) async fn forget(&self, id: &AddressId, limits: &Limits) -> Reached {
        let forget = |object: &mut Object| {
            let mut tags = object.tags();
            tags.retain(|name, _| !RESERVED_TAGS.contains(&name.as_str()));
            object.set_tags(&tags);
        };
        self.change_address(id, forget, limits).await
    }

    pub(super) async fn release(&self, id: &AddressId, limits: &Limits) -> Reached {
        self.delete(&resource(id)?, limits).await?;
        Ok(Effect::gone(id.clone()))
    }
}

/// An id of the model is one of this crate, or names nothing.
fn resource(id: &AddressId) -> Result<ResourceId, Error> {
    let unreadable = || {
        let message = format!("{id} is no resource id");
        Error::new(cloud::Class::NotFound, "GET publicIPAddresses/{}", message)
    };
    ResourceId::of_any(id.as_str()).ok_or_else(unreadable)
}
