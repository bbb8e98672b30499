//! Calico's selector expressions.
//!
//! Source: Calico v3.32 reference, "Selectors", and the grammar of its parser: a label name holds letters, digits, `_`, `.`, `/`
//! and `-`; a value stands between quotes and knows no escapes. Kubernetes' label keys and values are a subset of both, so what
//! is made from the model's types always parses.

use std::collections::BTreeSet;
use std::fmt;

use egress_model::labels::{
    LabelKey, LabelValue, NAMESPACE_NAME_LABEL, NamespaceName, ObjectName, Operator, Selector, ServiceAccountName,
};
use serde::{Serialize, Serializer};

/// The label that Calico gives every pod, and neither network sets nor nodes: its own translation of Kubernetes' `NetworkPolicy`
/// tells pods by it.
const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
/// The label with its name that Calico gives every service account, for `serviceAccountSelector`.
const NAME: &str = "projectcalico.org/name";

/// Terms that must all match; none means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Is(String, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Has(String),
    Lacks(String),
}

impl Expression {
    /// Everything: the selector `all()`.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every pod, and nothing that is none.
    pub fn pods() -> Self {
        Self(vec![Term::Is(ORCHESTRATOR.to_owned(), "k8s".to_owned())])
    }

    /// What has this label, with an object's name as the value.
    pub fn label(key: &'static str, value: &ObjectName) -> Self {
        Self(vec![among(key, [value])])
    }

    /// The service accounts of these names.
    pub fn service_accounts<'a>(names: impl IntoIterator<Item = &'a ServiceAccountName>) -> Self {
        Self(vec![among(NAME, names)])
    }

    /// The namespace of this name.
    pub fn namespace(name: &NamespaceName) -> Self {
        Self(vec![among(NAMESPACE_NAME_LABEL, [name])])
    }

    /// The namespaces of other names than these; all where there are none.
    pub fn other_namespaces<'a>(names: impl IntoIterator<Item = &'a NamespaceName>) -> Self {
        let names = texts(names);
        Self(if names.is_empty() { Vec::new() } else { vec![Term::NotIn(NAMESPACE_NAME_LABEL.to_owned(), names)] })
    }

    /// Also this.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

fn among<T: ToString>(key: &str, values: impl IntoIterator<Item = T>) -> Term {
    let values = texts(values);
    match values.as_slice() {
        [only] => Term::Is(key.to_owned(), only.clone()),
        _ => Term::In(key.to_owned(), values),
    }
}

impl From<&Selector> for Expression {
    fn from(selector: &Selector) -> Self {
        let text = |key: &LabelKey| key.to_string();
        let values = |values: &BTreeSet<LabelValue>| texts(values);
        let labels = selector.match_labels.iter().map(|(key, value)| Term::Is(text(key), value.to_string()));
        let demands = selector.match_expressions.iter().map(|demand| match &demand.operator {
            Operator::In(any) => Term::In(text(&demand.key), values(any)),
            Operator::NotIn(none) => Term::NotIn(text(&demand.key), values(none)),
            Operator::Exists => Term::Has(text(&demand.key)),
            Operator::DoesNotExist => Term::Lacks(text(&demand.key)),
        });
        Self(labels.chain(demands).collect())
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("all()");
        }
        for (index, term) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" && ")?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(key, value) => write!(f, "{key} == '{value}'"),
            Self::In(key, values) => write!(f, "{key} in {{'{}'}}", values.join("', '")),
            Self::NotIn(key, values) => write!(f, "{key} not in {{'{}'}}", values.join("', '")),
            Self::Has(key) => write!(f, "has({key})"),
            Self::Lacks(key) => write!(f, "!has({key})"),
        }
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(labels: &[(&str, &str)], demands: &[&str]) -> Expression {
        let label = |(key, value): &(&str, &str)| (key.parse().expect("a key"), value.parse().expect("a value"));
        let demands = demands.iter().map(|demand| demand.parse().expect("an expression")).collect();
        Expression::from(&Selector { match_labels: labels.iter().map(label).collect(), match_expressions: demands })
    }

    #[test]
    fn selectors_are_written_in_calicos_language() {
        let accounts = |names: &[&str]| {
            let names: Vec<ServiceAccountName> = names.iter().map(|name| name.parse().expect("a name")).collect();
            Expression::service_accounts(&names)
        };
        let kube_system: NamespaceName = "kube-system".parse().expect("a name");
        for (expression, text) in [
            (selector(&[], &[]), "all()"),
            (selector(&[("app", "a"), ("b.io/c", "")], &[]), "app == 'a' && b.io/c == ''"),
            (
                selector(&[], &["x in (a, b)", "y notin (c)", "z", "!w"]),
                "x in {'a', 'b'} && y not in {'c'} && has(z) && !has(w)",
            ),
            (accounts(&["api"]), "projectcalico.org/name == 'api'"),
            (accounts(&["api", "worker"]), "projectcalico.org/name in {'api', 'worker'}"),
            (Expression::namespace(&kube_system), "kubernetes.io/metadata.name == 'kube-system'"),
            (Expression::other_namespaces([&kube_system]), "kubernetes.io/metadata.name not in {'kube-system'}"),
            (Expression::other_namespaces([]), "all()"),
            (
                Expression::pods().and(selector(&[("app", "a")], &[])),
                "projectcalico.org/orchestrator == 'k8s' && app == 'a'",
            ),
        ] {
            assert_eq!(expression.to_string(), text);
        }
    }
}
