//! Diagnostics in tests as a user reads them, whole.

use std::fmt::Write as _;

use expect_test::ExpectFile;
use tfplugin::{Diagnostic, Diagnostics, Severity};

/// Each as `severity [path] summary`, with the detail on the next line.
pub(crate) fn messages(diagnostics: &Diagnostics) -> Vec<String> {
    let text = |d: &Diagnostic| {
        let severity = if d.severity == Severity::Error { "error" } else { "warning" };
        let path = d.path.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{severity} [{path}] {}\n{}", d.summary, d.detail)
    };
    diagnostics.iter().map(text).collect()
}

/// Compares what is said of each configuration with a golden file, to be read in review. `UPDATE_EXPECT=1` rewrites it.
pub(crate) fn assert_golden(file: &ExpectFile, cases: &[(String, Diagnostics)]) {
    let mut text = String::new();
    for (configuration, diagnostics) in cases {
        writeln!(text, "# {configuration}").expect("a text takes every line");
        for diagnostic in diagnostics {
            let severity = if diagnostic.severity == Severity::Error { "Error" } else { "Warning" };
            let path = diagnostic.path.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
            let (summary, detail) = (&diagnostic.summary, &diagnostic.detail);
            writeln!(text, "{severity}{path}: {summary}\n{detail}\n").expect("a text takes every line");
        }
    }
    file.assert_eq(&text);
}
