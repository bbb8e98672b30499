//! The guide to the engines, written from their columns of the capability table and from nothing else: what each makes of each
//! feature in its newest version, and what it says where it is not exact.

use std::fmt::Write;

use crate::exception::Exception;
use crate::registry::{ENGINES, ENTRIES, GATEWAY_ENGINES};
use crate::{EngineName, Feature, GatewayFeature, Level, Settings, Support};

/// One engine's answers, in the order of the rows.
struct Column {
    name: EngineName,
    answers: Vec<Support>,
    /// The values for which it does otherwise: the row, how, and which.
    exceptions: Vec<(usize, Level, &'static str)>,
}

/// The guide, in Markdown.
pub fn engines() -> String {
    let newest = Settings::default();
    let policies = ENGINES.iter().map(|engine| Column {
        name: engine.name,
        answers: Feature::ALL.iter().map(|feature| (engine.support)(*feature, &newest)).collect(),
        exceptions: engine.exceptions.iter().flat_map(|one| rows_of(one, &Feature::ALL)).collect(),
    });
    let gateways = GATEWAY_ENGINES.iter().map(|engine| Column {
        name: engine.name,
        answers: GatewayFeature::ALL.iter().map(|feature| (engine.support)(*feature, &newest)).collect(),
        exceptions: engine.exceptions.iter().flat_map(|one| rows_of(one, &GatewayFeature::ALL)).collect(),
    });
    let mut out = String::new();
    out.push_str(HEADER);
    out.push_str(REQUIREMENTS);
    ENTRIES.iter().filter_map(|entry| entry.required_apis).for_each(|item| out.push_str(item));
    out.push_str(OPENSHIFT);
    out.push_str(CLUSTER_WIDE);
    for engine in ENGINES.iter().filter(|engine| !engine.own_namespaces.is_empty()) {
        let names: Vec<String> = engine.own_namespaces.iter().map(|name| format!("`{name}`")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "- **{}**: {}.", engine.name, names.join(", "));
    }
    out.push_str(SEVERAL_POLICIES);
    ENTRIES.iter().filter_map(|entry| entry.policies_together).for_each(|sentences| out.push_str(sentences));
    out.push_str("\n## Policies\n\n");
    section(&mut out, &Feature::ALL.map(policy_row), &policies.collect::<Vec<_>>());
    out.push_str("\n## Gateways\n\n");
    section(&mut out, &GatewayFeature::ALL.map(gateway_row), &gateways.collect::<Vec<_>>());
    out
}

const HEADER: &str = "\
---
page_title: \"Engines\"
subcategory: \"\"
description: |-
  What each in-cluster engine makes of each part of a policy and of a gateway.
---

# Engines

One definition means the same on every engine, or the plan says what differs. The tables show what each engine makes of each
part, in its newest version and with none of the settings that describe the cluster:

- **yes**: as this provider means it.
- **needs**: as this provider means it, once the setting in the notes is there; without it the part is refused, or the plan warns what
  differs.
- **degraded**: emitted, and the plan warns what differs.
- **needs, degraded**: the one with the other.
- **\\*** after any of these: some values are refused or degraded; the notes list them as **not** and **degraded**.
- **no**: refused in the plan, with the engines that can. Nothing of the policy is emitted then.

The notes below each table say what is needed, what differs, and why not.
";

const REQUIREMENTS: &str = "
## Requirements

An engine's own objects are installed with it. One engine reads objects of another project too:

";

const OPENSHIFT: &str = "
On OpenShift set `kubernetes.platform` to `openshift`, whatever the engine: the DNS resolver is not where Kubernetes itself has it there.
";

/// What the plan cannot leave to a table. Sources: the engines' `own_namespaces` and the model's platforms.
const CLUSTER_WIDE: &str = "
## Policies of the whole cluster

Without `exempt_namespaces` they leave the cluster's own components alone, because a default deny that reaches those can stop the cluster:
`kube-system`, `kube-public` and `kube-node-lease`, the namespace of the DNS resolver, those of the engine, and on OpenShift
(`kubernetes.platform`) those of its operators. `manifests` shows them all. Add what else the cluster needs to work, such as a mesh's
`istio-system`, by setting the list as a whole. Of the engines:

";

/// What the plan cannot see.
const SEVERAL_POLICIES: &str = "
## Several policies of the same pods

Policies add up, and each is compiled by itself: a plan sees what the rules of one policy say of one connection, and not what those of
another say. ";

/// An exception, for each of all rows that it is of.
fn rows_of<F: PartialEq>(exception: &Exception<F>, all: &[F]) -> Vec<(usize, Level, &'static str)> {
    let rows = all.iter().enumerate().filter(|(_, feature)| exception.features.contains(feature));
    rows.map(|(row, _)| (row, exception.level, exception.what)).collect()
}

/// A table of features by engines, and the notes of each engine.
fn section(out: &mut String, rows: &[&str], columns: &[Column]) {
    line(out, "", columns.iter().map(|column| column.name.as_str().to_owned()));
    line(out, "---", columns.iter().map(|_| "---".to_owned()));
    for (index, row) in rows.iter().enumerate() {
        let cell = |column: &Column| {
            let has_exceptions = column.exceptions.iter().any(|(of, ..)| *of == index);
            format!("{}{}", word(column.answers[index]), if has_exceptions { "\\*" } else { "" })
        };
        line(out, row, columns.iter().map(cell));
    }
    for column in columns {
        let notes = notes(rows, column);
        if notes.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n### {}\n", column.name);
        for note in notes {
            let _ = writeln!(out, "- {} ({}): {}.", note.rows.join("; "), note.word, escape(&note.text));
        }
    }
}

/// A line of a table.
fn line(out: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = std::iter::once(first.to_owned()).chain(cells).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// What an engine says of some rows.
#[derive(Debug, PartialEq, Eq)]
struct Note<'a> {
    rows: Vec<&'a str>,
    word: &'static str,
    text: String,
}

/// What an engine says, each text once with all the rows that it is said of.
fn notes<'a>(rows: &[&'a str], column: &Column) -> Vec<Note<'a>> {
    let mut notes: Vec<Note<'a>> = Vec::new();
    let mut add = |row: &'a str, word: &'static str, text: String| match notes
        .iter_mut()
        .find(|note| note.word == word && note.text == text)
    {
        Some(note) => note.rows.push(row),
        None => notes.push(Note { rows: vec![row], word, text }),
    };
    for (row, answer) in rows.iter().zip(&column.answers) {
        let text = match *answer {
            Support::Exact => continue,
            Support::Needs(text) | Support::Degraded(text) | Support::Refused(text) => text.to_owned(),
            Support::DegradedOnce { needs, differs } => format!("{needs}; {differs}"),
        };
        add(row, word(*answer), text);
    }
    for (row, level, what) in &column.exceptions {
        let word = match level {
            Level::Refused => "not",
            Level::Degraded | Level::Exact => "degraded",
        };
        add(rows[*row], word, (*what).to_owned());
    }
    notes
}

