//! The compiler to Cilium's `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`, for Cilium 1.16 to 1.20.
//!
//! Sources of what they mean: the Cilium documentation, "Network Policy" (layers 3, 4 and 7, deny policies, DNS) at 1.20; the CRDs of
//! each minor version; `pkg/policy/api` for what the agent refuses. Where a part depends on the version, its finding or comment names it.
//!
//! A block (`toCIDRSet`) never matches pods or nodes, `world` is what is neither: what the model calls "external" needs no ranges of
//! the cluster here. `egress: [{}]` allows nothing and denies by default. A deny rule wins over every allow rule.

mod destination;
mod egress;
pub mod gateway;
mod labels;
mod limits;
mod names;
mod object;
mod queries;
mod reach;
mod resolver;
pub mod rules;
mod selector;
mod together;
mod traffic;

use egress_model::policy::{Policy, Scope};
pub use object::{
    CidrRule, Destination, EgressRule, Entity, FqdnSelector, HeaderMatch, HttpRule, IcmpField, IcmpRule, L7Rules,
    PolicySpec, PortProtocol, PortRule, Service, ServiceName, Traffic,
};
use together::Together;

use crate::acceptance::{Accepted, Refusal};
use crate::manifest::{Kind, Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Settings, Support, look_up};

/// The engine: Cilium's agents on every node.
pub const ENGINE: Engine = Engine { name: EngineName::Cilium, support, compile, kinds: &[&NAMESPACED, &CLUSTERWIDE] };

/// How Cilium's operator says whether a policy can be read (`--validate-network-policy`, on by default).
const ACCEPTED: Option<Accepted> = Some(Accepted::Condition { name: "Valid", refusal: Refusal::Final });

const NAMESPACED: Kind = Kind {
    api_version: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    plural: "ciliumnetworkpolicies",
    accepted: ACCEPTED,
};

const CLUSTERWIDE: Kind = Kind {
    api_version: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    plural: "ciliumclusterwidenetworkpolicies",
    accepted: ACCEPTED,
};

fn support(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
        | Feature::External
        | Feature::Everything
        | Feature::Resolver
        | Feature::DnsQueries
        | Feature::ApiServer
        | Feature::Nodes
        | Feature::Domains
        | Feature::DomainsOneLabel
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Icmp
        | Feature::Deny
        | Feature::Http
        | Feature::HttpHeaders
        | Feature::Sni => Exact,
        Feature::DomainsAnyDepth if settings.at_least(1, 19) => Exact,
        Feature::Sctp => Needs("Cilium's Helm value sctp.enabled"),
        // `names::DEPTH` labels.
        Feature::DomainsAnyDepth => Degraded(
            "Cilium before 1.19 has no pattern for any number of labels; names down to six labels below the domain match",
        ),
        Feature::Services if settings.at_least(1, 17) => Exact,
        Feature::Services => Refused(
            "Cilium before 1.17 takes only Services without selectors, and no ports beside them; select the pods behind the \
             Service with to_pods or to_namespaces",
        ),
        Feature::DenyDomains => Refused(
            "Cilium denies no domain names, because an address can have other names too; deny blocks of addresses, or allow \
             only the names that are meant",
        ),
        Feature::Priority => Refused(
            "Cilium's policies have no order: they add up, and deny rules win; leave priority out, and use deny rules for what must \
             not be allowed elsewhere",
        ),
        Feature::Audit => Refused(
            "Cilium audits all policies of a node (Helm value policyAuditMode) or of one pod (cilium-dbg endpoint config \
             PolicyAuditMode=Enabled), not one policy; switch it on there, and leave mode out",
        ),
        Feature::Staged => Refused(
            "Cilium holds no policy back; use delivery = \"render\", or audit a node with Helm value policyAuditMode",
        ),
    }
}

/// Compiles a policy to one `CiliumNetworkPolicy`, or `CiliumClusterwideNetworkPolicy` where it is of the whole cluster.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support, settings);
    look_up(policy, &mut findings);
    limits::note(policy, settings, &mut findings);
    let together = Together::of(policy, settings);
    together.note(&mut findings);
    let mut allowed = if policy.dns.allowed { queries::leave_to_ask(policy, &together, settings) } else { Vec::new() };
    allowed.extend(policy.allow.values().flat_map(|rule| egress::allow_rules(policy, rule, &together, settings)));
    if allowed.is_empty() {
        // No rules at all are refused; one that allows nothing denies by default.
        allowed.push(EgressRule::default());
    }
    let spec = PolicySpec {
        endpoint_selector: selector::subject(policy),
        egress: allowed,
        egress_deny: policy.deny.values().flat_map(|rule| egress::deny_rules(policy, rule, settings)).collect(),
    };
    let kind = match policy.scope {
        Scope::Namespace(_) => &NAMESPACED,
        Scope::Cluster { .. } => &CLUSTERWIDE,
    };
    Compiled::new(vec![Manifest::new(kind, Metadata::of(policy), &spec)], findings)
}
