//! Growth against the day before.

use crate::alert::AlertName;
use crate::promql::{Expr, Operator, Over, Series, Window};
use crate::settings::Tuning;

/// Where what is now, which is the sum of series by the labels that stay, is so many times what their mean of an hour was a day ago, and
/// is more than the floor.
pub(crate) fn above_the_day_before<const N: usize>(
    now: Expr,
    series: Series,
    by: [&'static str; N],
    name: AlertName,
    tuning: &Tuning,
    floor: f64,
) -> Expr {
    let before = Expr::Over { function: Over::Average, series, window: Window::Minutes(60), hours_ago: 24 };
    let before = before.sum(by).times(tuning.threshold(name));
    now.clone().with(Operator::Above, before).and(now.above(floor))
}

/// Where a record has grown so, by the labels that stay.
pub(crate) fn of_record<const N: usize>(record: Series, by: [&'static str; N], tuning: &Tuning, floor: f64) -> Expr {
    above_the_day_before(record.clone().now().sum(by), record, by, AlertName::TrafficSpike, tuning, floor)
}
