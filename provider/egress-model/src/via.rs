//! What of a policy can be sent through a gateway: one of the cloud's network, which knows addresses and nothing else, or one in
//! the cluster.

mod gateway;

use std::collections::BTreeMap;

use crate::cidr::Cidr;
use crate::policy::{ClusterRanges, Path, RuleSpec, Spec};

pub use gateway::gateway_for;

/// Why a part of a policy cannot be sent through a gateway. The text completes "it ...". What to do instead depends on the gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unroutable {
    /// Names.
    #[error("names domains, and a gateway matches addresses: it cannot follow what a name resolves to")]
    Domains,
    /// Pods by their service account.
    #[error("selects pods by their service accounts, and a gateway selects them by their labels")]
    ServiceAccounts,
    /// Every address outside the cluster.
    #[error(
        "means every address outside the cluster, which is the default route of the gateway and not one of a policy"
    )]
    Everything,
    /// IPv6.
    #[error("is an IPv6 block, and the gateway translates IPv4")]
    Ipv6,
    /// A block with exceptions.
    #[error("leaves out a part of a block, which a route cannot")]
    Except,
    /// A block of the cluster's own.
    #[error("is within {range}, the cluster's own addresses, whose traffic does not leave by a gateway")]
    WithinCluster {
        /// The cluster's range.
        range: Cidr,
    },
    /// A policy that is not enforced.
    #[error("is {mode:?}: traffic is not yet stopped, but would go through the gateway at once")]
    NotEnforced {
        /// The mode.
        mode: String,
    },
    /// Nothing to route.
    #[error("has nothing to send through the gateway: no rule of allow names addresses outside the cluster")]
    Nothing,
}

