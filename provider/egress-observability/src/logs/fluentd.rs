//! Fluentd.
//!
//! Sources: Fluentd 1.16, "Config file syntax", input `tail`, filters `grep`, `parser`, `record_transformer`, output `copy`, `stdout`,
//! "Record accessor" (`$.flow.verdict`); the plugins `concat` (which joins the lines that a container runtime splits; core Fluentd does
//! not), `elasticsearch`, `opensearch` and `grafana-loki`, each its README. Embedded Ruby reads variables: `"#{ENV['NAME']}"`.

use std::fmt::Write;

use crate::logs::estate::LogSource;
use crate::logs::grammar::{Condition, Form, Grammar};
use crate::logs::output::{Output, Server};
use crate::logs::plan::{Keep, Plan, SOURCE};

/// Where it notes how far it has read, and keeps what it could not send yet.
const STATE: &str = "/var/log/fluentd";
/// A line of a container runtime: `F` ends a line of the program, `P` is a part.
const CRI: &str = "^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[FP]) (?<log>.*)$";

/// The text of a file, by its directives.
#[derive(Default)]
struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn line(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = self.depth * 2);
    }

    fn set(&mut self, key: &str, value: impl AsRef<str>) {
        self.line(&format!("{key} {}", value.as_ref()));
    }

    fn block(&mut self, name: &str, argument: &str, inside: impl FnOnce(&mut Self)) {
        let space = if argument.is_empty() { "" } else { " " };
        self.line(&format!("<{name}{space}{argument}>"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }
}

/// The file.
pub(crate) fn configuration(plan: &Plan) -> String {
    let mut writer = Writer::default();
    for source in &plan.sources {
        reads(&mut writer, source, plan);
        writer.out.push('\n');
    }
    writer.block("match", "egress.**", |writer| {
        writer.set("@type", "copy");
        for output in &plan.outputs {
            writer.block("store", "", |writer| send(writer, output));
        }
    });
    writer.out
}

fn reads(writer: &mut Writer, source: &LogSource, plan: &Plan) {
    let (name, grammar) = (source.name(), source.kind.grammar());
    let tag = format!("egress.{name}");
    writer.block("source", "", |writer| {
        writer.set("@type", "tail");
        writer.set("path", source.links().join(","));
        writer.set("pos_file", format!("{STATE}/egress-{name}.pos"));
        writer.set("tag", &tag);
        writer.set("read_from_head", "true");
        writer.block("parse", "", |writer| {
            if source.is_of_a_container() {
                writer.set("@type", "regexp");
                writer.set("expression", slashes(CRI));
                writer.set("time_format", "%Y-%m-%dT%H:%M:%S.%N%z");
            } else {
                writer.set("@type", "none");
                writer.set("message_key", "log");
            }
        });
    });
    let filter = |writer: &mut Writer, inside: &dyn Fn(&mut Writer)| writer.block("filter", &tag, inside);
    if source.is_of_a_container() {
        filter(writer, &|writer| {
            writer.set("@type", "concat");
            writer.set("key", "log");
            writer.set("use_partial_cri_logtag", "true");
            writer.set("partial_cri_logtag_key", "logtag");
            writer.set("partial_cri_stream_key", "stream");
            writer.set("separator", "\"\"");
        });
    }
    if grammar.form == Form::Json {
        // The proxy's own messages are in the same stream.
        filter(writer, &|writer| {
            writer.set("@type", "grep");
            regexp(writer, "log", "^\\{");
        });
    }
    filter(writer, &|writer| {
        writer.set("@type", "parser");
        writer.set("key_name", "log");
        // What is no such line is dropped without a message.
        writer.set("emit_invalid_record_to_error", "false");
        writer.block("parse", "", |writer| parse(writer, &grammar));
    });
    filter(writer, &|writer| {
        writer.set("@type", "grep");
        for condition in grammar.egress {
            regexp(writer, &accessor(condition), condition.pattern);
        }
    });
    if plan.keep == Keep::Denied && !grammar.denied.is_empty() {
        filter(writer, &|writer| {
            writer.set("@type", "grep");
            writer.block("or", "", |writer| {
                for condition in grammar.denied {
                    regexp(writer, &accessor(condition), condition.pattern);
                }
            });
        });
    }
    filter(writer, &|writer| {
        writer.set("@type", "record_transformer");
        writer.block("record", "", |writer| {
            writer.set(SOURCE, source.kind.as_str());
            for (field, value) in &plan.fields {
                writer.set(&field.to_string(), value.to_string());
            }
        });
    });
}

fn parse(writer: &mut Writer, grammar: &Grammar) {
    match grammar.form {
        Form::Json => writer.set("@type", "json"),
        Form::Pattern(pattern) => {
            writer.set("@type", "regexp");
            writer.set("expression", slashes(pattern));
        }
    }
    if let Some(time) = grammar.time {
        writer.set("time_key", time.field);
        writer.set("time_type", "string");
        writer.set("time_format", time.form.strptime("%N"));
        writer.set("keep_time_key", "true");
    }
}

fn regexp(writer: &mut Writer, key: &str, pattern: &str) {
    writer.block("regexp", "", |writer| {
        writer.set("key", key);
        writer.set("pattern", slashes(pattern));
    });
}

/// A regular expression between slashes.
fn slashes(pattern: &str) -> String {
    format!("/{}/", pattern.replace('/', "\\/"))
}

fn accessor(condition: &Condition) -> String {
    match condition.field {
        [only] => (*only).to_owned(),
        parts => format!("$.{}", parts.join(".")),
    }
}

fn send(writer: &mut Writer, output: &Output) {
    match output {
        Output::Elasticsearch { server, prefix } => daily(writer, "elasticsearch", server, &prefix.to_string()),
        Output::OpenSearch { server, prefix } => daily(writer, "opensearch", server, &prefix.to_string()),
        Output::Loki { server } => {
            writer.set("@type", "loki");
            writer.set("url", server.url());
            login(writer, server, ["username", "password"]);
            if let Some(file) = server.authorities() {
                writer.set("ca_cert", file.to_string());
            }
            writer.set("extra_labels", "{\"job\":\"egress\"}");
            writer.block("label", "", |writer| writer.set(SOURCE, format!("$.{SOURCE}")));
            buffer(writer, "loki");
        }
        // Refused before.
        Output::Otlp { .. } | Output::Stdout => writer.set("@type", "stdout"),
    }
}

fn daily(writer: &mut Writer, kind: &str, server: &Server, prefix: &str) {
    writer.set("@type", kind);
    writer.set("host", server.host.to_string());
    writer.set("port", server.port.to_string());
    writer.set("scheme", if server.url().starts_with("https") { "https" } else { "http" });
    login(writer, server, ["user", "password"]);
    if let Some(file) = server.authorities() {
        writer.set("ca_file", file.to_string());
    }
    writer.set("logstash_format", "true");
    writer.set("logstash_prefix", prefix);
    writer.set("suppress_type_name", "true");
    buffer(writer, kind);
}

fn login(writer: &mut Writer, server: &Server, [user, password]: [&str; 2]) {
    if let Some(login) = &server.login {
        writer.set(user, format!("\"#{{ENV['{}']}}\"", login.user));
        writer.set(password, format!("\"#{{ENV['{}']}}\"", login.password));
    }
}

fn buffer(writer: &mut Writer, name: &str) {
    writer.block("buffer", "", |writer| {
        writer.set("@type", "file");
        writer.set("path", format!("{STATE}/egress-{name}-buffer"));
        writer.set("flush_interval", "5s");
        writer.set("retry_max_interval", "30s");
        writer.set("retry_forever", "true");
    });
}
