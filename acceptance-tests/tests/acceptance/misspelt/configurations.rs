//! Configurations that write every word of the schemas, and the words that may be dropped.

use serde_json::{Value as Json, json};

/// Words that Terraform drops where they are misspelt, and the provider cannot see: what is lost without each, and why that neither
/// opens nor gives up anything.
pub(crate) const HARMLESS: &[(&str, &str)] = &[
    ("egress_ip_pool.addresses.*.tags", "labels on an address"),
    ("egress_ip_pool.addresses.*.aws", "beside new = true only a border group; what names a pool is missed"),
    (
        "egress_ip_pool.addresses.*.aws.network_border_group",
        "the region's: a gateway in another group refuses the address",
    ),
    ("egress_nat_gateway.aws.zones.*.primary_address", "one of the same addresses becomes the primary one"),
    ("egress_nat_gateway.aws.zones.*.private_ip", "AWS chooses an address of the same subnet"),
    ("egress_nat_gateway.aws.zones.*.tags", "labels on a gateway"),
    (
        "egress_monitoring.existing_nat_gateways.*.addresses",
        "no alert about a limit that is not known, or a refusal where one is asked for",
    ),
    ("egress_monitoring.existing_nat_gateways.*.ports_per_vm", "the same"),
    ("egress_pod_network.ack.pod_networkings.*.eni_type", "what the node has"),
    ("egress_pod_network.ack.pod_networkings.*.release_after", "a fixed address is kept for longer"),
    ("egress_pod_network.ack.pod_eips.*.bandwidth", "the cloud's limit"),
    ("egress_pod_network.ack.pod_eips.*.internet_charge_type", "how traffic is paid for"),
    ("egress_pod_network.ack.pod_eips.*.common_bandwidth_package_id", "what bandwidth is shared with"),
];

/// A word that no configuration can have yet: AWS refuses it, and there is no other cloud.
pub(crate) const NEVER_RIGHT: &str = "egress_nat_gateway.idle_timeout_seconds";

/// Configurations of a resource that are right, and write all its words between them.
pub(crate) fn resources(type_name: &str) -> Vec<Json> {
    match type_name {
        "egress_ip_pool" => pools(),
        "egress_nat_gateway" => nat_gateways(),
        "egress_policy" => policies(),
        "egress_gateway" => gateways(),
        "egress_pod_network" => pod_networks(),
        "egress_monitoring" => monitorings(),
        "egress_log_collection" => log_collections(),
        _ => Vec::new(),
    }
}

fn pools() -> Vec<Json> {
    let pool = json!({
        "name": "partners",
        "addresses": {
            "new": { "new": true, "tags": { "a": "b" }, "aws": { "network_border_group": "eu-west-1" } },
            "old": { "existing_id": "eipalloc-0123" },
            "back": { "recover": "203.0.113.9" },
            "own": { "aws": { "public_ipv4_pool": "ipv4pool-ec2-0123" } },
            "ipam": { "aws": { "ipam_pool_id": "ipam-pool-0123" } },
        },
        "release_policy": "retain",
        "release_policies": { "new": "release" },
        "on_ip_change": "warn",
        "tags": { "a": "b" },
        "aws": { "region": "eu-west-1", "network_border_group": "eu-west-1", "public_ipv4_pool": "ipv4pool-ec2-0123" },
        "timeouts": { "create": "5m", "update": "5m", "delete": "5m" },
    });
    let ipam = json!({
        "name": "ipam", "addresses": { "a": { "new": true } }, "aws": { "ipam_pool_id": "ipam-pool-0123" },
    });
    vec![pool, ipam]
}

