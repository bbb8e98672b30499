//! Pools that exist.

use std::collections::{BTreeMap, BTreeSet};

use cloud::Freshness;
use egress_model::identity::{Identity, Key};
use egress_model::ip_pool::{AddressId, Held, ReleasePolicy};
use tfplugin::Diagnostic;
use tfplugin::cty::Value;

use super::backend::{Pool, Pools, Row};
use super::outputs::{self, Computed, Known};
use super::report;
use crate::resources::import_id::ImportId;

/// The attributes of a pool that exists, as a configuration would write them, and those that are computed. `clouds` are the names of
/// what each cloud adds to an address.
pub(super) async fn find(
    pools: &dyn Pools,
    identity: Identity,
    wanted: &ImportId,
    clouds: &[&'static str],
) -> Result<Computed, Diagnostic> {
    let id = |text: &String| {
        pools.address_id(text).ok_or_else(|| {
            Diagnostic::error(format!("{text:?} is no id of an address"), "Write the ids as the cloud does, such as eipalloc-0123.")
        })
    };
    let ids: BTreeMap<Key, AddressId> =
        wanted.ids.iter().map(|(key, text)| Ok((key.clone(), id(text)?))).collect::<Result<_, Diagnostic>>()?;
    let held = |(key, id): (&Key, &AddressId)| {
        (id.clone(), Held { key: key.clone(), current: true, on_leave: ReleasePolicy::Retain })
    };
    let pool = Pool::looked_at(identity.clone(), ids.iter().map(held).collect());
    let unreadable = |error| report::unreadable("look for the pool", &error, pools.place()).diagnostic;
    let picture = pools.picture(&pool, Freshness::Now).await.map_err(unreadable)?;
    let mut rows: BTreeMap<Key, &Row> = BTreeMap::new();
    for (key, id) in &ids {
        let row = picture.all.get(id).ok_or_else(|| {
            Diagnostic::error(
                format!("The address {id} does not exist"),
                "There is no such address in this account and region. Look for a typing error, another region or account.",
            )
        })?;
        if let Some(mark) = row.mark.as_ref().filter(|mark| mark.identity != identity) {
            return Err(Diagnostic::error(
                format!("The address {id} belongs to another pool"),
                format!("It carries the tags of {}, which may release it. Remove it there first.", mark.identity),
            ));
        }
        rows.insert(key.clone(), row);
    }
    let named: BTreeSet<&AddressId> = ids.values().collect();
    let mut marked: Vec<_> = picture.all.values().filter(|row| !named.contains(&row.id)).collect();
    marked.sort_by_key(|row| (row.mark.as_ref().and_then(|mark| mark.created), row.id.clone()));
    for row in marked {
        if let Some(mark) = row.mark.as_ref().filter(|mark| mark.identity == identity) {
            rows.entry(mark.key.clone()).or_insert(row);
        }
    }
    if rows.is_empty() {
        return Err(Diagnostic::error(
            format!("There is no pool {:?}", wanted.name),
            format!(
                "No address in this region carries the tags of {identity}. Look for a typing error, another owner or region; or name \
                 the addresses: {},a=eipalloc-0123.",
                wanted.name
            ),
        ));
    }
    let is_own = |row: &Row| outputs::is_managed(row, &identity);
    let own: Vec<&Row> = rows.values().copied().filter(|row| is_own(row)).collect();
    let shared = shared_tags(&own, &pools.default_tags().known);
    let mut known = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    for (key, row) in rows {
        let arn = pools.global_id(&row.id).await.into();
        let managed = is_own(row);
        // The tags of an address that does not carry the pool's identity are its own: no later change of the pool removes them.
        let tags = if managed { row.tags_of_users() } else { Tags::new() };
        let detail = outputs::detail(row, managed, &tags, arn, outputs::association(&row.users));
        addresses.insert(key.to_string(), address(row, managed, &shared, &pools.default_tags().known, clouds));
        known.insert(key, Known::of(row, detail));
    }
    let mut computed = outputs::by_key(&known, true);
    computed.insert("addresses", Value::Map(addresses));
    computed.insert("tags", tags_value(&shared));
    computed.insert("leaving", Value::map::<&str, Value>([]));
    computed.insert("lost", Value::map::<&str, Value>([]));
    Ok(computed)
}

type Tags = BTreeMap<String, String>;

/// The tags that all these addresses have, but for those that the provider gives to everything.
fn shared_tags(rows: &[&Row], default_tags: &Tags) -> Tags {
    let tags: Vec<Tags> = rows.iter().map(|row| row.tags_of_users()).collect();
    let Some((first, others)) = tags.split_first() else { return Tags::new() };
    let shared = first.iter().filter(|(name, value)| {
        default_tags.get(*name) != Some(*value) && others.iter().all(|tags| tags.get(*name) == Some(*value))
    });
    shared.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn tags_value(tags: &Tags) -> Value {
    if tags.is_empty() { Value::Null } else { Value::map(tags.iter().map(|(name, value)| (name, value.as_str()))) }
}

/// An address as a configuration writes it: one that carries the pool's identity could be a new one, any other is adopted.
fn address(row: &Row, managed: bool, shared: &Tags, default_tags: &Tags, clouds: &[&'static str]) -> Value {
    let is_given = |name: &String, value: &String| {
        shared.contains_key(name) || default_tags.get(name).is_some_and(|default| default == value)
    };
    let own: Tags = row.tags_of_users().into_iter().filter(|(name, value)| managed && !is_given(name, value)).collect();
    let attributes = [
        ("new", if managed { true.into() } else { Value::Null }),
        ("existing_id", if managed { Value::Null } else { row.id.as_str().into() }),
        ("recover", Value::Null),
        ("tags", tags_value(&own)),
    ];
    Value::object(attributes.into_iter().chain(clouds.iter().map(|cloud| (*cloud, Value::Null))))
}
