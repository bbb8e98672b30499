//! Addresses coming to gateways and leaving them. None of these calls has an idempotency token.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::Ipv4Addr;

use cloud::calls::none_passes;
use cloud::{Class, Ended, Error};

use super::Step;
use crate::nat_gateways::desired::{Drain, Secondary};
use crate::nat_gateways::observed::{Gateway, Status};
use crate::nat_gateways::operation::Target;
use crate::write::Changed;

impl Step<'_> {
    /// Associates the addresses that the gateway does not have. Where the account's quota refuses that while others are about
    /// to leave, it is noted and not an error: the next plan lets those leave first.
    pub(super) async fn associate(
        &mut self,
        target: &Target,
        zone: Option<&str>,
        addresses: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let id = self.id(target)?;
        let gateway = self.read_existing(&id).await?;
        let missing: Vec<String> = addresses.iter().filter(|address| !has(&gateway, address)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (region, limits) = (self.region, self.limits);
        let keys = [(id.clone(), gateway.key.clone())].into();
        let call = || region.client.associate_nat_gateway_address(&id, missing.clone(), zone.map(ToOwned::to_owned));
        let look = || async {
            let now = region.read_gateways(limits, vec![id.clone()], &keys).await?.pop();
            Ok(now.filter(|now| missing.iter().all(|address| has(now, address))).map(drop))
        };
        let answer = self.change("AssociateNatGatewayAddress", call, look).await;
        if let Err(error) = answer {
            let is_full = matches!(error.class, Class::QuotaExceeded | Class::Exhausted);
            if is_full && self.is_leaving_some(&gateway) {
                tracing::info!(gateway = %id, code = %error.code, "the quota is reached; those that leave leave first");
                self.observed.full.insert(id, gateway.addresses.len());
                return Ok(());
            }
            return Err(error);
        }
        self.read_shown(&id, |gateway| missing.iter().all(|address| has(gateway, address))).await
    }

    /// Whether a gateway has addresses that it should not have.
    fn is_leaving_some(&self, gateway: &Gateway) -> bool {
        let Some(wanted) = self.desired.gateways.get(&gateway.key) else { return false };
        let wanted = wanted.kind.addresses();
        gateway
            .addresses
            .iter()
            .any(|address| address.allocation.as_deref().is_some_and(|id| !wanted.contains_key(id)) && !address.primary)
    }

    pub(super) async fn assign(&mut self, target: &Target, secondary: &Secondary) -> Result<(), Error> {
        let id = self.id(target)?;
        let gateway = self.read_existing(&id).await?;
        let (region, limits) = (self.region, self.limits);
        let (ips, count) = match secondary {
            Secondary::Addresses(ips) => (ips.iter().copied().filter(|ip| !has_private(&gateway, *ip)).collect(), None),
            Secondary::Count(count) => (Vec::new(), Some(count.saturating_sub(secondary_count(&gateway)))),
        };
        if ips.is_empty() && count.unwrap_or(0) == 0 {
            return Ok(());
        }
        let reached = |now: &Gateway| match secondary {
            Secondary::Addresses(ips) => ips.iter().all(|ip| has_private(now, *ip)),
            Secondary::Count(count) => secondary_count(now) >= *count,
        };
        let keys = [(id.clone(), gateway.key.clone())].into();
        let count = count.and_then(|count| i32::try_from(count).ok());
        let call = || region.client.assign_private_nat_gateway_address(&id, &ips, count);
        let look = || async {
            let now = region.read_gateways(limits, vec![id.clone()], &keys).await?.pop();
            Ok(now.filter(reached).map(drop))
        };
        self.change("AssignPrivateNatGatewayAddress", call, look).await?;
        self.read_shown(&id, reached).await
    }

    pub(super) async fn disassociate(
        &mut self,
        target: &Target,
        addresses: &BTreeSet<String>,
        drain: Drain,
    ) -> Result<(), Error> {
        let id = self.id(target)?;
        let leaves = |gateway: &Gateway| -> Vec<String> {
            let staying = gateway.addresses.iter().filter(|address| address.status != Status::Going);
            let named = staying.filter(|a| a.allocation.as_ref().is_some_and(|id| addresses.contains(id)));
            named.filter_map(|address| address.association.clone()).collect()
        };
        let gateway = self.read_existing(&id).await?;
        let associations = leaves(&gateway);
        if associations.is_empty() {
            return Ok(());
        }
        let (region, limits) = (self.region, self.limits);
        let keys = [(id.clone(), gateway.key.clone())].into();
        let call = || region.client.disassociate_nat_gateway_address(&id, associations.clone(), drain.seconds());
        let look = || async {
            let now = region.read_gateways(limits, vec![id.clone()], &keys).await?.pop();
            Ok(now.filter(|now| leaves(now).is_empty()).map(drop))
        };
        self.change("DisassociateNatGatewayAddress", call, look).await?;
        self.read_shown(&id, |gateway| leaves(gateway).is_empty()).await
    }

    pub(super) async fn unassign(
        &mut self,
        target: &Target,
        addresses: &BTreeSet<Ipv4Addr>,
        drain: Drain,
    ) -> Result<(), Error> {
        let id = self.id(target)?;
        let leaves = |gateway: &Gateway| -> Vec<Ipv4Addr> {
            let staying = gateway.addresses.iter().filter(|address| address.status != Status::Going);
            staying.filter_map(|address| address.private_ip).filter(|ip| addresses.contains(ip)).collect()
        };
        let gateway = self.read_existing(&id).await?;
        let ips = leaves(&gateway);
        if ips.is_empty() {
            return Ok(());
        }
        let (region, limits) = (self.region, self.limits);
        let keys = [(id.clone(), gateway.key.clone())].into();
        let call = || region.client.unassign_private_nat_gateway_address(&id, &ips, drain.seconds());
        let look = || async {
            let now = region.read_gateways(limits, vec![id.clone()], &keys).await?.pop();
            Ok(now.filter(|now| leaves(now).is_empty()).map(drop))
        };
        self.change("UnassignPrivateNatGatewayAddress", call, look).await?;
        self.read_shown(&id, |gateway| leaves(gateway).is_empty()).await
    }

    /// Sends a change of a gateway's addresses, again while EC2 is busy with another: it takes one at a time per gateway.
    async fn change<C, L>(
        &self,
        operation: &'static str,
        call: impl FnMut() -> C,
        look: impl FnMut() -> L,
    ) -> Result<(), Error>
    where
        C: Future<Output = Result<(), Error>>,
        L: Future<Output = Result<Option<()>, Error>>,
    {
        let calls = self.region.calls(self.limits);
        self.region.changing(Changed::Gateways, calls.write_once(operation, none_passes, call, look)).await
    }

    /// Reads a gateway until it shows what was just done: until then it would look as if nothing had been. An interruption leaves that
    /// to the next run.
    async fn read_shown(&mut self, id: &str, shown: impl Fn(&Gateway) -> bool) -> Result<(), Error> {
        let mut pauses = self.limits.pauses(self.region.poll);
        loop {
            let looked = self.read(id).await;
            if pauses.passing(looked)?.flatten().is_some_and(|gateway| shown(&gateway)) {
                return Ok(());
            }
            match pauses.next().await {
                Ok(()) => {}
                Err(Ended::Stopped) => return Ok(()),
                Err(Ended::Expired) => {
                    return Err(pauses.overdue("DescribeNatGateways", &format!("the change of {id} did not show")));
                }
            }
        }
    }

    /// Waits until no address of the gateway is coming or going, and until those that went can be used again.
    pub(super) async fn await_settled(&mut self, target: &Target) -> Result<(), Error> {
        let id = self.id(target)?;
        let mut pauses = self.limits.pauses(self.region.poll);
        let gateway = loop {
            let looked = self.read_existing(&id).await;
            if let Some(gateway) = pauses.passing(looked)?.filter(Gateway::is_settled) {
                break gateway;
            }
            match pauses.next().await {
                Ok(()) => {}
                Err(Ended::Stopped) => return Ok(()),
                Err(Ended::Expired) => {
                    let what = format!("the addresses of {id} did not settle");
                    return Err(pauses.overdue("DescribeNatGateways", &what));
                }
            }
        };
        if let Some((address, reason)) = gateway.addresses.iter().find_map(failed) {
            let message = format!("{address} could not be added to {id}: {reason}");
            return Err(Error::new(Class::Other, "AssociateNatGatewayAddress", message));
        }
        self.await_free(&id).await
    }
}

fn failed(address: &crate::nat_gateways::observed::Address) -> Option<(String, &str)> {
    let Status::Failed(reason) = &address.status else { return None };
    let private = address.private_ip.map(|ip| ip.to_string());
    Some((address.allocation.clone().or(private).unwrap_or_default(), reason))
}

/// Whether a gateway has an address, be it coming or there.
fn has(gateway: &Gateway, allocation: &str) -> bool {
    gateway.addresses.iter().any(|address| {
        address.allocation.as_deref() == Some(allocation)
            && !matches!(address.status, Status::Failed(_) | Status::Going)
    })
}

fn has_private(gateway: &Gateway, ip: Ipv4Addr) -> bool {
    gateway
        .addresses
        .iter()
        .any(|address| address.private_ip == Some(ip) && !matches!(address.status, Status::Failed(_) | Status::Going))
}

fn secondary_count(gateway: &Gateway) -> usize {
    let stays = |status: &Status| matches!(status, Status::Coming | Status::Succeeded);
    gateway.addresses.iter().filter(|address| stays(&address.status) && !address.primary).count()
}
