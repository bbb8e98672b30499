//! Names of objects, on clouds where an object is created under a name.
//!
//! A name is no identity: it stays when the object is given to another resource, and when it is given up. What says whose an object is
//! are its tags or labels. The name only locks the call that creates: of two processes that create one part of one resource, one is told
//! that the name exists, and finds the other's object under it. So a name follows from the identity. Where it is taken by what will not
//! do, such as an address that this part had and gave up, the next one of a ladder is tried, and every process climbs the same ladder.

use std::future::Future;

use egress_model::identity::{Identity, Key};

use crate::token::digest;
use crate::{Class, Error};

/// How many characters of a name follow from what it names: 200 bits, so that no two parts of anybody ever meet.
const LENGTH: usize = 40;

/// How high a ladder is. Each step is an object that this part once had and that still exists.
const GENERATIONS: u32 = 32;

/// The name of an object for one part of a resource: `eg-` and 40 lower-case letters and digits. That is within what Google Cloud takes
/// as a resource name (RFC 1035, 63 characters, a letter first), and Azure as that of a public IP or a NAT gateway (80 characters).
pub fn object_name(identity: &Identity, key: Option<&Key>, generation: u32) -> String {
    let digest = digest(identity, key, &[], generation);
    let text = data_encoding::BASE32_NOPAD.encode(digest.as_ref()).to_ascii_lowercase();
    format!("eg-{}", &text[..LENGTH])
}

/// How many characters of the name of a part say whose it is: 95 bits, and what a key leaves of the 63 characters of a name.
const OWNER_LENGTH: usize = 19;

/// The name of a part that has no tags or labels, such as a NAT of a router on Google Cloud: here the name is the identity. It is found
/// again among others, without the state, by how it begins; and the key can be read in it.
pub fn part_name(identity: &Identity, key: &Key) -> String {
    format!("{}{key}", part_prefix(identity))
}

/// The key in the name of a part; `None` where the part is somebody else's.
pub fn key_in(identity: &Identity, part_name: &str) -> Option<Key> {
    part_name.strip_prefix(&part_prefix(identity))?.parse().ok()
}

fn part_prefix(identity: &Identity) -> String {
    format!("{}-", &object_name(identity, None, 0)[.."eg-".len() + OWNER_LENGTH])
}

/// What a call that creates an object under a name found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created<T> {
    /// The object, which it made.
    New(T),
    /// The name is taken.
    Exists,
}

/// Creates an object for one part of a resource, or finds the one that another run has created: under the first name of the ladder that
/// is free, or has what `will_do`. `operation` is the call that creates.
pub async fn create<T, C, G>(
    operation: &'static str,
    name: impl Fn(u32) -> String,
    mut create: impl FnMut(String) -> C,
    mut get: impl FnMut(String) -> G,
    mut will_do: impl FnMut(&T) -> bool,
) -> Result<T, Error>
where
    C: Future<Output = Result<Created<T>, Error>>,
    G: Future<Output = Result<Option<T>, Error>>,
{
    for generation in 0..GENERATIONS {
        let name = name(generation);
        if let Created::New(object) = create(name.clone()).await? {
            return Ok(object);
        }
        // One that is gone by now was being deleted: nobody knows when its name is free again.
        if let Some(object) = get(name).await?.filter(|object| will_do(object)) {
            return Ok(object);
        }
    }
    let message = format!("{GENERATIONS} objects of this part exist that were given up, or belong to others by now");
    Err(Error::new(Class::Conflict, operation, message))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    use egress_model::identity::ResourceType;

    use super::*;

    fn identity(name: &str) -> Identity {
        Identity {
            owner: "acme".parse().expect("an owner"),
            resource_type: ResourceType::IpPool,
            name: name.parse().expect("a name"),
        }
    }

    #[test]
    fn a_name_is_the_same_in_every_process_and_fits_every_cloud() {
        let key: Key = "a".parse().expect("a key");
        let name = object_name(&identity("partners"), Some(&key), 0);
        // Written down: a change of this value would make every create of an interrupted run happen twice.
        assert_eq!(name, "eg-df4dfbiurdiwlgftoypphwnpzmi6mty2sn6ucgi6");
        let longest = Identity {
            owner: "o".repeat(32).parse().expect("an owner"),
            name: "n".repeat(40).parse().expect("a name"),
            ..identity("x")
        };
        let names = [
            name,
            object_name(&identity("partners"), Some(&key), 1),
            object_name(&identity("partners"), None, 0),
            object_name(&identity("customers"), Some(&key), 0),
            object_name(&longest, Some(&"k".repeat(40).parse().expect("a key")), u32::MAX),
        ];
        for name in &names {
            assert!(name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert!(name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-')) && !name.ends_with('-'), "{name}");
        }
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn the_name_of_a_part_says_whose_it_is_and_which() {
        let longest: Key = "k".repeat(Key::MAX_LENGTH).parse().expect("a key");
        let name = part_name(&identity("prod"), &longest);
        assert_eq!(name.len(), 63, "what Google Cloud takes");
        assert_eq!(key_in(&identity("prod"), &name), Some(longest));
        assert_eq!(key_in(&identity("test"), &name), None);
        assert_eq!(key_in(&identity("prod"), "nat-1"), None);
    }

    /// Creates in a cloud with these objects, of which the text says whose each is; returns the name and how often it was created.
    async fn created(there: &[(&str, &str)]) -> Result<(String, usize), Class> {
        let objects: BTreeMap<String, String> =
            there.iter().map(|(name, whose)| ((*name).to_owned(), (*whose).to_owned())).collect();
        let (objects, calls) = (RefCell::new(objects), RefCell::new(0));
        let create = |name: String| async {
            *calls.borrow_mut() += 1;
            let mut objects = objects.borrow_mut();
            if objects.contains_key(&name) {
                return Ok(Created::Exists);
            }
            objects.insert(name.clone(), "ours".to_owned());
            Ok(Created::New((name, "ours".to_owned())))
        };
        let get = |name: String| async { Ok(objects.borrow().get(&name).cloned().map(|whose| (name, whose))) };
        let will_do = |(_, whose): &(String, String)| whose == "ours";
        let made = super::create("Insert", |generation| format!("n{generation}"), create, get, will_do).await;
        made.map(|(name, _)| (name, calls.take())).map_err(|error| error.class)
    }

    #[tokio::test]
    async fn takes_what_another_run_made_and_passes_by_what_was_given_up() {
        assert_eq!(created(&[]).await, Ok(("n0".to_owned(), 1)));
        assert_eq!(created(&[("n0", "ours")]).await, Ok(("n0".to_owned(), 1)), "of a run that crashed");
        assert_eq!(created(&[("n0", "retained")]).await, Ok(("n1".to_owned(), 2)));
        assert_eq!(created(&[("n0", "retained"), ("n1", "ours")]).await, Ok(("n1".to_owned(), 2)), "the same ladder");
        let names: Vec<String> = (0..GENERATIONS).map(|generation| format!("n{generation}")).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "retained")).collect();
        assert_eq!(created(&all).await, Err(Class::Conflict));
    }
}
