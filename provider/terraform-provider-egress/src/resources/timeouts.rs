//! The `timeouts` block.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tfplugin::cty::{Path, Value};
use tfplugin::model::Arg;
use tfplugin::schema::NestedBlock;
use tfplugin::schema::declare::{block, string};
use tfplugin::{Diagnostic, Diagnostics};

use crate::duration;

/// The block's value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timeouts {
    create: Arg<String>,
    update: Arg<String>,
    delete: Arg<String>,
}

/// How long each operation of a resource may take when the user says nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    /// Making it.
    pub(crate) create: Duration,
    /// Changing it.
    pub(crate) update: Duration,
    /// Removing it.
    pub(crate) delete: Duration,
}

/// The operations that have a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Making it.
    Create,
    /// Changing it.
    Update,
    /// Removing it.
    Delete,
}

impl Operation {
    /// The operation that brings a state to what is planned.
    pub(crate) fn of(prior: &Value) -> Self {
        if prior.is_null() { Self::Create } else { Self::Update }
    }

    /// Its name in the block.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Defaults {
    /// The block, with these defaults in its documentation.
    pub(crate) fn block(self) -> NestedBlock {
        let timeout = |name, what: &str, default: Duration| {
            string(
                name,
                format!(
                    "How long {what} may take, such as `90s`, `10m` or `1h30m`. Default: `{}m`. When it is over, \
                     the provider starts nothing new and records what exists; the next apply goes on from there.",
                    default.as_secs() / 60
                ),
            )
        };
        block(
            "timeouts",
            vec![
                timeout("create", "creating", self.create),
                timeout("update", "changing", self.update),
                timeout("delete", "destroying", self.delete),
            ],
            "How long operations may take.",
        )
    }

    /// How long this operation may take.
    pub(crate) fn limit(self, timeouts: &Arg<Timeouts>, operation: Operation) -> Duration {
        let none = Timeouts::default();
        let timeouts = timeouts.known().unwrap_or(&none);
        let (text, default) = match operation {
            Operation::Create => (&timeouts.create, self.create),
            Operation::Update => (&timeouts.update, self.update),
            Operation::Delete => (&timeouts.delete, self.delete),
        };
        text.known().and_then(|text| duration::parse(text).ok()).unwrap_or(default)
    }
}

/// Checks the block's known values.
pub(crate) fn validate(timeouts: &Arg<Timeouts>) -> Diagnostics {
    let none = Timeouts::default();
    let Timeouts { create, update, delete } = timeouts.known().unwrap_or(&none);
    [("create", create), ("update", update), ("delete", delete)]
        .into_iter()
        .filter_map(|(name, text)| {
            let error = duration::parse(text.known()?).err()?;
            Some(
                Diagnostic::error(format!("The {name} timeout cannot be used"), format!("The value {error}."))
                    .at(Path::attribute("timeouts").child(name)),
            )
        })
        .collect()
}
