//! From what the user wrote to what is wanted of routes on AWS.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Destination, REGIONAL_KEY};
use cloud_aws::steering::Gateway;
use serde::Deserialize;
use tfplugin::cty::Value;
use tfplugin::model::{self, Arg};
use tfplugin::{Diagnostic, Diagnostics};

use super::report;
use crate::resources::policy::via::{Texter, Texts, Wanted};

#[derive(Debug, Default, Deserialize)]
struct PolicyInput {
    via: Arg<ViaInput>,
}

#[derive(Debug, Deserialize)]
struct ViaInput {
    nat_gateway: Arg<NatGatewayInput>,
    aws: Arg<OptionsInput>,
}

/// More about routes on AWS.
#[derive(Debug, Deserialize)]
struct OptionsInput {
    prefix_list_ids: Texts,
    take_over_routes: Texts,
}

#[derive(Debug, Deserialize)]
struct NatGatewayInput {
    aws: Arg<GatewaysInput>,
}

#[derive(Debug, Deserialize)]
struct GatewaysInput {
    region: Arg<String>,
    zones: Arg<BTreeMap<String, Arg<ZoneInput>>>,
    route_table_ids: Texts,
    destination_cidrs: Texts,
    destination_prefix_list_ids: Texts,
}

#[derive(Debug, Deserialize)]
struct ZoneInput {
    route_table_ids: Texts,
}

/// What is wanted of routes, as far as it is known.
#[derive(Debug, Default)]
pub(in super::super) struct Spec {
    /// The region, if it is written.
    pub(super) region: Option<String>,
    /// The gateways' route tables.
    pub(super) tables: BTreeMap<String, Gateway>,
    /// What is to be sent to the gateways.
    pub(super) destinations: BTreeSet<Destination>,
    /// What the gateways' resource sends to them itself.
    pub(super) covered: BTreeSet<Destination>,
    /// From where routes may be taken over.
    pub(super) take_over: BTreeSet<String>,
    /// The ids of the gateways that are known.
    pub(super) gateways: BTreeSet<String>,
    /// Whether all of it is known, but for the ids of gateways.
    pub(super) complete: bool,
}

impl Texter {
    fn destinations(&mut self, texts: &Texts) -> BTreeSet<Destination> {
        self.texts(texts).iter().filter_map(|text| text.parse().ok()).collect()
    }
}

impl Spec {
    pub(super) fn read(policy: &Value, wanted: &Wanted) -> Result<Self, Diagnostic> {
        let input: PolicyInput =
            if policy.is_null() { PolicyInput::default() } else { model::from_value_subset(policy)? };
        let mut texter = Texter { complete: wanted.complete };
        let mut spec = Self::default();
        if let Some(via) = texter.known(&input.via) {
            spec.gateways = wanted.gateways.values().cloned().collect();
            spec.destinations = wanted.blocks.iter().map(|cidr| Destination::Cidr(cidr.net())).collect();
            if let Some(options) = texter.known(&via.aws) {
                spec.destinations.extend(texter.destinations(&options.prefix_list_ids));
                spec.take_over = texter.texts(&options.take_over_routes);
            }
            let gateways = texter.known(&via.nat_gateway).and_then(|gateway| texter.known(&gateway.aws));
            if let Some(gateways) = gateways {
                spec.add_gateways(gateways, wanted, &mut texter);
            }
        }
        Ok(Self { complete: texter.complete, ..spec })
    }

    fn add_gateways(&mut self, gateways: &GatewaysInput, wanted: &Wanted, texter: &mut Texter) {
        let of = |key: &str| Gateway { key: key.to_owned(), id: wanted.gateways.get(key).cloned() };
        self.region = texter.known(&gateways.region).cloned();
        for (zone, input) in texter.known(&gateways.zones).into_iter().flatten() {
            let Some(input) = texter.known(input) else { continue };
            let tables = texter.texts(&input.route_table_ids);
            self.tables.extend(tables.into_iter().map(|table| (table, of(zone))));
        }
        let tables = texter.texts(&gateways.route_table_ids);
        self.tables.extend(tables.into_iter().map(|table| (table, of(REGIONAL_KEY))));
        self.covered = texter.destinations(&gateways.destination_cidrs);
        self.covered.extend(texter.destinations(&gateways.destination_prefix_list_ids));
    }
}

/// What is wrong with a known `via` through a gateway on AWS.
pub(super) fn check(via: &Value) -> Diagnostics {
    let input: ViaInput = match model::from_value_subset(via) {
        Ok(input) => input,
        Err(diagnostic) => return diagnostic.into(),
    };
    let gateways = input.nat_gateway.known().and_then(|gateway| gateway.aws.known());
    let mut diagnostics: Diagnostics = gateways.and_then(check_gateways).into_iter().collect();
    let lists = input.aws.known().and_then(|aws| aws.prefix_list_ids.known()).into_iter().flatten();
    let wrong = lists.filter_map(Arg::known).filter(|id| !matches!(id.parse(), Ok(Destination::PrefixList(_))));
    diagnostics.extend(wrong.map(|id| report::no_prefix_list(id)));
    diagnostics
}

fn check_gateways(gateways: &GatewaysInput) -> Option<Diagnostic> {
    let named = |tables: &Texts| !tables.is_null() && !tables.known().is_some_and(Vec::is_empty);
    let zones = || gateways.zones.known().into_iter().flatten();
    let of_zones = zones().any(|(_, zone)| match zone {
        Arg::Known(zone) => named(&zone.route_table_ids),
        Arg::Null => false,
        Arg::Unknown => true,
    });
    if !gateways.zones.is_unknown() && !of_zones && !named(&gateways.route_table_ids) {
        return Some(report::no_tables());
    }
    // A regional gateway has its tables beside the zones.
    let without = |zone: &Arg<ZoneInput>| {
        gateways.route_table_ids.is_null() && zone.known().is_some_and(|z| z.route_table_ids.is_null())
    };
    if let Some((zone, _)) = zones().find(|(_, zone)| without(zone)) {
        return Some(report::no_tables_of(zone));
    }
    let undecided = gateways.destination_cidrs.is_null() && gateways.destination_prefix_list_ids.is_null();
    undecided.then(report::no_destinations)
}
