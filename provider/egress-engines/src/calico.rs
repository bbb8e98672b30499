//! The compilers to Calico open source and Calico Enterprise: `NetworkPolicy` and `GlobalNetworkPolicy` of `projectcalico.org/v3`,
//! and their staged kinds.
//!
//! Sources of what the kinds mean: the documentation of Calico v3.32 ("Network policy", "Global network policy", "Tiered policy",
//! "Staged network policies", "Use service rules in policy") and of Calico Enterprise v3.23 ("DNS policy", "Application layer
//! policies"), the CRDs, and Calico's validators.
//!
//! The policies of a tier are asked by `order`, and the first rule that matches decides; what no policy of an endpoint allows is
//! dropped at the end of the tier. So policies that only allow add up in any order, and to win over all of them a deny has to stand
//! in a policy of its own before theirs.

mod address;
mod egress;
pub mod gateway;
mod object;
pub mod rules;
mod selector;
mod target;

use egress_model::policy::{Mode, Path, Policy, Priority, Scope};

pub use object::{
    Action, Destination, EgressRule, Family, Icmp, Order, PolicySpec, PolicyType, ServiceMatch, StagedAction,
};
pub use selector::Expression;

use crate::manifest::{Kind, Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Settings, Support, look_up};

/// Calico open source.
pub const ENGINE: Engine =
    Engine { name: EngineName::Calico, support: open_source_support, compile: compile_for_open_source, kinds: KINDS };

/// Calico Enterprise and Calico Cloud.
pub const ENTERPRISE: Engine = Engine {
    name: EngineName::CalicoEnterprise,
    support: enterprise_support,
    compile: compile_for_enterprise,
    kinds: KINDS,
};

const KINDS: &[&Kind] =
    &[&NETWORK_POLICY, &GLOBAL_NETWORK_POLICY, &STAGED_NETWORK_POLICY, &STAGED_GLOBAL_NETWORK_POLICY];
const API_VERSION: &str = "projectcalico.org/v3";
const NETWORK_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "NetworkPolicy", plural: "networkpolicies", accepted: None };
const GLOBAL_NETWORK_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "GlobalNetworkPolicy", plural: "globalnetworkpolicies", accepted: None };
const STAGED_NETWORK_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "StagedNetworkPolicy", plural: "stagednetworkpolicies", accepted: None };
const STAGED_GLOBAL_NETWORK_POLICY: Kind = Kind {
    api_version: API_VERSION,
    kind: "StagedGlobalNetworkPolicy",
    plural: "stagedglobalnetworkpolicies",
    accepted: None,
};

/// Where Calico puts Kubernetes' own `NetworkPolicy`, and we what only allows.
const ADDING_UP: Order = Order::quarters(4000);
/// Where deny rules stand that win over whatever adds up.
const DENYING: Order = Order::quarters(3998);
/// Where the last priority stands: still before what adds up.
const LAST_PRIORITY: Order = Order::quarters(3997);

/// Which Calico.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    OpenSource,
    Enterprise,
}

fn open_source_support(feature: Feature, settings: &Settings) -> Support {
    support(feature, settings, Edition::OpenSource)
}

fn enterprise_support(feature: Feature, settings: &Settings) -> Support {
    support(feature, settings, Edition::Enterprise)
}

/// Calico's columns. `destination.domains` is in the CRDs and the documentation of Enterprise alone; HTTP match is refused in
/// egress rules by the validator of both, and Enterprise documents it for ingress only.
fn support(feature: Feature, settings: &Settings, edition: Edition) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    let enterprise = edition == Edition::Enterprise;
    let has_staged = enterprise || settings.at_least(3, 30);
    match feature {
        Feature::Audit | Feature::Staged if !has_staged => {
            Refused("staged policies came with Calico 3.30, and logging rules would let pass what other policies stop")
        }
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::Everything
        | Feature::Resolver
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Icmp
        | Feature::Deny
        | Feature::Priority
        | Feature::Staged => Exact,
        Feature::Services => Degraded(
            "Calico matches the pods behind a Service on the Service's own ports only, not on every port; select the pods with \
             to_pods or to_namespaces for more",
        ),
        Feature::BlocksWithoutPods | Feature::External => Needs("the provider's `kubernetes.cluster_cidrs.pods`"),
        Feature::ApiServer => Needs("the provider's `kubernetes.cluster_cidrs.api_server`"),
        Feature::Nodes => Needs("the provider's `kubernetes.cluster_cidrs.nodes`"),
        Feature::DnsQueries => Refused("Calico does not look into DNS queries"),
        Feature::Domains | Feature::DomainsAnyDepth if enterprise => Exact,
        Feature::DomainsOneLabel if enterprise => {
            Degraded("Calico's * matches one or more labels: names further below the domain match too")
        }
        Feature::DenyDomains if enterprise => Refused("Calico takes domain names only in rules that allow"),
        Feature::Domains | Feature::DomainsOneLabel | Feature::DomainsAnyDepth | Feature::DenyDomains => {
            Refused("Calico open source has no rules about domain names, only Calico Enterprise and Calico Cloud have")
        }
        Feature::Http | Feature::HttpHeaders => {
            Refused("Calico looks into HTTP requests only as they arrive, in ingress rules; egress rules take none")
        }
        Feature::Sni => Refused("Calico does not look at TLS server names"),
        Feature::Audit if enterprise => {
            Degraded("becomes a staged policy: what it would stop is in the flow logs, and in no log of its own")
        }
        Feature::Audit => Degraded(
            "becomes a staged policy: what it would stop is in the flow logs, which need Goldmane, and in no log of its own",
        ),
    }
}

