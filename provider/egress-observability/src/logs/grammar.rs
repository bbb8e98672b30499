//! What the lines of each engine's log say.
//!
//! Sources: Istio 1.30, `pilot/pkg/model/telemetry_logging.go` (the fields of JSON access logs) and Envoy's documentation, "Access
//! logging" (response flags, `rbac_access_denied_matched_policy`); Cilium 1.20, "Configuring Hubble exporter"; Antrea 2.7,
//! `docs/antrea-network-policy.md`, "Audit logging"; OVN-Kubernetes' documentation, "ACL logging", and `OpenShift`'s, "Audit logging for
//! network security"; Calico's documentation, rule action `Log` (prefix `calico-packet`) and the kernel's netfilter `LOG` target; AWS'
//! documentation, "Flow log records", default format of version 2.

/// A log with records of egress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogKind {
    /// The access log of Istio's egress gateways and waypoints.
    IstioGateway,
    /// The access log of the proxies beside pods.
    IstioSidecar,
    /// What Hubble exports.
    Cilium,
    /// What rules with the action `Log` of Calico open source write into the kernel's log.
    Calico,
    /// The log of OVN's access control lists.
    OvnKubernetes,
    /// Antrea's log of policies.
    Antrea,
    /// Flow logs of a VPC on AWS, as files.
    VpcFlowLogs,
}

/// How a line becomes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line that is a JSON object; others are passed over.
    Json,
    /// A regular expression with a group for each field; other lines are passed over. Of what Ruby, Onigmo and RE2 have in common.
    Pattern(&'static str),
}

/// When a record was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The field.
    pub field: &'static str,
    /// Its form.
    pub form: TimeForm,
}

/// The form of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// RFC 3339 with fractions of a second.
    Rfc3339,
    /// `2023/07/04 12:45:21.804416`, in the node's time zone.
    GoLog,
    /// Seconds since 1970.
    Epoch,
}

/// What a field must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The way to the field.
    pub field: &'static [&'static str],
    /// The regular expression.
    pub pattern: &'static str,
}

/// What the lines of a log say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grammar {
    /// How a line becomes a record.
    pub form: Form,
    /// When it was made; none where lines do not say it in one form.
    pub time: Option<Time>,
    /// What holds of records of egress: all of it; at least one, which what is no record does not meet.
    pub egress: &'static [Condition],
    /// What holds of denials: any of it. Without one every record is a denial.
    pub denied: &'static [Condition],
}

const fn condition(field: &'static [&'static str], pattern: &'static str) -> Condition {
    Condition { field, pattern }
}

const ISTIO_DENIED: &[Condition] = &[
    condition(&["response_code_details"], "rbac_access_denied"),
    condition(&["connection_termination_details"], "rbac_access_denied"),
    condition(&["response_flags"], "(^|,)(NR|UAEX)(,|$)"),
    condition(&["upstream_cluster"], "^BlackHoleCluster$"),
];

const ANTREA: &str = "^(?<time>[0-9/]+ [0-9:.]+) (?<table>[^ ]+) (?<policy>[^ ]+) (?<rule>[^ ]+) (?<direction>[^ \
                      ]+) (?<action>[^ ]+) (?<priority>[^ ]+) (?<applied_to>[^ ]+) (?<source_ip>[^ ]+) \
                      (?<source_port>[^ ]+) (?<destination_ip>[^ ]+) (?<destination_port>[^ ]+) (?<protocol>[^ ]+) \
                      (?<length>[^ ]+) (?<label>[^ ]+)( \\[(?<packets>[0-9]+) packets in (?<period>[^ ]+)\\])?$";
const OVN: &str = "^(?<time>[^|]+)[|][0-9]+[|]acl_log[(][^)]*[)][|][A-Z]+[|]name=\"(?<acl>[^\"]*)\", \
                   verdict=(?<verdict>[a-z-]+), severity=(?<severity>[a-z]+)(, direction=(?<direction>[a-z-]+))?: \
                   (?<packet>.*)$";
const CALICO: &str = "kernel: .*calico-packet: *IN=(?<in_interface>[^ ]*) OUT=(?<out_interface>[^ ]*) \
                      .*SRC=(?<source_ip>[^ ]+) DST=(?<destination_ip>[^ ]+) .*PROTO=(?<protocol>[^ ]+)( \
                      SPT=(?<source_port>[0-9]+) DPT=(?<destination_port>[0-9]+))?";
