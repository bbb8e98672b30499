//! How many tags a gateway has.

use egress_model::identity::{SHOWN_NAME_TAG, own_tags};

use super::*;
use crate::MAX_TAGS;

/// What a plan counts is what EC2 has then: with as many tags as it takes, and none more.
#[tokio::test]
async fn a_gateway_has_as_many_tags_as_are_counted() {
    for is_named in [false, true] {
        let world = World::fast();
        let room = MAX_TAGS - own_tags(ResourceType::NatGateway, is_named);
        let mut tags: BTreeMap<String, String> =
            (0..room).map(|number| (format!("t{number}"), "x".to_owned())).collect();
        if is_named {
            tags.remove("t0");
            tags.insert(SHOWN_NAME_TAG.to_owned(), "way out".to_owned());
        }
        let holder = Some("instance".parse().unwrap());
        let wanted = Desired { holder, tags, ..wants([world.zone(0, &[0])]) };
        world.settle(&wanted).await;
        let inventory = world.inventory();
        let (_, gateway) = inventory.live_nat_gateways().next().unwrap();
        assert_eq!(gateway.tags.len(), MAX_TAGS, "{:?}", gateway.tags);
        let more = Desired { tags: wanted.tags.into_iter().chain([("more".into(), "x".into())]).collect(), ..wanted };
        let End::Failed { error, .. } = world.apply(&more).await.end else { panic!("EC2 takes no more") };
        assert_eq!(error.code, "TagLimitExceeded");
    }
}
