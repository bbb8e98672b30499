//! Whether Cilium's own policy engine decides about random flows as the model does, or a finding says otherwise.
//!
//! It decides up to layer 4. What a policy says about HTTP, TLS names or DNS queries can only narrow that, so of such policies only
//! one side is compared: what the model lets pass, Cilium must. Policies that name Services are left out: the agent, and not its policy
//! engine, looks their endpoints up.

use egress_engines::{EngineName, Level, Manifest, Settings, engine};
use egress_model::policy::verdict::{Flow, Host, Pod, Transport, verdict};
use egress_model::policy::{Peers, Policy};
use serde_json::{Value, json};

use super::Judge;
use crate::generate::{flow, pod, spec};
use crate::meaning::{runner, sample, seed};

/// Cases that must be judged per engine.
const CASES: usize = 10_000;
/// Policies after which an engine that refuses nearly all of them is given up.
const MOST_POLICIES: usize = 5_000;
const SOURCES: usize = 3;
const FLOWS: usize = 12;

/// What was seen of one engine.
#[derive(Debug, Default)]
struct Tally {
    /// Policies that the engine refuses or whose meaning Cilium's policy engine alone cannot tell.
    left_out: usize,
    /// Policies that a finding calls degraded.
    degraded: usize,
    /// Policies that also look into connections.
    looking_inside: usize,
    /// Policy, pod and flow that were judged.
    cases: usize,
    /// What passes though the model stops it.
    over_permitted: usize,
    /// What is stopped though the model lets it pass.
    under_permitted: usize,
    /// What no finding says: flows that are decided otherwise, and policies that break the pods' enforcement.
    silent: Vec<String>,
}

fn pod_json(pod: &Pod) -> Value {
    let ports = pod
        .named_ports
        .iter()
        .map(|(name, protocol, port)| json!({"name": name.as_str(), "protocol": protocol.as_str(), "port": port}));
    let texts = |labels: &egress_model::labels::Labels| -> Value {
        labels.iter().map(|(key, value)| (key.to_string(), Value::from(value.to_string()))).collect()
    };
    json!({
        "namespace": pod.namespace.as_str(),
        "namespaceLabels": texts(&pod.all_namespace_labels()),
        "labels": texts(&pod.labels),
        "serviceAccount": pod.service_account.as_str(),
        "namedPorts": ports.collect::<Vec<_>>(),
    })
}

fn flow_json(flow: &Flow) -> Value {
    let address = flow.destination.address;
    let (kind, pod) = match &flow.destination.host {
        Host::Pod(pod) => ("pod", pod_json(pod)),
        Host::Node => ("node", Value::Null),
        Host::ApiServer => ("apiServer", Value::Null),
        Host::Other => ("other", Value::Null),
    };
    let (protocol, port) = match flow.transport {
        Transport::Port(protocol, port) => (protocol.as_str(), port),
        Transport::Icmp(icmp) => (if address.is_ipv6() { "ICMPv6" } else { "ICMP" }, u16::from(icmp.number)),
    };
    let names: Vec<&str> = flow.destination.names.iter().map(egress_model::policy::Domain::as_str).collect();
    json!({
        "destination": {"address": address, "kind": kind, "pod": pod, "names": names}, "protocol": protocol, "port": port,
    })
}

/// Whether the policy also says something about what is inside connections.
fn looks_inside(policy: &Policy) -> bool {
    let mut rules = policy.allow.values();
    rules.any(|rule| !rule.http_requests.is_empty() || !rule.server_names.is_empty()) || !policy.dns.queries.is_empty()
}

fn names_services(policy: &Policy) -> bool {
    policy.allow.values().chain(policy.deny.values()).any(|rule| matches!(rule.to, Peers::Services(_)))
}

/// Whether Cilium is known to enforce this API otherwise than it says: `networks` of a `ClusterNetworkPolicy` match no nodes there
/// (`policy-cidr-match-mode`), and the standard channel has no other way to name them, so nodes escape a denial of everything.
fn is_known_to_differ(engine: EngineName, flow: &Flow) -> bool {
    engine == EngineName::ClusterNetworkPolicy && matches!(flow.destination.host, Host::Node | Host::ApiServer)
}

