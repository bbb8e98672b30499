//! From a configuration to what a collector does.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use egress_model::labels::{NamespaceName, ObjectName};
use egress_model::policy::{Path, object_metadata};
use egress_observability::logs::collector::Collector;
use egress_observability::logs::environment::{FieldText, LogPath};
use egress_observability::logs::estate::{LogEstate, LogSource, Watched};
use egress_observability::logs::grammar::LogKind;
use egress_observability::logs::output::{Login, Output, Server, Transport};
use egress_observability::logs::plan::{Keep, Plan};

use super::schema::PORTS;
use crate::resources::reading::{Place, Reading};
use crate::resources::watched;
use crate::session::InCluster;

/// What the configuration says.
pub(super) struct Written {
    pub(super) name: ObjectName,
    pub(super) namespace: NamespaceName,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) collector: Collector,
    pub(super) plan: Plan,
    /// The collector's files, by name.
    pub(super) files: BTreeMap<&'static str, String>,
}

/// Reads it; none while a part is not known, or with mistakes.
pub(super) fn written(reading: &mut Reading, root: &Place<'_>, in_cluster: &InCluster) -> Option<Written> {
    let name = reading.required(root, "name", Reading::text::<ObjectName>);
    let namespace = reading.required(root, "namespace", Reading::text::<NamespaceName>);
    let labels = reading.optional(root, "labels", Reading::text_map);
    let annotations = reading.optional(root, "annotations", Reading::text_map);
    if let (Some(labels), Some(annotations)) = (&labels, &annotations) {
        let of = |written: &Option<BTreeMap<_, _>>| written.clone().unwrap_or_default();
        reading.parsed(root, object_metadata(&of(labels), &of(annotations)));
    }
    let collectors = Collector::ALL.map(|collector| (collector.as_str(), collector));
    let collector = reading.required(root, "collector", |reading, at| reading.word(at, &collectors));
    let keeps = [("all", Keep::All), ("denied", Keep::Denied)];
    let keep = reading.required(root, "keep", |reading, at| reading.word(at, &keeps));
    let fields = fields(reading, root);
    let sources = sources(reading, root, in_cluster);
    let outputs = outputs(reading, root);
    let collector = collector?;
    let plan = Plan { sources: sources?, keep: keep?, fields, outputs: outputs? };
    if !reading.complete || reading.diagnostics.has_errors() {
        return None;
    }
    let at = Path::root().field("otlp");
    let files = reading.keep(&at, collector.files(&plan))?;
    Some(Written {
        name: name?,
        namespace: namespace?,
        labels: labels?.unwrap_or_default(),
        annotations: annotations?.unwrap_or_default(),
        collector,
        plan,
        files,
    })
}

fn fields(reading: &mut Reading, root: &Place<'_>) -> BTreeMap<FieldText, FieldText> {
    let mut fields = BTreeMap::new();
    for (name, place) in reading.entries(root.field("fields").as_ref()) {
        let name = name.parse::<FieldText>().map_err(|error| format!("Its name {error}"));
        if let (Some(name), Some(value)) = (reading.keep(&place.path, name), reading.ending(&place)) {
            fields.insert(name, value);
        }
    }
    fields
}

fn sources(reading: &mut Reading, root: &Place<'_>, in_cluster: &InCluster) -> Option<BTreeSet<LogSource>> {
    let policies = watched::policies(reading, root, in_cluster);
    let gateways = watched::gateways(reading, root, in_cluster);
    let mut estate = LogEstate { policies, gateways, ..LogEstate::default() };
    for (kind, place) in reading.entries(root.field("files_of").as_ref()) {
        let found = LogKind::ALL.into_iter().find(|other| other.as_str() == kind);
        let found = found.filter(|kind| kind.files().is_some() || *kind == LogKind::VpcFlowLogs);
        let why = || format!("{kind:?} is no kind of log that is in files of its own");
        let paths = reading.endings::<LogPath>(&place);
        if let (Some(kind), Some(paths)) = (reading.keep(&place.path, found.ok_or_else(why)), paths) {
            if paths.is_empty() {
                reading.mistake(&place.path, "It names no file");
            }
            estate.files.insert(kind, paths);
        }
    }
    let watches = ["policies", "gateways", "files_of"];
    if !watches.into_iter().any(|name| watched::names_any(root, name)) {
        reading.mistake(
            &root.path,
            "It reads nothing; name something in policies or gateways, or vpc-flow-logs in files_of",
        );
    }
    match estate.sources() {
        Ok(sources) => Some(sources),
        Err(unlogged) => {
            for one in unlogged {
                let path = match &one.of {
                    Watched::Policy(key) => Path::root().field("policies").key(key.as_str()),
                    Watched::Gateway(key) => Path::root().field("gateways").key(key.as_str()),
                };
                reading.mistake(&path, format!("Its logs cannot be read: {}", one.why));
            }
            None
        }
    }
}

fn outputs(reading: &mut Reading, root: &Place<'_>) -> Option<Vec<Output>> {
    let mut outputs = Vec::new();
    let mut usable = true;
    for (name, port) in PORTS {
        let Some(place) = root.field(name) else { continue };
        let prefix = reading.optional(&place, "prefix", Reading::ending::<FieldText>);
        let Some((server, prefix)) = server(reading, &place, port).zip(prefix) else {
            usable = false;
            continue;
        };
        let usual = || "egress".parse().ok();
        let prefix = prefix.or_else(usual)?;
        outputs.push(match name {
            "elasticsearch" => Output::Elasticsearch { server, prefix },
            "opensearch" => Output::OpenSearch { server, prefix },
            "loki" => Output::Loki { server },
            _ => Output::Otlp { server },
        });
    }
    if root.field("stdout").is_some() {
        outputs.push(Output::Stdout);
    }
    if outputs.is_empty() && usable {
        reading.mistake(
            &root.path,
            "Its records go nowhere; write an elasticsearch, opensearch, loki, otlp or stdout block",
        );
    }
    usable.then_some(outputs)
}

fn server(reading: &mut Reading, place: &Place<'_>, usual: i64) -> Option<Server> {
    if place.value.is_unknown() {
        reading.complete = false;
        return None;
    }
    let host = reading.required(place, "host", Reading::ending);
    let port = reading.optional(place, "port", |reading, at| {
        if !reading.is_known(at) {
            return None;
        }
        let port = at.value.as_i64().and_then(|port| u16::try_from(port).ok()).and_then(NonZeroU16::new);
        reading.keep(&at.path, port.ok_or("It must be a port, 1 to 65535"))
    });
    let tls = reading.optional(place, "tls", Reading::flag);
    let file = reading.optional(place, "ca_file", Reading::ending::<LogPath>);
    let login = reading.optional(place, "login", |reading, login| {
        let user = reading.required(login, "user_variable", Reading::ending);
        let password = reading.required(login, "password_variable", Reading::ending);
        Some(Login { user: user?, password: password? })
    });
    if tls == Some(Some(false)) {
        reading.warn(
            &place.path.field("tls"),
            "Records go over the network unprotected",
            "Without TLS everybody on the way reads who went where, and the password where there is one.",
        );
        if place.field("ca_file").is_some() {
            reading
                .mistake(&place.path.field("ca_file"), "Without TLS nothing is trusted by it; leave one of both out");
        }
    }
    let usual = u16::try_from(usual).ok().and_then(NonZeroU16::new);
    let transport = if tls? == Some(false) { Transport::Plain } else { Transport::Tls(file?) };
    Some(Server { host: host?, port: port?.or(usual)?, transport, login: login? })
}
