//! What a user can write in an `egress_policy`. The descriptions are its documentation.

use egress_engines::ENGINES;
use egress_model::policy::Form;
use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, Nesting, Schema};
use tfplugin::validators;

use super::via;
use crate::resources::objects::attributes::{namespace_selector, selector, single, text, text_map, texts, whole};

pub(super) fn schema() -> Schema {
    let engines: Vec<&'static str> = ENGINES.iter().map(|engine| engine.name.as_str()).collect();
    let mut schema = Schema::new(
        "Which traffic may leave pods, compiled to the objects of the cluster's policy engine.\n\n\
         The policy selects pods, of one namespace or of the whole cluster. Whatever they send is denied, except \
         what `allow` names and name resolution, which is allowed unless `allow_dns` refuses it. `allow = {}` is \
         therefore \"deny everything but DNS\". Several policies on one pod add up.\n\n\
         The plan shows the objects in `manifests`, also without a cluster. What an engine cannot express is an \
         error in the plan that names the engines that can; what it does a little differently is a warning (the \
         guide to the engines has the whole table). Only the fields in `manifests` are owned (server-side apply, \
         field manager `terraform-provider-egress`): fields and labels that others set on the same objects are left \
         alone, and a change of ours by others shows in the plan.",
        vec![
            text(
                "name",
                "The policy's name, and that of its objects: a DNS name of at most 63 characters. After a change \
                 the objects of the new name are applied before those of the old one are deleted.",
            )
            .required(),
            text(
                "namespace",
                "The namespace of the selected pods. It must exist when the policy is applied. Without it the \
                 policy is one of the whole cluster, which not every engine has. After a change the objects in the \
                 new namespace are applied before those in the old one are deleted.",
            ),
            texts(
                "exempt_namespaces",
                "Of a policy of the whole cluster: namespaces that it leaves alone, because a default deny that \
                 reaches the cluster's own components can stop the cluster. Default: `kube-system`, `kube-public`, \
                 `kube-node-lease`, the namespace of the DNS resolver, those of the engine (such as \
                 `calico-system`), and on OpenShift (the provider's `kubernetes.platform`) those of its operators; \
                 the guide to the engines lists them, and `manifests` shows them. A list replaces them all, and the \
                 plan warns of each that it leaves out; what else the cluster needs, such as a mesh's \
                 `istio-system`, has to be in such a list. The plan also warns where no rule lets the pods to the \
                 API server (`to_entities = [\"kube-apiserver\"]`).",
            ),
            texts("service_accounts", "Only pods that run as one of these service accounts."),
            Attribute::nested(
                "allow",
                Nesting::Map,
                allow_rule(),
                "What the pods may reach, by a name of your choice. The rules are alternatives. A rule has exactly \
                 one destination (`to_...`) and the `ports` there. Terraform drops a key of a rule that it does not \
                 know without a word, so what narrows a rule is required, or announced in `ports`: a misspelt key \
                 is an error and never allows more.",
            ),
            Attribute::nested(
                "deny",
                Nesting::Map,
                rule(),
                "What the pods may not reach, whatever any policy allows, by a name of your choice. NetworkPolicy \
                 cannot do it: leave parts out of `to_cidrs` there.",
            ),
            Attribute::new(
                "allow_dns",
                Type::Bool,
                "Whether the pods may ask the cluster's DNS resolver (the provider's `kubernetes.resolver`). \
                 Without DNS most of what a policy allows does not work. Default: `true`.",
            ),
            texts(
                "dns_queries",
                "Ask the resolver only for names like these, written as in `to_domains`; names inside the cluster \
                 count too (`**.cluster.local`). Default: every name.",
            ),
            text(
                "mode",
                "`enforce` stops what is not allowed. `audit` lets it pass and has the engine report it. `staged` \
                 has the engine preview the policy without enforcing it.",
            )
            .default("enforce")
            .validate(validators::one_of(["enforce", "audit", "staged"])),
            whole(
                "priority",
                "Where the policy stands among others, 0 (asked first) to 1000, on engines with an order: the first \
                 policy that says something about a connection decides. Default: policies add up, and `deny` wins.",
            ),
            text(
                "engine",
                "The engine to compile to. Default: the provider's `kubernetes.engine`, or `network-policy`, which \
                 every CNI with policy support enforces. After a change the new objects are applied before the old \
                 ones are deleted.",
            )
            .validate(validators::one_of(engines)),
        ],
    );
    schema.attributes.extend(via::attributes());
    schema.with_blocks(vec![
        block(
            "pods",
            selector(Form::Block),
            "The pods that the policy is about. Without it: every pod of the namespace or namespaces.",
        ),
        block(
            "namespaces",
            namespace_selector(Form::Block),
            "Of a policy of the whole cluster: the namespaces of the selected pods. Without it: all but `exempt_namespaces`.",
        ),
        via::block(),
    ])
}

