//! The cloud's side.
//!
//! Rules, from the VPC API (`AllocateEipAddress`, `CreateNatGateway`, `AssociateEipAddress`, `CreateSnatEntry`, `DeleteNatGateway`) and
//! from what public clients meet:
//!
//! - A client token answers with what it made; whether also after that is gone is not said, so here it does. While its first call is
//!   being processed, another is refused (`LastTokenProcessing`).
//! - A network makes one gateway at a time (`OperationConflict`). While a gateway is `Creating`, or `Modifying` because an address or
//!   entry of it changes, everything else is refused (`IncorrectStatus.NATGW`).
//! - An address is bound (`Associating`, `InUse`) and unbound (`Unassociating`, `Available`), one change at a time (`IncorrectEipStatus`).
//!   It is not unbound while an entry has it (`InvalidIpStatus.HasBeenUsedBySnatTable`), and released only when it is `Available`.
//! - An entry gives a vSwitch the addresses that it leaves from. They have to be bound (`EIP_NOT_IN_GATEWAY`), and a vSwitch is in one
//!   entry.
//! - A gateway with addresses is not deleted (`DependencyViolation.EIPS`). What is deleted is not listed any more.

mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::time::Instant;

use crate::Class;
use crate::marks::Tags;
use crate::memory::process::Codes;
use crate::memory::served::{Answer, Served, State, refuse, refuse_for_now};

/// How long a gateway is being made or deleted.
const GATEWAY: Duration = Duration::from_millis(1500);
/// How long an address or an entry changes.
const CHANGE: Duration = Duration::from_millis(500);
/// How long a token is being processed.
const TOKEN: Duration = Duration::from_millis(200);
/// How many addresses an account may have.
pub(super) const ADDRESSES: usize = 20;

/// The cloud.
#[derive(Debug)]
pub struct Api(Served<Network>);

/// A region with one network.
#[derive(Debug, Default)]
struct Network {
    addresses: BTreeMap<String, Eip>,
    gateways: BTreeMap<String, NatGateway>,
    entries: BTreeMap<String, Entry>,
    tokens: BTreeMap<String, Token>,
    made: u16,
}

/// What a token was used for.
#[derive(Debug)]
struct Token {
    parameters: String,
    made: String,
    processed: Instant,
}

/// An elastic address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Eip {
    pub(super) id: String,
    pub(super) ip: IpAddr,
    pub(super) line: u8,
    pub(super) bandwidth: u32,
    pub(super) tags: Tags,
    /// In seconds since the Unix epoch.
    pub(super) allocated: u64,
    pub(super) status: Status,
    /// The gateway that it is bound to.
    pub(super) gateway: Option<String>,
    due: Option<Instant>,
}

/// The status of an address, an entry or a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// `Associating`, `Pending`, `Creating`, `Modifying`.
    Coming,
    /// `InUse` or, of an entry or a gateway, `Available`.
    There,
    /// `Unassociating`, `Deleting`.
    Going,
    /// An address is `Available`.
    Free,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NatGateway {
    pub(super) id: String,
    pub(super) tags: Tags,
    pub(super) status: Status,
    due: Option<Instant>,
}

/// An SNAT entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) gateway: String,
    pub(super) vswitch: String,
    pub(super) ips: BTreeSet<IpAddr>,
    pub(super) status: Status,
    due: Option<Instant>,
}

/// Takes the time that is over.
fn is_due(due: &mut Option<Instant>, now: Instant) -> bool {
    due.take_if(|due| *due <= now).is_some()
}

impl State for Network {
    fn pass(&mut self, now: Instant) {
        for address in self.addresses.values_mut() {
            if is_due(&mut address.due, now) {
                let is_going = address.status == Status::Going;
                address.status = if is_going { Status::Free } else { Status::There };
                address.gateway = address.gateway.take().filter(|_| !is_going);
            }
        }
        self.entries.retain(|_, entry| !is_due(&mut entry.due, now) || stays(&mut entry.status));
        self.gateways.retain(|_, gateway| !is_due(&mut gateway.due, now) || stays(&mut gateway.status));
    }
}

