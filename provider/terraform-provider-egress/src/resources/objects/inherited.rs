//! What a resource inherits of the state of another one.

use std::collections::{BTreeMap, BTreeSet};

use cluster::Error;
use egress_model::identity::{HOLDER_TAG, Holder};
use tfplugin::cty::Value;

use super::Compiles;
use super::changes::cluster_to_change;
use super::errors::{Doing, failed};
use super::state::{objects_of, set, texts};
use crate::session::{Configured, Failure};

/// The state without the objects that `others` have adopted; null when it has no other.
pub(super) async fn inherited<C: Compiles>(
    configured: &Configured,
    state: &Value,
    others: &BTreeSet<Holder>,
) -> Result<Value, Failure> {
    let cluster = cluster_to_change(configured).await?;
    let recorded = objects_of::<C>(state, configured);
    let count = recorded.len();
    let mut own = Vec::new();
    for object in recorded {
        let holder = match cluster.get(&object.id).await {
            Ok(live) => live.and_then(|live| live.annotation(HOLDER_TAG)?.parse::<Holder>().ok()),
            Err(Error::KindMissing { .. }) => None,
            Err(error) => return Err(failed(&object.id, "read", &error, Doing::Apply)),
        };
        if holder.is_none_or(|holder| !others.contains(&holder)) {
            own.push(object);
        }
    }
    let mut inherited = state.clone();
    if own.len() < count {
        if own.is_empty() {
            return Ok(Value::Null);
        }
        set(&mut inherited, "manifests", texts(own));
        if C::ATTACHES {
            // They are by the field manager of the name, and so of whoever has it now.
            set(&mut inherited, "attachments", Value::map(BTreeMap::<String, Value>::new()));
        }
    }
    Ok(inherited)
}
