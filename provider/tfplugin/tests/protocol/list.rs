//! Lists of what exists.

use tfplugin::cty::Value;
use tfplugin_proto::tfplugin6 as proto;

use crate::session::{Session, changed, dune, identity_of};
use crate::values::{decode, encode, type_of, with};

#[tokio::test]
async fn a_list_streams_what_exists_until_the_host_has_enough() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    for number in ["1", "2", "30"] {
        let config = changed(&dune(&ty), "number", number);
        session.put(None, &config, &config).await;
    }
    let list_type = type_of(&session.schema.list_resource_schemas["shelf_book"]);
    let request = |include, prefix: Value| proto::list_resource::Request {
        type_name: "shelf_book".to_owned(),
        config: encode(&with(&list_type, [("starts_with", prefix)]), &list_type),
        include_resource_object: include,
        limit: 100,
    };
    let mut events = session.client.list_resource(request(true, Value::Null)).await.unwrap().into_inner();
    let mut numbers = Vec::new();
    while let Some(event) = events.message().await.unwrap() {
        assert_eq!(event.diagnostic, []);
        assert_eq!(event.display_name, "Dune");
        let state = decode(event.resource_object.as_ref(), &ty);
        let identity = identity_of(event.identity.as_ref());
        assert_eq!(state.get("number"), identity.get("number"));
        numbers.push(identity.get("number").and_then(Value::as_str).unwrap().to_owned());
    }
    assert_eq!(numbers, ["1", "2", "30"]);

    let mut events = session.client.list_resource(request(false, "3".into())).await.unwrap().into_inner();
    let event = events.message().await.unwrap().unwrap();
    assert_eq!(event.resource_object, None);
    assert_eq!(events.message().await.unwrap(), None);

    let mut events = session.client.list_resource(request(false, Value::Null)).await.unwrap().into_inner();
    events.message().await.unwrap();
    drop(events);
    assert!(session.host.is_running());
}
