//! Expressions of Prometheus' query language as values: what is built here has balanced parentheses, quoted texts and no `rate` of a sum.
//!
//! Grammar: the Prometheus documentation, "Querying basics", "Operators" and "Functions". Only what the rules and panels of this crate use.

mod display;

use std::borrow::Cow;

use crate::pattern::one_of;

/// A name of a metric or of a label.
pub type Name = Cow<'static, str>;

/// How a label is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    label: Name,
    operator: &'static str,
    value: String,
}

/// Series of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    metric: Name,
    matchers: Vec<Matcher>,
}

/// How far back samples are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many minutes.
    Minutes(u32),
    /// What Grafana computes from the panel's width and the scrape interval. Rules cannot have it.
    Panel,
}

/// A function over the samples of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Growth of a counter per second.
    Rate,
    /// Growth of a counter.
    Increase,
    /// Change of a gauge.
    Delta,
    /// The largest sample.
    Max,
    /// The mean of the samples.
    Average,
    /// One where there are no samples, with the labels that the series were to have.
    Absent,
}

/// How series are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// Their sum.
    Sum,
    /// The largest.
    Max,
    /// How many there are.
    Count,
}

/// An operator between two expressions, from the one that binds least to the one that binds most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// What both have.
    And,
    /// Greater.
    Above,
    /// Less.
    Below,
    /// Sum.
    Plus,
    /// Difference.
    Minus,
    /// Product.
    Times,
    /// Quotient.
    By,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number.
    Number(f64),
    /// The newest samples of series.
    Now(Series),
    /// A function over samples of series.
    Over {
        /// Which function.
        function: Over,
        /// Of which series.
        series: Series,
        /// How far back.
        window: Window,
        /// How many hours before now the window ends.
        hours_ago: u32,
    },
    /// One where there is no such series.
    Absent(Box<Expr>),
    /// Series joined by labels; no label joins all.
    Aggregate {
        /// How.
        aggregation: Aggregation,
        /// The labels that stay.
        by: Vec<Name>,
        /// What is joined.
        of: Box<Expr>,
    },
    /// The largest few.
    Top(u32, Box<Expr>),
    /// A quantile (0 to 1) of buckets.
    Quantile(f64, Box<Expr>),
    /// What any of them has, of two with the same labels the first. A list, because there is one for each of hundreds of policies.
    Any(Vec<Expr>),
    /// Two expressions.
    Binary(Box<Expr>, Operator, Box<Expr>),
}

/// All series of a metric.
pub fn series(metric: impl Into<Name>) -> Series {
    Series { metric: metric.into(), matchers: Vec::new() }
}

/// A number.
pub fn number(value: f64) -> Expr {
    Expr::Number(value)
}

impl Series {
    /// Those whose label has this value.
    #[must_use]
    pub fn is(self, label: impl Into<Name>, value: impl Into<String>) -> Self {
        self.matching(label, "=", value)
    }

    /// Those whose label has another value.
    #[must_use]
    pub fn is_not(self, label: impl Into<Name>, value: impl Into<String>) -> Self {
        self.matching(label, "!=", value)
    }

    /// Those whose label matches a whole regular expression (RE2).
    #[must_use]
    pub fn like(self, label: impl Into<Name>, pattern: impl Into<String>) -> Self {
        self.matching(label, "=~", pattern)
    }

    /// Those whose label has one of some values.
    #[must_use]
    pub fn among<T: AsRef<str>>(self, label: impl Into<Name>, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<T> = values.into_iter().collect();
        match values.as_slice() {
            [only] => self.is(label, only.as_ref()),
            _ => self.like(label, one_of(&values)),
        }
    }

    /// Those whose label does not match.
    #[must_use]
    pub fn unlike(self, label: impl Into<Name>, pattern: impl Into<String>) -> Self {
        self.matching(label, "!~", pattern)
    }

    fn matching(mut self, label: impl Into<Name>, operator: &'static str, value: impl Into<String>) -> Self {
        self.matchers.push(Matcher { label: label.into(), operator, value: value.into() });
        self
    }

    /// Growth per second over five minutes.
    pub fn rate(self) -> Expr {
        self.over(Over::Rate, 5)
    }

    /// Growth over ten minutes.
    pub fn increase(self) -> Expr {
        self.over(Over::Increase, 10)
    }

    /// A function over so many minutes.
    pub fn over(self, function: Over, minutes: u32) -> Expr {
        Expr::Over { function, series: self, window: Window::Minutes(minutes), hours_ago: 0 }
    }

    /// The newest samples.
    pub fn now(self) -> Expr {
        Expr::Now(self)
    }

    /// One where there is no such series.
    pub fn absent(self) -> Expr {
        self.now().absent()
    }
}

