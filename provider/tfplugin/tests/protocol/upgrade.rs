//! State of other versions and of other resources.

use tfplugin_proto::tfplugin6 as proto;

use crate::host::Host;
use crate::session::identity_of;
use crate::values::{decode, errors, type_of};

#[tokio::test]
async fn state_is_upgraded_and_taken_over_on_an_unconfigured_process() {
    let host = Host::start();
    let mut client = host.provider().await;
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    let ty = type_of(&schema.resource_schemas["shelf_book"]);
    let raw = |json: &str| Some(proto::RawState { json: json.as_bytes().to_vec(), ..proto::RawState::default() });
    let mut upgrade = async |version, json| {
        let request = proto::upgrade_resource_state::Request {
            type_name: "shelf_book".to_owned(),
            version,
            raw_state: raw(json),
        };
        client.upgrade_resource_state(request).await.unwrap().into_inner()
    };
    // Of an older version: the resource's own code.
    let reply = upgrade(0, r#"{"number":"1","name":"Dune"}"#).await;
    assert_eq!(reply.diagnostics, []);
    assert_eq!(decode(reply.upgraded_state.as_ref(), &ty).get("title"), Some(&"Dune".into()));
    // Of the same version: what the schema does not have any more is passed over, every digit stays.
    let reply =
        upgrade(1, r#"{"number":"1","title":"Dune","price":0.10000000000000000000000000000000000001,"old":1}"#).await;
    assert_eq!(reply.diagnostics, []);
    let state = decode(reply.upgraded_state.as_ref(), &ty);
    assert_eq!(
        state.get("price").unwrap().as_number().unwrap().to_string(),
        "0.10000000000000000000000000000000000001"
    );
    assert_eq!(errors(&upgrade(2, "{}").await.diagnostics), ["The stored state is of a newer version of the provider"]);
    assert_eq!(errors(&upgrade(1, "{").await.diagnostics), ["The stored state cannot be read"]);
    assert_eq!(
        errors(&upgrade(1, r#"{"title":{}}"#).await.diagnostics),
        ["The stored state does not fit the provider's schema"]
    );
    assert_eq!(
        errors(&upgrade(0, r#"{"other":1}"#).await.diagnostics),
        ["The provider returned an upgraded state that does not fit its schema"]
    );

    let mut take_over = async |from: &str, json| {
        let request = proto::move_resource_state::Request {
            source_provider_address: "terraform.io/builtin/terraform".to_owned(),
            source_type_name: from.to_owned(),
            source_state: raw(json),
            target_type_name: "shelf_book".to_owned(),
            ..proto::move_resource_state::Request::default()
        };
        client.move_resource_state(request).await.unwrap().into_inner()
    };
    let reply = take_over("terraform_data", r#"{"id":"x","input":{"number":"7","title":"Emma"}}"#).await;
    assert_eq!(reply.diagnostics, []);
    assert_eq!(decode(reply.target_state.as_ref(), &ty).get("title"), Some(&"Emma".into()));
    assert_eq!(identity_of(reply.target_identity.as_ref()).get("number"), Some(&"7".into()));
    let reply = take_over("other_thing", "{}").await;
    assert_eq!(errors(&reply.diagnostics), ["other_thing cannot become shelf_book"]);

    let request = proto::upgrade_resource_identity::Request {
        type_name: "shelf_book".to_owned(),
        version: 0,
        raw_identity: raw(r#"{"number":"1"}"#),
    };
    let reply = client.upgrade_resource_identity(request).await.unwrap().into_inner();
    assert_eq!(identity_of(reply.upgraded_identity.as_ref()).get("number"), Some(&"1".into()));
}
