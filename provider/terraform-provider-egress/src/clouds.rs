//! The clouds as Terraform is told of them: what they are called, and what says where an object is. One file each beneath, with the rules
//! of that cloud that all resources share.

pub(crate) mod aws;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tfplugin::cty::{Path, Value};
use tfplugin::schema::declare::string;
use tfplugin::schema::{Attribute, Change, PlanModifier};

/// A cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// The name of its blocks, such as `aws`.
    pub(crate) name: &'static str,
    /// Its name in a sentence, such as `AWS`.
    pub(crate) title: &'static str,
    /// What says where an object is, from wide to narrow: attributes of the cloud's block, each with the provider's as its default.
    pub(crate) parts: &'static [Part],
    /// Reads a global id.
    pub(crate) locate: fn(&str) -> Option<Location>,
}

/// A part of a place.
#[derive(Debug)]
pub(crate) struct Part {
    /// The attribute, such as `region`. In an import id it is `aws.region`.
    pub(crate) name: &'static str,
    /// What it is, for the documentation of identities.
    pub(crate) description: &'static str,
    /// One, for messages.
    pub(crate) example: &'static str,
}

/// The parts of a place that are said, by name. Those that are not said are the provider's.
pub(crate) type Parts = BTreeMap<&'static str, String>;

/// What the global id of an object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The account, subscription or project.
    pub(crate) account: String,
    /// Where in it.
    pub(crate) parts: Parts,
}

/// A place in a cloud, in the account of the provider's credentials.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    cloud: &'static Cloud,
    parts: Parts,
}

/// Where two places of a cloud differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Difference<'a> {
    /// The part.
    pub(crate) part: &'static str,
    /// Of the one.
    pub(crate) one: &'a str,
    /// Of the other.
    pub(crate) other: &'a str,
}

impl Cloud {
    /// The part of this name.
    pub(crate) fn part(&self, name: &str) -> Option<&'static Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The block of a value that chooses this cloud.
    fn block<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.get(self.name).filter(|block| !block.is_null())
    }

    /// Whether a value chooses this cloud.
    pub(crate) fn is_chosen(&self, value: &Value) -> bool {
        self.block(value).is_some()
    }

    /// What a value says of a part, known or not; `None` where it says nothing.
    pub(crate) fn said<'v>(&self, value: &'v Value, part: &Part) -> Option<&'v Value> {
        let block = self.block(value)?;
        if block.is_unknown() { Some(block) } else { block.get(part.name).filter(|said| !said.is_null()) }
    }

    /// The parts that a value says; `None` while one of them is not known.
    pub(crate) fn parts_of(&self, value: &Value) -> Option<Parts> {
        let said = self.parts.iter().filter_map(|part| Some((part.name, self.said(value, part)?)));
        said.map(|(name, said)| Some((name, said.as_str()?.to_owned()))).collect()
    }

    /// A block of this cloud with these parts of a place, and the others left to the provider.
    pub(crate) fn written(&self, mut block: Value, parts: &Parts) -> Value {
        if let Some(attributes) = block.as_object_mut() {
            let said = |part: &Part| (part.name.to_owned(), parts.get(part.name).map(String::as_str).into());
            attributes.extend(self.parts.iter().map(said));
        }
        block
    }

    /// The path of a part.
    pub(crate) fn path(&self, part: &str) -> Path {
        Path::attribute(self.name).child(part)
    }
}

/// The attribute of a part of the place in the block of a resource, which cannot move: another value replaces it.
pub(crate) fn place_attribute(part: &'static str, description: &str) -> Attribute {
    string(part, description).modify(PlanModifier::RequiresReplaceIf(Arc::new(is_another)))
}

/// Whether a change of a part is one to another place, for which the resource is replaced. Where one of the two is the provider's, only the
/// plan knows whether it is the same.
fn is_another(change: Change<'_>) -> bool {
    let written = [change.prior, change.planned].iter().all(|said| !said.is_null() && !said.is_unknown());
    written && change.prior != change.planned
}

impl Place {
    /// The place with these parts, each of which is said.
    pub(crate) fn new(cloud: &'static Cloud, parts: Parts) -> Self {
        Self { cloud, parts }
    }

    /// The cloud.
    pub(crate) fn cloud(&self) -> &'static Cloud {
        self.cloud
    }

    /// Its parts, from wide to narrow.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let value = |part: &'static Part| Some((part.name, self.parts.get(part.name)?.as_str()));
        self.cloud.parts.iter().filter_map(value)
    }

    /// The first part in which it differs from another place of the cloud.
    pub(crate) fn difference<'a>(&'a self, other: &'a Self) -> Option<Difference<'a>> {
        let mut differing = self.parts().zip(other.parts()).filter(|((_, one), (_, other))| one != other);
        differing.next().map(|((part, one), (_, other))| Difference { part, one, other })
    }

    /// Its parts that are not those of another place: what has to be written where the other is the provider's own.
    pub(crate) fn beside(&self, own: &Self) -> Parts {
        let differs = |(name, _): &(&&'static str, &String)| own.parts.get(**name) != self.parts.get(**name);
        self.parts.iter().filter(differs).map(|(name, value)| (*name, value.clone())).collect()
    }

    fn key(&self) -> (&str, &Parts) {
        (self.cloud.name, &self.parts)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// For messages: `AWS in eu-west-1`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.parts().map(|(_, value)| value).collect();
        write!(f, "{} in {}", self.cloud.title, parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::aws::{AWS, place};
    use super::*;

    #[test]
    fn another_region_is_one_that_is_written_and_differs() {
        let (a, b) = (Value::from("us-east-1"), Value::from("eu-west-1"));
        let cases = [
            (&a, &b, true),
            (&a, &a, false),
            (&Value::Null, &a, false),
            (&a, &Value::Null, false),
            (&a, &Value::UNKNOWN, false),
        ];
        for (prior, planned, expected) in cases {
            assert_eq!(is_another(Change { prior, planned }), expected, "{prior:?} {planned:?}");
        }
    }

    #[test]
    fn the_parts_of_a_place_are_those_that_are_said() {
        let with = |region: Value| Value::object([("aws", Value::object([("region", region)]))]);
        let region = |region: &str| Some(Parts::from([("region", region.to_owned())]));
        assert_eq!(AWS.parts_of(&with("us-east-1".into())), region("us-east-1"));
        assert_eq!(AWS.parts_of(&with(Value::Null)), Some(Parts::new()));
        assert_eq!(AWS.parts_of(&with(Value::UNKNOWN)), None);
        assert_eq!(AWS.parts_of(&Value::object([("aws", Value::UNKNOWN)])), None);
        assert_eq!(AWS.parts_of(&Value::object([("aws", Value::Null)])), Some(Parts::new()), "it is not chosen");
    }

    #[test]
    fn places_are_compared_part_by_part() {
        let (one, other) = (place("us-east-1"), place("eu-west-1"));
        let difference = Difference { part: "region", one: "us-east-1", other: "eu-west-1" };
        assert_eq!(one.difference(&other), Some(difference));
        assert_eq!(one.difference(&one.clone()), None);
        assert_eq!(one.beside(&one), Parts::new());
        assert_eq!(one.beside(&other), Parts::from([("region", "us-east-1".to_owned())]));
        assert_eq!(one.to_string(), "AWS in us-east-1");
    }
}
