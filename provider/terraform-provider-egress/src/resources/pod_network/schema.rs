//! What a user can write in an `egress_pod_network`, apart from the services. The descriptions are its documentation.

use tfplugin::cty::Type;
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, NestedBlock, Schema};

use crate::resources::objects::attributes::text;

pub(super) fn schema(services: Vec<NestedBlock>) -> Schema {
    let attributes = vec![
        text(
            "name",
            "What it is called, unique per provider `owner`: 1 to 40 lowercase letters, digits and hyphens, \
             beginning with a letter. The objects carry it as a label; they are called after the keys below. A \
             change only changes that label.",
        )
        .required(),
        Attribute::new(
            "pod_annotations",
            Type::map(Type::map(Type::String)),
            "The annotations that pods must carry when they are created, by the key of the gateway or address that \
             they use: put them into the pods' templates. Empty where the service needs none.",
        )
        .computed(),
        Attribute::new(
            "egress_cidrs",
            Type::list(Type::String),
            "Every public address from which these pods' traffic leaves, as blocks. Complete or unknown (null in \
             the state), never a part. Null also where only the cloud knows them.",
        )
        .computed(),
    ];
    let schema = Schema::new(
        "How a managed cluster's own network steers the egress of pods: the objects that EKS, AKS, GKE and ACK \
         read, for exactly one of them.\n\n\
         It stands apart from `egress_nat_gateway`, because a cluster's nodes need the NAT gateway before they can \
         join, and the cluster must be there before it can take these objects. Give the gateway to it \
         (`eks.nat_gateway`): the plan then checks that each zone has a gateway, and `egress_cidrs` are known.\n\n\
         Most of these objects count when a pod or node is created: those that run keep what they have.\n\n\
         The plan shows the objects in `manifests`, also without a cluster. Only the fields in `manifests` are \
         owned (server-side apply, field manager `terraform-provider-egress`).",
        attributes,
    );
    schema.with_blocks(services)
}

pub(super) fn identity_schema() -> IdentitySchema {
    let name = IdentityAttribute {
        name: "name",
        ty: Type::String,
        required_for_import: true,
        description: "The pod network's name.".to_owned(),
    };
    IdentitySchema { version: 0, attributes: vec![name], mutable: true }
}
