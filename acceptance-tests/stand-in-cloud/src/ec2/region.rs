//! Everything of one account in one region, and what becomes of it as time passes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::objects::{Address, InternetGateway, NatGateway, NetworkInterface, PrefixList, RouteTable, Subnet, Vpc};
use super::settings::Settings;
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

/// The answer of an action: the content of its reply, or an error.
pub(crate) type Answer = Result<Xml, ApiError>;

/// Something that happens to a NAT gateway later by itself.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A pending NAT gateway becomes available, or fails.
    GatewayReady(String),
    /// A NAT gateway that is being deleted is gone.
    GatewayDeleted(String),
    /// A deleted or failed NAT gateway is no longer listed.
    GatewayForgotten(String),
    /// A secondary address works; by its association, or its private address.
    AddressReady(String, String),
    /// A drained address is off its NAT gateway.
    AddressGone(String, String),
    /// An address that left its NAT gateway is free; by its allocation and its association.
    AddressFree(String, String),
}

/// What a client token stands for.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) request: Params,
    pub(crate) nat_gateway: String,
    /// What the first call was answered with.
    pub(crate) answer: Xml,
    pub(crate) forgotten: Timestamp,
}

/// Everything of one account in one region.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) account: String,
    pub(crate) name: String,
    /// The time of the call in progress.
    pub(crate) now: Timestamp,
    pub(crate) settings: Settings,
    pub(crate) vpcs: BTreeMap<String, Vpc>,
    pub(crate) subnets: BTreeMap<String, Subnet>,
    pub(crate) internet_gateways: BTreeMap<String, InternetGateway>,
    pub(crate) prefix_lists: BTreeMap<String, PrefixList>,
    pub(crate) network_interfaces: BTreeMap<String, NetworkInterface>,
    pub(crate) addresses: BTreeMap<String, Address>,
    /// Addresses that were released, which their last owner may take again.
    pub(crate) released: Vec<Ipv4Addr>,
    /// How many addresses Amazon's own pool has given.
    pub(crate) given_ips: u32,
    pub(crate) nat_gateways: BTreeMap<String, NatGateway>,
    pub(crate) route_tables: BTreeMap<String, RouteTable>,
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) tokens: BTreeMap<String, Token>,
    visible_from: BTreeMap<String, Timestamp>,
    events: BTreeMap<(Timestamp, u64), Event>,
    serial: u64,
}

impl Region {
    /// A region with nothing in it.
    pub(crate) fn new(account: &str, name: &str, settings: Settings, now: Timestamp) -> Self {
        Self {
            account: account.to_owned(),
            name: name.to_owned(),
            now,
            settings,
            vpcs: BTreeMap::new(),
            subnets: BTreeMap::new(),
            internet_gateways: BTreeMap::new(),
            prefix_lists: BTreeMap::new(),
            network_interfaces: BTreeMap::new(),
            addresses: BTreeMap::new(),
            released: Vec::new(),
            given_ips: 0,
            nat_gateways: BTreeMap::new(),
            route_tables: BTreeMap::new(),
            tags: BTreeMap::new(),
            tokens: BTreeMap::new(),
            visible_from: BTreeMap::new(),
            events: BTreeMap::new(),
            serial: 0,
        }
    }

