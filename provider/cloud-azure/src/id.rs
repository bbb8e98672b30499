//! Ids of Azure Resource Manager.

use std::fmt;

/// The id of an object, in the one form that all ids are brought into: lower case, as Azure compares them without regard to case and
/// answers in any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(String);

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A public IP address.
    Address,
    /// A public IP prefix.
    Prefix,
    /// A public IP prefix of the user's own addresses (BYOIP).
    CustomPrefix,
    /// A NAT gateway.
    Gateway,
    /// A virtual network.
    Network,
    /// A subnet.
    Subnet,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Address, Self::Prefix, Self::CustomPrefix, Self::Gateway, Self::Network, Self::Subnet];

    /// The last two segments of the type, as ids have them before the name.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Address => "publicipaddresses",
            Self::Prefix => "publicipprefixes",
            Self::CustomPrefix => "customipprefixes",
            Self::Gateway => "natgateways",
            Self::Network => "virtualnetworks",
            Self::Subnet => "subnets",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Address => "a public IP address",
            Self::Prefix => "a public IP prefix",
            Self::CustomPrefix => "a custom IP prefix",
            Self::Gateway => "a NAT gateway",
            Self::Network => "a virtual network",
            Self::Subnet => "a subnet",
        }
    }
}

/// Why a text is not the id of what it should name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the resource id of {}, such as /subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Network/...", .0.words())]
pub struct IdError(Kind);

impl ResourceId {
    /// The id of an object of this kind.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, IdError> {
        Self::of_any(text).filter(|id| id.kind() == Some(kind)).ok_or(IdError(kind))
    }

    /// An id that Azure gave, of whatever it is; `None` for what is no id of an object of a resource group.
    pub(crate) fn of_any(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        let ["", "subscriptions", _, "resourcegroups", _, "providers", _, rest @ ..] = parts.as_slice() else {
            return None;
        };
        let is_whole = rest.len() >= 2 && rest.len() % 2 == 0 && parts[1..].iter().all(|part| is_segment(part));
        is_whole.then_some(Self(lower))
    }

    /// The id of an object of this kind with this name, directly in a resource group.
    pub(crate) fn in_group(subscription: &str, group: &str, kind: Kind, name: &str) -> Self {
        Self(format!("{}/{name}", collection(subscription, group, kind)).to_ascii_lowercase())
    }

    /// What it names; `None` for what this crate has nothing to do with.
    pub fn kind(&self) -> Option<Kind> {
        let parts: Vec<&str> = self.0.split('/').collect();
        let ["", _, _, _, _, _, "microsoft.network", inner @ ..] = parts.as_slice() else { return None };
        match inner {
            [kind, _] => Kind::ALL.into_iter().find(|of| of.segment() == *kind && *of != Kind::Subnet),
            ["virtualnetworks", _, "subnets", _] => Some(Kind::Subnet),
            _ => None,
        }
    }

    /// The name: the last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// What it is a part of: the virtual network of a subnet; itself where it is no part.
    pub(crate) fn whole(&self) -> &str {
        self.0.split_once("/subnets/").map_or(self.0.as_str(), |(network, _)| network)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the objects of a kind in a resource group are.
pub(crate) fn collection(subscription: &str, group: &str, kind: Kind) -> String {
    let kind = kind.segment();
    format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/{kind}")
}

/// What can stand between two slashes of an id without changing the path of a request
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>).
pub(crate) fn is_segment(text: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    !text.is_empty() && text != "." && text != ".." && text.chars().all(is_allowed)
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/s1/resourceGroups/Egress/providers/Microsoft.Network";

    #[test]
    fn ids_are_compared_without_case() {
        let one = ResourceId::parse(Kind::Address, &format!("{GROUP}/publicIPAddresses/IP-0"));
        let other = "/Subscriptions/S1/resourcegroups/egress/providers/microsoft.network/PublicIpAddresses/ip-0";
        assert_eq!(one, ResourceId::parse(Kind::Address, other));
        assert_eq!(one.map(|id| id.name().to_owned()), Ok("ip-0".to_owned()));
    }

    #[test]
    fn an_id_names_what_its_path_says() {
        let kinds = [
            ("publicIPPrefixes/a", Some(Kind::Prefix)),
            ("customIPPrefixes/a", Some(Kind::CustomPrefix)),
            ("natGateways/a", Some(Kind::Gateway)),
            ("virtualNetworks/v", Some(Kind::Network)),
            ("virtualNetworks/v/subnets/a", Some(Kind::Subnet)),
            ("subnets/a", None),
            ("loadBalancers/l/frontendIPConfigurations/f", None),
        ];
        for (path, kind) in kinds {
            let id = ResourceId::of_any(&format!("{GROUP}/{path}")).expect("an id");
            assert_eq!(id.kind(), kind, "{path}");
        }
        let subnet = ResourceId::of_any(&format!("{GROUP}/virtualNetworks/v/subnets/a")).expect("an id");
        assert!(subnet.whole().ends_with("/virtualnetworks/v"));
    }

    #[test]
    fn what_would_leave_its_path_is_no_id() {
        for text in ["203.0.113.7", "/subscriptions/s1", "", GROUP] {
            assert!(ResourceId::parse(Kind::Address, text).is_err(), "{text}");
        }
        for name in ["..", "a?b", "a%2fb", "", "a b", "a/b", "a#b"] {
            assert!(ResourceId::parse(Kind::Address, &format!("{GROUP}/publicIPAddresses/{name}")).is_err(), "{name}");
        }
        assert!(ResourceId::parse(Kind::Gateway, &format!("{GROUP}/publicIPAddresses/a")).is_err());
    }
}