fn nat_gateways() -> Vec<Json> {
    let zonal = json!({
        "name": "prod",
        "aws": {
            "region": "eu-west-1",
            "connectivity_type": "public",
            "zones": { "eu-west-1a": {
                "subnet_id": "subnet-1", "addresses": ["eipalloc-1"], "primary_address": "eipalloc-1", "private_ip": "10.0.0.9",
                "route_table_ids": ["rtb-1"], "tags": { "a": "b" },
            } },
            "destination_cidrs": ["198.51.100.0/24"],
            "destination_prefix_list_ids": ["pl-1"],
            "take_over_routes": ["igw-1"],
            "drain_seconds": 10,
        },
        "tags": { "a": "b" },
        "on_interruption": "warn",
        "expected_load": { "peak_connections_per_destination": 10, "spare_addresses": 0 },
        "timeouts": { "create": "5m", "update": "5m", "delete": "5m" },
    });
    let private = |more: (&str, Json)| {
        let mut zone = json!({ "subnet_id": "subnet-1", "addresses": [], "route_table_ids": [] });
        zone[more.0] = more.1;
        json!({ "name": "private", "aws": { "connectivity_type": "private", "zones": { "eu-west-1a": zone } } })
    };
    let regional = json!({
        "name": "regional",
        "aws": {
            "availability_mode": "regional", "vpc_id": "vpc-1", "route_table_ids": ["rtb-1"], "destination_cidrs": ["0.0.0.0/0"],
            "zones": { "eu-west-1a": { "addresses": ["eipalloc-1"] } },
        },
    });
    let automatic = json!({
        "name": "automatic",
        "aws": { "availability_mode": "regional", "vpc_id": "vpc-1", "route_table_ids": [], "automatic_addresses": true },
    });
    let secondary = ("secondary_private_ips", json!(["10.0.0.10"]));
    vec![zonal, private(secondary), private(("secondary_private_ip_count", json!(1))), regional, automatic]
}

/// Selectors of each form.
fn selections(more: &Json) -> Vec<Json> {
    let forms = [
        json!({ "all": true }),
        json!({ "match_labels": { "app": "x" } }),
        json!({ "match_expressions": ["tier in (web, api)"] }),
    ];
    let with = |mut form: Json| {
        for (name, value) in more.as_object().into_iter().flatten() {
            form[name] = value.clone();
        }
        form
    };
    forms.into_iter().map(with).collect()
}

/// Rules that write every word that both directions of a rule have, and those of `allow` alone.
fn rules(allows: bool) -> Json {
    let mut rules = json!({
        "external": { "to_external": true, "ports": [443] },
        "cidrs": { "to_cidrs": ["203.0.113.0/24", "!203.0.113.128/25"], "ports": ["443/TCP"] },
        "domains": { "to_domains": ["api.example.com"], "ports": [443] },
        "services": { "to_services": ["database"], "ports": [5432] },
        "entities": { "to_entities": ["kube-apiserver"], "ports": [443] },
    });
    for (number, pods) in selections(&json!({})).into_iter().enumerate() {
        rules[format!("pods{number}")] = json!({ "to_pods": pods, "ports": ["any"] });
        let inside = json!({ "names": ["monitoring"], "pods": pods });
        rules[format!("named{number}")] = json!({ "to_namespaces": inside, "ports": ["any"] });
    }
    for (number, namespaces) in selections(&json!({ "pods": { "all": true } })).into_iter().enumerate() {
        rules[format!("namespaces{number}")] = json!({ "to_namespaces": namespaces, "ports": ["any"] });
    }
    if allows {
        rules["http"] = json!({
            "to_domains": ["api.example.com"], "ports": ["80/http"],
            "http_requests": [
                { "method": "GET", "path": "/v1/orders", "headers": { "x": "y" } },
                { "method": "any", "path_prefix": "/v2", "headers": {} },
            ],
        });
        rules["tls"] =
            json!({ "to_domains": ["api.example.com"], "ports": ["443/tls"], "server_names": ["api.example.com"] });
    }
    rules
}

