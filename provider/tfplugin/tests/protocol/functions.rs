//! Calls of functions.

use tfplugin::cty::Type;
use tfplugin_proto::tfplugin6 as proto;

use crate::host::Host;
use crate::values::{decode, encode};

#[tokio::test]
async fn functions_keep_every_digit_and_name_the_argument_at_fault() {
    let host = Host::start();
    let mut client = host.provider().await;
    let text = |text: &str| encode(&text.into(), &Type::String).unwrap();
    let mut call = async |name: &str, arguments| {
        let request = proto::call_function::Request { name: name.to_owned(), arguments };
        client.call_function(request).await.unwrap().into_inner()
    };
    let reply = call("join", vec![text("-"), text("a"), text("b")]).await;
    assert_eq!(decode(reply.result.as_ref(), &Type::String), "a-b".into());
    let error = call("join", vec![text("")]).await.error.unwrap();
    assert_eq!((error.text.as_str(), error.function_argument), ("the separator is empty", Some(0)));
    let error = call("join", vec![]).await.error.unwrap();
    assert_eq!(error.text, "1 arguments are needed, and 0 were given");
    assert!(call("none", vec![]).await.error.is_some());

    // As Terraform sends them: what no double holds exactly is text. The bytes come back.
    for number in [&b"\xa3\x30.1"[..], b"\xb418446744073709551616", b"\xcb\x40\x04\0\0\0\0\0\0", b"\x07"] {
        let wire = [b"\x92\xc4\x08\"number\"", number].concat();
        let argument = proto::DynamicValue { msgpack: wire.clone(), json: Vec::new() };
        let reply = call("echo", vec![argument]).await;
        assert_eq!(reply.result.map(|result| result.msgpack), Some(wire), "{:?}", reply.error);
    }
}
