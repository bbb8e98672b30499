//! What the plans of one run use up together.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How much of each quota every resource of a run would use: two plans that each fit may not fit together.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, BTreeMap<String, usize>>>);

impl Tally {
    /// Notes how much of a quota a resource would use. The answer is what all that were planned so far would use.
    pub(crate) fn note(&self, quota: &str, resource: &str, count: usize) -> usize {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = tally.entry(quota.to_owned()).or_default();
        resources.insert(resource.to_owned(), count);
        resources.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_add_up_and_a_second_plan_of_one_counts_once() {
        let tally = Tally::default();
        assert_eq!(tally.note("addresses", "a", 2), 2);
        assert_eq!(tally.note("addresses", "b", 2), 4);
        assert_eq!(tally.note("addresses", "a", 1), 3);
        assert_eq!(tally.note("gateways", "a", 1), 1);
    }
}