fn policies() -> Vec<Json> {
    let delivery = json!({
        "labels": { "a": "b" }, "annotations": { "a": "b" }, "delivery": "render", "force_conflicts": false, "accept_timeout": "0s",
    });
    let mut own = json!({
        "name": "backend", "namespace": "production", "service_accounts": ["backend"], "allow": rules(true), "deny": rules(false),
        "allow_dns": true, "dns_queries": ["**.example.com"], "mode": "enforce", "priority": 10,
        "pods": { "match_labels": { "app": "backend" }, "match_expressions": ["tier=web"] },
        "timeouts": { "create": "5m", "update": "5m", "delete": "5m" },
    });
    for (name, value) in delivery.as_object().into_iter().flatten() {
        own[name] = value.clone();
    }
    let everywhere = json!({
        "name": "everywhere", "allow": {}, "delivery": "render", "exempt_namespaces": ["kube-system"], "pods": { "all": true },
        "namespaces": { "match_labels": { "a": "b" }, "match_expressions": ["c"] },
    });
    let named = json!({ "name": "named", "allow": {}, "delivery": "render", "engine": "cilium", "namespaces": { "names": ["production"] } });
    let all = json!({ "name": "all", "allow": {}, "delivery": "render", "namespaces": { "all": true } });
    let allow = json!({ "partner": { "to_cidrs": ["203.0.113.0/24"], "ports": [443] } });
    let nat_gateway = json!({
        "name": "nat", "namespace": "production", "allow": allow, "delivery": "render",
        "via": {
            "nat_gateway": {
                "aws": {
                    "region": "eu-west-1", "zones": { "eu-west-1a": { "route_table_ids": ["rtb-1"] } }, "route_table_ids": null,
                    "destination_cidrs": [], "destination_prefix_list_ids": null,
                },
                "gateways": { "eu-west-1a": { "id": "nat-1" } },
                "egress_cidrs": ["198.51.100.1/32"],
            },
            "aws": { "prefix_list_ids": ["pl-1"], "take_over_routes": ["igw-1"] },
        },
    });
    let egress_gateway = json!({
        "name": "gateway", "namespace": "production", "allow": allow, "delivery": "render",
        "via": { "egress_gateway": {
            "name": "partners", "namespace": "egress", "engine": "cilium", "ips": ["192.168.1.10"], "public_ips": null,
            "nodes": { "match_labels": { "egress": "partners" }, "match_expressions": null },
            "interface": null, "replicas": null, "egress_cidrs": ["192.168.1.10/32"],
        } },
    });
    vec![own, everywhere, named, all, nat_gateway, egress_gateway]
}

fn gateways() -> Vec<Json> {
    let mut sources = json!({ "named": { "pods": { "all": true }, "namespaces": { "names": ["shop"] } } });
    for (number, selection) in selections(&json!({})).into_iter().enumerate() {
        sources[format!("pods{number}")] = json!({ "pods": selection, "namespaces": { "all": true } });
        sources[format!("namespaces{number}")] = json!({ "pods": { "all": true }, "namespaces": selection });
    }
    let by_name = json!({
        "name": "names", "namespace": "egress", "delivery": "render", "engine": "istio", "to": { "domains": ["api.example.com"] },
        "sources": { "all": { "pods": { "all": true }, "namespaces": { "all": true } } },
    });
    let by_block = json!({
        "name": "partners", "namespace": "egress", "sources": sources, "ips": ["192.168.1.10"], "public_ips": ["203.0.113.7"],
        "interface": "eth1", "replicas": 2, "failover": "best-effort", "labels": { "a": "b" },
        "annotations": { "a": "b" }, "delivery": "render", "force_conflicts": false, "accept_timeout": "0s",
        "check_requirements": false, "to": { "cidrs": ["203.0.113.0/24"] },
        "nodes": { "match_labels": { "a": "b" }, "match_expressions": ["c"] },
        "timeouts": { "create": "5m", "update": "5m", "delete": "5m" },
    });
    vec![by_name, by_block]
}

