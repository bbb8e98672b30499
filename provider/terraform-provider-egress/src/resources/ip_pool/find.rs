//! A pool that another state manages.

use std::collections::BTreeMap;

use cloud::Freshness;
use egress_model::identity::{Identity, Key};
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Value};

use super::backend::{Pool, Pools, Row};
use super::outputs::{self, Computed, Known};
use super::report;
use crate::clouds::Place;
use crate::session::Failure;

/// The ids and public IPs of the pool with this identity: all that are found by their tags, or an error.
pub(super) async fn find(pools: &dyn Pools, identity: Identity) -> Result<Computed, Failure> {
    let pool = Pool::looked_at(identity.clone(), BTreeMap::new());
    let unreadable = |error| report::unreadable("look for the pool", &error, pools.place());
    let picture = pools.picture(&pool, Freshness::Snapshot).await.map_err(unreadable)?;
    let mut rows: BTreeMap<Key, &Row> = BTreeMap::new();
    for row in picture.all.values() {
        let Some(mark) = row.mark.as_ref().filter(|mark| mark.identity == identity) else { continue };
        if let Some(other) = rows.insert(mark.key.clone(), row) {
            return Err(two_addresses(&mark.key, other, row).into());
        }
    }
    if rows.is_empty() {
        return Err(not_found(&identity, pools.place()).into());
    }
    let known = rows.into_iter().map(|(key, row)| (key, Known::of(row, Value::Null))).collect();
    let mut computed = outputs::by_key(&known, true);
    computed.retain(|name, _| ["ids", "public_ips", "cidrs"].contains(name));
    Ok(computed)
}

fn not_found(identity: &Identity, place: &Place) -> Diagnostic {
    let tags = identity.tags().map(|(name, value)| format!("{name} = \"{value}\"")).join(", ");
    let detail = format!(
        "No address in the account of the provider's credentials ({place}) carries the tags {tags}. Check the name, the owner, the \
         region and the account. Addresses that a pool adopted with existing_id carry no tags and are not found."
    );
    let summary = format!("There is no pool {:?} of the owner {:?}", identity.name.as_str(), identity.owner.as_str());
    Diagnostic::error(summary, detail).at(Path::attribute("name"))
}

fn two_addresses(key: &Key, one: &Row, other: &Row) -> Diagnostic {
    let detail = format!(
        "{} ({}) and {} ({}) both carry it. An interrupted apply can leave a second one; the next apply of the state that manages the pool \
         keeps one of them. Run that first.",
        one.public_ips, one.id, other.public_ips, other.id
    );
    Diagnostic::error(format!("Two addresses have the key \"{key}\""), detail).at(Path::attribute("name"))
}
