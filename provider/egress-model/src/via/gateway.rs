//! A policy through an in-cluster gateway: the gateway that is the same one for the policy's pods and destinations.

use std::collections::{BTreeMap, BTreeSet};

use crate::cidr::Cidr;
use crate::gateway::{DestinationsSpec, GatewaySpec, SourceSpec};
use crate::labels::NAMESPACE_NAME_LABEL;
use crate::policy::{Entity, Form, NamespaceSelectorSpec, Path, Peers, Policy, Scope, SelectorSpec, Spec};

use super::Unroutable;

/// Another gateway with the addresses and nodes of `through`, for the pods of a policy and to what it allows outside the cluster.
/// The policy is what was read from the specification.
pub fn gateway_for(
    policy: &Policy,
    spec: &Spec,
    through: &GatewaySpec,
) -> Result<GatewaySpec, Vec<(Path, Unroutable)>> {
    let root = Path::root();
    let mut wrong: Vec<(Path, Unroutable)> = super::not_enforced(spec).into_iter().collect();
    if !policy.service_accounts.is_empty() {
        wrong.push((root.field("service_accounts"), Unroutable::ServiceAccounts));
    }
    let (mut blocks, mut everything) = (BTreeSet::new(), false);
    for (key, rule) in &policy.allow {
        match &rule.to {
            Peers::Cidrs(set) => blocks.extend(set.remaining()),
            Peers::External => everything = true,
            Peers::Entities(entities) => everything |= entities.contains(&Entity::All),
            Peers::Domains(_) => {
                wrong.push((root.field("allow").key(key).field("to_domains"), Unroutable::Domains));
            }
            Peers::Pods { .. } | Peers::Services(_) => {}
        }
    }
    if blocks.is_empty() && !everything && wrong.is_empty() {
        wrong.push((root.field("via"), Unroutable::Nothing));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let texts = |blocks: BTreeSet<Cidr>| blocks.iter().map(ToString::to_string).collect();
    let to = (!everything).then(|| DestinationsSpec { cidrs: Some(texts(blocks)), domains: None });
    let name = match policy.scope.namespace() {
        Some(namespace) => format!("{namespace}-{}", policy.name),
        None => policy.name.to_string(),
    };
    let pods = spec.pods.clone().unwrap_or_else(SelectorSpec::all);
    let source = SourceSpec { pods: Some(pods), namespaces: Some(namespaces(policy, spec)) };
    Ok(GatewaySpec {
        name,
        labels: spec.labels.clone(),
        annotations: spec.annotations.clone(),
        sources: BTreeMap::from([("policy".to_owned(), source)]),
        to,
        ..through.clone()
    })
}

/// The namespaces of the policy's pods.
fn namespaces(policy: &Policy, spec: &Spec) -> NamespaceSelectorSpec {
    match &policy.scope {
        Scope::Namespace(namespace) => {
            NamespaceSelectorSpec { names: Some(vec![namespace.to_string()]), ..NamespaceSelectorSpec::default() }
        }
        Scope::Cluster { exempt, .. } => {
            let mut namespaces = spec.namespaces.clone().unwrap_or_else(NamespaceSelectorSpec::all);
            if !exempt.is_empty() {
                // What the policy says of its own namespaces stands beside.
                (namespaces.form, namespaces.all) = (Form::Block, None);
                let names: Vec<String> = exempt.iter().map(ToString::to_string).collect();
                namespaces.match_expressions.push(format!("{NAMESPACE_NAME_LABEL} notin ({})", names.join(", ")));
            }
            namespaces
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::RuleSpec;

    fn through() -> GatewaySpec {
        GatewaySpec {
            name: "partners".into(),
            namespace: "egress".into(),
            ips: vec!["10.0.1.7".into()],
            ..GatewaySpec::default()
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn rule() -> RuleSpec {
        RuleSpec { ports: Some(texts(&["any"])), ..RuleSpec::default() }
    }

    fn gateway(spec: &Spec) -> Result<GatewaySpec, Vec<(Path, Unroutable)>> {
        let policy = Policy::parse(spec).expect("a policy");
        gateway_for(&policy, spec, &through())
    }

    fn spec(rules: &[(&str, RuleSpec)]) -> Spec {
        Spec {
            name: "backend".into(),
            namespace: Some("production".into()),
            allow: rules.iter().map(|(key, rule)| ((*key).to_owned(), rule.clone())).collect(),
            ..Spec::default()
        }
    }

    #[test]
    fn takes_the_policys_pods_and_blocks_and_the_gateways_addresses() {
        let whole = RuleSpec { to_cidrs: Some(texts(&["192.0.2.0/30", "!192.0.2.0/32"])), ..rule() };
        let one = RuleSpec { to_cidrs: Some(texts(&["192.0.2.0/32"])), ..rule() };
        let made = gateway(&spec(&[("a", whole), ("b", one)])).expect("a gateway");
        assert_eq!((made.name.as_str(), &made.ips), ("production-backend", &through().ips));
        // What one rule leaves out another may mean.
        assert_eq!(made.to.and_then(|to| to.cidrs), Some(texts(&["192.0.2.0/32", "192.0.2.1/32", "192.0.2.2/31"])));
        assert_eq!(
            made.sources["policy"].namespaces.as_ref().and_then(|n| n.names.clone()),
            Some(texts(&["production"]))
        );
        let external = RuleSpec { to_external: Some(true), ..rule() };
        assert_eq!(gateway(&spec(&[("a", external)])).map(|gateway| gateway.to), Ok(None));
    }

    #[test]
    fn exempt_namespaces_stay_out() {
        let rule = RuleSpec { to_cidrs: Some(texts(&["192.0.2.0/24"])), ..rule() };
        let gateway = gateway(&Spec { namespace: None, ..spec(&[("a", rule)]) }).expect("a gateway");
        let namespaces = gateway.sources["policy"].namespaces.clone().expect("namespaces");
        assert!(namespaces.match_expressions[0].contains("notin (kube-node-lease, kube-public, kube-system)"));
    }

    #[test]
    fn says_what_cannot_go_through_it() {
        let names = RuleSpec { to_domains: Some(texts(&["example.com"])), ..rule() };
        let inside = RuleSpec { to_services: Some(texts(&["db"])), ..rule() };
        for (rule, why) in [(names, Unroutable::Domains), (inside, Unroutable::Nothing)] {
            let wrong = gateway(&spec(&[("a", rule)])).expect_err("nothing");
            assert_eq!(wrong.into_iter().map(|(_, why)| why).collect::<Vec<_>>(), [why]);
        }
    }
}
