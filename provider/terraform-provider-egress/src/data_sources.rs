//! The data sources: what other states own.

mod ip_pool;
mod nat_gateway;
mod owned;

use std::sync::Arc;

use tfplugin::data_source::DataSource;

use crate::session::Session;

/// Every data source, in the order of the documentation. A new one is a line here.
pub(crate) fn all(session: &Arc<Session>) -> Vec<Box<dyn DataSource>> {
    vec![Box::new(ip_pool::IpPool::new(session.clone())), Box::new(nat_gateway::NatGateway::new(session.clone()))]
}
