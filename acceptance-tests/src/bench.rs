//! What the provider must show, measured in one run on one machine, with what it is compared to beside it.

mod memory;
mod policies;
mod refresh;
mod report;
mod startup;

use std::path::PathBuf;

use anyhow::Result;

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
    /// How many times each program is started.
    pub starts: usize,
    /// How many policies, and how many resources of Terraform's own beside them.
    pub policies: usize,
    /// How many pools, and as many gateways, are refreshed for the count of calls.
    pub pairs: usize,
    /// How many objects are refreshed for the memory.
    pub objects: usize,
}

/// Measures everything that can be measured here. What cannot is in the report with the reason; a measurement that fails
/// is a missed target, and the others go on.
pub fn run(options: &Options) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::default();
    let measured = runtime.block_on(startup::measure(options, &mut report));
    report.note_failure("start", measured);
    let measured = runtime.block_on(memory::measure(options, &mut report));
    report.note_failure("memory", measured);
    let measured = runtime.block_on(refresh::measure(options, &mut report));
    report.note_failure("refresh", measured);
    match (Host::all().first(), ApiServer::available()) {
        (Some(host), Ok(())) => {
            let measured = policies::measure(options, host, &mut report);
            report.note_failure("policies on an API server", measured);
        }
        (None, _) => report.skip("policies on an API server", "no host: put terraform on PATH or set TERRAFORM"),
        (_, Err(missing)) => report.skip("policies on an API server", &missing),
    }
    Ok(report)
}
