//! What a source gives: its answer to a topic, recording rules, alerts and panels.

use crate::alert::AlertName;
use crate::estate::Estate;
use crate::export::Exports;
use crate::promql::Expr;
use crate::settings::Tuning;
use crate::source::Source;
use crate::text::{Language, Text};
use crate::topic::Topic;

/// What a source makes of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// It measures it.
    Fully,
    /// It measures it, though this differs.
    Degraded(&'static str),
    /// It does not measure it, because of this.
    Not(&'static str),
}

impl Measured {
    /// Whether there is something to see, exactly or not.
    pub fn is_measured(self) -> bool {
        !matches!(self, Self::Not(_))
    }

    /// The word for it in outputs and in the guide.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fully => "measured",
            Self::Degraded(_) => "degraded",
            Self::Not(_) => "unavailable",
        }
    }
}

/// A recording rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The name of what it records.
    pub name: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// Who measures it.
    pub source: Source,
    /// What is recorded.
    pub expr: Expr,
}

/// An alert of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its name, with which its meaning, severity and runbook go.
    pub name: AlertName,
    /// Who measures it.
    pub source: Source,
    /// When it fires.
    pub expr: Expr,
    /// The labels of its series that say what it is about.
    pub labels: Vec<&'static str>,
    /// What its value is.
    pub unit: Unit,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes per second.
    BytesPerSecond,
    /// Bits per second.
    BitsPerSecond,
    /// Requests, connections, flows or packets per second.
    PerSecond,
    /// A share, 0 to 1.
    Share,
    /// A share, 0 to 100.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// A count.
    Count,
    /// Money, in the user's own currency.
    Money,
}

impl Unit {
    /// Grafana's id of the unit. Source: `packages/grafana-data/src/valueFormats/categories.ts`.
    pub fn grafana(self) -> &'static str {
        match self {
            Self::BytesPerSecond => "Bps",
            Self::BitsPerSecond => "bps",
            Self::PerSecond => "cps",
            Self::Share => "percentunit",
            Self::Percent => "percent",
            Self::Milliseconds => "ms",
            Self::Count => "short",
            Self::Money => "none",
        }
    }

    /// How an alert's text writes the value. Source: the Prometheus documentation, "Template reference".
    pub fn template(self) -> &'static str {
        match self {
            Self::BytesPerSecond => "{{ $value | humanize1024 }}B/s",
            Self::BitsPerSecond => "{{ $value | humanize }}bit/s",
            Self::PerSecond => "{{ $value | humanize }}/s",
            Self::Share => "{{ $value | humanizePercentage }}",
            Self::Percent => "{{ $value | humanize }}%",
            Self::Milliseconds => "{{ $value | humanize }} ms",
            Self::Count | Self::Money => "{{ $value | humanize }}",
        }
    }
}

/// A panel of a dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What stands above it.
    pub title: Title,
    /// What it is about.
    pub topic: Topic,
    /// Who measures it.
    pub source: Source,
    /// How it is drawn.
    pub kind: PanelKind,
    /// What its numbers are.
    pub unit: Unit,
    /// What it shows; at least one.
    pub queries: Vec<Query>,
    /// A choice above the dashboard that its expressions use.
    pub variable: Option<Variable>,
}

/// What stands above a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Title {
    /// The same for every estate.
    Fixed(Text),
    /// The name of what it is about.
    Named(String),
}

impl Title {
    /// The text in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match self {
            Self::Fixed(text) => text.in_language(language),
            Self::Named(name) => name,
        }
    }
}

/// What a panel asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The expression.
    pub expr: Expr,
    /// The name of each series, with labels in double braces.
    pub legend: &'static str,
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelKind {
    /// One large number, coloured from these values on: green below the first, then yellow, then red.
    Stat(Option<[u64; 2]>),
    /// A share on a dial, red below the first value, yellow below the second.
    Gauge([u64; 2]),
    /// Lines over time.
    Lines,
    /// Shares of a whole.
    Pie,
    /// Buckets over time.
    Heatmap,
    /// Rows, of which the columns are labels, with what they are called.
    Table(&'static [(&'static str, Text)]),
}

