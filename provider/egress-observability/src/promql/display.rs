//! Expressions as text.

use std::fmt;

use crate::promql::{Aggregation, Expr, Matcher, Operator, Over, Series, Window};

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "{}{}\"{value}\"", self.label, self.operator)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        if self.matchers.is_empty() {
            return Ok(());
        }
        let matchers: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        write!(f, "{{{}}}", matchers.join(","))
    }
}

impl Over {
    fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Increase => "increase",
            Self::Delta => "delta",
            Self::Max => "max_over_time",
            Self::Average => "avg_over_time",
            Self::Absent => "absent_over_time",
        }
    }
}

impl Operator {
    fn as_str(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Above => ">",
            Self::Below => "<",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::By => "/",
        }
    }

    /// How much it binds; operators of one rank are read from left to right.
    fn rank(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Above | Self::Below => 3,
            Self::Plus | Self::Minus => 4,
            Self::Times | Self::By => 5,
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Now(series) => write!(f, "{series}"),
            Self::Over { function, series, window, hours_ago } => {
                write!(f, "{}({series}[{window}]", function.as_str())?;
                if *hours_ago > 0 {
                    write!(f, " offset {hours_ago}h")?;
                }
                f.write_str(")")
            }
            Self::Absent(of) => write!(f, "absent({of})"),
            Self::Aggregate { aggregation, by, of } => {
                let name = match aggregation {
                    Aggregation::Sum => "sum",
                    Aggregation::Max => "max",
                    Aggregation::Count => "count",
                };
                if by.is_empty() {
                    write!(f, "{name}({of})")
                } else {
                    write!(f, "{name} by ({}) ({of})", by.join(", "))
                }
            }
            Self::Top(count, of) => write!(f, "topk({count}, {of})"),
            Self::Quantile(quantile, of) => write!(f, "histogram_quantile({quantile}, {of})"),
            Self::Binary(left, operator, right) => {
                let side = |side: &Self, needs: u8| match side {
                    Self::Binary(_, inner, _) if inner.rank() < needs => format!("({side})"),
                    _ => side.to_string(),
                };
                let rank = operator.rank();
                write!(f, "{} {} {}", side(left, rank), operator.as_str(), side(right, rank + 1))
            }
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(minutes) if minutes % 60 == 0 => write!(f, "{}h", minutes / 60),
            Self::Minutes(minutes) => write!(f, "{minutes}m"),
            Self::Panel => f.write_str("$__rate_interval"),
        }
    }
}
