//! The guide to the engines, as a file to review. `UPDATE_GOLDEN=1 cargo test -p egress-engines` writes it anew.

use std::path::Path;

use egress_engines::{ENGINES, GATEWAY_ENGINES, guide};

#[test]
fn the_guide_is_as_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/guides/engines.md");
    let actual = guide::engines();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the guide can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "run with UPDATE_GOLDEN=1 and review {}:\n{actual}", path.display());
}

#[test]
fn every_row_of_a_table_has_a_cell_for_every_engine() {
    let guide = guide::engines();
    let (policies, gateways) = guide.split_once("## Gateways").expect("two parts");
    for (part, engines, rows) in [(policies, ENGINES.len(), 32), (gateways, GATEWAY_ENGINES.len(), 16)] {
        let lines: Vec<&str> = part.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), rows + 2, "a heading, a rule and the features");
        for line in lines {
            assert_eq!(line.matches('|').count(), engines + 2, "{line}");
        }
    }
}
