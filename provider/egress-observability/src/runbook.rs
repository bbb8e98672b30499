//! What to do about each alert: what it means, how to check, what to do.

use crate::alert::AlertName;
use crate::text::Text;

/// The page of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runbook {
    /// What it means, in a sentence. It is the beginning of the alert's description too.
    pub meaning: Text,
    /// How to check.
    pub check: &'static str,
    /// What to do.
    pub action: &'static str,
}

/// The page of an alert.
pub fn runbook(name: AlertName) -> Runbook {
    match name {
        AlertName::TrafficSpike
        | AlertName::ConnectionFailures
        | AlertName::Unauthorized
        | AlertName::GatewayDown
        | AlertName::LatencyHigh
        | AlertName::DnsFailures
        | AlertName::Unregistered => of_traffic(name),
        AlertName::PortExhaustion
        | AlertName::NatDrops
        | AlertName::NatIdleTimeouts
        | AlertName::NatUnanswered
        | AlertName::NatDatapath
        | AlertName::NatNearLimit
        | AlertName::SnatTableFull
        | AlertName::ConntrackFull
        | AlertName::CostHigh => of_translation(name),
        AlertName::PolicyRefused
        | AlertName::PolicyMissing
        | AlertName::FqdnCache
        | AlertName::Blind
        | AlertName::NoData => of_control(name),
    }
}

fn of_traffic(name: AlertName) -> Runbook {
    match name {
        AlertName::TrafficSpike => Runbook {
            meaning: Text {
                en: "Much more leaves than at the same time yesterday.", zh: "出站流量远高于昨日同期。"
            },
            check: "Open the panels by destination and by source: one destination that was not there yesterday is a \
                    new job, a loop, or data that somebody takes out. Compare with deployments of the last hours.",
            action: "Talk to the owner of the workload. If nobody knows the destination, stop it with a deny rule \
                     of an `egress_policy` and treat it as an incident. If it is wanted, raise `threshold` or \
                     `floor` of the alert.",
        },
        AlertName::Unauthorized => Runbook {
            meaning: Text {
                en: "Something tries what no policy allows.", zh: "工作负载尝试访问策略未允许的目标。"
            },
            check: "Find the destination: `hubble observe --verdict DROPPED`, the flow logs of Calico Enterprise, \
                    the access log of the sidecar. Ask whether the workload was changed lately.",
            action: "Add an `allow` rule to the workload's `egress_policy` if the destination is wanted. If not, \
                     find out what in the workload asks for it: a denied attempt is the first sign of a compromised \
                     pod.",
        },
        AlertName::GatewayDown => Runbook {
            meaning: Text {
                en: "An egress gateway does not carry traffic, so that what goes through it fails.",
                zh: "Egress网关无法承载流量，经由该网关的访问失败。",
            },
            check: "`kubectl get pods` of the gateway's namespace, or the nodes that the gateway is on: are they \
                    ready, and do they have the address? On Istio look also whether the monitor still selects the \
                    pods: a gateway that is not scraped looks the same.",
            action: "Bring the node or the pods back, or move the gateway to other nodes (`nodes` of \
                     `egress_gateway`). Where it must not happen again, use an engine with failover and `failover = \
                     \"required\"`.",
        },
        AlertName::LatencyHigh => Runbook {
            meaning: Text {
                en: "The slowest hundredth of requests takes too long.",
                zh: "最慢的百分之一请求耗时过长。",
            },
            check: "Is it one destination or all? One: ask the partner, or look at its status page. All: look at \
                    the gateway's CPU, at DNS, and at the ports of address translation.",
            action: "Give the gateway more replicas if it is short of CPU. For one slow partner set timeouts and \
                     retries in the client, and raise `threshold` if its speed is what was agreed.",
        },
        AlertName::DnsFailures => Runbook {
            meaning: Text { en: "Names outside the cluster are not resolved.", zh: "集群外域名解析失败。" },
            check: "Which upstream (label `to`)? Ask it from a node: `dig @UPSTREAM example.com`. On Cilium look \
                    whether the pod's policy has DNS rules that leave the name out.",
            action: "Replace or bypass the upstream in CoreDNS' `forward`. Allow DNS to it in the policies of the \
                     node-local cache and of CoreDNS.",
        },
        AlertName::Unregistered => Runbook {
            meaning: Text {
                en: "Traffic goes to hosts that nobody has registered with the mesh.",
                zh: "存在访问未在网格中注册的主机的流量。",
            },
            check: "The sidecar's access log of the workload names the host or address (`upstream_host`, `requested_server_name`).",
            action: "Name the host in an `egress_policy`, which registers it. Once nothing legitimate is left, set \
                     `outboundTrafficPolicy` to `REGISTRY_ONLY`, so that the rest is stopped.",
        },
        _ => Runbook {
            meaning: Text { en: "Connections or requests to the outside fail.", zh: "出站连接或请求失败。" },
            check: "The flags say why (Istio's access log, `response_flags`): `UF` cannot connect, `UO` overflow of \
                    a circuit breaker, `URX` retries used up, `NR` no route. Try the destination from a pod outside \
                    the mesh.",
            action: "No connection: is the address still on the partner's allow-list, and are there source ports \
                     left (`NATGatewayPortExhaustion`)? No route: the host is missing from the policy. Overflow: \
                     raise the limits of the destination rule.",
        },
    }
}

