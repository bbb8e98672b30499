//! How calls and the process end.

use std::process::Command;
use std::time::{Duration, Instant};

use tfplugin::cty::Value;
use tfplugin_proto::plugin::grpc_stdio_client::GrpcStdioClient;
use tfplugin_proto::tfplugin6 as proto;

use crate::host::{Host, Identity, command, shutdown, signal};
use crate::session::Session;

#[tokio::test]
async fn shutdown_ends_the_process_at_once_and_leaves_nothing() {
    let mut host = Host::start();
    let channel = host.connect().await.unwrap();
    // As Terraform does, with a stream open that never ends by itself.
    let _stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap();
    let begin = Instant::now();
    shutdown(channel).await.unwrap();
    let status = host.wait(Duration::from_secs(2));
    println!("from Shutdown to the end: {:?}", begin.elapsed());
    assert!(status.success());
    assert!(begin.elapsed() < Duration::from_millis(500), "took {:?}", begin.elapsed());
    assert!(!std::path::Path::new(host.socket()).exists());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_call_that_hangs() {
    let mut session = Session::start().await;
    let mut other = session.clone_client();
    let apply = session.gremlin_create("slow", "");
    let call = tokio::spawn(async move { other.apply_resource_change(apply).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    let _ = shutdown(session.channel.clone()).await;
    session.host.wait(Duration::from_secs(2));
    assert!(begin.elapsed() < Duration::from_secs(1), "took {:?}", begin.elapsed());
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn an_interrupt_is_the_hosts_to_handle() {
    let mut session = Session::start().await;
    let apply = session.gremlin_create("slow", "");
    let mut other = session.clone_client();
    let call = tokio::spawn(async move { other.apply_resource_change(apply).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // A terminal sends it to the whole group.
    session.host.signal("INT");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(session.host.is_running());
    assert!(!call.is_finished(), "the interrupt ended a call");
    // Then the host asks to stop, and the call in flight comes to an end with what it has.
    session.client.stop_provider(proto::stop_provider::Request {}).await.unwrap();
    let reply = call.await.unwrap().unwrap().into_inner();
    assert_eq!(session.gremlin(reply.new_state.as_ref()).get("result"), Some(&"stopped".into()));

    // What comes after the wish to stop hears it too.
    let apply = session.gremlin_create("slow", "");
    let reply = session.client.apply_resource_change(apply).await.unwrap().into_inner();
    assert_eq!(session.gremlin(reply.new_state.as_ref()).get("result"), Some(&"stopped".into()));
}

#[tokio::test]
async fn on_sigterm_calls_in_flight_give_their_answer_before_the_end() {
    let mut session = Session::start().await;
    let apply = session.gremlin_create("slow", "");
    let mut other = session.clone_client();
    let call = tokio::spawn(async move { other.apply_resource_change(apply).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    session.host.signal("TERM");
    let reply = call.await.unwrap().unwrap().into_inner();
    assert_eq!(session.gremlin(reply.new_state.as_ref()).get("result"), Some(&"stopped".into()));
    assert!(session.host.wait(Duration::from_secs(2)).success());
}

#[tokio::test]
async fn work_that_was_accepted_goes_on_when_the_host_hangs_up() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let mut session = Session::start().await;
    let apply = session.gremlin_create("leave a mark", mark.to_str().unwrap());
    let call = session.client.apply_resource_change(apply);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), call).await.is_err(),
        "the call was too fast to be dropped"
    );
    assert!(!mark.exists());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(mark.exists(), "the dropped call took its work along");
}

#[test]
fn a_provider_does_not_outlive_its_host() {
    let identity = Identity::new();
    let template = command(Some(&identity));
    let mut host = Command::new("sh");
    // A host that starts the provider, passes its handshake line on, and dies without a word.
    host.arg("-c").arg(r#""$0" & echo "$!"; sleep 0.5; kill -9 $$"#).arg(template.get_program());
    for (name, value) in template.get_envs() {
        match value {
            Some(value) => host.env(name, value),
            None => host.env_remove(name),
        };
    }
    let mut host = host.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let stdout = std::io::BufReader::new(host.stdout.take().unwrap());
    let lines: Vec<String> = std::io::BufRead::lines(stdout).take(2).map(Result::unwrap).collect();
    let pid: u32 = lines.iter().find_map(|line| line.parse().ok()).expect("a process id");
    host.wait().unwrap();

    let alive = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    if !std::path::Path::new("/proc/self").exists() {
        println!("skipped: there is no /proc to see whether the process lives");
        signal(pid, "KILL");
        return;
    }
    assert!(alive(), "the provider died with its host, before it could finish anything");
    let end = Instant::now() + Duration::from_secs(5);
    while alive() {
        assert!(Instant::now() < end, "the provider lives on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_call_only() {
    let mut session = Session::start().await;
    let slow = session.gremlin_create("slow", "");
    let mut other = session.clone_client();
    let slow = tokio::spawn(async move { other.apply_resource_change(slow).await });
    tokio::time::sleep(Duration::from_millis(50)).await;

    let apply = session.gremlin_create("panic", "");
    let reply = session.client.apply_resource_change(apply).await.unwrap().into_inner();
    assert_eq!(crate::values::errors(&reply.diagnostics), ["The provider crashed"]);
    assert!(reply.diagnostics[0].detail.contains("the gremlin panicked"), "{:?}", reply.diagnostics);
    assert_eq!(reply.new_state, None, "Terraform keeps what it had");

    let request = proto::call_function::Request { name: "crash".to_owned(), arguments: Vec::new() };
    let reply = session.client.call_function(request).await.unwrap().into_inner();
    assert!(reply.error.unwrap().text.contains("the function crash was called"));

    // The form that Terraform shows to the user as a crash.
    let line = session.host.wait_for_line(|line| line.starts_with("panic: the gremlin panicked at "));
    assert!(line.contains("gremlin.rs:"), "{line}");

    session.client.stop_provider(proto::stop_provider::Request {}).await.unwrap();
    let reply = slow.await.unwrap().unwrap().into_inner();
    assert_eq!(session.gremlin(reply.new_state.as_ref()).get("result"), Some(&Value::from("stopped")));
}
