//! Where addresses come from, and how they are set.

use std::collections::BTreeSet;

use egress_model::ip_pool;
use serde_json::{Value, json};

use crate::id::{Kind, ResourceId};
use crate::object::{Object, reference};

/// The version of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl IpVersion {
    fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    pub(crate) fn of(object: &Object) -> Self {
        if object.property("publicIPAddressVersion") == "IPv6" { Self::V6 } else { Self::V4 }
    }
}

/// What Azure sells an address or a gateway as. An address is of the SKU of its gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sku {
    /// In one zone or none in particular.
    Standard,
    /// In all zones.
    StandardV2,
}

impl Sku {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::StandardV2 => "StandardV2",
        }
    }

    /// `None` for one that no gateway takes, such as Basic.
    pub(crate) fn of(object: &Object) -> Option<Self> {
        [Self::Standard, Self::StandardV2].into_iter().find(|sku| object.sku() == Some(sku.as_str()))
    }
}

/// How many addresses one object of a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One address.
    Address,
    /// A prefix of this length: 28 to 31, or 124 to 127 for IPv6.
    Prefix(u8),
}

/// Where an address comes from. What was not chosen admits anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// One address, or a prefix.
    pub extent: Extent,
    /// The version.
    pub version: IpVersion,
    /// The SKU; Standard is made where none was chosen.
    pub sku: Option<Sku>,
    /// The zones; those that Azure takes where none were chosen.
    pub zones: Option<BTreeSet<String>>,
    /// The public prefix that an address is of, or the custom prefix (BYOIP) that a prefix is of.
    pub parent: Option<ResourceId>,
}

impl ip_pool::Source for Source {
    type Settings = Settings;

    fn admits(&self, actual: &Self) -> bool {
        self.extent == actual.extent
            && self.version == actual.version
            && (self.sku.is_none() || self.sku == actual.sku)
            && (self.zones.is_none() || self.zones == actual.zones)
            && (self.parent.is_none() || self.parent == actual.parent)
    }
}

/// How an attack of many machines on an address is met (`ddosSettings.protectionMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ddos {
    /// As the virtual network says.
    Inherited,
    /// With a plan of its own.
    Enabled,
    /// Not beyond what all of Azure has.
    Disabled,
}

impl Ddos {
    const ALL: [Self; 3] = [Self::Inherited, Self::Enabled, Self::Disabled];

    fn as_str(self) -> &'static str {
        match self {
            Self::Inherited => "VirtualNetworkInherited",
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
        }
    }
}

/// What of an address can be changed while it keeps its IP. A prefix has none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Minutes after which an idle connection is forgotten, 4 to 30. Behind a NAT gateway the gateway's own counts.
    pub idle_timeout: Option<u8>,
    /// How an attack of many machines is met.
    pub ddos: Option<Ddos>,
    /// The first label of its name in Azure's DNS.
    pub dns_label: Option<String>,
}

impl ip_pool::Settings for Settings {
    fn are_met_by(&self, actual: &Self) -> bool {
        (self.idle_timeout.is_none() || self.idle_timeout == actual.idle_timeout)
            && (self.ddos.is_none() || self.ddos == actual.ddos)
            && (self.dns_label.is_none() || self.dns_label == actual.dns_label)
    }
}

impl Source {
    pub(crate) fn kind(&self) -> Kind {
        match self.extent {
            Extent::Address => Kind::Address,
            Extent::Prefix(_) => Kind::Prefix,
        }
    }

    /// Writes it into the body of an object that is to be made.
    pub(super) fn write(&self, object: &mut Object) {
        let sku = self.sku.unwrap_or(Sku::Standard).as_str();
        object.set_member("sku", json!({ "name": sku, "tier": "Regional" }));
        if let Some(zones) = &self.zones {
            object.set_member("zones", json!(zones));
        }
        object.set_property("publicIPAddressVersion", json!(self.version.as_str()));
        let parent = self.parent.as_ref().map_or(Value::Null, reference);
        match self.extent {
            Extent::Address => {
                object.set_property("publicIPAllocationMethod", json!("Static"));
                object.set_property("publicIPPrefix", parent);
            }
            Extent::Prefix(length) => {
                object.set_property("prefixLength", json!(length));
                object.set_property("customIPPrefix", parent);
            }
        }
    }

    pub(super) fn read(kind: Kind, object: &Object) -> Self {
        let (extent, parent) = if kind == Kind::Prefix {
            let length = object.property("prefixLength").as_u64().and_then(|length| u8::try_from(length).ok());
            (Extent::Prefix(length.unwrap_or_default()), "customIPPrefix")
        } else {
            (Extent::Address, "publicIPPrefix")
        };
        Self {
            extent,
            version: IpVersion::of(object),
            sku: Sku::of(object),
            zones: Some(object.zones()),
            parent: object.references(parent).into_iter().next(),
        }
    }
}

impl Settings {
    /// Writes what was chosen, and leaves the rest as it is.
    pub(super) fn write(&self, object: &mut Object) {
        if let Some(minutes) = self.idle_timeout {
            object.set_property("idleTimeoutInMinutes", json!(minutes));
        }
        if let Some(ddos) = self.ddos {
            let mut settings = object.property("ddosSettings").clone();
            settings["protectionMode"] = json!(ddos.as_str());
            object.set_property("ddosSettings", settings);
        }
        if let Some(label) = &self.dns_label {
            let mut settings = object.property("dnsSettings").clone();
            settings["domainNameLabel"] = json!(label);
            object.set_property("dnsSettings", settings);
        }
    }

    pub(super) fn read(object: &Object) -> Self {
        let mode = &object.property("ddosSettings")["protectionMode"];
        let idle = object.property("idleTimeoutInMinutes").as_u64();
        Self {
            idle_timeout: idle.and_then(|minutes| u8::try_from(minutes).ok()),
            ddos: Ddos::ALL.into_iter().find(|ddos| *mode == ddos.as_str()),
            dns_label: object.property("dnsSettings")["domainNameLabel"].as_str().map(str::to_owned),
        }
    }
}
