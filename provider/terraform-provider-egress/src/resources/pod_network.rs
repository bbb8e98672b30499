//! `egress_pod_network`: how a managed cluster's own network steers the egress of pods.

mod ack;
mod aks;
mod eks;
mod gke;
mod schema;

use std::collections::BTreeMap;

use egress_engines::manifest::Kind;
use egress_engines::{Manifest, Requirement, companions};
use egress_model::identity::{Name, ResourceType};
use egress_model::policy::object_metadata;
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::{IdentitySchema, NestedBlock, Schema};
use tfplugin::validators::exactly_one_of;

use crate::resources::objects::outcome::Outcome;
use crate::resources::objects::values::string_map;
use crate::resources::objects::{Compiles, ObjectResource};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

/// The resource.
pub(crate) type PodNetworkResource = ObjectResource<PodNetwork>;

/// What an `egress_pod_network` is.
pub(crate) struct PodNetwork;

/// A managed Kubernetes service: what can be written for it, and what that becomes.
struct Service {
    /// The block that chooses it.
    name: &'static str,
    block: fn() -> NestedBlock,
    compile: fn(&mut Reading, &Place<'_>, &InCluster) -> Steering,
}

/// Every service, in the order of the documentation. A new one is a line here.
const SERVICES: [Service; 4] = [eks::SERVICE, aks::SERVICE, gke::SERVICE, ack::SERVICE];

/// What the part of a service becomes.
#[derive(Default)]
struct Steering {
    manifests: Vec<Manifest>,
    /// What pods must carry, by the key of what they use.
    pod_annotations: BTreeMap<String, BTreeMap<&'static str, String>>,
    requirements: Vec<Requirement>,
    /// The attribute `egress_cidrs`; none where nothing here knows the addresses.
    egress_cidrs: Option<Value>,
}

impl Compiles for PodNetwork {
    const TYPE_NAME: &'static str = "egress_pod_network";
    const TYPE: ResourceType = ResourceType::PodNetwork;
    const THING: &'static str = "pod network";
    const ATTACHES: bool = false;
    const REQUIRES: bool = true;

    fn schema() -> Schema {
        schema::schema(SERVICES.iter().map(|service| (service.block)()).collect())
    }

    fn identity_schema() -> IdentitySchema {
        schema::identity_schema()
    }

    fn check(value: &Value, in_cluster: &InCluster) -> Outcome {
        let mut reading = Reading::of(Self::THING);
        let root = Place::root(value);
        reading.required(&root, "name", Reading::name);
        let marked = marks(&mut reading, &root);
        let paths = SERVICES.map(|service| Path::attribute(service.name));
        reading.diagnostics.extend(exactly_one_of(value, &paths));
        let mut steering = Steering::default();
        for service in &SERVICES {
            let Some(place) = root.field(service.name) else { continue };
            if place.value.is_unknown() {
                reading.complete = false;
                steering.egress_cidrs = Some(Value::UNKNOWN);
            } else {
                steering = (service.compile)(&mut reading, &place, in_cluster);
            }
        }
        let usable = !reading.diagnostics.has_errors();
        let known = usable && reading.complete;
        let or_unknown = |known: bool, value: Value| if known { value } else { Value::UNKNOWN };
        let annotations = steering.pod_annotations.into_iter().map(|(key, pairs)| (key, Value::map(pairs)));
        let computed = vec![
            ("pod_annotations", or_unknown(known, Value::map(annotations))),
            ("egress_cidrs", or_unknown(usable, steering.egress_cidrs.unwrap_or(Value::Null))),
        ];
        let manifests = known.then(|| steering.manifests.into_iter().map(|manifest| with(manifest, &marked)).collect());
        let requirements = known.then_some(steering.requirements);
        Outcome { manifests, requirements, computed, diagnostics: reading.diagnostics, ..Outcome::default() }
    }

    fn removal_diagnostic(objects: &str) -> Option<Diagnostic> {
        (!objects.is_empty()).then(|| {
            Diagnostic::warning(
                "Objects will be deleted",
                format!(
                    "These go once the others are applied:\n\n{objects}\n\nTraffic that they steer then goes the \
                     cluster's default way, from other addresses; pods that still ask for them may have no way out \
                     at all."
                ),
            )
        })
    }

    fn kinds() -> Vec<&'static Kind> {
        companions::KINDS.to_vec()
    }

    fn parse_id(id: &str) -> Result<Value, Diagnostic> {
        id.parse::<Name>().map(|name| Value::object([("name", name.as_str())])).map_err(|error| {
            let detail = format!("{id:?} is not the name of a pod network such as \"prod\": it {error}.");
            Diagnostic::error("The import id cannot be used", detail)
        })
    }
}

/// The user's own labels and annotations for every object.
type Marks = (BTreeMap<String, String>, BTreeMap<String, String>);

fn marks(reading: &mut Reading, root: &Place<'_>) -> Marks {
    let mut written = |name| {
        let place = root.field(name).filter(|place| reading.is_known(place));
        place.map(|place| string_map(place.value)).unwrap_or_default()
    };
    let (labels, annotations) = (written("labels"), written("annotations"));
    reading.parsed(root, object_metadata(&labels, &annotations));
    (labels, annotations)
}

fn with(mut manifest: Manifest, (labels, annotations): &Marks) -> Manifest {
    manifest.metadata.labels.extend(labels.clone());
    manifest.metadata.annotations.extend(annotations.clone());
    manifest
}

/// Adds what is not there yet.
fn add_requirements(all: &mut Vec<Requirement>, more: Vec<Requirement>) {
    for requirement in more {
        if !all.contains(&requirement) {
            all.push(requirement);
        }
    }
}

#[cfg(test)]
mod tests;
