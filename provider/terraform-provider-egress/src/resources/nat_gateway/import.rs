//! Gateways that exist.

use std::collections::{BTreeMap, BTreeSet};

use cloud::Freshness;
use egress_model::identity::Key;
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::Importable;
use super::layers::beside;
use super::outputs::{self, Computed, PLANNED_REPLACEMENTS, replacements, tags_value};
use super::report;
use super::subject::{Held, Ownership, Recorded};
use super::task::{Task, global_ids, opened};
use crate::clouds::Parts;

impl Task<'_> {
    /// The attributes of gateways that exist, found by identity and by these ids, and what there is to say. `parts` are those of their
    /// place that are named.
    pub(super) async fn import(
        &self,
        parts: &Parts,
        ids: &BTreeMap<Key, String>,
    ) -> Result<(Computed, Diagnostics), Diagnostic> {
        let open = async |parts: &Parts| {
            opened(self.configured, self.backend, parts).await.map_err(|failure| failure.diagnostic)
        };
        let (own, gateways) = (open(&Parts::new()).await?, open(parts).await?);
        let gateways = gateways.as_ref();
        let held = |(key, id): (&Key, &String)| (key.clone(), Held { id: id.clone(), ..Held::default() });
        let recorded = Recorded { gateways: ids.iter().map(held).collect(), ..Recorded::default() };
        let ownership = Ownership { recorded, ..self.subject.ownership()? };
        let seen = gateways.nothing(ownership).look(Freshness::Now).await;
        let seen = seen.map_err(|error| report::unreadable(gateways, &error))?;
        let all = seen.all();
        let is_live = |id: &&String| all.iter().any(|(_, gateway)| gateway.id == **id && gateway.state.is_live());
        let missing: Vec<&String> = ids.values().filter(|id| !is_live(id)).collect();
        let found: BTreeSet<String> = if ids.is_empty() {
            seen.view().gateways.into_values().map(|gateway| gateway.id).collect()
        } else {
            ids.values().cloned().collect()
        };
        if !missing.is_empty() || found.is_empty() {
            return Err(report::nothing_to_import(gateways, &self.subject.identity, &missing));
        }
        let Importable { view, block, tags, routes, left } = seen.importable(&found);
        let global_ids = global_ids(gateways, &Recorded::default(), seen.as_ref()).await;
        let mut values = outputs::computed(&view, &routes, &global_ids);
        let own_tags = beside(&tags, &[&gateways.default_tags().known]);
        values.insert("tags", if own_tags.is_empty() { Value::Null } else { tags_value(&own_tags) });
        values.insert("tags_all", tags_value(&tags));
        values.insert(PLANNED_REPLACEMENTS, replacements(&BTreeSet::new()));
        values.insert("on_interruption", "error".into());
        // What is the provider's is not written.
        let written = gateways.place().beside(own.place());
        values.insert(gateways.place().cloud().name, gateways.place().cloud().written(block, &written));
        Ok((values, report::routes_left(gateways, &left).into_iter().collect()))
    }
}
