//! The table, the lists of alerts and what is emitted say the same.

use std::collections::BTreeSet;

use egress_observability::alert::AlertName;
use egress_observability::settings::Tuning;
use egress_observability::source::Source;
use egress_observability::table::{self, columns, that_measure};
use egress_observability::topic::Topic;

use crate::estates;

#[test]
fn what_the_table_calls_measured_is_emitted_and_nothing_else() {
    let tuning = estates::priced();
    let mut wrong = Vec::new();
    for column in columns() {
        let estate = estates::of(column.source);
        let given = column.give(&estate, &tuning);
        for topic in Topic::ALL {
            let measured = (column.measures)(topic, &estate.exports).is_measured();
            // A record alone would be seen by nobody.
            let seen = given.panels.iter().any(|panel| panel.topic == topic);
            let said = given.alerts.iter().any(|alert| alert.name.defaults().topic == topic);
            let recorded = given.records.iter().any(|record| record.topic == topic);
            if measured != (seen || said) || (!measured && recorded) {
                wrong.push(format!("{} {topic}: measured {measured}, panel {seen}, alert {said}", column.source));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_source_gives_the_alerts_that_it_lists() {
    for column in columns() {
        let given = column.give(&estates::of(column.source), &estates::priced());
        let emitted: BTreeSet<AlertName> = given.alerts.iter().map(|alert| alert.name).collect();
        let listed: BTreeSet<AlertName> = column.alerts.iter().copied().collect();
        assert_eq!(emitted, listed, "{}", column.source);
        assert_eq!(given.alerts.len(), listed.len(), "{}: two rules of one name", column.source);
    }
}

#[test]
fn every_topic_and_every_alert_has_somebody_who_measures_it() {
    for topic in Topic::ALL {
        assert!(!that_measure(topic).is_empty(), "{topic}");
    }
    for name in AlertName::ALL {
        assert!(columns().any(|column| column.alerts.contains(name)), "{name}");
    }
}

#[test]
fn every_panel_asks_for_something_and_names_differ_within_a_source() {
    for column in columns() {
        let given = column.give(&estates::of(column.source), &estates::priced());
        let mut titles = BTreeSet::new();
        for panel in &given.panels {
            assert!(!panel.queries.is_empty(), "{panel:?}");
            assert!(titles.insert(format!("{:?}", panel.title)), "{}: two panels {:?}", column.source, panel.title);
        }
    }
}

#[test]
fn growth_of_all_that_pods_send_is_told_only_where_nobody_tells_that_of_egress() {
    let in_cluster = columns().filter(|column| estates::of(column.source).sources().contains(&Source::Cluster));
    let mut told = 0;
    for column in in_cluster.filter(|column| column.source != Source::CoreDns) {
        let given = table::column(Source::Cluster).give(&estates::of(column.source), &Tuning::default());
        let of_pods = given.alerts.iter().any(|alert| alert.name == AlertName::TrafficSpike);
        let better = column.source != Source::Cluster && column.alerts.contains(&AlertName::TrafficSpike);
        assert_eq!(of_pods, !better, "{}", column.source);
        told += usize::from(of_pods);
    }
    assert!(told > 3, "{told}");
}
