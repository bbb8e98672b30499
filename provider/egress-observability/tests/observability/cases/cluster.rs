//! What every cluster has, and `CoreDNS`.

use egress_observability::alert::AlertName as Name;

use super::{Case, Kind, Share, absent, case, growth, share};

pub(crate) fn cases() -> Vec<Case> {
    let sent = r#"container_network_transmit_bytes_total{namespace="shop",pod="api-1",interface="eth0"}"#;
    let mut all = growth(Name::TrafficSpike, sent, r#"{namespace="shop"}"#, [60_000_000, 600_000_000, 60_000_000]);
    let (taken, limit) =
        (r#"node_nf_conntrack_entries{instance="n1"}"#, r#"node_nf_conntrack_entries_limit{instance="n1"}"#);
    let of = Share { part: (taken, ["900x30", "100x30", "800x30"]), whole: (limit, ["1000x30"; 3]) };
    all.extend(share(Name::ConntrackFull, r#"{instance="n1"}"#, &of, &[]));
    all.extend(absent(Name::NoData, sent, "{}"));
    let object = |name: &str| format!(r#"kube_networkpolicy_created{{namespace="shop",networkpolicy="{name}"}}"#);
    let (one, two) = (object("backend"), object("backend-dns"));
    let gone = r#"{namespace="shop",networkpolicy="backend-dns"}"#;
    all.push(case(Name::PolicyMissing, Kind::Fires, &[(&one, "1x30")], &[gone]));
    all.push(case(Name::PolicyMissing, Kind::Silent, &[(&one, "1x30"), (&two, "1x30")], &[]));
    // Prometheus takes a sample for five minutes, and then the alert waits for five.
    all.push(case(Name::PolicyMissing, Kind::Edge, &[(&one, "1x30"), (&two, "1x21 _x9")], &[]));
    all
}

pub(crate) fn core_dns() -> Vec<Case> {
    let answers = |rcode: &str| {
        format!(
            r#"coredns_proxy_request_duration_seconds_count{{proxy_name="forward",to="10.0.0.2:53",rcode="{rcode}"}}"#
        )
    };
    let (failed, fine) = (answers("SERVFAIL"), answers("NOERROR"));
    // One of a hundred is the limit.
    let of =
        Share { part: (&failed, ["0+60x30", "0x30", "0+10x30"]), whole: (&fine, ["0+600x30", "0+600x30", "0+990x30"]) };
    let to = r#"{to="10.0.0.2:53"}"#;
    let mut all = share(Name::DnsFailures, to, &of, &[]);
    let unknown = answers("NXDOMAIN");
    all.push(case(Name::DnsFailures, Kind::Silent, &[(&unknown, "0+600x30"), (&fine, "0+600x30")], &[]));
    all.extend(absent(Name::NoData, r#"coredns_dns_responses_total{instance="10.0.0.3:9153",rcode="NOERROR"}"#, "{}"));
    all
}
