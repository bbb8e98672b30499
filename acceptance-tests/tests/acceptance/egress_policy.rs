//! Scenarios of `egress_policy`.

use crate::suite::Suite;

pub(crate) fn add_to(_suite: &mut Suite) {}
