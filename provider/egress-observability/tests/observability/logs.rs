//! Configurations of collectors: as files to review, by a grammar of what each program knows, by the programs themselves where they are
//! there, and on lines as each engine writes them.

mod collectors;
mod forms;
mod samples;

use std::collections::BTreeMap;

use egress_engines::EngineName;
use egress_model::identity::Key;
use egress_observability::logs::collector::Collector;
use egress_observability::logs::estate::{LogEstate, Watched};
use egress_observability::logs::grammar::LogKind;
use egress_observability::logs::output::{Login, Output, Server, Transport};
use egress_observability::logs::plan::{Keep, Plan};
use egress_observability::logs::requirements::requirements;

use crate::estates;

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

/// Every log that there is.
fn every_log() -> LogEstate {
    let engines =
        [EngineName::Istio, EngineName::Cilium, EngineName::Calico, EngineName::OvnKubernetes, EngineName::Antrea];
    let policies = engines.map(|engine| (key(engine.as_str()), estates::policy(engine, "backend", "shop")));
    let mut estate = LogEstate { policies: policies.into(), ..LogEstate::default() };
    let gateway = estates::of(egress_observability::source::Source::IstioGateway).gateways;
    estate.gateways = gateway;
    let flows = "/var/log/vpc/*.log".parse().expect("a path");
    estate.files = [(LogKind::VpcFlowLogs, vec![flows])].into();
    estate
}

fn server(host: &str, port: u16, login: bool) -> Server {
    let variable = |text: &str| text.parse().expect("a variable");
    Server {
        host: host.parse().expect("a host"),
        port: port.try_into().expect("a port"),
        transport: Transport::Tls(Some("/etc/ssl/logs.pem".parse().expect("a path"))),
        login: login.then(|| Login { user: variable("LOGS_USER"), password: variable("LOGS_PASSWORD") }),
    }
}

fn every_output(collector: Collector) -> Vec<Output> {
    let prefix = || "egress".parse().expect("a prefix");
    let mut outputs = vec![
        Output::Elasticsearch { server: server("elasticsearch.logging.svc", 9200, true), prefix: prefix() },
        Output::OpenSearch { server: server("opensearch.logging.svc", 9200, true), prefix: prefix() },
        Output::Loki { server: Server { transport: Transport::Plain, ..server("loki.logging.svc", 3100, false) } },
    ];
    if collector != Collector::Fluentd {
        outputs.push(Output::Otlp { server: server("otlp.logging.svc", 4318, false) });
    }
    outputs.push(Output::Stdout);
    outputs
}

fn plan(keep: Keep, outputs: Vec<Output>) -> Plan {
    let fields =
        [("cluster", "prod")].map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
    Plan { sources: every_log().sources().expect("all have logs"), keep, fields: fields.into(), outputs }
}

fn files(collector: Collector, plan: &Plan) -> BTreeMap<&'static str, String> {
    collector.files(plan).expect("it can send there")
}

#[test]
fn files_are_as_reviewed() {
    let mut wrong = Vec::new();
    for collector in Collector::ALL {
        for (keep, name) in [(Keep::All, "all"), (Keep::Denied, "denied")] {
            let plan = plan(keep, every_output(collector));
            let files = files(collector, &plan).into_iter().map(|(file, content)| format!("# {file}\n{content}\n"));
            let needs =
                requirements(collector, &plan).into_iter().map(|requirement| format!("# needs {requirement}\n"));
            let text = files.chain(needs).collect::<Vec<_>>().concat();
            wrong.extend(crate::golden::compare(&format!("logs/{}-{name}.txt", collector.as_str()), &text));
        }
    }
    assert!(wrong.is_empty(), "run with UPDATE_GOLDEN=1 and review\n{}", wrong.join("\n"));
}

#[test]
fn no_file_holds_a_password() {
    for collector in Collector::ALL {
        for text in files(collector, &plan(Keep::All, every_output(collector))).values() {
            for line in text.lines().filter(|line| line.to_lowercase().contains("passw")) {
                assert!(line.contains("LOGS_PASSWORD") && (line.contains("${") || line.contains("#{ENV[")), "{line}");
            }
        }
    }
}

#[test]
fn what_writes_no_log_is_refused() {
    let engines = [EngineName::CalicoEnterprise, EngineName::NetworkPolicy, EngineName::Linkerd];
    let policies = engines.map(|engine| (key(engine.as_str()), estates::policy(engine, "backend", "shop")));
    let unlogged = LogEstate { policies: policies.into(), ..LogEstate::default() }.sources().expect_err("no logs");
    assert_eq!(unlogged.len(), 3);
    let why = |engine: EngineName| {
        let of = Watched::Policy(key(engine.as_str()));
        unlogged.iter().find(|one| one.of == of).map(|one| one.why).expect("refused")
    };
    assert!(why(EngineName::CalicoEnterprise).contains("LogCollector"));
    assert!(why(EngineName::NetworkPolicy).contains("istio, cilium, calico"));
    let to_otlp = plan(Keep::All, vec![Output::Otlp { server: server("otlp", 4318, false) }]);
    assert!(
        Collector::Fluentd.files(&to_otlp).expect_err("no OTLP").to_string().contains("fluent-bit and opentelemetry")
    );
}
