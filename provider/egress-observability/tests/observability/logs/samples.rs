//! Lines as each engine writes them, and the records that come of them.

use egress_observability::logs::grammar::{Form, LogKind};
use regex::Regex;

/// Lines of one log, with what is made of them.
pub(super) struct Sample {
    pub(super) kind: LogKind,
    /// What the program wrote.
    pub(super) lines: &'static [&'static str],
    /// The records of egress, each by some of its fields, and whether it is a denial.
    pub(super) records: &'static [(&'static [(&'static str, &'static str)], bool)],
}

const ACCESS: &str = r#"{"start_time":"2026-11-30T12:00:00.123Z","method":null,"authority":"-","bytes_received":517,"bytes_sent":4242,"duration":12,"requested_server_name":"api.stripe.com","response_code":0,"response_code_details":null,"connection_termination_details":null,"response_flags":"-","upstream_cluster":"outbound|443||api.stripe.com","upstream_host":"198.51.100.7:443","downstream_remote_address":"10.42.0.9:41414"}"#;
const BLOCKED: &str = r#"{"start_time":"2026-11-30T12:00:01.5Z","requested_server_name":"evil.example.com","response_code":0,"response_flags":"UH","upstream_cluster":"BlackHoleCluster"}"#;
const REFUSED: &str = r#"{"start_time":"2026-11-30T12:00:02.5Z","requested_server_name":"api.stripe.com","response_code":0,"response_flags":"-","connection_termination_details":"rbac_access_denied_matched_policy[none]","upstream_cluster":"outbound|443||api.stripe.com"}"#;
const INBOUND: &str = r#"{"start_time":"2026-11-30T12:00:03.5Z","authority":"backend","response_code":200,"response_flags":"-","upstream_cluster":"inbound|8080||"}"#;

