//! Fluent Bit.
//!
//! Sources: Fluent Bit 5.1, "Classic mode", inputs `tail`, filters `grep`, `parser`, `modify`, outputs `es`, `opensearch`, `loki`,
//! `opentelemetry`, `stdout`, and "Record accessor" (`$flow['verdict']`). Its own parser `cri` joins the lines that a container runtime
//! splits. It knows the classic form's variables as `${NAME}`.

use std::fmt::Write;

use crate::logs::estate::LogSource;
use crate::logs::grammar::{Condition, Form, LogKind};
use crate::logs::output::{Output, Server, Transport};
use crate::logs::plan::{Keep, Plan, SOURCE};

/// Where it notes how far it has read.
const POSITIONS: &str = "/var/lib/fluent-bit";

/// A section: its name, and its properties in order.
struct Section(&'static str, Vec<(String, String)>);

impl Section {
    fn new<const N: usize>(name: &'static str, properties: [(&str, &str); N]) -> Self {
        Self(name, properties.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }

    fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.1.push((key.to_owned(), value.into()));
        self
    }

    fn write(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "[{}]", self.0);
        for (key, value) in &self.1 {
            let _ = writeln!(out, "    {key} {value}");
        }
        out.push('\n');
    }
}

/// The main file.
pub(crate) fn configuration(plan: &Plan) -> String {
    let mut sections = vec![Section::new("SERVICE", [("Flush", "5"), ("Parsers_File", "parsers.conf")])];
    for source in &plan.sources {
        sections.extend(reads(source, plan));
    }
    sections.extend(plan.outputs.iter().map(output));
    text(&sections)
}

/// The file of parsers: one for each kind of log.
pub(crate) fn parsers(plan: &Plan) -> String {
    let mut kinds: Vec<LogKind> = plan.sources.iter().map(|source| source.kind).collect();
    kinds.dedup();
    let parser = |kind: LogKind| {
        let grammar = kind.grammar();
        let section = Section::new("PARSER", []).with("Name", parser_of(kind));
        let section = match grammar.form {
            Form::Json => section.with("Format", "json"),
            Form::Pattern(pattern) => section.with("Format", "regex").with("Regex", pattern),
        };
        match grammar.time {
            Some(time) => section
                .with("Time_Key", time.field)
                .with("Time_Format", time.form.strptime("%L"))
                .with("Time_Keep", "On"),
            None => section,
        }
    };
    text(&kinds.into_iter().map(parser).collect::<Vec<_>>())
}

fn text(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        section.write(&mut out);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn parser_of(kind: LogKind) -> String {
    format!("egress_{}", kind.as_str().replace('-', "_"))
}

fn reads(source: &LogSource, plan: &Plan) -> Vec<Section> {
    let (name, kind) = (source.name(), source.kind);
    let (tag, grammar) = (format!("egress.{name}"), kind.grammar());
    let input = Section::new("INPUT", [("Name", "tail")])
        .with("Tag", tag.as_str())
        .with("Path", source.links().join(","))
        .with("DB", format!("{POSITIONS}/egress-{name}.db"))
        .with("Read_from_Head", "On")
        .with("Skip_Long_Lines", "On")
        .with("Mem_Buf_Limit", "50MB");
    let filter = |name: &str| Section::new("FILTER", [("Name", name)]).with("Match", tag.as_str());
    let mut sections = vec![if source.is_of_a_container() { input.with("multiline.parser", "cri") } else { input }];
    if grammar.form == Form::Json {
        sections.push(filter("grep").with("Regex", "log ^\\{"));
    }
    sections.push(filter("parser").with("Key_Name", "log").with("Parser", parser_of(kind)));
    let regex = |condition: &Condition| format!("{} {}", accessor(condition), condition.pattern);
    for condition in grammar.egress {
        sections.push(filter("grep").with("Regex", regex(condition)));
    }
    if plan.keep == Keep::Denied && !grammar.denied.is_empty() {
        let any = filter("grep").with("Logical_Op", "or");
        sections.push(grammar.denied.iter().fold(any, |section, condition| section.with("Regex", regex(condition))));
    }
    let marked = filter("modify").with("Add", format!("{SOURCE} {}", kind.as_str()));
    sections.push(
        plan.fields.iter().fold(marked, |section, (field, value)| section.with("Add", format!("{field} {value}"))),
    );
    sections
}

/// A field as a filter names it: at the top by its name, below by an accessor.
fn accessor(condition: &Condition) -> String {
    match condition.field {
        [only] => (*only).to_owned(),
        [first, rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|part| format!("['{part}']")).collect();
            format!("${first}{}", rest.concat())
        }
        [] => String::new(),
    }
}

fn output(output: &Output) -> Section {
    let section = |name: &str| Section::new("OUTPUT", [("Name", name), ("Match", "egress.*")]);
    match output {
        Output::Elasticsearch { server, prefix } => daily(to(section("es"), server), &prefix.to_string()),
        Output::OpenSearch { server, prefix } => daily(to(section("opensearch"), server), &prefix.to_string()),
        Output::Loki { server } => to(section("loki"), server)
            .with("Labels", "job=egress")
            .with("Label_Keys", format!("${SOURCE}"))
            .with("Line_Format", "json"),
        Output::Otlp { server } => to(section("opentelemetry"), server).with("Logs_Uri", "/v1/logs"),
        Output::Stdout => section("stdout").with("Format", "json_lines"),
    }
}

/// Elasticsearch 8 and `OpenSearch` know no types of documents.
fn daily(section: Section, prefix: &str) -> Section {
    section.with("Logstash_Format", "On").with("Logstash_Prefix", prefix).with("Suppress_Type_Name", "On")
}

fn to(section: Section, server: &Server) -> Section {
    let section = section.with("Host", server.host.to_string()).with("Port", server.port.to_string());
    let section = match &server.transport {
        Transport::Plain => section.with("tls", "Off"),
        Transport::Tls(None) => section.with("tls", "On"),
        Transport::Tls(Some(file)) => section.with("tls", "On").with("tls.ca_file", file.to_string()),
    };
    match &server.login {
        Some(login) => section
            .with("HTTP_User", format!("${{{}}}", login.user))
            .with("HTTP_Passwd", format!("${{{}}}", login.password)),
        None => section,
    }
}
