//! What can be seen of egress: the rows of the table.

use std::fmt;

use crate::text::Text;

/// Something that a user wants to see of egress, and that not every engine or cloud measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// How many bytes leave.
    Traffic,
    /// Where connections go.
    Destinations,
    /// Which share of requests or connections succeeds.
    Success,
    /// How long requests take.
    Latency,
    /// What policies stop.
    Denied,
    /// Traffic to what nobody has registered.
    Unregistered,
    /// Whether egress gateways live.
    Gateways,
    /// Source ports of address translation.
    Ports,
    /// What NAT gateways drop, time out or get no answer to.
    NatHealth,
    /// Answers for names outside the cluster.
    Dns,
    /// Names that stop matching.
    Names,
    /// Policies that are refused, missing or not programmed.
    PolicyState,
    /// Tables of connections on nodes.
    Conntrack,
    /// Whether what is watched is seen at all.
    Visibility,
    /// What the cloud bills per byte.
    Cost,
}

impl Topic {
    /// Every topic, in the order of the table.
    pub const ALL: [Self; 15] = [
        Self::Traffic,
        Self::Destinations,
        Self::Success,
        Self::Latency,
        Self::Denied,
        Self::Unregistered,
        Self::Gateways,
        Self::Ports,
        Self::NatHealth,
        Self::Dns,
        Self::Names,
        Self::PolicyState,
        Self::Conntrack,
        Self::Visibility,
        Self::Cost,
    ];

    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Destinations => "destinations",
            Self::Success => "success",
            Self::Latency => "latency",
            Self::Denied => "denied",
            Self::Unregistered => "unregistered",
            Self::Gateways => "gateways",
            Self::Ports => "ports",
            Self::NatHealth => "nat-health",
            Self::Dns => "dns",
            Self::Names => "names",
            Self::PolicyState => "policy-state",
            Self::Conntrack => "conntrack",
            Self::Visibility => "visibility",
            Self::Cost => "cost",
        }
    }

    /// What it is, in a few words.
    pub fn title(self) -> Text {
        match self {
            Self::Traffic => Text { en: "Bytes that leave", zh: "出站流量" },
            Self::Destinations => Text { en: "Where connections go", zh: "出站目标" },
            Self::Success => Text { en: "Requests or connections that succeed", zh: "出站成功率" },
            Self::Latency => Text { en: "How long requests take", zh: "出站延迟" },
            Self::Denied => Text { en: "What policies stop", zh: "被策略拒绝的出站访问" },
            Self::Unregistered => Text { en: "Traffic to what nobody has registered", zh: "未注册的出站目标" },
            Self::Gateways => Text { en: "Whether egress gateways live", zh: "Egress网关状态" },
            Self::Ports => Text { en: "Source ports of address translation", zh: "NAT源端口" },
            Self::NatHealth => Text { en: "Drops, timeouts and silence at NAT gateways", zh: "NAT网关健康" },
            Self::Dns => Text { en: "Answers for names outside the cluster", zh: "外部域名解析" },
            Self::Names => Text { en: "Names that stop matching", zh: "域名策略失效" },
            Self::PolicyState => Text { en: "Policies refused, missing or not programmed", zh: "策略状态" },
            Self::Conntrack => Text { en: "Connection tables of nodes", zh: "节点连接跟踪表" },
            Self::Visibility => Text { en: "Whether what is watched is seen", zh: "可观测性" },
            Self::Cost => Text { en: "Billed bytes", zh: "计费流量" },
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