/// The blocks that a policy allows and that a gateway of the network can be given, each with where it is written first. Rules about
/// pods, Services and parts of the cluster stay inside and are passed over. `others` says whether something else is routed too, such
/// as a prefix list. The specification must be one that [`crate::policy::Policy::parse`] takes.
pub fn destinations(
    spec: &Spec,
    cluster: &ClusterRanges,
    others: bool,
) -> Result<BTreeMap<Cidr, Path>, Vec<(Path, Unroutable)>> {
    let (mut found, mut wrong) = (BTreeMap::new(), Vec::new());
    wrong.extend(not_enforced(spec));
    for (key, rule) in &spec.allow {
        let at = Path::root().field("allow").key(key);
        of_rule(rule, &at, cluster, &mut found, &mut wrong);
    }
    if found.is_empty() && wrong.is_empty() && !others {
        wrong.push((Path::root().field("via"), Unroutable::Nothing));
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn not_enforced(spec: &Spec) -> Option<(Path, Unroutable)> {
    let mode = spec.mode.as_ref().filter(|mode| *mode != "enforce")?;
    Some((Path::root().field("mode"), Unroutable::NotEnforced { mode: mode.clone() }))
}

fn of_rule(
    rule: &RuleSpec,
    at: &Path,
    cluster: &ClusterRanges,
    found: &mut BTreeMap<Cidr, Path>,
    wrong: &mut Vec<(Path, Unroutable)>,
) {
    if rule.to_domains.is_some() {
        wrong.push((at.field("to_domains"), Unroutable::Domains));
    }
    if rule.to_external == Some(true) {
        wrong.push((at.field("to_external"), Unroutable::Everything));
    }
    let all = rule.to_entities.iter().flatten().position(|entity| entity == "all");
    wrong.extend(all.map(|index| (at.field("to_entities").index(index), Unroutable::Everything)));
    let internal = cluster.internal();
    for (index, text) in rule.to_cidrs.iter().flatten().enumerate() {
        let at = at.field("to_cidrs").index(index);
        if text.starts_with('!') {
            wrong.push((at, Unroutable::Except));
            continue;
        }
        let Ok(cidr) = text.parse::<Cidr>() else { continue };
        if !cidr.same_family(&Cidr::ALL_IPV4) {
            wrong.push((at, Unroutable::Ipv6));
        } else if cidr == Cidr::ALL_IPV4 {
            wrong.push((at, Unroutable::Everything));
        } else if let Some(range) = internal.iter().find(|range| range.covers(&cidr)) {
            wrong.push((at, Unroutable::WithinCluster { range: *range }));
        } else {
            found.entry(cidr).or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rules: &[(&str, RuleSpec)]) -> Spec {
        let allow = rules.iter().map(|(key, rule)| ((*key).to_owned(), rule.clone())).collect();
        Spec { allow, ..Spec::default() }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn to_cidrs(cidrs: &[&str]) -> RuleSpec {
        RuleSpec { to_cidrs: Some(texts(cidrs)), ..RuleSpec::default() }
    }

    fn cluster() -> ClusterRanges {
        let pods = "10.244.0.0/16".parse::<Cidr>().expect("a block");
        ClusterRanges { pods: [pods].into(), ..ClusterRanges::default() }
    }

    #[test]
    fn finds_each_block_once_and_passes_over_what_stays_inside() {
        let inside = RuleSpec { to_services: Some(texts(&["db"])), ..RuleSpec::default() };
        let api = RuleSpec { to_entities: Some(texts(&["kube-apiserver"])), ..RuleSpec::default() };
        let a = to_cidrs(&["203.0.113.0/24", "198.51.100.7/32"]);
        let spec = spec(&[("a", a), ("b", to_cidrs(&["203.0.113.0/24"])), ("db", inside), ("k", api)]);
        let found = destinations(&spec, &cluster(), false).expect("blocks");
        let shown: Vec<String> = found.iter().map(|(cidr, path)| format!("{cidr} {path}")).collect();
        assert_eq!(shown, [r#"198.51.100.7/32 allow["a"].to_cidrs[1]"#, r#"203.0.113.0/24 allow["a"].to_cidrs[0]"#]);
    }

    #[test]
    fn says_what_cannot_be_routed() {
        let cases = [
            (
                RuleSpec { to_domains: Some(texts(&["example.com"])), ..RuleSpec::default() },
                r#"allow["r"].to_domains"#,
                "names domains",
            ),
            (RuleSpec { to_external: Some(true), ..RuleSpec::default() }, r#"allow["r"].to_external"#, "default route"),
            (
                RuleSpec { to_entities: Some(texts(&["all"])), ..RuleSpec::default() },
                r#"allow["r"].to_entities[0]"#,
                "default route",
            ),
            (to_cidrs(&["192.0.2.0/24", "2001:db8::/32"]), r#"allow["r"].to_cidrs[1]"#, "IPv6"),
            (to_cidrs(&["0.0.0.0/0"]), r#"allow["r"].to_cidrs[0]"#, "default route"),
            (to_cidrs(&["10.244.7.0/24"]), r#"allow["r"].to_cidrs[0]"#, "is within 10.244.0.0/16"),
            (to_cidrs(&["192.0.2.0/24", "!192.0.2.1/32"]), r#"allow["r"].to_cidrs[1]"#, "leaves out a part"),
            (RuleSpec { to_services: Some(texts(&["db"])), ..RuleSpec::default() }, "via", "nothing to send"),
        ];
        for (rule, path, text) in cases {
            let wrong = destinations(&spec(&[("r", rule)]), &cluster(), false).expect_err(text);
            let shown: Vec<String> = wrong.iter().map(|(path, why)| format!("{path}: {why}")).collect();
            assert_eq!(shown.len(), 1, "{shown:?}");
            assert!(shown[0].starts_with(&format!("{path}: ")) && shown[0].contains(text), "{shown:?}");
        }
        let wide = destinations(&spec(&[("r", to_cidrs(&["10.0.0.0/8"]))]), &cluster(), false);
        assert!(wide.is_ok(), "only a part of it is the cluster's");
        assert!(destinations(&spec(&[]), &cluster(), true).is_ok(), "a prefix list is enough");
        let staged = Spec { mode: Some("staged".to_owned()), ..spec(&[("r", to_cidrs(&["192.0.2.0/24"]))]) };
        assert!(destinations(&staged, &cluster(), false).is_err());
    }
}
