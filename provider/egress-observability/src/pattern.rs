//! Regular expressions (RE2) for names.

use egress_model::policy::{Depth, DomainPattern};

/// A regular expression for one of several texts, which mean themselves.
pub fn one_of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| literal(text.as_ref())).collect::<Vec<_>>().join("|")
}

/// A regular expression for a text that means itself. Brackets and no backslashes: the text goes through YAML and JSON unharmed.
pub fn literal(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len() + 8), |mut out, c| {
        match c {
            '^' | '\\' => out.extend(['\\', c]),
            '.' | '*' | '+' | '?' | '(' | ')' | '|' | '{' | '}' | '$' | '[' | ']' => out.extend(['[', c, ']']),
            _ => out.push(c),
        }
        out
    })
}

/// A regular expression for the hosts that a pattern matches. A mesh may count the hosts of a wildcard by the wildcard itself, so its `*`
/// is met as well. The characters of a label are listed: Prometheus compiles a rule's expressions at each evaluation, and "all but a dot"
/// is a class of all of Unicode.
pub fn hosts_of(pattern: &DomainPattern) -> String {
    let base = literal(pattern.base().as_str());
    match pattern.depth() {
        Depth::Exact => base,
        Depth::OneLabel => format!("[*a-z0-9_-]+[.]{base}"),
        Depth::AnyDepth => format!("[*a-z0-9_.-]+[.]{base}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_a_wildcard_are_met_in_every_spelling() {
        let of = |pattern: &str| hosts_of(&pattern.parse().expect("a pattern"));
        assert_eq!(of("api.stripe.com"), "api[.]stripe[.]com");
        assert_eq!(of("*.x.com"), "[*a-z0-9_-]+[.]x[.]com");
        assert_eq!(of("**.x.com"), "[*a-z0-9_.-]+[.]x[.]com");
    }
}