fn word(support: Support) -> &'static str {
    match support {
        Support::Exact => "yes",
        Support::Needs(_) => "needs",
        Support::Degraded(_) => "degraded",
        Support::DegradedOnce { .. } => "needs, degraded",
        Support::Refused(_) => "no",
    }
}

/// A text with the characters that Markdown would take for its own; what stands between backticks is left as it is.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for c in text.trim_end_matches('.').chars() {
        in_code ^= c == '`';
        if !in_code && matches!(c, '*' | '<' | '[' | ']' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn policy_row(feature: Feature) -> &'static str {
    match feature {
        Feature::NamespaceScope => "Policies of one namespace",
        Feature::ClusterScope => "Policies of the whole cluster",
        Feature::SourcePods => "`pods`",
        Feature::ServiceAccounts => "`service_accounts`",
        Feature::DestinationPods => "`to_pods`, `to_namespaces`",
        Feature::Services => "`to_services`",
        Feature::Cidrs => "`to_cidrs`",
        Feature::ExceptCidrs => "`to_cidrs` with exceptions (`\"!10.0.0.0/8\"`)",
        Feature::BlocksWithoutPods => "Blocks never mean pods or nodes",
        Feature::External => "`to_external`",
        Feature::Everything => "The entity `all`",
        Feature::Resolver => "DNS, and the entity `dns`",
        Feature::DnsQueries => "`dns_queries`",
        Feature::ApiServer => "The entity `kube-apiserver`",
        Feature::Nodes => "The entity `nodes`",
        Feature::Domains => "`to_domains`, exact names",
        Feature::DomainsOneLabel => "`to_domains`, `*.example.com`",
        Feature::DomainsAnyDepth => "`to_domains`, `**.example.com`",
        Feature::EveryPort => "Every port of every protocol",
        Feature::PortRanges => "Ranges of ports",
        Feature::NamedPorts => "Named ports",
        Feature::Udp => "UDP",
        Feature::Sctp => "SCTP",
        Feature::Icmp => "ICMP",
        Feature::Deny => "`deny`",
        Feature::DenyDomains => "`deny` with `to_domains`",
        Feature::Priority => "`priority`",
        Feature::Http => "`http_requests`, method and path",
        Feature::HttpHeaders => "`http_requests`, headers",
        Feature::Sni => "`server_names`",
        Feature::Audit => "`mode = \"audit\"`",
        Feature::Staged => "`mode = \"staged\"`",
    }
}

fn gateway_row(feature: GatewayFeature) -> &'static str {
    match feature {
        GatewayFeature::SourcePods => "Sources by `pods`",
        GatewayFeature::SourceNamespaces => "Sources by `namespaces`",
        GatewayFeature::SeveralSources => "Several sources",
        GatewayFeature::External => "Everything outside the cluster",
        GatewayFeature::Cidrs => "`to.cidrs`",
        GatewayFeature::ExceptCidrs => "`to.cidrs` with exceptions",
        GatewayFeature::Domains => "`to.domains`",
        GatewayFeature::Ips => "`ips`",
        GatewayFeature::SeveralIps => "Several `ips`",
        GatewayFeature::Ipv6 => "IPv6 in `ips`",
        GatewayFeature::AssignsIps => "Puts `ips` onto a node itself",
        GatewayFeature::PublicIps => "`public_ips`",
        GatewayFeature::Nodes => "`nodes`",
        GatewayFeature::Interface => "`interface`",
        GatewayFeature::Replicas => "Several `replicas`",
        GatewayFeature::Failover => "`failover = \"required\"`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_once_what_is_said_of_several_rows() {
        let answers = vec![Support::Refused("a"), Support::Exact, Support::Refused("a"), Support::Degraded("b")];
        let exceptions = vec![(1, Level::Refused, "c")];
        let column = Column { name: EngineName::Cilium, answers, exceptions };
        let notes = notes(&["1", "2", "3", "4"], &column);
        let note = |rows: &[&'static str], word, text: &str| Note { rows: rows.to_vec(), word, text: text.to_owned() };
        assert_eq!(notes, [note(&["1", "3"], "no", "a"), note(&["4"], "degraded", "b"), note(&["2"], "not", "c")]);
    }

    #[test]
    fn nothing_in_a_note_is_taken_for_markdown() {
        assert_eq!(escape("a * b_c `d_e*` [f]."), "a \\* b_c `d_e*` \\[f\\]");
    }
}
