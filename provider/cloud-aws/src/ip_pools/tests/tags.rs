//! How many tags an address has.

use egress_model::identity::{SHOWN_NAME_TAG, own_tags};

use super::*;

/// What a plan counts is what EC2 has then: with as many tags as it takes, and none more.
#[tokio::test]
async fn an_address_has_as_many_tags_as_are_counted() {
    for is_named in [false, true] {
        let server = fast();
        let client = client(&server);
        let most = region(&client).most_tags();
        let room = most - own_tags(ResourceType::IpPool, is_named);
        let mut tags: BTreeMap<String, String> =
            (0..room).map(|number| (format!("t{number}"), "x".to_owned())).collect();
        if is_named {
            tags.remove("t0");
            tags.insert(SHOWN_NAME_TAG.to_owned(), "way out".to_owned());
        }
        let mut wanted = desired(&["a"], "x");
        wanted.holder = Some("instance".parse().expect("a holder"));
        for address in wanted.addresses.values_mut() {
            address.tags.clone_from(&tags);
        }
        let outcome = run(&client, &wanted, &State::new()).await;
        assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
        for address in server.inventory().addresses.values() {
            assert_eq!(address.tags.len(), most, "{:?}", address.tags);
        }
        let state = recorded(&wanted, &State::new(), &outcome.observed);
        for address in wanted.addresses.values_mut() {
            address.tags.insert("more".to_owned(), "x".to_owned());
        }
        let End::Failed { error, .. } = run(&client, &wanted, &state).await.end else { panic!("EC2 takes no more") };
        assert_eq!(error.code, "TagLimitExceeded");
    }
}
