//! Waiting until the engine says that it took what was applied.

use std::time::Duration;

use cluster::{Cluster, Error, Limits};
use egress_engines::acceptance::{Accepted, Opinion, Said, Verdict, has_reported};
use egress_engines::manifest::ObjectId;
use serde_json::Value as Json;
use tfplugin::provider::Context;
use tfplugin::{Diagnostic, Diagnostics};
use tokio::time::Instant;

use super::apply::Made;
use super::outcome::upper_first;
use crate::session::SilentKinds;

/// The pause before the first look.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long an engine that reports no generation has to change its mind about a changed object. Controllers are notified of a change
/// within milliseconds, and do not write again what they said before.
const SETTLING: Duration = Duration::from_secs(2);

/// What is waited for, beside the objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// How long.
    pub(super) limit: Duration,
    /// Whether the resource is being created.
    pub(super) is_new: bool,
    /// Whether other objects are deleted next.
    pub(super) replaces: bool,
}

/// How the wait for one object ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The engine took it.
    Taken,
    /// It did not.
    Refused(Said),
    /// It has not said either.
    Unsaid(Option<Said>),
    /// Nobody has said anything.
    Silent,
}

/// How long an object is waited for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Until what the engine says is final.
    limit: Duration,
    /// How long nobody had said anything about another object of the kind, where that was no shorter.
    silent_before: Option<Duration>,
}

impl Patience {
    /// Until somebody says something.
    fn with_silence(self) -> Duration {
        if self.silent_before.is_some() { self.limit.min(SETTLING) } else { self.limit }
    }
}

/// What an object says of its engine.
struct Report {
    verdict: Verdict,
    /// Whether a controller has written anything about the object.
    has_reported: bool,
    /// Whether a refusal holds until the object is changed.
    refusal_is_permanent: bool,
}

/// Whether a report ends the wait.
fn end(report: Report, waited: Duration, patience: Patience) -> Option<End> {
    let Report { verdict, has_reported, refusal_is_permanent } = report;
    let over = waited >= patience.limit;
    match verdict.opinion {
        Opinion::Taken if verdict.is_current || over || waited >= SETTLING => Some(End::Taken),
        Opinion::Refused(said) if over || (verdict.is_current && refusal_is_permanent) => Some(End::Refused(said)),
        Opinion::Undecided(_) if !has_reported && waited >= patience.with_silence() => Some(End::Silent),
        Opinion::Undecided(said) if over => Some(End::Unsaid(said)),
        Opinion::Taken | Opinion::Refused(_) | Opinion::Undecided(_) => None,
    }
}

/// An object whose engine has not reported yet.
struct Awaited {
    id: ObjectId,
    accepted: Accepted,
    changed: Option<Json>,
    patience: Patience,
}

