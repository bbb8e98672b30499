//! The engines' own code as judges: the program in `acceptance-tests/engine-judges`, which `EGRESS_ENGINE_JUDGES` names. Without it
//! the tests say that they are skipped.

mod objects;
mod verdicts;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running program: a line of JSON for a line of JSON.
struct Judge {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts it; `None`, with a message, where it is not built.
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("EGRESS_ENGINE_JUDGES") else {
            eprintln!("skipped: EGRESS_ENGINE_JUDGES names no program; `cargo xtask tools engine-judges` builds it");
            return None;
        };
        let started = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        let requests = process.stdin.take().expect("an input");
        let answers = BufReader::new(process.stdout.take().expect("an output"));
        Some(Self { process, requests, answers })
    }

    /// Its answer, or why it cannot give one.
    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        writeln!(self.requests, "{request}").expect("the judge reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the judge answers");
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?} to {request}"));
        answer["failure"].as_str().map_or(Ok(answer.clone()), |failure| Err(failure.to_owned()))
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // Both fail only when the process is gone.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}
