//! Rules: one destination, the ports to it, and what is looked into.
//!
//! A front end may drop a misspelt key of a rule without a word, so a key that narrows is required, or stands inside the value that it
//! narrows, or is announced by another one: what is left of a rule never allows more than the whole of it.

mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::super::{
    CidrSet, DomainPattern, Entity, Inspection, Namespaces, Path, Peers, Port, PortMatch, Problem, Rule, RulePort,
    RuleSpec, ServiceRef, ToNamespacesSpec,
};
use super::{Mistakes, namespace_selector, selector};
use crate::cidr::{Cidr, Outermost};
use crate::labels::NamespaceName;

/// What a rule does with the traffic that it is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// What stands before a block that is left out of the others.
const EXCEPT: char = '!';

pub(super) fn rules(
    mistakes: &mut Mistakes,
    path: &Path,
    specs: &BTreeMap<String, RuleSpec>,
    effect: Effect,
    own: Option<&NamespaceName>,
) -> BTreeMap<String, Rule> {
    let all = specs.iter();
    all.filter_map(|(key, spec)| Some((key.clone(), rule(mistakes, &path.key(key), spec, effect, own)?))).collect()
}

fn rule(
    mistakes: &mut Mistakes,
    path: &Path,
    spec: &RuleSpec,
    effect: Effect,
    own: Option<&NamespaceName>,
) -> Option<Rule> {
    let to = peers(mistakes, path, spec, own);
    let ports = ports(mistakes, path, spec, effect);
    if let Some(Peers::Cidrs(_) | Peers::External | Peers::Domains(_)) = &to {
        port_names(mistakes, &path.field("ports"), spec);
    }
    let http_requests = requests::http_requests(mistakes, path, spec);
    let server_names = match &spec.server_names {
        Some(names) => {
            let at = path.field("server_names");
            mistakes.not_empty(&at, names);
            mistakes.texts(&at, names)
        }
        None => Vec::new(),
    };
    Some(Rule { to: to?, ports, http_requests, server_names })
}

/// The ports, without one for every port of every protocol. Checks that what is looked into is announced by each of them, and that
/// what they announce is said.
fn ports(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec, effect: Effect) -> Vec<Port> {
    let at = path.field("ports");
    let texts = spec.ports.as_deref().unwrap_or_default();
    if texts.is_empty() {
        mistakes.add(&at, Problem::NoPorts);
    }
    let written: Vec<Option<RulePort>> =
        texts.iter().enumerate().map(|(index, text)| mistakes.text(&at.index(index), text)).collect();
    if let (Some(index), 2..) = (written.iter().position(|port| *port == Some(RulePort::Any)), written.len()) {
        mistakes.add(&at.index(index), Problem::AnyBesidePorts);
    }
    for (inspection, field, example, said) in [
        (Inspection::Http, "http_requests", "80/http", spec.http_requests.is_some()),
        (Inspection::Tls, "server_names", "443/tls", spec.server_names.is_some()),
    ] {
        let announced = inspection.as_str();
        let is_announced = |port: &RulePort| matches!(port, RulePort::Inspected(_, other) if *other == inspection);
        let announcing = written.iter().enumerate().filter(|(_, port)| port.as_ref().is_some_and(is_announced));
        if effect == Effect::Deny {
            announcing.for_each(|(index, _)| mistakes.add(&at.index(index), Problem::DenyInspects(announced)));
        } else if !said {
            let problem = Problem::AnnouncedOnly { announced, needs: field };
            announcing.for_each(|(index, _)| mistakes.add(&at.index(index), problem.clone()));
        } else if written.iter().flatten().any(|port| !is_announced(port)) {
            mistakes.add(&path.field(field), Problem::NotAnnounced { announced, example });
        }
    }
    let ports = written.into_iter().flatten().filter_map(|port| match port {
        RulePort::Any => None,
        RulePort::Port(port) | RulePort::Inspected(port, _) => Some(port),
    });
    ports.collect()
}

/// Tells which ports of a rule without pods are names, which only pods' ports have.
fn port_names(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec) {
    let is_name = |port: RulePort| {
        let (RulePort::Port(port) | RulePort::Inspected(port, _)) = port else { return false };
        matches!(port, Port::Transport(_, PortMatch::Named(_)))
    };
    let written = spec.ports.iter().flatten().enumerate();
    for (index, text) in written.filter(|(_, text)| text.parse().is_ok_and(is_name)) {
        mistakes.add(&path.index(index), Problem::PortOfNoPod(text.clone()));
    }
}

