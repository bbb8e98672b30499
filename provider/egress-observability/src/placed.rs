//! An object as those see it that select objects, and why one of them does not.

use std::fmt;

use egress_engines::manifest::Kind;
use egress_model::labels::{Labels, NamespaceName, Requirement};
use serde_json::Value;

/// An object where it is.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Its kind.
    pub kind: &'a Kind,
    /// Its labels.
    pub labels: &'a Labels,
    /// What it says.
    pub spec: &'a Value,
    /// Its namespace.
    pub namespace: &'a NamespaceName,
    /// The labels of its namespace; that with its name is known without.
    pub namespace_labels: &'a Labels,
}

/// Why an instance does not take an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It selects no object of this kind at all.
    SelectsNothing,
    /// It looks in its own namespace alone.
    OwnNamespace,
    /// It demands labels that the object does not have.
    Labels(Vec<Requirement>),
    /// It demands labels that the object's namespace does not have.
    NamespaceLabels(Vec<Requirement>),
    /// The object demands labels that it does not have.
    Unlike(Vec<Requirement>),
    /// It looks in these namespaces alone.
    Namespaces(String),
    /// What it demands could not be read.
    Unreadable,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |all: &[Requirement]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::SelectsNothing => f.write_str("selects no object of this kind"),
            Self::OwnNamespace => f.write_str("looks in its own namespace alone"),
            Self::Labels(all) => write!(f, "demands of the object's labels: {}", list(all)),
            Self::Unlike(all) => write!(f, "lacks labels that the object demands: {}", list(all)),
            Self::Namespaces(names) => write!(f, "looks in the namespaces {names} alone"),
            Self::NamespaceLabels(all) => write!(f, "demands of its namespace's labels: {}", list(all)),
            Self::Unreadable => f.write_str("has a selector that cannot be read"),
        }
    }
}
