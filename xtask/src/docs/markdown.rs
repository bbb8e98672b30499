//! Pieces of Markdown.

/// `code` between fences.
pub(super) fn fenced(language: &str, code: &str) -> String {
    format!("```{language}\n{}\n```\n", code.trim())
}
