//! The table that a run prints.

use std::fmt;
use std::time::Duration;

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Of which program.
    pub subject: String,
    /// The figure, with its unit; for many measurements the median.
    pub value: String,
    /// The 99th percentile, where there are many.
    pub p99: String,
    /// What it must be, and whether it is; none for what only stands beside.
    pub target: Option<(String, bool)>,
}

/// The figures so far.
#[derive(Clone, Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Says that something could not be measured.
    pub fn skip(&mut self, what: &str, reason: &str) {
        let value = format!("skipped: {reason}");
        self.add(Row { what: what.to_owned(), subject: String::new(), value, p99: String::new(), target: None });
    }

    /// Says that a measurement failed, if it did.
    pub(super) fn note_failure(&mut self, what: &str, measured: anyhow::Result<()>) {
        if let Err(error) = measured {
            let reason = format!("{error:#}").replace('\n', " ");
            self.skip(what, &reason);
            if let Some(row) = self.rows.last_mut() {
                row.value = format!("failed: {reason}");
                row.target = Some(("to be measured".to_owned(), false));
            }
        }
    }

    /// Adds times, in milliseconds; the target is an upper limit of the median.
    pub(super) fn times(&mut self, what: &str, subject: &str, times: &mut [Duration], limit: Option<Duration>) {
        let (median, high) = (percentile(times, 50), percentile(times, 99));
        self.add(Row {
            what: what.to_owned(),
            subject: subject.to_owned(),
            value: milliseconds(median),
            p99: milliseconds(high),
            target: limit.map(|limit| (format!("<= {}", milliseconds(limit)), median <= limit)),
        });
    }

    /// Whether every target that was measured is met.
    pub fn all_met(&self) -> bool {
        self.rows.iter().filter_map(|row| row.target.as_ref()).all(|(_, met)| *met)
    }
}

/// The value below which this share of the measurements lies; zero without any.
pub(super) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).copied().unwrap_or_default()
}

pub(super) fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

/// A Markdown table with columns of equal width.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["", "of", "value", "p99", "target", ""].map(str::to_owned);
        let cells = self.rows.iter().map(|row| {
            let (target, met) = match &row.target {
                Some((target, true)) => (target.clone(), "met".to_owned()),
                Some((target, false)) => (target.clone(), "MISSED".to_owned()),
                None => (String::new(), String::new()),
            };
            [row.what.clone(), row.subject.clone(), row.value.clone(), row.p99.clone(), target, met]
        });
        let table: Vec<[String; 6]> = std::iter::once(header).chain(cells).collect();
        let widths: [usize; 6] =
            std::array::from_fn(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
        for (number, row) in table.iter().enumerate() {
            for (cell, width) in row.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for width in widths {
                    write!(f, "| {:-<width$} ", "")?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&mut times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&mut [], 99), Duration::ZERO);
    }
}
