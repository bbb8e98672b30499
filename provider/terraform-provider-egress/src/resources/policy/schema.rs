//! What a user can write in an `egress_policy`. The descriptions are its documentation.

use std::time::Duration;

use egress_engines::ENGINES;
use tfplugin::cty::Type;
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, Nesting, Schema};
use tfplugin::validators;

use crate::resources::timeouts::Defaults;

/// How long operations may take when the user says nothing. An API server answers in milliseconds; what takes long is a
/// finalizer of another controller.
pub(super) const TIMEOUTS: Defaults =
    Defaults { create: Duration::from_mins(5), update: Duration::from_mins(5), delete: Duration::from_mins(5) };

/// The values of `delivery`.
pub(super) const APPLY: &str = "apply";
/// Only compile; somebody else applies.
pub(super) const RENDER: &str = "render";

fn text(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::String, description)
}

fn texts(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::list(Type::String), description)
}

fn text_map(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::map(Type::String), description)
}

/// A whole number; what range makes sense is the model's to say.
fn whole(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::Number, description).validate(validators::range(..))
}

fn single(name: &'static str, attributes: Vec<Attribute>, description: &str) -> Attribute {
    Attribute::nested(name, Nesting::Single, attributes, description)
}

pub(super) fn schema() -> Schema {
    Schema::new(
        "Which traffic may leave the pods of a namespace, compiled to the objects of the cluster's network policy engine.\n\n\
         The policy selects pods. Whatever they send is denied, except what `allow` names and name resolution, which is allowed \
         unless `dns` refuses it. `allow = {}` is therefore \"deny everything but DNS\". Several policies on one pod add up.\n\n\
         The plan shows the objects in `manifests`, also without a cluster. What an engine cannot express is an error in the \
         plan that names the engines that can; what it does a little differently is a warning. Only the fields in `manifests` \
         are owned (server-side apply, field manager `terraform-provider-egress`): fields and labels that others set on the same \
         objects are left alone, and a change of ours by others shows in the plan.",
        vec![
            text("name", "The policy's name, and that of its objects: a DNS name of at most 63 characters. A change replaces the policy.")
                .required()
                .requires_replace(),
            text("namespace", "The namespace of the selected pods. It must exist when the policy is applied. A change replaces the policy.")
                .required()
                .requires_replace(),
            text_map("labels", "Labels for the objects. Those that mark what this provider owns (`app.kubernetes.io/managed-by`, `egress-owner` and the like) are set by itself."),
            text_map("annotations", "Annotations for the objects."),
            single("pods", selector(), "The pods that the policy is about. Default: every pod of the namespace."),
            texts("service_accounts", "Only pods that run as one of these service accounts. NetworkPolicy cannot do it."),
            Attribute::nested("allow", Nesting::Map, rule(), "What the pods may reach, by a name of your choice. The rules are alternatives; a rule has one kind of destination."),
            Attribute::nested("deny", Nesting::Map, rule(), "What the pods may not reach, whatever any policy allows. NetworkPolicy cannot do it: use `except_cidrs` there."),
            dns(),
            cluster_cidrs(),
            text("mode", "`enforce` stops what is not allowed. `audit` lets it pass and has the engine report it; NetworkPolicy cannot do it.")
                .default("enforce")
                .validate(validators::one_of(["enforce", "audit"])),
            text("engine", "The engine to compile to. Default: the provider's `kubernetes.engine`, or `network-policy`, which every CNI with policy support enforces.")
                .validate(validators::one_of(ENGINES.map(|engine| engine.name.as_str()))),
            text("delivery", "`apply` applies the objects to the provider's cluster. `render` only computes `manifests` and needs no cluster, for GitOps; a change from `apply` to `render` leaves the objects in the cluster.")
                .default(APPLY)
                .validate(validators::one_of([APPLY, RENDER])),
            Attribute::new("force_conflicts", Type::Bool, "Take over fields that another field manager owns with other values, and an existing object of the same name that this provider did not make. Without it both are errors that name the other side.")
                .default(false),
            text_map("manifests", "The objects as YAML, by `Kind/namespace/name`. Known in the plan as soon as the attributes above are.").computed(),
            TIMEOUTS.attribute(),
        ],
    )
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
        attributes: vec![attribute("namespace", "The policy's namespace."), attribute("name", "The policy's name.")],
        mutable: false,
    }
}

fn selector() -> Vec<Attribute> {
    let expression = vec![
        text("key", "The label.").required(),
        text("operator", "`In`: it has one of `values`. `NotIn`: it has none of them, or is not there. `Exists`: it is there. `DoesNotExist`: it is not.").required(),
        texts("values", "The values, for `In` and `NotIn`."),
    ];
    vec![
        text_map("match_labels", "Labels that must be there with exactly these values; all of them."),
        Attribute::nested("match_expressions", Nesting::List, expression, "Further demands on labels; all of them."),
    ]
}

