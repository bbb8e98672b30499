//! What is emitted for an estate, what is not, and why.

use std::collections::BTreeSet;
use std::fmt;

use crate::alert::AlertName;
use crate::estate::Estate;
use crate::policy_panels::policy_panels;
use crate::promql::Series;
use crate::rule::{Alert, Measured, Panel, Record};
use crate::settings::Tuning;
use crate::source::Source;
use crate::table::{column, columns, that_measure};
use crate::topic::Topic;

/// Everything that is emitted for an estate, in a stable order: by source, and in each as its file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Monitoring {
    /// Recording rules.
    pub records: Vec<Record>,
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// Panels of the sources.
    pub panels: Vec<Panel>,
    /// A panel of each policy that something measures.
    pub policy_panels: Vec<Panel>,
    /// What each source makes of each topic, of which there is something to watch.
    pub coverage: Vec<Covered>,
}

/// What a source makes of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The topic.
    pub topic: Topic,
    /// Who.
    pub source: Source,
    /// What it makes of it.
    pub measured: Measured,
}

/// Something that the user asks for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An alert.
    Alert(AlertName),
    /// A topic.
    Topic(Topic),
}

/// Why what was asked for by name does not exist here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked for.
    pub asked: Asked,
    /// What each source that is watched says of it.
    pub why: Vec<(Source, &'static str)>,
    /// The sources that can, where everything that they need is there.
    pub can: Vec<Source>,
}

/// Why a source gives no such alert although it measures the topic.
const NOTHING_TO_WATCH: &str =
    "it measures this, but nothing that is watched needs this alert, or what the alert compares with is not known";
/// Why a source gives no such alert although it measures the topic.
const OTHER_ALERTS: &str = "it measures this in another way, without this alert";

/// Everything that can be seen of an estate; or what was asked for by name and cannot be.
pub fn monitor(estate: &Estate, tuning: &Tuning, topics: &BTreeSet<Topic>) -> Result<Monitoring, Vec<Refusal>> {
    let sources = estate.sources();
    let mut all = Monitoring {
        records: Vec::new(),
        alerts: Vec::new(),
        panels: Vec::new(),
        policy_panels: policy_panels(estate),
        coverage: Vec::new(),
    };
    for &source in &sources {
        let column = column(source);
        let given = column.give(estate, tuning);
        for topic in Topic::ALL {
            let measured = (column.measures)(topic, &estate.exports);
            let seen = given.panels.iter().any(|panel| panel.topic == topic)
                || given.alerts.iter().any(|alert| alert.name.defaults().topic == topic);
            if seen || !measured.is_measured() {
                all.coverage.push(Covered { topic, source, measured });
            }
        }
        all.records.extend(given.records);
        for alert in given.alerts {
            // Two data planes of one mesh have one control plane.
            if !all.alerts.iter().any(|other| (other.name, &other.expr) == (alert.name, &alert.expr)) {
                all.alerts.push(alert);
            }
        }
        all.panels.extend(given.panels);
    }
    let refusals = refusals(&all, &sources, estate, tuning, topics);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(all.narrowed_to(estate))
}

fn refusals(
    all: &Monitoring,
    sources: &BTreeSet<Source>,
    estate: &Estate,
    tuning: &Tuning,
    topics: &BTreeSet<Topic>,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for name in tuning.asked().filter(|name| !all.alerts.iter().any(|alert| alert.name == *name)) {
        let topic = name.defaults().topic;
        let why = |source: &Source| match (column(*source).measures)(topic, &estate.exports) {
            Measured::Not(why) => (*source, why),
            _ if column(*source).alerts.contains(&name) => (*source, NOTHING_TO_WATCH),
            _ => (*source, OTHER_ALERTS),
        };
        let can = columns().filter(|column| column.alerts.contains(&name)).map(|column| column.source).collect();
        refusals.push(Refusal { asked: Asked::Alert(name), why: sources.iter().map(why).collect(), can });
    }
    for &topic in topics {
        let of_topic = || all.coverage.iter().filter(|covered| covered.topic == topic);
        if of_topic().any(|covered| covered.measured.is_measured()) {
            continue;
        }
        let why = of_topic().filter_map(|covered| match covered.measured {
            Measured::Not(why) => Some((covered.source, why)),
            Measured::Fully | Measured::Degraded(_) => None,
        });
        refusals.push(Refusal { asked: Asked::Topic(topic), why: why.collect(), can: that_measure(topic) });
    }
    refusals
}

impl Monitoring {
    /// The same of the series that have the labels of the estate.
    fn narrowed_to(mut self, estate: &Estate) -> Self {
        let narrow = |series: Series| {
            estate.labels.iter().fold(series, |series, (label, value)| series.is(label.to_string(), value.as_str()))
        };
        for record in &mut self.records {
            record.expr = record.expr.clone().narrowed(&narrow);
        }
        for alert in &mut self.alerts {
            alert.expr = alert.expr.clone().narrowed(&narrow);
        }
        for panel in self.panels.iter_mut().chain(&mut self.policy_panels) {
            for query in &mut panel.queries {
                query.expr = query.expr.clone().narrowed(&narrow);
            }
        }
        self
    }

    /// One line for each topic: what each source makes of it.
    pub fn coverage_of(&self, topic: Topic) -> Option<String> {
        let lines: Vec<String> =
            self.coverage.iter().filter(|covered| covered.topic == topic).map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.measured.as_str())?;
        match self.measured {
            Measured::Fully => Ok(()),
            Measured::Degraded(how) => write!(f, " ({how})"),
            Measured::Not(why) => write!(f, " ({why})"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.asked {
            Asked::Alert(name) => write!(f, "{name} cannot fire for what is watched here")?,
            Asked::Topic(topic) => write!(f, "Nothing that is watched here measures {topic}")?,
        }
        for (source, why) in &self.why {
            write!(f, "; {source}: {why}")?;
        }
        let can: Vec<&str> = self.can.iter().map(|source| source.as_str()).collect();
        write!(f, ". It is measured by {}", if can.is_empty() { "none".to_owned() } else { can.join(", ") })
    }
}
