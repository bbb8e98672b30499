//! A resource from its first plan to its removal.

use tfplugin::cty::Value;
use tfplugin_proto::tfplugin6 as proto;

use crate::session::{Session, changed, dune, identity_of};
use crate::values::{decode, encode, errors};

#[tokio::test]
async fn a_resource_lives_from_plan_to_removal() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = dune(&ty);

    let (plan, created) = session.put(None, &config, &config).await;
    let planned = decode(plan.planned_state.as_ref(), &ty);
    assert!(planned.get("id").unwrap().is_unknown() && planned.get("token").unwrap().is_unknown());
    assert_eq!(planned.get("pages"), Some(&100.into()), "the default");
    assert!(planned.get("secret").unwrap().is_null(), "a write-only value is in no plan");
    let state = decode(created.new_state.as_ref(), &ty);
    assert!(state.is_wholly_known());
    assert!(state.get("secret").unwrap().is_null(), "a write-only value is in no state");
    assert_eq!(state.get("price").unwrap().as_number().unwrap().to_string(), "0.1");
    assert_eq!(identity_of(created.new_identity.as_ref()).get("number"), Some(&"1".into()));
    let shelved = std::fs::read_to_string(session.folder.path().join("1.json")).unwrap();
    assert!(shelved.contains(r#""secret_length":7"#), "the handler saw the write-only value: {shelved}");

    // Nothing changes: the plan is the state.
    let proposed = changed(&state, "secret", "melange");
    let request = proto::plan_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: created.new_state.clone(),
        proposed_new_state: encode(&proposed, &ty),
        config: encode(&config, &ty),
        prior_private: created.private.clone(),
        prior_identity: created.new_identity.clone(),
        ..proto::plan_resource_change::Request::default()
    };
    let plan = session.client.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(decode(plan.planned_state.as_ref(), &ty), state);
    assert_eq!(plan.requires_replace, []);

    // A change in place keeps what stays and leaves open what may change.
    let config = changed(&config, "title", "Dune Messiah");
    let proposed = changed(&proposed, "title", "Dune Messiah");
    let (plan, updated) = session.put(Some(&created), &config, &proposed).await;
    let planned = decode(plan.planned_state.as_ref(), &ty);
    assert_eq!(planned.get("id"), Some(&"1".into()));
    assert!(planned.get("revision").unwrap().is_unknown());
    assert_eq!(decode(updated.new_state.as_ref(), &ty).get("revision"), Some(&2.into()));
    assert_eq!(updated.private, created.private);
    assert_eq!(updated.new_identity, created.new_identity);

    // Another number is another book.
    let other = changed(&config, "number", "2");
    let request = proto::plan_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: updated.new_state.clone(),
        proposed_new_state: encode(&changed(&proposed, "number", "2"), &ty),
        config: encode(&other, &ty),
        prior_identity: updated.new_identity.clone(),
        ..proto::plan_resource_change::Request::default()
    };
    let plan = session.client.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(errors(&plan.diagnostics), [] as [&str; 0]);
    assert_eq!(plan.requires_replace.len(), 1, "{:?}", plan.requires_replace);

    // It is looked at, and then removed.
    let request = proto::read_resource::Request {
        type_name: "shelf_book".to_owned(),
        current_state: updated.new_state.clone(),
        private: updated.private.clone(),
        current_identity: updated.new_identity.clone(),
        ..proto::read_resource::Request::default()
    };
    let read = session.client.read_resource(request.clone()).await.unwrap().into_inner();
    assert_eq!(read.new_state, updated.new_state);
    assert_eq!(read.private, updated.private);
    let remove = proto::apply_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: updated.new_state.clone(),
        planned_state: encode(&Value::Null, &ty),
        config: encode(&Value::Null, &ty),
        planned_private: updated.private.clone(),
        planned_identity: updated.new_identity.clone(),
        provider_meta: None,
    };
    let removed = session.client.apply_resource_change(remove).await.unwrap().into_inner();
    assert_eq!(errors(&removed.diagnostics), [] as [&str; 0]);
    assert!(decode(removed.new_state.as_ref(), &ty).is_null());
    let read = session.client.read_resource(request).await.unwrap().into_inner();
    assert!(decode(read.new_state.as_ref(), &ty).is_null(), "it is gone");
    assert_eq!(read.new_identity, None);
}

#[tokio::test]
async fn a_failed_create_leaves_no_state_and_a_destroy_plan_is_heard() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = changed(&dune(&ty), "title", "Bible");
    let (_, created) = session.put(None, &config, &config).await;

    let planned = changed(&decode(created.new_state.as_ref(), &ty), "title", "Bible");
    let request = proto::apply_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        planned_state: encode(&planned, &ty),
        config: encode(&config, &ty),
        ..proto::apply_resource_change::Request::default()
    };
    let reply = session.client.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The book is on the shelf already"]);
    assert!(reply.diagnostics[0].attribute.is_some());
    assert!(decode(reply.new_state.as_ref(), &ty).is_null());
    assert_eq!(reply.new_identity, None);

    let request = proto::plan_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: created.new_state.clone(),
        proposed_new_state: encode(&Value::Null, &ty),
        config: encode(&Value::Null, &ty),
        ..proto::plan_resource_change::Request::default()
    };
    let plan = session.client.plan_resource_change(request).await.unwrap().into_inner();
    assert!(decode(plan.planned_state.as_ref(), &ty).is_null());
    assert_eq!(plan.diagnostics.len(), 1);
    assert_eq!(plan.diagnostics[0].summary, "A bible leaves the shelf");
}
