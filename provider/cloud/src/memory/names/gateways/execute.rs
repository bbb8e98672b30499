//! Carries out one step: looks whether its effect is there, causes it, and waits until it shows.

use std::collections::BTreeSet;
use std::time::Duration;

use egress_model::identity::Key;

use super::super::api::{Api, Condition, GatewayBody, NAT_GATEWAY, Object, Provisioning, SubnetBody};
use super::super::pools::{name_of, normal};
use super::{Desired, Operation};
use crate::calls::Sharing;
use crate::marks::{identity_tags, mark_of};
use crate::memory::process::{Process, error};
use crate::names::{self, Created, object_name};
use crate::{Class, Error, Limits};

/// A subnet has an `etag`, but no description says that a PUT compares it.
const SHARING: Sharing = Sharing { fresh: Duration::from_secs(1), settle: Duration::from_secs(2) };

const PUT_GATEWAY: &str = "PUT natGateways/{}";
const PUT_SUBNET: &str = "PUT subnets/{}";

impl Process<Api> {
    pub(super) async fn step(&self, desired: &Desired, operation: &Operation, limits: &Limits) -> Result<(), Error> {
        match operation {
            Operation::Put { key, gateway, addresses } => {
                let body =
                    GatewayBody { addresses: addresses.clone(), tags: identity_tags(&desired.identity, key, None) };
                let name = match gateway {
                    Some(id) => name_of(id).to_owned(),
                    None => self.create(desired, key, &body, limits).await?,
                };
                self.become_like(&name, &body, limits).await
            }
            Operation::Attach { subnet, key } => {
                let observed = self.see(desired, limits).await?;
                let missing = || Error::new(Class::NotFound, "GET natGateways", "the gateway is gone");
                let (gateway, _) = observed.current(key).ok_or_else(missing)?;
                let attach = |body: &SubnetBody| {
                    let is_attached = body.get(NAT_GATEWAY).is_some_and(|id| normal(id) == *gateway);
                    let mut attached = body.clone();
                    attached.insert(NAT_GATEWAY.to_owned(), gateway.clone());
                    (!is_attached).then_some(attached)
                };
                self.rewrite_subnet(subnet, attach, limits).await
            }
            Operation::Detach { subnet, gateway } => {
                let detach = |body: &SubnetBody| {
                    let mut detached = body.clone();
                    detached.remove(NAT_GATEWAY).filter(|id| normal(id) == *gateway).map(|_| detached)
                };
                self.rewrite_subnet(subnet, detach, limits).await
            }
            Operation::Delete { gateway } => {
                self.remove("DELETE natGateways/{}", limits, || self.api.delete_gateway(gateway)).await?;
                let name = name_of(gateway);
                let gone = || async { Ok(self.gateway(name, limits).await?.is_none().then_some(())) };
                self.wait("DELETE natGateways/{}", limits, gone).await
            }
        }
    }

    async fn gateway(&self, name: &str, limits: &Limits) -> Result<Option<Object<GatewayBody>>, Error> {
        let all = self.gateways(limits).await?;
        Ok(all.into_iter().find(|gateway| name_of(&normal(&gateway.id)) == name))
    }

    async fn put_gateway(
        &self,
        name: &str,
        body: &GatewayBody,
        condition: Condition,
        limits: &Limits,
    ) -> Result<(), Error> {
        self.write(PUT_GATEWAY, limits, || self.api.put_gateway(name, body.clone(), condition)).await
    }

    /// The name of the new gateway, or of the one that another run has created.
    async fn create(&self, desired: &Desired, key: &Key, body: &GatewayBody, limits: &Limits) -> Result<String, Error> {
        let create = |name: String| async move {
            match self.put_gateway(&name, body, Condition::IsAbsent, limits).await {
                Ok(()) => Ok(Created::New(name)),
                Err(error) if error.code == "PreconditionFailed" => Ok(Created::Exists),
                Err(error) => Err(error),
            }
        };
        let get = |name: String| async move {
            let is_ours = |gateway: &Object<GatewayBody>| {
                let mark = mark_of(&gateway.body.tags);
                let is_marked = mark.is_some_and(|mark| mark.identity == desired.identity && mark.key == *key);
                is_marked && gateway.provisioning != Provisioning::Deleting
            };
            Ok(self.gateway(&name, limits).await?.filter(is_ours).map(|_| name))
        };
        let name = |generation| object_name(&desired.identity, Some(key), generation);
        names::create(PUT_GATEWAY, name, create, get, |_| true).await
    }

    /// Waits for the operation under way, and PUTs again what is not like this or has failed. The tags that others have set stay.
    async fn become_like(&self, name: &str, wanted: &GatewayBody, limits: &Limits) -> Result<(), Error> {
        let _held = self.locks.hold(name, PUT_GATEWAY, limits).await?;
        let look = || async {
            let missing = || Error::new(Class::NotFound, "GET natGateways/{}", format!("there is no gateway {name}"));
            let there = self.gateway(name, limits).await?.ok_or_else(missing)?;
            let mut body = GatewayBody { addresses: wanted.addresses.clone(), ..there.body.clone() };
            body.tags.extend(wanted.tags.clone());
            let addresses: BTreeSet<String> = there.body.addresses.iter().map(|id| normal(id)).collect();
            let is_like = addresses == body.addresses && there.body.tags == body.tags;
            match there.provisioning {
                Provisioning::Succeeded if is_like => Ok(Some(())),
                Provisioning::Updating => Ok(None),
                _ => self.put_gateway(name, &body, Condition::Any, limits).await.map(|()| None),
            }
        };
        self.wait(PUT_GATEWAY, limits, look).await
    }

    /// A network takes one operation at a time, so the lock is the network's: the resources of this process do not make each other wait
    /// for a refusal.
    async fn rewrite_subnet(
        &self,
        subnet: &str,
        part: impl Fn(&SubnetBody) -> Option<SubnetBody> + Send + Sync,
        limits: &Limits,
    ) -> Result<(), Error> {
        let _held = self.locks.hold("network", PUT_SUBNET, limits).await?;
        let read = || async {
            let mut all = self.read("GET subnets/{}", limits, || self.api.list_subnets()).await?;
            let missing = || Error::new(Class::NotFound, "GET subnets/{}", format!("there is no subnet {subnet}"));
            all.remove(subnet).ok_or_else(missing)
        };
        let write = |body: SubnetBody| async {
            self.api.put_subnet(subnet, body).await.map_err(|fault| error::<Api>(PUT_SUBNET, fault))
        };
        self.calls(limits).rewrite(PUT_SUBNET, SHARING, read, part, write).await.map(drop)
    }
}