    /// Moves the region's clock, and lets happen what is due, in its order.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.happen(event);
        }
        self.now = now;
        self.tokens.retain(|_, token| token.forgotten > now);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::GatewayReady(id) => self.nat_gateway_ready(&id),
            Event::GatewayDeleted(id) => self.nat_gateway_deleted(&id),
            Event::GatewayForgotten(id) => {
                self.nat_gateways.remove(&id);
                self.forget(&id);
            }
            Event::AddressReady(id, address) => self.nat_address_ready(&id, &address),
            Event::AddressGone(id, address) => self.nat_address_gone(&id, &address),
            Event::AddressFree(id, association) => self.nat_address_free(&id, &association),
        }
    }

    /// Lets something happen after a delay.
    pub(crate) fn later(&mut self, delay_ms: u64, event: Event) {
        self.serial += 1;
        self.events.insert((self.after(delay_ms), self.serial), event);
    }

    /// The time after a delay.
    pub(crate) fn after(&self, delay_ms: u64) -> Timestamp {
        self.now.checked_add(Duration::from_millis(delay_ms)).unwrap_or(Timestamp::MAX)
    }

    /// A number that no object of the region had before.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A new id in EC2's form, `<prefix>-` and 17 hexadecimal digits. Deterministic, so that two runs can be compared,
    /// and without order, since EC2's have none.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        let serial = self.next_serial();
        let digest = Sha256::digest(format!("{}/{}/{prefix}/{serial}", self.account, self.name));
        format!("{prefix}-0{}", HEXLOWER.encode(&digest[..8]))
    }

    /// A new object's id, which cannot be read before the read lag has passed, with its tags.
    pub(crate) fn register(&mut self, prefix: &str, tags: BTreeMap<String, String>) -> String {
        let id = self.new_id(prefix);
        if self.settings.timings.read_lag_ms > 0 {
            self.visible_from.insert(id.clone(), self.after(self.settings.timings.read_lag_ms));
        }
        if !tags.is_empty() {
            self.tags.insert(id.clone(), tags);
        }
        id
    }

    /// Forgets an object's tags.
    pub(crate) fn forget(&mut self, id: &str) {
        self.tags.remove(id);
        self.visible_from.remove(id);
    }

    /// Whether reads and references find the object yet.
    pub(crate) fn is_visible(&self, id: &str) -> bool {
        self.visible_from.get(id).is_none_or(|from| *from <= self.now)
    }

    /// The object with that id, if a caller can see it.
    pub(crate) fn visible<'a, T>(&self, objects: &'a BTreeMap<String, T>, id: &str) -> Option<&'a T> {
        objects.get(id).filter(|_| self.is_visible(id))
    }

    /// An object's tags.
    pub(crate) fn tags_of(&self, id: &str) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.tags.get(id).unwrap_or(&NONE)
    }

    /// The names of the region's zones.
    pub(crate) fn zones(&self) -> Vec<String> {
        ["a", "b", "c"].iter().map(|letter| format!("{}{letter}", self.name)).collect()
    }

    /// The id of a zone, such as `euw1-az1` for `eu-west-1a`. (Real accounts see zones in an order of their own.)
    pub(crate) fn zone_id(&self, zone: &str) -> Option<String> {
        let position = self.zones().iter().position(|name| name == zone)?;
        let mut parts = self.name.split('-');
        let area = parts.next().unwrap_or_default();
        let direction = match parts.next().unwrap_or_default() {
            "northeast" => "ne".to_owned(),
            "northwest" => "nw".to_owned(),
            "southeast" => "se".to_owned(),
            "southwest" => "sw".to_owned(),
            other => other.chars().take(1).collect(),
        };
        Some(format!("{area}{direction}{}-az{}", parts.next().unwrap_or_default(), position + 1))
    }

    /// The zone with that name or that id.
    pub(crate) fn zone(&self, name: Option<&str>, id: Option<&str>) -> Result<Option<String>, ApiError> {
        let Some(wanted) = name.or(id) else { return Ok(None) };
        let found = self
            .zones()
            .into_iter()
            .find(|zone| name == Some(zone.as_str()) || (name.is_none() && self.zone_id(zone).as_deref() == id));
        found.map(Some).ok_or_else(|| ApiError::invalid(format!("Invalid availability zone: [{wanted}]")))
    }

    /// The internet gateway of a network.
    pub(crate) fn internet_gateway_of(&self, vpc: &str) -> Option<&String> {
        self.internet_gateways.iter().find(|(_, gateway)| gateway.vpc.as_deref() == Some(vpc)).map(|(id, _)| id)
    }

    /// The amazon resource name of an object.
    pub(crate) fn arn(&self, kind: &str, id: &str) -> String {
        format!("arn:aws:ec2:{}:{}:{kind}/{id}", self.name, self.account)
    }
}
