//! Carries out one step: looks whether its effect is there, causes it, and waits until it shows.

use std::collections::BTreeSet;

use egress_model::identity::Key;

use super::super::api::{Api, Status};
use super::{Bound, Desired, Gateway, Observed, Operation, Serves};
use crate::calls::none_passes;
use crate::marks::{identity_tags, mark_of};
use crate::memory::process::{Process, error};
use crate::token::client_token;
use crate::{Class, Error, Limits};

/// How many gateways of one part may have come and gone.
const GENERATIONS: u32 = 32;

impl Process<Api> {
    pub(super) async fn step(&self, desired: &Desired, operation: &Operation, limits: &Limits) -> Result<(), Error> {
        let work = Work { process: self, desired, limits };
        match operation {
            Operation::Create { key } => {
                // The network makes one at a time: the resources of this process do not make each other wait for a refusal.
                let _held = self.locks.hold("network", "CreateNatGateway", limits).await?;
                let gateway = work.create(key).await?;
                work.available(&gateway).await
            }
            Operation::Await { gateway } => work.available(gateway).await,
            Operation::Bind { key, address } => work.bind(&work.current(key).await?, address).await,
            Operation::Serve { key, vswitch, addresses } => {
                work.serve(&work.current(key).await?, vswitch, addresses).await
            }
            Operation::StopServing { gateway, vswitch } => work.stop_serving(gateway, vswitch).await,
            Operation::Unbind { gateway, address } => work.unbind(gateway, address).await,
            Operation::Tag { key, gateway } => {
                let (tags, none) = (identity_tags(&desired.identity, key, None), BTreeSet::new());
                self.write("TagResources", limits, || self.api.change_tags(gateway, tags.clone(), &none)).await
            }
            Operation::Delete { gateway } => work.delete(gateway).await,
        }
    }
}

/// The work on one resource.
struct Work<'a> {
    process: &'a Process<Api>,
    desired: &'a Desired,
    limits: &'a Limits,
}

