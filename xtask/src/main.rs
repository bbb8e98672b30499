//! Developer tasks, so that a fresh machine needs two commands: `cargo xtask demo` and `cargo xtask test`.
#![allow(clippy::print_stdout, reason = "a command line tool talks on its standard output")]

mod bench;
mod ci;
mod demo;
mod docs;
mod environment;
mod process;
mod test;
mod test_output;
mod timeline;
mod tools;
mod unused;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Developer tasks of terraform-provider-egress.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// What can be asked for.
#[derive(Subcommand)]
enum Task {
    /// Install what the tests run against: an API server, other Terraform hosts, another stand-in cloud.
    Tools(tools::Options),
    /// Build everything and run every test, on every host that is there.
    Test(test::Options),
    /// Apply the example with real Terraform on a stand-in cloud and a real Kubernetes API server.
    Demo(demo::Options),
    /// Measure start-up, memory and large plans, beside other providers.
    Bench(bench::Options),
    /// Write the registry's documentation from the provider's schema.
    Docs(docs::Options),
    /// What a change must pass: format, lints, licences, documentation and every test.
    Ci(ci::Options),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not the error's debug form: with RUST_BACKTRACE it would bury the message under frames of this program.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let workspace = Workspace::locate()?;
    match &arguments.task {
        Task::Tools(options) => {
            tools::run(&workspace, options);
            Ok(())
        }
        Task::Test(options) => test::run(&workspace, options),
        Task::Demo(options) => demo::run(&workspace, options),
        Task::Bench(options) => bench::run(&workspace, options),
        Task::Docs(options) => docs::run(&workspace, options),
        Task::Ci(options) => ci::run(&workspace, options),
    }
}
