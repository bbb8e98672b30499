//! Prints what the provider must show: start, memory, calls and times, beside floors and peers.
//!
//! `bench PROVIDER [--peer PATH]... [--only start|memory|refresh|policies]... [--starts N] [--policies N] [--pairs N]
//! [--objects N]`. Ends with 1 when a target is missed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use acceptance_tests::bench::{Options, Part, run};
use anyhow::{Context as _, Result, bail};

fn main() -> Result<ExitCode> {
    let report = run(&options()?)?;
    write!(std::io::stdout(), "{report}")?;
    Ok(if report.all_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options() -> Result<Options> {
    let mut arguments = std::env::args().skip(1);
    let provider = arguments.next().context("the first argument is the provider binary")?;
    let provider = PathBuf::from(provider);
    let mut options = Options {
        provider,
        peers: Vec::new(),
        parts: Vec::new(),
        starts: 200,
        policies: 1_000,
        pairs: 1_000,
        objects: 10_000,
    };
    while let Some(option) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--peer" => options.peers.push(PathBuf::from(value)),
            "--only" => options.parts.push(part(&value)?),
            "--starts" => options.starts = value.parse()?,
            "--policies" => options.policies = value.parse()?,
            "--pairs" => options.pairs = value.parse()?,
            "--objects" => options.objects = value.parse()?,
            _ => bail!("there is no option {option}"),
        }
    }
    if options.parts.is_empty() {
        options.parts.extend(Part::ALL);
    }
    Ok(options)
}

fn part(name: &str) -> Result<Part> {
    Part::ALL.into_iter().find(|part| part.name() == name).with_context(|| format!("there is no part {name}"))
}
