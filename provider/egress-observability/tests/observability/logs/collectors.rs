//! The programs themselves. The OpenTelemetry Collector is what `EGRESS_OTELCOL` names; Fluent Bit and Fluentd are asked where they are on
//! PATH. Without a program its test says that it is skipped.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use egress_observability::logs::collector::Collector;
use egress_observability::logs::grammar::LogKind;
use egress_observability::logs::output::Output;
use egress_observability::logs::plan::Keep;

use super::samples::{SAMPLES, Sample};
use super::{every_output, files, plan};

fn otelcol() -> Option<OsString> {
    let program = std::env::var_os("EGRESS_OTELCOL");
    if program.is_none() {
        eprintln!("skipped: EGRESS_OTELCOL names no program; `cargo xtask tools otelcol` builds it");
    }
    program
}

/// A configuration of the collector whose files are all below a folder.
fn configuration(folder: &Path, keep: Keep, outputs: Vec<Output>) -> PathBuf {
    let text = files(Collector::OpenTelemetry, &plan(keep, outputs))["config.yaml"].clone();
    let below = |text: String, path: &str| text.replace(&format!("\"{path}"), &format!("\"{}{path}", folder.display()));
    let text = ["/var/log/", "/var/run/", "/var/lib/"].into_iter().fold(text, below);
    let path = folder.join("config.yaml");
    fs::write(&path, text).expect("it is written");
    path
}

/// Writes a sample where its program would, as a container runtime would for containers: one of the lines in two parts.
fn write(folder: &Path, sample: &Sample) {
    let (path, text) = match sample.kind {
        LogKind::IstioGateway => (
            "/var/log/pods/egress_partners-7d9c4f6b8-q7m2n_6c1f0e5a-1111-4222-8333-944455556666/istio-proxy/0.log",
            of_a_runtime(sample),
        ),
        LogKind::IstioSidecar => {
            ("/var/log/pods/shop_api-1_6c1f0e5a-1111-4222-8333-944455556667/istio-proxy/0.log", of_a_runtime(sample))
        }
        LogKind::VpcFlowLogs => ("/var/log/vpc/flows.log", sample.lines.join("\n") + "\n"),
        kind => (kind.files().expect("a file"), sample.lines.join("\n") + "\n"),
    };
    let path = folder.join(&path[1..]);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("it is written");
}

fn of_a_runtime(sample: &Sample) -> String {
    let line = |(number, line): (usize, &&str)| {
        let time = format!("2026-11-30T12:00:0{number}.123456789Z stdout");
        if number == 1 {
            let (first, rest) = line.split_at(40);
            format!("{time} P {first}\n{time} F {rest}\n")
        } else {
            format!("{time} F {line}\n")
        }
    };
    sample.lines.iter().enumerate().map(line).collect::<Vec<_>>().concat()
}

/// What the collector's exporter wrote of each record.
fn records(output: &Path) -> Vec<String> {
    let text = fs::read_to_string(output).unwrap_or_default();
    text.split("LogRecord #").skip(1).filter(|record| record.contains("Flags:")).map(str::to_owned).collect()
}

#[test]
fn the_collector_makes_records_of_what_engines_write() {
    let Some(program) = otelcol() else { return };
    for keep in [Keep::All, Keep::Denied] {
        let folder = tempfile::tempdir().expect("a folder");
        let config = configuration(folder.path(), keep, vec![Output::Stdout]);
        for sample in &SAMPLES {
            write(folder.path(), sample);
        }
        let output = folder.path().join("output");
        let started = Command::new(&program)
            .arg("--config")
            .arg(&config)
            .arg("--set=service::telemetry::metrics::level=none")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&output).expect("a file"))
            .spawn();
        let mut collector = started.expect("the collector can be started");
        let is_kept = |denied: bool| keep == Keep::All || denied;
        let expected: usize =
            SAMPLES.iter().map(|sample| sample.records.iter().filter(|(_, denied)| is_kept(*denied)).count()).sum();
        let begin = Instant::now();
        while records(&output).len() < expected && begin.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(100));
        }
        // What is too much would come now.
        std::thread::sleep(Duration::from_millis(500));
        let took = begin.elapsed();
        let _gone = collector.kill();
        let _gone = collector.wait();
        let found = records(&output);
        let said = || fs::read_to_string(&output).unwrap_or_default();
        assert_eq!(found.len(), expected, "{keep:?}: {}", said());
        for sample in &SAMPLES {
            let marked = format!("-> egress_source: Str({})", sample.kind.as_str());
            let own: Vec<&String> = found.iter().filter(|record| record.contains(&marked)).collect();
            let wanted: Vec<_> = sample.records.iter().filter(|(_, denied)| is_kept(*denied)).collect();
            assert_eq!(own.len(), wanted.len(), "{:?}: {own:#?}", sample.kind);
            for (fields, _) in wanted {
                let has = |record: &&String| {
                    let field = |(name, value): &(&str, &str)| record.contains(&format!("-> {name}: Str({value})"));
                    fields.iter().all(field)
                        && record.contains("-> cluster: Str(prod)")
                        && record.contains("Body: Empty()")
                };
                assert!(own.iter().any(has), "{fields:?} is not in {own:#?}");
            }
            if sample.kind.grammar().time.is_some() {
                let day = if sample.kind == LogKind::VpcFlowLogs {
                    "Timestamp: 2026-11-30 12:00:00"
                } else {
                    "Timestamp: 2026-11-30 12:0"
                };
                assert!(own.iter().all(|record| record.contains(day)), "{:?}: {own:#?}", sample.kind);
            }
        }
        println!("{keep:?}: {expected} records in {took:?}");
    }
}

#[test]
fn the_collector_takes_what_it_can_be_asked_about() {
    let Some(program) = otelcol() else { return };
    // The exporters of search engines are not among the components that are built for tests.
    let outputs = every_output(Collector::OpenTelemetry);
    let known = outputs.into_iter().filter(|output| !output.as_str().ends_with("search"));
    let folder = tempfile::tempdir().expect("a folder");
    let config = configuration(folder.path(), Keep::Denied, known.collect());
    let text = fs::read_to_string(&config).expect("the file");
    let validated = |text: &str| {
        fs::write(&config, text).expect("it is written");
        let output =
            Command::new(&program).arg("validate").arg("--config").arg(&config).output().expect("the collector starts");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (taken, said) = validated(&text);
    assert!(taken, "{said}");
    // It would say so of a misspelt word.
    for (right, wrong) in [
        ("start_at:", "start_on:"),
        ("layout_type:", "layout_kind:"),
        ("on_error: drop_quiet", "on_error: drop_silently"),
    ] {
        assert!(text.contains(right), "{right} is not in {text}");
        assert!(!validated(&text.replacen(right, wrong, 1)).0, "{wrong}");
    }
}

/// Has a program check a configuration of its own, where it is on PATH.
fn dry_run(program: &str, collector: Collector, main: &str, arguments: &[&str]) {
    if Command::new(program).arg("--version").output().is_err() {
        eprintln!("skipped: {program} is not on PATH");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files(collector, &plan(Keep::Denied, every_output(collector))) {
        fs::write(folder.path().join(name), text).expect("it is written");
    }
    let output =
        Command::new(program).current_dir(folder.path()).args(arguments).arg(main).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn fluent_bit_takes_its_files() {
    dry_run("fluent-bit", Collector::FluentBit, "fluent-bit.conf", &["--dry-run", "-c"]);
}

#[test]
fn fluentd_takes_its_file() {
    dry_run("fluentd", Collector::Fluentd, "fluent.conf", &["--dry-run", "-c"]);
}
