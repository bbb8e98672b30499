//! Antrea.

use egress_observability::alert::AlertName as Name;

use super::{Case, absent, events};

pub(crate) fn cases() -> Vec<Case> {
    let mut all =
        events(Name::Unauthorized, r#"antrea_agent_denied_connection_count{instance="n1"}"#, r#"{instance="n1"}"#);
    let evicted = r#"antrea_agent_fqdn_cache_eviction_count{instance="n1",reason="size"}"#;
    all.extend(events(Name::FqdnCache, evicted, r#"{instance="n1",reason="size"}"#));
    let errors = r#"antrea_agent_ovs_flow_ops_error_count{instance="n1",operation="add"}"#;
    all.extend(events(Name::PolicyRefused, errors, r#"{instance="n1",operation="add"}"#));
    all.extend(absent(Name::NoData, r#"antrea_agent_fqdn_cache_size{instance="n1"}"#, "{}"));
    all
}
