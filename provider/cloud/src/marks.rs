//! How an object carries its identity: as tags or labels, the same on every cloud.

use std::collections::BTreeMap;
use std::time::SystemTime;

use egress_model::identity::{
    CREATED_TAG, HOLDER_TAG, Holder, Identity, KEY_TAG, Key, NAME_TAG, OWNER_TAG, RESERVED_TAGS, ResourceType, TYPE_TAG,
};
use egress_model::ip_pool::Mark;

/// Tags or labels, by key.
pub type Tags = BTreeMap<String, String>;

/// The tags that say that an object is this part of a resource.
pub fn identity_tags(identity: &Identity, key: &Key, holder: Option<&Holder>) -> Tags {
    let part = [(KEY_TAG, key.as_str())].into_iter().chain(holder.map(|holder| (HOLDER_TAG, holder.as_str())));
    identity.tags().into_iter().chain(part).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The same for an object that is asked for now. The time is written where the cloud keeps none: of two objects of one part the older is
/// kept.
pub fn new_identity_tags(identity: &Identity, key: &Key, holder: Option<&Holder>) -> Tags {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut tags = identity_tags(identity, key, holder);
    tags.insert(CREATED_TAG.to_owned(), now.to_string());
    tags
}

/// The identity that tags carry; `None` where they carry none, or one that cannot be read.
pub fn mark_of(tags: &Tags) -> Option<Mark> {
    const TYPES: [ResourceType; 2] = [ResourceType::IpPool, ResourceType::NatGateway];
    let tag = |name| tags.get(name).map(String::as_str);
    let resource_type = TYPES.into_iter().find(|of| tag(TYPE_TAG) == Some(of.as_str()))?;
    let identity = Identity { owner: tag(OWNER_TAG)?.parse().ok()?, resource_type, name: tag(NAME_TAG)?.parse().ok()? };
    Some(Mark {
        identity,
        key: tag(KEY_TAG)?.parse().ok()?,
        created: tag(CREATED_TAG).and_then(|seconds| seconds.parse().ok()),
        holder: tag(HOLDER_TAG).and_then(|holder| holder.parse().ok()),
    })
}

/// The tags that are the user's own.
pub fn without_identity(tags: &Tags) -> Tags {
    let own = |(name, _): &(&String, &String)| !RESERVED_TAGS.contains(&name.as_str());
    tags.iter().filter(own).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let identity = Identity {
            owner: "acme".parse().expect("an owner"),
            resource_type: ResourceType::NatGateway,
            name: "prod".parse().expect("a name"),
        };
        let (key, holder): (Key, Holder) = ("a".parse().expect("a key"), "h1".parse().expect("a holder"));
        let mut tags = new_identity_tags(&identity, &key, Some(&holder));
        tags.insert("team".to_owned(), "x".to_owned());
        let mark = mark_of(&tags).expect("an identity");
        assert!(mark.created.is_some_and(|seconds| seconds > 1_700_000_000));
        assert_eq!((mark.identity, mark.key, mark.holder), (identity, key, Some(holder)));
        assert_eq!(without_identity(&tags), Tags::from([("team".to_owned(), "x".to_owned())]));
    }

    #[test]
    fn a_part_of_an_identity_is_none() {
        let identity = Identity {
            owner: "acme".parse().expect("an owner"),
            resource_type: ResourceType::IpPool,
            name: "prod".parse().expect("a name"),
        };
        let whole = identity_tags(&identity, &"a".parse().expect("a key"), None);
        assert!(mark_of(&whole).is_some());
        for name in whole.keys() {
            let mut part = whole.clone();
            part.remove(name);
            assert_eq!(mark_of(&part), None, "without {name}");
        }
    }
}