/// Waits until the engine took each of the objects of which it says so, refused one, or the time is over. Errors say that
/// nothing further should be built on the objects.
///
/// An engine that was `silent` about other objects of a kind in this run has only [`SETTLING`] to say something.
pub(super) async fn wait(
    cx: &Context,
    cluster: &Cluster,
    made: Vec<Made>,
    wait: Wait,
    silent: &SilentKinds,
) -> Diagnostics {
    let patience = |id: &ObjectId| {
        let silent_before = silent.longest(id).filter(|longest| *longest >= wait.limit);
        Patience { limit: wait.limit, silent_before }
    };
    let awaited = made.into_iter().filter_map(|Made { id, accepted, changed }| {
        Some(Awaited { accepted: accepted?, changed, patience: patience(&id), id })
    });
    let mut awaited: Vec<Awaited> = awaited.collect();
    let mut diagnostics = Diagnostics::new();
    if wait.limit.is_zero() {
        return diagnostics;
    }
    let started = Instant::now();
    let limits = Limits::within(cx.stop.clone(), wait.limit);
    let mut pause = FIRST_PAUSE;
    while !awaited.is_empty() {
        let elapsed = started.elapsed();
        let ends = awaited.iter().flat_map(|object| [object.patience.with_silence(), object.patience.limit]);
        let next_end = ends.filter_map(|end| end.checked_sub(elapsed)).filter(|left| !left.is_zero()).min();
        tokio::select! {
            () = cx.stop.cancelled() => {
                diagnostics.extend(awaited.iter().map(|object| interrupted(&object.id, wait)));
                break;
            }
            () = tokio::time::sleep(next_end.map_or(pause, |left| left.min(pause))) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        let mut open = Vec::new();
        for object in awaited {
            let waited = started.elapsed();
            let live = match limits.finish(cluster.get(&object.id)).await {
                Ok(Some(live)) => live,
                Ok(None) => {
                    diagnostics.push(gone(&object.id));
                    continue;
                }
                // A look that fails can succeed the next time.
                Err(_) if waited < wait.limit => {
                    open.push(object);
                    continue;
                }
                Err(error) => {
                    diagnostics.push(unseen(&object.id, &error, wait));
                    continue;
                }
            };
            let verdict = object.accepted.judge(live.json(), object.changed.as_ref());
            let is_current = verdict.is_current;
            let report = Report {
                verdict,
                has_reported: has_reported(live.json()),
                refusal_is_permanent: object.accepted.refusal_is_permanent(),
            };
            let Some(end) = end(report, waited, object.patience) else {
                open.push(object);
                continue;
            };
            match end {
                End::Silent => silent.note(&object.id, object.patience.with_silence()),
                End::Taken | End::Refused(_) if is_current => silent.forget(&object.id),
                End::Taken | End::Refused(_) | End::Unsaid(_) => {}
            }
            match end {
                End::Taken => {}
                End::Refused(said) => diagnostics.push(refused(&object.id, &said, wait)),
                End::Unsaid(said) => diagnostics.push(unsaid(&object.id, said.as_ref(), wait)),
                End::Silent => diagnostics.push(silence(&object.id, object.patience, wait)),
            }
        }
        awaited = open;
    }
    diagnostics
}

/// What is there and what to do, where the engine has not taken an object.
fn what_now(wait: Wait) -> String {
    let old = if wait.replaces { " The objects that it was to replace stay." } else { "" };
    let tainted = if wait.is_new {
        " Terraform marks a new resource whose apply failed as tainted, so that the next apply replaces it; `terraform untaint` keeps it."
    } else {
        ""
    };
    format!("The object is in the cluster and in the state.{old}{tainted}")
}

fn refused(id: &ObjectId, said: &Said, wait: Wait) -> Diagnostic {
    Diagnostic::error(
        format!("The engine does not accept {id}"),
        format!(
            "The API server took it, but the engine that should do what it says reports:\n\n{said}\n\n{} Correct what the engine names, in \
             the configuration or in the cluster, and apply again. If it only needs more time, set a longer accept_timeout.",
            what_now(wait)
        ),
    )
}

/// A warning, or an error where objects that may still be needed would be deleted next.
fn without_an_answer(summary: String, detail: &str, wait: Wait) -> Diagnostic {
    if wait.replaces {
        let detail = format!(
            "{detail} {} Apply again once the engine answers, or set accept_timeout = \"0s\" to replace them without knowing.",
            what_now(wait)
        );
        Diagnostic::error(summary, detail)
    } else {
        Diagnostic::warning(summary, format!("{detail} The object is in the cluster and in the state."))
    }
}

fn not_yet(id: &ObjectId) -> String {
    format!("The engine has not yet accepted {id}")
}

fn unsaid(id: &ObjectId, said: Option<&Said>, wait: Wait) -> Diagnostic {
    let limit = wait.limit.as_secs_f64();
    let detail = match said {
        Some(said) => format!("After {limit} s the engine says: {said}. It may still get there."),
        None => format!(
            "Within {limit} s the engine has not said whether it took the object as it is now. It may still get there."
        ),
    };
    without_an_answer(not_yet(id), &detail, wait)
}

fn silence(id: &ObjectId, patience: Patience, wait: Wait) -> Diagnostic {
    let before = patience.silent_before.map_or_else(String::new, |longest| {
        format!(", and nothing about another {} within {} s before", id.kind, longest.as_secs_f64())
    });
    let detail = format!(
        "The engine has said nothing about it within {} s{before}. Probably its controller does not run, or does not report; until it \
         does, nobody knows whether the object is in force.",
        patience.with_silence().as_secs_f64()
    );
    without_an_answer(not_yet(id), &detail, wait)
}

fn unseen(id: &ObjectId, error: &Error, wait: Wait) -> Diagnostic {
    let detail =
        format!("It was applied, and then the cluster could not be asked: {}.", upper_first(&error.to_string()));
    without_an_answer(format!("Nobody knows whether the engine accepts {id}"), &detail, wait)
}

fn interrupted(id: &ObjectId, wait: Wait) -> Diagnostic {
    let detail = "The wait for the engine was interrupted.";
    without_an_answer(format!("Nobody knows whether the engine accepts {id}"), detail, wait)
}

fn gone(id: &ObjectId) -> Diagnostic {
    Diagnostic::error(
        format!("{id} is gone"),
        "It was applied, and somebody deleted it before its engine could say that it took it. The state still has it; the next plan shows \
         that it is not there.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);
    const PATIENCE: Patience = Patience { limit: LIMIT, silent_before: None };

    /// Of a controller that has reported and whose refusals are permanent.
    fn report(opinion: Opinion) -> Report {
        Report { verdict: Verdict { opinion, is_current: true }, has_reported: true, refusal_is_permanent: true }
    }

    /// The same about the object as it was before it was changed.
    fn earlier(opinion: Opinion) -> Report {
        Report { verdict: Verdict { opinion, is_current: false }, ..report(Opinion::Taken) }
    }

    fn ends(report: Report, seconds: u64) -> Option<End> {
        end(report, Duration::from_secs(seconds), PATIENCE)
    }

    #[test]
    fn after_a_silence_an_engine_has_little_time_to_speak_and_then_all_of_it() {
        let ends = |has_reported, opinion, silent_before, seconds| {
            let patience = Patience { silent_before, ..PATIENCE };
            let report = Report { has_reported, refusal_is_permanent: false, ..report(opinion) };
            end(report, Duration::from_secs(seconds), patience)
        };
        let said = || Some(Said::default());
        let silent = |before, seconds| ends(false, Opinion::Undecided(None), before, seconds);
        assert_eq!((silent(None, 29), silent(None, 30)), (None, Some(End::Silent)));
        assert_eq!((silent(Some(LIMIT), 1), silent(Some(LIMIT), 2)), (None, Some(End::Silent)));
        // What stands in a status by default is nobody's word.
        assert_eq!(ends(false, Opinion::Undecided(said()), Some(LIMIT), 2), Some(End::Silent));
        assert_eq!(ends(true, Opinion::Undecided(None), Some(LIMIT), 29), None);
        assert_eq!(ends(true, Opinion::Undecided(None), Some(LIMIT), 30), Some(End::Unsaid(None)));
        assert_eq!(ends(true, Opinion::Refused(Said::default()), Some(LIMIT), 29), None);
    }

    #[test]
    fn a_sure_verdict_ends_the_wait_at_once() {
        let said = Said::default();
        assert_eq!(ends(report(Opinion::Taken), 0), Some(End::Taken));
        assert_eq!(ends(report(Opinion::Refused(said.clone())), 0), Some(End::Refused(said)));
    }

    #[test]
    fn a_refusal_that_may_pass_counts_at_the_end() {
        let said = Said::default();
        let refused = |seconds| {
            let report = Report { refusal_is_permanent: false, ..report(Opinion::Refused(said.clone())) };
            ends(report, seconds)
        };
        assert_eq!((refused(0), refused(29)), (None, None));
        assert_eq!(refused(30), Some(End::Refused(said.clone())));
    }

    #[test]
    fn what_the_engine_said_before_the_change_counts_once_it_had_time() {
        assert_eq!(ends(earlier(Opinion::Taken), 1), None);
        assert_eq!(ends(earlier(Opinion::Taken), 2), Some(End::Taken));
        // The correction of a refused object must not fail because the engine has not looked yet.
        let said = Said::default();
        assert_eq!(ends(earlier(Opinion::Refused(said.clone())), 29), None);
        assert_eq!(ends(earlier(Opinion::Refused(said.clone())), 30), Some(End::Refused(said)));
    }

    #[test]
    fn nobody_speaking_is_a_warning_unless_something_would_be_deleted() {
        assert_eq!(ends(report(Opinion::Undecided(None)), 29), None);
        assert_eq!(ends(report(Opinion::Undecided(None)), 30), Some(End::Unsaid(None)));
        let id = ObjectId {
            api_version: "v1".to_owned(),
            kind: "Policy".to_owned(),
            plural: "policies".to_owned(),
            namespace: None,
            name: "a".to_owned(),
        };
        let severity = |replaces| unsaid(&id, None, Wait { limit: LIMIT, is_new: false, replaces }).severity;
        assert_eq!(severity(false), tfplugin::Severity::Warning);
        assert_eq!(severity(true), tfplugin::Severity::Error);
    }
}
