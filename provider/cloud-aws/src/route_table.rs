//! Route tables with their routes.

use crate::nat_gateways::desired::Destination;
use crate::nat_gateways::observed::{Route, RouteTable};

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) facts: RouteTable,
    pub(crate) routes: Vec<(Destination, Route)>,
}
