//! The stand-in as the vendor's own clients see it: `checks/compare.py` with boto3, the aws command line and LocalStack.

use std::env;
use std::path::Path;
use std::process::Command;

use stand_in_cloud::ec2::{Config, Server};

/// The exit status by which the script says that it could not run.
const SKIPPED: i32 = 77;

/// Runs the comparison against a server of its own, with the Python of a virtual environment or the one on PATH.
fn compare(venv: Option<&Path>) {
    let server = Server::start(Config::default()).expect("a free port of this machine");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/compare.py");
    let programs = venv.map(|venv| venv.join("bin"));
    let python = programs.as_ref().map_or_else(|| "python3".into(), |programs| programs.join("python"));
    let mut command = Command::new(python);
    command.arg(script).args(["--stand-in", &server.endpoint()]);
    if let (Some(venv), Some(programs)) = (venv, programs) {
        let path = env::var_os("PATH").unwrap_or_default();
        let path =
            env::join_paths([programs].into_iter().chain(env::split_paths(&path))).expect("PATH was a list before");
        command.env("PATH", path).arg("--cli").arg("--localstack-venv").arg(venv);
    }
    let Ok(output) = command.output() else {
        eprintln!("skipped: python3 is not on PATH");
        return;
    };
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(SKIPPED) {
        eprintln!("{told}");
        return;
    }
    assert!(output.status.success(), "{told}\n{errors}");
}

#[test]
fn boto3_reads_what_the_api_is_described_to_reply() {
    compare(None);
}

#[test]
fn the_differences_from_localstack_are_the_listed_ones() {
    match env::var_os("EGRESS_LOCALSTACK_VENV") {
        Some(venv) => compare(Some(Path::new(&venv))),
        None => eprintln!("skipped: EGRESS_LOCALSTACK_VENV names no virtual environment with LocalStack"),
    }
}