fn of_translation(name: AlertName) -> Runbook {
    match name {
        AlertName::PortExhaustion => Runbook {
            meaning: Text {
                en: "Address translation finds no source port for new connections to some destination, and they fail.",
                zh: "到某一目标的新连接无法获得NAT源端口，连接失败。",
            },
            check: "Which destination? The limit is per public address and destination: look for one partner with \
                    very many connections (flow logs, `hubble observe`, `conntrack -L` on a node).",
            action: "Add an address to the `egress_nat_gateway` (`expected_load` says how many it takes). Have \
                     clients keep connections and pool them. On Google Cloud give machines more ports.",
        },
        AlertName::NatDrops => Runbook {
            meaning: Text { en: "A NAT gateway drops packets.", zh: "NAT网关正在丢包。" },
            check: "Compare with the gateway's limits of bandwidth and packets per second. On Google Cloud the \
                    label `reason` tells: `ENDPOINT_INDEPENDENCE_CONFLICT` is the mapping's own.",
            action: "Spread the load over more gateways, one per zone. If the limits are far away, open a case with \
                     the cloud: it is an error of its own.",
        },
        AlertName::NatIdleTimeouts => Runbook {
            meaning: Text {
                en: "A NAT gateway cuts off more idle connections than yesterday, and clients that use them again fail.",
                zh: "NAT网关的空闲超时明显多于昨日，复用这些连接的客户端会失败。",
            },
            check: "Which clients keep connections for longer than the gateway's idle timeout (350 seconds on AWS)? \
                    Connection resets in their logs tell.",
            action: "Have them send TCP keep-alives, or close idle connections sooner than the gateway does.",
        },
        AlertName::NatUnanswered => Runbook {
            meaning: Text {
                en: "Many connections through a NAT gateway get no answer.",
                zh: "经NAT网关的大量连接没有应答。",
            },
            check: "Is one destination down, or does a firewall there not know the gateway's address? Has an address of the pool changed?",
            action: "Tell the partner the addresses of `egress_cidrs`, or take the destination out of use.",
        },
        AlertName::NatDatapath => Runbook {
            meaning: Text {
                en: "The cloud says that a NAT gateway is not always available.",
                zh: "云平台报告NAT网关可用性下降。",
            },
            check: "The cloud's own status page and the resource's health in its console.",
            action: "Open a case with the cloud. If it lasts, send the subnets through another gateway.",
        },
        AlertName::NatNearLimit => Runbook {
            meaning: Text {
                en: "Source ports of a NAT gateway run short.", zh: "NAT网关的源端口即将不足。"
            },
            check: "Is it a trend or a peak? On AWS and Azure all destinations are counted together, so that with \
                    many destinations there may be time: the limit is per destination.",
            action: "Add an address before it is exhausted, or raise the ports per machine on Google Cloud. With \
                     many destinations raise `threshold`.",
        },
        AlertName::SnatTableFull => Runbook {
            meaning: Text {
                en: "A node finds no free port to translate a connection, and drops it.",
                zh: "节点无法为连接分配SNAT端口，连接被丢弃。",
            },
            check: "`cilium-dbg bpf nat list | wc -l` on the node, and which destination has most entries.",
            action: "Spread the pods over more nodes, or raise `bpf.natMax` of Cilium's chart; for one destination \
                     more addresses help, such as a gateway with several.",
        },
        AlertName::ConntrackFull => Runbook {
            meaning: Text {
                en: "A node's table of connections is full or nearly so; new connections are dropped then.",
                zh: "节点连接跟踪表已满或接近上限，新连接将被丢弃。",
            },
            check: "`sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max` on the node; on Cilium \
                    `cilium-dbg bpf ct list global`.",
            action: "Raise the limit (`nf_conntrack_max`; `bpf.ctTcpMax` of Cilium's chart), and find the pod that \
                     opens so many connections.",
        },
        _ => Runbook {
            meaning: Text {
                en: "A day at the present rate costs more than planned.",
                zh: "按当前速率，一天的流量成本超出预算。",
            },
            check: "Which gateway, and which workloads behind it? The panels by source and by destination tell.",
            action: "Move traffic to the cloud's own services to private endpoints, compress or cache what is \
                     fetched again and again, or raise the budget (`threshold`).",
        },
    }
}