fn pod_networks() -> Vec<Json> {
    let of = |name: &str, service: &str, body: Json| {
        let mut network = json!({ "name": name, "delivery": "render" });
        network[service] = body;
        network
    };
    let groups = json!(["sg-0123456789abcdef0"]);
    let mut policies = json!({});
    for (number, selection) in selections(&json!({})).into_iter().enumerate() {
        policies[format!("pods{number}")] =
            json!({ "namespace": "production", "pods": selection, "security_group_ids": groups });
        policies[format!("accounts{number}")] =
            json!({ "namespace": "production", "service_accounts": selection, "security_group_ids": groups });
    }
    let eks = json!({
        "eni_configs": { "eu-west-1a": { "subnet_id": "subnet-0a1b2c3d4e5f60710", "security_group_ids": groups } },
        "security_group_policies": policies,
        "nat_gateway": {
            "aws": { "availability_mode": null, "zones": { "eu-west-1a": { "subnet_id": "subnet-0a1b2c3d4e5f60711" } } },
            "egress_cidrs": ["198.51.100.1/32"],
        },
    });
    let prefix = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/p";
    let aks = json!({ "static_gateway_configurations": {
        "prefix": {
            "namespace": "production", "gateway_nodepool_name": "egress", "default_route": "staticEgressGateway",
            "exclude_cidrs": ["10.0.0.0/8"], "public_ip_prefix": { "id": prefix, "ip_prefix": "203.0.113.0/31" },
        },
        "own": {
            "namespace": "production", "gateway_nodepool_name": "egress", "default_route": "staticEgressGateway", "exclude_cidrs": [],
            "provision_public_ips": true,
        },
    } });
    let gke = json!({ "non_masquerade_cidrs": ["10.0.0.0/8"], "masq_link_local": false, "resync_interval": "60s" });
    let mut networkings = json!({ "named": {
        "pods": { "match_labels": { "a": "b" } }, "namespaces": { "names": ["production"] }, "vswitch_ids": ["vsw-1"],
        "security_group_ids": ["sg-1"], "eni_type": "ENI", "allocation_type": "Fixed", "release_after": "20m",
    } });
    for (number, selection) in selections(&json!({})).into_iter().enumerate() {
        let more = json!({ "vswitch_ids": ["vsw-1"], "security_group_ids": ["sg-1"], "allocation_type": "Elastic" });
        for (which, other) in [("pods", "namespaces"), ("namespaces", "pods")] {
            let mut networking = more.clone();
            networking[which] = selection.clone();
            networking[other] = json!({ "match_labels": { "c": "d" } });
            networkings[format!("{which}{number}")] = networking;
        }
    }
    let ack = json!({
        "pod_networkings": networkings,
        "pod_eips": {
            "there": { "instance_id": "eip-1" },
            "made": {
                "new": true, "bandwidth": 5, "internet_charge_type": "PayByTraffic", "common_bandwidth_package_id": "cbwp-1",
                "release_strategy": "Follow",
            },
        },
    });
    let mut all = of("eks", "eks", eks);
    for (name, value) in [
        ("labels", json!({ "a": "b" })),
        ("annotations", json!({ "a": "b" })),
        ("force_conflicts", json!(false)),
        ("accept_timeout", json!("0s")),
        ("timeouts", json!({ "create": "5m", "update": "5m", "delete": "5m" })),
        ("check_requirements", json!(false)),
    ] {
        all[name] = value;
    }
    vec![all, of("aks", "aks", aks), of("gke", "gke", gke), of("ack", "ack", ack)]
}

