//! The OpenTelemetry Collector.
//!
//! Sources: opentelemetry-collector-contrib 0.165, README of `receiver/filelogreceiver`, of the operators in `pkg/stanza/docs/operators`
//! (`container`, `filter`, `json_parser`, `regex_parser`, `add`, `remove`) and of `pkg/stanza/docs/types/expression.md`; README of
//! `extension/storage/filestorage`, `extension/basicauthextension`, `exporter/elasticsearchexporter`, `exporter/opensearchexporter`,
//! `exporter/otlphttpexporter`, `exporter/debugexporter`; the collector's documentation, "Environment variables" (`${env:NAME}`). Loki
//! takes OTLP by itself.

use egress_engines::manifest::yaml_of;
use serde_json::{Map, Value, json};

use crate::logs::estate::LogSource;
use crate::logs::grammar::{Condition, Form, Grammar};
use crate::logs::output::{Login, Output, Server, Transport};
use crate::logs::plan::{Keep, Plan, SOURCE};

/// Where it notes how far it has read.
const POSITIONS: &str = "/var/lib/otelcol/file_storage";

/// The file.
pub(crate) fn configuration(plan: &Plan) -> String {
    let receivers: Map<String, Value> =
        plan.sources.iter().map(|source| (format!("filelog/{}", source.name()), receiver(source, plan))).collect();
    let mut extensions = Map::new();
    extensions.insert("file_storage".to_owned(), json!({ "directory": POSITIONS, "create_directory": true }));
    let mut exporters = Map::new();
    for output in &plan.outputs {
        let login = output.server().and_then(|server| server.login.as_ref()).filter(|_| asks_by_extension(output));
        if let Some(login) = login {
            extensions.insert(extension(output), json!({ "client_auth": by_variables(login) }));
        }
        let (name, exporter) = exporter(output);
        exporters.insert(name, exporter);
    }
    let pipeline = json!({
        "receivers": receivers.keys().collect::<Vec<_>>(), "processors": ["batch"], "exporters": exporters.keys().collect::<Vec<_>>(),
    });
    yaml_of(&json!({
        "receivers": receivers,
        "processors": { "batch": {} },
        "exporters": exporters,
        "extensions": extensions,
        "service": { "extensions": extensions.keys().collect::<Vec<_>>(), "pipelines": { "logs": pipeline } },
    }))
}

fn receiver(source: &LogSource, plan: &Plan) -> Value {
    let grammar = source.kind.grammar();
    let mut operators = Vec::new();
    if source.is_of_a_container() {
        operators.push(json!({ "type": "container" }));
    }
    if grammar.form == Form::Json {
        // The proxy's own messages are in the same stream.
        operators.push(json!({ "type": "filter", "expr": "not (body matches \"^[{]\")" }));
    }
    operators.push(parser(&grammar));
    for condition in grammar.egress {
        operators.push(json!({ "type": "filter", "expr": format!("not ({})", matches(condition)) }));
    }
    if plan.keep == Keep::Denied && !grammar.denied.is_empty() {
        let any: Vec<String> = grammar.denied.iter().map(matches).collect();
        operators.push(json!({ "type": "filter", "expr": format!("not ({})", any.join(" or ")) }));
    }
    let mut add = |field: &str, value: &str| {
        operators.push(json!({ "type": "add", "field": format!("attributes[\"{field}\"]"), "value": value }));
    };
    add(SOURCE, source.kind.as_str());
    for (field, value) in &plan.fields {
        add(&field.to_string(), &value.to_string());
    }
    operators.push(json!({ "type": "remove", "field": "body" }));
    json!({
        "include": source.pods(), "include_file_path": true, "start_at": "beginning", "storage": "file_storage", "operators": operators,
    })
}

fn parser(grammar: &Grammar) -> Value {
    // What is no such line is dropped without a message.
    let mut parser = match grammar.form {
        Form::Json => json!({ "type": "json_parser", "on_error": "drop_quiet" }),
        Form::Pattern(pattern) => json!({ "type": "regex_parser", "regex": pattern, "on_error": "drop_quiet" }),
    };
    if let Some(time) = grammar.time {
        let [kind, layout] = time.form.layout();
        parser["timestamp"] =
            json!({ "parse_from": format!("attributes.{}", time.field), "layout_type": kind, "layout": layout });
    }
    parser
}

/// A condition as an expression; a field that is not there matches nothing.
fn matches(condition: &Condition) -> String {
    let field: Vec<String> = condition.field.iter().map(|part| format!("?.{part}")).collect();
    let pattern = condition.pattern.replace('\\', "\\\\").replace('"', "\\\"");
    format!("string(attributes{}) matches \"{pattern}\"", field.concat())
}

/// Whether who the collector is has to be said by an extension.
fn asks_by_extension(output: &Output) -> bool {
    !matches!(output, Output::Elasticsearch { .. } | Output::Stdout)
}

fn extension(output: &Output) -> String {
    format!("basicauth/{}", output.as_str())
}

fn by_variables(login: &Login) -> Value {
    json!({ "username": format!("${{env:{}}}", login.user), "password": format!("${{env:{}}}", login.password) })
}

/// The name and the settings of an exporter.
fn exporter(output: &Output) -> (String, Value) {
    let with_tls = |mut settings: Value, server: &Server| {
        if let Transport::Tls(Some(file)) = &server.transport {
            settings["tls"] = json!({ "ca_file": file.to_string() });
        }
        if server.login.is_some() && asks_by_extension(output) {
            settings["auth"] = json!({ "authenticator": extension(output) });
        }
        settings
    };
    match output {
        Output::Elasticsearch { server, prefix } => {
            let mut settings = json!({
                "endpoints": [server.url()], "logs_index": prefix.to_string(), "logstash_format": { "enabled": true },
            });
            if let Some(login) = &server.login {
                let who = by_variables(login);
                (settings["user"], settings["password"]) = (who["username"].clone(), who["password"].clone());
            }
            ("elasticsearch".to_owned(), with_tls(settings, server))
        }
        Output::OpenSearch { server, prefix } => {
            let http = with_tls(json!({ "endpoint": server.url() }), server);
            let settings =
                json!({ "http": http, "logs_index": prefix.to_string(), "logs_index_time_format": "yyyy.MM.dd" });
            ("opensearch".to_owned(), settings)
        }
        Output::Loki { server } => {
            let settings = json!({ "endpoint": format!("{}/otlp", server.url()) });
            ("otlphttp/loki".to_owned(), with_tls(settings, server))
        }
        Output::Otlp { server } => ("otlphttp".to_owned(), with_tls(json!({ "endpoint": server.url() }), server)),
        Output::Stdout => ("debug".to_owned(), json!({ "verbosity": "detailed" })),
    }
}
