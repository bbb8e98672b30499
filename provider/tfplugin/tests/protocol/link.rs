//! The handshake and who is let in.

use std::process::Stdio;

use tfplugin_proto::plugin::ConnInfo;
use tfplugin_proto::plugin::grpc_broker_client::GrpcBrokerClient;
use tfplugin_proto::plugin::grpc_stdio_client::GrpcStdioClient;
use tfplugin_proto::tfplugin6 as proto;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::host::{Host, Identity, Options, bare_command, command, provider, shutdown};

async fn has_schema(client: &mut proto::provider_client::ProviderClient<tonic::transport::Channel>) -> bool {
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    schema.resource_schemas.contains_key("shelf_book")
}

#[tokio::test]
async fn the_line_says_where_and_how_to_connect() {
    let host = Host::start();
    let fields = host.fields();
    assert_eq!(fields.len(), 6, "{}", host.line);
    assert_eq!((fields[0], fields[1], fields[2], fields[4]), ("1", "6", "unix", "grpc"));
    assert!(!fields[5].contains('='), "base64 has no padding here");
    assert!(host.line.ends_with('\n'));
    assert!(has_schema(&mut host.provider().await).await);
}

#[tokio::test]
async fn a_host_that_asks_hears_that_connections_are_not_multiplexed() {
    let host = Host::start_with(&Options { variables: &[("PLUGIN_MULTIPLEX_GRPC", "true")], ..Options::default() });
    assert_eq!(host.fields()[6], "false");
    assert!(has_schema(&mut host.provider().await).await);
}

#[test]
fn without_the_cookie_the_program_explains_itself() {
    for mut command in [bare_command(), {
        let mut command = command(None);
        command.env("TF_PLUGIN_MAGIC_COOKIE", "another");
        command
    }] {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("It is a plugin: Terraform starts it"), "{text}");
        assert!(text.contains("registry.terraform.io/example/shelf"), "{text}");
    }
}

#[test]
fn a_broken_client_certificate_ends_the_start() {
    let output = command(None).env("PLUGIN_CLIENT_CERT", "not a certificate").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("PLUGIN_CLIENT_CERT"));
}

#[tokio::test]
async fn nobody_but_the_host_is_let_in() {
    let host = Host::start();
    let request = || proto::get_provider_schema::Request {};

    // TLS 1.3 tells a client of its refusal only when it reads: the first call fails at the latest.
    for (who, client) in [("another certificate", Some(Identity::new())), ("no certificate", None)] {
        if let Ok(channel) = host.connect_as(client.as_ref()).await {
            assert!(provider(channel).get_provider_schema(request()).await.is_err(), "a client with {who} was let in");
        }
    }
    if let Ok(channel) = host.connect_plain().await {
        assert!(provider(channel).get_provider_schema(request()).await.is_err(), "a client without TLS was let in");
    }
    // And they have not kept the host from its provider.
    assert!(has_schema(&mut host.provider().await).await);
}

#[tokio::test]
async fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let host = Host::start();
    let _mute = tokio::net::UnixStream::connect(host.socket()).await.unwrap();
    assert!(has_schema(&mut host.provider().await).await);
}

#[tokio::test]
async fn without_a_client_certificate_the_link_is_plain() {
    // What TF_DISABLE_PLUGIN_TLS makes the host do.
    let host = Host::start_with(&Options { no_tls: true, ..Options::default() });
    assert_eq!(host.fields()[5], "");
    assert!(has_schema(&mut provider(host.connect_plain().await.unwrap())).await);
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_leaves_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    let variables = [("PLUGIN_UNIX_SOCKET_DIR", deep.to_str().unwrap())];
    let host = Host::start_with(&Options { variables: &variables, ..Options::default() });
    assert_eq!(host.fields()[2], "tcp");
    assert!(host.socket().starts_with("127.0.0.1:"));
    assert!(has_schema(&mut host.provider().await).await);
}

