//! Destinations as Cilium's agents see them, to be compared: however they are written, a selector is the demands that it makes.
//!
//! Source: `pkg/policy/types/selector.go` and `pkg/policy/api/entity.go` of 1.20.2; documentation, "Layer 3 Policies". A block and a name
//! hold what is outside the cluster only (`policyCIDRMatchMode` can change that for nodes), and an address can have several names.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::cidr::{Cidr, Outermost};
use egress_model::policy::Policy;

use super::object::{CidrRule, Destination, Entity, FqdnSelector, ServiceName};
use super::selector::{NAMESPACE_LABEL_PREFIX, POD_NAMESPACE_KEY};
use crate::label_selector::LabelSelector;

/// One element of a list of destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Pods(BTreeMap<String, Demand>),
    Block { block: Cidr, except: Outermost },
    Entity(Entity),
    Name(FqdnSelector),
    Service(ServiceName),
}

/// What a label must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Demand {
    /// One of these, where there are some.
    among: Option<BTreeSet<String>>,
    /// None of these.
    not_among: BTreeSet<String>,
    presence: Presence,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Presence {
    #[default]
    Any,
    There,
    Absent,
    /// Both, which no label is.
    Impossible,
}

impl Presence {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, one) | (one, Self::Any) => one,
            (one, other) if one == other => one,
            _ => Self::Impossible,
        }
    }
}

impl Demand {
    fn among(values: impl IntoIterator<Item = String>) -> Self {
        Self { among: Some(values.into_iter().collect()), presence: Presence::There, ..Self::default() }
    }

    fn and(self, other: &Self) -> Self {
        let not_among: BTreeSet<String> = self.not_among.union(&other.not_among).cloned().collect();
        let among = match (self.among, &other.among) {
            (Some(one), Some(other)) => Some(one.intersection(other).cloned().collect()),
            (one, other) => one.or_else(|| other.clone()),
        };
        let presence = self.presence.and(other.presence);
        match among {
            Some(among) => {
                let among: BTreeSet<String> = among.difference(&not_among).cloned().collect();
                Self { among: Some(among), not_among: BTreeSet::new(), presence }
            }
            None => Self { among: None, not_among, presence },
        }
    }

    fn is_possible(&self) -> bool {
        self.presence != Presence::Impossible && self.among.as_ref().is_none_or(|among| !among.is_empty())
    }

    /// Whether whatever meets the demand meets the other one.
    fn implies(&self, other: &Self) -> bool {
        let absent = self.presence == Presence::Absent;
        let among =
            other.among.as_ref().is_none_or(|wanted| self.among.as_ref().is_some_and(|own| own.is_subset(wanted)));
        let not_among = absent
            || match &self.among {
                Some(own) => own.is_disjoint(&other.not_among),
                None => other.not_among.is_subset(&self.not_among),
            };
        let presence = other.presence == Presence::Any || other.presence == self.presence;
        among && not_among && presence
    }
}

impl Seen {
    /// What each element of a destination's list is; an element can be several selectors.
    pub(super) fn of(to: &Destination, policy: &Policy) -> Vec<Vec<Self>> {
        match to {
            Destination::Endpoints(selectors) => {
                selectors.iter().map(|selector| vec![Self::Pods(demands(selector, policy))]).collect()
            }
            Destination::CidrSet(rules) => rules.iter().map(|rule| block(rule).into_iter().collect()).collect(),
            Destination::Entities(entities) => entities.iter().map(|entity| vec![Self::Entity(*entity)]).collect(),
            Destination::Fqdns(names) => names.iter().map(|name| vec![Self::Name(name.clone())]).collect(),
            Destination::Services(services) => {
                services.iter().map(|service| vec![Self::Service(service.k8s_service.clone())]).collect()
            }
        }
    }

    /// What a destination is.
    pub(super) fn all(to: &Destination, policy: &Policy) -> Vec<Self> {
        Self::of(to, policy).into_iter().flatten().collect()
    }

