//! Pools that exist.

use std::collections::{BTreeMap, BTreeSet};

use cloud::Freshness;
use egress_model::identity::{Identity, Key};
use egress_model::ip_pool::{AddressId, Held, InUse, ReleasePolicy};
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::resource::ImportRequest;

use super::backend::{Pool, Pools, Row};
use super::outputs::{self, Computed, Known};
use super::report;

/// What the user asked to import.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) region: Option<String>,
    /// Addresses by key that need not carry the pool's tags.
    ids: BTreeMap<Key, AddressId>,
}

impl Wanted {
    pub(super) fn read(request: &ImportRequest) -> Result<Self, Diagnostic> {
        match request {
            ImportRequest::Id(id) => Self::parse(id),
            ImportRequest::Identity(identity) => {
                let text = |name: &str| identity.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
                Ok(Self { name: text("name").unwrap_or_default(), region: text("region"), ids: BTreeMap::new() })
            }
        }
    }

    /// `NAME`, or `NAME,region=REGION,KEY=ID,...`.
    fn parse(text: &str) -> Result<Self, Diagnostic> {
        let malformed = |part: &str| {
            Diagnostic::error(
                format!("The import id {text:?} cannot be read"),
                format!(
                    "{part:?} is not understood. Write the name alone (`partners`) to find addresses by their tags, or with the \
                     addresses (`partners,a=eipalloc-0123,b=eipalloc-4567`), and `region=us-east-1` where it is not the provider's."
                ),
            )
        };
        let mut parts = text.split(',').map(str::trim);
        let mut wanted = Self { name: parts.next().unwrap_or_default().to_owned(), ..Self::default() };
        for part in parts {
            match part.split_once('=') {
                Some(("region", region)) if !region.is_empty() => wanted.region = Some(region.to_owned()),
                Some((key, id)) if !id.is_empty() => {
                    let key = key.parse().map_err(|_| malformed(part))?;
                    wanted.ids.insert(key, AddressId::new(id));
                }
                _ => return Err(malformed(part)),
            }
        }
        Ok(wanted)
    }
}

/// The computed attributes of a pool that exists.
pub(super) async fn find(pools: &dyn Pools, identity: Identity, wanted: &Wanted) -> Result<Computed, Diagnostic> {
    let held = |(key, id): (&Key, &AddressId)| {
        (id.clone(), Held { key: key.clone(), current: true, on_leave: ReleasePolicy::Retain })
    };
    let state = wanted.ids.iter().map(held).collect();
    let pool = Pool {
        identity: identity.clone(),
        former: None,
        holder: None,
        entries: BTreeMap::new(),
        in_use: InUse::Postpone,
        state,
    };
    let unreadable = |error| report::unreadable("look for the pool", &error, pools.place()).diagnostic;
    let picture = pools.picture(&pool, Freshness::Now).await.map_err(unreadable)?;
    let mut rows: BTreeMap<Key, &Row> = BTreeMap::new();
    for (key, id) in &wanted.ids {
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
    let named: BTreeSet<&AddressId> = wanted.ids.values().collect();
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
    let mut known = BTreeMap::new();
    for (key, row) in rows {
        let arn = pools.arn(&row.id).await.into();
        let managed = outputs::is_managed(row, &identity);
        let detail = outputs::detail(row, managed, &row.tags, arn, outputs::association(row.association.as_ref()));
        known.insert(key, Known::of(row, detail));
    }
    let mut computed = outputs::by_key(&known, true);
    computed.insert("leaving", Value::map::<&str, Value>([]));
    computed.insert("lost", Value::map::<&str, Value>([]));
    Ok(computed)
}
