//! The compiler to `policy.networking.k8s.io/v1alpha1` `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, the older form of
//! `ClusterNetworkPolicy`.
//!
//! Sources: the CRDs of network-policy-api 0.1.7, standard and experimental channel; OVN-Kubernetes 1.3 on `AdminNetworkPolicy`.
//! Implemented by OVN-Kubernetes (with the experimental destinations), Antrea, Kube-OVN, and Calico 3.29 to 3.31.
//!
//! Deny rules and allow rules become an `AdminNetworkPolicy` each, as [`crate::tiers`] says. The default deny has to come after
//! every `NetworkPolicy`, and the one kind for that, `BaselineAdminNetworkPolicy`, exists once in a cluster, as `default`. So
//! the default deny is
//!
//! - of a policy of one namespace, a `NetworkPolicy` that allows nothing, to which others of the namespace add;
//! - of the policy of the whole cluster that is called `default`, that one `BaselineAdminNetworkPolicy`;
//! - of every other policy of the whole cluster, an `AdminNetworkPolicy` asked last, with a finding that a `NetworkPolicy` cannot
//!   add to it.
//!
//! OVN-Kubernetes takes priorities up to 99 only, and reports others as unsupported without enforcing them, so that is what is
//! used, whatever plugin it is for.

use egress_model::policy::{Path, Policy, Scope};

use super::object::{ADMIN, BASELINE};
use super::object::{Action, AdminNetworkPolicySpec, BaselineSpec, EgressRule, PolicyPort};
use super::support;
use crate::engines::network_policy;
use crate::manifest::{Manifest, Metadata};
use crate::settings::NetworkPolicyApiChannel;
use crate::tiers::{self, Limits, Objects, Subject, TierRule, allow_rules, default_deny, deny_rules, subject};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine: any network plugin that enforces `AdminNetworkPolicy`.
pub const ENGINE: Engine = Engine {
    name: EngineName::AdminNetworkPolicy,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&ADMIN, &BASELINE, &network_policy::KIND],
    own_namespaces: tiers::OWN_NAMESPACES,
};

/// The only name that a `BaselineAdminNetworkPolicy` can have (CRD).
const BASELINE_NAME: &str = "default";

/// Rules of one object (CRD, `spec.egress`: maxItems).
const RULES: usize = 100;
/// The number of what is asked last in OVN-Kubernetes: default denies.
const LAST: u16 = 99;
/// The number of allow rules of policies without a priority.
const ALLOW: u16 = LAST - 1;

fn limits(settings: &Settings) -> Limits {
    let experimental = settings.network_policy_api == NetworkPolicyApiChannel::Experimental;
    Limits {
        peers: 100,
        ports: 100,
        networks: 25,
        nodes: experimental,
        domains: experimental,
        named_ports: experimental,
    }
}

/// Compiles a policy to the objects of its deny rules, of its allow rules, and of its default deny.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    let limits = limits(settings);
    let denies = written(&deny_rules(policy, limits, &mut findings), Action::Deny);
    let allows = written(&allow_rules(policy, limits, &mut findings), Action::Allow);
    let subject = subject(policy);
    let mut manifests = Vec::new();
    if let Some(priority) = policy.priority {
        let rules: Vec<EgressRule> = denies.into_iter().chain(allows).collect();
        check_priority(priority.get(), rules.len(), &mut findings);
        manifests.extend(objects(policy, "", priority.get(), &subject, &rules));
    } else {
        manifests.extend(objects(policy, "-deny", 0, &subject, &denies));
        manifests.extend(objects(policy, "", ALLOW, &subject, &allows));
    }
    manifests.push(default_deny_of(policy, subject, &mut findings));
    Compiled::new(manifests, findings)
}

fn check_priority(priority: u16, rules: usize, findings: &mut Findings<'_, Feature>) {
    let at = Path::root().field("priority");
    if priority >= ALLOW {
        let why = format!(
            "OVN-Kubernetes enforces only policies with a priority up to {LAST}, and the last two are those of policies without \
             a priority and of default denies; choose one up to {}",
            ALLOW - 1
        );
        findings.refuse(at, Feature::Priority, why);
    }
    tiers::check_fits_one_object("an AdminNetworkPolicy", rules, RULES, findings);
}

/// Objects of one priority.
fn objects(policy: &Policy, suffix: &str, priority: u16, subject: &Subject, rules: &[EgressRule]) -> Vec<Manifest> {
    Objects { kind: &ADMIN, limit: RULES, suffix }.of(policy, rules, |rules| AdminNetworkPolicySpec {
        priority,
        subject: subject.clone(),
        egress: rules.to_vec(),
    })
}

fn default_deny_of(policy: &Policy, subject: Subject, findings: &mut Findings<'_, Feature>) -> Manifest {
    let at = Path::root().field("namespace");
    let metadata = Metadata::cluster_wide_of(policy);
    let egress = written(&[default_deny()], Action::Deny);
    match policy.scope {
        Scope::Namespace(_) => {
            let why = "the default deny is a NetworkPolicy that allows nothing, so that other NetworkPolicies of the same pods \
                       add what they allow; allow and deny rules are an AdminNetworkPolicy, which none of them takes back";
            findings.add(Level::Exact, at, Feature::NamespaceScope, why);
            network_policy::manifest(policy, Metadata::of(policy).suffixed("-default-deny"), Vec::new())
        }
        Scope::Cluster { .. } if metadata.name == BASELINE_NAME => {
            let why = "the default deny is the cluster's BaselineAdminNetworkPolicy, so that NetworkPolicies of the same pods add \
                       what they allow";
            findings.add(Level::Exact, at, Feature::ClusterScope, why);
            Manifest::new(&BASELINE, metadata, &BaselineSpec { subject, egress })
        }
        Scope::Cluster { .. } => {
            let why = "the default deny is an AdminNetworkPolicy, so a NetworkPolicy of the same pods cannot add to what is \
                       allowed; only the policy called \"default\" can have the cluster's one BaselineAdminNetworkPolicy instead";
            findings.add(Level::Degraded, at, Feature::ClusterScope, why);
            let spec = AdminNetworkPolicySpec { priority: LAST, subject, egress };
            Manifest::new(&ADMIN, metadata.suffixed("-default-deny"), &spec)
        }
    }
}

fn written(rules: &[TierRule], action: Action) -> Vec<EgressRule> {
    rules
        .iter()
        .map(|rule| EgressRule {
            name: rule.name.clone(),
            action,
            to: rule.to.clone(),
            ports: rule.ports.iter().map(PolicyPort::from).collect(),
        })
        .collect()
}
