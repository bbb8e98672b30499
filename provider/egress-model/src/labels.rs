//! Kubernetes labels, label selectors and object names.
//!
//! Grammar: the Kubernetes documentation, "Labels and Selectors" and "Object Names and IDs".

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::shown::shown;

/// The label that Kubernetes itself puts on every namespace, with the namespace's name (1.22 and later).
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Why a text is no label key, label value or object name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It has no characters.
    #[error("It must not be empty")]
    Empty,
    /// It has too many characters.
    #[error("It has {length} characters, at most {limit} are possible")]
    TooLong {
        /// How many it has.
        length: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The name part of a label key, or a label value.
    #[error("{} must begin and end with a letter or digit and hold only letters, digits, '-', '_' and '.'", shown(.0))]
    Label(String),
    /// The prefix of a label key, or an object name.
    #[error(
        "{} must be a lowercase DNS name: letters, digits and '-', in parts separated by '.', each beginning and \
         ending with a letter or digit", shown(.0))]
    DnsSubdomain(String),
    /// A namespace or Service name.
    #[error("{} must hold only lowercase letters, digits and '-', and begin and end with a letter or digit", shown(.0))]
    DnsLabel(String),
}

fn check_length(text: &str, limit: usize) -> Result<(), LabelError> {
    match text.chars().count() {
        0 => Err(LabelError::Empty),
        length if length > limit => Err(LabelError::TooLong { length, limit }),
        _ => Ok(()),
    }
}

fn check_label(text: &str) -> Result<(), LabelError> {
    check_length(text, 63)?;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inside = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if inside && edge(text.chars().next()) && edge(text.chars().last()) {
        Ok(())
    } else {
        Err(LabelError::Label(text.to_owned()))
    }
}

fn is_dns_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && edge(text.chars().next())
        && edge(text.chars().last())
}

fn check_dns_label(text: &str) -> Result<(), LabelError> {
    check_length(text, 63)?;
    if is_dns_label(text) { Ok(()) } else { Err(LabelError::DnsLabel(text.to_owned())) }
}

fn check_dns_subdomain(text: &str, limit: usize) -> Result<(), LabelError> {
    check_length(text, limit)?;
    if text.split('.').all(is_dns_label) { Ok(()) } else { Err(LabelError::DnsSubdomain(text.to_owned())) }
}

fn check_label_key(text: &str) -> Result<(), LabelError> {
    match text.split_once('/') {
        Some((prefix, name)) => check_dns_subdomain(prefix, 253).and_then(|()| check_label(name)),
        None => check_label(text),
    }
}

fn check_label_value(text: &str) -> Result<(), LabelError> {
    if text.is_empty() { Ok(()) } else { check_label(text) }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = LabelError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// A label or annotation key: an optional DNS prefix and `/`, then a name of at most 63 characters.
    LabelKey, check_label_key
}
text_type! {
    /// A label value: empty, or at most 63 letters, digits, `-`, `_` and `.` between letters or digits.
    LabelValue, check_label_value
}
text_type! {
    /// A namespace's or a Service's name: a DNS label of at most 63 characters (RFC 1123).
    NamespaceName, check_dns_label
}
text_type! {
    /// The name of an object that a policy becomes: a DNS subdomain, at most 63 characters so that it also fits a label.
    ObjectName, (|text| check_dns_subdomain(text, 63))
}
text_type! {
    /// A service account's name: a DNS subdomain of at most 253 characters.
    ServiceAccountName, (|text| check_dns_subdomain(text, 253))
}

/// The labels of an object.
pub type Labels = BTreeMap<LabelKey, LabelValue>;

/// What a label must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// The label is there with one of these values; at least one.
    In(BTreeSet<LabelValue>),
    /// The label has none of these values, or is not there; at least one.
    NotIn(BTreeSet<LabelValue>),
    /// The label is there, whatever its value.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

/// One expression of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement {
    /// The label.
    pub key: LabelKey,
    /// What it must be.
    pub operator: Operator,
}

impl Requirement {
    /// Whether labels meet the requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// Why a text is no expression of a selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// No form of an expression.
    #[error(
        "{} is no expression; write \"tier in (web, api)\", \"tier notin (db)\", \"tier\", \"!tier\", \"tier=web\" \
         or \"tier!=web\"", shown(.0))]
    Form(String),
    /// The label or a value.
    #[error(transparent)]
    Label(#[from] LabelError),
}

/// What may stand between the parts of an expression (`labels.Lexer` of Kubernetes' apimachinery): other blanks of Unicode, such as one
/// that a web page put there, are no part of the language.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

impl FromStr for Requirement {
    type Err = RequirementError;

