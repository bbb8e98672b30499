//! YAML that reads the same everywhere.
//!
//! Kubernetes tools parse YAML 1.1, where an unquoted `n`, `on`, `1_000` or `0o7` is not text, and each serializer has its
//! own list of what to quote. Here only what is plainly a word is left unquoted; keys are sorted, so that equal objects are
//! equal text and a changed field is one changed line of a plan.

use std::fmt::Write;

use serde_json::Value;

/// The text of a document, with a final line break.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(&mut out, map, 0, false),
        Value::Array(list) if !list.is_empty() => sequence(&mut out, list, 0),
        other => {
            scalar(&mut out, other);
            out.push('\n');
        }
    }
    out
}

/// The text of a document with these fields, which are in the order of their names.
pub(crate) fn document_of(fields: &[(&str, &Value)]) -> String {
    // Most objects fit.
    let mut out = String::with_capacity(1024);
    for (key, value) in fields {
        entry(&mut out, key, value, 0);
    }
    out
}

/// The widest line of [`lines`] that holds more than one value.
const WIDTH: usize = 100;

/// The lines of a document, where what fits into a line is on one: an element of a list, say. Joined with line breaks they are YAML.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match value {
        Value::Object(map) => {
            for (key, value) in sorted(map) {
                put(&mut lines, &Begin::of_key(key, 0), value);
            }
        }
        other => put(&mut lines, &Begin { indent: 0, lead: "-".to_owned(), column: 0 }, other),
    }
    lines
}

/// The beginning of a line, before its value.
struct Begin {
    indent: usize,
    /// `key:`, `-`, or `- key:`.
    lead: String,
    /// Where the key is; what is in it stands to the right of that.
    column: usize,
}

impl Begin {
    fn of_key(key: &str, indent: usize) -> Self {
        let mut lead = String::new();
        text(&mut lead, key);
        lead.push(':');
        Self { indent, lead, column: indent }
    }

    fn line(&self, rest: &str) -> String {
        let space = if rest.is_empty() { "" } else { " " };
        format!("{:indent$}{}{space}{rest}", "", self.lead, indent = self.indent)
    }
}

fn put(lines: &mut Vec<String>, begin: &Begin, value: &Value) {
    let short = begin.line(&flow(value));
    match value {
        _ if short.len() <= WIDTH => lines.push(short),
        Value::String(file) if is_literal(file) => {
            let (file, mark) = file.strip_suffix('\n').map_or((file.as_str(), "|-"), |lines| (lines, "|"));
            lines.push(begin.line(mark));
            lines.extend(file.split('\n').map(|line| match line {
                "" => String::new(),
                line => format!("{:indent$}{line}", "", indent = begin.column + 2),
            }));
        }
        Value::Object(map) if !map.is_empty() && begin.lead == "-" => {
            for (position, (key, value)) in sorted(map).into_iter().enumerate() {
                let mut entry = Begin::of_key(key, begin.indent + 2);
                if position == 0 {
                    entry = Begin { indent: begin.indent, lead: format!("- {}", entry.lead), ..entry };
                }
                put(lines, &entry, value);
            }
        }
        Value::Object(map) if !map.is_empty() => {
            lines.push(begin.line(""));
            for (key, value) in sorted(map) {
                put(lines, &Begin::of_key(key, begin.column + 2), value);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            lines.push(begin.line(""));
            let indent = if begin.lead == "-" { begin.indent + 2 } else { begin.column };
            for element in list {
                put(lines, &Begin { indent, lead: "-".to_owned(), column: indent }, element);
            }
        }
        _ => lines.push(short),
    }
}

/// Whether a text is several lines, such as a file, that every YAML version reads back from a literal block as they are.
fn is_literal(text: &str) -> bool {
    let is_printed =
        |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let last = text.strip_suffix('\n').unwrap_or(text).rsplit('\n').next().unwrap_or_default();
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !last.trim().is_empty()
        && text.chars().all(|c| c == '\n' || is_printed(c))
}

/// A value on one line.
fn flow(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => {
            let entry = |(key, value): (&String, &Value)| {
                let mut entry = String::new();
                text(&mut entry, key);
                format!("{entry}: {}", flow(value))
            };
            out = format!("{{{}}}", sorted(map).into_iter().map(entry).collect::<Vec<_>>().join(", "));
        }
        Value::Array(list) if !list.is_empty() => {
            out = format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", "));
        }
        other => scalar(&mut out, other),
    }
    out
}

