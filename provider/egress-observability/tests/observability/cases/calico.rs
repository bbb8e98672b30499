//! Calico, both editions.

use egress_observability::alert::AlertName as Name;

use super::{Case, absent, events, gauge};

const FELIX: &str = r#"{instance="n1"}"#;

pub(crate) fn open_source() -> Vec<Case> {
    let mut all = events(Name::PolicyRefused, r#"felix_int_dataplane_failures{instance="n1"}"#, FELIX);
    all.extend(events(Name::Blind, r#"felix_nflog_buffer_overruns{instance="n1"}"#, FELIX));
    all.extend(absent(Name::NoData, r#"felix_cluster_num_policies{instance="n1"}"#, "{}"));
    all
}

pub(crate) fn enterprise() -> Vec<Case> {
    let mut all = open_source();
    let denied = r#"calico_denied_packets{policy="default|shop/backend|0|deny",srcIP="10.0.0.1",instance="n1"}"#;
    let labels = r#"{policy="default|shop/backend|0|deny",srcIP="10.0.0.1"}"#;
    all.extend(events(Name::Unauthorized, denied, labels));
    let polls = r#"felix_egress_gateway_remote_polls{instance="n1",status="probe-failed"}"#;
    all.extend(gauge(Name::GatewayDown, polls, FELIX, ["1", "0", "0"]));
    let late = r#"felix_dns_packet_nfqueue_monitor_packets_released_timeout{instance="n1"}"#;
    all.extend(events(Name::FqdnCache, late, FELIX));
    all
}