impl Work<'_> {
    async fn see(&self) -> Result<Observed, Error> {
        self.process.see(self.desired, self.limits).await
    }

    async fn gateway(&self, id: &str) -> Result<Option<Gateway>, Error> {
        Ok(self.see().await?.gateways.remove(id))
    }

    async fn current(&self, key: &Key) -> Result<String, Error> {
        let observed = self.see().await?;
        let missing = || Error::new(Class::NotFound, "DescribeNatGateways", "the gateway is gone");
        observed.current(key).map(|(id, _)| id.clone()).ok_or_else(missing)
    }

    async fn bound(&self, gateway: &str, address: &str) -> Result<Option<Bound>, Error> {
        Ok(self.gateway(gateway).await?.and_then(|gateway| gateway.addresses.get(address).copied()))
    }

    async fn serves(&self, gateway: &str, vswitch: &str) -> Result<Option<Serves>, Error> {
        Ok(self.gateway(gateway).await?.and_then(|mut gateway| gateway.entries.remove(vswitch)))
    }

    /// The token finds again what another run made. One that answers with what is gone, or another resource's by now, is followed by the
    /// next.
    async fn create(&self, key: &Key) -> Result<String, Error> {
        let (process, identity) = (self.process, &self.desired.identity);
        let tags = identity_tags(identity, key, None);
        for generation in 0..GENERATIONS {
            let token = client_token(identity, Some(key), &[], generation);
            let call = || process.api.create_nat_gateway(token.clone(), tags.clone());
            let id = process.write("CreateNatGateway", self.limits, call).await?;
            let all = process.read("DescribeNatGateways", self.limits, || process.api.describe_nat_gateways()).await?;
            let made = all.into_iter().find(|gateway| gateway.id == id && gateway.status != Status::Going);
            let mark = made.and_then(|gateway| mark_of(&gateway.tags));
            if mark.is_some_and(|mark| mark.identity == *identity && mark.key == *key) {
                return Ok(id);
            }
        }
        Err(Error::new(
            Class::Conflict,
            "CreateNatGateway",
            format!("{GENERATIONS} gateways of this part came and went"),
        ))
    }

    async fn available(&self, id: &str) -> Result<(), Error> {
        let missing = || Error::new(Class::NotFound, "DescribeNatGateways", format!("{id} is gone"));
        let look = || async {
            let status = self.gateway(id).await?.ok_or_else(missing)?.status;
            Ok((status == Status::There).then_some(()))
        };
        self.process.wait("DescribeNatGateways", self.limits, look).await
    }

    async fn bind(&self, gateway: &str, address: &str) -> Result<(), Error> {
        if self.bound(gateway, address).await?.is_none() {
            let call = || async {
                let answer = self.process.api.associate_eip_address(address, gateway).await;
                answer.map_err(|fault| error::<Api>("AssociateEipAddress", fault))
            };
            let look = || async { Ok(self.bound(gateway, address).await?.map(drop)) };
            let calls = self.process.calls(self.limits);
            calls.write_once("AssociateEipAddress", none_passes, call, look).await?;
        }
        let look = || async {
            let bound = self.bound(gateway, address).await?;
            Ok(bound.filter(|bound| bound.status == Status::There).map(drop))
        };
        self.process.wait("AssociateEipAddress", self.limits, look).await
    }

    /// Gives a vSwitch these addresses, whatever another run has begun.
    async fn serve(&self, gateway: &str, vswitch: &str, addresses: &BTreeSet<String>) -> Result<(), Error> {
        let api = &self.process.api;
        let look = || async {
            let Some(there) = self.gateway(gateway).await? else {
                return Err(Error::new(Class::NotFound, "DescribeNatGateways", format!("{gateway} is gone")));
            };
            let ip = |address: &String| there.addresses.get(address).map(|bound| bound.ip);
            let ips: BTreeSet<_> = addresses.iter().filter_map(ip).collect();
            let answer = match there.entries.get(vswitch) {
                Some(serves) if serves.status != Status::There => return Ok(None),
                Some(serves) if serves.addresses == *addresses => return Ok(Some(())),
                Some(serves) => api.modify_snat_entry(&serves.id, ips).await,
                None => api.create_snat_entry(gateway, vswitch, ips).await,
            };
            // A refusal for now, and an answer that was lost, are followed by another look.
            answer.map(|()| None).map_err(|fault| error::<Api>("CreateSnatEntry", fault))
        };
        self.process.wait("CreateSnatEntry", self.limits, look).await
    }

    async fn stop_serving(&self, gateway: &str, vswitch: &str) -> Result<(), Error> {
        let look = || async {
            let Some(serves) = self.serves(gateway, vswitch).await? else { return Ok(Some(())) };
            if serves.status == Status::There {
                let delete = || self.process.api.delete_snat_entry(&serves.id);
                self.process.remove("DeleteSnatEntry", self.limits, delete).await?;
            }
            Ok(None)
        };
        self.process.wait("DeleteSnatEntry", self.limits, look).await
    }

    async fn unbind(&self, gateway: &str, address: &str) -> Result<(), Error> {
        let look = || async {
            let Some(bound) = self.bound(gateway, address).await? else { return Ok(Some(())) };
            if bound.status == Status::There {
                let answer = self.process.api.unassociate_eip_address(address, gateway).await;
                answer.map_err(|fault| error::<Api>("UnassociateEipAddress", fault))?;
            }
            Ok(None)
        };
        self.process.wait("UnassociateEipAddress", self.limits, look).await
    }

    async fn delete(&self, id: &str) -> Result<(), Error> {
        if self.gateway(id).await?.is_some_and(|gateway| gateway.status != Status::Going) {
            let delete = || self.process.api.delete_nat_gateway(id);
            self.process.remove("DeleteNatGateway", self.limits, delete).await?;
        }
        let gone = || async { Ok(self.gateway(id).await?.is_none().then_some(())) };
        self.process.wait("DeleteNatGateway", self.limits, gone).await
    }
}
