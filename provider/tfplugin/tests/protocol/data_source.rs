//! Reads of data sources.

use tfplugin::cty::Value;
use tfplugin_proto::tfplugin6 as proto;

use crate::session::{Session, dune};
use crate::values::{decode, encode, type_of, with};

#[tokio::test]
async fn the_catalogue_reads_what_is_there() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = dune(&ty);
    session.put(None, &config, &config).await;
    let data_type = type_of(&session.schema.data_source_schemas["shelf_catalogue"]);
    let request = proto::read_data_source::Request {
        type_name: "shelf_catalogue".to_owned(),
        config: encode(&with(&data_type, []), &data_type),
        ..proto::read_data_source::Request::default()
    };
    let reply = session.client.read_data_source(request).await.unwrap().into_inner();
    assert_eq!(reply.diagnostics, []);
    let titles = decode(reply.state.as_ref(), &data_type);
    assert_eq!(titles.get("titles"), Some(&Value::map([("1", "Dune")])));
}
