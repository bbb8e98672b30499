//! A synthetic exporter of each source: its series with their own names and labels, such as they come to Prometheus. Every panel's query
//! and every record finds data among them.

use egress_observability::source::Source;

/// The series of a source. Counters grow, and so do gauges, which harms no query.
pub(crate) fn series(source: Source) -> Vec<String> {
    let own = match source {
        Source::IstioSidecar => proxies("source", "api", "shop", "egress-sidecars"),
        Source::IstioAmbient => ambient(),
        Source::IstioGateway => proxies("source", "partners", "egress", "egress-gateway/egress/partners"),
        Source::Cilium => cilium(),
        Source::Calico => felix(),
        Source::CalicoEnterprise => enterprise(),
        Source::OvnKubernetes => bare(&[
            "ovnkube_clustermanager_num_egress_ips",
            "ovnkube_clustermanager_egress_ips_node_unreachable_total",
            "ovnkube_clustermanager_egress_ips_rebalance_total",
            "ovnkube_controller_num_egress_firewalls",
            "ovnkube_resource_retry_failures_total",
        ]),
        Source::Antrea => antrea(),
        Source::Cluster | Source::CoreDns => Vec::new(),
        Source::Aws => cloud_watch("dimension_NatGatewayId"),
        Source::Azure => azure(),
        Source::Google => google("stackdriver_nat_gateway_router_googleapis_com_nat_", "prod"),
        Source::Alibaba => alibaba(),
    };
    own.into_iter().chain(every_cluster()).collect()
}

fn with(labels: &str, metrics: &[&str]) -> Vec<String> {
    metrics.iter().map(|metric| format!("{metric}{{{labels}}}")).collect()
}

fn bare(metrics: &[&str]) -> Vec<String> {
    metrics.iter().map(|&metric| metric.to_owned()).collect()
}

