//! Configurations before anything is known.

use tfplugin::cty::Value;
use tfplugin_proto::tfplugin6 as proto;

use crate::host::Host;
use crate::session::{changed, dune};
use crate::values::{encode, errors, type_of};

#[tokio::test]
async fn configurations_are_checked_before_anything_is_known() {
    let host = Host::start();
    let mut client = host.provider().await;
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    let ty = type_of(&schema.resource_schemas["shelf_book"]);
    let mut validate = async |config: &Value, write_only| {
        let capabilities =
            proto::ClientCapabilities { write_only_attributes_allowed: write_only, ..Default::default() };
        let request = proto::validate_resource_config::Request {
            type_name: "shelf_book".to_owned(),
            config: encode(config, &ty),
            client_capabilities: Some(capabilities),
        };
        client.validate_resource_config(request).await.unwrap().into_inner().diagnostics
    };
    assert_eq!(validate(&dune(&ty), true).await, []);
    assert_eq!(validate(&changed(&dune(&ty), "number", Value::UNKNOWN), true).await, []);
    let diagnostics = validate(&changed(&dune(&ty), "number", "a/b"), true).await;
    assert_eq!(errors(&diagnostics), ["Bad number"]);
    // Before 1.11 Terraform would store the secret.
    let diagnostics = validate(&dune(&ty), false).await;
    assert_eq!(errors(&diagnostics).len(), 1, "{diagnostics:?}");
    assert!(diagnostics[0].attribute.is_some());
}
