//! Schemas, names and capabilities.

use tfplugin_proto::tfplugin6 as proto;
use tonic::Code;

use crate::host::Host;
use crate::values::errors;

#[tokio::test]
async fn what_the_provider_says_of_itself_is_true() {
    let host = Host::start();
    let mut client = host.provider().await;
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    let metadata = client.get_metadata(proto::get_metadata::Request {}).await.unwrap().into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.get_provider_schema_optional && capabilities.plan_destroy && capabilities.move_resource_state);
    assert!(!capabilities.generate_resource_config);
    assert_eq!(metadata.server_capabilities, Some(capabilities));
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let names = metadata.resources.into_iter().map(|r| r.type_name).collect();
    assert_eq!(sorted(names), sorted(schema.resource_schemas.keys().cloned().collect()));
    let names = metadata.functions.into_iter().map(|f| f.name).collect();
    assert_eq!(sorted(names), sorted(schema.functions.keys().cloned().collect()));
    let functions = client.get_functions(proto::get_functions::Request {}).await.unwrap().into_inner();
    assert_eq!(functions.functions, schema.functions);
    let identities = client
        .get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {})
        .await
        .unwrap()
        .into_inner();
    assert!(identities.identity_schemas["shelf_book"].identity_attributes[0].required_for_import);

    // What only other kinds of provider have.
    let generate = client.generate_resource_config(proto::generate_resource_config::Request::default()).await;
    assert_eq!(generate.unwrap_err().code(), Code::Unimplemented);
    let open = client.open_ephemeral_resource(proto::open_ephemeral_resource::Request::default()).await;
    assert_eq!(open.unwrap_err().code(), Code::Unimplemented);
    let action = client.plan_action(proto::plan_action::Request::default()).await;
    assert_eq!(action.unwrap_err().code(), Code::Unimplemented);
    let states = client.get_states(proto::get_states::Request::default()).await;
    assert_eq!(states.unwrap_err().code(), Code::Unimplemented);
    // And a type that no version of this one has.
    let request = proto::read_resource::Request {
        type_name: "shelf_bookend".to_owned(),
        ..proto::read_resource::Request::default()
    };
    let reply = client.read_resource(request).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The provider has no resource shelf_bookend"]);
}
