//! Errors and warnings for the user.

use crate::cty::Path;

/// An error with its sources on one line, outermost first: `cannot read the file: permission denied`. The detail of a
/// diagnostic is the one place where a chain is printed. Many libraries write the source into the error's own text as well; what
/// the line ends with already is not said again.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut outer = line.len();
    let mut source = error.source();
    while let Some(error) = source {
        source = error.source();
        let text = error.to_string();
        let text = text.trim();
        if text.is_empty() || line.ends_with(text) {
            continue;
        }
        // A source that begins with all that the error around it says, and goes on.
        if outer > 0 && text.starts_with(&line[line.len() - outer..]) {
            line.truncate(line.len() - outer);
        } else {
            line.push_str(": ");
        }
        line.push_str(text);
        outer = text.len();
    }
    line
}

/// Whether Terraform stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation goes on.
    Warning,
}

/// One message to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether Terraform stops.
    pub severity: Severity,
    /// What could not be done, in the user's words, without a final dot.
    pub summary: String,
    /// Why, what exists now, and what to do next; Terraform shows it as paragraphs.
    pub detail: String,
    /// The attribute that the message is about; Terraform then shows its source line.
    pub path: Option<Path>,
}

impl Diagnostic {
    /// An error about the whole resource.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary: summary.into(), detail: detail.into(), path: None }
    }

    /// A warning about the whole resource.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, summary: summary.into(), detail: detail.into(), path: None }
    }

    /// The same message, on an attribute.
    #[must_use]
    pub fn at(mut self, path: Path) -> Self {
        self.path = Some(path);
        self
    }
}

/// The messages of one call, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        self.0.extend(iter);
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;

    use super::*;

    /// Texts from the outermost error to the innermost.
    #[derive(Debug)]
    struct Layers(&'static str, Option<Box<Layers>>);

    impl Layers {
        fn of(texts: &[&'static str]) -> Self {
            let mut texts = texts.iter().rev();
            let innermost = Self(texts.next().expect("a text"), None);
            texts.fold(innermost, |inner, text| Self(text, Some(Box::new(inner))))
        }
    }

    impl fmt::Display for Layers {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layers {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|inner| inner as _)
        }
    }

    #[test]
    fn a_chain_says_nothing_twice() {
        let cases: [(&[&str], &str); 6] = [
            (&["cannot read the file", "permission denied"], "cannot read the file: permission denied"),
            (&["No such file (os error 2)", "No such file (os error 2)"], "No such file (os error 2)"),
            (
                &["ServiceError: client error (Connect)", "client error (Connect)", "tcp connect error", "refused"],
                "ServiceError: client error (Connect): tcp connect error: refused",
            ),
            (&["outer: middle: inner", "middle: inner", "inner"], "outer: middle: inner"),
            (&["dispatch failure", "", "io error"], "dispatch failure: io error"),
            (&["call failed", "client error", "client error (Connect)"], "call failed: client error (Connect)"),
        ];
        for (texts, expected) in cases {
            assert_eq!(chain(&Layers::of(texts)), expected);
        }
    }
}
