//! The code of Cilium and Grafana as judges: the program in `acceptance-tests/engine-judges`, which `EGRESS_ENGINE_JUDGES` names. Without
//! it the tests say that they are skipped.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The program; `None`, with a message, where it is not built.
pub(crate) fn program() -> Option<OsString> {
    let program = std::env::var_os("EGRESS_ENGINE_JUDGES");
    if program.is_none() {
        eprintln!("skipped: EGRESS_ENGINE_JUDGES names no program; `cargo xtask tools engine-judges` builds it");
    }
    program
}

/// The program's answer.
pub(crate) fn ask(program: &OsStr, request: &Value) -> Value {
    let started = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = started.unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
    writeln!(process.stdin.take().expect("an input"), "{request}").expect("the judge reads");
    let output = process.wait_with_output().expect("the judge ends");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
