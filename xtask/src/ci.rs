//! `cargo xtask ci`: what a change must pass, in the order that tells the most for the least time.

use std::process::Command;
use std::thread;
use std::time::Instant;

use clap::Args;

use crate::docs;
use crate::process::{capture, run_logged};
use crate::test;
use crate::timeline::{Outcome, Timeline};
use crate::tools::{self, Tool};
use crate::unused;
use crate::workspace::Workspace;

/// Options of `cargo xtask ci`.
#[derive(Args)]
pub(crate) struct Options {
    /// First remove what earlier clones have built of our own crates into the same target folder, and keep the dependencies.
    #[arg(long)]
    clean_members: bool,
}

/// Runs every step, also after one has failed, so that one run tells all that is wrong.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let mut timeline = Timeline::default();
    if options.clean_members {
        timeline.step("clean", || clean_members(workspace));
    }
    timeline.step("format", || cargo(workspace, "format", &["fmt", "--all", "--check"]));
    timeline.step("public functions that nothing names", || unused::check(workspace));
    let deny = thread::scope(|scope| {
        let installing = scope.spawn(|| {
            let started = Instant::now();
            (tools::install(workspace, Tool::CargoDeny), started.elapsed())
        });
        timeline.step("lints", || {
            let arguments = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
            cargo(workspace, "lints", &arguments)
        });
        timeline.step("documentation of the code", || rustdoc(workspace));
        installing.join()
    });
    if let Ok((outcome, took)) = deny {
        let outcome = outcome.unwrap_or_else(|error| Outcome::Skipped(format!("{error:#}")));
        timeline.record("cargo-deny", took, outcome);
    }
    deny_steps(workspace, &mut timeline);
    let results = test::run_steps(workspace, &test::Options::everything(), &mut timeline);
    timeline.step("documentation of the provider is current", || docs::check(workspace));
    test::finish(&timeline, &results)
}

/// Removes the artefacts of our own crates. Cargo keeps one set per path of the clone, of gigabytes each, for ever.
fn clean_members(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let metadata = capture(workspace.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let members = metadata["packages"].as_array().into_iter().flatten().filter_map(|package| package["name"].as_str());
    let mut clean = workspace.cargo();
    clean.arg("clean");
    for member in members {
        clean.args(["--package", member]);
    }
    run_logged("clean", &mut clean, &workspace.logs.join("clean.log"))?;
    Ok(Outcome::Done)
}

/// One cargo command as a step.
fn cargo(workspace: &Workspace, name: &str, arguments: &[&str]) -> anyhow::Result<Outcome> {
    run_logged(name, workspace.cargo().args(arguments), &workspace.logs.join(format!("{name}.log")))?;
    Ok(Outcome::Done)
}

/// Builds the documentation of our crates; a broken link is an error.
fn rustdoc(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut command = workspace.cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "--deny warnings");
    run_logged("rustdoc", &mut command, &workspace.logs.join("rustdoc.log"))?;
    Ok(Outcome::Done)
}

/// Checks licences, bans and sources, and known vulnerabilities where their database can be had.
fn deny_steps(workspace: &Workspace, timeline: &mut Timeline) {
    if !Tool::CargoDeny.is_installed(workspace) {
        return;
    }
    timeline.step("licences, bans and sources", || {
        deny(workspace, "deny", &["licenses", "bans", "sources"])?;
        Ok(Outcome::Done)
    });
    timeline.step("advisories", || {
        // The database is a git repository of its own: without a way to it there is nothing to compare with.
        let fetched = run_logged(
            "advisory database",
            deny_command(workspace).args(["fetch", "db"]),
            &workspace.logs.join("deny-fetch.log"),
        );
        if fetched.is_err() {
            return Ok(Outcome::Skipped("the advisory database cannot be fetched from here".to_owned()));
        }
        deny(workspace, "advisories", &["advisories"])?;
        Ok(Outcome::Done)
    });
}

/// Runs the checks named.
fn deny(workspace: &Workspace, name: &str, checks: &[&str]) -> anyhow::Result<()> {
    let mut command = deny_command(workspace);
    command.arg("check").args(checks);
    run_logged(name, &mut command, &workspace.logs.join(format!("{name}.log")))?;
    Ok(())
}

/// cargo-deny on this workspace.
fn deny_command(workspace: &Workspace) -> Command {
    let mut command = Command::new(Tool::CargoDeny.folder(workspace).join("bin/cargo-deny"));
    command.current_dir(&workspace.root).args(["--workspace", "--all-features"]);
    command
}
