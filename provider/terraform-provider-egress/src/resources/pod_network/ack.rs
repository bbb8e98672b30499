//! The `ack` block: vSwitches of pods, and elastic IP addresses of their own.

use std::collections::BTreeMap;

use egress_engines::companions::ack::{
    EniType, InternetChargeType, Keep, PodEip, PodNetworking, SecurityGroupId, Selected, VSwitchId, eip_annotations,
    eip_requirements, pod_networking, pod_networking_requirements,
};
use egress_model::policy::{Form, Problem};
use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, NestedBlock, Nesting};
use tfplugin::validators;

use super::{Service, Steering, add_requirements};
use crate::resources::objects::attributes::{namespace_selector, selector, single, text, texts, whole};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

pub(super) const SERVICE: Service = Service { name: "ack", block: ack, compile };

fn ack() -> NestedBlock {
    let networking = vec![
        single("pods", selector(Form::Value), "Which pods, by their labels.").required(),
        single("namespaces", namespace_selector(Form::Value), "Pods of which namespaces.").required(),
        texts(
            "vswitch_ids",
            "The vSwitches that pods get their addresses from: the first of the pod's zone that has some.",
        )
        .required(),
        texts("security_group_ids", "The security groups of the pods' interfaces, 1 to 10.").required(),
        text(
            "eni_type",
            "The interface that a pod gets: `Default` (what the node has), `Trunk` (a member of the node's trunk), \
             or `ENI` (one of its own).",
        )
        .validate(validators::one_of(["Default", "Trunk", "ENI"])),
        text(
            "allocation_type",
            "`Elastic`: each pod gets a new address. `Fixed`: a pod of a `StatefulSet` keeps its own.",
        )
        .required()
        .validate(validators::one_of(["Elastic", "Fixed"])),
        text(
            "release_after",
            "How long a `Fixed` address is kept for the next pod of the same name, in whole seconds, such as `20m`. \
             Default: forever.",
        ),
    ];
    let eip = vec![
        text(
            "instance_id",
            "An address that is there already (`eip-...`), for a single pod; it is never released with it. Exactly \
             one of this and `new`, and nothing else beside it.",
        ),
        Attribute::new(
            "new",
            Type::Bool,
            "`true`: an address is made for each pod. Then `release_strategy` is required.",
        ),
        whole("bandwidth", "At most this many Mbit/s. Default: the cloud's.")
            .validate(validators::range(1..=i64::from(u32::MAX))),
        text("internet_charge_type", "`PayByTraffic` (the default) or `PayByBandwidth`.")
            .validate(validators::one_of(["PayByTraffic", "PayByBandwidth"])),
        text("common_bandwidth_package_id", "The Internet Shared Bandwidth instance (`cbwp-...`) that it joins."),
        text(
            "release_strategy",
            "With `new`: `Follow` releases the address with the pod. `Never`, or a length of time in whole seconds \
             such as `10m`: a pod of a `StatefulSet` finds it again.",
        ),
    ];
    let attributes = vec![
        Attribute::nested(
            "pod_networkings",
            Nesting::Map,
            networking,
            "A `PodNetworking` of Terway each, by the object's name: from which vSwitches pods get their addresses, \
             and so which SNAT entry of the VPC's NAT gateway they leave by. Pods that run keep their addresses.",
        ),
        Attribute::nested(
            "pod_eips",
            Nesting::Map,
            eip,
            "Elastic IP addresses of pods, by a name of your choice. No objects come of them: put `pod_annotations` \
             under the same name into the pods' templates.",
        ),
    ];
    block(
        "ack",
        attributes,
        "Alibaba Cloud Container Service for Kubernetes: vSwitches of pods, and elastic IP addresses of their own.",
    )
}

fn compile(reading: &mut Reading, place: &Place<'_>, _: &InCluster) -> Steering {
    let mut steering = Steering::default();
    let (networkings, eips) = (place.field("pod_networkings"), place.field("pod_eips"));
    let nothing_of =
        |part: &Option<Place<'_>>| part.as_ref().is_none_or(|part| part.value.as_map().is_some_and(BTreeMap::is_empty));
    if nothing_of(&networkings) && nothing_of(&eips) {
        reading.mistake(&place.path, "It has neither pod_networkings nor pod_eips, so that it steers nothing");
    }
    for (key, place) in reading.entries(networkings.as_ref()) {
        steering.manifests.extend(networking(reading, key, &place).as_ref().map(pod_networking));
        add_requirements(&mut steering.requirements, pod_networking_requirements());
    }
    for (key, place) in reading.entries(eips.as_ref()) {
        if let Some(eip) = eip(reading, &place) {
            steering.pod_annotations.insert(key.to_owned(), eip_annotations(&eip));
        }
        add_requirements(&mut steering.requirements, eip_requirements());
    }
    steering
}

