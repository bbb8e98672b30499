//! PUT and DELETE.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use serde_json::Value;

use super::object::{End, Object, accepted, property, references};
use super::path::{network_of, normal};
use super::{Azure, Call, Kind, refusal};
use crate::request::Reply;

impl Azure {
    pub(super) fn put(&mut self, call: &Call, kind: Kind, id: &str, now: Timestamp) -> Result<Reply, Reply> {
        let Some(Value::Object(sent)) = &call.body else {
            return Err(refusal::bad("InvalidRequestContent", "The request content was invalid."));
        };
        let before = self.objects.get(&normal(id));
        check_condition(call, id, before)?;
        self.check_idle(kind, id)?;
        let body = accepted(kind, sent);
        if before.is_none() && std::mem::take(&mut self.refuse_next_create) {
            return Err(refusal::bad("PublicIPCountLimitReached", "Cannot create more for this subscription."));
        }
        let before = self.objects.get(&normal(id)).cloned();
        self.validate(kind, id, &body, before.as_ref())?;
        let object = match before {
            Some(before) => Object { body, version: before.version + 1, ..before },
            None => Object {
                kind,
                id: id.to_owned(),
                body,
                effective: None,
                allocated: None,
                version: 1,
                created: now,
                work: None,
                failed: false,
            },
        };
        self.objects.insert(normal(id), object);
        let end = if std::mem::take(&mut self.fail_next) { End::Fails } else { End::Succeeds };
        Ok(self.begin(call, id, end, now))
    }

    pub(super) fn delete(&mut self, call: &Call, kind: Kind, id: &str, now: Timestamp) -> Result<Reply, Reply> {
        let Some(object) = self.objects.get(&normal(id)) else { return Ok(Reply::empty(204)) };
        check_condition(call, id, Some(object))?;
        self.check_idle(kind, id)?;
        self.check_unused(kind, id)?;
        Ok(self.begin(call, id, End::Deletes, now))
    }

    /// One operation on an object at a time, and one on a network with all its subnets.
    fn check_idle(&self, kind: Kind, id: &str) -> Result<(), Reply> {
        let (own, network) = (normal(id), network_of(id));
        let is_shared = |other: &str| match kind {
            Kind::Network | Kind::Subnet => network_of(other) == network,
            _ => other == own,
        };
        let mut busy = self.objects.iter().filter(|(other, _)| is_shared(other));
        match busy.find_map(|(_, object)| object.work.as_ref()) {
            Some(work) => Err(refusal::another_operation(work.operation)),
            None => Ok(()),
        }
    }

    fn check_unused(&self, kind: Kind, id: &str) -> Result<(), Reply> {
        let own = normal(id);
        // What is being changed still has what it had.
        let names = |object: &Object, lists: &[&str]| {
            let bodies = [Some(&object.body), object.effective.as_ref()];
            bodies.into_iter().flatten().any(|body| lists.iter().any(|list| references(body, list).contains(&own)))
        };
        let users = |lists: &[&str]| self.objects.values().filter(|object| names(object, lists)).count();
        match kind {
            Kind::Address if users(&super::object::SOURCES) > 0 => {
                let message = format!("Public IP address {id} can not be deleted since it is still allocated.");
                Err(refusal::bad("PublicIPAddressCannotBeDeleted", message))
            }
            Kind::Prefix if users(&super::object::SOURCES) + users(&["publicIPPrefix"]) > 0 => {
                let message = format!("Public IP prefix {id} is in use and cannot be deleted.");
                Err(refusal::bad("InUsePublicIpPrefixCannotBeDeleted", message))
            }
            Kind::Gateway if users(&["natGateway"]) > 0 => {
                let message = format!("NAT Gateway {id} is still configured on subnets.");
                Err(refusal::bad("CannotDeleteNatGatewayAssociatedToSubnet", message))
            }
            _ => Ok(()),
        }
    }

    /// Gives an address or a prefix that is ready its IPs.
    pub(super) fn settle_addresses(&mut self, id: &str) {
        let Some(object) = self.objects.get(id) else { return };
        if object.allocated.is_some() || object.effective.is_none() {
            return;
        }
        let is_v6 = property(&object.body, "publicIPAddressVersion") == "IPv6";
        let length = property(&object.body, "prefixLength").as_u64();
        let allocated = match object.kind {
            Kind::Address => self.next_address(is_v6).to_string(),
            // Prefixes are far apart from each other, and from single addresses.
            Kind::Prefix => {
                self.next_ip += 1;
                let number = self.next_ip;
                let length = length.unwrap_or(if is_v6 { 124 } else { 28 });
                let base = if is_v6 {
                    IpAddr::V6(Ipv6Addr::from(0x2001_0db8_0001_u128 << 80 | u128::from(number) << 8))
                } else {
                    IpAddr::V4(Ipv4Addr::from(0xc613_0000_u32 + number * 16))
                };
                format!("{base}/{length}")
            }
            _ => return,
        };
        if let Some(object) = self.objects.get_mut(id) {
            object.allocated = Some(allocated);
        }
    }

    fn next_address(&mut self, is_v6: bool) -> IpAddr {
        self.next_ip += 1;
        if is_v6 {
            IpAddr::V6(Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(self.next_ip)))
        } else {
            IpAddr::V4(Ipv4Addr::from(0xc612_0000_u32 + self.next_ip))
        }
    }
}

fn check_condition(call: &Call, id: &str, before: Option<&Object>) -> Result<(), Reply> {
    let differs = call.if_match.as_ref().is_some_and(|etag| before.map(Object::etag).as_ref() != Some(etag));
    if differs || call.must_be_new && before.is_some() {
        return Err(refusal::precondition(id));
    }
    Ok(())
}
