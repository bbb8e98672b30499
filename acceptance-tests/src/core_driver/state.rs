//! What core keeps between runs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value as Json;

use super::Address;

/// One object as the state file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The attributes as JSON text: that is what outlives a run, not values.
    pub attributes: String,
    /// The version of the schema that they were written with.
    pub schema_version: i64,
    /// What the provider keeps beside them.
    pub private: Vec<u8>,
    /// The identity as JSON text, and the version of its schema.
    pub identity: Option<(i64, String)>,
    /// Its creation failed half way: the next plan replaces it.
    pub tainted: bool,
    /// What it referred to when it was last applied; a destroy goes against these.
    pub dependencies: BTreeSet<Address>,
}

/// All objects by address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State(pub BTreeMap<Address, Object>);

impl Object {
    /// The attributes as JSON.
    pub fn json(&self) -> Result<Json> {
        serde_json::from_str(&self.attributes).context("the state is not JSON")
    }
}

impl State {
    /// The object at `type.name`.
    pub fn get(&self, address: &str) -> Option<&Object> {
        self.0.iter().find(|(candidate, _)| candidate.to_string() == address).map(|(_, object)| object)
    }

    /// A value inside an object, by JSON pointer; null when there is none.
    pub fn attribute(&self, address: &str, pointer: &str) -> Json {
        let json = self.get(address).and_then(|object| object.json().ok());
        json.and_then(|json| json.pointer(pointer).cloned()).unwrap_or(Json::Null)
    }

    /// Whether nothing is managed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses, each before those that it depends on.
    pub(super) fn destroy_order(&self) -> Vec<Address> {
        let mut order: Vec<Address> = Vec::new();
        while order.len() < self.0.len() {
            let free = self.0.keys().find(|address| {
                let needed_by = |other: &&Address| {
                    !order.contains(other)
                        && self.0.get(*other).is_some_and(|object| object.dependencies.contains(*address))
                };
                !order.contains(address) && !self.0.keys().any(|other| needed_by(&other))
            });
            // A cycle cannot come from a configuration that was applied.
            let Some(free) = free else { break };
            order.push(free.clone());
        }
        order
    }
}
