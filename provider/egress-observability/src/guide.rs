//! The guide to monitoring, written from the columns of the table, the alerts and their runbooks, and from nothing else.

use std::fmt::Write;

use crate::alert::AlertName;
use crate::export::{Export, Exports};
use crate::logs::grammar::LogKind;
use crate::rule::{Column, Measured};
use crate::runbook::runbook;
use crate::settings::Tuning;
use crate::source::Source;
use crate::table::columns;
use crate::text::Language;
use crate::topic::Topic;

/// The guide, in Markdown.
pub fn monitoring() -> String {
    let everything: Exports = Export::ALL.into_iter().collect();
    let mut out = HEADER.to_owned();
    line(&mut out, "", Source::ALL.iter().map(|source| source.as_str().to_owned()));
    line(&mut out, "---", Source::ALL.iter().map(|_| "---".to_owned()));
    for topic in Topic::ALL {
        let cells = columns().map(|column| word((column.measures)(topic, &everything)).to_owned());
        let title = format!("{} (`{topic}`)", topic.title().in_language(Language::English));
        line(&mut out, &title, cells);
    }
    for column in columns() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n### {}\n", column.source);
        for note in notes(column, &everything) {
            let _ = writeln!(out, "- {} ({}): {}.", note.topics.join(", "), note.word, escape(note.text));
        }
    }
    out.push_str(ALERTS);
    alerts(&mut out);
    out.push_str(LOGS);
    logs(&mut out);
    out
}

const HEADER: &str = "\
                      ---
page_title: \"Monitoring\"
subcategory: \"\"
description: |-
  What can be seen of egress, per engine and cloud; every alert with what it means, how to check and what to do.
---

# Monitoring

`egress_monitoring` takes policies, gateways and NAT gateways as values and makes the rules, dashboards and monitors that can have data of
them; `egress_log_collection` writes the configuration of a collector of logs. What has to be switched on first is \
                      in their `requirements`, and with
`check_requirements = true` every plan says which Prometheus, VMAlert or Grafana takes the objects, or which label is missing.

{{ tffile \"examples/resources/egress_monitoring/resource.tf\" }}

Engines and clouds count different things, and some count nothing. The table shows what each measures of egress, in a cluster that exports
everything it can:

- **yes**: it is measured.
- **degraded**: it is measured, though not exactly; the notes say what differs.
- **no**: it is not measured, and the notes say why. No rule and no panel is made of it.

`cluster` is what every cluster has, whatever enforces its policies: the kubelet's metrics of containers, \
                      kube-state-metrics and the node exporter.

## What is measured

";

const ALERTS: &str = "
## Alerts

Each alert exists where something that is watched measures it. Thresholds and times are what they are by default. The label `source` says
who measured it, `severity` and `category` are for routing.

";

const LOGS: &str = "
## Logs

`egress_log_collection` reads these. The field `egress_source` of each record says which log it is of. With \
                    `keep = \"denied\"` only what was stopped
is kept.

";

/// What a source says of some topics.
struct Note {
    topics: Vec<String>,
    word: &'static str,
    text: &'static str,
}

/// What a source says, each text once with all the topics that it is said of.
fn notes(column: Column, exports: &Exports) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for topic in Topic::ALL {
        let measured = (column.measures)(topic, exports);
        let (Measured::Degraded(text) | Measured::Not(text)) = measured else { continue };
        let topic = format!("`{topic}`");
        match notes.iter_mut().find(|note| note.text == text) {
            Some(note) => note.topics.push(topic),
            None => notes.push(Note { topics: vec![topic], word: word(measured), text }),
        }
    }
    notes
}

fn word(measured: Measured) -> &'static str {
    match measured {
        Measured::Fully => "yes",
        Measured::Degraded(_) => "degraded",
        Measured::Not(_) => "no",
    }
}

/// A line of a table.
fn line(out: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = std::iter::once(first.to_owned()).chain(cells).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// A table of the alerts, and a page of each.
fn alerts(out: &mut String) {
    let tuning = Tuning::default();
    line(out, "Alert", ["Severity", "For", "Measured by"].map(str::to_owned).into_iter());
    line(out, "---", ["---"; 3].map(str::to_owned).into_iter());
    for &name in AlertName::ALL {
        let sources: Vec<&str> =
            columns().filter(|column| column.alerts.contains(&name)).map(|column| column.source.as_str()).collect();
        let cells = [tuning.severity(name).as_str().to_owned(), tuning.hold(name).to_string(), sources.join(", ")];
        line(out, &format!("[{name}](#{})", name.as_str().to_lowercase()), cells.into_iter());
    }
    for &name in AlertName::ALL {
        let defaults = name.defaults();
        let page = runbook(name);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n### {name}\n\n{}\n", page.meaning.in_language(Language::English));
        let limits = [("threshold", defaults.threshold), ("floor", defaults.floor)];
        for (attribute, limit) in
            limits.into_iter().filter_map(|(attribute, limit)| limit.map(|limit| (attribute, limit)))
        {
            let _ = writeln!(out, "- `{attribute}`: {}, {} by default.", limit.what, limit.default);
        }
        let _ = writeln!(out, "- **Check**: {}\n- **Do**: {}", page.check, page.action);
    }
}

/// Each log with its place, and with what makes a record a denial.
fn logs(out: &mut String) {
    for kind in LogKind::ALL {
        let place = match (kind, kind.files()) {
            (_, Some(path)) => format!("the file `{path}` of each node"),
            (LogKind::VpcFlowLogs, None) => "files that `files_of` names".to_owned(),
            (_, None) => "the container `istio-proxy`".to_owned(),
        };
        let denied: Vec<String> = kind
            .grammar()
            .denied
            .iter()
            .map(|condition| format!("`{}` matches `{}`", condition.field.join("."), condition.pattern))
            .collect();
        let denied = if denied.is_empty() { "every record is one".to_owned() } else { denied.join(", or ") };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "- `{}`: {place}. Denials: {denied}.", kind.as_str());
    }
}

/// A text with the characters that Markdown would take for its own.
fn escape(text: &str) -> String {
    text.replace('*', "\\*").replace('<', "\\<")
}
