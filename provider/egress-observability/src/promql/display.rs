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
            Self::Any(all) => {
                for (position, one) in all.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { " or " })?;
                    write!(f, "{one}")?;
                }
                Ok(())
            }
            Self::Binary(left, operator, right) => {
                let rank = operator.rank();
                left.write_within(f, rank)?;
                write!(f, " {} ", operator.as_str())?;
                right.write_within(f, rank + 1)
            }
        }
    }
}

impl Expr {
    /// Writes it as a side of an operator, in parentheses if it binds less than the operator needs.
    fn write_within(&self, f: &mut fmt::Formatter<'_>, needs: u8) -> fmt::Result {
        let binds = match self {
            Self::Binary(_, operator, _) => operator.rank(),
            Self::Any(_) => 0,
            _ => u8::MAX,
        };
        if binds < needs { write!(f, "({self})") } else { write!(f, "{self}") }
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
