//! Who owns what: the identity that every object carries, and that finds it again without state.
//!
//! Terraform never tells a provider a resource's address and writes state only when an apply call returns. So identity comes
//! from configuration: the provider's `owner`, the resource type, the resource's `name`, and the map key of the part. All of
//! it is written into the call that creates an object, as tags or labels, or as the object's own name where the cloud has
//! names.
//!
//! The grammar is the intersection of what the clouds take as a tag value, a label value, or part of a name: Google Cloud
//! labels (63 characters, lowercase letters, digits, `_`, `-`) and Kubernetes label values (63 characters, begin and end
//! alphanumeric) are the narrowest; AWS (256), Azure (256) and Alibaba Cloud (128) tag values take more.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The tag or label key that holds the [`Owner`].
pub const OWNER_TAG: &str = "egress-owner";
/// The tag or label key that holds the [`ResourceType`].
pub const TYPE_TAG: &str = "egress-type";
/// The tag or label key that holds the resource's [`Name`].
pub const NAME_TAG: &str = "egress-name";
/// The tag or label key that holds the [`Key`] of one part of a resource.
pub const KEY_TAG: &str = "egress-key";
/// The tag or label key that holds when the object was asked for, in seconds since the Unix epoch: addresses have no
/// creation time of their own, and of two objects with one identity the older is kept.
pub const CREATED_TAG: &str = "egress-created";

/// The tag whose value consoles show as an object's name. It is set on what is made, and never on what is adopted or imported.
pub const SHOWN_NAME_TAG: &str = "Name";

/// The label key that holds the namespace of the resource that an object of the whole cluster belongs to: names are unique in a
/// namespace only.
pub const NAMESPACE_TAG: &str = "egress-namespace";

/// The tag or annotation key that holds the [`Holder`]: which of several resource instances with one identity has the object.
pub const HOLDER_TAG: &str = "egress-holder";
/// The annotation key that holds the configuration of a resource in a cluster, on the first of its objects: what an import reads back.
pub const CONFIGURATION_ANNOTATION: &str = "egress-configuration";

/// The keys that users may not set themselves.
pub const RESERVED_TAGS: [&str; 6] = [OWNER_TAG, TYPE_TAG, NAME_TAG, KEY_TAG, CREATED_TAG, HOLDER_TAG];

/// How many tags an object that the provider makes in a cloud has beside those of the user, who may have given it a name to show. The
/// time is written on addresses alone: gateways have one of their own.
pub fn own_tags(of: ResourceType, is_named: bool) -> usize {
    RESERVED_TAGS.len() - usize::from(of != ResourceType::IpPool) + usize::from(!is_named)
}

/// Whether the name that a part shows is the one that the provider gave it, and so none of the user's tags: it changes with the resource's
/// name. `name` and `key` are those that the part carries.
pub fn shows_given_name(tags: &BTreeMap<String, String>, name: &Name, key: &Key) -> bool {
    tags.get(SHOWN_NAME_TAG).is_some_and(|shown| *shown == given_name(name, key))
}

fn given_name(name: &Name, key: &Key) -> String {
    format!("{name}-{key}")
}

/// Why a text is no owner, name or key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It has no characters.
    #[error("must not be empty")]
    Empty,
    /// It has too many characters.
    #[error("has {length} characters; at most {limit} fit the tags, labels and names of every cloud")]
    TooLong {
        /// How many it has.
        length: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A character that not every cloud takes.
    #[error("contains {0:?}; only lowercase letters, digits and hyphens fit the tags, labels and names of every cloud")]
    Character(char),
    /// The first character is no letter.
    #[error("must begin with a lowercase letter, because Google Cloud names must")]
    Start,
    /// The first or last character is a hyphen.
    #[error("must begin and end with a letter or digit, because Kubernetes label values must")]
    Edge,
}

fn parse(text: &str, limit: usize, letter_first: bool) -> Result<String, IdentityError> {
    let length = text.chars().count();
    if length == 0 {
        return Err(IdentityError::Empty);
    }
    if length > limit {
        return Err(IdentityError::TooLong { length, limit });
    }
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(IdentityError::Character(bad));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(IdentityError::Edge);
    }
    if letter_first && !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(IdentityError::Start);
    }
    Ok(text.to_owned())
}

