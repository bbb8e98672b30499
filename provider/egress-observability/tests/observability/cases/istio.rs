//! Istio.

use egress_observability::alert::AlertName as Name;

use super::{Case, Kind, Share, absent, case, events, growth, share};

const WHO: &str = r#"source_workload="api",source_workload_namespace="shop""#;

fn who(more: &str) -> String {
    format!("{{{WHO}{more}}}")
}

fn refused() -> Vec<Case> {
    events(Name::PolicyRefused, r#"pilot_total_xds_rejects{type="cds"}"#, r#"{type="cds"}"#)
}

/// Failures and slow requests as the proxy that reports so counts them; `labels` are those of the alerts.
fn of_requests(reporter: &str, workload: &str, labels: &str) -> Vec<Case> {
    let base = format!(r#"reporter="{reporter}",{workload},destination_service_name="api.stripe.com""#);
    let of = |metric: &str, more: &str| format!("{metric}{{{base}{more}}}");
    let (closed, opened) = ("istio_tcp_connections_closed_total", "istio_tcp_connections_opened_total");
    let failed = of(closed, r#",response_flags="UF,URX""#);
    let begun = of(opened, "");
    let counted = |part, whole| Share { part, whole };
    // At the edge the floor: a tenth of a connection per second is six per minute, and all fail.
    let of_connections =
        counted((&failed, ["0+60x30", "0+3x30", "0+6x30"]), (&begun, ["0+120x30", "0+120x30", "0+6x30"]));
    let mut all = share(Name::ConnectionFailures, labels, &of_connections, &[]);
    let bad = of("istio_requests_total", r#",response_code="503""#);
    let good = of("istio_requests_total", r#",response_code="200""#);
    all.push(case(Name::ConnectionFailures, Kind::Fires, &[(&bad, "0+30x30"), (&good, "0+60x30")], &[labels]));
    let missing = of("istio_requests_total", r#",response_code="404""#);
    // What the host does not have is not a failure of the way to it.
    all.push(case(Name::ConnectionFailures, Kind::Silent, &[(&missing, "0+60x30"), (&good, "0+60x30")], &[]));
    all
}

fn slow(reporter: &str, workload: &str) -> Vec<Case> {
    let base = format!(r#"reporter="{reporter}",{workload},destination_service_name="api.stripe.com""#);
    let bucket = |le: &str| format!(r#"istio_request_duration_milliseconds_bucket{{{base},le="{le}"}}"#);
    let requests = format!(r#"istio_requests_total{{{base},response_code="200"}}"#);
    let (five, ten, all) = (bucket("5000"), bucket("10000"), bucket("+Inf"));
    let one = |kind, counts: [&str; 4], fires: &[&str]| {
        case(
            Name::LatencyHigh,
            kind,
            &[(&five, counts[0]), (&ten, counts[1]), (&all, counts[2]), (&requests, counts[3])],
            fires,
        )
    };
    let labels = r#"{destination_service_name="api.stripe.com"}"#;
    vec![
        one(Kind::Fires, ["0+50x30", "0+100x30", "0+100x30", "0+100x30"], &[labels]),
        one(Kind::Silent, ["0+100x30", "0+100x30", "0+100x30", "0+100x30"], &[]),
        // Just as slow, but six requests a minute are the floor itself.
        one(Kind::Edge, ["0+3x30", "0+6x30", "0+6x30", "0+6x30"], &[]),
    ]
}

pub(crate) fn sidecar() -> Vec<Case> {
    let bytes = r#"istio_tcp_received_bytes_total{reporter="source",source_workload="api",source_workload_namespace="shop",destination_service_name="api.stripe.com"}"#;
    let namespace = r#"{source_workload_namespace="shop"}"#;
    let mut all = growth(Name::TrafficSpike, bytes, namespace, [60_000_000, 600_000_000, 60_000_000]);
    all.extend(of_requests("source", WHO, &who(r#",destination_service_name="api.stripe.com""#)));
    // A wildcard's host, as itself and as the wildcard; and one that is below it by two labels, which it does not mean.
    for (host, meant) in [("pay.example.com", true), ("*.example.com", true), ("a.b.example.com", false)] {
        let mut failing = of_requests("source", WHO, &who(&format!(r#",destination_service_name="{host}""#))).remove(0);
        for (selector, _) in &mut failing.series {
            *selector = selector.replace("api.stripe.com", host);
        }
        if !meant {
            (failing.kind, failing.fires) = (Kind::Silent, Vec::new());
        }
        all.push(failing);
    }
    // What the other end of a connection reports is the same connection again.
    let mut twice = of_requests("destination", WHO, "").remove(0);
    (twice.kind, twice.fires) = (Kind::Silent, Vec::new());
    all.push(twice);
    all.extend(slow("source", WHO));
    all.extend(refused());
    let to = |cluster: &str, metric: &str| {
        format!(r#"{metric}{{reporter="source",{WHO},destination_service_name="{cluster}"}}"#)
    };
    all.extend(events(Name::Unauthorized, &to("BlackHoleCluster", "istio_tcp_connections_closed_total"), &who("")));
    all.extend(events(Name::Unauthorized, &to("BlackHoleCluster", "istio_requests_total"), &who("")));
    all.extend(events(Name::Unregistered, &to("PassthroughCluster", "istio_tcp_connections_opened_total"), &who("")));
    all.extend(absent(Name::NoData, r#"up{job="egress-sidecars"}"#, r#"{job="egress-sidecars"}"#));
    all
}

pub(crate) fn ambient() -> Vec<Case> {
    let base = format!(r#"reporter="source",{WHO},destination_service_name="api.stripe.com""#);
    let bytes = format!("istio_tcp_received_bytes_total{{{base}}}");
    let mut all = growth(
        Name::TrafficSpike,
        &bytes,
        r#"{source_workload_namespace="shop"}"#,
        [60_000_000, 600_000_000, 60_000_000],
    );
    let failed = format!(r#"istio_tcp_connections_closed_total{{{base},response_flags="CONNECT"}}"#);
    let opened = format!("istio_tcp_connections_opened_total{{{base}}}");
    let of = Share {
        part: (&failed, ["0+60x30", "0+3x30", "0+6x30"]),
        whole: (&opened, ["0+120x30", "0+120x30", "0+6x30"]),
    };
    all.extend(share(Name::ConnectionFailures, &who(r#",destination_service_name="api.stripe.com""#), &of, &[]));
    let denied = |metric: &str| format!(r#"{metric}{{{base},response_flags="DENY"}}"#);
    all.extend(events(Name::Unauthorized, &denied("istio_tcp_connections_closed_total"), &who("")));
    all.extend(events(Name::Unauthorized, &denied("istio_tcp_connections_failed_total"), &who("")));
    all.extend(slow("waypoint", WHO));
    let of = Share {
        part: ("istio_dns_upstream_failures_total", ["0+60x30", "0x30", "0+6x30"]),
        whole: ("istio_dns_upstream_requests_total", ["0+600x30", "0+600x30", "0+6x30"]),
    };
    all.extend(share(Name::DnsFailures, "{}", &of, &[]));
    all.extend(refused());
    all.extend(absent(Name::NoData, r#"up{job="egress-ztunnel"}"#, r#"{job="egress-ztunnel"}"#));
    all
}

pub(crate) fn gateway() -> Vec<Case> {
    const GATEWAY: &str = r#"source_workload="partners",source_workload_namespace="egress""#;
    let bytes = format!(
        r#"istio_tcp_received_bytes_total{{reporter="source",{GATEWAY},destination_service_name="api.stripe.com"}}"#
    );
    let labels = format!("{{{GATEWAY}}}");
    let mut all = growth(Name::TrafficSpike, &bytes, &labels, [60_000_000, 600_000_000, 60_000_000]);
    let of_host = format!(r#"{{{GATEWAY},destination_service_name="api.stripe.com"}}"#);
    all.extend(of_requests("source", GATEWAY, &of_host));
    all.extend(slow("source", GATEWAY));
    all.extend(refused());
    let job = r#"{job="egress-gateway/egress/partners"}"#;
    let up = |instance: &str| format!(r#"up{{job="egress-gateway/egress/partners",instance="{instance}"}}"#);
    let (one, two) = (up("1"), up("2"));
    all.push(case(Name::GatewayDown, Kind::Fires, &[(&one, "0x30"), (&two, "0x30")], &[job]));
    all.push(case(Name::GatewayDown, Kind::Fires, &[("unrelated", "1x30")], &[job]));
    all.push(case(Name::GatewayDown, Kind::Silent, &[(&one, "1x30"), (&two, "1x30")], &[]));
    // One of two is enough, and a minute is too short.
    all.push(case(Name::GatewayDown, Kind::Edge, &[(&one, "1x30"), (&two, "0x30")], &[]));
    all.push(case(Name::GatewayDown, Kind::Edge, &[(&one, "1x29 0"), (&two, "1x29 0")], &[]));
    all
}
