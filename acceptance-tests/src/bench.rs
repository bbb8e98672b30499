//! What the provider must show, measured in one run on one machine, with what it is compared to beside it.

mod memory;
mod policies;
mod refresh;
mod report;
mod startup;

use std::path::PathBuf;

use anyhow::Result;

use crate::engine_definitions;
use crate::host::Host;
use crate::kubernetes::ApiServer;
pub use report::{Report, Row};

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct Options {
    /// The provider, built for release.
    pub provider: PathBuf,
    /// Other providers, of which only start and memory after the schema can be measured.
    pub peers: Vec<PathBuf>,
    /// What to measure.
    pub parts: Vec<Part>,
    /// How many times each program is started.
    pub starts: usize,
    /// How many policies, and how many resources of Terraform's own beside them.
    pub policies: usize,
    /// How many pools, and as many gateways, are refreshed for the count of calls.
    pub pairs: usize,
    /// How many objects are refreshed for the memory.
    pub objects: usize,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Times from the exec to the schema, and to the end.
    Start,
    /// Resident memory after each step of a process's life.
    Memory,
    /// Calls that a refresh of many objects makes.
    Refresh,
    /// Times of a host with many policies.
    Policies,
}

impl Part {
    /// Every part, in the order in which they are measured.
    pub const ALL: [Self; 4] = [Self::Start, Self::Memory, Self::Refresh, Self::Policies];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Memory => "memory",
            Self::Refresh => "refresh",
            Self::Policies => "policies",
        }
    }
}

/// Measures what is asked for and can be measured here. What cannot is in the report with the reason; a measurement that fails
/// is a missed target, and the others go on.
pub fn run(options: &Options) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::default();
    for part in Part::ALL.into_iter().filter(|part| options.parts.contains(part)) {
        let measured = match part {
            Part::Start => runtime.block_on(startup::measure(options, &mut report)),
            Part::Memory => runtime.block_on(memory::measure(options, &mut report)),
            Part::Refresh => runtime.block_on(refresh::measure(options, &mut report)),
            Part::Policies => measure_policies(options, &mut report),
        };
        report.note_failure(part.name(), measured);
    }
    Ok(report)
}

fn measure_policies(options: &Options, report: &mut Report) -> Result<()> {
    match (Host::all().first(), ApiServer::available()) {
        (Some(host), Ok(())) => {
            policies::measure(options, host, report)?;
            match engine_definitions::available() {
                Ok(()) => policies::measure_engines(options, host, report)?,
                Err(missing) => report.skip("policies of several engines", &missing),
            }
        }
        (None, _) => report.skip("policies on an API server", "no host: put terraform on PATH or set TERRAFORM"),
        (_, Err(missing)) => report.skip("policies on an API server", &missing),
    }
    Ok(())
}