/// The alerts by the names of their blocks, with those that have a threshold and those that have a floor.
const ALERTS: [(&str, bool, bool); 21] = [
    ("egress_traffic_spike", true, true),
    ("egress_connection_failures", true, true),
    ("unauthorized_egress_attempt", false, false),
    ("egress_gateway_down", false, false),
    ("egress_latency_high", true, true),
    ("nat_gateway_port_exhaustion", false, false),
    ("egress_dns_failures", true, true),
    ("egress_nat_packets_dropped", true, false),
    ("egress_nat_idle_timeouts", true, true),
    ("egress_nat_unanswered", true, true),
    ("egress_nat_datapath_degraded", true, false),
    ("egress_nat_near_port_limit", true, false),
    ("egress_snat_table_full", false, false),
    ("egress_conntrack_full", true, false),
    ("egress_policy_refused", false, false),
    ("egress_policy_missing", false, false),
    ("egress_fqdn_cache", false, false),
    ("egress_unregistered_destination", false, false),
    ("egress_observability_blind", false, false),
    ("egress_no_data", false, false),
    ("egress_cost_high", true, false),
];

fn monitorings() -> Vec<Json> {
    let mut alerts = json!({});
    for (name, has_threshold, has_floor) in ALERTS {
        // Of what is switched off nothing is asked.
        let mut alert = json!({ "enabled": false, "for": "5m", "severity": "info" });
        if has_threshold {
            // A share in most, and how many times something in two.
            let times = ["egress_traffic_spike", "egress_nat_idle_timeouts"].contains(&name);
            alert["threshold"] = json!(if times { 2.0 } else { 0.5 });
        }
        if has_floor {
            alert["floor"] = json!(1);
        }
        alerts[name] = alert;
    }
    alerts["egress_cost_high"]["price_per_gb"] = json!(0.05);
    let whole = json!({
        "name": "egress", "namespace": "monitoring", "delivery": "render", "force_conflicts": false, "accept_timeout": "0s",
        "check_requirements": false, "labels": { "a": "b" }, "annotations": { "a": "b" }, "language": "zh", "topics": ["policy-state"],
        "exports": ["hubble"], "series_labels": { "cluster": "prod" },
        "policies": { "backend": {
            "name": "backend", "namespace": "shop", "engine": "cilium", "allow": { "api": { "to_domains": ["api.example.com"] } },
        } },
        "gateways": { "partners": { "name": "partners", "namespace": "egress", "engine": "istio" } },
        "nat_gateways": { "prod": {
            "aws": { "region": "eu-west-1" }, "gateways": { "a": { "id": "nat-1", "arn": null, "addresses": ["eipalloc-1"] } },
        } },
        "pools": { "partners": { "public_ips": { "a": "198.51.100.7" } } },
        "existing_nat_gateways": { "other": {
            "cloud": "gcp", "region": "europe-west1", "ids": ["nat"], "addresses": 2, "ports_per_vm": 64,
        } },
        "nat_metrics": {
            "aws_exporter": "yace", "gcp_exporter": "stackdriver_exporter", "alibaba_metric_prefix": "aliyun", "period": "5m",
        },
        "rules": { "format": "prometheus-operator", "labels": { "a": "b" }, "alert_labels": { "team": "x" }, "runbook_url": "https://x.example.com" },
        "alerts": alerts,
        "dashboard": {
            "format": "configmap", "labels": { "a": "b" }, "folder": "Network", "folder_annotation": "folder", "title": "Egress",
            "uid": "egress", "datasource": "prometheus",
        },
        "scrape": { "labels": { "a": "b" }, "interval": "30s" },
        "timeouts": { "create": "5m", "update": "5m", "delete": "5m" },
    });
    let operator = json!({
        "name": "operator", "namespace": "monitoring", "delivery": "render",
        "policies": { "backend": { "name": "backend", "namespace": "shop", "engine": "cilium", "allow": {} } },
        "dashboard": { "format": "grafana-operator", "instance_labels": { "a": "b" }, "every_namespace": true },
    });
    vec![whole, operator]
}

