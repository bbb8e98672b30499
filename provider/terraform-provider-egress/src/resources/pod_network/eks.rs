//! The `eks` block: subnets and security groups of pods, and the NAT gateway that they leave through.

use std::collections::{BTreeMap, BTreeSet};

use egress_engines::companions::eks::{
    EniConfig, Pods, SecurityGroupId, SecurityGroupPolicy, SecurityGroups, SubnetId, Zone, eni_config,
    eni_config_requirements, external_snat_requirements, security_group_policy, security_group_policy_requirements,
};
use egress_model::policy::{Form, Path};
use tfplugin::cty::{Type, Value};
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, NestedBlock, Nesting};

use super::{Service, Steering, add_requirements};
use crate::resources::objects::attributes::{selector, single, text, texts};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

pub(super) const SERVICE: Service = Service { name: "eks", block: eks, compile };

fn eks() -> NestedBlock {
    let eni_configs = Attribute::nested(
        "eni_configs",
        Nesting::Map,
        vec![
            text(
                "subnet_id",
                "The subnet of the zone that pods get their addresses from: a private one, whose default route \
                 points to a NAT gateway.",
            )
            .required(),
            texts(
                "security_group_ids",
                "The security groups of the pods' interfaces, 1 to 5; `[]` for those of the node's first interface.",
            )
            .required(),
        ],
        "An `ENIConfig` for each availability zone, by the zone's name (`eu-west-1a`), which is also the object's: \
         pods on the zone's nodes get addresses of this subnet instead of their node's. Nodes that run keep their \
         interfaces.",
    );
    let policies = Attribute::nested(
        "security_group_policies",
        Nesting::Map,
        vec![
            text("namespace", "The namespace of the pods. It must exist.").required(),
            single(
                "pods",
                selector(Form::Value),
                "Which pods, by their labels; `{ all = true }` for every pod of the namespace. Exactly one of this and `service_accounts`.",
            ),
            single("service_accounts", selector(Form::Value), "Which pods, by the labels of their service account."),
            texts("security_group_ids", "The security groups of these pods instead of their node's, 1 to 5.")
                .required(),
        ],
        "A `SecurityGroupPolicy` for pods of a namespace, by the object's name. Pods that run keep what they have.",
    );
    block(
        "eks",
        vec![eni_configs, policies, nat_gateway()],
        "Amazon EKS, with the VPC CNI plugin: subnets and security groups of pods.",
    )
}

fn nat_gateway() -> Attribute {
    let zones = Attribute::nested(
        "zones",
        Nesting::Map,
        vec![text("subnet_id", "The subnet that the zone's gateway stands in.").required_or_null()],
        "The zones that have a gateway.",
    );
    let mode = text("availability_mode", "`zonal` (the default) or `regional`: one for every zone.");
    // The attributes of a whole resource are there, null or not; Terraform would drop a misspelt one.
    let aws = vec![mode.required_or_null(), zones.required_or_null()];
    single(
        "nat_gateway",
        vec![
            single("aws", aws, "Where the gateways stand.").required(),
            Attribute::new(
                "egress_cidrs",
                Type::list(Type::String),
                "The public addresses of all of them, as blocks; null where they are not known.",
            )
            .required_or_null(),
        ],
        "The NAT gateway that the pods leave through: an `egress_nat_gateway` as a whole, such as \
         `egress_nat_gateway.prod`. The plan warns of each zone of `eni_configs` without a gateway, and \
         `egress_cidrs` are then those of the gateway.",
    )
}

