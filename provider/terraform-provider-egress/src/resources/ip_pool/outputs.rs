//! The computed attributes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egress_model::identity::{Identity, Key};
use egress_model::cidr::Cidr;
use egress_model::ip_pool::{AddressId, User};
use tfplugin::cty::Value;

use super::arguments::policy_text;
use super::backend::{Leaving, Pools, Row};

/// The computed attributes of a state or a plan, by name.
pub(super) type Computed = BTreeMap<&'static str, Value>;

/// What is known of the address of one key.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: Value,
    /// The one IP; null of a prefix.
    pub(super) public_ip: Value,
    /// The IP, or the prefix, as a block.
    pub(super) block: Value,
    pub(super) detail: Value,
}

impl Known {
    /// Nothing yet.
    pub(super) fn unknown() -> Self {
        let (id, public_ip, block, detail) = (Value::UNKNOWN, Value::UNKNOWN, Value::UNKNOWN, Value::UNKNOWN);
        Self { id, public_ip, block, detail }
    }

    /// This IP, if the cloud gives it back.
    pub(super) fn recovered(ip: IpAddr) -> Self {
        let block = Cidr::of_address(ip).to_string();
        Self { public_ip: ip.to_string().into(), block: block.into(), ..Self::unknown() }
    }

    /// An address that exists, with this as its details.
    pub(super) fn of(row: &Row, detail: Value) -> Self {
        let block = row.public_ips.block().map(|block| block.to_string());
        Self { id: row.id.as_str().into(), public_ip: public_ip(row), block: block.into(), detail }
    }
}

/// The details of an address that exists. `tags` are those that the pool sets, as they should be or as they are.
pub(super) fn detail(
    row: &Row,
    managed: bool,
    tags: &BTreeMap<String, String>,
    arn: Value,
    association: Value,
) -> Value {
    Value::object([
        ("id", row.id.as_str().into()),
        ("public_ip", public_ip(row)),
        ("arn", arn),
        ("managed", managed.into()),
        ("tags", Value::map(tags.iter().map(|(name, value)| (name, value.as_str())))),
        ("association", association),
    ])
}

fn public_ip(row: &Row) -> Value {
    row.public_ips.single().map(|ip| ip.to_string()).into()
}

/// What uses an address.
pub(super) fn association(users: &[User]) -> Value {
    let Some(user) = users.first() else { return Value::Null };
    Value::object([
        ("id", user.association.clone().into()),
        ("user", Value::from(user.id.as_str())),
        ("private_ip", user.private_ip.map(|ip| ip.to_string()).into()),
    ])
}

/// The global name of an address: that of the state, where it is of the same address, or the cloud's answer.
pub(super) async fn arn(pools: &dyn Pools, prior: &Value, key: &Key, id: &AddressId) -> Value {
    let recorded = prior.get("details").and_then(|details| details.as_map()?.get(key.as_str()));
    let recorded = recorded.filter(|detail| detail.get("id").and_then(Value::as_str) == Some(id.as_str()));
    match recorded.and_then(|detail| detail.get("arn")).filter(|arn| !arn.is_null() && !arn.is_unknown()) {
        Some(arn) => arn.clone(),
        None => pools.global_id(id).await.into(),
    }
}

/// The place that the state names for an address and the place where the provider looks now, where they differ: an address of
/// another account or region is not one that is gone.
pub(super) async fn elsewhere(pools: &dyn Pools, state: &Value, key: &Key, id: &AddressId) -> Option<(String, String)> {
    let recorded = state.get("details")?.as_map()?.get(key.as_str())?;
    let was = recorded.get("arn")?.as_str()?.to_owned();
    let now = pools.global_id(id).await?;
    (was != now && was.ends_with(id.as_str())).then_some((was, now))
}

/// The attributes that follow from what is known by key. `complete` says whether these are all keys; `cidrs` is null or
/// unknown otherwise, never a part.
pub(super) fn by_key(known: &BTreeMap<Key, Known>, complete: bool) -> Computed {
    let map =
        |part: fn(&Known) -> &Value| Value::map(known.iter().map(|(key, known)| (key.as_str(), part(known).clone())));
    let mut blocks: Vec<Cidr> = known.values().filter_map(|known| known.block.as_str()?.parse().ok()).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let cidrs = if !complete {
        Value::Null
    } else if known.values().any(|known| known.block.is_unknown()) {
        Value::UNKNOWN
    } else {
        Value::list(blocks.iter().map(ToString::to_string))
    };
    BTreeMap::from([
        ("ids", map(|known| &known.id)),
        ("public_ips", map(|known| &known.public_ip)),
        ("details", map(|known| &known.detail)),
        ("cidrs", cidrs),
    ])
}

/// The addresses that still have to go.
pub(super) fn leaving<'a>(rows: impl IntoIterator<Item = &'a Leaving>, keys: &dyn Fn(&Row) -> String) -> Value {
    let rows = rows.into_iter().filter_map(|leaving| {
        let value = Value::object([
            ("public_ip", Value::from(leaving.row.public_ips.to_string())),
            ("key", keys(&leaving.row).into()),
            ("release_policy", policy_text(leaving.recorded()?).into()),
        ]);
        Some((leaving.row.id.as_str(), value))
    });
    Value::map(rows.collect::<Vec<_>>())
}

/// A state with those addresses alone whose ids `stay`; null when there are none.
pub(super) fn without(state: &Value, stays: &dyn Fn(&str) -> bool) -> Value {
    let ids = state.get("ids").and_then(Value::as_map).cloned().unwrap_or_default();
    let goes = |key: &String| ids.get(key).and_then(Value::as_str).is_some_and(|id| !stays(id));
    let mut state = state.clone();
    let Some(attributes) = state.as_object_mut() else { return state };
    for name in ["ids", "public_ips", "details"] {
        if let Some(Value::Map(parts)) = attributes.get_mut(name) {
            parts.retain(|key, _| !goes(key));
        }
    }
    if let Some(Value::Map(leaving)) = attributes.get_mut("leaving") {
        leaving.retain(|id, _| stays(id));
    }
    if ids.keys().any(goes) {
        // Never a part of them.
        attributes.insert("cidrs".to_owned(), Value::Null);
    }
    let is_empty = |name: &str| attributes.get(name).and_then(Value::as_map).is_none_or(BTreeMap::is_empty);
    if is_empty("details") && is_empty("leaving") { Value::Null } else { state }
}

/// Whether the address carries this identity.
pub(super) fn is_managed(row: &Row, identity: &Identity) -> bool {
    row.mark.as_ref().is_some_and(|mark| mark.identity == *identity)
}