macro_rules! identity_part {
    ($(#[$doc:meta])* $name:ident, $limit:expr, letter_first: $letter:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The most characters that it may have.
            pub const MAX_LENGTH: usize = $limit;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentityError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text, Self::MAX_LENGTH, $letter).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identity_part! {
    /// Whose objects these are: one per state, and not shared. Lowercase letters, digits and hyphens, beginning with a
    /// letter, at most 32 characters.
    Owner, 32, letter_first: true
}

identity_part! {
    /// A resource's name, unique per owner and resource type. Lowercase letters, digits and hyphens, beginning with a letter,
    /// at most 40 characters.
    Name, 40, letter_first: true
}

identity_part! {
    /// The stable key of one part of a resource, such as one address of a pool. Lowercase letters, digits and hyphens, at most
    /// 40 characters.
    Key, 40, letter_first: false
}

identity_part! {
    /// One resource instance, in words of no meaning. An identity says what an object is; of two instances with one identity, as while
    /// one replaces the other, the holder says which has it now. Lowercase letters, digits and hyphens, at most 32 characters.
    Holder, 32, letter_first: false
}

/// The kinds of resource whose objects carry an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceType {
    /// Public addresses that outlive gateways.
    IpPool,
    /// NAT gateways with their addresses and routes.
    NatGateway,
    /// An egress policy in a cluster.
    Policy,
    /// An egress gateway in a cluster.
    Gateway,
    /// How a managed cluster's own network steers the egress of pods.
    PodNetwork,
    /// Rules, dashboards and monitors of egress in a cluster.
    Monitoring,
    /// The configuration of a collector of egress logs in a cluster.
    LogCollection,
}

impl ResourceType {
    const ALL: [Self; 5] = [Self::IpPool, Self::NatGateway, Self::Policy, Self::Gateway, Self::PodNetwork];

    /// The value of the [`TYPE_TAG`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IpPool => "ip-pool",
            Self::NatGateway => "nat-gateway",
            Self::Policy => "policy",
            Self::Gateway => "gateway",
            Self::PodNetwork => "pod-network",
            Self::Monitoring => "monitoring",
            Self::LogCollection => "log-collection",
        }
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an object that carries `carried` has left the instance `own` for another one. What carries no holder, and whoever knows none,
/// says nothing of that.
pub fn is_held_by_another(carried: Option<&Holder>, own: Option<&Holder>) -> bool {
    matches!((carried, own), (Some(carried), Some(own)) if carried != own)
}

/// The identity of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Whose it is.
    pub owner: Owner,
    /// What it is.
    pub resource_type: ResourceType,
    /// What it is called.
    pub name: Name,
}

/// What a part of a resource carries of its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The resource.
    pub identity: Identity,
    /// The key.
    pub key: Key,
    /// When it was made, in seconds since the Unix epoch; `None` when nothing says so any more.
    pub created: Option<u64>,
    /// The resource instance that has it; `None` when that tag was lost.
    pub holder: Option<Holder>,
}

impl Identity {
    /// The identity that tags hold; `None` where they hold none, or one that cannot be read.
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        let tag = |key: &str| tags.get(key);
        let resource_type =
            ResourceType::ALL.into_iter().find(|known| tag(TYPE_TAG).is_some_and(|ty| ty == known.as_str()));
        let (owner, name) = (tag(OWNER_TAG)?.parse().ok()?, tag(NAME_TAG)?.parse().ok()?);
        Some(Self { owner, resource_type: resource_type?, name })
    }

    /// What consoles show as the name of a part, as its tag `Name`, where the user gives none.
    pub fn shown_name(&self, key: &Key) -> String {
        given_name(&self.name, key)
    }

    /// The tags that every part of the resource carries, beside its key and time.
    pub fn tags(&self) -> [(&'static str, &str); 3] {
        [(OWNER_TAG, self.owner.as_str()), (TYPE_TAG, self.resource_type.as_str()), (NAME_TAG, self.name.as_str())]
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.owner, self.resource_type, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_every_cloud_takes() {
        for text in ["a", "acme-prod", "a1", "team-a-2"] {
            assert_eq!(text.parse::<Owner>().map(|owner| owner.to_string()), Ok(text.to_owned()));
        }
        assert!("1".parse::<Key>().is_ok(), "zone keys such as Azure's begin with a digit");
    }

    #[test]
    fn says_what_is_wrong() {
        let long = "a".repeat(33);
        let cases = [
            ("", IdentityError::Empty),
            (long.as_str(), IdentityError::TooLong { length: 33, limit: 32 }),
            ("Acme", IdentityError::Character('A')),
            ("a_b", IdentityError::Character('_')),
            ("1a", IdentityError::Start),
            ("-a", IdentityError::Edge),
            ("a-", IdentityError::Edge),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Owner>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn an_identity_is_read_from_the_tags_that_it_writes() {
        for resource_type in ResourceType::ALL {
            let identity = Identity { owner: "acme".parse().unwrap(), resource_type, name: "prod".parse().unwrap() };
            let tags: BTreeMap<String, String> =
                identity.tags().into_iter().map(|(tag, value)| (tag.to_owned(), value.to_owned())).collect();
            assert_eq!(Identity::from_tags(&tags), Some(identity.clone()));
            for (tag, _) in identity.tags() {
                let wrong = tags.iter().map(|(key, value)| (key.clone(), value.clone()));
                let wrong: BTreeMap<String, String> = wrong.chain([(tag.to_owned(), "No Name".to_owned())]).collect();
                assert_eq!(Identity::from_tags(&wrong), None, "{tag}");
            }
        }
        assert_eq!(Identity::from_tags(&BTreeMap::new()), None);
    }

    #[test]
    fn a_name_is_given_or_the_users() {
        let (name, key) = ("prod".parse().unwrap(), "a".parse().unwrap());
        let shows = |shown: &str| {
            shows_given_name(&BTreeMap::from([(SHOWN_NAME_TAG.to_owned(), shown.to_owned())]), &name, &key)
        };
        assert!(shows("prod-a"));
        assert!(!shows("prod-b") && !shows("prod") && !shows("way out"));
        assert!(!shows_given_name(&BTreeMap::new(), &name, &key));
    }

    #[test]
    fn the_longest_identity_fits_a_label() {
        // Google Cloud and Kubernetes label values: 63 characters each.
        const { assert!(Owner::MAX_LENGTH <= 63 && Name::MAX_LENGTH <= 63 && Key::MAX_LENGTH <= 63) };
    }
}