const VPC: &str = "^(?<version>[0-9]+) (?<account_id>[^ ]+) (?<interface_id>[^ ]+) (?<source_ip>[^ ]+) \
                   (?<destination_ip>[^ ]+) (?<source_port>[^ ]+) (?<destination_port>[^ ]+) (?<protocol>[^ ]+) \
                   (?<packets>[^ ]+) (?<bytes>[^ ]+) (?<start>[0-9]+) (?<end>[^ ]+) (?<action>ACCEPT|REJECT) \
                   (?<log_status>[^ ]+)$";

impl LogKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::IstioGateway,
        Self::IstioSidecar,
        Self::Cilium,
        Self::Calico,
        Self::OvnKubernetes,
        Self::Antrea,
        Self::VpcFlowLogs,
    ];

    /// The name that users read and write, also as the field `egress_source` of records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IstioGateway => "istio-gateway",
            Self::IstioSidecar => "istio-sidecar",
            Self::Cilium => "cilium",
            Self::Calico => "calico",
            Self::OvnKubernetes => "ovn-kubernetes",
            Self::Antrea => "antrea",
            Self::VpcFlowLogs => "vpc-flow-logs",
        }
    }

    /// The files on a node, where they are not logs of containers; none where only the user knows them.
    pub fn files(self) -> Option<&'static str> {
        match self {
            Self::Cilium => Some("/var/run/cilium/hubble/events.log"),
            Self::Calico => Some("/var/log/kern.log"),
            Self::OvnKubernetes => Some("/var/log/ovn/acl-audit-log.log"),
            Self::Antrea => Some("/var/log/antrea/networkpolicy/np.log"),
            Self::IstioGateway | Self::IstioSidecar | Self::VpcFlowLogs => None,
        }
    }

    /// What its lines say.
    pub fn grammar(self) -> Grammar {
        let at = |field, form| Some(Time { field, form });
        let istio = |egress| Grammar {
            form: Form::Json,
            time: at("start_time", TimeForm::Rfc3339),
            egress,
            denied: ISTIO_DENIED,
        };
        match self {
            Self::IstioGateway => istio(const { &[condition(&["start_time"], "^[0-9]")] }),
            Self::IstioSidecar => istio(
                const { &[condition(&["upstream_cluster"], "^(outbound[|]|PassthroughCluster$|BlackHoleCluster$)")] },
            ),
            Self::Cilium => Grammar {
                form: Form::Json,
                time: at("time", TimeForm::Rfc3339),
                egress: const { &[condition(&["flow", "traffic_direction"], "^EGRESS$")] },
                denied: const { &[condition(&["flow", "verdict"], "^(DROPPED|ERROR)$")] },
            },
            Self::Calico => Grammar {
                form: Form::Pattern(CALICO),
                time: None,
                egress: const { &[condition(&["in_interface"], "^cali")] },
                denied: &[],
            },
            Self::OvnKubernetes => Grammar {
                form: Form::Pattern(OVN),
                time: at("time", TimeForm::Rfc3339),
                egress: const { &[condition(&["acl"], "^EF:|:Egress(:|$)")] },
                denied: const { &[condition(&["verdict"], "^(drop|reject)$")] },
            },
            Self::Antrea => Grammar {
                form: Form::Pattern(ANTREA),
                time: at("time", TimeForm::GoLog),
                egress: const { &[condition(&["direction"], "^Egress$")] },
                denied: const { &[condition(&["action"], "^(Drop|Reject)$")] },
            },
            Self::VpcFlowLogs => Grammar {
                form: Form::Pattern(VPC),
                time: at("start", TimeForm::Epoch),
                egress: const { &[condition(&["action"], "^(ACCEPT|REJECT)$")] },
                denied: const { &[condition(&["action"], "^REJECT$")] },
            },
        }
    }
}

impl TimeForm {
    /// As `strptime` has it; fractions are `%L` in Fluent Bit and `%N` in Fluentd.
    pub(crate) fn strptime(self, fraction: &str) -> String {
        match self {
            Self::Rfc3339 => format!("%Y-%m-%dT%H:%M:%S.{fraction}%z"),
            Self::GoLog => format!("%Y/%m/%d %H:%M:%S.{fraction}"),
            Self::Epoch => "%s".to_owned(),
        }
    }

    /// As the collector's parsers have it: the kind of layout, and the layout.
    pub(crate) fn layout(self) -> [&'static str; 2] {
        match self {
            Self::Rfc3339 => ["gotime", "2006-01-02T15:04:05.999999999Z07:00"],
            Self::GoLog => ["gotime", "2006/01/02 15:04:05.999999999"],
            Self::Epoch => ["epoch", "s"],
        }
    }
}
