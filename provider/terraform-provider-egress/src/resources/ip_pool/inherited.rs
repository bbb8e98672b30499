//! What a pool inherits of the state of another one.

use std::collections::BTreeSet;

use cloud::Freshness;
use egress_model::identity::{Holder, Identity};
use tfplugin::cty::Value;

use super::arguments::{Arguments, Outputs};
use super::backend::{Pool, Pools};
use super::{outputs, report};
use crate::session::Failure;

/// The state without the addresses that `others` have adopted; null when it has no other.
pub(super) async fn inherited(
    pools: &dyn Pools,
    identity: Identity,
    state: &Value,
    others: &BTreeSet<Holder>,
) -> Result<Value, Failure> {
    let arguments = Arguments::read(state)?;
    let pool = Pool::looked_at(identity, Outputs::read(state)?.state(&arguments, &arguments));
    let picture = pools.picture(&pool, Freshness::Now).await;
    let picture =
        picture.map_err(|error| report::unreadable("look at the addresses that it inherits", &error, pools.place()))?;
    let holder = |id: &str| picture.all.values().find(|row| row.id.as_str() == id)?.mark.as_ref()?.holder.as_ref();
    let stays = |id: &str| holder(id).is_none_or(|holder| !others.contains(holder));
    Ok(outputs::without(state, &stays))
}
