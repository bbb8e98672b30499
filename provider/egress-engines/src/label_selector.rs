//! Types of the Kubernetes API that the kinds of several engines have in common.
//!
//! Source: the Kubernetes API reference, `LabelSelector` (meta/v1) and `IntOrString`.

use std::collections::BTreeMap;

use egress_model::labels::{Operator, Selector};
use serde::Serialize;

/// A port number or the name of a container port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(u16),
    /// A name.
    String(String),
}

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further demands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// A demand of a label selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: &'static str,
    /// The values, for `In` and `NotIn`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl From<&Selector> for LabelSelector {
    fn from(selector: &Selector) -> Self {
        let pairs = selector.match_labels.iter();
        let expressions = selector.match_expressions.iter().map(|requirement| {
            let (operator, values) = match &requirement.operator {
                Operator::In(values) => ("In", values.iter().map(ToString::to_string).collect()),
                Operator::NotIn(values) => ("NotIn", values.iter().map(ToString::to_string).collect()),
                Operator::Exists => ("Exists", Vec::new()),
                Operator::DoesNotExist => ("DoesNotExist", Vec::new()),
            };
            LabelSelectorRequirement { key: requirement.key.to_string(), operator, values }
        });
        Self {
            match_labels: pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            match_expressions: expressions.collect(),
        }
    }
}
