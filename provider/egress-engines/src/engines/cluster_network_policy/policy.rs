//! The compiler to `policy.networking.k8s.io/v1alpha2` `ClusterNetworkPolicy`.
//!
//! Source: the CRDs of network-policy-api 0.2.0, standard and experimental channel, and the NPEPs on tiers and on domain names.
//! Implemented by Calico 3.32, Kube-OVN, kube-network-policies and Cilium 1.20 (opt-in).
//!
//! A policy becomes up to three objects: its deny rules and its allow rules in the Admin tier, and the default deny in the
//! Baseline tier; [`crate::tiers`] says why. Without a priority deny rules are asked first of all (0) and allow rules last
//! (1000), so that deny rules win over every policy's allow rules; with one, both are in one object, deny rules first.

use egress_model::policy::{Path, Policy, Priority, Scope};

use super::object::KIND;
use super::object::{Action, ClusterNetworkPolicySpec, EgressRule, Protocol, Tier};
use super::support;
use crate::manifest::Manifest;
use crate::settings::NetworkPolicyApiChannel;
use crate::tiers::{self, Limits, Objects, Subject, TierRule, allow_rules, default_deny, deny_rules, subject};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine: any network plugin that enforces `ClusterNetworkPolicy`.
pub const ENGINE: Engine = Engine {
    name: EngineName::ClusterNetworkPolicy,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&KIND],
    own_namespaces: tiers::OWN_NAMESPACES,
};

/// Rules of one object (CRD, `spec.egress`: maxItems).
const RULES: usize = 25;

fn limits(settings: &Settings) -> Limits {
    let experimental = settings.network_policy_api == NetworkPolicyApiChannel::Experimental;
    Limits { peers: 25, ports: 25, networks: 25, nodes: experimental, domains: experimental, named_ports: true }
}

/// Compiles a policy to the objects of its deny rules, of its allow rules, and of its default deny.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    note_tiers(policy, &mut findings);
    let limits = limits(settings);
    let denies = written(&deny_rules(policy, limits, &mut findings), Action::Deny);
    let accepts = written(&allow_rules(policy, limits, &mut findings), Action::Accept);
    let subject = subject(policy);
    let mut manifests = Vec::new();
    if let Some(priority) = policy.priority {
        let rules: Vec<EgressRule> = denies.into_iter().chain(accepts).collect();
        tiers::check_fits_one_object("a ClusterNetworkPolicy", rules.len(), RULES, &mut findings);
        manifests.extend(objects(policy, "", Tier::Admin, priority.get(), &subject, &rules));
    } else {
        manifests.extend(objects(policy, "-deny", Tier::Admin, 0, &subject, &denies));
        manifests.extend(objects(policy, "", Tier::Admin, Priority::LAST, &subject, &accepts));
    }
    let default = written(&[default_deny()], Action::Deny);
    manifests.extend(objects(policy, "-default-deny", Tier::Baseline, Priority::LAST, &subject, &default));
    Compiled::new(manifests, findings)
}

/// Objects of one tier and priority.
fn objects(
    policy: &Policy,
    suffix: &str,
    tier: Tier,
    priority: u16,
    subject: &Subject,
    rules: &[EgressRule],
) -> Vec<Manifest> {
    Objects { kind: &KIND, limit: RULES, suffix }.of(policy, rules, |rules| ClusterNetworkPolicySpec {
        tier,
        priority,
        subject: subject.clone(),
        egress: rules.to_vec(),
    })
}

fn note_tiers(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    let feature = match policy.scope {
        Scope::Namespace(_) => Feature::NamespaceScope,
        Scope::Cluster { .. } => Feature::ClusterScope,
    };
    let why = "allow and deny rules are in the Admin tier, where no NetworkPolicy takes them back; the default deny is in the \
               Baseline tier, so that a NetworkPolicy of the same pods adds what it allows. Two policies of one priority that \
               decide differently have no defined order. Cilium matches no node by its address, so there the default deny does \
               not reach nodes: use engine \"cilium\"";
    findings.add(Level::Exact, Path::root().field("namespace"), feature, why);
}

fn written(rules: &[TierRule], action: Action) -> Vec<EgressRule> {
    rules
        .iter()
        .map(|rule| EgressRule {
            name: rule.name.clone(),
            action,
            to: rule.to.clone(),
            protocols: rule.ports.iter().map(Protocol::from).collect(),
        })
        .collect()
}
