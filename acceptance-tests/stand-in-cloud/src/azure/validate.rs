//! What a PUT has to say, and what it cannot change.

use serde_json::{Map, Value};

use super::object::{Object, SOURCES, property, references, sku, sources};
use super::path::normal;
use super::{Azure, Kind, refusal};
use crate::request::Reply;

/// The most addresses of one gateway (<https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource>).
const MOST_ADDRESSES: usize = 16;

type Body = Map<String, Value>;

impl Azure {
    pub(super) fn validate(&self, kind: Kind, id: &str, body: &Body, before: Option<&Object>) -> Result<(), Reply> {
        if kind != Kind::Subnet && body.get("location").and_then(Value::as_str).is_none() {
            return Err(refusal::bad("LocationRequired", "The location property is required for this definition."));
        }
        if let Some(before) = before {
            unchanged(kind, id, body, before)?;
        }
        match kind {
            Kind::Address => self.validate_address(body, before),
            Kind::Prefix => validate_prefix(body),
            Kind::Gateway => self.validate_gateway(id, body),
            Kind::Subnet => self.validate_subnet(body),
            Kind::Network => Ok(()),
        }
    }

    fn validate_address(&self, body: &Body, before: Option<&Object>) -> Result<(), Reply> {
        let there = self.objects.values().filter(|object| object.kind == Kind::Address).count();
        if before.is_none() && there >= self.settings.public_ips {
            let message = format!("Cannot create more than {} public IP addresses.", self.settings.public_ips);
            return Err(refusal::bad("PublicIPCountLimitReached", message));
        }
        if property(body, "publicIPAllocationMethod") != "Static" {
            return Err(refusal::bad("StandardSkuPublicIPAddressMustBeStatic", "The SKU needs static allocation."));
        }
        between(body, 4..=30)?;
        self.ready(references(body, "publicIPPrefix"))
    }

    fn validate_gateway(&self, id: &str, body: &Body) -> Result<(), Reply> {
        between(body, 4..=120)?;
        let zones = body.get("zones").and_then(Value::as_array).map_or(0, Vec::len);
        match sku(body) {
            "Standard" if zones <= 1 => {}
            "StandardV2" if zones == 0 => {}
            "Standard" | "StandardV2" => {
                return Err(refusal::bad("NatGatewayZonesNotSupported", "The SKU cannot be in these zones."));
            }
            other => return Err(refusal::bad("InvalidSku", format!("There is no SKU {other}."))),
        }
        if sku(body) == "Standard" && !references(body, "sourceVirtualNetwork").is_empty() {
            return Err(refusal::bad("SourceVirtualNetworkNotSupported", "Only StandardV2 serves whole networks."));
        }
        if sources(body).len() > MOST_ADDRESSES {
            return Err(refusal::bad("NatGatewayPublicIpCountExceeded", "A NAT gateway has at most 16 addresses."));
        }
        self.ready(sources(body))?;
        for list in SOURCES {
            references(body, list).iter().try_for_each(|source| self.validate_source(id, body, list, source))?;
        }
        Ok(())
    }

    /// An address is of the gateway's SKU and of its list's version, and no other gateway has it, nor is giving it up.
    fn validate_source(&self, id: &str, body: &Body, list: &str, source: &str) -> Result<(), Reply> {
        let Some(address) = self.objects.get(source) else { return Err(refusal::not_found(source)) };
        if address.sku() != sku(body) {
            let message = format!("{source} has another SKU than the NAT gateway.");
            return Err(refusal::bad("NatGatewaySkuMismatchWithPublicIp", message));
        }
        let is_v6 = property(&address.body, "publicIPAddressVersion") == "IPv6";
        if is_v6 != list.ends_with("V6") {
            return Err(refusal::bad(
                "NatGatewayIpVersionMismatch",
                format!("{source} is not of the version of {list}."),
            ));
        }
        let others =
            self.objects.iter().filter(|(other, object)| object.kind == Kind::Gateway && **other != normal(id));
        let has = |object: &Object| {
            let bodies = [Some(&object.body), object.effective.as_ref()];
            bodies.into_iter().flatten().any(|body| sources(body).iter().any(|held| held == source))
        };
        match others.into_iter().find(|(_, object)| has(object)) {
            Some((other, _)) => {
                let message = format!("Resource {id} is referencing {source} that is already allocated to {other}.");
                Err(refusal::bad("PublicIPAddressInUse", message))
            }
            None => Ok(()),
        }
    }

    fn validate_subnet(&self, body: &Body) -> Result<(), Reply> {
        if !property(body, "addressPrefix").is_string() && !property(body, "addressPrefixes").is_array() {
            return Err(refusal::bad("NoAddressPrefixOrPoolProvided", "A subnet needs its address prefix."));
        }
        self.ready(references(body, "natGateway"))
    }

    /// What is referred to exists, and nothing is being done with it.
    fn ready(&self, referenced: Vec<String>) -> Result<(), Reply> {
        for id in referenced {
            let Some(object) = self.objects.get(&id) else {
                let message = format!("Resource {id} referenced by the request was not found.");
                return Err(refusal::bad("InvalidResourceReference", message));
            };
            if object.work.is_some() {
                return Err(refusal::not_provisioned(&object.id));
            }
        }
        Ok(())
    }
}

fn validate_prefix(body: &Body) -> Result<(), Reply> {
    let lengths = if property(body, "publicIPAddressVersion") == "IPv6" { 124..=127 } else { 28..=31 };
    let is_length = property(body, "prefixLength").as_u64().is_some_and(|length| lengths.contains(&length));
    if is_length { Ok(()) } else { Err(refusal::bad("PublicIPPrefixLengthNotSupported", "Not a length of a prefix.")) }
}

fn between(body: &Body, minutes: std::ops::RangeInclusive<u64>) -> Result<(), Reply> {
    let is_fine = property(body, "idleTimeoutInMinutes").as_u64().is_none_or(|idle| minutes.contains(&idle));
    if is_fine { Ok(()) } else { Err(refusal::bad("InvalidIdleTimeout", "The idle timeout is out of range.")) }
}

/// What is fixed once an object is made.
fn unchanged(kind: Kind, id: &str, body: &Body, before: &Object) -> Result<(), Reply> {
    if body.get("zones") != before.body.get("zones") {
        let message = format!("Resource {id} has an existing availability zone constraint that cannot be modified.");
        return Err(refusal::bad("ResourceAvailabilityZonesCannotBeModified", message));
    }
    let fixed: &[&str] = match kind {
        Kind::Address => &["publicIPAddressVersion", "publicIPPrefix"],
        Kind::Prefix => &["publicIPAddressVersion", "prefixLength", "customIPPrefix"],
        Kind::Gateway => &["sourceVirtualNetwork"],
        Kind::Network | Kind::Subnet => &[],
    };
    let is_changed = |member: &&&str| property(body, member) != property(&before.body, member);
    let changed = fixed.iter().find(is_changed).copied();
    match changed.or_else(|| (sku(body) != sku(&before.body)).then_some("sku")) {
        Some(member) => Err(refusal::bad("PropertyChangeNotAllowed", format!("{member} of {id} cannot be changed."))),
        None => Ok(()),
    }
}