fn networking(reading: &mut Reading, key: &str, place: &Place<'_>) -> Option<PodNetworking> {
    let name = reading.key(key, place);
    let pods = reading.required(place, "pods", Reading::selector);
    let namespaces = reading.required(place, "namespaces", Reading::namespace_selector);
    let vswitches = reading.required(place, "vswitch_ids", Reading::texts::<VSwitchId>);
    let groups = reading.required(place, "security_group_ids", Reading::texts::<SecurityGroupId>);
    let eni_type = reading.optional(place, "eni_type", |reading, at| {
        reading.is_known(at).then(|| match at.value.as_str() {
            Some("Trunk") => EniType::Trunk,
            Some("ENI") => EniType::Eni,
            _ => EniType::Default,
        })
    });
    let fixed = reading.required(place, "allocation_type", |reading, at| {
        reading.is_known(at).then(|| at.value.as_str() == Some("Fixed"))
    });
    let release_after = reading.optional(place, "release_after", Reading::seconds);
    let fixed_address = match (fixed?, release_after?) {
        (false, Some(_)) => {
            let why = "It needs allocation_type = \"Fixed\": an elastic address goes with its pod";
            reading.mistake(&place.path.field("release_after"), why);
            None
        }
        (false, None) => None,
        (true, None) => Some(Keep::Always),
        (true, Some(seconds)) => Some(Keep::Seconds(seconds)),
    };
    let (pods, namespaces) = (pods?, namespaces?);
    // Terway reads a selector that is not there as everything, but asks for one of them.
    let pods_too = (!pods.is_empty() || namespaces.is_empty()).then_some(pods);
    let namespaces = (!namespaces.is_empty()).then_some(namespaces);
    let made = PodNetworking::new(name?, Selected { pods: pods_too, namespaces }, vswitches?, groups?);
    let mut networking = reading.keep(&place.path, made)?;
    networking.eni_type = eni_type?.unwrap_or_default();
    networking.fixed_address = fixed_address;
    Some(networking)
}

fn eip(reading: &mut Reading, place: &Place<'_>) -> Option<PodEip> {
    let new = place.value.get("new").filter(|new| !new.is_null());
    if let Some(id) = place.field("instance_id") {
        for name in ["new", "bandwidth", "internet_charge_type", "common_bandwidth_package_id", "release_strategy"] {
            if let Some(other) = place.field(name) {
                let why = "It cannot stand beside instance_id: it is for addresses that are made for the pod";
                reading.mistake(&other.path, why);
            }
        }
        return reading.text(&id).map(PodEip::Existing);
    }
    match new {
        None => {
            let why = "It needs instance_id, for an address that is there, or new = true, for one that is made";
            reading.mistake(&place.path, why);
            return None;
        }
        Some(new) if new.is_unknown() => {
            reading.complete = false;
            return None;
        }
        Some(new) if new.as_bool() != Some(true) => {
            reading.mistake(&place.path.field("new"), Problem::OnlyTrue);
            return None;
        }
        Some(_) => {}
    }
    let bandwidth = reading.optional(place, "bandwidth", Reading::positive);
    let charge_type = reading.optional(place, "internet_charge_type", |reading, at| {
        reading.is_known(at).then(|| match at.value.as_str() {
            Some("PayByBandwidth") => InternetChargeType::PayByBandwidth,
            _ => InternetChargeType::PayByTraffic,
        })
    });
    let bandwidth_package = reading.optional(place, "common_bandwidth_package_id", Reading::text);
    let strategy = place.field("release_strategy");
    if strategy.is_none() {
        let why = "It must be set with new = true: \"Follow\" releases the address with the pod, \"Never\" keeps it";
        reading.mistake(&place.path.field("release_strategy"), why);
    }
    let keep = strategy.and_then(|at| match at.value.as_str() {
        Some("Follow") => Some(None),
        Some("Never") => Some(Some(Keep::Always)),
        _ => reading.seconds(&at).map(|seconds| Some(Keep::Seconds(seconds))),
    });
    Some(PodEip::New {
        bandwidth: bandwidth?,
        charge_type: charge_type?.unwrap_or_default(),
        bandwidth_package: bandwidth_package?,
        keep: keep?,
    })
}
