//! Objects that exist already.

use tfplugin::cty::Value;
use tfplugin_proto::tfplugin6 as proto;

use crate::session::{Session, dune, identity_of};
use crate::values::{decode, encode, errors};

#[tokio::test]
async fn an_object_is_imported_by_id_and_by_identity() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = dune(&ty);
    session.put(None, &config, &config).await;
    let identity = Value::object([("number", "1")]);
    let by_id = proto::import_resource_state::Request {
        type_name: "shelf_book".to_owned(),
        id: "1".to_owned(),
        ..proto::import_resource_state::Request::default()
    };
    let by_identity = proto::import_resource_state::Request {
        id: String::new(),
        identity: Some(proto::ResourceIdentityData { identity_data: encode(&identity, &Session::identity_type()) }),
        ..by_id.clone()
    };
    for request in [by_id, by_identity] {
        let reply = session.client.import_resource_state(request).await.unwrap().into_inner();
        assert_eq!(reply.diagnostics, []);
        let [imported] = &reply.imported_resources[..] else { panic!("not one object") };
        assert_eq!(imported.type_name, "shelf_book");
        assert_eq!(decode(imported.state.as_ref(), &ty).get("title"), Some(&"Dune".into()));
        assert_eq!(identity_of(imported.identity.as_ref()), identity);
        // The first read after an import ends the framework's own note in the private data.
        assert!(!imported.private.is_empty());
        let request = proto::read_resource::Request {
            type_name: "shelf_book".to_owned(),
            current_state: imported.state.clone(),
            private: imported.private.clone(),
            current_identity: imported.identity.clone(),
            ..proto::read_resource::Request::default()
        };
        let read = session.client.read_resource(request).await.unwrap().into_inner();
        assert_eq!(read.diagnostics, []);
        assert!(read.private.is_empty());
    }
    let missing = proto::import_resource_state::Request {
        type_name: "shelf_book".to_owned(),
        id: "404".to_owned(),
        ..proto::import_resource_state::Request::default()
    };
    let reply = session.client.import_resource_state(missing).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["There is no such book"]);
}
