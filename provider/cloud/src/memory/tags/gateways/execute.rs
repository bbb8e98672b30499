//! Carries out one step: looks whether its effect is there, causes it, and waits until it shows.

use std::collections::BTreeSet;

use egress_model::identity::Key;

use super::super::api::{Api, Create, NatGateway, Phase, Status};
use super::{DEFAULT, Desired, Observed, Operation};
use crate::calls::none_passes;
use crate::marks::{identity_tags, mark_of};
use crate::memory::process::{Process, error};
use crate::token::client_token;
use crate::{Class, Error, Limits};

/// How many gateways of one part, subnet and address may have come and gone.
const GENERATIONS: u32 = 32;

impl Process<Api> {
    pub(super) async fn step(&self, desired: &Desired, operation: &Operation, limits: &Limits) -> Result<(), Error> {
        match operation {
            Operation::Create { key, subnet, primary } => {
                let gateway = self.create(desired, key, subnet, primary, limits).await?;
                self.available(&gateway, limits).await
            }
            Operation::Await { gateway, .. } => self.available(gateway, limits).await,
            Operation::Associate { key, address } => {
                let gateway = self.current(desired, key, limits).await?;
                self.associate(&gateway, address, limits).await
            }
            Operation::Disassociate { gateway, address } => self.disassociate(gateway, address, limits).await,
            Operation::Route { table, key } => {
                let gateway = self.current(desired, key, limits).await?;
                self.route(table, DEFAULT, &gateway, limits).await
            }
            Operation::Unroute { table, gateway } => self.unroute(table, DEFAULT, gateway, limits).await,
            Operation::Tag { key, gateway } => {
                let tags = identity_tags(&desired.identity, key, None);
                let none = BTreeSet::new();
                let call = || self.api.change_tags(gateway, tags.clone(), &none);
                self.write("CreateTags", limits, call).await
            }
            Operation::Delete { gateway } => self.delete(gateway, limits).await,
        }
    }

    /// A token answers with what it once made. Where that is gone, or another resource's by now, the next generation is asked for; every
    /// process climbs the same ladder.
    async fn create(
        &self,
        desired: &Desired,
        key: &Key,
        subnet: &str,
        primary: &str,
        limits: &Limits,
    ) -> Result<String, Error> {
        let (subnet, allocation) = (subnet.to_owned(), primary.to_owned());
        let create = Create { subnet, allocation, tags: identity_tags(&desired.identity, key, None) };
        let parameters = [("SubnetId", create.subnet.as_str()), ("AllocationId", primary)];
        for generation in 0..GENERATIONS {
            let token = client_token(&desired.identity, Some(key), &parameters, generation);
            let call = || self.api.create_nat_gateway(token.clone(), create.clone());
            let made = self.write("CreateNatGateway", limits, call).await?;
            let is_ours = mark_of(&made.tags).is_some_and(|mark| mark.identity == desired.identity && mark.key == *key);
            if is_ours && matches!(made.state, Phase::Pending | Phase::Available) {
                return Ok(made.id);
            }
        }
        Err(Error::new(
            Class::Conflict,
            "CreateNatGateway",
            format!("{GENERATIONS} gateways of this part came and went"),
        ))
    }

    async fn gateway(&self, id: &str, limits: &Limits) -> Result<Option<NatGateway>, Error> {
        let all = self.read("DescribeNatGateways", limits, || self.api.describe_nat_gateways()).await?;
        Ok(all.into_iter().find(|gateway| gateway.id == id && gateway.state != Phase::Deleted))
    }

    /// The gateway that a key has now.
    async fn current(&self, desired: &Desired, key: &Key, limits: &Limits) -> Result<String, Error> {
        let observed: Observed = self.see(desired, limits).await?;
        let wanted = desired.gateways.get(key);
        let current = wanted.and_then(|wanted| observed.current(key, wanted)).cloned();
        current.ok_or_else(|| Error::new(Class::NotFound, "DescribeNatGateways", "the gateway is gone"))
    }

    async fn available(&self, id: &str, limits: &Limits) -> Result<(), Error> {
        let look = || async {
            match self.gateway(id, limits).await?.map(|gateway| gateway.state) {
                Some(Phase::Available) => Ok(Some(())),
                Some(Phase::Pending) => Ok(None),
                Some(Phase::Failed(code)) => {
                    let failed = Error::new(Class::Conflict, "CreateNatGateway", format!("{id} could not be made"));
                    Err(Error { code: code.to_owned(), ..failed })
                }
                _ => Err(Error::new(Class::NotFound, "DescribeNatGateways", format!("{id} is gone"))),
            }
        };
        self.wait("DescribeNatGateways", limits, look).await
    }

    async fn status(&self, gateway: &str, address: &str, limits: &Limits) -> Result<Option<Status>, Error> {
        let addresses = self.gateway(gateway, limits).await?.map(|gateway| gateway.addresses);
        let address = addresses.into_iter().flatten().find(|there| there.allocation == address);
        Ok(address.map(|address| address.status))
    }

    /// There is no token, and a second call is refused: so the look is before it, and after an answer that is not clear.
    async fn associate(&self, gateway: &str, address: &str, limits: &Limits) -> Result<(), Error> {
        if self.status(gateway, address, limits).await?.is_none() {
            let call = || async {
                let answer = self.api.associate_nat_gateway_address(gateway, address).await;
                answer.map_err(|fault| error::<Api>("AssociateNatGatewayAddress", fault))
            };
            let look = || async { Ok(self.status(gateway, address, limits).await?.map(drop)) };
            self.calls(limits).write_once("AssociateNatGatewayAddress", none_passes, call, look).await?;
        }
        let shows =
            || async { Ok(self.status(gateway, address, limits).await?.filter(|now| *now == Status::Succeeded)) };
        self.wait("AssociateNatGatewayAddress", limits, shows).await.map(drop)
    }

    async fn disassociate(&self, gateway: &str, address: &str, limits: &Limits) -> Result<(), Error> {
        let look = || async {
            match self.status(gateway, address, limits).await? {
                None => Ok(Some(())),
                Some(Status::Disassociating) => Ok(None),
                Some(_) => {
                    let call = || self.api.disassociate_nat_gateway_address(gateway, address);
                    match self.write("DisassociateNatGatewayAddress", limits, call).await {
                        Err(error) if error.class != Class::NotFound => Err(error),
                        _ => Ok(None),
                    }
                }
            }
        };
        self.wait("DisassociateNatGatewayAddress", limits, look).await
    }

    /// Until its addresses are free, and not only until the call is accepted.
    async fn delete(&self, id: &str, limits: &Limits) -> Result<(), Error> {
        if self.gateway(id, limits).await?.is_some_and(|gateway| gateway.state != Phase::Deleting) {
            self.remove("DeleteNatGateway", limits, || self.api.delete_nat_gateway(id)).await?;
        }
        let is_gone = || async { Ok(self.gateway(id, limits).await?.is_none().then_some(())) };
        self.wait("DeleteNatGateway", limits, is_gone).await
    }
}
