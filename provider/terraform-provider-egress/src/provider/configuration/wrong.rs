//! What is wrong with a value, as the parts of the block share it.

use tfplugin::Diagnostic;
use tfplugin::cty::Path;

/// Moves a diagnostic about a part to where that part is.
pub(super) fn beneath(path: &Path, mut diagnostic: Diagnostic) -> Diagnostic {
    let inner = diagnostic.path.take().unwrap_or_default();
    diagnostic.at(inner.steps().iter().fold(path.clone(), |path, step| path.then(step.clone())))
}

/// A URL that an HTTP client can call has the scheme http or https, and a host.
pub(super) fn wrong_url(url: &str) -> Option<String> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let right =
        host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !url.contains(char::is_whitespace));
    (!right).then(|| format!("{url:?} is not a URL; write one such as https://ec2.example.com."))
}
