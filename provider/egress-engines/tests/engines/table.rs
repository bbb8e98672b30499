//! The capability table, and its exceptions, against what the compilers do with random policies and gateways, both ways: every cell is
//! seen to be so, and whatever a compiler warns of or refuses is in the table.

mod gateways;
mod policies;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;

use egress_engines::{Compiled, EngineName, Exception, Finding, Level, Row, Settings, Support};
use egress_model::policy::Path;

/// What is compiled, and the rows that it is judged by.
struct Table<T, F> {
    all: Vec<T>,
    /// Those of which every cell must be seen.
    rows: Vec<F>,
    /// What each part of one asks for.
    features: fn(&T) -> Vec<(Path, F)>,
    feature_of: fn(Row) -> Option<F>,
}

/// An engine.
struct Column<T, F: 'static> {
    name: EngineName,
    support: fn(F, &Settings) -> Support,
    compile: fn(&T, &Settings) -> Compiled,
    exceptions: &'static [Exception<F>],
    /// Those that decide a cell.
    settings: Vec<Settings>,
}

/// What was seen of what has a feature: the worst that was said of it, or that nothing was.
type Seen = HashSet<Option<Level>>;

/// Whether one of two parts is a part of the other.
fn meet(one: &Path, other: &Path) -> bool {
    one.steps().starts_with(other.steps()) || other.steps().starts_with(one.steps())
}

/// Whether nothing was said of it, or nothing but a note.
fn is_exact(seen: &Seen) -> bool {
    seen.contains(&None) || seen.contains(&Some(Level::Exact))
}

/// What the cells of an engine must be with these settings, and were not.
struct Judgement<F> {
    wrong: Vec<String>,
    cells: HashMap<F, Seen>,
    exceptions: HashSet<(F, Level)>,
}

impl<T, F: Copy + Eq + Hash + Debug + 'static> Table<T, F> {
    fn judge_one(&self, column: &Column<T, F>, settings: &Settings, one: &T, judgement: &mut Judgement<F>) {
        let compiled = (column.compile)(one, settings);
        let support = |feature| (column.support)(feature, settings);
        let rows_of =
            |finding: &Finding| -> Vec<F> { finding.rows.iter().filter_map(|row| (self.feature_of)(*row)).collect() };
        for (path, feature) in (self.features)(one) {
            let is_of_it = |finding: &&Finding| rows_of(finding).contains(&feature) && meet(&finding.path, &path);
            let level = compiled.findings.iter().filter(is_of_it).map(|finding| finding.level).max();
            judgement.cells.entry(feature).or_default().insert(level);
            let wrong = match support(feature) {
                Support::Refused(_) => level != Some(Level::Refused),
                Support::Degraded(_) | Support::DegradedOnce { .. } => level < Some(Level::Degraded),
                Support::Exact | Support::Needs(_) => false,
            };
            if wrong {
                let says = support(feature);
                judgement.wrong.push(format!("{} says {says:?} of {feature:?}, and it was {level:?}", column.name));
            }
        }
        for finding in compiled.findings.iter().filter(|finding| finding.level > Level::Exact) {
            let is_in_table = |feature: F| match support(feature) {
                Support::Needs(_) | Support::Refused(_) | Support::DegradedOnce { .. } => true,
                Support::Degraded(_) => finding.level == Level::Degraded,
                Support::Exact => false,
            };
            let rows = rows_of(finding);
            let is_excepted = |feature: &F| {
                let is_of = |one: &Exception<F>| one.level == finding.level && one.features.contains(feature);
                column.exceptions.iter().any(is_of)
            };
            let excepted: Vec<F> = rows.iter().copied().filter(is_excepted).collect();
            judgement.exceptions.extend(excepted.iter().map(|feature| (*feature, finding.level)));
            if excepted.is_empty() && !rows.iter().any(|feature| is_in_table(*feature)) {
                judgement.wrong.push(format!(
                    "{}: the table does not say that {rows:?} may be {:?}: {}",
                    column.name, finding.level, finding.why
                ));
            }
        }
    }

    /// Panics where a cell is not what the compilers do, or a compiler does what no cell says.
    #[allow(clippy::print_stdout, reason = "the figures are recorded")]
    fn judge(&self, columns: impl Iterator<Item = Column<T, F>>) {
        let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
        let (mut compilations, mut judged_cells, mut unseen_exceptions) = (0, 0, Vec::new());
        for column in columns {
            let (mut of_engine, mut seen_exceptions) = (HashMap::<F, Seen>::new(), HashSet::new());
            for settings in &column.settings {
                let mut judgement = Judgement { wrong: Vec::new(), cells: HashMap::new(), exceptions: HashSet::new() };
                for one in &self.all {
                    self.judge_one(&column, settings, one, &mut judgement);
                }
                compilations += self.all.len();
                for what in judgement.wrong {
                    *wrong.entry(what).or_default() += 1;
                }
                for feature in &self.rows {
                    let of_cell = judgement.cells.remove(feature).unwrap_or_default();
                    judged_cells += 1;
                    let support = (column.support)(*feature, settings);
                    let as_said = match support {
                        Support::Exact => is_exact(&of_cell),
                        Support::Degraded(_) => of_cell.contains(&Some(Level::Degraded)),
                        Support::Refused(_) | Support::DegradedOnce { .. } => of_cell.contains(&Some(Level::Refused)),
                        Support::Needs(_) => true,
                    };
                    if !as_said {
                        let what =
                            format!("{} is never seen to be {support:?} about {feature:?}: {of_cell:?}", column.name);
                        *wrong.entry(what).or_default() += 1;
                    }
                    of_engine.entry(*feature).or_default().extend(of_cell);
                }
                seen_exceptions.extend(judgement.exceptions);
            }
            // What a cell needs is seen with it and without it, in one or another installation.
            for feature in &self.rows {
                let Support::Needs(_) = (column.support)(*feature, &Settings::default()) else { continue };
                let of_cell = &of_engine[feature];
                // A note may say what is needed where nothing shows whether it is there.
                let (with, without) = (is_exact(of_cell), of_cell.iter().any(Option::is_some));
                if !(with && without) {
                    let what =
                        format!("{} is not seen with and without what {feature:?} needs: {of_cell:?}", column.name);
                    *wrong.entry(what).or_default() += 1;
                }
            }
            let of_table =
                column.exceptions.iter().flat_map(|one| one.features.iter().map(|feature| (*feature, one.level)));
            let unseen = of_table.filter(|one| !seen_exceptions.contains(one));
            unseen_exceptions.extend(unseen.map(|(feature, level)| format!("{} {feature:?} {level:?}", column.name)));
        }
        println!("{compilations} compilations, {judged_cells} cells");
        let wrong: Vec<String> = wrong.into_iter().map(|(what, times)| format!("{times} times: {what}")).collect();
        assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
        assert!(unseen_exceptions.is_empty(), "no compiler was seen to make these exceptions: {unseen_exceptions:?}");
    }
}
