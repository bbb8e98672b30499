//! Every expression, in the parser that refuses what Prometheus refuses.

use std::collections::BTreeSet;

use egress_observability::monitor::monitor;

use crate::estates;

#[test]
fn prometheus_language_has_every_expression() {
    let mut parsed = 0;
    for (name, estate) in estates::all() {
        let all = monitor(&estate, &estates::priced_if_nat(&estate), &BTreeSet::new()).expect("nothing is refused");
        let records = all.records.iter().map(|rule| rule.expr.to_string());
        let alerts = all.alerts.iter().map(|rule| rule.expr.to_string());
        let panels = all.panels.iter().chain(&all.policy_panels).flat_map(|panel| &panel.queries);
        // Grafana puts in what these stand for.
        let shown = panels.map(|query| query.expr.to_string().replace("$__rate_interval", "5m"));
        for text in records.chain(alerts).chain(shown) {
            if let Err(error) = promql_parser::parser::parse(&text) {
                panic!("{name}: {error}: {text}");
            }
            parsed += 1;
        }
    }
    assert!(parsed > 300, "{parsed}");
}

#[test]
fn rules_never_have_what_only_grafana_knows() {
    for estate in estates::all().into_values() {
        let all = monitor(&estate, &estates::priced_if_nat(&estate), &BTreeSet::new()).expect("nothing is refused");
        for text in all.records.iter().map(|rule| &rule.expr).chain(all.alerts.iter().map(|rule| &rule.expr)) {
            assert!(!text.to_string().contains('$'), "{text}");
        }
    }
}

#[test]
fn the_labels_of_an_alert_are_those_that_its_expression_keeps() {
    let mut wrong = Vec::new();
    for (name, estate) in estates::all() {
        let all = monitor(&estate, &estates::priced_if_nat(&estate), &BTreeSet::new()).expect("nothing is refused");
        for alert in &all.alerts {
            let text = alert.expr.to_string();
            let missing = alert.labels.iter().filter(|label| {
                let kept = text
                    .split(" by (")
                    .skip(1)
                    .any(|by| by.split(')').next().is_some_and(|list| list.split(", ").any(|one| one == **label)));
                let equal = text.contains("absent") && text.contains(&format!("{label}=\""));
                !kept && !equal
            });
            wrong.extend(missing.map(|label| format!("{name}: {} {label}: {text}", alert.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_outside_answers_is_never_taken_for_egress() {
    for (name, estate) in estates::all() {
        let all = monitor(&estate, &estates::priced_if_nat(&estate), &BTreeSet::new()).expect("nothing is refused");
        let panels =
            all.panels.iter().chain(&all.policy_panels).flat_map(|panel| &panel.queries).map(|query| &query.expr);
        let rules = all.records.iter().map(|rule| &rule.expr).chain(all.alerts.iter().map(|rule| &rule.expr));
        for expr in rules.chain(panels) {
            let text = expr.to_string();
            assert!(!text.contains("sent_bytes_total") && !text.contains("istio_response_bytes"), "{name}: {text}");
        }
    }
}