    /// Reads an expression as `kubectl get --selector` takes it (Kubernetes documentation, "Labels and Selectors").
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let written = trimmed(text);
        let one = |value: &str| trimmed(value.trim_start_matches('=')).parse().map(|value| BTreeSet::from([value]));
        let listed = |rest: &str| -> Result<BTreeSet<LabelValue>, RequirementError> {
            let inner = trimmed(rest).strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let inner = inner.ok_or_else(|| RequirementError::Form(text.to_owned()))?;
            Ok(inner.split(',').map(|value| trimmed(value).parse()).collect::<Result<_, _>>()?)
        };
        if let Some(key) = written.strip_prefix('!') {
            return Ok(Self { key: trimmed(key).parse()?, operator: Operator::DoesNotExist });
        }
        if let Some((key, value)) = written.split_once("!=") {
            return Ok(Self { key: trimmed(key).parse()?, operator: Operator::NotIn(one(value)?) });
        }
        if let Some((key, value)) = written.split_once('=') {
            return Ok(Self { key: trimmed(key).parse()?, operator: Operator::In(one(value)?) });
        }
        let Some((key, rest)) = written.split_once(is_blank) else {
            return Ok(Self { key: written.parse()?, operator: Operator::Exists });
        };
        let rest = trimmed(rest);
        let ends_word = |rest: &&str| rest.starts_with(|c| is_blank(c) || c == '(');
        let operator = if let Some(values) = rest.strip_prefix("in").filter(ends_word) {
            Operator::In(listed(values)?)
        } else if let Some(values) = rest.strip_prefix("notin").filter(ends_word) {
            Operator::NotIn(listed(values)?)
        } else {
            return Err(RequirementError::Form(text.to_owned()));
        };
        Ok(Self { key: key.parse()?, operator })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        let list = |values: &BTreeSet<LabelValue>| values.iter().map(LabelValue::as_str).collect::<Vec<_>>().join(", ");
        match &self.operator {
            Operator::In(values) => write!(f, "{key} in ({})", list(values)),
            Operator::NotIn(values) => write!(f, "{key} notin ({})", list(values)),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
        }
    }
}

/// A label selector: every label and every expression must match. The empty selector matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    /// Labels that must be there with exactly these values.
    pub match_labels: Labels,
    /// Further demands.
    pub match_expressions: Vec<Requirement>,
}

impl Selector {
    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether labels match.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl fmt::Display for Selector {
    /// As `kubectl --selector` takes it; nothing for the selector of everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
        let all: Vec<_> = labels.chain(self.match_expressions.iter().map(ToString::to_string)).collect();
        f.write_str(&all.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| (k.parse().expect("a key"), v.parse().expect("a value"))).collect()
    }

    fn requirement(operator: Operator) -> Requirement {
        Requirement { key: "tier".parse().expect("a key"), operator }
    }

    #[test]
    fn label_grammar() {
        let long = "a".repeat(64);
        for good in ["app", "app.kubernetes.io/name", "A_b.c-9", "example.com/x"] {
            assert!(good.parse::<LabelKey>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a/b/c", "Prefix/x", "/x", "x/", "a b", "é", long.as_str()] {
            assert!(bad.parse::<LabelKey>().is_err(), "{bad}");
        }
        assert!("".parse::<LabelValue>().is_ok());
        assert!("a/b".parse::<LabelValue>().is_err());
    }

    #[test]
    fn name_grammar() {
        assert!("kube-system".parse::<NamespaceName>().is_ok());
        for bad in ["", "Kube", "a.b", "-a", "a_b"] {
            assert!(bad.parse::<NamespaceName>().is_err(), "{bad}");
        }
        assert!("a.b-c".parse::<ObjectName>().is_ok());
        for bad in ["a..b", ".a", "a.", "a.-b"] {
            assert!(bad.parse::<ObjectName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn expressions_match_as_kubernetes_documents() {
        let values = |v: &str| BTreeSet::from([v.parse().expect("a value")]);
        let (web, none) = (labels(&[("tier", "web")]), labels(&[]));
        let cases = [
            (Operator::In(values("web")), true, false),
            (Operator::NotIn(values("web")), false, true),
            (Operator::NotIn(values("db")), true, true),
            (Operator::Exists, true, false),
            (Operator::DoesNotExist, false, true),
        ];
        for (operator, with, without) in cases {
            let requirement = requirement(operator);
            assert_eq!((requirement.matches(&web), requirement.matches(&none)), (with, without), "{requirement:?}");
        }
    }

    #[test]
    fn expressions_are_written_as_for_kubectl() {
        for (text, shown) in [
            ("tier in (web, api)", "tier in (api, web)"),
            ("tier in(web)", "tier in (web)"),
            ("tier\tin\t(web)\n", "tier in (web)"),
            (" tier  notin ( db ) ", "tier notin (db)"),
            ("tier=web", "tier in (web)"),
            ("tier == web", "tier in (web)"),
            ("tier!=web", "tier notin (web)"),
            ("tier", "tier"),
            ("!example.com/tier", "!example.com/tier"),
        ] {
            let parsed: Requirement = text.parse().expect(text);
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(shown.parse(), Ok(parsed));
        }
        for bad in ["tier in web", "tier near (web)", "tier in (web", "tier inside", "tier\u{2003}in (a)"] {
            assert_eq!(bad.parse::<Requirement>(), Err(RequirementError::Form(bad.into())));
        }
        for bad in ["", "!", "=web", "tier in (a b)", "a b=c", "\u{a0}tier", "tier in (\u{a0}a)"] {
            assert!(matches!(bad.parse::<Requirement>(), Err(RequirementError::Label(_))), "{bad}");
        }
    }

    #[test]
    fn a_selector_is_a_conjunction() {
        let selector =
            Selector { match_labels: labels(&[("app", "a")]), match_expressions: vec![requirement(Operator::Exists)] };
        assert!(selector.matches(&labels(&[("app", "a"), ("tier", "x")])));
        assert!(!selector.matches(&labels(&[("app", "a")])));
        assert!(!selector.matches(&labels(&[("tier", "x")])));
        assert!(Selector::default().matches(&labels(&[])));
    }
}
