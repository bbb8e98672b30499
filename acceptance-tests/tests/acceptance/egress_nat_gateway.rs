//! Scenarios of `egress_nat_gateway`.

use crate::suite::Suite;

pub(crate) fn add_to(_suite: &mut Suite) {}