    /// Whether every destination of the other one is also one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Entity(Entity::All), _) | (Self::Entity(Entity::World), Self::Block { .. } | Self::Name(_)) => true,
            (Self::Pods(wanted), Self::Pods(own)) => {
                let any = Demand::default();
                wanted.iter().all(|(key, wanted)| own.get(key).unwrap_or(&any).implies(wanted))
            }
            (Self::Block { block, except }, Self::Block { block: inner, except: inner_except }) => {
                let excepted = except.inside(inner).iter().all(|hole| inner_except.covers(hole));
                block.covers(inner) && !except.covers(inner) && excepted
            }
            (own, other) => own == other,
        }
    }

    /// Whether there is surely no destination of both.
    pub(super) fn is_apart(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pods(one), Self::Pods(other)) => one
                .iter()
                .any(|(key, demand)| other.get(key).is_some_and(|other| !demand.clone().and(other).is_possible())),
            (Self::Block { block: one, except }, Self::Block { block: other, except: others }) => {
                !one.overlaps(other) || except.covers(other) || others.covers(one)
            }
            (Self::Entity(one), Self::Entity(other)) => are_apart(*one, *other),
            (Self::Entity(entity), other) | (other, Self::Entity(entity)) => match other {
                Self::Pods(_) => *entity != Entity::All,
                Self::Block { .. } | Self::Name(_) => matches!(entity, Entity::Host | Entity::RemoteNode),
                Self::Entity(_) | Self::Service(_) => false,
            },
            (Self::Pods(_), Self::Block { .. } | Self::Name(_))
            | (Self::Block { .. } | Self::Name(_), Self::Pods(_)) => true,
            // A Service can be for any pods or addresses, and a name have any address outside.
            (Self::Service(_) | Self::Name(_), _) | (_, Self::Service(_) | Self::Name(_)) => false,
        }
    }
}

/// The API server is on a node or outside.
fn are_apart(one: Entity, other: Entity) -> bool {
    let anywhere = |entity| matches!(entity, Entity::All | Entity::KubeApiserver);
    one != other && !anywhere(one) && !anywhere(other)
}

fn block(rule: &CidrRule) -> Option<Seen> {
    let except = rule.except.iter().filter_map(|text| text.parse().ok());
    Some(Seen::Block { block: rule.cidr.parse().ok()?, except: Outermost::of(except) })
}

/// The demands of a selector of pods. In a policy of a namespace one that says nothing of namespaces means the policy's own
/// (`pkg/k8s/apis/cilium.io/utils`).
fn demands(selector: &LabelSelector, policy: &Policy) -> BTreeMap<String, Demand> {
    let bare = |key: &str| key.strip_prefix("k8s:").unwrap_or(key).to_owned();
    let mut demands: BTreeMap<String, Demand> = BTreeMap::new();
    let mut add = |key: String, demand: Demand| {
        let known = demands.remove(&key).unwrap_or_default();
        demands.insert(key, known.and(&demand));
    };
    for (key, value) in &selector.match_labels {
        add(bare(key), Demand::among([value.clone()]));
    }
    for expression in &selector.match_expressions {
        let values = expression.values.iter().cloned();
        let demand = match expression.operator {
            "In" => Demand::among(values),
            "NotIn" => Demand { not_among: values.collect(), ..Demand::default() },
            "Exists" => Demand { presence: Presence::There, ..Demand::default() },
            _ => Demand { presence: Presence::Absent, ..Demand::default() },
        };
        add(bare(&expression.key), demand);
    }
    let of_namespaces = NAMESPACE_LABEL_PREFIX.trim_start_matches("k8s:");
    let says_where = demands.keys().any(|key| key == POD_NAMESPACE_KEY || key.starts_with(of_namespaces));
    if let (false, Some(own)) = (says_where, policy.scope.namespace()) {
        demands.insert(POD_NAMESPACE_KEY.to_owned(), Demand::among([own.to_string()]));
    }
    demands
}

#[cfg(test)]
mod tests {
    use egress_model::policy::Spec;

    use super::*;
    use crate::label_selector::LabelSelectorRequirement;

    fn policy() -> Policy {
        let spec = Spec { name: "p".into(), namespace: Some("shop".into()), ..Spec::default() };
        Policy::parse(&spec).expect("a policy")
    }