/// What came is there; what went is not.
fn stays(status: &mut Status) -> bool {
    std::mem::replace(status, Status::There) != Status::Going
}

fn after(time: Duration) -> Instant {
    Instant::now() + time
}

impl Network {
    fn id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{:05}", self.made)
    }

    /// What a token made, where it was used before.
    fn replay(&self, token: &str, parameters: &str) -> Answer<Option<String>> {
        match self.tokens.get(token) {
            None => Ok(None),
            Some(token) if token.processed > Instant::now() => {
                refuse_for_now("LastTokenProcessing", "The last token request is processing.")
            }
            Some(token) if token.parameters != parameters => {
                refuse("IdempotentParameterMismatch", "The parameters are not those of the token.")
            }
            Some(token) => Ok(Some(token.made.clone())),
        }
    }

    fn remember(&mut self, token: String, parameters: String, made: &str) {
        let processed = Instant::now() + TOKEN;
        self.tokens.insert(token, Token { parameters, made: made.to_owned(), processed });
    }

    fn allocate(&mut self, token: String, line: u8, bandwidth: u32, tags: Tags) -> Answer<String> {
        let parameters = format!("{line} {bandwidth} {tags:?}");
        if let Some(made) = self.replay(&token, &parameters)? {
            return Ok(made);
        }
        if self.addresses.len() >= ADDRESSES {
            return refuse("QuotaExceeded.Eip", "The quota of elastic addresses is exceeded.");
        }
        let id = self.id("eip");
        let [high, low] = self.made.to_be_bytes();
        let (ip, allocated) = (IpAddr::V4(Ipv4Addr::new(198, 18, high, low)), 1_700_000_000 + u64::from(self.made));
        let (status, gateway, due) = (Status::Free, None, None);
        let eip = Eip { id: id.clone(), ip, line, bandwidth, tags, allocated, status, gateway, due };
        self.addresses.insert(id.clone(), eip);
        self.remember(token, parameters, &id);
        Ok(id)
    }

    fn address(&mut self, id: &str) -> Answer<&mut Eip> {
        match self.addresses.get_mut(id) {
            None => refuse("InvalidAllocationId.NotFound", format!("There is no {id}.")),
            Some(address) if address.due.is_some() => {
                refuse_for_now("IncorrectEipStatus", "Current elastic IP status does not support this operation.")
            }
            Some(address) => Ok(address),
        }
    }

    fn release(&mut self, id: &str) -> Answer<()> {
        if self.address(id)?.status != Status::Free {
            return refuse_for_now("IncorrectEipStatus", "Current elastic IP status does not support this operation.");
        }
        self.addresses.remove(id);
        Ok(())
    }

    fn create(&mut self, token: String, tags: Tags) -> Answer<String> {
        let parameters = format!("{tags:?}");
        if let Some(made) = self.replay(&token, &parameters)? {
            return Ok(made);
        }
        if self.gateways.values().any(|gateway| gateway.status == Status::Coming) {
            return refuse_for_now("OperationConflict", "The operation against this instance is too frequent.");
        }
        let id = self.id("ngw");
        let gateway = NatGateway { id: id.clone(), tags, status: Status::Coming, due: Some(after(GATEWAY)) };
        self.gateways.insert(id.clone(), gateway);
        self.remember(token, parameters, &id);
        Ok(id)
    }

    /// A gateway that takes a change now.
    fn idle(&mut self, id: &str) -> Answer<&mut NatGateway> {
        let addresses = self.addresses.values().filter(|address| address.gateway.as_deref() == Some(id));
        let entries = self.entries.values().filter(|entry| entry.gateway == id);
        let changes =
            addresses.map(|address| address.due).chain(entries.map(|entry| entry.due)).any(|due| due.is_some());
        match self.gateways.get_mut(id) {
            None => refuse("InvalidNatGatewayId.NotFound", format!("There is no {id}.")),
            Some(gateway) if changes || gateway.due.is_some() => {
                refuse_for_now("IncorrectStatus.NATGW", "The status of the gateway does not support this operation.")
            }
            Some(gateway) => Ok(gateway),
        }
    }

    fn associate(&mut self, address: &str, gateway: &str) -> Answer<()> {
        self.idle(gateway)?;
        let address = self.address(address)?;
        if address.status != Status::Free {
            return refuse_for_now("IncorrectEipStatus", "Current elastic IP status does not support this operation.");
        }
        (address.status, address.gateway) = (Status::Coming, Some(gateway.to_owned()));
        address.due = Some(after(CHANGE));
        Ok(())
    }

    fn unassociate(&mut self, address: &str, gateway: &str) -> Answer<()> {
        self.idle(gateway)?;
        let ip = self.address(address)?.ip;
        if self.entries.values().any(|entry| entry.ips.contains(&ip)) {
            return refuse("InvalidIpStatus.HasBeenUsedBySnatTable", format!("{ip} is used by an SNAT entry."));
        }
        let address = self.address(address)?;
        (address.status, address.due) = (Status::Going, Some(after(CHANGE)));
        Ok(())
    }

    fn bound(&self, gateway: &str, ips: &BTreeSet<IpAddr>) -> Answer<()> {
        let bound = self.addresses.values().filter(|address| address.gateway.as_deref() == Some(gateway));
        let bound: BTreeSet<IpAddr> = bound.map(|address| address.ip).collect();
        match ips.difference(&bound).next() {
            Some(ip) => refuse("EIP_NOT_IN_GATEWAY", format!("{ip} is not bound to {gateway}.")),
            None => Ok(()),
        }
    }

    fn create_entry(&mut self, gateway: &str, vswitch: &str, ips: BTreeSet<IpAddr>) -> Answer<()> {
        self.idle(gateway)?;
        self.bound(gateway, &ips)?;
        if self.entries.values().any(|entry| entry.vswitch == vswitch) {
            return refuse("SourceVSwitchId.Duplicated", format!("{vswitch} has an entry."));
        }
        let id = self.id("snat");
        let (gateway, vswitch) = (gateway.to_owned(), vswitch.to_owned());
        let entry = Entry { id: id.clone(), gateway, vswitch, ips, status: Status::Coming, due: Some(after(CHANGE)) };
        self.entries.insert(id, entry);
        Ok(())
    }

    /// An entry of a gateway that takes a change now.
    fn entry(&mut self, id: &str) -> Answer<&mut Entry> {
        let missing = || refuse("InvalidSnatEntryId.NotFound", format!("There is no {id}."));
        let Some(gateway) = self.entries.get(id).map(|entry| entry.gateway.clone()) else { return missing() };
        self.idle(&gateway)?;
        self.entries.get_mut(id).map_or_else(missing, Ok)
    }

    fn delete(&mut self, id: &str) -> Answer<()> {
        self.idle(id)?;
        let has_addresses = self.addresses.values().any(|address| address.gateway.as_deref() == Some(id));
        if has_addresses || self.entries.values().any(|entry| entry.gateway == id) {
            return refuse(
                "DependencyViolation.EIPS",
                "There are Eips on specified NatGateway, please unbind it first.",
            );
        }
        let gateway = self.idle(id)?;
        (gateway.status, gateway.due) = (Status::Going, Some(after(GATEWAY)));
        Ok(())
    }
}