pub(super) fn identity_schema() -> IdentitySchema {
    let attribute = |name, required, description: &str| IdentityAttribute {
        name,
        ty: Type::String,
        required_for_import: required,
        description: description.to_owned(),
    };
    IdentitySchema {
        version: 0,
        attributes: vec![
            attribute("namespace", false, "The policy's namespace; none for a policy of the whole cluster."),
            attribute("name", true, "The policy's name."),
        ],
        mutable: true,
    }
}

fn rule() -> Vec<Attribute> {
    let mut to_namespaces = namespace_selector(Form::Value);
    to_namespaces.push(
        single("pods", selector(Form::Value), "Which pods of these namespaces; `{ all = true }` for every one.")
            .required(),
    );
    vec![
        single("to_pods", selector(Form::Value), "Pods of the policy's own namespace."),
        single(
            "to_namespaces",
            to_namespaces,
            "Pods of namespaces: those of `pods`, in the namespaces that match. Namespaces and pods must both \
             match; write two rules for \"either\".",
        ),
        texts(
            "to_cidrs",
            "Address blocks, such as `203.0.113.0/24`; a block with `!` before it is left out of the others: \
             `[\"203.0.113.0/24\", \"!203.0.113.128/25\"]`. Meant for addresses outside the cluster: whether a \
             block matches pods or nodes is up to the network plugin, and the plan warns where that matters.",
        ),
        Attribute::new(
            "to_external",
            Type::Bool,
            "`true`: every address outside the cluster, IPv4 and IPv6. Unlike `0.0.0.0/0` it never means pods. Some \
             engines need the provider's `kubernetes.cluster_cidrs` for it.",
        ),
        texts(
            "to_domains",
            "Domain names. `api.example.com` is that name alone, `*.example.com` any name with exactly one label \
             more, `**.example.com` any name below it; a wildcard never matches the name after it.",
        ),
        texts("to_services", "The pods behind Services: `name` in the policy's namespace, or `namespace/name`."),
        texts(
            "to_entities",
            "Parts of every cluster: `all` (every destination), `dns` (the resolver), `kube-apiserver`, `nodes`. \
             NetworkPolicy takes the addresses of the last two from the provider's `kubernetes.cluster_cidrs`.",
        ),
        texts(
            "ports",
            "The ports, as the destination pod has them (a Service's port is already translated): `443` or \
             `\"443/TCP\"`, `\"53/UDP\"`, `\"8000-8099/TCP\"`, a container port's name `\"metrics/TCP\"`, every \
             port of a protocol `\"any/SCTP\"`, ICMP messages `\"any/ICMP\"`, `\"8/ICMP\"` (a type), `\"3:4/ICMP\"` \
             (type and code). `[\"any\"]` is every port of every protocol. Protocols have no case.",
        )
        .required(),
    ]
}

fn allow_rule() -> Vec<Attribute> {
    let mut attributes = rule();
    attributes.push(Attribute::nested(
        "http_requests",
        Nesting::List,
        vec![
            text("method", "The method, such as `GET`, or `any`.").required(),
            text("path", "The exact path, such as `/v1/orders`. Exactly one of this and `path_prefix`."),
            text(
                "path_prefix",
                "What the path begins with, up to a `/`: `/v1` is `/v1` and `/v1/x`, not `/v10`. `/` is every path.",
            ),
            text_map("headers", "Headers that must all be there with exactly these values; `{}` for none.").required(),
        ],
        "Only HTTP requests like one of these, each as a whole. Every port of the rule is then announced as HTTP: \
         `ports = [\"80/http\"]`, and such a port needs this. Requests inside TLS cannot be read: use \
         `server_names`.",
    ));
    attributes.push(texts(
        "server_names",
        "Only TLS connections that ask for one of these server names (SNI), written as in `to_domains`. Every port \
         of the rule is then announced as TLS: `ports = [\"443/tls\"]`, and such a port needs this.",
    ));
    attributes
}
