//! The alerts by name: those of the guide to egress traffic, and those that it lacks.

use std::fmt;

use crate::duration::Duration;
use crate::severity::Severity;
use crate::text::Text;
use crate::topic::Topic;

/// What a threshold is compared with, and so which numbers it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// A share, between 0 and 1.
    Share,
    /// How many times something, more than 1.
    Times,
    /// More than 0.
    Positive,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Share => "more than 0 and less than 1",
            Self::Times => "more than 1",
            Self::Positive => "more than 0",
        })
    }
}

/// A number that decides when an alert fires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// What it is unless the user says otherwise.
    pub default: f64,
    /// Which numbers it can be.
    pub range: Range,
    /// What it is, for users.
    pub what: &'static str,
}

/// What an alert is by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// What it is about.
    pub topic: Topic,
    /// How long the condition lasts before it fires.
    pub hold: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// The kind of trouble, as the guide to egress traffic sorts it.
    pub category: &'static str,
    /// The number that decides, if one does.
    pub threshold: Option<Limit>,
    /// How much there must be at all before a share or a growth counts, in a unit of its own.
    pub floor: Option<Limit>,
}

macro_rules! alerts {
    ($($(#[$doc:meta])* $name:ident $shown:literal $block:literal,)*) => {
        /// An alert's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AlertName {
            $($(#[$doc])* $name,)*
        }

        impl AlertName {
            /// Every alert, in the order of the guide.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name that rules and users write.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $shown,)*
                }
            }

            /// The name of the block in which users tune it. Terraform's own names have no capitals.
            pub fn block(self) -> &'static str {
                match self {
                    $(Self::$name => $block,)*
                }
            }
        }
    };
}

alerts! {
    /// Much more leaves than a day ago.
    TrafficSpike "EgressTrafficSpike" "egress_traffic_spike",
    /// Connections or requests to the outside fail.
    ConnectionFailures "EgressConnectionFailures" "egress_connection_failures",
    /// Something tries what no policy allows.
    Unauthorized "UnauthorizedEgressAttempt" "unauthorized_egress_attempt",
    /// An egress gateway does not carry traffic.
    GatewayDown "EgressGatewayDown" "egress_gateway_down",
    /// Requests to the outside take long.
    LatencyHigh "EgressLatencyHigh" "egress_latency_high",
    /// Address translation has no source port for a new connection.
    PortExhaustion "NATGatewayPortExhaustion" "nat_gateway_port_exhaustion",
    /// Names outside the cluster are not resolved.
    DnsFailures "EgressDNSFailures" "egress_dns_failures",
    /// A NAT gateway drops packets.
    NatDrops "EgressNATPacketsDropped" "egress_nat_packets_dropped",
    /// A NAT gateway cuts idle connections off that are still used.
    NatIdleTimeouts "EgressNATIdleTimeouts" "egress_nat_idle_timeouts",
    /// Connections through a NAT gateway get no answer.
    NatUnanswered "EgressNATUnanswered" "egress_nat_unanswered",
    /// A NAT gateway is not always there.
    NatDatapath "EgressNATDatapathDegraded" "egress_nat_datapath_degraded",
    /// Source ports of a NAT gateway run short.
    NatNearLimit "EgressNATNearPortLimit" "egress_nat_near_port_limit",
    /// The table of translated connections of a node is full.
    SnatTableFull "EgressSNATTableFull" "egress_snat_table_full",
    /// The table of connections of a node is full.
    ConntrackFull "EgressConntrackFull" "egress_conntrack_full",
    /// A policy or a configuration was not taken.
    PolicyRefused "EgressPolicyRefused" "egress_policy_refused",
    /// A policy's object is gone.
    PolicyMissing "EgressPolicyMissing" "egress_policy_missing",
    /// Names that a policy allows stop matching.
    FqdnCache "EgressFQDNCache" "egress_fqdn_cache",
    /// Something goes to what nobody has registered.
    Unregistered "EgressUnregisteredDestination" "egress_unregistered_destination",
    /// Observations are lost.
    Blind "EgressObservabilityBlind" "egress_observability_blind",
    /// What is watched gives no data.
    NoData "EgressNoData" "egress_no_data",
    /// The cloud bills more than planned.
    CostHigh "EgressCostHigh" "egress_cost_high",
}

const fn share(default: f64, what: &'static str) -> Limit {
    Limit { default, range: Range::Share, what }
}

const fn times(default: f64, what: &'static str) -> Limit {
    Limit { default, range: Range::Times, what }
}

const fn positive(default: f64, what: &'static str) -> Limit {
    Limit { default, range: Range::Positive, what }
}

impl AlertName {
    /// What it is by default. The numbers of the guide to egress traffic, where it has any.
    pub fn defaults(self) -> Defaults {
        use Severity::{Critical, Warning};
        let (topic, minutes, severity, category) = match self {
            Self::TrafficSpike => (Topic::Traffic, 10, Warning, "network"),
            Self::ConnectionFailures => (Topic::Success, 5, Critical, "network"),
            Self::Unauthorized => (Topic::Denied, 5, Warning, "security"),
            Self::GatewayDown => (Topic::Gateways, 2, Critical, "infrastructure"),
            Self::LatencyHigh => (Topic::Latency, 10, Warning, "performance"),
            Self::PortExhaustion | Self::SnatTableFull => (Topic::Ports, 5, Critical, "infrastructure"),
            Self::DnsFailures => (Topic::Dns, 5, Warning, "network"),
            Self::NatDrops | Self::NatUnanswered => (Topic::NatHealth, 10, Warning, "infrastructure"),
            Self::NatIdleTimeouts => (Topic::NatHealth, 15, Warning, "infrastructure"),
            Self::NatDatapath => (Topic::NatHealth, 15, Critical, "infrastructure"),
            Self::NatNearLimit => (Topic::Ports, 5, Warning, "infrastructure"),
            Self::ConntrackFull => (Topic::Conntrack, 5, Warning, "infrastructure"),
            Self::PolicyRefused => (Topic::PolicyState, 1, Warning, "security"),
            Self::PolicyMissing => (Topic::PolicyState, 5, Critical, "security"),
            Self::FqdnCache => (Topic::Names, 5, Warning, "network"),
            Self::Unregistered => (Topic::Unregistered, 10, Warning, "security"),
            Self::Blind => (Topic::Visibility, 10, Warning, "infrastructure"),
            Self::NoData => (Topic::Visibility, 15, Warning, "infrastructure"),
            Self::CostHigh => (Topic::Cost, 60, Warning, "cost"),
        };
        let (threshold, floor) = self.limits();
        Defaults { topic, hold: Duration::minutes(minutes), severity, category, threshold, floor }
    }

