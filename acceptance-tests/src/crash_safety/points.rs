//! Which points of a run are disturbed, and how.

use std::collections::BTreeSet;

use stand_in_cloud::api::Kind;

use crate::environment::Extent;

/// The walk of a run that makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Walk {
    /// The plan, which changes nothing.
    Plan,
    /// The apply.
    Apply,
}

/// A call of the undisturbed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// What is called.
    pub action: String,
    /// Its number among the calls of this action, from 1.
    pub nth: u64,
    /// By which walk.
    pub walk: Walk,
    /// What for.
    pub kind: Kind,
}

/// A point: what happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<'a, D> {
    /// The call.
    pub call: &'a RecordedCall,
    /// What happens there.
    pub disturbance: D,
}

/// The points that are met.
///
/// All of them are every disturbance at every call. A sample has every disturbance at the first call of each action in each walk,
/// and `unanswered`, that which loses the answer of what is done, at every other call that changes something. So it meets each
/// kind of call in each way, and leaves the cloud in every state in which a run can leave it: between two changes nothing
/// changes, whichever read is disturbed.
///
/// Of the polls of long-running operations only the first of each walk is a point: how many more there are depends on the clock.
pub fn points<'a, D: Copy>(
    calls: &'a [RecordedCall],
    disturbances: &[D],
    unanswered: D,
    extent: Extent,
) -> Vec<Point<'a, D>> {
    let mut seen = BTreeSet::new();
    let mut points = Vec::new();
    for call in calls {
        let is_first = seen.insert((call.walk, &call.action));
        let point = |disturbance: &D| Point { call, disturbance: *disturbance };
        match (is_first, extent, call.kind) {
            (true, _, _) | (false, Extent::Exhaustive, Kind::Read | Kind::Change) => {
                points.extend(disturbances.iter().map(point));
            }
            (false, Extent::Sample, Kind::Change) => points.push(point(&unanswered)),
            (false, _, Kind::Poll) | (false, Extent::Sample, Kind::Read) => {}
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Vec<RecordedCall> {
        let call = |walk, action: &str, nth, kind| RecordedCall { action: action.to_owned(), nth, walk, kind };
        vec![
            call(Walk::Plan, "List", 1, Kind::Read),
            call(Walk::Plan, "List", 2, Kind::Read),
            call(Walk::Apply, "List", 3, Kind::Read),
            call(Walk::Apply, "Create", 1, Kind::Change),
            call(Walk::Apply, "Ask", 1, Kind::Poll),
            call(Walk::Apply, "Ask", 2, Kind::Poll),
            call(Walk::Apply, "List", 4, Kind::Read),
            call(Walk::Apply, "Create", 2, Kind::Change),
        ]
    }

    fn chosen(extent: Extent) -> Vec<String> {
        let calls = calls();
        let points = points(&calls, &["before", "after"], "after", extent);
        points.iter().map(|point| format!("{} {} {}", point.call.action, point.call.nth, point.disturbance)).collect()
    }

    #[test]
    fn a_sample_meets_each_kind_of_call_in_each_way_and_each_change_without_its_answer() {
        let expected = [
            "List 1 before",
            "List 1 after",
            "List 3 before",
            "List 3 after",
            "Create 1 before",
            "Create 1 after",
            "Ask 1 before",
            "Ask 1 after",
            "Create 2 after",
        ];
        assert_eq!(chosen(Extent::Sample), expected);
    }

    #[test]
    fn all_points_are_each_call_in_each_way_but_for_repeated_polls() {
        let calls = ["List 1", "List 2", "List 3", "Create 1", "Ask 1", "List 4", "Create 2"];
        let all: Vec<String> =
            calls.iter().flat_map(|call| [format!("{call} before"), format!("{call} after")]).collect();
        assert_eq!(chosen(Extent::Exhaustive), all);
    }
}
