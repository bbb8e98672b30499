//! What the NAT gateways of all clouds have in common.

use std::num::NonZeroU32;

use crate::alert::AlertName;
use crate::estate::WatchedNat;
use crate::promql::{Expr, Series, number};
use crate::rule::{Collector, PanelKind, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The same of several gateways: a panel has a query for each resource, since each may have another exporter.
pub(crate) fn panel(
    c: &mut Collector<'_>,
    source: Source,
    (topic, title): (Topic, Text),
    unit: Unit,
    legend: &'static str,
    of: &dyn Fn(&WatchedNat) -> Expr,
) {
    let queries: Vec<(Expr, &'static str)> = c.estate().nat_of(source).map(|nat| (of(nat), legend)).collect();
    c.panel_of(topic, title, (PanelKind::Lines, unit), queries, None);
}

/// Series of each gateway by itself, for what has to be there.
pub(crate) fn each<'a>(
    nat: &'a WatchedNat,
    label: &'static str,
    of: impl Fn() -> Series + 'a,
) -> impl Iterator<Item = Series> + 'a {
    nat.ids.iter().map(move |id| of().is(label, id.as_str()))
}

/// How many connections to one destination all addresses of a gateway can have.
pub(crate) fn capacity(addresses: NonZeroU32, per_address: u32) -> f64 {
    f64::from(addresses.get()) * f64::from(per_address)
}

/// The alert about what all gateways of a source cost in a day, where a price is known. `billed` is bytes per second by gateway.
pub(crate) fn cost_alert(c: &mut Collector<'_>, source: Source, billed: &dyn Fn(&WatchedNat) -> Expr) {
    const SECONDS_OF_A_DAY: f64 = 86_400.0;
    const BYTES_OF_A_GB: f64 = 1e9;
    let name = AlertName::CostHigh;
    let (Some(price), Some(all)) = (c.tuning().price_per_gb(), c.estate().nat_of(source).map(billed).reduce(Expr::or))
    else {
        return;
    };
    let gigabytes = all.sum([]).times(SECONDS_OF_A_DAY).per(number(BYTES_OF_A_GB));
    c.alert(name, [], Unit::Money, gigabytes.times(price).above(c.tuning().threshold(name)));
}