/// A choice above the dashboard: the values of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name in expressions.
    pub name: &'static str,
    /// What stands before it.
    pub title: Text,
    /// The metric whose label it is.
    pub metric: &'static str,
    /// The label.
    pub label: &'static str,
}

impl Variable {
    /// How an expression writes it, in a matcher of a regular expression.
    pub fn reference(self) -> String {
        format!("${}", self.name)
    }
}

/// Everything that a source gives for an estate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Recording rules.
    pub records: Vec<Record>,
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// Panels.
    pub panels: Vec<Panel>,
}

/// A source with what it measures and gives: a column of the table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Which source.
    pub source: Source,
    /// What it makes of a topic, of what the cluster exports.
    pub measures: fn(Topic, &Exports) -> Measured,
    /// The alerts that it can give, where everything that they need is there.
    pub alerts: &'static [AlertName],
    /// Collects what it gives for an estate.
    pub collect: fn(&mut Collector<'_>),
}

impl Column {
    /// What the source gives for an estate.
    pub fn give(&self, estate: &Estate, tuning: &Tuning) -> Given {
        let mut collector = Collector { column: *self, estate, tuning, given: Given::default() };
        (self.collect)(&mut collector);
        collector.given
    }
}

/// Where a source collects what it gives.
#[derive(Debug)]
pub struct Collector<'a> {
    column: Column,
    estate: &'a Estate,
    tuning: &'a Tuning,
    given: Given,
}

impl<'a> Collector<'a> {
    /// What is watched.
    pub fn estate(&self) -> &'a Estate {
        self.estate
    }

    /// How the alerts are tuned.
    pub fn tuning(&self) -> &'a Tuning {
        self.tuning
    }

    /// Whether the source measures a topic here; what it does not measure must not be asked.
    pub fn measures(&self, topic: Topic) -> bool {
        (self.column.measures)(topic, &self.estate.exports).is_measured()
    }

    /// Adds a recording rule. What is recorded under one name for several things is one rule.
    pub fn record(&mut self, name: &'static str, topic: Topic, expr: Expr) {
        if let Some(same) = self.given.records.iter_mut().find(|record| record.name == name) {
            join(&mut same.expr, expr);
            return;
        }
        self.given.records.push(Record { name, topic, source: self.column.source, expr });
    }

    /// Adds an alert, unless it is switched off. One alert about several things is one rule: Prometheus' own linter takes two rules of one
    /// name and labels for a mistake.
    pub fn alert<const N: usize>(&mut self, name: AlertName, labels: [&'static str; N], unit: Unit, expr: Expr) {
        if let Some(same) = self.given.alerts.iter_mut().find(|alert| alert.name == name) {
            join(&mut same.expr, expr);
            let more: Vec<_> = labels.into_iter().filter(|label| !same.labels.contains(label)).collect();
            same.labels.extend(more);
        } else if self.tuning.is_on(name) {
            self.given.alerts.push(Alert { name, source: self.column.source, expr, labels: labels.to_vec(), unit });
        }
    }

    /// Adds a panel of one expression.
    pub fn panel(&mut self, topic: Topic, title: Text, drawn: (PanelKind, Unit), expr: Expr, legend: &'static str) {
        self.panel_of(topic, title, drawn, vec![(expr, legend)], None);
    }

    /// Adds a panel of several expressions, or with a choice above the dashboard.
    pub fn panel_of(
        &mut self,
        topic: Topic,
        title: Text,
        (kind, unit): (PanelKind, Unit),
        queries: Vec<(Expr, &'static str)>,
        variable: Option<Variable>,
    ) {
        let queries = queries.into_iter().map(|(expr, legend)| Query { expr: expr.in_panel(), legend }).collect();
        self.given.panels.push(Panel {
            title: Title::Fixed(title),
            topic,
            source: self.column.source,
            kind,
            unit,
            queries,
            variable,
        });
    }
}

/// Makes an expression one of what it has or another has.
fn join(expr: &mut Expr, other: Expr) {
    let own = std::mem::replace(expr, Expr::Number(0.0));
    *expr = own.or(other);
}

/// The share of a part in a whole: zero where there is a whole and no part of it, and nothing where there is no whole.
pub fn share(part: Expr, whole: &Expr) -> Expr {
    part.or(whole.clone().times(0.0)).per(whole.clone())
}
