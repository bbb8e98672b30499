//! The parameters of one call, as a URL or a form writes them: `NatGatewayId.1=nat-1&Filter.1.Name=state`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The parameters of one call by their full names, such as `Filter.1.Value.2`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads an `application/x-www-form-urlencoded` body.
    pub fn from_form(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The value of a scalar parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A boolean; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The values of a list of scalars, in the order of their indices.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.indices(name).iter().filter_map(|index| self.get(&format!("{name}.{index}"))).collect()
    }

    /// The members of a list of structures, each as parameters of its own.
    pub fn structures(&self, name: &str) -> Vec<Self> {
        let member = |index: &usize| {
            let prefix = format!("{name}.{index}.");
            let stripped =
                |(key, value): (&String, &String)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone()));
            Self(self.0.iter().filter_map(stripped).collect())
        };
        self.indices(name).iter().map(member).collect()
    }

    /// Whether any parameter of that name, scalar or list, is present.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name) || !self.indices(name).is_empty()
    }

    /// All values, of all names.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The same parameters without one.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut rest = self.clone();
        rest.0.remove(name);
        rest
    }

    fn indices(&self, name: &str) -> BTreeSet<usize> {
        let index = |key: &String| key.strip_prefix(name)?.strip_prefix('.')?.split('.').next()?.parse().ok();
        self.0.keys().filter_map(index).collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
