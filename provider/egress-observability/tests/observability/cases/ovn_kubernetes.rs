//! OVN-Kubernetes.

use egress_observability::alert::AlertName as Name;

use super::{Case, absent, events};

pub(crate) fn cases() -> Vec<Case> {
    let mut all = events(Name::GatewayDown, "ovnkube_clustermanager_egress_ips_node_unreachable_total", "{}");
    all.extend(events(Name::PolicyRefused, "ovnkube_resource_retry_failures_total", "{}"));
    all.extend(absent(Name::NoData, "ovnkube_clustermanager_num_egress_ips", "{}"));
    all
}
