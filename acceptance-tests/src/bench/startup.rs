//! From the exec to the handshake line, to the schema, and from `Shutdown` to the exit.
//!
//! The floor is a static C program that prints such a line: what the machine takes to start a process and to hand over a
//! line. The programs take turns, so that all of them meet the same noise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tfplugin_proto::tfplugin6::get_provider_schema;

use super::report::percentile;
use super::{Options, Report};
use crate::core_driver::{Process, time_to_first_line};

/// What the start may cost above the floor.
const HANDSHAKE_ABOVE_FLOOR: Duration = Duration::from_millis(4);
const CONNECT_AND_SCHEMA: Duration = Duration::from_millis(12);
const SHUTDOWN: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct Times {
    handshake: Vec<Duration>,
    schema: Vec<Duration>,
    shutdown: Vec<Duration>,
    /// How often the process had to be killed.
    killed: usize,
}

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let folder = TempDir::with_prefix("egress-bench-")?;
    let floor = floor_program(folder.path());
    let programs: Vec<&PathBuf> = std::iter::once(&options.provider).chain(&options.peers).collect();
    let mut floor_times = Vec::new();
    let mut times: Vec<Times> = programs.iter().map(|_| Times::default()).collect();
    for _ in 0..options.starts {
        if let Ok(floor) = &floor {
            floor_times.push(time_to_first_line(floor).await?);
        }
        for (program, times) in programs.iter().zip(&mut times) {
            start(program, times).await.with_context(|| program.display().to_string())?;
        }
    }
    match &floor {
        Ok(_) => report.times("exec to handshake line", "static C program", &mut floor_times, None),
        Err(error) => report.skip("exec to handshake line of a static C program", &format!("{error:#}")),
    }
    for (index, (program, times)) in programs.iter().zip(&mut times).enumerate() {
        let (ours, name) = (index == 0, name(program));
        let limit = floor.is_ok().then(|| percentile(&mut floor_times, 50) + HANDSHAKE_ABOVE_FLOOR);
        report.times("exec to handshake line", &name, &mut times.handshake, limit.filter(|_| ours));
        let limit = ours.then_some(CONNECT_AND_SCHEMA);
        report.times("connect with mTLS and get the schema", &name, &mut times.schema, limit);
        if times.killed > 0 {
            report
                .skip(&format!("Shutdown to exit of {name}"), &format!("{} processes had to be killed", times.killed));
        }
        report.times("Shutdown to exit", &name, &mut times.shutdown, ours.then_some(SHUTDOWN));
    }
    Ok(())
}

async fn start(program: &Path, times: &mut Times) -> Result<()> {
    let process = Process::start(program, &[]).await?;
    let connect = process.startup.connect;
    let begin = Instant::now();
    let schema = process.client().get_provider_schema(get_provider_schema::Request {}).await?;
    times.schema.push(connect + begin.elapsed());
    drop(schema);
    times.handshake.push(process.startup.handshake);
    match process.shut_down().await {
        Some(took) => times.shutdown.push(took),
        None => times.killed += 1,
    }
    Ok(())
}

pub(super) fn name(program: &Path) -> String {
    program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn floor_program(folder: &Path) -> Result<PathBuf> {
    let (source, program) = (folder.join("floor.c"), folder.join("floor"));
    fs::write(&source, "#include <stdio.h>\nint main(void) { puts(\"1|6|unix|/tmp/plugin|grpc|\"); return 0; }\n")?;
    let output =
        Command::new("cc").args(["-O2", "-static", "-o"]).arg(&program).arg(&source).output().context("no cc")?;
    ensure!(output.status.success(), "cc failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(program)
}