/// Whether a map keeps its keys in order is up to how the library is built.
fn sorted(map: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

fn mapping(out: &mut String, map: &serde_json::Map<String, Value>, indent: usize, first_inline: bool) {
    let write = |(position, (key, value)): (usize, (&String, &Value))| {
        if !(first_inline && position == 0) {
            pad(out, indent);
        }
        entry(out, key, value, indent);
    };
    // Whether a map keeps its keys in order is up to how the library is built.
    if map.keys().is_sorted() {
        map.iter().enumerate().for_each(write);
    } else {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        entries.into_iter().enumerate().for_each(write);
    }
}

fn entry(out: &mut String, key: &str, value: &Value, indent: usize) {
    text(out, key);
    out.push(':');
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            mapping(out, map, indent + 2, false);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            sequence(out, list, indent);
        }
        other => {
            out.push(' ');
            scalar(out, other);
            out.push('\n');
        }
    }
}

fn sequence(out: &mut String, list: &[Value], indent: usize) {
    for value in list {
        pad(out, indent);
        out.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => mapping(out, map, indent + 2, true),
            Value::Array(list) if !list.is_empty() => {
                // A list in a list has no line of its own to begin on.
                out.truncate(out.len() - 1);
                out.push('\n');
                sequence(out, list, indent + 2);
            }
            other => {
                scalar(out, other);
                out.push('\n');
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    const SPACES: &str = "                                ";
    let mut left = indent;
    while left > 0 {
        let now = left.min(SPACES.len());
        out.push_str(&SPACES[..now]);
        left -= now;
    }
}

fn scalar(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{number}");
        }
        Value::String(value) => text(out, value),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

fn text(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a text is a word that no YAML version takes for anything else.
fn is_plain(text: &str) -> bool {
    const NOT_TEXT: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
        && !(text.len() <= 5 && NOT_TEXT.iter().any(|word| word.eq_ignore_ascii_case(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn quotes_what_other_parsers_take_for_something_else() {
        let words = [
            "n",
            "Y",
            "on",
            "NO",
            "null",
            "~",
            "1_000",
            "0o7",
            "1e3",
            "1.20",
            ".5",
            "2024-01-01",
            "12:30",
            "",
            " a",
            "a: b",
            "#",
            "*",
            "-",
        ];
        for word in words {
            assert_eq!(document(&json!({ "a": word })), format!("a: \"{word}\"\n"));
            assert_eq!(document(&json!({ word: 1 })), format!("\"{word}\": 1\n"));
        }
        for word in ["nginx", "kube-dns", "kubernetes.io/metadata.name", "TCP", "v1", "no-go"] {
            assert_eq!(document(&json!({ "a": word })), format!("a: {word}\n"));
        }
    }

    #[test]
    fn nests_as_kubernetes_writes() {
        let value = json!({"spec": {"egress": [{"to": [], "ports": [{"port": 53}]}, [1, [2]], []], "podSelector": {}}});
        let expected = "spec:\n  egress:\n  - ports:\n    - port: 53\n    to: []\n  -\n    - 1\n    -\n      - 2\n  \
                        - []\n  podSelector: {}\n";
        assert_eq!(document(&value), expected);
    }

    #[test]
    fn a_file_in_an_object_is_line_by_line() {
        let file = format!("[INPUT]\n\n    Path {}\n", "/var/log".repeat(12));
        let value = json!({ "data": { "a.conf": file, "b.conf": file.trim_end() } });
        let path = format!("        Path {}", "/var/log".repeat(12));
        let expected = [
            "data:",
            "  a.conf: |",
            "    [INPUT]",
            "",
            path.as_str(),
            "  b.conf: |-",
            "    [INPUT]",
            "",
            path.as_str(),
        ];
        assert_eq!(lines(&value), expected);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[a-zA-Z0-9._~:# -]{0,8}".prop_map(Value::from),
            "([ a#:|-]{0,60}\n){0,4}[ a-z]{0,60}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9 :.]{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_back(value in any_value()) {
            let text = document(&value);
            let read: Value = serde_yaml_ng::from_str(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            let short = lines(&json!({ "a": value })).join("\n");
            let object: Value = serde_yaml_ng::from_str(&short).map_err(|e| TestCaseError::fail(format!("{e}\n{short}")))?;
            prop_assert_eq!(&object, &json!({ "a": value }), "{}", short);
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