    /// Its threshold and its floor.
    fn limits(self) -> (Option<Limit>, Option<Limit>) {
        let (threshold, floor) = match self {
            Self::TrafficSpike => (
                times(3.0, "how many times the mean of an hour a day before"),
                Some(positive(1e6, "bytes per second below which no growth counts")),
            ),
            Self::ConnectionFailures => (
                share(0.1, "the share that fails"),
                Some(positive(0.1, "requests or connections per second below which no share counts")),
            ),
            Self::LatencyHigh => (
                positive(5000.0, "milliseconds, of the slowest hundredth"),
                Some(positive(0.1, "requests per second below which no latency counts")),
            ),
            Self::DnsFailures => (
                share(0.01, "the share of answers that are failures"),
                Some(positive(0.1, "questions per second below which no share counts")),
            ),
            Self::NatDrops => (share(0.0001, "the share of packets that are dropped"), None),
            Self::NatIdleTimeouts => (
                times(2.0, "how many times the mean of an hour a day before"),
                Some(positive(10.0, "timeouts per period below which no growth counts")),
            ),
            Self::NatUnanswered => (
                share(0.05, "the share of attempts without an answer"),
                Some(positive(60.0, "attempts per period below which no share counts")),
            ),
            Self::NatDatapath => (share(0.9, "the share of time that the gateway is there"), None),
            Self::NatNearLimit => (share(0.8, "the share of source ports that are taken"), None),
            Self::ConntrackFull => (share(0.8, "the share of the table that is taken"), None),
            Self::CostHigh => (positive(100.0, "what a day may cost, in the currency of price_per_gb"), None),
            Self::Unauthorized
            | Self::GatewayDown
            | Self::PortExhaustion
            | Self::SnatTableFull
            | Self::PolicyRefused
            | Self::PolicyMissing
            | Self::FqdnCache
            | Self::Unregistered
            | Self::Blind
            | Self::NoData => return (None, None),
        };
        (Some(threshold), floor)
    }

    /// What it says in one line. The Chinese of the guide to egress traffic, where it has any.
    pub fn summary(self) -> Text {
        match self {
            Self::TrafficSpike => Text { en: "Egress traffic has grown unusually", zh: "出站流量异常增长" },
            Self::ConnectionFailures => Text { en: "Many egress connections fail", zh: "出站连接失败率高" },
            Self::Unauthorized => {
                Text { en: "Egress is tried that no policy allows", zh: "检测到未授权出站访问尝试" }
            }
            Self::GatewayDown => Text { en: "An egress gateway is down", zh: "Egress Gateway不可用" },
            Self::LatencyHigh => Text { en: "External services answer slowly", zh: "外部服务访问延迟高" },
            Self::PortExhaustion => Text { en: "NAT has no source ports left", zh: "NAT源端口耗尽" },
            Self::DnsFailures => Text { en: "External names are not resolved", zh: "DNS查询失败率升高" },
            Self::NatDrops => Text { en: "A NAT gateway drops packets", zh: "NAT网关丢包" },
            Self::NatIdleTimeouts => {
                Text { en: "A NAT gateway cuts off idle connections", zh: "NAT网关空闲连接超时增多" }
            }
            Self::NatUnanswered => {
                Text { en: "Connections through a NAT gateway get no answer", zh: "经NAT网关的连接无应答" }
            }
            Self::NatDatapath => {
                Text { en: "A NAT gateway is not always available", zh: "NAT网关数据通路可用性下降" }
            }
            Self::NatNearLimit => Text { en: "NAT source ports run short", zh: "NAT网关端口接近上限" },
            Self::SnatTableFull => Text { en: "A node cannot translate new connections", zh: "节点SNAT表已满" },
            Self::ConntrackFull => {
                Text { en: "A node's connection table is nearly full", zh: "节点连接跟踪表接近上限" }
            }
            Self::PolicyRefused => Text { en: "A policy was not taken by the engine", zh: "策略未被引擎接受" },
            Self::PolicyMissing => Text { en: "A policy is missing from the cluster", zh: "策略对象缺失" },
            Self::FqdnCache => Text { en: "Allowed names stop matching", zh: "域名策略缓存失效" },
            Self::Unregistered => Text {
                en: "Traffic to destinations that nobody has registered",
                zh: "存在访问未注册目标的出站流量",
            },
            Self::Blind => Text { en: "Observations of egress are lost", zh: "出站观测数据丢失" },
            Self::NoData => Text { en: "A watched source gives no data", zh: "监控数据缺失" },
            Self::CostHigh => Text { en: "Egress costs more than planned", zh: "出站流量成本超出预算" },
        }
    }
}

impl fmt::Display for AlertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
