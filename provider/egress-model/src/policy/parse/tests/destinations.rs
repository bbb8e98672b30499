//! The destinations of rules.

use std::collections::BTreeMap;

use super::*;

#[test]
fn tells_mistakes_about_destinations() {
    check(vec![
        (
            with_rule(rule()),
            "allow[\"r\"]: It has no destination; set exactly one of to_pods, to_namespaces, to_cidrs, to_external, \
             to_domains, to_services and to_entities ([\"all\"] is every destination)",
        ),
        (
            with_rule(RuleSpec { to_external: Some(true), to_cidrs: Some(texts(&["192.0.2.0/24"])), ..rule() }),
            "allow[\"r\"]: It has several kinds of destination (to_cidrs, to_external); a rule has exactly one, so write a rule for each",
        ),
        (
            with_rule(RuleSpec { to_external: Some(false), ..rule() }),
            "allow[\"r\"].to_external: It must be true or left out: false says nothing",
        ),
        (
            with_rule(RuleSpec { to_cidrs: Some(texts(&["192.0.2.0"])), ..rule() }),
            "allow[\"r\"].to_cidrs[0]: 192.0.2.0 has no prefix length; write 192.0.2.0/32 for this one address",
        ),
        (
            with_rule(RuleSpec { to_cidrs: Some(texts(&[])), ..rule() }),
            "allow[\"r\"].to_cidrs: It must not be an empty list; leave it out, or name at least one",
        ),
        (
            to_cidrs(&["192.0.2.0/24", "!10.0.0.0/8"]),
            "allow[\"r\"].to_cidrs[1]: It is not inside any block of the list, so there is nothing to leave out: 10.0.0.0/8",
        ),
        (
            to_cidrs(&["192.0.2.0/24", "!192.0.2.0/24"]),
            "allow[\"r\"].to_cidrs: It must leave something: what begins with \"!\" leaves out every block of the list",
        ),
        (
            to_cidrs(&["!192.0.2.0/24"]),
            "allow[\"r\"].to_cidrs: It must name a block without \"!\" as well: what begins with \"!\" is left out of the others",
        ),
        (
            to_cidrs(&["192.0.2.0/24", "! 192.0.2.0/25"]),
            "allow[\"r\"].to_cidrs[1]: \" 192.0.2.0/25\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32",
        ),
        (
            with_rule(RuleSpec { to_domains: Some(texts(&["*.com"])), ..rule() }),
            "allow[\"r\"].to_domains[0]: \"*.com\" would match every name of a top-level domain; a wildcard needs \
             at least two parts after it",
        ),
        (
            with_rule(RuleSpec { to_entities: Some(texts(&["world"])), ..rule() }),
            "allow[\"r\"].to_entities[0]: \"world\" is not an entity; use one of \"all\", \"kube-apiserver\", \"dns\", \"nodes\"",
        ),
        (
            with_rule(RuleSpec { to_services: Some(texts(&["A"])), ..rule() }),
            "allow[\"r\"].to_services[0]: \"A\" must hold only lowercase letters, digits and '-', and begin and end with a letter or digit",
        ),
        (
            with_rule(RuleSpec { to_services: Some(texts(&["a/b/c"])), ..rule() }),
            "allow[\"r\"].to_services[0]: \"a/b/c\" is not a Service; write \"name\", or \"namespace/name\" for one of another namespace",
        ),
    ]);
}

#[test]
fn an_address_and_the_name_of_a_port_are_told_where_they_belong() {
    let domains = |names: &[&str], ports: &[&str]| {
        with_rule(RuleSpec { to_domains: Some(texts(names)), ports: Some(texts(ports)), ..RuleSpec::default() })
    };
    let outside = "is the name of a pod's port, and no pod is a destination of this rule; write the number";
    check(vec![
        (
            domains(&["api.example.com", "203.0.113.7"], &["443"]),
            "allow[\"r\"].to_domains[1]: 203.0.113.7 is an address, and DNS gives no address for it; addresses are \
             blocks of to_cidrs (cidrs of a gateway), this one \"203.0.113.7/32\"",
        ),
        (domains(&["api.example.com"], &["443", "web/TCP"]), &format!("allow[\"r\"].ports[1]: \"web/TCP\" {outside}")),
        (with_rule(external(&["dns/UDP"])), &format!("allow[\"r\"].ports[0]: \"dns/UDP\" {outside}")),
        (
            with_rule(RuleSpec {
                to_cidrs: Some(texts(&["192.0.2.0/24"])),
                ports: Some(texts(&["web/http"])),
                http_requests: Some(vec![HttpSpec {
                    method: Some("GET".into()),
                    path_prefix: Some("/".into()),
                    headers: Some(BTreeMap::new()),
                    ..HttpSpec::default()
                }]),
                ..RuleSpec::default()
            }),
            &format!("allow[\"r\"].ports[0]: \"web/http\" {outside}"),
        ),
    ]);
}

#[test]
fn exceptions_count_for_every_block() {
    let policy = Policy::parse(&to_cidrs(&["!10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16"])).expect("a policy");
    let Peers::Cidrs(set) = &policy.allow["r"].to else { panic!("no blocks") };
    let blocks: Vec<_> = set.blocks().map(|(block, except)| (block.to_string(), except.len())).collect();
    assert_eq!(blocks, [("10.0.0.0/8".to_owned(), 1)]);
    assert!(
        set.contains("10.2.0.1".parse().expect("an address")) && !set.contains("10.1.0.1".parse().expect("an address"))
    );
    let whole = |except: &[&str]| {
        let policy = Policy::parse(&to_cidrs(&[&["192.0.2.0/24", "2001:db8::/32"], except].concat()));
        let policy = policy.expect("a policy");
        let Peers::Cidrs(set) = &policy.allow["r"].to else { panic!("no blocks") };
        set.remaining().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(whole(&["!192.0.2.64/26", "!192.0.2.64/27"]), ["192.0.2.0/26", "192.0.2.128/25", "2001:db8::/32"]);
    assert_eq!(
        whole(&["!192.0.2.1/32"]),
        [
            "192.0.2.0/32",
            "192.0.2.2/31",
            "192.0.2.4/30",
            "192.0.2.8/29",
            "192.0.2.16/28",
            "192.0.2.32/27",
            "192.0.2.64/26",
            "192.0.2.128/25",
            "2001:db8::/32"
        ]
    );
}