fn rule() -> Vec<Attribute> {
    let mut namespaces = selector();
    namespaces.insert(0, texts("names", "The namespaces' names: one of them. It uses the label `kubernetes.io/metadata.name`, which Kubernetes sets on every namespace."));
    vec![
        single(
            "to_pods",
            selector(),
            "Pods that match: of the policy's own namespace, or of `to_namespaces` if that is there (both must match). Write two rules for \"either\". `{}` means all.",
        ),
        single(
            "to_namespaces",
            namespaces,
            "Namespaces that match: all of their pods, or those of `to_pods`. `{}` means all namespaces.",
        ),
        texts(
            "to_cidrs",
            "Address blocks, such as `203.0.113.0/24`. Meant for addresses outside the cluster: whether a block matches pods or nodes is up to the network plugin, and the plan warns where that matters.",
        ),
        texts("except_cidrs", "Parts of `to_cidrs` that are not meant."),
        Attribute::new(
            "to_external",
            Type::Bool,
            "`true`: every address outside the cluster, IPv4 and IPv6. Unlike `0.0.0.0/0` it never means pods. NetworkPolicy needs `cluster_cidrs` for it.",
        ),
        texts(
            "to_domains",
            "Domain names. `api.example.com` is that name alone, `*.example.com` any name with exactly one label more, `**.example.com` any name below it; a wildcard never matches the name after it. NetworkPolicy cannot do it.",
        ),
        Attribute::nested(
            "to_services",
            Nesting::List,
            vec![
                text("name", "The Service's name.").required(),
                text("namespace", "Its namespace. Default: the policy's."),
            ],
            "The pods behind Services. NetworkPolicy cannot do it: select the pods with `to_pods`.",
        ),
        texts(
            "to_entities",
            "Parts of every cluster: `all` (every destination), `dns` (the resolver of `dns`), `kube-apiserver`, `nodes`. NetworkPolicy takes the addresses of the last two from `cluster_cidrs`.",
        ),
        Attribute::nested(
            "ports",
            Nesting::List,
            ports(),
            "The ports, as the destination pod has them: a Service's port is already translated. Default: every port of every protocol.",
        ),
        Attribute::nested(
            "http",
            Nesting::List,
            http(),
            "Only HTTP requests like one of these. All `ports` must be TCP. NetworkPolicy cannot do it.",
        ),
        texts(
            "sni",
            "Only TLS connections that ask for one of these server names, written as in `to_domains`. All `ports` must be TCP. NetworkPolicy cannot do it.",
        ),
    ]
}

fn ports() -> Vec<Attribute> {
    vec![
        whole(
            "port",
            "The port, 1 to 65535, or the first of a range. Default, without `name`: every port of the protocol.",
        ),
        whole("end_port", "The last port of a range that begins at `port`."),
        text(
            "name",
            "The name of the destination pod's container port, instead of `port`. Matches nothing outside the cluster.",
        ),
        text("protocol", "`TCP` (the default), `UDP`, `SCTP` or `ICMP`. NetworkPolicy knows no ICMP."),
        whole("icmp_type", "The ICMP type, 0 to 255, with `protocol = \"ICMP\"`. Default: every message."),
        whole("icmp_code", "The ICMP code, 0 to 255, of `icmp_type`. Default: every code."),
    ]
}

fn http() -> Vec<Attribute> {
    let header = vec![text("name", "The header's name.").required(), text("value", "Its exact value.").required()];
    vec![
        text("method", "The method, such as `GET`. Default: any."),
        text("path", "The exact path, such as `/v1/orders`. Default: any."),
        text("path_prefix", "What the path begins with, up to a `/`: `/v1` is `/v1` and `/v1/x`, not `/v10`."),
        Attribute::nested("headers", Nesting::List, header, "Headers that must all be there."),
    ]
}

fn dns() -> Attribute {
    single(
        "dns",
        vec![
            Attribute::new("allow", Type::Bool, "Whether the pods may ask the resolver. Default: `true`."),
            text("namespace", "The namespace of the resolver's pods. Default: `kube-system`."),
            text_map(
                "match_labels",
                "The labels of the resolver's pods. Default: `k8s-app = \"kube-dns\"`, which CoreDNS has as well.",
            ),
            Attribute::new(
                "ports",
                Type::list(Type::Number),
                "The ports of the resolver's pods, over UDP and TCP. Default: `[53]`; OpenShift has `[5353]`.",
            ),
            texts(
                "node_local_ips",
                "Addresses of a DNS cache on every node, such as `169.254.20.10` of NodeLocal DNSCache. Default: none.",
            ),
        ],
        "The cluster's DNS resolver. Selected pods may ask it, unless this refuses it: without DNS most of what a policy allows does not work.",
    )
}

fn cluster_cidrs() -> Attribute {
    single(
        "cluster_cidrs",
        vec![
            texts("pods", "The blocks that pods have addresses of, of every node pool and family."),
            texts("services", "The blocks of Service addresses."),
            texts("nodes", "The blocks of node addresses. Without them nodes count as external."),
            texts(
                "api_server",
                "The addresses of the API server's endpoints, for `to_entities = [\"kube-apiserver\"]`.",
            ),
        ],
        "Which addresses are the cluster's own: `to_external` is everything outside `pods`, `services` and `nodes`. Also used to warn about blocks that hold addresses of the cluster.",
    )
}
