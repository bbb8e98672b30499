//! The compiler to Antrea's own policies, `crd.antrea.io/v1beta1` `NetworkPolicy` and `ClusterNetworkPolicy`.
//!
//! Source of what they mean: Antrea 2.7's documentation ("Antrea Network Policy CRDs", "Antrea Layer 7 `NetworkPolicy`") and CRDs.
//! The first rule that matches decides, in the order of tiers, priorities and rules, and a policy stops nothing that no rule
//! stops. So that policies add up as the model says, each becomes up to four objects that every policy has at the same places:
//! what it denies, what it allows, what it allows after a look into the connection, and, in the tier after the `NetworkPolicy`
//! objects of Kubernetes, a rule that drops the rest. Objects at one place all do the same, so that their order, which
//! Antrea leaves open, does not matter.

mod destination;

use std::collections::{BTreeMap, BTreeSet};

use egress_model::labels::{
    LabelKey, NAMESPACE_NAME_LABEL, NamespaceName, Operator, Requirement, Selector, ServiceAccountName,
};
use egress_model::policy::{Mode, Path, Policy, Rule as PolicyRule, Scope};

use self::destination::Compiler;
use super::object::{
    Action, AppliedTo, CLUSTER_GROUP, CLUSTER_NETWORK_POLICY, GROUP, GroupSpec, NETWORK_POLICY, NamespacedName,
    PolicySpec, Rule, Tier,
};
use super::support;
use crate::label_selector::LabelSelector;
use crate::manifest::{Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Settings, look_up};

/// The engine: Antrea.
pub const ENGINE: Engine = Engine {
    name: EngineName::Antrea,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&NETWORK_POLICY, &CLUSTER_NETWORK_POLICY, &GROUP, &CLUSTER_GROUP],
    own_namespaces: support::OWN_NAMESPACES,
};

/// A place in the order of all policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Deny,
    Allow,
    Application,
}

impl Place {
    /// The number in the application tier. A policy's own priority comes first, so that it decides over policies without one.
    fn priority(self, policy: &Policy) -> u16 {
        let first = match policy.priority {
            Some(priority) => 1 + 3 * priority.get(),
            None => 9001,
        };
        first + self as u16
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Deny => "-deny",
            Self::Allow => "",
            Self::Application => "-requests",
        }
    }
}

/// The number of the rule that drops the rest, alone in the baseline tier.
const REST_PRIORITY: u16 = 9000;
/// The last number of a tier: after everything that decides.
const AUDIT_PRIORITY: u16 = 10_000;

/// Compiles a policy to up to four policies of Antrea, and a group for each Service that it names.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    let target = Target::of(policy, &mut findings);
    let mut compiler = Compiler::new(policy, &target, settings, &mut findings);
    let mut rules_of = |field: &'static str, rules: &BTreeMap<String, PolicyRule>, action| {
        let path = Path::root().field(field);
        rules.iter().flat_map(|(key, rule)| compiler.rules(action, key, rule, &path.key(key))).collect::<Vec<_>>()
    };
    let deny = rules_of("deny", &policy.deny, Action::Drop);
    let allow = rules_of("allow", &policy.allow, Action::Allow);
    let dns = if policy.dns.allowed { compiler.dns_rules("dns") } else { Vec::new() };
    let groups = compiler.into_groups();
    let (plain, application): (Vec<_>, Vec<_>) =
        dns.into_iter().chain(allow).partition(|rule| rule.l7_protocols.is_empty());
    let mut manifests: Vec<_> = groups.into_iter().map(|(name, service)| target.group(name, service)).collect();
    if policy.mode == Mode::Audit {
        let rules = deny.into_iter().map(|rule| pass(rule, true)).chain(
            plain.into_iter().chain(application).map(|rule| pass(Rule { l7_protocols: Vec::new(), ..rule }, false)),
        );
        let mut rules: Vec<_> = rules.collect();
        rules.push(pass(everything("rest"), true));
        manifests.push(target.policy("", Tier::Application, AUDIT_PRIORITY, rules));
    } else {
        for (place, rules) in [(Place::Deny, deny), (Place::Allow, plain), (Place::Application, application)] {
            if !rules.is_empty() {
                manifests.push(target.policy(place.suffix(), Tier::Application, place.priority(policy), rules));
            }
        }
        manifests.push(target.policy("-rest", Tier::Baseline, REST_PRIORITY, vec![everything("rest")]));
    }
    Compiled::new(manifests, findings)
}

