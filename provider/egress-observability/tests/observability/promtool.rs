//! Prometheus' own tool as the judge: it takes every file of rules, and each alert fires when it should and not otherwise. The program is
//! what `EGRESS_PROMTOOL` names; without it the tests say that they are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use egress_engines::manifest::yaml_of;
use egress_observability::alert::AlertName;
use egress_observability::estate::Estate;
use egress_observability::monitor::monitor;
use egress_observability::rules_file::{RuleOptions, file, groups};
use egress_observability::settings::Tuning;
use egress_observability::source::Source;
use egress_observability::table::columns;
use serde_json::{Value, json};

use crate::cases::{self, At, Case, Kind, clouds};
use crate::{estates, exporters};

fn promtool() -> Option<OsString> {
    let program = std::env::var_os("EGRESS_PROMTOOL");
    if program.is_none() {
        eprintln!("skipped: EGRESS_PROMTOOL names no program; `cargo xtask tools promtool` builds it");
    }
    program
}

/// The file of rules of an estate.
pub(crate) fn rules(estate: &Estate, tuning: &Tuning) -> String {
    let all = monitor(estate, tuning, &BTreeSet::new()).expect("nothing is refused");
    file(&groups(&all, estate, tuning, &RuleOptions::default()))
}

/// Runs a tool in a folder; its output if it is not content.
pub(crate) fn run(program: &OsString, folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).current_dir(folder).args(arguments).output().expect("the tool can be started");
    if output.status.success() {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{}:\n{}{}", arguments.join(" "), text(&output.stdout), text(&output.stderr)))
}

#[test]
fn every_file_of_rules_is_taken() {
    let Some(program) = promtool() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    for (name, estate) in estates::all() {
        let path = format!("{name}.yaml");
        std::fs::write(folder.path().join(&path), rules(&estate, &estates::priced_if_nat(&estate)))
            .expect("it is written");
        names.push(path);
    }
    let mut arguments = vec!["check", "rules", "--lint=all", "--lint-fatal"];
    arguments.extend(names.iter().map(String::as_str));
    run(&program, folder.path(), &arguments).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_alert_has_series_that_fire_it_that_do_not_and_that_are_at_the_edge() {
    for column in columns() {
        let cases = cases::of(column.source);
        for name in column.alerts {
            let kinds: BTreeSet<Kind> = cases.iter().filter(|case| case.alert == *name).map(|case| case.kind).collect();
            let all: BTreeSet<Kind> = [Kind::Fires, Kind::Silent, Kind::Edge].into();
            assert_eq!(kinds, all, "{} {name}", column.source);
        }
    }
}

#[test]
fn every_alert_fires_when_it_should_and_not_otherwise() {
    let Some(program) = promtool() else { return };
    let mut judged = 0;
    for source in Source::ALL {
        let started = Instant::now();
        let cases = judge(&program, source, &estates::of(source), &cases::of(source));
        println!("{source}: {cases} cases in {:?}", started.elapsed());
        judged += cases;
    }
    println!("{judged} cases judged");
    assert!(judged > 200, "{judged}");
}

#[test]
fn alerts_of_the_other_exporters_fire_as_well() {
    let Some(program) = promtool() else { return };
    let of = |exporter: &str| estates::of_nat(estates::nat(exporter, &["nat-1", "nat-2"]));
    // It looks fifteen minutes back, so that what has just gone is seen for longer.
    let late = |case: &Case| case.alert == AlertName::NatIdleTimeouts || case.kind == Kind::Edge;
    let aws: Vec<Case> = clouds::aws("nat_gateway_id").into_iter().filter(|case| !late(case)).collect();
    judge(&program, Source::Aws, &of("cloudwatch_exporter"), &aws);
    judge(&program, Source::Google, &of("stackdriver_exporter-deltas"), &clouds::google(clouds::STACKDRIVER_DELTAS));
    judge(&program, Source::Google, &of("managed-prometheus"), &clouds::google(clouds::MANAGED));
}

#[test]
fn every_panel_and_every_record_has_data_of_the_exporters_own_names() {
    let Some(program) = promtool() else { return };
    let other = |exporter: &str| estates::of_nat(estates::nat(exporter, &["nat-1"]));
    let stackdriver = exporters::google("stackdriver_nat_gateway_router_googleapis_com_nat_", "nat-1");
    let others = [
        ("cloudwatch_exporter", exporters::cloud_watch("nat_gateway_id")),
        ("stackdriver_exporter-deltas", stackdriver),
        ("managed-prometheus", exporters::google("router_googleapis_com:nat_", "nat-1")),
    ];
    let mut asked = 0;
    for source in Source::ALL {
        asked += has_data(&program, source.as_str(), &estates::of(source), &exporters::series(source));
    }
    for (exporter, series) in others {
        asked += has_data(&program, exporter, &other(exporter), &series);
    }
    let mut without = estates::of(Source::Cilium);
    without.exports.clear();
    asked += has_data(&program, "cilium without hubble", &without, &exporters::series(Source::Cilium));
    println!("{asked} queries have data");
    assert!(asked > 200, "{asked}");
}

/// A panel's expression with what Grafana puts in.
pub(crate) fn chosen(text: &str) -> String {
    let variables = ["$istio_namespace", "$ambient_namespace", "$cilium_namespace", "$egress_gateway"];
    variables.iter().fold(text.replace("$__rate_interval", "5m"), |text, variable| text.replace(variable, ".*"))
}

/// Has the tool ask every query of an estate, which must find something among these series.
fn has_data(program: &OsString, name: &str, estate: &Estate, series: &[String]) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let tuning = estates::priced_if_nat(estate);
    let all = monitor(estate, &tuning, &BTreeSet::new()).expect("nothing is refused");
    let panels = all.panels.iter().chain(&all.policy_panels).flat_map(|panel| &panel.queries);
    let queries =
        panels.map(|query| query.expr.to_string()).chain(all.records.iter().map(|rule| rule.expr.to_string()));
    let tests: Vec<Value> = queries
        .map(|text| chosen(&text))
        .map(|text| {
            let expected = json!([{ "labels": "{}", "value": 1 }]);
            json!({ "expr": format!("count({text}) > bool 0"), "eval_time": "30m", "exp_samples": expected })
        })
        .collect();
    let asked = tests.len();
    let input: Vec<Value> = series.iter().map(|series| json!({ "series": series, "values": "1+1x30" })).collect();
    std::fs::write(folder.path().join("rules.yaml"), rules(estate, &tuning)).expect("it is written");
    let file = json!({
        "rule_files": ["rules.yaml"], "evaluation_interval": "1m",
        "tests": [{ "name": name, "interval": "1m", "input_series": input, "promql_expr_test": tests }],
    });
    std::fs::write(folder.path().join("test.yaml"), yaml_of(&file)).expect("it is written");
    run(program, folder.path(), &["test", "rules", "test.yaml"]).unwrap_or_else(|error| panic!("{name}: {error}"));
    asked
}