impl Expr {
    /// Joined by the labels that stay.
    #[must_use]
    pub fn join<const N: usize>(self, aggregation: Aggregation, by: [&'static str; N]) -> Self {
        Self::Aggregate { aggregation, by: by.map(Name::from).to_vec(), of: Box::new(self) }
    }

    /// The sum, by the labels that stay.
    #[must_use]
    pub fn sum<const N: usize>(self, by: [&'static str; N]) -> Self {
        self.join(Aggregation::Sum, by)
    }

    /// The largest, by the labels that stay.
    #[must_use]
    pub fn max<const N: usize>(self, by: [&'static str; N]) -> Self {
        self.join(Aggregation::Max, by)
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> Self {
        self.join(Aggregation::Count, [])
    }

    /// The largest few.
    #[must_use]
    pub fn top(self, count: u32) -> Self {
        Self::Top(count, Box::new(self))
    }

    /// A quantile of buckets.
    #[must_use]
    pub fn quantile(self, quantile: f64) -> Self {
        Self::Quantile(quantile, Box::new(self))
    }

    /// One where there is nothing.
    #[must_use]
    pub fn absent(self) -> Self {
        Self::Absent(Box::new(self))
    }

    /// What either has.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let parts = |expr| match expr {
            Self::Any(parts) => parts,
            one => vec![one],
        };
        let mut all = parts(self);
        all.extend(parts(other));
        Self::Any(all)
    }

    /// What both have, with the values of the first.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.with(Operator::And, other)
    }

    /// Where it is more than a number.
    #[must_use]
    pub fn above(self, limit: f64) -> Self {
        self.with(Operator::Above, number(limit))
    }

    /// Where it is less than a number.
    #[must_use]
    pub fn below(self, limit: f64) -> Self {
        self.with(Operator::Below, number(limit))
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(Operator::Plus, other)
    }

    /// So many times it.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        self.with(Operator::Times, number(factor))
    }

    /// The quotient of both.
    #[must_use]
    pub fn per(self, other: Self) -> Self {
        self.with(Operator::By, other)
    }

    /// What is missing to a share of one.
    #[must_use]
    pub fn rest_of_one(self) -> Self {
        number(1.0).with(Operator::Minus, self)
    }

    /// Both, with an operator between.
    #[must_use]
    pub fn with(self, operator: Operator, other: Self) -> Self {
        Self::Binary(Box::new(self), operator, Box::new(other))
    }

    /// The same for a panel, where Grafana decides how far back rates of five minutes look.
    #[must_use]
    pub fn in_panel(self) -> Self {
        self.map(&|expr| match expr {
            Self::Over {
                function: function @ (Over::Rate | Over::Increase),
                series,
                window: Window::Minutes(5),
                hours_ago,
            } => Self::Over { function, series, window: Window::Panel, hours_ago },
            other => other,
        })
    }

    /// The same of what else matches.
    #[must_use]
    pub fn narrowed(self, narrow: &dyn Fn(Series) -> Series) -> Self {
        self.map(&|expr| match expr {
            Self::Now(series) => Self::Now(narrow(series)),
            Self::Over { function, series, window, hours_ago } => {
                Self::Over { function, series: narrow(series), window, hours_ago }
            }
            other => other,
        })
    }

    /// The same with each part changed, the innermost first.
    fn map(self, change: &dyn Fn(Self) -> Self) -> Self {
        let inside = |part: Box<Self>| Box::new((*part).map(change));
        let changed = match self {
            Self::Absent(of) => Self::Absent(inside(of)),
            Self::Aggregate { aggregation, by, of } => Self::Aggregate { aggregation, by, of: inside(of) },
            Self::Top(count, of) => Self::Top(count, inside(of)),
            Self::Quantile(quantile, of) => Self::Quantile(quantile, inside(of)),
            Self::Binary(left, operator, right) => Self::Binary(inside(left), operator, inside(right)),
            Self::Any(all) => Self::Any(all.into_iter().map(|one| one.map(change)).collect()),
            leaf @ (Self::Number(_) | Self::Now(_) | Self::Over { .. }) => leaf,
        };
        change(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_stand_where_the_language_reads_otherwise() {
        let (a, b, c) = (|| series("a").now(), || series("b").now(), || series("c").now());
        let cases = [
            (a().per(b()).above(0.1), "a / b > 0.1"),
            (a().per(b().per(c())), "a / (b / c)"),
            (a().per(b()).per(c()), "a / b / c"),
            (a().above(1.0).and(b().above(2.0)), "a > 1 and b > 2"),
            (a().and(b().or(c())), "a and (b or c)"),
            (a().or(b().or(c())).or(a().and(b())), "a or b or c or a and b"),
            (a().plus(b()).rest_of_one(), "1 - (a + b)"),
            (a().above(1.0).or(b()).above(3.0), "(a > 1 or b) > 3"),
            (series("x").is("l", "q\"\\").rate().sum(["n", "m"]), "sum by (n, m) (rate(x{l=\"q\\\"\\\\\"}[5m]))"),
            (series("x").among("l", ["a.b"]).now(), "x{l=\"a.b\"}"),
            (series("x").among("l", ["a.b", "c"]).now(), "x{l=~\"a[.]b|c\"}"),
            (series("x").rate().sum([]).in_panel(), "sum(rate(x[$__rate_interval]))"),
            (series("x").over(Over::Average, 60).in_panel(), "avg_over_time(x[1h])"),
        ];
        for (expr, text) in cases {
            assert_eq!(expr.to_string(), text);
        }
    }
}
