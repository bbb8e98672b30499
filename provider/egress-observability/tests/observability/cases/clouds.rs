//! The clouds' NAT gateways.

use egress_observability::alert::AlertName as Name;

use super::{At, Case, Kind, Share, absent, case, gauge, share};

/// AWS, with the label that has the id.
pub(crate) fn aws(id: &str) -> Vec<Case> {
    let labels = format!(r#"{{{id}="nat-1"}}"#);
    let of = |metric: &str| format!("aws_natgateway_{metric}{labels}");
    let mut all = gauge(Name::PortExhaustion, &of("error_port_allocation_sum"), &labels, ["3", "0", "0"]);
    let active = of("active_connection_count_maximum");
    // Two addresses of 55000.
    all.extend(gauge(Name::NatNearLimit, &active, &labels, ["100000", "88000", "1000"]));
    let (dropped, source, destination) =
        (of("packets_drop_count_sum"), of("packets_in_from_source_sum"), of("packets_in_from_destination_sum"));
    let packets = Share { part: (&dropped, ["300x30", "1x30", "100x30"]), whole: (&source, ["500000x30"; 3]) };
    all.extend(share(Name::NatDrops, &labels, &packets, &[(&destination, "500000x30")]));
    let (established, attempts) = (of("connection_established_count_sum"), of("connection_attempt_count_sum"));
    let answered = Share {
        part: (&established, ["900x30", "1000x30", "0x30"]),
        whole: (&attempts, ["1000x30", "1000x30", "60x30"]),
    };
    all.extend(share(Name::NatUnanswered, &labels, &answered, &[]));
    let idle = of("idle_timeout_count_sum");
    let day = |kind, before: u32, after: u32, fires: &[&str]| Case {
        at: At::NextDay,
        ..case(Name::NatIdleTimeouts, kind, &[(&idle, &format!("{before}x1440 {after}x50"))], fires)
    };
    all.push(day(Kind::Fires, 100, 300, &[&labels]));
    all.push(day(Kind::Silent, 100, 100, &[]));
    all.push(day(Kind::Edge, 100, 200, &[]));
    let other = format!(r#"aws_natgateway_active_connection_count_maximum{{{id}="nat-2"}}"#);
    let mut none = absent(Name::NoData, &active, &labels);
    for case in &mut none {
        case.series.push((other.clone(), "1x30".to_owned()));
    }
    all.extend(none);
    all.extend(cost(&of("bytes_in_from_source_sum"), &of("bytes_in_from_destination_sum"), 300));
    all
}

/// A day at 4.5 ct per GB costs 100 from 25.72 MB per second on. The gauges are of so many seconds.
fn cost(one: &str, other: &str, seconds: u64) -> Vec<Case> {
    let of = |per_second: u64| format!("{}x90", per_second * seconds);
    let with = |kind, per_second: u64, fires: &[&str]| Case {
        at: At::HourAndHalf,
        ..case(Name::CostHigh, kind, &[(one, &of(per_second)), (other, "0x90")], fires)
    };
    vec![with(Kind::Fires, 26_000_000, &["{}"]), with(Kind::Silent, 1_000_000, &[]), with(Kind::Edge, 25_720_000, &[])]
}

pub(crate) fn azure() -> Vec<Case> {
    // Azure writes ids in a case of its own.
    const ID: &str = r#"resourceID="/subscriptions/s/resourcegroups/g/providers/microsoft.network/natgateways/prod""#;
    let labels = format!("{{{ID}}}");
    let of = |metric: &str, more: &str| format!("azure_natgateway_{metric}{{{ID}{more}}}");
    let failed = of("snatconnectioncount_total_count", r#",dimensionConnectionState="Failed",dimensionProtocol="TCP""#);
    let mut all = gauge(Name::PortExhaustion, &failed, &labels, ["3", "0", "0"]);
    let attempted = failed.replace("Failed", "Attempted");
    all.push(case(Name::PortExhaustion, Kind::Silent, &[(&attempted, "900x30")], &[]));
    let (dropped, packets) =
        (of("packetdropcount_total_count", ""), of("packetcount_total_count", r#",dimensionDirection="Out""#));
    let share_of = Share { part: (&dropped, ["300x30", "1x30", "100x30"]), whole: (&packets, ["1000000x30"; 3]) };
    all.extend(share(Name::NatDrops, &labels, &share_of, &[]));
    let available = of("datapathavailability_average_count", "");
    all.extend(gauge(Name::NatDatapath, &available, &labels, ["80", "90", "100"]));
    // Two addresses of 64512.
    let active = of("totalconnectioncount_total_count", "");
    all.extend(gauge(Name::NatNearLimit, &active, &labels, ["110000", "103219", "10"]));
    all.extend(absent(Name::NoData, &available, "{}"));
    let bytes = |direction: &str| of("bytecount_total_bytes", &format!(r#",dimensionDirection="{direction}""#));
    all.extend(cost(&bytes("Out"), &bytes("In"), 60));
    all
}

/// How an exporter of Google's metrics writes them: what names begin with, and whether growth comes as a counter.
#[derive(Clone, Copy)]
pub(crate) struct GoogleExporter {
    prefix: &'static str,
    counters: bool,
}

pub(crate) const STACKDRIVER: GoogleExporter =
    GoogleExporter { prefix: "stackdriver_nat_gateway_router_googleapis_com_nat_", counters: false };
pub(crate) const STACKDRIVER_DELTAS: GoogleExporter = GoogleExporter { counters: true, ..STACKDRIVER };
pub(crate) const MANAGED: GoogleExporter = GoogleExporter { prefix: "router_googleapis_com:nat_", counters: true };

pub(crate) fn google(exporter: GoogleExporter) -> Vec<Case> {
    // The tests of the counters watch gateways of other names; they have the first.
    let id = if exporter.counters { "nat-1" } else { "prod" };
    let labels = format!(r#"{{gateway_name="{id}"}}"#);
    let of = |metric: &str, more: &str| {
        format!(r#"{}{metric}{{gateway_name="{id}",region="eu-west-1"{more}}}"#, exporter.prefix)
    };
    let per_minute = |count: u64| if exporter.counters { format!("0+{count}x30") } else { format!("{count}x30") };
    let no_ports = of("dropped_sent_packets_count", r#",reason="OUT_OF_RESOURCES""#);
    let mut all = vec![
        case(Name::PortExhaustion, Kind::Fires, &[(&no_ports, &per_minute(5))], &[&labels]),
        case(Name::PortExhaustion, Kind::Silent, &[(&no_ports, &per_minute(0))], &[]),
    ];
    all.extend(gauge(Name::PortExhaustion, &of("nat_allocation_failed", ""), &labels, ["1", "0", "0"]));
    let conflicts = of("dropped_sent_packets_count", r#",reason="ENDPOINT_INDEPENDENCE_CONFLICT""#);
    let sent = of("sent_packets_count", "");
    for (kind, dropped, fires) in
        [(Kind::Fires, 300, vec![labels.as_str()]), (Kind::Silent, 1, vec![]), (Kind::Edge, 100, vec![])]
    {
        let series = [(conflicts.as_str(), per_minute(dropped)), (&sent, per_minute(1_000_000))];
        let series: Vec<(&str, &str)> =
            series.iter().map(|(selector, samples)| (*selector, samples.as_str())).collect();
        all.push(case(Name::NatDrops, kind, &series, &fires));
    }
    // What is dropped for want of ports has an alert of its own.
    all.push(case(
        Name::NatDrops,
        Kind::Silent,
        &[(&no_ports, &per_minute(300)), (&sent, &per_minute(1_000_000))],
        &[],
    ));
    // 64 ports per machine.
    all.extend(gauge(Name::NatNearLimit, &of("port_usage", r#",ip_protocol="6""#), &labels, ["60", "51", "10"]));
    let mut none = absent(Name::NoData, &of("allocated_ports", ""), &labels);
    if exporter.counters {
        let other = of("allocated_ports", "").replace("nat-1", "nat-2");
        for case in &mut none {
            case.series.push((other.clone(), "1x30".to_owned()));
        }
    }
    all.extend(none);
    let (out, back) = (of("sent_bytes_count", ""), of("received_bytes_count", ""));
    if exporter.counters {
        all.extend(cost(&out, &back, 60).into_iter().map(|mut case| {
            case.series.iter_mut().for_each(|(_, samples)| *samples = format!("0+{samples}"));
            case
        }));
    } else {
        all.extend(cost(&out, &back, 60));
    }
    all
}

pub(crate) fn alibaba() -> Vec<Case> {
    const LABELS: &str = r#"{instanceId="ngw-1"}"#;
    let of = |metric: &str| format!("aliyuncms_acs_nat_gateway_{metric}_value{LABELS}");
    let mut all = gauge(Name::PortExhaustion, &of("error_port_allocation_count"), LABELS, ["2", "0", "0"]);
    all.extend(gauge(Name::PortExhaustion, &of("session_limit_drop_connection"), LABELS, ["2", "0", "0"]));
    all.extend(gauge(Name::NatNearLimit, &of("session_active_connection_water_lever"), LABELS, ["90", "80", "5"]));
    let (dropped, sent) = (of("drop_total_pps"), of("pps_rate_out_to_outside"));
    let packets = Share { part: (&dropped, ["300x30", "0x30", "100x30"]), whole: (&sent, ["1000000x30"; 3]) };
    all.extend(share(Name::NatDrops, LABELS, &packets, &[]));
    all.extend(absent(Name::NoData, &of("session_active_connection"), LABELS));
    all
}