fn compile(reading: &mut Reading, place: &Place<'_>, _: &InCluster) -> Steering {
    let mut steering = Steering::default();
    let eni_configs = place.field("eni_configs");
    let gateway = place.field("nat_gateway");
    let policies = place.field("security_group_policies");
    let nothing_of =
        |part: &Option<Place<'_>>| part.as_ref().is_none_or(|part| part.value.as_map().is_some_and(BTreeMap::is_empty));
    if nothing_of(&eni_configs) && nothing_of(&policies) {
        reading
            .mistake(&place.path, "It has neither eni_configs nor security_group_policies, so that it steers nothing");
    }
    let gateways = gateway.as_ref().map(|gateway| Gateways::read(reading, gateway));
    let mut subnets = Subnets { zones: BTreeMap::new(), gateways: gateways.as_ref() };
    let mut covered = eni_configs.as_ref().is_none_or(|configs| !configs.value.is_unknown()).then_some(true);
    for (key, place) in reading.entries(eni_configs.as_ref()) {
        let zone = reading.key::<Zone>(key, &place);
        let subnet = reading.required(&place, "subnet_id", |reading, at| {
            let subnet = reading.text::<SubnetId>(at)?;
            subnets.add(reading, at, &subnet, key);
            Some(subnet)
        });
        let groups = reading.required(&place, "security_group_ids", node_or_own_groups);
        if let (Some(zone), Some(subnet), Some(security_groups)) = (zone, subnet, groups) {
            steering.manifests.push(eni_config(&EniConfig { zone, subnet, security_groups }));
        }
    }
    for (zone, place) in eni_configs.iter().flat_map(Place::entries) {
        if let Some(false) = gateways.as_ref().map(|gateways| gateways.cover(reading, zone, &place.path)) {
            covered = covered.map(|_| false);
        }
    }
    if !nothing_of(&eni_configs) {
        add_requirements(&mut steering.requirements, eni_config_requirements());
        if gateways.is_some() {
            add_requirements(&mut steering.requirements, external_snat_requirements());
        }
    }
    let policies: Vec<_> = reading.entries(policies.as_ref());
    for (key, place) in &policies {
        steering.manifests.extend(policy(reading, key, place).as_ref().map(security_group_policy));
    }
    if !policies.is_empty() {
        add_requirements(&mut steering.requirements, security_group_policy_requirements());
    }
    steering.egress_cidrs = match (gateways, covered) {
        (None, _) | (Some(_), Some(false)) => None,
        (Some(_), None) => Some(Value::UNKNOWN),
        (Some(gateways), Some(true)) => Some(gateways.egress_cidrs),
    };
    steering
}

/// The groups of a zone's pods; none for those of the node.
#[expect(clippy::option_option, reason = "the node's own is not the same as not usable")]
fn node_or_own_groups(reading: &mut Reading, place: &Place<'_>) -> Option<Option<SecurityGroups>> {
    let ids = reading.texts::<SecurityGroupId>(place)?;
    if ids.is_empty() { Some(None) } else { reading.keep(&place.path, SecurityGroups::new(ids)).map(Some) }
}

fn security_groups(reading: &mut Reading, place: &Place<'_>) -> Option<SecurityGroups> {
    let ids = reading.texts::<SecurityGroupId>(place)?;
    reading.keep(&place.path, SecurityGroups::new(ids))
}

fn policy(reading: &mut Reading, key: &str, place: &Place<'_>) -> Option<SecurityGroupPolicy> {
    let name = reading.key(key, place);
    let namespace = reading.required(place, "namespace", Reading::text);
    let security_groups = reading.required(place, "security_group_ids", security_groups);
    let pods = match (place.field("pods"), place.field("service_accounts")) {
        (Some(pods), None) => reading.selector(&pods).map(Pods::Labels),
        (None, Some(accounts)) => reading.selector(&accounts).map(Pods::ServiceAccountLabels),
        (None, None) => {
            reading.mistake(
                &place.path,
                "It needs pods or service_accounts; pods = { all = true } is every pod of the namespace",
            );
            None
        }
        (Some(_), Some(accounts)) => {
            reading
                .mistake(&accounts.path, "It cannot stand beside pods: a SecurityGroupPolicy selects by one of them");
            None
        }
    };
    Some(SecurityGroupPolicy { name: name?, namespace: namespace?, pods: pods?, security_groups: security_groups? })
}

