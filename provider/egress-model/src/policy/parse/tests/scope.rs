//! Policies of one namespace and of the whole cluster, and what is taken for granted of the cluster.

use std::collections::BTreeMap;

use super::*;

#[test]
fn a_namespace_is_not_named_and_left_out() {
    let named = |names: &[&str], exempt: Option<&[&str]>| Spec {
        namespace: None,
        namespaces: Some(NamespaceSelectorSpec { names: Some(texts(names)), ..NamespaceSelectorSpec::default() }),
        exempt_namespaces: exempt.map(texts),
        ..valid()
    };
    let written = |label: &str| Spec {
        namespace: None,
        namespaces: Some(NamespaceSelectorSpec {
            match_labels: BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), label.to_owned())]),
            ..NamespaceSelectorSpec::default()
        }),
        ..valid()
    };
    let by_default = "namespaces: It would be left out again: kube-system is one of the cluster's own, which \
                      policies of the whole cluster leave alone where exempt_namespaces is not set. To have the \
                      policy be about it, set exempt_namespaces to a list without it, such as []; else do not name \
                      it here";
    check(vec![
        (named(&["kube-system"], None), by_default),
        (named(&["shop", "kube-system"], None), by_default),
        (written("kube-system"), by_default),
        (
            named(&["shop", "billing"], Some(&["shop"])),
            "namespaces: It would be left out again: shop is in exempt_namespaces. To have the policy be about it, \
             set exempt_namespaces to a list without it, such as []; else do not name it here",
        ),
    ]);
    for good in [named(&["kube-system"], Some(&[])), named(&["shop"], None), written("shop")] {
        assert_eq!(mistakes(&good), [""; 0], "{good:?}");
    }
}

#[test]
fn tells_what_only_one_scope_can_have() {
    let cluster_wide = |rule: RuleSpec| Spec { namespace: None, ..with_rule(rule) };
    check(vec![
        (
            Spec { exempt_namespaces: Some(texts(&["kube-system"])), ..valid() },
            "exempt_namespaces: It is for policies of the whole cluster; leave it out, or leave out namespace",
        ),
        (
            Spec { namespaces: Some(NamespaceSelectorSpec::all()), ..valid() },
            "namespaces: It is for policies of the whole cluster; leave it out, or leave out namespace",
        ),
        (
            cluster_wide(RuleSpec { to_pods: Some(SelectorSpec::all()), ..rule() }),
            "allow[\"r\"].to_pods: It has no meaning in a policy of the whole cluster, which has no namespace of \
             its own; use to_namespaces, with its pods",
        ),
        (
            cluster_wide(RuleSpec { to_services: Some(texts(&["a"])), ..rule() }),
            "allow[\"r\"].to_services[0]: \"a\" is not a Service; write \"name\", or \"namespace/name\" for one of another namespace",
        ),
    ]);
}

#[test]
fn policies_of_the_whole_cluster_leave_the_systems_namespaces_alone() {
    let policy = Policy::parse(&Spec { namespace: None, ..valid() }).expect("a policy");
    let Scope::Cluster { namespaces, exempt } = policy.scope else { panic!("a namespace") };
    assert!(namespaces.is_empty());
    assert_eq!(
        exempt.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["kube-node-lease", "kube-public", "kube-system"]
    );
}

#[test]
fn a_platform_says_where_the_resolver_is_and_what_is_its_own() {
    let of = |platform: Option<&str>, resolver: ResolverSpec, own: &[&str]| {
        let cluster = ClusterSpec {
            platform: platform.map(str::to_owned),
            own_namespaces: texts(own),
            resolver,
            ..ClusterSpec::default()
        };
        Policy::parse(&Spec { namespace: None, cluster, ..valid() }).expect("a policy")
    };
    let none = ResolverSpec::default;
    let asked = |policy: &Policy| {
        let resolver = &policy.dns.resolver;
        let ports: Vec<u16> = resolver.ports.iter().map(|port| port.get()).collect();
        (resolver.namespace.to_string(), resolver.pods.to_string(), ports, resolver.is_assumed)
    };
    let of_kubernetes = |is_assumed| ("kube-system".to_owned(), "k8s-app=kube-dns".to_owned(), vec![53], is_assumed);
    assert_eq!(asked(&of(None, none(), &[])), of_kubernetes(true));
    assert_eq!(asked(&of(Some("kubernetes"), none(), &[])), of_kubernetes(false));
    let pods = "dns.operator.openshift.io/daemonset-dns=default".to_owned();
    let openshift = of(Some("openshift"), none(), &["calico-system"]);
    assert_eq!(asked(&openshift), ("openshift-dns".to_owned(), pods, vec![5353], false));
    let Scope::Cluster { exempt, .. } = &openshift.scope else { panic!("a namespace") };
    for name in ["kube-system", "openshift-dns", "openshift-ovn-kubernetes", "calico-system"] {
        assert!(exempt.iter().any(|exempt| exempt.as_str() == name), "{name} in {exempt:?}");
    }
    // What is written about the resolver is no guess, and its namespace is left alone wherever it is.
    let elsewhere = of(None, ResolverSpec { namespace: Some("dns".into()), ..none() }, &[]);
    assert!(!elsewhere.dns.resolver.is_assumed);
    assert!(elsewhere.own_namespaces.iter().any(|name| name.as_str() == "dns"));
    // A cache beside it says nothing of where it is.
    assert!(
        of(None, ResolverSpec { node_local_ips: Some(texts(&["169.254.20.10"])), ..none() }, &[])
            .dns
            .resolver
            .is_assumed
    );
    check(vec![(
        in_cluster(ClusterSpec { platform: Some("rancher".into()), ..ClusterSpec::default() }),
        "platform: \"rancher\" is not a platform; use one of \"kubernetes\", \"openshift\", or leave it out",
    )]);
}
