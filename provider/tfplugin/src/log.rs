//! Logs, in the form in which Terraform takes them over: one JSON object per line on stderr.
//!
//! Terraform prints them under `TF_LOG` and `TF_LOG_PROVIDER`; what it would drop is not written in the first place. The
//! fields of a call (`tf_rpc`, `tf_resource_type` and so on) come from the span that it runs in.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// This crate, whose lines are written at the level that is asked for, as the provider's own are.
const THIS_CRATE: &str = env!("CARGO_CRATE_NAME");

/// Terraform reads lines of up to 64 KiB; a longer one would lose its level.
const LONGEST_LINE: usize = 60_000;

/// Starts to write what the environment asks for, for the provider with this local name and these crates. Of all other crates only
/// warnings and errors are written: at finer levels a library may print the bodies of requests, and with them what is secret.
/// Whatever subscriber a program has set before stays.
pub(crate) fn install(name: &str, crates: &'static [&'static str]) {
    let level = level(name, |variable| std::env::var_os(variable));
    if level > LevelFilter::OFF {
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Lines { level, crates }));
    }
}

/// The level for a provider's own lines: the most specific variable that is set.
fn level(name: &str, variable: impl Fn(&str) -> Option<OsString>) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let Some(value) = set(&own).or_else(|| set("TF_LOG_PROVIDER")).or_else(|| set("TF_LOG")) else {
        return LevelFilter::OFF;
    };
    match value.to_string_lossy().to_ascii_uppercase().as_str() {
        "OFF" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        // Terraform takes everything else as a wish for all there is, `JSON` among it.
        _ => LevelFilter::TRACE,
    }
}

/// Writes events as lines.
struct Lines {
    level: LevelFilter,
    /// The crates whose lines are written at that level.
    crates: &'static [&'static str],
}

impl Lines {
    /// The finest level at which lines of a module are written.
    fn finest(&self, module: &str) -> LevelFilter {
        let root = module.split("::").next().unwrap_or_default();
        let own = root == THIS_CRATE || self.crates.contains(&root);
        if own { self.level } else { self.level.min(LevelFilter::WARN) }
    }
}

/// The fields of a span.
struct SpanFields(Map<String, Json>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        // Spans carry fields for the events inside them: those of other crates could hold what their lines must not.
        let finest = self.finest(metadata.target());
        *metadata.level() <= if metadata.is_span() { finest.max(LevelFilter::INFO) } else { finest }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Spans are made at INFO: an event at ERROR needs their fields too.
        Some(self.level.max(LevelFilter::INFO))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(SpanFields(fields.0));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            let mut more = Fields::default();
            values.record(&mut more);
            fields.extend(more.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut fields = Map::new();
        for span in cx.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(SpanFields(more)) = span.extensions().get() {
                fields.extend(more.clone());
            }
        }
        let mut own = Fields::default();
        event.record(&mut own);
        fields.extend(own.0);
        let line = line(*event.metadata().level(), event.metadata().target(), Timestamp::now(), fields);
        // One write per line, so that lines of several threads never mix. If stderr is gone there is nobody to tell.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

/// A line as hclog writes it. `message` among the fields is the message.
fn line(level: Level, module: &str, at: Timestamp, mut fields: Map<String, Json>) -> String {
    let message = match fields.remove("message") {
        Some(Json::String(message)) => message,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let mut special = Map::new();
    special.insert("@level".into(), level.as_str().to_lowercase().into());
    special.insert("@message".into(), message.clone().into());
    special.insert("@module".into(), module.into());
    // Terraform takes exactly six digits of a second; with any other count the line loses its level.
    special.insert("@timestamp".into(), format!("{at:.6}").into());
    // The host ends with a panic when one of the special fields is not text: they go in last.
    fields.extend(special.clone());
    let mut line = Json::Object(fields).to_string();
    if line.len() > LONGEST_LINE {
        let short: String = message.chars().take(LONGEST_LINE / 12).collect();
        special.insert("@message".into(), format!("{short} [cut: the line had {} bytes]", line.len()).into());
        line = Json::Object(special).to_string();
    }
    line.push('\n');
    line
}

/// Collects fields with their types.
#[derive(Default)]
struct Fields(Map<String, Json>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Json>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field, crate::diagnostic::chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_specific_variable_decides() {
        let with = |set: &[(&str, &str)]| {
            level("my-cloud", |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(with(&[]), LevelFilter::OFF);
        assert_eq!(with(&[("TF_LOG", "")]), LevelFilter::OFF);
        assert_eq!(with(&[("TF_LOG", "debug")]), LevelFilter::DEBUG);
        assert_eq!(with(&[("TF_LOG", "json")]), LevelFilter::TRACE);
        assert_eq!(with(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "ERROR")]), LevelFilter::ERROR);
        assert_eq!(with(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER_MY_CLOUD", "off")]), LevelFilter::OFF);
    }

    #[test]
    fn only_the_providers_own_crates_are_written_at_the_level_that_is_asked_for() {
        let lines = |level| Lines { level, crates: &["my_cloud"] };
        for own in ["my_cloud", "my_cloud::client", "tfplugin::rpc"] {
            assert_eq!(lines(LevelFilter::TRACE).finest(own), LevelFilter::TRACE, "{own}");
            assert_eq!(lines(LevelFilter::ERROR).finest(own), LevelFilter::ERROR, "{own}");
        }
        // Whatever library comes next is not in a list of libraries.
        for other in ["aws_smithy_runtime::client", "hyper", "kube_client", "my_cloud_sdk", "a_library_of_tomorrow"] {
            assert_eq!(lines(LevelFilter::TRACE).finest(other), LevelFilter::WARN, "{other}");
            assert_eq!(lines(LevelFilter::ERROR).finest(other), LevelFilter::ERROR, "{other}");
        }
    }

    fn parsed(fields: Json) -> Json {
        let Json::Object(fields) = fields else { panic!("not an object") };
        let at = Timestamp::from_microsecond(1_735_786_984_000_120).unwrap();
        let line = line(Level::WARN, "here", at, fields);
        assert!(line.ends_with('\n') && line.len() <= LONGEST_LINE);
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_line_is_what_terraform_parses() {
        assert_eq!(
            parsed(json!({ "message": "hello", "count": 3, "tf_rpc": "ReadResource" })),
            json!({
                "@level": "warn", "@message": "hello", "@module": "here", "@timestamp": "2025-01-02T03:03:04.000120Z",
                "count": 3, "tf_rpc": "ReadResource",
            })
        );
    }

    #[test]
    fn the_special_fields_are_text_whatever_a_program_logs() {
        let line = parsed(json!({ "message": 5, "@level": 1, "@timestamp": null }));
        for field in ["@level", "@message", "@timestamp"] {
            assert!(line[field].is_string(), "{field} is {}", line[field]);
        }
    }

    #[test]
    fn a_long_line_is_cut_and_keeps_its_level() {
        let line = parsed(json!({ "message": "\u{1}".repeat(100_000), "more": "y".repeat(100_000) }));
        assert_eq!(line["@level"], "warn");
        assert!(line["@message"].as_str().unwrap().contains("cut"));
    }
}
