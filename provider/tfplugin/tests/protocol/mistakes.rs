//! A provider's mistakes: each is reported by name, and nothing that exists is forgotten.

use tfplugin::cty::{Type, Value};
use tfplugin_proto::tfplugin6 as proto;

use crate::session::Session;
use crate::values::{decode, encode, errors, with};

async fn create(session: &mut Session, mischief: &str) -> (Vec<String>, Value) {
    let apply = session.gremlin_create(mischief, "");
    let reply = session.client.apply_resource_change(apply).await.unwrap().into_inner();
    let state = session.gremlin(reply.new_state.as_ref());
    (errors(&reply.diagnostics).into_iter().map(str::to_owned).collect(), state)
}

#[tokio::test]
async fn what_was_made_is_in_the_state_whatever_else_went_wrong() {
    let mut session = Session::start().await;

    let (errors, state) = create(&mut session, "unknown").await;
    assert_eq!(errors, ["The provider left a value unknown"]);
    assert_eq!((state.get("mischief"), state.get("result")), (Some(&"unknown".into()), Some(&Value::Null)));

    // The handler's own error is enough: nobody needs a message that an unfinished object has open values.
    let (errors, state) = create(&mut session, "fail late").await;
    assert_eq!(errors, ["The gremlin stumbled"]);
    assert_eq!((state.get("mischief"), state.get("result")), (Some(&"fail late".into()), Some(&Value::Null)));

    let (errors, state) = create(&mut session, "contradict").await;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(state.get("result"), Some(&"done".into()));

    let (errors, state) = create(&mut session, "misfit").await;
    assert!(errors.contains(&"The provider returned a state that does not fit its schema".to_owned()), "{errors:?}");
    assert_eq!((state.get("mischief"), state.get("result")), (Some(&"misfit".into()), Some(&Value::Null)));

    let (errors, state) = create(&mut session, "nothing").await;
    assert_eq!(errors, ["The provider did not make the object"]);
    assert!(state.is_null());

    // Not an error: Terraform would replace the object for it.
    let (errors, state) = create(&mut session, "no identity").await;
    assert_eq!(errors, [] as [&str; 0]);
    assert_eq!(state.get("result"), Some(&"done".into()));
}

#[tokio::test]
async fn an_object_that_was_not_removed_stays_in_the_state() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_gremlin");
    let prior = with(&ty, [("mischief", "stay".into()), ("result", "done".into())]);
    let request = proto::apply_resource_change::Request {
        type_name: "shelf_gremlin".to_owned(),
        prior_state: encode(&prior, &ty),
        planned_state: encode(&Value::Null, &ty),
        config: encode(&Value::Null, &ty),
        ..proto::apply_resource_change::Request::default()
    };
    let reply = session.client.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The provider did not remove the object"]);
    assert_eq!(session.gremlin(reply.new_state.as_ref()), prior);
}

#[tokio::test]
async fn an_identity_never_changes() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_gremlin");
    let identity_type = Type::object([("name", Type::String)]);
    let identity =
        proto::ResourceIdentityData { identity_data: encode(&Value::object([("name", "gremlin")]), &identity_type) };
    let state = with(&ty, [("mischief", "another identity".into()), ("result", "done".into())]);
    let request = proto::read_resource::Request {
        type_name: "shelf_gremlin".to_owned(),
        current_state: encode(&state, &ty),
        current_identity: Some(identity.clone()),
        ..proto::read_resource::Request::default()
    };
    let reply = session.client.read_resource(request.clone()).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The provider changed the object's identity"]);
    assert_eq!(reply.new_identity, Some(identity));
    assert_eq!(session.gremlin(reply.new_state.as_ref()), state);

    // State of a time before identities gets one.
    let request = proto::read_resource::Request { current_identity: None, ..request };
    let reply = session.client.read_resource(request).await.unwrap().into_inner();
    assert_eq!(reply.diagnostics, []);
    let identity = decode(reply.new_identity.unwrap().identity_data.as_ref(), &identity_type);
    assert_eq!(identity.get("name"), Some(&"somebody else".into()));
}

#[tokio::test]
async fn a_panic_while_reading_keeps_the_state() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_gremlin");
    let state = with(&ty, [("mischief", "panic on read".into()), ("result", "done".into())]);
    let request = proto::read_resource::Request {
        type_name: "shelf_gremlin".to_owned(),
        current_state: encode(&state, &ty),
        ..proto::read_resource::Request::default()
    };
    let reply = session.client.read_resource(request).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The provider crashed"]);
    assert_eq!(reply.new_state, None);
}
