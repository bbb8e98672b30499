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

use egress_model::policy::{Mode, Path, Policy, Priority, Scope};

use super::object::{
    Action, EgressRule, GLOBAL_NETWORK_POLICY, KINDS, NETWORK_POLICY, Order, PolicySpec, PolicyType,
    STAGED_GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY, StagedAction,
};
use super::selector::Expression;
use super::{egress, support};
use crate::manifest::{Kind, Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Settings, look_up};

/// Calico open source.
pub const ENGINE: Engine = Engine {
    name: EngineName::Calico,
    support: support::open_source,
    exceptions: support::EXCEPTIONS,
    compile: compile_for_open_source,
    kinds: KINDS,
    own_namespaces: support::OWN_NAMESPACES,
};

/// Calico Enterprise and Calico Cloud.
pub const ENTERPRISE: Engine = Engine {
    name: EngineName::CalicoEnterprise,
    support: support::enterprise,
    exceptions: support::EXCEPTIONS,
    compile: compile_for_enterprise,
    kinds: KINDS,
    own_namespaces: support::ENTERPRISE_OWN_NAMESPACES,
};

/// Where Calico puts Kubernetes' own `NetworkPolicy`, and we what only allows.
const ADDING_UP: Order = Order::quarters(4000);
/// Where deny rules stand that win over whatever adds up.
const DENYING: Order = Order::quarters(3998);
/// Where the last priority stands: still before what adds up.
const LAST_PRIORITY: Order = Order::quarters(3997);

fn compile_for_open_source(policy: &Policy, settings: &Settings) -> Compiled {
    compile(policy, Findings::new(support::open_source, settings))
}

fn compile_for_enterprise(policy: &Policy, settings: &Settings) -> Compiled {
    compile(policy, Findings::new(support::enterprise, settings))
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
