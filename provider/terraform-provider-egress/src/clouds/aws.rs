//! AWS.

use super::{Cloud, Location, Part, Parts, Place};

/// AWS.
pub(crate) static AWS: Cloud = Cloud {
    name: "aws",
    title: "AWS",
    parts: &[Part { name: REGION, description: "The cloud's region", example: "us-east-1" }],
    locate,
};

const REGION: &str = "region";

/// The region that is said.
pub(crate) fn region(parts: &Parts) -> Option<&str> {
    parts.get(REGION).map(String::as_str)
}

/// What says this region.
pub(crate) fn parts(region: &str) -> Parts {
    Parts::from([(REGION, region.to_owned())])
}

/// The region of this name.
pub(crate) fn place(region: &str) -> Place {
    Place::new(&AWS, parts(region))
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:...` (AWS General Reference, "Amazon Resource Names").
fn locate(arn: &str) -> Option<Location> {
    let mut texts = arn.split(':').skip(3).map(ToOwned::to_owned);
    let (region, account) = (texts.next()?, texts.next()?);
    Some(Location { account, parts: parts(&region) })
}

/// Why EC2 does not take a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongTag {
    /// Keys that begin with `aws:`, in any case, are AWS's own.
    OfAws,
    /// A key has 1 to 128 characters.
    Key,
    /// A value has at most 256 characters.
    Value,
}

/// What is wrong with a tag by the limits of the Amazon EC2 user guide, "Tag your Amazon EC2 resources". `value` is the value as far as it
/// is known.
pub(crate) fn wrong_tag(key: &str, value: Option<&str>) -> Option<WrongTag> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        Some(WrongTag::OfAws)
    } else if key.is_empty() || key.chars().count() > 128 {
        Some(WrongTag::Key)
    } else {
        value.filter(|value| value.chars().count() > 256).map(|_| WrongTag::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_tags_are_counted_in_characters() {
        let long = |count: usize| "\u{e9}".repeat(count);
        assert_eq!(wrong_tag(&long(128), Some(&long(256))), None);
        assert_eq!(wrong_tag(&long(129), None), Some(WrongTag::Key));
        assert_eq!(wrong_tag("", None), Some(WrongTag::Key));
        assert_eq!(wrong_tag("team", Some(&long(257))), Some(WrongTag::Value));
        assert_eq!(wrong_tag("AWS:x", None), Some(WrongTag::OfAws));
        assert_eq!(wrong_tag("awsx", Some("")), None);
    }

    #[test]
    fn an_arn_says_where_its_object_is() {
        let location =
            Location { account: "123456789012".to_owned(), parts: [(REGION, "eu-west-1".to_owned())].into() };
        assert_eq!(locate("arn:aws:ec2:eu-west-1:123456789012:elastic-ip/eipalloc-1"), Some(location));
        assert_eq!(locate("eipalloc-1"), None);
    }
}