fn log_collections() -> Vec<Json> {
    let server = |more: &Json| {
        let mut server = json!({
            "host": "logs.example.com", "port": 9200, "tls": true, "ca_file": "/etc/ssl/ca.pem",
            "login": { "user_variable": "A", "password_variable": "B" },
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            server[name] = value.clone();
        }
        server
    };
    let prefix = json!({ "prefix": "egress" });
    vec![json!({
        "name": "egress", "namespace": "logging", "collector": "fluent-bit", "keep": "denied", "delivery": "render", "force_conflicts": false,
        "accept_timeout": "0s", "check_requirements": false, "labels": { "a": "b" }, "annotations": { "a": "b" },
        "policies": { "backend": { "name": "backend", "namespace": "shop", "engine": "cilium", "allow": { "api": { "to_domains": null } } } },
        "gateways": { "partners": { "name": "partners", "namespace": "egress", "engine": "istio" } },
        "files_of": { "antrea": ["/var/log/antrea/np.log"] }, "fields": { "cluster": "prod" },
        "elasticsearch": server(&prefix), "opensearch": server(&prefix), "loki": server(&json!({})), "otlp": server(&json!({})), "stdout": {},
        "timeouts": { "create": "5m", "update": "5m", "delete": "5m" },
    })]
}

/// Provider blocks that are right, and write all its words between them.
pub(crate) const PROVIDERS: [&str; 5] = [
    r#"{
        "owner": "acme", "adoption": "automatic",
        "aws": {
            "region": "eu-west-1", "profile": "p", "endpoint_url": "http://127.0.0.1:1", "default_tags": { "a": "b" }, "max_attempts": 3,
            "poll_interval": "500ms", "retry_mode": "standard", "endpoints": { "ec2": "http://127.0.0.1:1", "sts": "http://127.0.0.1:1" },
            "assume_role": {
                "role_arn": "arn:aws:iam::123456789012:role/x", "session_name": "s1", "external_id": "x", "duration": "1h",
                "policy": "{}"
            }
        },
        "kubernetes": {
            "config_path": "~/.kube/config", "config_context": "prod", "on_unreachable": "error", "engine": "cilium",
            "engine_versions": { "cilium": "1.18" }, "platform": "kubernetes", "ovn_kubernetes_dns": "polling", "network_policy_api_channel": "standard",
            "cluster_cidrs": {
                "pods": ["10.0.0.0/16"], "services": ["10.1.0.0/16"], "nodes": ["10.2.0.0/16"], "api_server": ["10.2.0.1/32"]
            },
            "resolver": { "namespace": "kube-system", "match_labels": { "a": "b" }, "ports": [53], "node_local_ips": ["169.254.20.10"] },
            "istio": {
                "mode": "sidecar", "trust_domain": "cluster.local", "gateway_namespace": "istio-egress", "gateway_labels": { "a": "b" },
                "gateway_service": "gateway", "gateway_tls_ports": [8443], "gateway_http_ports": [8080],
                "control_plane_namespace": "istio-system", "cluster_domain": "cluster.local", "outbound_traffic": "ALLOW_ANY"
            },
            "antrea_subnet": { "gateway": "10.3.0.1", "prefix_length": 24, "vlan": 5 },
            "kube_ovn": { "external_subnet": "outside", "vpc": "v" },
            "aks_public_ip_prefix": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/p"
        }
    }"#,
    r#"{
        "owner": "acme",
        "kubernetes": {
            "host": "https://127.0.0.1:1", "cluster_ca_certificate": "x", "tls_server_name": "x",
            "exec": { "api_version": "client.authentication.k8s.io/v1", "command": "x", "args": ["y"], "env": { "a": "b" } }
        }
    }"#,
    r#"{
        "owner": "acme",
        "kubernetes": { "host": "https://127.0.0.1:1", "insecure": true, "client_certificate": "x", "client_key": "x" }
    }"#,
    r#"{ "owner": "acme", "kubernetes": { "in_cluster": true } }"#,
    r#"{ "owner": "acme", "kubernetes": { "host": "https://127.0.0.1:1", "token": "x" } }"#,
];
