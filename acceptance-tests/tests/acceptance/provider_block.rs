//! Scenarios of `provider_block`.

use crate::suite::Suite;

pub(crate) fn add_to(_suite: &mut Suite) {}