/// Has the tool judge the cases of a source, and says how many.
fn judge(program: &OsString, source: Source, estate: &Estate, cases: &[Case]) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let tuning = estates::priced_if_nat(estate);
    let text = rules(estate, &tuning);
    let order: Vec<&str> =
        text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("name: ")).collect();
    std::fs::write(folder.path().join("rules.yaml"), &text).expect("it is written");
    let all = monitor(estate, &tuning, &BTreeSet::new()).expect("nothing is refused");
    let labels: BTreeMap<AlertName, String> = all
        .alerts
        .iter()
        .filter(|alert| alert.source == source)
        .map(|alert| (alert.name, alert.labels.join(", ")))
        .collect();
    // Twenty minutes between evaluations are enough for what needs a day, if records come before what asks for them.
    for (next_day, name, interval) in [(false, "short.yaml", "1m"), (true, "day.yaml", "20m")] {
        let tests: Vec<Value> = cases
            .iter()
            .filter(|case| (case.at == At::NextDay) == next_day)
            .map(|case| test(source, case, &labels[&case.alert]))
            .collect();
        if tests.is_empty() {
            continue;
        }
        let file = json!({
            "rule_files": ["rules.yaml"], "evaluation_interval": interval, "group_eval_order": order, "fuzzy_compare": true,
            "tests": tests,
        });
        std::fs::write(folder.path().join(name), yaml_of(&file)).expect("it is written");
        run(program, folder.path(), &["test", "rules", name]).unwrap_or_else(|error| panic!("{source}: {error}"));
    }
    cases.len()
}

fn test(source: Source, case: &Case, labels: &str) -> Value {
    let input: Vec<Value> =
        case.series.iter().map(|(series, values)| json!({ "series": series, "values": values })).collect();
    let expected: Vec<Value> = case.fires.iter().map(|labels| json!({ "labels": labels, "value": 1 })).collect();
    let firing = format!("ALERTS{{alertname=\"{}\",alertstate=\"firing\",source=\"{source}\"}}", case.alert);
    let expr = if labels.is_empty() { format!("count({firing})") } else { format!("count by ({labels}) ({firing})") };
    let at = match case.at {
        At::HalfHour => "30m",
        At::HourAndHalf => "90m",
        At::NextDay => "24h40m",
    };
    json!({
        "name": format!("{} {:?}", case.alert, case.kind),
        "interval": "1m",
        "input_series": input,
        "promql_expr_test": [{ "expr": expr, "eval_time": at, "exp_samples": expected }],
    })
}
