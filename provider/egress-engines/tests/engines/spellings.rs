//! One destination in several spellings is one destination: final dots, zeros of IPv6, bits below a prefix and the case of protocols change
//! nothing in what is emitted. Upper case in a name is refused, so that no engine can read it in its own way.

use std::net::IpAddr;

use egress_engines::{ENGINES, Settings};
use egress_model::policy::{Policy, RuleSpec, Spec};
use proptest::prelude::*;

use crate::generate::{random, wild};

/// A name in another spelling.
fn respelled_name(name: &str, choice: u8) -> String {
    if choice & 1 == 0 { name.to_owned() } else { format!("{name}.") }
}

/// A block in another spelling.
fn respelled_block(text: &str, choice: u8) -> String {
    let (sign, block) = text.strip_prefix('!').map_or(("", text), |block| ("!", block));
    let Some((address, length)) = block.split_once('/') else { return text.to_owned() };
    let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), length.parse::<u32>()) else { return text.to_owned() };
    let below = u128::from(choice & 1);
    let address = match address {
        IpAddr::V4(address) if prefix < 32 => {
            IpAddr::V4((address.to_bits() | u32::try_from(below).expect("one bit")).into()).to_string()
        }
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let address = std::net::Ipv6Addr::from_bits(address.to_bits() | if prefix < 128 { below } else { 0 });
            let full = address.segments().map(|segment| format!("{segment:04x}")).join(":");
            match choice & 6 {
                0 => address.to_string(),
                2 => full,
                _ => full.to_ascii_uppercase(),
            }
        }
    };
    format!("{sign}{address}/{length}")
}

fn respelled(mut spec: Spec, choices: &[u8]) -> Spec {
    let mut choices = choices.iter().copied().cycle();
    let mut next = || choices.next().unwrap_or_default();
    let rules = |rule: &mut RuleSpec, next: &mut dyn FnMut() -> u8| {
        for names in [&mut rule.to_domains, &mut rule.server_names].into_iter().flatten() {
            for name in names {
                *name = respelled_name(name, next());
            }
        }
        for block in rule.to_cidrs.iter_mut().flatten() {
            *block = respelled_block(block, next());
        }
        for port in rule.ports.iter_mut().flatten() {
            // Protocols have no case; the names of ports have.
            if let Some((which, protocol)) = port.split_once('/').filter(|_| next() & 1 == 1) {
                *port = format!("{which}/{}", protocol.to_ascii_lowercase());
            }
        }
    };
    for rule in spec.allow.values_mut().chain(spec.deny.values_mut()) {
        rules(rule, &mut next);
    }
    for name in spec.dns_queries.iter_mut().flatten() {
        *name = respelled_name(name, next());
    }
    spec
}

proptest! {
    #![proptest_config(random(600))]

    #[test]
    fn a_spelling_changes_nothing(spec in wild(), choices in prop::collection::vec(any::<u8>(), 12)) {
        let other = respelled(spec.clone(), &choices);
        let (policy, respelled) = (Policy::parse(&spec), Policy::parse(&other));
        prop_assert_eq!(policy.is_ok(), respelled.is_ok(), "{:?}", respelled);
        if let (Ok(policy), Ok(respelled)) = (policy, respelled) {
            for engine in ENGINES.iter() {
                let settings = Settings::default();
                let (one, other) = ((engine.compile)(&policy, &settings), (engine.compile)(&respelled, &settings));
                prop_assert_eq!(&one.manifests, &other.manifests, "{}", engine.name);
                prop_assert_eq!(&one.findings, &other.findings, "{}", engine.name);
            }
        }
    }
}

#[test]
fn upper_case_is_no_name() {
    let rule = RuleSpec {
        to_domains: Some(vec!["API.example.com".to_owned()]),
        ports: Some(vec!["443".to_owned()]),
        ..RuleSpec::default()
    };
    let allow = [("r".to_owned(), rule)].into();
    let spec = Spec { name: "p".into(), namespace: Some("shop".into()), allow, ..Spec::default() };
    let wrong = Policy::parse(&spec).expect_err("no policy");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].path.to_string(), "allow[\"r\"].to_domains[0]");
}

#[test]
fn spellings_differ_and_mean_the_same() {
    assert_eq!(respelled_name("*.example.com", 1), "*.example.com.");
    assert_eq!(respelled_block("!10.0.0.0/8", 1), "!10.0.0.1/8");
    assert_eq!(respelled_block("2001:db8::/32", 5), "2001:0DB8:0000:0000:0000:0000:0000:0001/32");
    assert_eq!(respelled_block("203.0.113.7/32", 1), "203.0.113.7/32");
}
