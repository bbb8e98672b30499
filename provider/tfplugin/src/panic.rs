//! What a panic looks like from outside.
//!
//! Terraform recognises a crash by a line on stderr that starts with `panic: `, as Go prints it, and shows it to the user;
//! Rust's own message it would drop.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// Prints every panic of the process in the form that Terraform recognises.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let report = report(info);
        // One write, so that no log line falls in between. If stderr is gone there is nobody to tell.
        let _ = std::io::stderr().lock().write_all(report.as_bytes());
    }));
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let mut report = format!("panic: {}", text(info.payload()).replace('\n', " "));
    if let Some(location) = info.location() {
        let _ = write!(report, " at {location}");
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = write!(report, "\n\n{backtrace}");
    }
    report.push('\n');
    report
}

/// What a panic said.
pub(crate) fn text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no message",
    }
}