fn everything(name: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        action: Action::Drop,
        to: Vec::new(),
        ports: Vec::new(),
        protocols: Vec::new(),
        l7_protocols: Vec::new(),
        enable_logging: false,
    }
}

/// The rule's traffic left to what comes after all policies, reported or not.
fn pass(rule: Rule, enable_logging: bool) -> Rule {
    Rule { action: Action::Pass, enable_logging, ..rule }
}

/// Where a policy's objects are and which pods they are about.
struct Target {
    metadata: Metadata,
    applied_to: Vec<AppliedTo>,
}

impl Target {
    fn of(policy: &Policy, findings: &mut Findings<'_, Feature>) -> Self {
        let metadata = Metadata::of(policy);
        let pods = (!policy.pods.is_empty()).then(|| (&policy.pods).into());
        match &policy.scope {
            Scope::Namespace(_) if policy.service_accounts.is_empty() => {
                let applied_to =
                    AppliedTo::Pods { namespace_selector: None, pod_selector: Some((&policy.pods).into()) };
                Self { metadata, applied_to: vec![applied_to] }
            }
            Scope::Namespace(namespace) => {
                if pods.is_some() {
                    let why = "Antrea selects pods by their service account or by their labels, not by both; leave one of \
                               them out";
                    findings.refuse(Path::root().field("service_accounts"), Feature::ServiceAccounts, why);
                }
                // Only a policy of the whole cluster names service accounts; its name tells policies of several namespaces apart.
                let metadata = Metadata { name: format!("{namespace}.{}", metadata.name), namespace: None, ..metadata };
                let account = |name: &ServiceAccountName| AppliedTo::ServiceAccount {
                    service_account: NamespacedName { namespace: namespace.to_string(), name: name.to_string() },
                };
                Self { metadata, applied_to: policy.service_accounts.iter().map(account).collect() }
            }
            Scope::Cluster { namespaces, exempt } => {
                if !policy.service_accounts.is_empty() {
                    let why = "Antrea names a service account together with its namespace; set namespace";
                    findings.refuse(Path::root().field("service_accounts"), Feature::ServiceAccounts, why);
                }
                let namespaces = without(namespaces, exempt.iter().map(NamespaceName::as_str));
                let applied_to = AppliedTo::Pods { namespace_selector: Some((&namespaces).into()), pod_selector: pods };
                Self { metadata, applied_to: vec![applied_to] }
            }
        }
    }

    fn is_namespaced(&self) -> bool {
        self.metadata.namespace.is_some()
    }

    fn policy(&self, suffix: &str, tier: Tier, priority: u16, egress: Vec<Rule>) -> Manifest {
        let kind = if self.is_namespaced() { &NETWORK_POLICY } else { &CLUSTER_NETWORK_POLICY };
        let spec = PolicySpec { tier, priority, applied_to: self.applied_to.clone(), egress };
        Manifest::new(kind, self.metadata.clone().suffixed(suffix), &spec)
    }

    fn group(&self, name: String, service_reference: NamespacedName) -> Manifest {
        let kind = if self.is_namespaced() { &GROUP } else { &CLUSTER_GROUP };
        Manifest::new(kind, Metadata { name, ..self.metadata.clone() }, &GroupSpec { service_reference })
    }
}

/// A selector of namespaces without some by name.
fn without<'a>(namespaces: &Selector, exempt: impl Iterator<Item = &'a str>) -> Selector {
    let mut namespaces = namespaces.clone();
    let names: BTreeSet<_> = exempt.filter_map(|name| name.parse().ok()).collect();
    if let (Ok(key), false) = (NAMESPACE_NAME_LABEL.parse::<LabelKey>(), names.is_empty()) {
        namespaces.match_expressions.push(Requirement { key, operator: Operator::NotIn(names) });
    }
    namespaces
}

/// The selector of one namespace.
fn named(namespace: &str) -> LabelSelector {
    let name = (NAMESPACE_NAME_LABEL.to_owned(), namespace.to_owned());
    LabelSelector { match_labels: [name].into(), match_expressions: Vec::new() }
}
