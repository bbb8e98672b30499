//! Runs programs that take minutes, so that whoever waits sees that they live and, when they fail, why.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How often a running step says that it still runs.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// How many lines of a failed step's output are shown.
const TAIL_LINES: usize = 40;

/// Runs `command` to its end with its output in `log`, saying every few seconds how long it has run and its last line.
///
/// Fails when the program cannot start or exits with a failure; the error carries the end of the output.
pub(crate) fn run_logged(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Duration> {
    run_shown(name, command, log, str::to_owned)
}

/// The same with `shown` deciding what is said of the last line. A program that writes nothing while it works would be said to do what it
/// did last.
pub(crate) fn run_shown(
    name: &str,
    command: &mut Command,
    log: &Path,
    shown: impl Fn(&str) -> String,
) -> anyhow::Result<Duration> {
    fs::create_dir_all(log.parent().unwrap_or(Path::new(".")))?;
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let started = Instant::now();
    let program = command.get_program().display().to_string();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let mut reported = Instant::now();
    let mut last = String::new();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(100));
        if reported.elapsed() >= PROGRESS_EVERY {
            reported = Instant::now();
            let before = std::mem::replace(&mut last, tail(&read_lossy(log), 1));
            // Ten seconds without a new line: whatever that one was about is over.
            let line = if before == last { shown(last.trim()) } else { last.trim().to_owned() };
            println!("    {name}: {} s  {}", started.elapsed().as_secs(), shorten(&line, 90));
        }
    };
    if !status.success() {
        let end = tail(&read_lossy(log), TAIL_LINES);
        bail!("{program}: {status}; the end of {}:\n{end}", log.display());
    }
    Ok(started.elapsed())
}

/// Runs `command` and hands every line of its output, of both streams merged, to `on_line` as it comes.
///
/// Gives whether the program succeeded.
pub(crate) fn run_lines(command: &mut Command, mut on_line: impl FnMut(&str)) -> anyhow::Result<bool> {
    let program = command.get_program().display().to_string();
    let (reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    // The command holds the pipe's writing end; without a new one in its place the reader would never see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        on_line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
    Ok(child.wait()?.success())
}

/// Runs `command` and gives its standard output; a failure carries what it wrote to standard error.
pub(crate) fn capture(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} wrote something that is not UTF-8"))
}

/// A log is whatever the program wrote, so bytes that are not UTF-8 are shown as a replacement and never lost.
fn read_lossy(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The last `count` lines of `text` that hold anything.
fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// At most `width` characters of `text`.
fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_skips_empty_lines_and_may_be_longer_than_the_text() {
        assert_eq!(tail("a\n\nb\n\n", 1), "b");
        assert_eq!(tail("a\n\nb\n\n", 9), "a\nb");
        assert_eq!(tail("", 3), "");
    }

    #[test]
    fn a_long_line_is_cut_at_characters_and_not_at_bytes() {
        assert_eq!(shorten("ééé", 3), "ééé");
        assert_eq!(shorten("éééé", 3), "éé…");
    }

    #[test]
    fn a_failure_shows_the_end_of_the_output() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("step.log");
        let error = run_logged("step", Command::new("sh").args(["-c", "echo why; exit 3"]), &log).unwrap_err();
        assert!(error.to_string().ends_with("why"), "{error}");
    }

    #[test]
    fn lines_of_both_streams_arrive_in_order() {
        let mut lines = Vec::new();
        let good = run_lines(Command::new("sh").args(["-c", "echo a; echo b >&2; exit 1"]), |line| {
            lines.push(line.to_owned());
        });
        assert!(!good.unwrap());
        assert_eq!(lines, ["a", "b"]);
    }
}