fn peers(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec, own: Option<&NamespaceName>) -> Option<Peers> {
    let kinds: Vec<&'static str> = [
        (spec.to_pods.is_some(), "to_pods"),
        (spec.to_namespaces.is_some(), "to_namespaces"),
        (spec.to_cidrs.is_some(), "to_cidrs"),
        (spec.to_external.is_some(), "to_external"),
        (spec.to_domains.is_some(), "to_domains"),
        (spec.to_services.is_some(), "to_services"),
        (spec.to_entities.is_some(), "to_entities"),
    ]
    .into_iter()
    .filter_map(|(given, name)| given.then_some(name))
    .collect();
    match kinds.as_slice() {
        [] => mistakes.add(path, Problem::NoDestination),
        [_] => {}
        _ => mistakes.add(path, Problem::SeveralDestinations(kinds)),
    }
    if let Some(pods) = &spec.to_pods {
        let at = path.field("to_pods");
        if own.is_none() {
            mistakes.add(&at, Problem::NoOwnNamespace);
        }
        return Some(Peers::Pods { namespaces: Namespaces::Own, pods: selector(mistakes, &at, pods) });
    }
    if let Some(namespaces) = &spec.to_namespaces {
        return to_namespaces(mistakes, &path.field("to_namespaces"), namespaces);
    }
    if let Some(blocks) = &spec.to_cidrs {
        return cidr_set(mistakes, &path.field("to_cidrs"), blocks).map(Peers::Cidrs);
    }
    if let Some(external) = spec.to_external {
        let result = if external { Ok(Peers::External) } else { Err(Problem::OnlyTrue) };
        return mistakes.keep(&path.field("to_external"), result);
    }
    if let Some(domains) = &spec.to_domains {
        let at = path.field("to_domains");
        mistakes.not_empty(&at, domains);
        return Some(Peers::Domains(mistakes.texts::<DomainPattern, _>(&at, domains)));
    }
    if let Some(services) = &spec.to_services {
        let at = path.field("to_services");
        mistakes.not_empty(&at, services);
        let all = services.iter().enumerate();
        return Some(Peers::Services(
            all.filter_map(|(index, text)| service(mistakes, &at.index(index), text, own)).collect(),
        ));
    }
    let entities = spec.to_entities.as_ref()?;
    let at = path.field("to_entities");
    mistakes.not_empty(&at, entities);
    Some(Peers::Entities(mistakes.texts::<Entity, _>(&at, entities)))
}

fn to_namespaces(mistakes: &mut Mistakes, path: &Path, spec: &ToNamespacesSpec) -> Option<Peers> {
    let namespaces = namespace_selector(mistakes, path, &spec.namespaces);
    let at = path.field("pods");
    let Some(pods) = &spec.pods else { return mistakes.keep(&at, Err(Problem::NoPods)) };
    Some(Peers::Pods { namespaces: Namespaces::Matching(namespaces), pods: selector(mistakes, &at, pods) })
}

impl FromStr for Entity {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|entity| entity.as_str() == text);
        found.ok_or_else(|| Problem::Entity(text.to_owned()))
    }
}

/// The set that these blocks are, less those with `!` before them.
pub(crate) fn cidr_set(mistakes: &mut Mistakes, path: &Path, texts: &[String]) -> Option<CidrSet> {
    mistakes.not_empty(path, texts);
    let (mut cidrs, mut except) = (BTreeSet::new(), Vec::new());
    let mut complete = true;
    for (index, text) in texts.iter().enumerate() {
        let at = path.index(index);
        let (excepted, block) = match text.strip_prefix(EXCEPT) {
            Some(block) => (true, block),
            None => (false, text.as_str()),
        };
        match mistakes.keep(&at, block.parse::<Cidr>()) {
            Some(cidr) if excepted => except.push((at, cidr)),
            Some(cidr) => {
                cidrs.insert(cidr);
            }
            None => complete &= excepted,
        }
    }
    if cidrs.is_empty() {
        if complete && !except.is_empty() {
            mistakes.add(path, Problem::OnlyExceptions);
        }
        return None;
    }
    let outermost = Outermost::of(cidrs.iter().copied());
    for (at, cidr) in except.iter().filter(|(_, cidr)| complete && !outermost.covers(cidr)) {
        mistakes.add(at, Problem::ExceptOutside(*cidr));
    }
    let set = CidrSet::new(cidrs, except.into_iter().map(|(_, cidr)| cidr));
    let result = if set.blocks().next().is_some() { Ok(set) } else { Err(Problem::ExceptEverything) };
    mistakes.keep(path, result)
}

fn service(mistakes: &mut Mistakes, path: &Path, text: &str, own: Option<&NamespaceName>) -> Option<ServiceRef> {
    let (namespace, name) = match (text.split_once('/'), own) {
        (Some((_, rest)), _) if rest.contains('/') => {
            return mistakes.keep(path, Err(Problem::Service(text.to_owned())));
        }
        (Some((namespace, name)), _) => (mistakes.text(path, namespace), name),
        (None, Some(own)) => (Some(own.clone()), text),
        (None, None) => return mistakes.keep(path, Err(Problem::Service(text.to_owned()))),
    };
    let name = mistakes.text(path, name);
    Some(ServiceRef { namespace: namespace?, name: name? })
}
