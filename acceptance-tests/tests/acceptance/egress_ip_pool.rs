//! Scenarios of `egress_ip_pool`.

use crate::suite::Suite;

pub(crate) fn add_to(_suite: &mut Suite) {}
