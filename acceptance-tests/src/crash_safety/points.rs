//! Which points of a run are disturbed, and how.

use std::collections::BTreeSet;

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
    /// By which walk.
    pub walk: Walk,
    /// Whether it only reads.
    pub is_read: bool,
}

/// A point: what happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<'a, D> {
    /// The call's number, from 1.
    pub number: u64,
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
pub fn points<'a, D: Copy>(
    calls: &'a [RecordedCall],
    disturbances: &[D],
    unanswered: D,
    extent: Extent,
) -> Vec<Point<'a, D>> {
    let mut seen = BTreeSet::new();
    let mut points = Vec::new();
    for (number, call) in (1..).zip(calls) {
        let is_first = seen.insert((call.walk, &call.action));
        let point = |disturbance: &D| Point { number, call, disturbance: *disturbance };
        if is_first || extent == Extent::Exhaustive {
            points.extend(disturbances.iter().map(point));
        } else if !call.is_read {
            points.push(point(&unanswered));
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Vec<RecordedCall> {
        let call = |walk, action: &str, is_read| RecordedCall { action: action.to_owned(), walk, is_read };
        vec![
            call(Walk::Plan, "Describe", true),
            call(Walk::Plan, "Describe", true),
            call(Walk::Apply, "Describe", true),
            call(Walk::Apply, "Create", false),
            call(Walk::Apply, "Describe", true),
            call(Walk::Apply, "Create", false),
        ]
    }

    fn chosen(extent: Extent) -> Vec<(u64, char)> {
        let calls = calls();
        points(&calls, &['b', 'a'], 'a', extent).iter().map(|point| (point.number, point.disturbance)).collect()
    }

    #[test]
    fn a_sample_meets_each_kind_of_call_in_each_way_and_each_change_without_its_answer() {
        let expected = [(1, 'b'), (1, 'a'), (3, 'b'), (3, 'a'), (4, 'b'), (4, 'a'), (6, 'a')];
        assert_eq!(chosen(Extent::Sample), expected);
    }

    #[test]
    fn all_points_are_each_call_in_each_way() {
        let all: Vec<_> = (1..=6).flat_map(|number| [(number, 'b'), (number, 'a')]).collect();
        assert_eq!(chosen(Extent::Exhaustive), all);
    }
}
