//! The `aks` block: static egress gateways.

use std::collections::BTreeSet;
use std::str::FromStr;

use egress_engines::Requirement;
use egress_engines::companions::aks::{Addresses, StaticGateway, Through, compile as manifest, requirements};
use egress_model::cidr::{Cidr, CidrError};
use tfplugin::cty::{Type, Value};
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, NestedBlock, Nesting};
use tfplugin::validators;

use super::{Service, Steering, add_requirements};
use crate::resources::objects::attributes::{single, text, texts};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

pub(super) const SERVICE: Service = Service { name: "aks", block: aks, compile };

const STATIC_EGRESS_GATEWAY: &str = "staticEgressGateway";
const AZURE_NETWORKING: &str = "azureNetworking";

fn aks() -> NestedBlock {
    let prefix = vec![
        text("id", "Its resource id.").required(),
        text("ip_prefix", "Its addresses, as a block. They are what `egress_cidrs` then shows.").required(),
    ];
    let gateway = vec![
        text("namespace", "The namespace of the gateway and of its pods. It must exist.").required(),
        text("gateway_nodepool_name", "The node pool of mode `Gateway` that carries it.").required(),
        Attribute::new(
            "provision_public_ips",
            Type::Bool,
            "Instead of `public_ip_prefix`. `true`: AKS makes a public IP prefix, **whose addresses are gone with \
             the gateway**. `false`: traffic leaves from private addresses of the nodes' subnet, which AKS chooses.",
        ),
        single(
            "public_ip_prefix",
            prefix,
            "The public IP prefix whose addresses traffic leaves from, such as a whole `azurerm_public_ip_prefix`. \
             Exactly one of this and `provision_public_ips`.",
        ),
        text(
            "default_route",
            "`staticEgressGateway`: traffic of its pods goes through the gateway, but for `exclude_cidrs`. \
             `azureNetworking`: only traffic to `exclude_cidrs` does.",
        )
        .required()
        .validate(validators::one_of([STATIC_EGRESS_GATEWAY, AZURE_NETWORKING])),
        texts(
            "exclude_cidrs",
            "What takes the other way than `default_route`: CIDR blocks, and `\"cluster\"` for the provider's \
             `kubernetes.cluster_cidrs`, so that traffic within the cluster stays in it. `[]` for nothing.",
        )
        .required(),
    ];
    let gateways = Attribute::nested(
        "static_gateway_configurations",
        Nesting::Map,
        gateway,
        "A `StaticGatewayConfiguration` each, by the object's name. Pods of its namespace use it when they carry \
         its `pod_annotations` as they are created.",
    );
    block("aks", vec![gateways.required()], "Azure Kubernetes Service: static egress gateways.")
}

fn compile(reading: &mut Reading, place: &Place<'_>, in_cluster: &InCluster) -> Steering {
    let mut steering = Steering::default();
    let mut cidrs = Some(Vec::new());
    let gateways = place.field("static_gateway_configurations");
    let entries = reading.entries(gateways.as_ref());
    if let Some(gateways) = gateways.filter(|gateways| entries.is_empty() && !gateways.value.is_unknown()) {
        reading.mistake(&gateways.path, "It names no gateway");
    }
    let mut later = !reading.complete;
    for (key, place) in entries {
        match place.value.get("public_ip_prefix").and_then(|prefix| prefix.get("ip_prefix")) {
            Some(block) if block.is_unknown() => later = true,
            Some(block) if !block.is_null() => {
                let block = reading.required(&place, "public_ip_prefix", |reading, prefix| {
                    reading.required(prefix, "ip_prefix", Reading::text::<Cidr>)
                });
                cidrs = cidrs.zip(block).map(|(cidrs, block)| [cidrs, vec![block.to_string()]].concat());
            }
            _ if place.value.get("public_ip_prefix").is_some_and(Value::is_unknown) => later = true,
            _ => cidrs = None,
        }
        let Some(gateway) = gateway(reading, key, &place, in_cluster) else { continue };
        steering.manifests.push(manifest(&gateway));
        steering.pod_annotations.insert(key.to_owned(), [gateway.pod_annotation()].into());
        // Which pods need which annotation is in `pod_annotations`.
        let mut needs = requirements(&gateway);
        needs.retain(|requirement| !matches!(requirement, Requirement::PodAnnotation { .. }));
        add_requirements(&mut steering.requirements, needs);
    }
    steering.egress_cidrs = match cidrs {
        None => None,
        Some(_) if later => Some(Value::UNKNOWN),
        Some(mut cidrs) => {
            cidrs.sort_unstable();
            cidrs.dedup();
            Some(Value::list(cidrs))
        }
    };
    steering
}