fn of_control(name: AlertName) -> Runbook {
    match name {
        AlertName::PolicyRefused => Runbook {
            meaning: Text {
                en: "An engine did not take a policy or a configuration, and enforces what it had before, or less.",
                zh: "引擎未接受某个策略或配置，仍执行旧策略或更少的策略。",
            },
            check: "The log of the agent that the labels name: `kubectl logs` of `cilium`, `calico-node`, \
                    `ovnkube-node`, `antrea-agent`, or istiod. `istioctl proxy-status` shows who refused.",
            action: "Correct the object that the log names. Policies of this provider are checked in the plan; a \
                     refused one is often written by hand, or too new for the engine's version.",
        },
        AlertName::PolicyMissing => Runbook {
            meaning: Text {
                en: "A NetworkPolicy object that was applied is not in the cluster, and what it stopped is no longer stopped.",
                zh: "已应用的NetworkPolicy对象不在集群中，其限制已失效。",
            },
            check: "`kubectl get networkpolicy` in the namespace; the audit log says who deleted it.",
            action: "Run `terraform apply`: the plan shows the object as missing and brings it back. Take away the \
                     right to delete policies from whoever should not have it.",
        },
        AlertName::FqdnCache => Runbook {
            meaning: Text {
                en: "The engine loses names that policies allow, so that allowed connections are denied.",
                zh: "引擎丢失策略允许的域名，允许的连接可能被拒绝。",
            },
            check: "The size of the cache and its limit in the agent's configuration; how many addresses the names have.",
            action: "Raise the limit, or use fewer wildcards. For a name with very many addresses allow its published blocks instead.",
        },
        AlertName::Blind => Runbook {
            meaning: Text {
                en: "Events are lost before they are counted, so that other alerts may be late.",
                zh: "事件在计数前丢失，其他告警可能滞后。",
            },
            check: "CPU of the agent; how many flows a second it sees.",
            action: "Raise the buffers (`hubble.eventQueueSize`, `hubble.eventBufferCapacity`; `nfLogBufferSize` of \
                     Felix), or leave metrics out that nobody looks at.",
        },
        _ => Runbook {
            meaning: Text {
                en: "Nothing is heard of what is watched: the other alerts about it cannot fire.",
                zh: "没有收到被监控对象的数据，相关的其他告警无法触发。",
            },
            check: "`up` of the job in Prometheus, and whether the monitor has the labels that Prometheus selects. \
                    For a cloud's exporter look at its log: a role that is missing is the usual cause.",
            action: "Bring the exporter back, or correct what `requirements` lists. If the gateway is gone on \
                     purpose, take it out of the configuration.",
        },
    }
}
