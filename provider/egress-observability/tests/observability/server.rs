//! A real server of Prometheus over a synthetic exporter that speaks each exporter's names: every rule is healthy, and every panel's query
//! finds data. The program is what `EGRESS_PROMETHEUS` names; without it the test says that it is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use egress_engines::manifest::yaml_of;
use egress_observability::estate::Estate;
use egress_observability::monitor::monitor;
use egress_observability::source::Source;
use serde_json::{Value, json};

use crate::promtool::{chosen, rules};
use crate::{estates, exporters};

/// Rates need two samples and records two evaluations of them.
const INTERVAL: &str = "1s";
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it is gone.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Series by how their samples are stamped: by the time of the scrape, or ten minutes late, as Prometheus' own `CloudWatch` exporter does.
struct Exported {
    now: BTreeSet<String>,
    late: BTreeSet<String>,
}

impl Exported {
    /// What a scrape finds: counters that grow.
    fn text(&self, begin: Instant) -> String {
        let value = 1.0 + begin.elapsed().as_secs_f64();
        let late = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis() - 600_000;
        let mut text = String::new();
        for series in &self.now {
            let _ = writeln!(text, "{series} {value}");
        }
        for series in &self.late {
            let _ = writeln!(text, "{series} {value} {late}");
        }
        text
    }
}

/// Serves it until the process ends; the port.
fn serve(exported: Exported) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let begin = Instant::now();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _request = stream.read(&mut [0; 4096]);
            let body = exported.text(begin);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _sent = stream.write_all((head + &body).as_bytes());
        }
    });
    port
}

/// What the server answers; none while it does not.
fn ask(port: u16, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    // Of the old version no answer comes in chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: prometheus\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn query(port: u16, text: &str) -> Value {
    let encoded = text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    });
    ask(port, &format!("/api/v1/query?query={encoded}")).unwrap_or_default()
}

/// Everything at a time, and NAT gateways by each exporter that the whole does not have.
fn estates_by_name() -> BTreeMap<String, Estate> {
    let mut all: BTreeMap<String, Estate> = [("whole".to_owned(), estates::whole())].into();
    for (exporter, id) in
        [("cloudwatch_exporter", "nat-9"), ("stackdriver_exporter-deltas", "nat-8"), ("managed-prometheus", "nat-7")]
    {
        all.insert(exporter.to_owned(), estates::of_nat(estates::nat(exporter, &[id])));
    }
    all
}

fn exported() -> Exported {
    let mut now: BTreeSet<String> = Source::ALL.into_iter().flat_map(exporters::series).collect();
    now.extend(exporters::google("stackdriver_nat_gateway_router_googleapis_com_nat_", "nat-8"));
    now.extend(exporters::google("router_googleapis_com:nat_", "nat-7"));
    let late = exporters::cloud_watch("nat_gateway_id").into_iter().map(|series| series.replace("nat-1", "nat-9"));
    Exported { now, late: late.collect() }
}

#[test]
fn every_rule_is_healthy_and_every_panel_has_data_on_a_real_server() {
    let Some(program) = std::env::var_os("EGRESS_PROMETHEUS") else {
        eprintln!("skipped: EGRESS_PROMETHEUS names no program; `cargo xtask tools promtool` builds it");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is written");
    let estates = estates_by_name();
    for (name, estate) in &estates {
        // A record every half a minute would be what the test waits for.
        let text = rules(estate, &estates::priced_if_nat(estate))
            .replace("interval: \"30s\"", &format!("interval: \"{INTERVAL}\""));
        write(&format!("{name}.yaml"), &text);
    }
    let exporter = serve(exported());
    let job = json!({ "job_name": "exporter", "honor_labels": true, "static_configs": [{ "targets": [format!("127.0.0.1:{exporter}")] }] });
    let config = json!({
        "global": { "scrape_interval": INTERVAL, "evaluation_interval": INTERVAL, "scrape_timeout": INTERVAL },
        "rule_files": ["*.yaml"], "scrape_configs": [job],
    });
    write("prometheus.yml", &yaml_of(&config));
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let started = Command::new(program)
        .current_dir(folder.path())
        .args([
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            &format!("--web.listen-address=127.0.0.1:{port}"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.path().join("log")).expect("a file"))
        .spawn();
    let server = Server(started.expect("the server can be started"));
    let begin = Instant::now();
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();

    let panels: Vec<String> = estates
        .values()
        .flat_map(|estate| {
            let all = monitor(estate, &estates::priced_if_nat(estate), &BTreeSet::new()).expect("nothing is refused");
            let panels = all.panels.into_iter().chain(all.policy_panels).flat_map(|panel| panel.queries);
            panels.map(|query| chosen(&query.expr.to_string())).collect::<Vec<_>>()
        })
        .collect();
    let mut open: Vec<&String> = panels.iter().collect();
    while !open.is_empty() && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
        let has_data =
            |text: &str| query(port, text)["data"]["result"].as_array().is_some_and(|found| !found.is_empty());
        open.retain(|text| !has_data(text));
    }
    assert!(open.is_empty(), "no data for {open:#?}\n{}", log());
    let asked = panels.len();

    let answer = ask(port, "/api/v1/rules").unwrap_or_default();
    let groups = answer["data"]["groups"].as_array().cloned().unwrap_or_default();
    let rules: Vec<&Value> = groups.iter().filter_map(|group| group["rules"].as_array()).flatten().collect();
    let sick: Vec<&&Value> = rules.iter().filter(|rule| rule["health"] != "ok").collect();
    assert!(sick.is_empty(), "{sick:#?}");
    assert!(rules.len() > 60 && asked > 100, "{} rules, {asked} queries", rules.len());
    println!("{} rules are healthy and {asked} queries have data after {:?}", rules.len(), begin.elapsed());
    drop(server);
}
