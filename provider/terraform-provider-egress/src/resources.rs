//! The managed resources: the only place where Terraform, the model, a cloud and a cluster meet.

mod adoption;
mod cloud_choice;
mod cloud_error;
pub(crate) mod cloud_identity;
#[cfg(test)]
mod configurations;
mod egress_gateway;
#[cfg(test)]
mod histories;
mod import_id;
mod instance;
mod ip_pool;
mod log_collection;
mod monitoring;
mod nat_gateway;
pub(crate) mod objects;
mod ownership;
mod pod_network;
mod policy;
mod reading;
mod registered;
pub(crate) mod timeouts;
mod watched;
#[cfg(test)]
mod whole_diagnostics;

use std::sync::Arc;

use tfplugin::resource::Resource;

pub(crate) use self::ip_pool::IpPool;
pub(crate) use self::nat_gateway::{NatGateway, capacities as nat_capacities};
pub(crate) use self::policy::rendered as rendered_policy;
use self::registered::{Located, Registered};
use crate::session::Session;

/// Every resource, in the order of the documentation. A new one is a line here.
pub(crate) fn all(session: &Arc<Session>) -> Vec<Box<dyn Resource>> {
    vec![
        registered(session, IpPool::new(session.clone())),
        registered(session, NatGateway::new(session.clone())),
        registered(session, policy::PolicyResource::new(session.clone())),
        registered(session, egress_gateway::GatewayResource::new(session.clone())),
        registered(session, pod_network::PodNetworkResource::new(session.clone())),
        registered(session, monitoring::MonitoringResource::new(session.clone())),
        registered(session, log_collection::LogCollectionResource::new(session.clone())),
    ]
}

fn registered(session: &Arc<Session>, resource: impl Located) -> Box<dyn Resource> {
    Box::new(Registered::new(session.clone(), resource))
}
