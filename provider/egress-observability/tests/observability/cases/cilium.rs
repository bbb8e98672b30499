//! Cilium and Hubble.

use egress_observability::alert::AlertName as Name;

use super::{Case, Kind, Share, absent, case, events, gauge, growth, share};

pub(crate) fn cases() -> Vec<Case> {
    const FROM: &str = r#"source_namespace="shop",source_workload="api""#;
    let flows = format!(
        r#"hubble_flows_to_world_total{{{FROM},destination="api.stripe.com",verdict="FORWARDED",protocol="TCP"}}"#
    );
    // Ten flow events a second are the floor.
    let mut all = growth(Name::TrafficSpike, &flows, r#"{source_namespace="shop"}"#, [600, 6000, 600]);
    let denied = |reason: &str| {
        format!(r#"hubble_drop_total{{{FROM},reason="{reason}",traffic_direction="egress",protocol="TCP"}}"#)
    };
    let labels = format!("{{{FROM}}}");
    all.extend(events(Name::Unauthorized, &denied("POLICY_DENIED"), &labels));
    all.extend(events(Name::Unauthorized, &denied("POLICY_DENY"), &labels));
    let other = denied("STALE_OR_UNROUTABLE_IP");
    all.push(case(Name::Unauthorized, Kind::Silent, &[(&other, "0+5x30")], &[]));
    let drop = |reason: &str| format!(r#"cilium_drop_count_total{{node="n1",reason="{reason}",direction="EGRESS"}}"#);
    let node = r#"{node="n1"}"#;
    for reason in ["No Egress IP configured", "No egress gateway found"] {
        all.extend(events(Name::GatewayDown, &drop(reason), &format!(r#"{{node="n1",reason="{reason}"}}"#)));
    }
    all.extend(events(Name::SnatTableFull, &drop("No mapping for NAT masquerade"), node));
    all.extend(events(Name::ConntrackFull, &drop("CT: Map insertion failed"), node));
    let fullest = r#"cilium_nat_endpoint_max_connection{node="n1",family="ipv4"}"#;
    all.extend(gauge(Name::PortExhaustion, fullest, r#"{node="n1",family="ipv4"}"#, ["0.9", "0.8", "0.1"]));
    let replies = |error: &str| {
        format!(
            r#"cilium_proxy_upstream_reply_seconds_count{{node="n1",protocol_l7="dns",scope="totalTime",error="{error}"}}"#
        )
    };
    let (failed, fine) = (replies("timeout"), replies(""));
    let of = Share { part: (&failed, ["0+60x30", "0x30", "0+6x30"]), whole: (&fine, ["0+60x30", "0+60x30", "0x30"]) };
    all.extend(share(Name::DnsFailures, node, &of, &[]));
    let refused = r#"cilium_policy_change_total{node="n1",source="k8s",operation="update",outcome="fail"}"#;
    all.extend(events(Name::PolicyRefused, refused, node));
    let taken = refused.replace("fail", "success");
    all.push(case(Name::PolicyRefused, Kind::Silent, &[(&taken, "0+5x30")], &[]));
    all.extend(events(Name::FqdnCache, r#"cilium_fqdn_semaphore_rejected_total{node="n1"}"#, node));
    all.extend(events(Name::Blind, r#"hubble_lost_events_total{node="n1",source="perf_event_ring_buffer"}"#, node));
    all.extend(absent(Name::NoData, r#"cilium_forward_count_total{node="n1",direction="EGRESS"}"#, "{}"));
    all.extend(slow());
    all
}

fn slow() -> Vec<Case> {
    const BASE: &str = r#"reporter="client",destination="api.stripe.com",method="GET""#;
    let bucket = |le: &str| format!(r#"hubble_http_request_duration_seconds_bucket{{{BASE},le="{le}"}}"#);
    let requests = format!(r#"hubble_http_requests_total{{{BASE},protocol="HTTP/1.1",status="200"}}"#);
    let (five, ten, all) = (bucket("5"), bucket("10"), bucket("+Inf"));
    let one = |kind, counts: [&str; 3], fires: &[&str]| {
        let series = [(five.as_str(), counts[0]), (&ten, counts[1]), (&all, counts[1]), (&requests, counts[2])];
        case(Name::LatencyHigh, kind, &series, fires)
    };
    vec![
        one(Kind::Fires, ["0+50x30", "0+100x30", "0+100x30"], &[r#"{destination="api.stripe.com"}"#]),
        one(Kind::Silent, ["0+100x30", "0+100x30", "0+100x30"], &[]),
        one(Kind::Edge, ["0+3x30", "0+6x30", "0+6x30"], &[]),
    ]
}