impl Api {
    pub(super) async fn allocate_eip_address(
        &self,
        token: String,
        line: u8,
        bandwidth: u32,
        tags: Tags,
    ) -> Answer<String> {
        self.0.create("QuotaExceeded.Eip", |network| network.allocate(token, line, bandwidth, tags)).await
    }

    pub(super) async fn describe_eip_addresses(&self) -> Answer<Vec<Eip>> {
        Ok(self.0.read(|network| network.addresses.values().cloned().collect()).await)
    }

    pub(super) async fn modify_eip_address(&self, id: &str, bandwidth: u32) -> Answer<()> {
        self.0.write(|network| network.address(id).map(|address| address.bandwidth = bandwidth)).await
    }

    pub(super) async fn release_eip_address(&self, id: &str) -> Answer<()> {
        self.0.write(|network| network.release(id)).await
    }

    /// Sets the first and removes the second tags of an address or gateway.
    pub(super) async fn change_tags(&self, id: &str, set: Tags, unset: &BTreeSet<String>) -> Answer<()> {
        let change = |network: &mut Network| {
            let tags = match network.gateways.get_mut(id) {
                Some(gateway) => &mut gateway.tags,
                None => &mut network.address(id)?.tags,
            };
            tags.extend(set);
            tags.retain(|name, _| !unset.contains(name));
            Ok(())
        };
        self.0.write(change).await
    }

