//! How long a provider's process takes to start, to give its schemas, and to end, measured by a client that does what
//! Terraform does.
//!
//! `cargo bench -p tfplugin --bench start -- [PROGRAM...]` measures the example `shelf` and other providers beside it. A
//! program that prints a handshake line and serves nothing gives the floor of the first figure.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement ends with a panic or a table")]

#[path = "../tests/example/mod.rs"]
mod example;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/protocol/host.rs"]
mod host;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use host::{Host, Identity, command, provider, shutdown};
use tfplugin_proto::plugin::grpc_stdio_client::GrpcStdioClient;
use tfplugin_proto::tfplugin6::get_provider_schema;

const STARTS: usize = 200;

#[derive(Default)]
struct Times {
    line: Vec<Duration>,
    schema: Vec<Duration>,
    end: Vec<Duration>,
    memory: Vec<u64>,
}

fn main() {
    // Threads of its own, because the measuring one blocks while it waits for the end.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let given = std::env::args_os().skip(1).filter(|argument| !argument.to_string_lossy().starts_with("--"));
    let programs = std::iter::once(example::shelf()).chain(given.map(PathBuf::from));
    println!("p50 / p95 of {STARTS} starts, in milliseconds; resident memory after the schema in MiB");
    for program in programs {
        let mut times = Times::default();
        for _ in 0..STARTS {
            runtime.block_on(start(&program, &mut times));
        }
        let Times { mut line, mut schema, mut end, mut memory } = times;
        println!("{}", program.display());
        println!("  exec to handshake line    {}", quantiles(&mut line));
        println!("  connect and schema        {}", quantiles(&mut schema));
        println!("  Shutdown to end           {}", quantiles(&mut end));
        memory.sort_unstable();
        if let Some(median) = memory.get(memory.len() / 2) {
            println!("  memory                    {}.{} MiB", median / 1024, median % 1024 * 10 / 1024);
        }
    }
}

async fn start(program: &Path, times: &mut Times) {
    let identity = Identity::new();
    let mut plugin = command(Some(&identity));
    let environment: Vec<_> = plugin.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
    plugin = std::process::Command::new(program);
    for (name, value) in environment {
        match value {
            Some(value) => plugin.env(name, value),
            None => plugin.env_remove(name),
        };
    }
    plugin.stdin(std::process::Stdio::null());
    plugin.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());

    let begin = Instant::now();
    let mut host = Host::spawn(plugin, identity);
    times.line.push(begin.elapsed());

    let begin = Instant::now();
    if host.fields().get(5).is_none_or(|certificate| certificate.is_empty()) {
        return;
    }
    let channel = host.connect().await.unwrap();
    provider(channel.clone()).get_provider_schema(get_provider_schema::Request {}).await.unwrap();
    times.schema.push(begin.elapsed());
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.id())).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next());
    times.memory.extend(resident.and_then(|kibibytes| kibibytes.parse::<u64>().ok()));

    let _stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await;
    let begin = Instant::now();
    let _ = shutdown(channel).await;
    host.wait(Duration::from_secs(5));
    times.end.push(begin.elapsed());
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map(|time| time.as_secs_f64() * 1000.0);
    match (at(50), at(95)) {
        (Some(p50), Some(p95)) => format!("{p50:.1} / {p95:.1}"),
        _ => "not measured".to_owned(),
    }
}
