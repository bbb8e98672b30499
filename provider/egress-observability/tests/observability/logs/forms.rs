//! The words that Fluent Bit and Fluentd know, of the plugins that are used: a misspelt one is refused by the program when it starts, on a
//! node. Sources: the documentation of each plugin, as in the compilers.

use std::collections::BTreeMap;

use egress_observability::logs::collector::Collector;
use egress_observability::logs::plan::Keep;

use super::{every_output, files, plan};

/// The properties of a plugin of Fluent Bit, by section and plugin.
fn of_fluent_bit(section: &str, plugin: &str) -> Option<&'static [&'static str]> {
    const TLS: &[&str] = &["Name", "Match", "Host", "Port", "tls", "tls.ca_file", "HTTP_User", "HTTP_Passwd"];
    Some(match (section, plugin) {
        ("SERVICE", _) => &["Flush", "Parsers_File"],
        ("INPUT", "tail") => {
            &["Name", "Tag", "Path", "DB", "Read_from_Head", "Skip_Long_Lines", "Mem_Buf_Limit", "multiline.parser"]
        }
        ("FILTER", "grep") => &["Name", "Match", "Regex", "Logical_Op"],
        ("FILTER", "parser") => &["Name", "Match", "Key_Name", "Parser"],
        ("FILTER", "modify") => &["Name", "Match", "Add"],
        ("OUTPUT", "es" | "opensearch") => &["Logstash_Format", "Logstash_Prefix", "Suppress_Type_Name"],
        ("OUTPUT", "loki") => &["Labels", "Label_Keys", "Line_Format"],
        ("OUTPUT", "opentelemetry") => &["Logs_Uri"],
        ("OUTPUT", "stdout") => &["Name", "Match", "Format"],
        ("OUTPUT", "") => TLS,
        ("PARSER", _) => &["Name", "Format", "Regex", "Time_Key", "Time_Format", "Time_Keep"],
        _ => return None,
    })
}

#[test]
fn fluent_bit_knows_every_word() {
    for keep in [Keep::All, Keep::Denied] {
        let files = files(Collector::FluentBit, &plan(keep, every_output(Collector::FluentBit)));
        let mut parsers = Vec::new();
        let mut used = Vec::new();
        for (file, text) in &files {
            for section in text.split("\n\n") {
                let mut lines = section.trim_end().lines();
                let head = lines.next().expect("a head");
                let name =
                    head.strip_prefix('[').and_then(|head| head.strip_suffix(']')).unwrap_or_else(|| panic!("{head}"));
                let entries: Vec<(&str, &str)> = lines
                    .map(|line| {
                        line.strip_prefix("    ")
                            .and_then(|line| line.split_once(' '))
                            .unwrap_or_else(|| panic!("{file}: {line:?}"))
                    })
                    .collect();
                let of = |key: &str| {
                    entries.iter().find(|(own, _)| *own == key).map(|(_, value)| *value).unwrap_or_default()
                };
                let known =
                    of_fluent_bit(name, of("Name")).unwrap_or_else(|| panic!("no plugin {:?} of {name}", of("Name")));
                let shared = if name == "OUTPUT" { of_fluent_bit(name, "").expect("shared") } else { &[] };
                for (key, value) in &entries {
                    assert!(known.contains(key) || shared.contains(key), "{name} {} has no {key}", of("Name"));
                    assert!(!value.is_empty(), "{name} {key}");
                }
                match name {
                    "PARSER" => parsers.push(of("Name").to_owned()),
                    "FILTER" if of("Name") == "parser" => used.push(of("Parser").to_owned()),
                    _ => {}
                }
            }
        }
        parsers.sort();
        used.sort();
        assert_eq!(parsers, used, "each parser is there once and used");
    }
}

/// The parameters of a plugin of Fluentd, by directive and type.
fn of_fluentd() -> BTreeMap<(&'static str, &'static str), &'static [&'static str]> {
    const DAILY: &[&str] = &[
        "host",
        "port",
        "scheme",
        "user",
        "password",
        "ca_file",
        "logstash_format",
        "logstash_prefix",
        "suppress_type_name",
    ];
    [
        (("source", "tail"), &["path", "pos_file", "tag", "read_from_head"][..]),
        (("parse", "regexp"), &["expression", "time_format", "time_key", "time_type", "keep_time_key"]),
        (("parse", "json"), &["time_format", "time_key", "time_type", "keep_time_key"]),
        (("parse", "none"), &["message_key"]),
        (
            ("filter", "concat"),
            &["key", "use_partial_cri_logtag", "partial_cri_logtag_key", "partial_cri_stream_key", "separator"],
        ),
        (("filter", "grep"), &[]),
        (("regexp", ""), &["key", "pattern"]),
        (("or", ""), &[]),
        (("filter", "parser"), &["key_name", "emit_invalid_record_to_error"]),
        (("filter", "record_transformer"), &[]),
        (("record", ""), &["egress_source", "cluster"]),
        (("match", "copy"), &[]),
        (("store", "elasticsearch"), DAILY),
        (("store", "opensearch"), DAILY),
        (("store", "loki"), &["url", "username", "password", "ca_cert", "extra_labels"]),
        (("label", ""), &["egress_source"]),
        (("store", "stdout"), &[]),
        (("buffer", "file"), &["path", "flush_interval", "retry_max_interval", "retry_forever"]),
    ]
    .into()
}

#[test]
fn fluentd_knows_every_word() {
    let known = of_fluentd();
    for keep in [Keep::All, Keep::Denied] {
        let files = files(Collector::Fluentd, &plan(keep, every_output(Collector::Fluentd)));
        // The open directives, each with its type and parameters.
        let mut open: Vec<(String, String, Vec<String>)> = Vec::new();
        let mut closed = 0;
        for line in files["fluent.conf"].lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_prefix("</").and_then(|rest| rest.strip_suffix('>')) {
                let (own, kind, parameters) = open.pop().unwrap_or_else(|| panic!("nothing is open at {line}"));
                assert_eq!(own, name);
                let of = known.get(&(own.as_str(), kind.as_str())).unwrap_or_else(|| panic!("no {own} {kind:?}"));
                let unknown: Vec<_> = parameters.iter().filter(|one| !of.contains(&one.as_str())).collect();
                assert!(unknown.is_empty(), "{own} {kind} has no {unknown:?}");
                closed += 1;
            } else if let Some(head) = line.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
                open.push((head.split(' ').next().unwrap_or_default().to_owned(), String::new(), Vec::new()));
            } else {
                let (key, value) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
                let (_, kind, parameters) = open.last_mut().unwrap_or_else(|| panic!("{line:?} is outside"));
                match key {
                    "@type" => value.clone_into(kind),
                    _ => parameters.push(key.to_owned()),
                }
                if matches!(key, "pattern" | "expression") {
                    assert!(
                        value.starts_with('/')
                            && value.ends_with('/')
                            && !value[1..value.len() - 1].replace("\\/", "").contains('/'),
                        "{line}"
                    );
                }
            }
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(closed > 40, "{closed}");
    }
}
