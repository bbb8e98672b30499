//! The tags of gateways.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::MAX_TAGS;
use egress_model::identity::{RESERVED_TAGS, ResourceType, SHOWN_NAME_TAG, own_tags};
use tfplugin::cty::Path;
use tfplugin::model::Arg;

use super::Parser;
use crate::clouds::aws::{self, WrongTag};

type Tags = Arg<BTreeMap<String, Arg<String>>>;

/// How many tags a gateway has that gets all of these, and how many of them the provider needs itself.
fn count<'a>(keys: impl IntoIterator<Item = &'a String>) -> (usize, usize) {
    let keys: BTreeSet<&String> = keys.into_iter().collect();
    let ours = own_tags(ResourceType::NatGateway, keys.iter().any(|key| *key == SHOWN_NAME_TAG));
    (keys.len() + ours, ours)
}

impl Parser {
    /// The tags of all gateways, beside the provider's default tags.
    pub(in super::super) fn tags_of_all(
        &mut self,
        default: &BTreeSet<String>,
        tags: &Tags,
    ) -> BTreeMap<String, String> {
        let at = Path::attribute("tags");
        self.limit(default.iter().chain(tags.known().into_iter().flat_map(BTreeMap::keys)), &at);
        self.checked(tags, &at)
    }

    /// The tags of one gateway, which go before those that it inherits.
    pub(super) fn tags_of_one(
        &mut self,
        inherited: &BTreeSet<String>,
        tags: &Tags,
        at: &Path,
    ) -> BTreeMap<String, String> {
        // Where those that it inherits are too many, that is said of them.
        if count(inherited).0 <= MAX_TAGS {
            self.limit(inherited.iter().chain(tags.known().into_iter().flat_map(BTreeMap::keys)), at);
        }
        self.checked(tags, at)
    }

    fn limit<'a>(&mut self, keys: impl IntoIterator<Item = &'a String>, at: &Path) {
        let (all, ours) = count(keys);
        if all > MAX_TAGS {
            let detail = format!(
                "With the provider's default_tags there are {}, and a NAT gateway on AWS can have {MAX_TAGS}, of \
                 which the provider needs {ours}.",
                all - ours
            );
            self.error("There are too many tags", detail, at.clone());
        }
    }

    fn checked(&mut self, tags: &Tags, at: &Path) -> BTreeMap<String, String> {
        let mut known = BTreeMap::new();
        let Some(tags) = self.known(tags) else { return known };
        for (key, value) in tags {
            let value = self.known(value).cloned().unwrap_or_default();
            if RESERVED_TAGS.contains(&key.as_str()) {
                let detail = "The provider writes this tag itself: it is how the gateways are found again.";
                self.error(format!("The tag {key:?} is reserved"), detail, at.key(key));
            } else {
                self.check(key, &value, at);
            }
            known.insert(key.clone(), value);
        }
        known
    }

    /// The rules of AWS for one tag.
    fn check(&mut self, key: &str, value: &str, at: &Path) {
        let (summary, detail) = match aws::wrong_tag(key, Some(value)) {
            None => return,
            Some(WrongTag::OfAws) => {
                (format!("The tag {key:?} is reserved"), "Keys that begin with aws:, in any case, are AWS's own.")
            }
            Some(WrongTag::Key | WrongTag::Value) => (
                format!("The tag {key:?} cannot be used"),
                "AWS takes keys of 1 to 128 and values of at most 256 characters.",
            ),
        };
        self.error(summary, detail, at.key(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize) -> BTreeSet<String> {
        (0..count).map(|number| format!("d{number}")).collect()
    }

    fn tags(count: usize) -> Tags {
        Arg::Known((0..count).map(|number| (format!("t{number}"), Arg::Known("x".to_owned()))).collect())
    }

    /// Where it is said that there are too many, and how many.
    fn said(parse: impl FnOnce(&mut Parser)) -> Vec<String> {
        let mut parser = Parser::new(BTreeSet::new());
        parse(&mut parser);
        let found = parser.diagnostics.iter();
        found.map(|found| format!("{}: {}", found.path.clone().unwrap_or_default(), found.detail)).collect()
    }

    #[test]
    fn those_of_every_layer_count_and_the_providers_own() {
        let all = |default: usize, own: &Tags| said(|parser| _ = parser.tags_of_all(&keys(default), own));
        let ends = "and a NAT gateway on AWS can have 50, of which the provider needs 6.";
        let too_many = |at: &str| vec![format!("{at}: With the provider's default_tags there are 45, {ends}")];
        // 44, and the provider's five with a name to show.
        for (default, own) in [(0, tags(44)), (30, tags(14)), (44, Arg::Null), (44, Arg::Unknown)] {
            assert_eq!(all(default, &own), Vec::<String>::new(), "{default} {own:?}");
        }
        for (default, own) in [(0, tags(45)), (30, tags(15)), (45, Arg::Null), (45, Arg::Unknown)] {
            assert_eq!(all(default, &own), too_many("tags"), "{default} {own:?}");
        }
        let at = Path::attribute("zone");
        let one = |inherited: usize, own: &Tags| said(|parser| _ = parser.tags_of_one(&keys(inherited), own, &at));
        assert_eq!(one(40, &tags(4)), Vec::<String>::new());
        assert_eq!(one(40, &tags(5)), too_many("zone"));
        assert_eq!(one(45, &tags(1)), Vec::<String>::new(), "said of those that it inherits");
    }
}