/// A proxy that speaks to a partner by HTTP and by TLS, to a host that nobody has registered, and to one that is stopped.
fn proxies(reporter: &str, workload: &str, namespace: &str, job: &str) -> Vec<String> {
    let base = format!(
        r#"job="{job}",reporter="{reporter}",source_workload="{workload}",source_workload_namespace="{namespace}""#
    );
    let mut all = vec![
        format!(r#"up{{job="{job}",instance="10.0.0.1:15090"}}"#),
        r#"pilot_total_xds_rejects{type="cds"}"#.to_owned(),
    ];
    for host in ["api.stripe.com", "PassthroughCluster", "BlackHoleCluster"] {
        let to = format!(r#"{base},destination_service_name="{host}""#);
        let tcp = format!(r#"{to},request_protocol="tcp""#);
        let connections =
            ["istio_tcp_received_bytes_total", "istio_tcp_sent_bytes_total", "istio_tcp_connections_opened_total"];
        all.extend(with(&tcp, &connections));
        for flags in ["-", "UF,URX"] {
            all.push(format!(r#"istio_tcp_connections_closed_total{{{tcp},response_flags="{flags}"}}"#));
        }
        for code in ["200", "503"] {
            let http = format!(r#"{to},request_protocol="http",response_code="{code}""#);
            all.extend(with(&http, &["istio_requests_total", "istio_request_bytes_sum", "istio_response_bytes_sum"]));
            for le in ["1", "100", "+Inf"] {
                all.push(format!(r#"istio_request_duration_milliseconds_bucket{{{http},le="{le}"}}"#));
            }
        }
    }
    all
}

fn ambient() -> Vec<String> {
    let mut all: Vec<String> = proxies("source", "api", "shop", "egress-ztunnel")
        .into_iter()
        .filter(|series| !series.starts_with("istio_request"))
        .chain(proxies("waypoint", "api", "shop", "egress-waypoints"))
        .collect();
    let denied = r#"reporter="source",source_workload="api",source_workload_namespace="shop",response_flags="DENY""#;
    all.extend(with(denied, &["istio_tcp_connections_closed_total"]));
    all.extend(bare(&["istio_dns_upstream_requests_total", "istio_dns_upstream_failures_total"]));
    all
}

fn cilium() -> Vec<String> {
    let mut all =
        with(r#"node="n1",direction="EGRESS""#, &["cilium_forward_bytes_total", "cilium_forward_count_total"]);
    for reason in
        ["Policy denied", "No Egress IP configured", "No mapping for NAT masquerade", "CT: Map insertion failed"]
    {
        all.push(format!(r#"cilium_drop_count_total{{node="n1",direction="EGRESS",reason="{reason}"}}"#));
    }
    all.push(r#"cilium_nat_endpoint_max_connection{node="n1",family="ipv4"}"#.to_owned());
    all.push(r#"cilium_policy_change_total{node="n1",source="k8s",operation="update",outcome="fail"}"#.to_owned());
    all.push(r#"cilium_fqdn_semaphore_rejected_total{node="n1"}"#.to_owned());
    for error in ["", "timeout"] {
        let labels = format!(r#"node="n1",protocol_l7="dns",scope="totalTime",error="{error}""#);
        all.extend(with(&labels, &["cilium_proxy_upstream_reply_seconds_count"]));
    }
    let from = r#"node="n1",source_namespace="shop",source_workload="api",destination="api.stripe.com""#;
    for verdict in ["FORWARDED", "DROPPED"] {
        let labels = format!(r#"{from},verdict="{verdict}",protocol="TCP",port="443""#);
        all.extend(with(&labels, &["hubble_flows_to_world_total"]));
    }
    let dropped = format!(r#"{from},reason="POLICY_DENIED",traffic_direction="egress",protocol="TCP""#);
    all.extend(with(&dropped, &["hubble_drop_total"]));
    all.push(r#"hubble_lost_events_total{node="n1",source="perf_event_ring_buffer"}"#.to_owned());
    let http = format!(r#"{from},method="GET",reporter="client""#);
    all.push(format!(r#"hubble_http_requests_total{{{http},protocol="HTTP/1.1",status="200"}}"#));
    for le in ["0.1", "+Inf"] {
        all.push(format!(r#"hubble_http_request_duration_seconds_bucket{{{http},le="{le}"}}"#));
    }
    all
}

fn felix() -> Vec<String> {
    with(
        r#"instance="n1""#,
        &["felix_int_dataplane_failures", "felix_cluster_num_policies", "felix_nflog_buffer_overruns"],
    )
}

fn enterprise() -> Vec<String> {
    let mut all = felix();
    for action in ["allow", "deny"] {
        let labels = format!(
            r#"instance="n1",tier="default",policy="default.backend",namespace="shop",rule_index="0",action="{action}",traffic_direction="outbound",rule_direction="egress""#
        );
        all.extend(with(&labels, &["cnx_policy_rule_packets", "cnx_policy_rule_bytes"]));
    }
    all.push(
        r#"calico_denied_packets{instance="n1",policy="default|shop/backend|0|deny",srcIP="10.0.0.1"}"#.to_owned(),
    );
    for status in ["total", "up", "probe-failed"] {
        all.push(format!(r#"felix_egress_gateway_remote_polls{{instance="n1",status="{status}"}}"#));
    }
    all.extend(with(r#"instance="n1""#, &["felix_dns_packet_nfqueue_monitor_packets_released_timeout"]));
    all
}

fn antrea() -> Vec<String> {
    let mut all = with(r#"instance="n1""#, &["antrea_agent_denied_connection_count", "antrea_agent_fqdn_cache_size"]);
    all.push(r#"antrea_agent_fqdn_cache_eviction_count{instance="n1",reason="size"}"#.to_owned());
    all.push(r#"antrea_agent_ovs_flow_ops_error_count{instance="n1",operation="add"}"#.to_owned());
    all
}

fn every_cluster() -> Vec<String> {
    let mut all = with(r#"instance="n1""#, &["node_nf_conntrack_entries", "node_nf_conntrack_entries_limit"]);
    for pod in ["api-1", "api-2"] {
        all.push(format!(r#"container_network_transmit_bytes_total{{namespace="shop",pod="{pod}",interface="eth0"}}"#));
    }
    all.push(r#"kube_networkpolicy_created{namespace="shop",networkpolicy="backend"}"#.to_owned());
    for rcode in ["NOERROR", "SERVFAIL"] {
        let labels = format!(r#"proxy_name="forward",to="10.0.0.2:53",rcode="{rcode}""#);
        all.extend(with(&labels, &["coredns_proxy_request_duration_seconds_count"]));
        all.push(format!(r#"coredns_proxy_request_duration_seconds_bucket{{{labels},le="+Inf"}}"#));
        all.push(format!(r#"coredns_proxy_request_duration_seconds_bucket{{{labels},le="0.1"}}"#));
    }
    all.push(r#"coredns_dns_responses_total{instance="10.0.0.3:9153",rcode="NOERROR"}"#.to_owned());
    all
}

/// `CloudWatch`'s metrics, by either exporter.
pub(crate) fn cloud_watch(id: &str) -> Vec<String> {
    const METRICS: [&str; 11] = [
        "active_connection_count_maximum",
        "bytes_in_from_destination_sum",
        "bytes_in_from_source_sum",
        "bytes_out_to_destination_sum",
        "connection_attempt_count_sum",
        "connection_established_count_sum",
        "error_port_allocation_sum",
        "idle_timeout_count_sum",
        "packets_drop_count_sum",
        "packets_in_from_destination_sum",
        "packets_in_from_source_sum",
    ];
    METRICS.iter().map(|metric| format!(r#"aws_natgateway_{metric}{{{id}="nat-1"}}"#)).collect()
}

fn azure() -> Vec<String> {
    const ID: &str = r#"resourceID="/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/natGateways/prod""#;
    let mut all = with(
        ID,
        &[
            "azure_natgateway_datapathavailability_average_count",
            "azure_natgateway_packetdropcount_total_count",
            "azure_natgateway_totalconnectioncount_total_count",
        ],
    );
    for state in ["Attempted", "Failed"] {
        let labels = format!(r#"{ID},dimensionConnectionState="{state}",dimensionProtocol="TCP""#);
        all.extend(with(&labels, &["azure_natgateway_snatconnectioncount_total_count"]));
    }
    for direction in ["In", "Out"] {
        let labels = format!(r#"{ID},dimensionDirection="{direction}",dimensionProtocol="TCP""#);
        all.extend(with(
            &labels,
            &["azure_natgateway_bytecount_total_bytes", "azure_natgateway_packetcount_total_count"],
        ));
    }
    all
}

/// Cloud NAT's metrics behind an exporter's prefix.
pub(crate) fn google(prefix: &str, gateway: &str) -> Vec<String> {
    let base = format!(r#"gateway_name="{gateway}",region="eu-west-1""#);
    let named = |metric: &str, more: &str| format!("{prefix}{metric}{{{base}{more}}}");
    let mut all: Vec<String> = [
        "allocated_ports",
        "port_usage",
        "open_connections",
        "sent_bytes_count",
        "received_bytes_count",
        "sent_packets_count",
        "nat_allocation_failed",
    ]
    .iter()
    .map(|metric| named(metric, ""))
    .collect();
    for reason in ["OUT_OF_RESOURCES", "ENDPOINT_INDEPENDENCE_CONFLICT"] {
        all.push(named("dropped_sent_packets_count", &format!(r#",reason="{reason}""#)));
    }
    all
}

fn alibaba() -> Vec<String> {
    const METRICS: [&str; 7] = [
        "bw_rate_out_to_outside",
        "drop_total_pps",
        "error_port_allocation_count",
        "pps_rate_out_to_outside",
        "session_active_connection",
        "session_active_connection_water_lever",
        "session_limit_drop_connection",
    ];
    METRICS.iter().map(|metric| format!(r#"aliyuncms_acs_nat_gateway_{metric}_value{{instanceId="ngw-1"}}"#)).collect()
}
