//! What a path of Azure Resource Manager names. Ids are compared without regard to case
//! (<https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>).

/// The kinds of objects that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A public IP address.
    Address,
    /// A public IP prefix.
    Prefix,
    /// A NAT gateway.
    Gateway,
    /// A virtual network.
    Network,
    /// A subnet of a virtual network.
    Subnet,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Address, Self::Prefix, Self::Gateway, Self::Network, Self::Subnet];

    /// The segment of a path that says it.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Address => "publicIPAddresses",
            Self::Prefix => "publicIPPrefixes",
            Self::Gateway => "natGateways",
            Self::Network => "virtualNetworks",
            Self::Subnet => "subnets",
        }
    }

    /// The type in an object's body.
    pub(super) fn type_name(self) -> String {
        match self {
            Self::Subnet => "Microsoft.Network/virtualNetworks/subnets".to_owned(),
            other => format!("Microsoft.Network/{}", other.segment()),
        }
    }

    fn of_segment(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.segment().eq_ignore_ascii_case(text))
    }
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// One object, by its id as it was sent.
    Object { kind: Kind, id: String },
    /// The objects of a kind below this path.
    Collection { kind: Kind, below: String },
    /// The usages of a location.
    Usages,
    /// A long-running operation.
    Operation(u64),
}

/// The subscription and the target of a path.
pub(super) fn parse(path: &str) -> Option<(String, Target)> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let ["subscriptions", subscription, rest @ ..] = parts.as_slice() else { return None };
    let network = |text: &str| text.eq_ignore_ascii_case("Microsoft.Network");
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let target = match rest {
        [providers, space, locations, _, last]
            if is(providers, "providers") && network(space) && is(locations, "locations") =>
        {
            is(last, "usages").then_some(Target::Usages)?
        }
        [providers, space, locations, _, operations, number]
            if is(providers, "providers")
                && network(space)
                && is(locations, "locations")
                && is(operations, "operations") =>
        {
            Target::Operation(number.parse().ok()?)
        }
        [groups, group, providers, space, inner @ ..]
            if is(groups, "resourceGroups") && is(providers, "providers") && network(space) && !group.is_empty() =>
        {
            inner_target(path, inner)?
        }
        _ => return None,
    };
    Some(((*subscription).to_owned(), target))
}

fn inner_target(path: &str, inner: &[&str]) -> Option<Target> {
    let collection = |kind| {
        let below = path.rsplit_once('/').map_or(path, |(before, _)| before);
        Target::Collection { kind, below: format!("{}/", below.to_ascii_lowercase()) }
    };
    match inner {
        [kind] => Kind::of_segment(kind).filter(|kind| *kind != Kind::Subnet).map(collection),
        [kind, _] => {
            let kind = Kind::of_segment(kind).filter(|kind| *kind != Kind::Subnet)?;
            Some(Target::Object { kind, id: path.to_owned() })
        }
        [networks, _, subnets, rest @ ..] if Kind::of_segment(networks) == Some(Kind::Network) => {
            let kind = Kind::of_segment(subnets).filter(|kind| *kind == Kind::Subnet)?;
            match rest {
                [] => Some(collection(kind)),
                [_] => Some(Target::Object { kind, id: path.to_owned() }),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The form by which ids are compared.
pub(super) fn normal(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// The name in an id.
pub(super) fn name(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// The id of the network that a subnet is in.
pub(super) fn network_of(subnet: &str) -> String {
    let normal = normal(subnet);
    normal.split_once("/subnets/").map_or(normal.clone(), |(network, _)| network.to_owned())
}