pub(super) const SAMPLES: [Sample; 7] = [
    Sample {
        kind: LogKind::IstioGateway,
        lines: &["2026-11-30T11:59:59.1Z\tinfo\tEnvoy proxy is ready", ACCESS, REFUSED],
        records: &[
            (&[("requested_server_name", "api.stripe.com"), ("response_flags", "-")], false),
            (&[("connection_termination_details", "rbac_access_denied_matched_policy[none]")], true),
        ],
    },
    Sample {
        kind: LogKind::IstioSidecar,
        lines: &[ACCESS, BLOCKED, INBOUND],
        records: &[
            (&[("upstream_cluster", "outbound|443||api.stripe.com")], false),
            (&[("upstream_cluster", "BlackHoleCluster"), ("requested_server_name", "evil.example.com")], true),
        ],
    },
    Sample {
        kind: LogKind::Cilium,
        lines: &[
            r#"{"flow":{"time":"2026-11-30T12:00:00.1Z","verdict":"DROPPED","traffic_direction":"EGRESS","drop_reason_desc":"POLICY_DENIED","IP":{"source":"10.42.0.9","destination":"203.0.113.9"},"source":{"namespace":"shop","pod_name":"api-1"}},"node_name":"n1","time":"2026-11-30T12:00:00.1Z"}"#,
            r#"{"flow":{"verdict":"FORWARDED","traffic_direction":"EGRESS"},"node_name":"n2","time":"2026-11-30T12:00:00.2Z"}"#,
            r#"{"flow":{"verdict":"DROPPED","traffic_direction":"INGRESS"},"node_name":"n3","time":"2026-11-30T12:00:00.3Z"}"#,
        ],
        records: &[(&[("node_name", "n1")], true), (&[("node_name", "n2")], false)],
    },
    Sample {
        kind: LogKind::Calico,
        lines: &[
            "Nov 30 12:00:00 n1 kernel: [ 7.25] calico-packet: IN=cali0123456789a OUT=eth0 MAC=ee:ee SRC=10.42.0.9 \
             DST=203.0.113.9 LEN=60 TOS=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=41414 DPT=443 WINDOW=64860 SYN",
            "Nov 30 12:00:01 n1 kernel: [ 8.25] calico-packet: IN=eth0 OUT=cali0123456789a SRC=203.0.113.9 \
             DST=10.42.0.9 LEN=60 TTL=63 PROTO=TCP SPT=443 DPT=41414",
            "Nov 30 12:00:02 n1 kernel: [ 9.25] eth0: link up",
        ],
        records: &[(
            &[("source_ip", "10.42.0.9"), ("destination_ip", "203.0.113.9"), ("destination_port", "443")],
            true,
        )],
    },
    Sample {
        kind: LogKind::OvnKubernetes,
        lines: &[
            r#"2026-11-30T12:00:00.590Z|00005|acl_log(ovn_pinctrl0)|INFO|name="NP:shop:backend:Egress:0", verdict=allow, severity=info, direction=from-lport: tcp,vlan_tci=0x0000,nw_src=10.128.2.57,nw_dst=203.0.113.9,tp_dst=443"#,
            r#"2026-11-30T12:00:01.590Z|00006|acl_log(ovn_pinctrl0)|INFO|name="NP:shop:Egress", verdict=drop, severity=alert: icmp,nw_src=10.128.2.57,nw_dst=203.0.113.9"#,
            r#"2026-11-30T12:00:02.590Z|00007|acl_log(ovn_pinctrl0)|INFO|name="NP:shop:backend:Ingress:0", verdict=drop, severity=info, direction=to-lport: tcp,nw_src=10.0.0.1"#,
        ],
        records: &[
            (&[("acl", "NP:shop:backend:Egress:0"), ("verdict", "allow"), ("direction", "from-lport")], false),
            (&[("acl", "NP:shop:Egress"), ("verdict", "drop")], true),
        ],
    },
    Sample {
        kind: LogKind::Antrea,
        lines: &[
            "2026/11/30 12:00:00.422233 AntreaPolicyEgressRule AntreaNetworkPolicy:shop/backend deny Egress Reject \
             14500 shop/api 10.10.1.7 <nil> 203.0.113.9 <nil> ICMP 84 none [2 packets in 1.000855539s]",
            "2026/11/30 12:00:01.422233 AntreaPolicyEgressRule AntreaNetworkPolicy:shop/backend partner Egress \
             Allow 14501 shop/api 10.10.1.7 53646 203.0.113.9 443 TCP 60 none",
            "2026/11/30 12:00:02.804416 IngressDefaultRule AntreaNetworkPolicy:shop/backend deny Ingress Reject 16 \
             shop/api 10.10.1.8 53646 10.10.1.7 80 TCP 60 none",
        ],
        records: &[
            (&[("action", "Reject"), ("destination_ip", "203.0.113.9"), ("packets", "2")], true),
            (&[("action", "Allow"), ("rule", "partner"), ("destination_port", "443")], false),
        ],
    },
    Sample {
        kind: LogKind::VpcFlowLogs,
        lines: &[
            "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
            "2 123456789010 eni-1235b8ca123456789 10.0.1.5 203.0.113.9 49152 443 6 20 4249 1796040000 1796040060 ACCEPT OK",
            "2 123456789010 eni-1235b8ca123456789 10.0.1.5 203.0.113.10 49153 25 6 1 40 1796040000 1796040060 REJECT OK",
            "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1796040000 1796040060 - NODATA",
        ],
        records: &[
            (&[("action", "ACCEPT"), ("bytes", "4249")], false),
            (&[("action", "REJECT"), ("destination_port", "25")], true),
        ],
    },
];

/// Every pattern reads its lines, and no other.
#[test]
fn patterns_read_what_engines_write() {
    for sample in &SAMPLES {
        let grammar = sample.kind.grammar();
        let Form::Pattern(pattern) = grammar.form else { continue };
        let pattern = Regex::new(pattern).expect("a regular expression");
        let mut records = sample.records.iter();
        for line in sample.lines {
            let Some(found) = pattern.captures(line) else { continue };
            let field = |name: &str| found.name(name).map(|part| part.as_str()).unwrap_or_default();
            let holds = |of: &egress_observability::logs::grammar::Condition| {
                Regex::new(of.pattern).expect("a regular expression").is_match(field(of.field[0]))
            };
            if !grammar.egress.iter().all(holds) {
                continue;
            }
            let (fields, denied) = records.next().unwrap_or_else(|| panic!("one record too many: {line}"));
            for (name, value) in *fields {
                assert_eq!(field(name), *value, "{name} of {line}");
            }
            let is_denied = grammar.denied.is_empty() || grammar.denied.iter().any(holds);
            assert_eq!(is_denied, *denied, "{line}");
        }
        assert!(records.next().is_none(), "{:?}: a record is missing", sample.kind);
    }
}