    fn pods(labels: &[(&str, &str)], expressions: &[(&str, &'static str, &[&str])]) -> Seen {
        let selector = LabelSelector {
            match_labels: labels.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
            match_expressions: expressions
                .iter()
                .map(|&(key, operator, values)| LabelSelectorRequirement {
                    key: key.to_owned(),
                    operator,
                    values: values.iter().map(|&value| value.to_owned()).collect(),
                })
                .collect(),
        };
        Seen::Pods(demands(&selector, &policy()))
    }

    fn blocks(cidr: &str, except: &[&str]) -> Seen {
        let except = except.iter().map(|&text| text.to_owned()).collect();
        block(&CidrRule { cidr: cidr.to_owned(), except }).expect("a block")
    }

    #[test]
    fn what_is_written_in_two_ways_is_the_same() {
        let own = [("io.kubernetes.pod.namespace", "shop")];
        let named = [("app", "a"), ("k8s:io.kubernetes.pod.namespace", "shop")];
        assert_eq!(pods(&[("app", "a")], &[]), pods(&named, &[]));
        assert_eq!(pods(&[("app", "a")], &[]), pods(&[], &[("app", "In", &["a"])]));
        assert_eq!(pods(&[], &[]), pods(&own, &[]));
        assert_eq!(
            pods(&[], &[("app", "In", &["a", "b"]), ("app", "NotIn", &["b"])]),
            pods(&[("app", "a")], &[("app", "Exists", &[])])
        );
        assert_eq!(
            blocks("192.0.2.0/24", &["192.0.2.0/25", "192.0.2.0/26"]),
            blocks("192.0.2.0/24", &["192.0.2.0/25"])
        );
    }

    #[test]
    fn some_destinations_hold_others_and_some_have_none_in_common() {
        let name = |text: &str| Seen::Name(FqdnSelector::Name(text.to_owned()));
        let service = Seen::Service(ServiceName { namespace: "shop".to_owned(), service_name: "web".to_owned() });
        let entity = Seen::Entity;
        // Of each pair: whether the first covers the second, the second the first, and whether they are apart.
        for (one, other, expected) in [
            (pods(&[], &[]), pods(&[("app", "a")], &[]), (true, false, false)),
            (pods(&[("app", "a")], &[]), pods(&[("app", "b")], &[]), (false, false, true)),
            (pods(&[("app", "a")], &[]), pods(&[("tier", "b")], &[]), (false, false, false)),
            (pods(&[("app", "a")], &[]), pods(&[], &[("app", "NotIn", &["b"])]), (false, true, false)),
            (pods(&[], &[("app", "DoesNotExist", &[])]), pods(&[], &[("app", "NotIn", &["b"])]), (false, true, false)),
            (pods(&[], &[("app", "DoesNotExist", &[])]), pods(&[], &[("app", "Exists", &[])]), (false, false, true)),
            (blocks("192.0.2.0/24", &[]), blocks("192.0.2.0/25", &[]), (true, false, false)),
            (blocks("192.0.2.0/24", &["192.0.2.0/25"]), blocks("192.0.2.0/25", &[]), (false, false, true)),
            (
                blocks("192.0.2.0/24", &["192.0.2.0/26"]),
                blocks("192.0.2.0/25", &["192.0.2.0/26"]),
                (true, false, false),
            ),
            (blocks("192.0.2.0/24", &["192.0.2.0/26"]), blocks("192.0.2.0/25", &[]), (false, false, false)),
            (entity(Entity::World), blocks("192.0.2.0/24", &[]), (true, false, false)),
            (entity(Entity::World), name("a.example.com"), (true, false, false)),
            (entity(Entity::All), pods(&[], &[]), (true, false, false)),
            (entity(Entity::Host), entity(Entity::RemoteNode), (false, false, true)),
            (entity(Entity::Host), entity(Entity::KubeApiserver), (false, false, false)),
            (entity(Entity::Host), pods(&[], &[]), (false, false, true)),
            (name("a.example.com"), name("b.example.com"), (false, false, false)),
            (name("a.example.com"), blocks("192.0.2.0/24", &[]), (false, false, false)),
            (name("a.example.com"), pods(&[], &[]), (false, false, true)),
            (service, pods(&[], &[]), (false, false, false)),
        ] {
            let found = (one.covers(&other), other.covers(&one), one.is_apart(&other));
            assert_eq!(found, expected, "{one:?} {other:?}");
            assert_eq!(one.is_apart(&other), other.is_apart(&one), "{one:?} {other:?}");
        }
    }
}
