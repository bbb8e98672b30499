//! `cargo xtask test`: everything, with what it needs installed first.

use std::fs::{self, File};
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::environment;
use crate::process::{run_lines, run_logged};
use crate::test_output::{Results, Shown};
use crate::timeline::{Outcome, Timeline};
use crate::tools::{self, TEST_TOOLS, Tool};
use crate::workspace::Workspace;

/// Options of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Use the tools that are installed already, and skip what needs others.
    #[arg(long)]
    no_install: bool,
    /// Try all that could be tried, where a run otherwise takes a sample: every point of the crash matrices, and every scenario on
    /// every host.
    #[arg(long)]
    exhaustive: bool,
    /// Test these packages only.
    #[arg(long = "package", short = 'p')]
    packages: Vec<String>,
    /// Run only the tests whose names contain this.
    filter: Option<String>,
}

impl Options {
    /// Every test, with every tool installed, as far as a change has to pass it.
    pub(crate) fn everything() -> Self {
        Self { no_install: false, exhaustive: false, packages: Vec::new(), filter: None }
    }
}

/// Installs, builds and tests, and ends with one line of counts.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let mut timeline = Timeline::default();
    let results = run_steps(workspace, options, &mut timeline);
    finish(&timeline, &results)
}

/// The steps of a test run, which `ci` has among its own.
///
/// The tools are installed beside the build: one waits for the network while the other computes.
pub(crate) fn run_steps(workspace: &Workspace, options: &Options, timeline: &mut Timeline) -> Results {
    let (built, tools) = thread::scope(|scope| {
        let installing = scope.spawn(|| if options.no_install { Vec::new() } else { install_tools(workspace) });
        let built = timeline.step("build", || build(workspace, &options.packages));
        (built, installing.join())
    });
    for (tool, took, outcome) in tools.unwrap_or_default() {
        timeline.record(tool.name(), took, outcome);
    }
    let mut results = Results::default();
    if built {
        timeline.step("tests", || test(workspace, options, &mut results));
    }
    results
}

/// Prints where the time went, what was skipped and what failed; fails if anything did.
pub(crate) fn finish(timeline: &Timeline, results: &Results) -> anyhow::Result<()> {
    println!("\nwhere the time went:\n{}", timeline.summary());
    let skips = results.skips();
    if !skips.is_empty() {
        println!("skipped, by reason:\n{skips}");
    }
    let extents = results.extents();
    if !extents.is_empty() {
        println!("of what could be tried:\n{extents}");
    }
    let failures = results.failures();
    if !failures.is_empty() {
        println!("failed:\n{failures}");
    }
    println!("{}", results.closing_line());
    if timeline.failed() || results.failed() {
        bail!("not everything passed");
    }
    Ok(())
}

/// Installs every tool, one after the other.
fn install_tools(workspace: &Workspace) -> Vec<(Tool, Duration, Outcome)> {
    TEST_TOOLS
        .into_iter()
        .map(|tool| {
            let started = Instant::now();
            let outcome =
                tools::install(workspace, tool).unwrap_or_else(|error| Outcome::Skipped(format!("{error:#}")));
            (tool, started.elapsed(), outcome)
        })
        .collect()
}

/// Builds every target at once.
///
/// One command for binaries and tests, for the reason that [`Workspace::build_binaries`] has.
fn build(workspace: &Workspace, packages: &[String]) -> anyhow::Result<Outcome> {
    let mut command = workspace.cargo();
    command.args(["build", "--all-targets"]).args(selection(packages));
    run_logged("build", &mut command, &workspace.logs.join("build.log"))?;
    Ok(Outcome::Done)
}

/// Runs the tests and reads their output as it comes.
fn test(workspace: &Workspace, options: &Options, results: &mut Results) -> anyhow::Result<Outcome> {
    let hosts = environment::hosts(workspace);
    for host in &hosts {
        println!("    host: {}  ({})", host.version, host.program.display());
    }
    if hosts.is_empty() {
        println!("    host: none; put terraform on PATH or set TERRAFORM");
    }
    let mut command = workspace.cargo();
    command.arg("test").args(selection(&options.packages)).arg("--no-fail-fast");
    command.envs(environment::variables(workspace, &hosts));
    if options.exhaustive {
        command.env("EGRESS_EXHAUSTIVE", "1");
    }
    command.arg("--").arg("--show-output").args(&options.filter);
    fs::create_dir_all(&workspace.logs)?;
    let path = workspace.logs.join("test.log");
    let mut log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut written = Ok(());
    let good = run_lines(&mut command, |line| {
        if results.read(line) == Shown::Now {
            println!("    {line}");
        }
        if written.is_ok() {
            written = writeln!(log, "{line}");
        }
    })?;
    written.with_context(|| format!("cannot write {}", path.display()))?;
    if !good {
        return Ok(Outcome::Failed(format!("cargo test failed; its output is in {}", path.display())));
    }
    if results.total() == 0 {
        return Ok(Outcome::Failed("no test ran".to_owned()));
    }
    Ok(Outcome::Done)
}

/// The arguments that select `packages`, or the whole workspace if there are none.
fn selection(packages: &[String]) -> Vec<String> {
    if packages.is_empty() {
        return vec!["--workspace".to_owned()];
    }
    packages.iter().flat_map(|package| ["--package".to_owned(), package.clone()]).collect()
}