fn gateway(reading: &mut Reading, key: &str, place: &Place<'_>, in_cluster: &InCluster) -> Option<StaticGateway> {
    let name = reading.key(key, place);
    let namespace = reading.required(place, "namespace", Reading::text);
    let node_pool = reading.required(place, "gateway_nodepool_name", Reading::text);
    let addresses = addresses(reading, place);
    let through = through(reading, place, in_cluster);
    Some(StaticGateway {
        name: name?,
        namespace: namespace?,
        node_pool: node_pool?,
        addresses: addresses?,
        through: through?,
    })
}

fn addresses(reading: &mut Reading, place: &Place<'_>) -> Option<Addresses> {
    let provisions =
        reading.optional(
            place,
            "provision_public_ips",
            |reading, at| {
                if reading.is_known(at) { at.value.as_bool() } else { None }
            },
        );
    let prefix = reading.optional(place, "public_ip_prefix", |reading, at| {
        if at.value.is_unknown() {
            reading.complete = false;
        }
        reading.required(at, "id", Reading::text)
    });
    match (provisions?, prefix?) {
        (Some(_), Some(_)) => {
            let why =
                "It cannot stand beside provision_public_ips: the addresses are of the prefix, or AKS chooses them";
            reading.mistake(&place.path.field("public_ip_prefix"), why);
            None
        }
        (None, None) => {
            let why = "It has no addresses: set public_ip_prefix, or provision_public_ips to true (AKS makes them \
                       and releases them with the gateway) or false (private ones)";
            reading.mistake(&place.path, why);
            None
        }
        (Some(false), None) => Some(Addresses::Private),
        (Some(true), None) => Some(Addresses::Provisioned),
        (None, Some(id)) => Some(Addresses::Prefix(id)),
    }
}

/// An element of `exclude_cidrs`.
enum Excluded {
    Block(Cidr),
    /// The provider's `kubernetes.cluster_cidrs`.
    Cluster,
}

impl FromStr for Excluded {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "cluster" { Ok(Self::Cluster) } else { text.parse().map(Self::Block) }
    }
}

fn through(reading: &mut Reading, place: &Place<'_>, in_cluster: &InCluster) -> Option<Through> {
    let route = reading.required(
        place,
        "default_route",
        |reading, at| {
            if reading.is_known(at) { at.value.as_str() } else { None }
        },
    );
    let path = place.path.field("exclude_cidrs");
    let excluded = reading.required(place, "exclude_cidrs", Reading::texts::<Excluded>);
    let (route, excluded) = (route?, excluded?);
    let mut blocks = BTreeSet::new();
    for excluded in excluded {
        match excluded {
            Excluded::Block(block) => blocks.extend([block]),
            // Ranges of a cluster that is made in the same apply are not known yet.
            Excluded::Cluster if in_cluster.cluster.is_none() => {
                reading.complete = false;
                return None;
            }
            Excluded::Cluster => {
                let internal = in_cluster.settings.cluster.internal();
                if internal.is_empty() {
                    let why = "It names \"cluster\", and the provider's kubernetes.cluster_cidrs does not say which addresses these are";
                    reading.mistake(&path, why);
                    return None;
                }
                blocks.extend(internal);
            }
        }
    }
    let blocks: Vec<Cidr> = blocks.into_iter().collect();
    match route {
        AZURE_NETWORKING if blocks.is_empty() => {
            reading.mistake(&path, "It names no block, so that nothing goes through the gateway");
            None
        }
        AZURE_NETWORKING => Some(Through::Only(blocks)),
        _ => Some(Through::AllBut(blocks)),
    }
}