fn judge_engine(judge: &mut Judge, name: EngineName, seed: u64) -> Tally {
    let engine = engine(name.as_str()).expect("an engine");
    let mut runner = runner(seed);
    let (specs, pods, flows) = (spec(engine), pod(), flow());
    let mut tally = Tally::default();
    for _ in 0..MOST_POLICIES {
        if tally.cases >= CASES {
            break;
        }
        let spec = sample(&specs, &mut runner);
        // Random exceptions are often outside their blocks, which the model refuses.
        let Ok(policy) = Policy::parse(&spec) else { continue };
        let compiled = (engine.compile)(&policy, &Settings::default());
        if compiled.manifests.is_empty() || names_services(&policy) {
            tally.left_out += 1;
            continue;
        }
        let degraded = compiled.findings.iter().any(|finding| finding.level == Level::Degraded);
        let inside = looks_inside(&policy);
        tally.degraded += usize::from(degraded);
        tally.looking_inside += usize::from(inside);
        let sources: Vec<(Pod, Vec<Flow>)> = (0..SOURCES)
            .map(|_| (sample(&pods, &mut runner), (0..FLOWS).map(|_| sample(&flows, &mut runner)).collect()))
            .collect();
        let asked = sources.iter().map(
            |(pod, flows)| json!({"pod": pod_json(pod), "flows": flows.iter().map(flow_json).collect::<Vec<_>>()}),
        );
        let objects: Vec<Value> = compiled.manifests.iter().map(Manifest::to_json).collect();
        let request = json!({"verdict": {"objects": objects, "sources": asked.collect::<Vec<_>>()}});
        let answer = match judge.ask(&request) {
            Ok(answer) => answer,
            Err(error) => {
                tally.silent.push(format!("Cilium cannot enforce this: {error}\n{}", yaml(&compiled.manifests)));
                continue;
            }
        };
        for ((source, flows), passes) in sources.iter().zip(answer["passes"].as_array().expect("a list per source")) {
            for (flow, passes) in flows.iter().zip(passes.as_array().expect("a verdict per flow")) {
                let (passes, meant) = (*passes == true, verdict(&policy, source, flow).passes());
                tally.cases += 1;
                if passes == meant || inside && passes {
                    continue;
                }
                if !degraded && !is_known_to_differ(name, flow) {
                    tally.silent.push(difference(&compiled.manifests, source, flow, passes));
                }
                tally.over_permitted += usize::from(passes);
                tally.under_permitted += usize::from(meant);
            }
        }
    }
    tally
}

fn yaml(manifests: &[Manifest]) -> String {
    manifests.iter().map(Manifest::to_yaml).collect::<Vec<_>>().join("---\n")
}

fn difference(manifests: &[Manifest], source: &Pod, flow: &Flow, passes: bool) -> String {
    let (does, means) = if passes { ("lets pass", "stops") } else { ("stops", "lets pass") };
    format!("Cilium {does} what the model {means}:\n{source:#?}\n{flow:#?}\n{}", yaml(manifests))
}

#[test]
fn cilium_decides_as_the_model_means() {
    let Some(mut judge) = Judge::start() else { return };
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let mut silent = Vec::new();
    for name in [EngineName::NetworkPolicy, EngineName::Cilium, EngineName::ClusterNetworkPolicy] {
        let mut tally = judge_engine(&mut judge, name, seed);
        silent.extend(std::mem::take(&mut tally.silent).into_iter().map(|difference| format!("{name}: {difference}")));
        println!("{name}: {tally:?}");
        assert!(tally.cases >= CASES, "{name}: too few policies are emitted to say anything: {tally:?}");
    }
    let first: Vec<_> = silent.iter().take(3).map(String::as_str).collect();
    assert!(
        silent.is_empty(),
        "{} silent differences with seed {seed}, among them:\n{}",
        silent.len(),
        first.join("\n")
    );
}
