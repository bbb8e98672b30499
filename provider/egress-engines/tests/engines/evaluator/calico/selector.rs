//! Calico's selector expressions, as its reference describes them ("Selectors"): operators on labels, `!`, `&&`, `||` and
//! parentheses; `||` binds the weakest.

use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// Whether labels match; the empty text matches everything.
pub(super) fn matches(text: &str, labels: &Labels) -> bool {
    let mut rest = Rest(text.trim());
    if rest.0.is_empty() {
        return true;
    }
    let matches = rest.any(labels);
    assert!(rest.0.trim().is_empty(), "{text:?} does not end where its last term does: {:?}", rest.0);
    matches
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start();
        match rest.strip_prefix(token) {
            Some(after) => {
                self.0 = after;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        assert!(self.take(token), "expected {token:?} before {:?}", self.0);
    }

    fn any(&mut self, labels: &Labels) -> bool {
        let mut matches = self.all(labels);
        while self.take("||") {
            matches |= self.all(labels);
        }
        matches
    }

    fn all(&mut self, labels: &Labels) -> bool {
        let mut matches = self.one(labels);
        while self.take("&&") {
            matches &= self.one(labels);
        }
        matches
    }

    fn one(&mut self, labels: &Labels) -> bool {
        if self.take("!") {
            return !self.one(labels);
        }
        if self.take("(") {
            let matches = self.any(labels);
            self.expect(")");
            return matches;
        }
        if self.take("all(") {
            self.expect(")");
            return true;
        }
        if self.take("has(") {
            let label = self.label();
            self.expect(")");
            return labels.contains_key(label);
        }
        let label = self.label();
        let value = labels.get(label).map(String::as_str);
        if self.take("==") {
            return value == Some(self.text());
        }
        if self.take("!=") {
            return value != Some(self.text());
        }
        let negated = self.take("not");
        self.expect("in");
        let set = self.set();
        value.is_some_and(|value| set.contains(&value)) != negated
    }

    fn label(&mut self) -> &'a str {
        let rest = self.0.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_./-".contains(c)).unwrap_or(rest.len());
        let (label, after) = rest.split_at(end);
        assert!(!label.is_empty(), "expected a label before {rest:?}");
        self.0 = after;
        label
    }

    /// A value between quotes of either kind; there are no escapes.
    fn text(&mut self) -> &'a str {
        let rest = self.0.trim_start();
        let quote = rest.chars().next().filter(|c| "'\"".contains(*c)).expect("a quote");
        let (text, after) = rest[1..].split_once(quote).expect("a closing quote");
        self.0 = after;
        text
    }

    fn set(&mut self) -> Vec<&'a str> {
        self.expect("{");
        let mut values = Vec::new();
        while !self.take("}") {
            values.push(self.text());
            self.take(",");
        }
        values
    }
}

#[test]
fn expressions_are_read_as_documented() {
    let labels: Labels = [("app", "a"), ("tier", "web")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    for (text, expected) in [
        ("", true),
        ("all()", true),
        ("app == 'a'", true),
        ("app == \"b\"", false),
        ("app != 'b' && other != 'x'", true),
        ("has(app) && !has(other)", true),
        ("tier in {'web', 'api'}", true),
        ("tier not in {'web', 'api'} || app == 'a'", true),
        ("other in {'x'}", false),
        ("other not in {'x'} && has(app)", true),
        ("!(app == 'a' || has(other)) ", false),
    ] {
        assert_eq!(matches(text, &labels), expected, "{text}");
    }
}
