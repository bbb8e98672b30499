//! The compiler to OVN-Kubernetes: `NetworkPolicy`, and `k8s.ovn.org/v1` `EgressFirewall` for what that cannot say.
//!
//! Sources: OVN-Kubernetes 1.3 on `EgressFirewall`, and its CRD; the documentation of `OpenShift` 4, "Configuring an egress firewall
//! for a project", and its enhancement about `CoreDNS` and `EgressFirewall`.
//!
//! A namespace has one `EgressFirewall`, called `default`, for all of its pods and for every destination that is not a pod: its
//! rules are asked in order, and what none matches passes. A `NetworkPolicy` is enforced elsewhere, so traffic must pass both.
//! A policy that only allows, and no names, is a `NetworkPolicy` alone. One that denies or has names is both: the
//! `EgressFirewall` decides about what is not a pod, exactly; the `NetworkPolicy` decides about pods, and lets pass to outside the
//! cluster whatever a rule with names may mean.

use std::collections::BTreeSet;

use egress_model::policy::{Entity, Path, Peers, Policy, Rule};

use super::firewall;
use super::object::{EGRESS_FIREWALL, EgressFirewallSpec};
use super::support;
use crate::engines::network_policy;
use crate::manifest::{Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine: OVN-Kubernetes.
pub const ENGINE: Engine = Engine {
    name: EngineName::OvnKubernetes,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&EGRESS_FIREWALL, &network_policy::KIND],
    own_namespaces: &[],
};

/// How many rules of an `EgressFirewall` count; the others are ignored (`types.EgressFirewallStartPriority` 10000 down to
/// `MinimumReservedEgressFirewallPriority` 2000).
const RULES: usize = 8001;

/// Compiles a policy to a `NetworkPolicy`, and where it needs one to the namespace's `EgressFirewall` before it.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    note_resolver(policy, &mut findings);
    let mut manifests = Vec::new();
    if needs_firewall(policy) {
        note_firewall(policy, &mut findings);
        let spec = EgressFirewallSpec { egress: firewall::rules(policy, settings, &mut findings) };
        if spec.egress.len() > RULES {
            let why =
                format!("the policy becomes {} rules of an EgressFirewall, of which {RULES} count", spec.egress.len());
            findings.refuse(Path::root().field("allow"), Feature::Cidrs, why);
        }
        let metadata = Metadata { name: "default".to_owned(), ..Metadata::of(policy) };
        manifests.push(Manifest::new(&EGRESS_FIREWALL, metadata, &spec));
    }
    let mut egress = if policy.dns.allowed { network_policy::dns_rules(&policy.dns.resolver) } else { Vec::new() };
    for (key, rule) in &policy.allow {
        let path = Path::root().field("allow").key(key);
        if matches!(rule.to, Peers::Domains(_)) && policy.cluster.pods.is_empty() {
            let why = "beside the EgressFirewall with the names a NetworkPolicy has to let pass what is outside the cluster, which \
                       is known only with the provider's kubernetes.cluster_cidrs.pods; set it, and services and nodes beside it";
            findings.refuse(path.field("to_domains"), Feature::External, why);
            continue;
        }
        egress.extend(network_policy::allow_rules(policy, &widened(rule), &path, &mut findings));
    }
    manifests.push(network_policy::manifest(policy, Metadata::of(policy), egress));
    Compiled::new(manifests, findings)
}

/// Tells where the resolver may be somewhere else: OVN-Kubernetes is what `OpenShift` has, whose resolver is not where Kubernetes' is.
fn note_resolver(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    const WHY: &str = "the DNS resolver is taken to be kube-system's on port 53, where Kubernetes installs it; on OpenShift it is \
                       openshift-dns's on port 5353, and names are not found. Set the provider's kubernetes.platform to \"openshift\" or \
                       \"kubernetes\", or say in kubernetes.resolver where it is";
    if !policy.dns.resolver.is_assumed {
        return;
    }
    if policy.dns.allowed {
        findings.add_whatever_the_engine(Level::Degraded, Path::root().field("allow_dns"), Feature::Resolver, WHY);
    }
    for (field, rules) in [("allow", &policy.allow), ("deny", &policy.deny)] {
        for (key, rule) in rules {
            if matches!(&rule.to, Peers::Entities(entities) if entities.contains(&Entity::Dns)) {
                let at = Path::root().field(field).key(key).field("to_entities");
                findings.add_whatever_the_engine(Level::Degraded, at, Feature::Resolver, WHY);
            }
        }
    }
}

/// Whether there is something that only an `EgressFirewall` can say.
fn needs_firewall(policy: &Policy) -> bool {
    !policy.deny.is_empty() || policy.allow.values().any(|rule| matches!(rule.to, Peers::Domains(_)))
}

/// What a `NetworkPolicy` has to let pass so that the `EgressFirewall` can decide about names.
fn widened(rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    if matches!(rule.to, Peers::Domains(_)) {
        rule.to = Peers::External;
    }
    rule
}

fn note_firewall(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    let root = Path::root();
    let users: BTreeSet<&str> = [("deny", !policy.deny.is_empty())]
        .into_iter()
        .chain(policy.allow.iter().map(|(key, rule)| (key.as_str(), matches!(rule.to, Peers::Domains(_)))))
        .filter_map(|(what, uses)| uses.then_some(what))
        .collect();
    if !policy.pods.is_empty() {
        let why = format!(
            "an EgressFirewall is about every pod of the namespace, and {users:?} can only be said by one; leave pods out, or \
             leave out deny rules and domain names"
        );
        findings.refuse(root.field("pods"), Feature::SourcePods, why);
    }
    let why = "the policy has the namespace's one EgressFirewall: no other policy of the namespace can have one, nor add \
               destinations outside the cluster";
    findings.add(Level::Exact, root.field("namespace"), Feature::NamespaceScope, why);
}