fn compile_for_open_source(policy: &Policy, settings: &Settings) -> Compiled {
    compile(policy, Findings::new(open_source_support, settings))
}

fn compile_for_enterprise(policy: &Policy, settings: &Settings) -> Compiled {
    compile(policy, Findings::new(enterprise_support, settings))
}

/// Compiles a policy to one object that allows and, where it denies, one before it; or to one object at its priority.
fn compile(policy: &Policy, mut findings: Findings<'_, Feature>) -> Compiled {
    let root = Path::root();
    look_up(policy, &mut findings);
    note_name(policy, &mut findings);
    let mut allow = if policy.dns.allowed { egress::dns_rules(&policy.dns.resolver) } else { Vec::new() };
    allow.extend(egress::rules(policy, Action::Allow, &policy.allow, &root.field("allow"), &mut findings));
    let deny = egress::rules(policy, Action::Deny, &policy.deny, &root.field("deny"), &mut findings);
    let object = |suffix: &str, order: Order, egress: Vec<EgressRule>| {
        Manifest::new(kind(policy), Metadata::of(policy).suffixed(suffix), &spec(policy, order, egress))
    };
    let manifests = match policy.priority {
        Some(priority) => vec![object("", place(priority), [deny, allow].concat())],
        // What allows comes first: alone, what denies would stop everything else too.
        None if deny.is_empty() => vec![object("", ADDING_UP, allow)],
        None => vec![object("", ADDING_UP, allow), object("-deny", DENYING, deny)],
    };
    Compiled::new(manifests, findings)
}

/// A priority's place: its own number, as long as that is before what adds up.
fn place(priority: Priority) -> Order {
    Order::quarters(priority.get() * 4).min(LAST_PRIORITY)
}

fn kind(policy: &Policy) -> &'static Kind {
    match (&policy.scope, policy.mode) {
        (Scope::Namespace(_), Mode::Enforce) => &NETWORK_POLICY,
        (Scope::Namespace(_), Mode::Audit | Mode::Staged) => &STAGED_NETWORK_POLICY,
        (Scope::Cluster { .. }, Mode::Enforce) => &GLOBAL_NETWORK_POLICY,
        (Scope::Cluster { .. }, Mode::Audit | Mode::Staged) => &STAGED_GLOBAL_NETWORK_POLICY,
    }
}

fn spec(policy: &Policy, order: Order, egress: Vec<EgressRule>) -> PolicySpec {
    let pods = Expression::from(&policy.pods);
    let (namespace_selector, selector) = match &policy.scope {
        Scope::Namespace(_) => (None, pods),
        // Unless it says otherwise, a selector of the whole cluster and one of namespaces by what they are not also match nodes.
        Scope::Cluster { namespaces, exempt } => {
            (Some(Expression::from(namespaces).and(Expression::other_namespaces(exempt))), Expression::pods().and(pods))
        }
    };
    let accounts = &policy.service_accounts;
    PolicySpec {
        staged_action: (policy.mode != Mode::Enforce).then_some(StagedAction::Set),
        order,
        namespace_selector,
        selector,
        service_account_selector: (!accounts.is_empty()).then(|| Expression::service_accounts(accounts)),
        types: [PolicyType::Egress],
        egress,
    }
}

fn note_name(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    if policy.name.as_str().contains('.') {
        let why =
            "Calico reads what stands before a dot in a policy's name as the name of its tier; use a name without dots";
        let scope = match policy.scope {
            Scope::Namespace(_) => Feature::NamespaceScope,
            Scope::Cluster { .. } => Feature::ClusterScope,
        };
        findings.refuse(Path::root().field("name"), scope, why);
    }
}