    pub(super) async fn create_nat_gateway(&self, token: String, tags: Tags) -> Answer<String> {
        self.0.create("QuotaExceeded.NatGateway", |network| network.create(token, tags)).await
    }

    pub(super) async fn describe_nat_gateways(&self) -> Answer<Vec<NatGateway>> {
        Ok(self.0.read(|network| network.gateways.values().cloned().collect()).await)
    }

    pub(super) async fn delete_nat_gateway(&self, id: &str) -> Answer<()> {
        self.0.write(|network| network.delete(id)).await
    }

    pub(super) async fn associate_eip_address(&self, address: &str, gateway: &str) -> Answer<()> {
        self.0.write(|network| network.associate(address, gateway)).await
    }

    pub(super) async fn unassociate_eip_address(&self, address: &str, gateway: &str) -> Answer<()> {
        self.0.write(|network| network.unassociate(address, gateway)).await
    }

    pub(super) async fn describe_snat_entries(&self) -> Answer<Vec<Entry>> {
        Ok(self.0.read(|network| network.entries.values().cloned().collect()).await)
    }

    pub(super) async fn create_snat_entry(&self, gateway: &str, vswitch: &str, ips: BTreeSet<IpAddr>) -> Answer<()> {
        self.0.write(|network| network.create_entry(gateway, vswitch, ips)).await
    }

    pub(super) async fn modify_snat_entry(&self, id: &str, ips: BTreeSet<IpAddr>) -> Answer<()> {
        let modify = |network: &mut Network| {
            let gateway = network.entry(id)?.gateway.clone();
            network.bound(&gateway, &ips)?;
            let entry = network.entry(id)?;
            (entry.ips, entry.status, entry.due) = (ips, Status::Coming, Some(after(CHANGE)));
            Ok(())
        };
        self.0.write(modify).await
    }

    pub(super) async fn delete_snat_entry(&self, id: &str) -> Answer<()> {
        let delete = |network: &mut Network| {
            let entry = network.entry(id)?;
            (entry.status, entry.due) = (Status::Going, Some(after(CHANGE)));
            Ok(())
        };
        self.0.write(delete).await
    }
}

impl Codes for Api {
    fn class(code: &str) -> Class {
        match code {
            "InvalidAllocationId.NotFound" | "InvalidNatGatewayId.NotFound" | "InvalidSnatEntryId.NotFound" => {
                Class::NotFound
            }
            "LastTokenProcessing" | "OperationConflict" | "IncorrectStatus.NATGW" | "IncorrectEipStatus" => Class::Busy,
            "InvalidIpStatus.HasBeenUsedBySnatTable" | "DependencyViolation.EIPS" => Class::InUse,
            "QuotaExceeded.Eip" | "QuotaExceeded.NatGateway" => Class::QuotaExceeded,
            "SourceVSwitchId.Duplicated" => Class::Conflict,
            _ => Class::Other,
        }
    }
}
