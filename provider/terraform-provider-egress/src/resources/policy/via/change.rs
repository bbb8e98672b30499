//! A policy before and after, as far as routes are concerned, and what is planned and reached of them.

use std::collections::BTreeMap;

use cloud::steering::Record;
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::Input;
use crate::session::{Call, Configured, Failure};

/// What a plan knows of the routes.
pub(in super::super) struct Planned {
    /// The `routes` attribute.
    pub(in super::super) routes: Value,
    /// Messages.
    pub(in super::super) diagnostics: Diagnostics,
}

/// What a step of an apply reached.
pub(in super::super) struct Reached {
    /// The `routes` attribute: what is there and ours now.
    pub(in super::super) routes: Value,
    /// Messages.
    pub(in super::super) diagnostics: Diagnostics,
}

/// A policy before and after, as far as routes are concerned.
pub(super) struct Change<'a> {
    /// The state; null when creating.
    pub(super) prior: &'a Value,
    /// What is planned; null when destroying.
    pub(super) planned: &'a Value,
    /// What the state says.
    pub(super) before: Input,
    /// What the plan says.
    pub(super) after: Input,
    /// The routes that the state records.
    pub(super) recorded: Record,
}

impl<'a> Change<'a> {
    pub(super) fn read(prior: &'a Value, planned: &'a Value) -> Result<Self, Diagnostic> {
        let (before, after) = (Input::read(prior)?, Input::read(planned)?);
        let recorded = before.recorded();
        Ok(Self { prior, planned, before, after, recorded })
    }

    /// The policy, for messages.
    pub(super) fn present(&self) -> &'a Value {
        if self.planned.is_null() { self.prior } else { self.planned }
    }

    /// The value of no routes.
    pub(super) fn none(&self) -> Value {
        if self.after.has_routes() { Value::map(BTreeMap::<String, Value>::new()) } else { Value::Null }
    }
}

/// How the policy is called among the resources of a run.
pub(super) fn named(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let name = text("name").unwrap_or_default();
    let name = text("namespace").map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
    format!("egress_policy \"{name}\"")
}

/// The `routes` attribute.
pub(super) fn routes_value(record: Record) -> Value {
    Value::map(record.into_iter().map(|(route, target)| (route, Value::from(target))))
}

/// A failure as the policy reports it.
pub(super) fn reported(configured: &Configured, policy: &Value, failure: Failure, call: Call) -> Diagnostics {
    configured.this_run.causes.report(failure, &named(policy), call).into_iter().collect()
}
