//! The program of `VictoriaMetrics` as a judge of the same rules: what `EGRESS_VMALERT` names. Without it the test says that it is skipped.

use crate::estates;
use crate::promtool::{rules, run};

#[test]
fn victoria_metrics_takes_the_same_rules() {
    let Some(program) = std::env::var_os("EGRESS_VMALERT") else {
        eprintln!("skipped: EGRESS_VMALERT names no program; `cargo xtask tools vmalert` builds it");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is written");
    for (name, estate) in estates::all() {
        write(&format!("{name}.yaml"), &rules(&estate, &estates::priced_if_nat(&estate)));
    }
    let check = || run(&program, folder.path(), &["-dryRun", "-rule=*.yaml"]);
    check().unwrap_or_else(|error| panic!("{error}"));
    let wrong = rules(&estates::whole(), &estates::priced()).replacen("rate(", "rat(", 1);
    write("wrong.yaml", &wrong);
    assert!(check().is_err(), "a function that there is none of");
}