/// The zones' subnets so far.
struct Subnets<'v, 'g> {
    /// The zone of each.
    zones: BTreeMap<SubnetId, &'v str>,
    gateways: Option<&'g Gateways<'v>>,
}

impl<'v> Subnets<'v, '_> {
    /// Adds a zone's, and says what cannot be right about it: that it is another zone's, or one that a NAT gateway stands in.
    fn add(&mut self, reading: &mut Reading, at: &Place<'_>, subnet: &SubnetId, zone: &'v str) {
        if let Some(other) = self.zones.insert(subnet.clone(), zone) {
            reading.mistake(&at.path, format!("It is also the subnet of {other}; a subnet is in one zone"));
        }
        if self.gateways.is_some_and(|gateways| gateways.subnets.contains(subnet.to_string().as_str())) {
            let why = "It is the subnet that a NAT gateway stands in, whose own traffic does not go through it; \
                       name a private subnet whose default route sends to the gateway";
            reading.mistake(&at.path, why);
        }
    }
}

/// The NAT gateways of an `egress_nat_gateway`, as far as they are known.
struct Gateways<'v> {
    /// The zones that have one; none while that is not known.
    zones: Option<Coverage<'v>>,
    /// The subnets that they stand in.
    subnets: BTreeSet<&'v str>,
    egress_cidrs: Value,
}

enum Coverage<'v> {
    Every,
    Zones(BTreeSet<&'v str>),
}

impl<'v> Gateways<'v> {
    fn read(reading: &mut Reading, place: &Place<'v>) -> Self {
        let aws = place.field("aws");
        if aws.is_none() && !place.value.is_unknown() {
            reading.mistake(&place.path.field("aws"), "It is not there: pods of EKS leave through NAT gateways on AWS");
        }
        let mode = aws.as_ref().and_then(|aws| aws.field("availability_mode"));
        let zones = aws.as_ref().and_then(|aws| aws.field("zones"));
        let is_unknown = |place: &Option<Place<'_>>| place.as_ref().is_some_and(|place| place.value.is_unknown());
        let is_regional = mode.as_ref().and_then(|mode| mode.value.as_str()) == Some("regional");
        let entries: Vec<_> = zones.as_ref().map(|zones| zones.entries().collect()).unwrap_or_default();
        let unknown = place.value.is_unknown() || is_unknown(&aws) || is_unknown(&mode) || is_unknown(&zones);
        let coverage = match (unknown, is_regional) {
            (_, true) => Some(Coverage::Every),
            (true, false) => None,
            (false, false) => Some(Coverage::Zones(entries.iter().map(|(zone, _)| *zone).collect())),
        };
        let subnets = entries.iter().filter_map(|(_, zone)| zone.value.get("subnet_id")?.as_str()).collect();
        let egress_cidrs = place.value.get("egress_cidrs").unwrap_or(&Value::UNKNOWN);
        let egress_cidrs = if egress_cidrs.is_wholly_known() { egress_cidrs.clone() } else { Value::UNKNOWN };
        Self { zones: coverage, subnets, egress_cidrs }
    }

    /// Whether a zone has a gateway, as far as that is known; a warning where it has none.
    fn cover(&self, reading: &mut Reading, zone: &str, path: &Path) -> bool {
        let Some(Coverage::Zones(zones)) = &self.zones else { return true };
        if zones.contains(zone) {
            return true;
        }
        let zones: Vec<_> = zones.iter().copied().collect();
        let others = if zones.is_empty() { "none".to_owned() } else { zones.join(", ") };
        reading.warn(
            path,
            format!("The NAT gateway has no gateway in {zone}"),
            format!(
                "Zones with a gateway: {others}. Pods in {zone} leave through another zone's gateway if the route \
                 table of their subnet points to one (which costs traffic between zones, and ends when that zone \
                 fails), and not at all if it points to none. egress_cidrs are null, because they would not be sure \
                 to be complete. Add {zone} to the gateway's zones."
            ),
        );
        false
    }
}
