//! The name that consoles show, and the tags of single gateways.

use egress_model::identity::SHOWN_NAME_TAG;

use super::*;
use crate::nat_gateways::operation::Operation;

/// The tags that a plan sets and removes on gateways that stay.
fn tagged(desired: &Desired, ec2: &Ec2) -> Vec<(BTreeMap<String, String>, BTreeSet<String>)> {
    let tags = plan(desired, &ec2.state).operations.into_iter().filter_map(|operation| match operation {
        Operation::Tag { set, remove, .. } => Some((set, remove)),
        _ => None,
    });
    tags.collect()
}

fn tags(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn name_of(ec2: &Ec2, index: usize) -> Option<&str> {
    ec2.state.gateways[index].tags.get(SHOWN_NAME_TAG).map(String::as_str)
}

#[test]
fn what_is_made_shows_a_name() {
    let mut wanted = two();
    let ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut wanted);
    assert_eq!((name_of(&ec2, 0), name_of(&ec2, 1)), (Some("prod-a"), Some("prod-b")));
    let mut named = Desired { tags: tags(&[("Name", "way out")]), ..two() };
    let ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut named);
    assert_eq!(name_of(&ec2, 0), Some("way out"), "the user's goes before");
    let given_up = Desired { tags: BTreeMap::new(), ..named };
    let expected = [("a", "prod-a"), ("b", "prod-b")].map(|(_, name)| (tags(&[("Name", name)]), BTreeSet::new()));
    assert_eq!(tagged(&given_up, &ec2), expected, "one of the user's that goes gives way to it");
}

#[test]
fn what_is_found_keeps_the_name_that_it_has() {
    let mut wanted = one(&["e1"]);
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut wanted);
    ec2.state.gateways[0].tags.insert("Name".to_owned(), "legacy".to_owned());
    assert_eq!(tagged(&wanted, &ec2), []);
    ec2.state.gateways[0].tags.remove("Name");
    assert_eq!(tagged(&wanted, &ec2), []);
}

#[test]
fn a_renamed_resource_renames_what_it_was_given() {
    let mut wanted = one(&["e1"]);
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut wanted);
    wanted.identity.name = "main".parse().unwrap();
    let name = tags(&[("egress-name", "main")]);
    let both = tags(&[("egress-name", "main"), ("Name", "main-a")]);
    assert_eq!(tagged(&wanted, &ec2), [(both, BTreeSet::new())]);
    ec2.state.gateways[0].tags.insert("Name".to_owned(), "legacy".to_owned());
    assert_eq!(tagged(&wanted, &ec2), [(name, BTreeSet::new())]);
}

#[test]
fn tags_of_one_gateway_are_its_own() {
    let with = |own: &[(&str, &str)]| {
        let mut desired = Desired { tags: tags(&[("team", "net")]), ..two() };
        desired.gateways.get_mut(&key("a")).unwrap().tags = tags(own);
        desired
    };
    let mut wanted = with(&[("team", "edge"), ("stage", "prod")]);
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut wanted);
    let of = |index: usize, tag: &str| ec2.state.gateways[index].tags.get(tag).cloned();
    assert_eq!((of(0, "team"), of(0, "stage")), (Some("edge".to_owned()), Some("prod".to_owned())));
    assert_eq!((of(1, "team"), of(1, "stage")), (Some("net".to_owned()), None));
    // Somebody else's tag of the same key on the other gateway is left alone.
    ec2.state.gateways[1].tags.insert("stage".to_owned(), "test".to_owned());
    let mut without = with(&[]);
    without.recorded = wanted.recorded.clone();
    without.recorded.own_tags = BTreeMap::from([(key("a"), set(&["team", "stage"]))]);
    assert_eq!(tagged(&without, &ec2), [(tags(&[("team", "net")]), set(&["stage"]))]);
}
