//! The guide to monitoring, as a file to review. `UPDATE_GOLDEN=1 cargo test -p egress-observability` rewrites it.

use std::path::Path;

use egress_observability::alert::AlertName;
use egress_observability::guide;
use egress_observability::runbook::runbook;
use egress_observability::source::Source;

#[test]
fn the_guide_is_as_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/guides/monitoring.md");
    let actual = guide::monitoring();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the guide can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "run with UPDATE_GOLDEN=1 and review {}:\n{actual}", path.display());
}

#[test]
fn every_line_of_a_table_has_a_cell_for_every_column() {
    let guide = guide::monitoring();
    let (table, alerts) = guide.split_once("## Alerts").expect("two parts");
    for (part, cells) in [(table, Source::ALL.len()), (alerts, 3)] {
        let lines: Vec<&str> = part.lines().filter(|line| line.starts_with('|')).collect();
        assert!(lines.len() > 15, "{lines:?}");
        for line in lines {
            assert_eq!(line.matches('|').count(), cells + 2, "{line}");
        }
    }
}

#[test]
fn every_alert_has_a_page_of_its_own() {
    let meanings: Vec<&str> = AlertName::ALL.iter().map(|name| runbook(*name).meaning.en).collect();
    for (index, meaning) in meanings.iter().enumerate() {
        assert!(!meanings[..index].contains(meaning), "{} has the page of another", AlertName::ALL[index]);
    }
}
