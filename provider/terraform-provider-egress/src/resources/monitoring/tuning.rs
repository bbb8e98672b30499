//! How alerts are tuned, and what is asked for by name.

use std::collections::BTreeMap;

use egress_observability::alert::AlertName;
use egress_observability::settings::{AlertSpec, Tuning};

use crate::resources::reading::{Place, Reading};

/// What the blocks in `alerts` say; none with mistakes.
pub(super) fn tuning(reading: &mut Reading, root: &Place<'_>) -> Option<Tuning> {
    let Some(alerts) = root.field("alerts") else { return Some(Tuning::default()) };
    let mut specs = BTreeMap::new();
    for name in AlertName::ALL {
        if let Some(place) = alerts.field(name.block())
            && let Some(spec) = spec(reading, &place)
        {
            specs.insert(*name, spec);
        }
    }
    Tuning::parse(&specs)
        .map_err(|invalid| {
            for wrong in invalid {
                let path = alerts.path.field(wrong.alert.block()).field(wrong.attribute);
                reading.mistake(&path, format!("It {}", wrong.problem));
            }
        })
        .ok()
}

fn spec(reading: &mut Reading, place: &Place<'_>) -> Option<AlertSpec> {
    let enabled = reading.optional(place, "enabled", Reading::flag);
    let hold = reading.optional(place, "for", Reading::any_text);
    let severity = reading.optional(place, "severity", Reading::any_text);
    let threshold = reading.optional(place, "threshold", Reading::fraction);
    let floor = reading.optional(place, "floor", Reading::fraction);
    let price_per_gb = reading.optional(place, "price_per_gb", Reading::fraction);
    Some(AlertSpec {
        enabled: enabled?,
        hold: hold?,
        severity: severity?,
        threshold: threshold?,
        floor: floor?,
        price_per_gb: price_per_gb?,
    })
}
