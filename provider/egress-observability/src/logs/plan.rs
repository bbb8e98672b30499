//! What is read, what of it is kept, and where it goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::logs::environment::FieldText;
use crate::logs::estate::LogSource;
use crate::logs::output::Output;

/// Which records are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Every record of egress.
    #[default]
    All,
    /// Those of what was stopped.
    Denied,
}

/// What a collector does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The logs.
    pub sources: BTreeSet<LogSource>,
    /// What of them is kept.
    pub keep: Keep,
    /// Fields that every record gets, such as the cluster's name.
    pub fields: BTreeMap<FieldText, FieldText>,
    /// Where records go, in the order of the files; each kind once.
    pub outputs: Vec<Output>,
}

/// The field that says which log a record is of.
pub(crate) const SOURCE: &str = "egress_source";
