//! The `gke` block: which destinations see a pod's own address.

use std::num::NonZeroU32;

use egress_engines::companions::gke::{IpMasqAgent, NonMasqueradeCidrs, ip_masq_agent, requirements};
use egress_model::cidr::Cidr;
use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, NestedBlock};

use super::{Service, Steering};
use crate::resources::objects::attributes::{text, texts};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

pub(super) const SERVICE: Service = Service { name: "gke", block: gke, compile };

/// The agent's own default (`resyncInterval`).
const RESYNC_SECONDS: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

fn gke() -> NestedBlock {
    let attributes = vec![
        texts(
            "non_masquerade_cidrs",
            "Destinations to which pods keep their own address, 1 to 64 IPv4 blocks; to all others they have their \
             node's. The list replaces the agent's own, so name the cluster's ranges too.",
        )
        .required(),
        Attribute::new(
            "masq_link_local",
            Type::Bool,
            "Whether traffic to link-local addresses (169.254.0.0/16), such as the metadata server, has the node's \
             address too. Default: `false`.",
        ),
        text(
            "resync_interval",
            "How often the agent reads its configuration, in whole seconds, such as `60s`, the default.",
        ),
    ];
    block(
        "gke",
        attributes,
        "Google Kubernetes Engine (Standard): the `ConfigMap` `kube-system/ip-masq-agent`. Cloud NAT translates \
         what it sees: pods' addresses, or nodes'. A cluster has one, so write one resource for it.",
    )
}

fn compile(reading: &mut Reading, place: &Place<'_>, _: &InCluster) -> Steering {
    let mut steering = Steering { requirements: requirements(), ..Steering::default() };
    let non_masquerade = reading.required(place, "non_masquerade_cidrs", |reading, at| {
        let blocks = reading.texts::<Cidr>(at)?;
        reading.keep(&at.path, NonMasqueradeCidrs::new(blocks))
    });
    let link_local = reading
        .optional(place, "masq_link_local", |reading, at| if reading.is_known(at) { at.value.as_bool() } else { None });
    let resync = reading.optional(place, "resync_interval", Reading::seconds);
    if let (Some(non_masquerade), Some(link_local), Some(resync)) = (non_masquerade, link_local, resync) {
        steering.manifests.push(ip_masq_agent(&IpMasqAgent {
            non_masquerade,
            masquerade_link_local: link_local.unwrap_or_default(),
            resync_seconds: resync.unwrap_or(RESYNC_SECONDS),
        }));
    }
    steering
}
