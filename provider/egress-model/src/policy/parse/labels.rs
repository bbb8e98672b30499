//! Labels, annotations and selectors.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Form, NamespaceSelectorSpec, Path, Problem, SelectorSpec};
use super::Mistakes;
use crate::identity::{NAMESPACE_TAG, RESERVED_TAGS};
use crate::labels::{LabelKey, Labels, NAMESPACE_NAME_LABEL, NamespaceName, Operator, Requirement, Selector};

/// The label by which Kubernetes tools say what manages an object; ours.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// How many bytes the keys and values of an object's annotations have at most (`TotalAnnotationSizeLimitB` of Kubernetes' apimachinery,
/// `pkg/api/validation`).
pub const ANNOTATIONS_LIMIT: usize = 256 * 1024;

pub(super) fn labels(mistakes: &mut Mistakes, path: &Path, labels: &BTreeMap<String, String>) -> Labels {
    labels
        .iter()
        .filter_map(|(key, value)| {
            let at = path.key(key);
            let key = mistakes.text(&at, key);
            let value = mistakes.text(&at, value);
            Some((key?, value?))
        })
        .collect()
}

pub(crate) fn object_labels(mistakes: &mut Mistakes, path: &Path, written: &BTreeMap<String, String>) -> Labels {
    let ours = |key: &str| [MANAGED_BY, NAMESPACE_TAG].contains(&key) || RESERVED_TAGS.contains(&key);
    for key in written.keys().filter(|key| ours(key)) {
        mistakes.add(&path.key(key), Problem::ReservedLabel(key.clone()));
    }
    labels(mistakes, path, written)
}

pub(crate) fn annotations(
    mistakes: &mut Mistakes,
    path: &Path,
    written: &BTreeMap<String, String>,
) -> BTreeMap<LabelKey, String> {
    let length = written.iter().map(|(key, value)| key.len() + value.len()).sum();
    if length > ANNOTATIONS_LIMIT {
        mistakes.add(path, Problem::AnnotationsTooLong { length, limit: ANNOTATIONS_LIMIT });
    }
    written.iter().filter_map(|(key, value)| Some((mistakes.text(&path.key(key), key)?, value.clone()))).collect()
}

pub(crate) fn selector(mistakes: &mut Mistakes, path: &Path, spec: &SelectorSpec) -> Selector {
    let said = Said::of(&spec.match_labels, &spec.match_expressions);
    said.check(mistakes, path, spec.form, spec.all, "match_labels or match_expressions");
    only(mistakes, path, &spec.match_labels, &spec.match_expressions)
}

/// A selector of nodes: what is not named is the engine's to choose, so there is no word for all.
pub(crate) fn node_selector(mistakes: &mut Mistakes, path: &Path, spec: &SelectorSpec) -> Selector {
    if Said::of(&spec.match_labels, &spec.match_expressions).0.is_empty() {
        mistakes.add(path, Problem::NoNodes);
    }
    only(mistakes, path, &spec.match_labels, &spec.match_expressions)
}

/// What a selector says, by the names that users write.
struct Said(Vec<&'static str>);

impl Said {
    fn of(labels: &BTreeMap<String, String>, expressions: &[String]) -> Self {
        let given = [("match_labels", !labels.is_empty()), ("match_expressions", !expressions.is_empty())];
        Self(given.into_iter().filter_map(|(name, given)| given.then_some(name)).collect())
    }

    /// Whether what is selected is said as the form demands; `choices` names the ways.
    fn check(&self, mistakes: &mut Mistakes, path: &Path, form: Form, all: Option<bool>, choices: &'static str) {
        match (all, self.0.as_slice()) {
            (Some(false), _) => mistakes.add(&path.field("all"), Problem::OnlyTrue),
            (Some(true), [first, ..]) => mistakes.add(&path.field("all"), Problem::AllBeside(first)),
            (Some(true), []) | (None, [_]) => {}
            (None, []) => mistakes.add(path, Problem::EmptySelector(choices)),
            (None, several) if form == Form::Value => {
                mistakes.add(path, Problem::SeveralSelections(several.to_vec()));
            }
            (None, _) => {}
        }
    }
}

fn only(
    mistakes: &mut Mistakes,
    path: &Path,
    match_labels: &BTreeMap<String, String>,
    expressions: &[String],
) -> Selector {
    Selector {
        match_labels: labels(mistakes, &path.field("match_labels"), match_labels),
        match_expressions: mistakes.texts(&path.field("match_expressions"), expressions),
    }
}

pub(crate) fn namespace_selector(mistakes: &mut Mistakes, path: &Path, spec: &NamespaceSelectorSpec) -> Selector {
    let mut said = Said::of(&spec.match_labels, &spec.match_expressions);
    if spec.names.is_some() {
        said.0.insert(0, "names");
    }
    said.check(mistakes, path, spec.form, spec.all, "names, match_labels or match_expressions");
    let mut selector = only(mistakes, path, &spec.match_labels, &spec.match_expressions);
    let Some(names) = &spec.names else { return selector };
    let names_path = path.field("names");
    mistakes.not_empty(&names_path, names);
    let names: BTreeSet<NamespaceName> = mistakes.texts(&names_path, names);
    // A namespace's name is a DNS label, and so always a label value as well.
    let values: BTreeSet<_> = names.iter().filter_map(|name| name.as_str().parse().ok()).collect();
    if let (false, Ok(key)) = (values.is_empty(), NAMESPACE_NAME_LABEL.parse::<LabelKey>()) {
        let mut values = values.into_iter();
        match (values.next(), values.len()) {
            (Some(only), 0) if !selector.match_labels.contains_key(&key) => {
                selector.match_labels.insert(key, only);
            }
            (first, _) => {
                let operator = Operator::In(first.into_iter().chain(values).collect());
                selector.match_expressions.insert(0, Requirement { key, operator });
            }
        }
    }
    selector
}
