//! Whole diagnostics in golden files, to be read in review as a user reads them. `UPDATE_EXPECT=1` rewrites them.

use std::fmt::Write as _;

use expect_test::ExpectFile;
use tfplugin::{Diagnostics, Severity};

/// Compares what is said of each configuration with a file.
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
