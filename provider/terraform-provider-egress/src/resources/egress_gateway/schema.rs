//! What a user can write in an `egress_gateway`. The descriptions are its documentation.

use egress_engines::GATEWAY_ENGINES;
use egress_model::policy::Form;
use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, Nesting, Schema};
use tfplugin::validators;

use crate::resources::objects::attributes::{
    labels_selector, namespace_selector, selector, single, text, texts, whole,
};

pub(super) fn schema() -> Schema {
    let engines: Vec<&'static str> = GATEWAY_ENGINES.iter().map(|engine| engine.name.as_str()).collect();
    let schema = Schema::new(
        "An egress gateway inside the cluster: traffic of some pods to some destinations leaves from known addresses.\n\n\
         Engines differ widely in what their gateways do. What an engine cannot do is an error in the plan that \
         names the engines that can; what it does a little differently is a warning. What must be there for a \
         gateway to work, such as Helm values, feature switches and node labels, is listed in `requirements`.\n\n\
         The plan shows the objects in `manifests`, also without a cluster. Only the fields in `manifests` are \
         owned (server-side apply, field manager `terraform-provider-egress`).",
        vec![
            text(
                "name",
                "The gateway's name, and that of its objects: a DNS name of at most 63 characters. Most engines \
                 have gateways of the whole cluster, so it must be unique there, whatever the namespace. After a \
                 change the objects of the new name are applied before those of the old one are deleted; an engine \
                 that refuses two gateways with one address needs `accept_timeout = \"0s\"` for that.",
            )
            .required(),
            text(
                "namespace",
                "Where those of its objects are that have a namespace, and its pods on engines that run some. It \
                 must exist. After a change the objects in the new namespace are applied before those in the old \
                 one are deleted.",
            )
            .required(),
            Attribute::nested(
                "sources",
                Nesting::Map,
                vec![
                    single("pods", selector(Form::Value), "Which pods; `{ all = true }` for every one.").required(),
                    single(
                        "namespaces",
                        namespace_selector(Form::Value),
                        "In which namespaces; `{ all = true }` for every one.",
                    )
                    .required(),
                ],
                "Whose traffic, by a name of your choice: pods that match, in namespaces that match.",
            )
            .required(),
            texts(
                "ips",
                "The addresses on the cluster's network that traffic leaves from. Some engines put them onto a \
                 node, others need them to be there. Default: the engine chooses.",
            ),
            texts(
                "public_ips",
                "The public addresses that a cloud translates these to, such as \
                 `values(egress_ip_pool.partners.public_ips)`; engines that ask the cloud for them do so. They are \
                 what `egress_cidrs` then shows.",
            ),
            text("interface", "The network interface of those nodes whose address is taken, on engines that take one."),
            whole("replicas", "How many gateways at a time, on engines that run several."),
            text(
                "failover",
                "`required`: traffic must go on from the same addresses when a node of the gateway fails; engines \
                 that cannot are an error. `best-effort`: whatever the engine does.",
            )
            .default("best-effort")
            .validate(validators::one_of(["best-effort", "required"])),
            text(
                "engine",
                "The engine to compile to. Default: the provider's `kubernetes.engine`. After a change the new \
                 objects are applied before the old ones are deleted.",
            )
            .validate(validators::one_of(engines)),
            Attribute::new(
                "egress_cidrs",
                Type::list(Type::String),
                "The addresses that the outside sees, as blocks of one address: `public_ips`, or else `ips`. Null \
                 where the engine chooses them: then only the cluster knows.",
            )
            .computed(),
        ],
    );
    let to = vec![
        texts(
            "cidrs",
            "To these address blocks; a block with `!` before it is left out of the others, as in `to_cidrs` of `egress_policy`.",
        ),
        texts("domains", "To these names, written as in `to_domains` of `egress_policy`, instead of `cidrs`."),
    ];
    let blocks = vec![
        block(
            "to",
            to,
            "Traffic to where: exactly one of `cidrs` and `domains`. Without it: everything outside the cluster.",
        ),
        block(
            "nodes",
            labels_selector(),
            "Which nodes traffic leaves from, by their labels. Without it the engine chooses.",
        ),
    ];
    schema.with_blocks(blocks)
}

pub(super) fn identity_schema() -> IdentitySchema {
    let attribute = |name, description: &str| IdentityAttribute {
        name,
        ty: Type::String,
        required_for_import: true,
        description: description.to_owned(),
    };
    IdentitySchema {
        version: 0,
        attributes: vec![attribute("namespace", "The gateway's namespace."), attribute("name", "The gateway's name.")],
        mutable: true,
    }
}