#[tokio::test]
async fn the_socket_is_made_where_the_host_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("PLUGIN_UNIX_SOCKET_DIR", folder.path().to_str().unwrap())];
    let mut host = Host::start_with(&Options { variables: &variables, ..Options::default() });
    assert!(host.socket().starts_with(variables[0].1));
    shutdown(host.connect().await.unwrap()).await.unwrap();
    host.wait(std::time::Duration::from_secs(2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the socket stayed");
}

#[tokio::test]
async fn the_services_of_go_plugin_answer() {
    let host = Host::start();
    let channel = host.connect().await.unwrap();
    let request = tonic_health::pb::HealthCheckRequest { service: "plugin".to_owned() };
    let health = HealthClient::new(channel.clone()).check(request).await.unwrap().into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);

    let mut stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    let offers = tokio_stream::pending::<ConnInfo>();
    let mut broker = GrpcBrokerClient::new(channel.clone()).start_stream(offers).await.unwrap().into_inner();
    let silence = std::time::Duration::from_millis(100);
    assert!(tokio::time::timeout(silence, stdio.message()).await.is_err(), "the output stream is not silent");
    assert!(tokio::time::timeout(silence, broker.message()).await.is_err(), "the broker is not silent");

    shutdown(channel).await.unwrap();
    assert!(stdio.message().await.is_ok_and(|last| last.is_none()), "the stream did not end in order");
}

#[tokio::test]
async fn a_message_may_be_larger_than_grpcs_default() {
    let host = Host::start();
    let mut client = host.provider().await;
    let text = "x".repeat(20 << 20);
    let argument = tfplugin::cty::Value::Dynamic(Box::new((tfplugin::cty::Type::String, text.into())));
    let argument = crate::values::encode(&argument, &tfplugin::cty::Type::Dynamic);
    let request = proto::call_function::Request { name: "echo".to_owned(), arguments: vec![argument.clone().unwrap()] };
    let reply = client.call_function(request).await.unwrap().into_inner();
    assert_eq!(reply.error, None);
    assert!(reply.result == argument, "20 MiB did not come back");
}

#[tokio::test]
async fn in_debug_mode_a_host_attaches_again_and_again() {
    let mut child = bare_command().arg("-debug").stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut value = String::new();
    while !value.contains("TF_REATTACH_PROVIDERS='") {
        value.clear();
        assert_ne!(std::io::BufRead::read_line(&mut stdout, &mut value).unwrap(), 0, "the variable was not printed");
    }
    let json = value.trim().trim_start_matches("TF_REATTACH_PROVIDERS='").trim_end_matches('\'');
    let plugins: serde_json::Value = serde_json::from_str(json).unwrap();
    let plugin = &plugins["registry.terraform.io/example/shelf"];
    assert_eq!(plugin["Pid"], child.id());
    assert_eq!(
        (&plugin["Protocol"], &plugin["ProtocolVersion"], &plugin["Test"]),
        (&"grpc".into(), &6.into(), &true.into())
    );
    let socket = plugin["Addr"]["String"].as_str().unwrap().to_owned();

    for _ in 0..2 {
        let mut client = provider(crate::host::dial_plain("unix", &socket).await.unwrap());
        assert!(has_schema(&mut client).await);
        let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
        let ty = crate::values::type_of(schema.provider.as_ref().unwrap());
        let config = crate::values::with(&ty, [("directory", "/tmp".into())]);
        let request = proto::configure_provider::Request {
            config: crate::values::encode(&config, &ty),
            terraform_version: "1.11.4".to_owned(),
            client_capabilities: None,
        };
        let reply = client.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(reply.diagnostics, []);
        // An interrupted run must not spoil the next one's.
        client.stop_provider(proto::stop_provider::Request {}).await.unwrap();
    }
    assert!(services(&socket).await.contains(&"tfplugin6.Provider".to_owned()));
    // The person ends it as every program.
    crate::host::signal(child.id(), "INT");
    assert!(child.wait().unwrap().success());
    assert!(!std::path::Path::new(&socket).exists());
}

/// What a person with a gRPC client sees.
async fn services(socket: &str) -> Vec<String> {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let channel = crate::host::dial_plain("unix", socket).await.unwrap();
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(question))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(services)) = answer else { panic!("{answer:?}") };
    services.service.into_iter().map(|service| service.name).collect()
}
