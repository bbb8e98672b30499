//! What a user can write in an `egress_log_collection`. The descriptions are its documentation.

use egress_observability::logs::collector::Collector;
use egress_observability::logs::grammar::LogKind;
use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, NestedBlock, Schema};

use crate::resources::objects::attributes::{text, text_map, whole};
use crate::resources::watched;

pub(super) fn schema() -> Schema {
    let collectors = Collector::ALL.map(|collector| format!("`{}`", collector.as_str()));
    let kinds: Vec<String> = LogKind::ALL
        .into_iter()
        .filter_map(|kind| Some(format!("`{}` (`{}`)", kind.as_str(), kind.files()?)))
        .collect();
    let attributes = vec![
        text("name", "What it is called: the name of its `ConfigMap`, a DNS name of at most 63 characters.").required(),
        text(
            "namespace",
            "The namespace of its `ConfigMap`, that of the collector. It must exist. After a change the object in \
             the new namespace is applied before that in the old one is deleted.",
        )
        .required(),
        text("collector", &format!("The collector: {}.", collectors.join(", "))).required(),
        watched::schema::policies(
            "Policies whose engines' logs are read, by a name of your choice: `egress_policy` resources as a whole. \
             On Istio these are the access logs of the sidecars in the policy's namespace. An engine that writes no \
             log is an error.",
        ),
        watched::schema::gateways(
            "In-cluster gateways whose logs are read, by a name of your choice: `egress_gateway` resources as a \
             whole. On Istio that is the gateway's access log.",
        ),
        Attribute::new(
            "files_of",
            Type::map(Type::list(Type::String)),
            format!(
                "Files in place of the usual ones, in which `*` stands for any part of a name, by the kind of log: \
                 {}. `vpc-flow-logs`, which has no usual place, reads VPC flow logs of AWS, in their default format \
                 of version 2, that are there as files.",
                kinds.join(", ")
            ),
        ),
        text("keep", "`all`: every record of egress. `denied`: those of what was stopped.").required(),
        text_map(
            "fields",
            "Fields that every record gets, such as `{ cluster = \"prod\" }`, beside `egress_source`, which says \
             which log it is of.",
        ),
        Attribute::new(
            "files",
            Type::map(Type::String),
            "The collector's files by name, as in the `ConfigMap`: `fluent-bit.conf` and `parsers.conf`, \
             `fluent.conf`, or `config.yaml`.",
        )
        .computed(),
    ];
    let schema = Schema::new(
        "The configuration of a collector that reads what the engines log of egress: Fluent Bit, Fluentd or the \
         OpenTelemetry Collector, as a `ConfigMap`. It makes no pods: mount it into those of the collector that you \
         have, on every node.\n\n\
         Lines of container runtimes are joined where they were split. A line that is no record, such as a proxy's \
         own messages, is passed over. What each engine has to be told so that it writes its log is in \
         `requirements`.\n\n\
         No object and no state holds a password: `login` names variables of the collector's environment, which a Secret fills.\n\n\
         The plan shows the object in `manifests`, also without a cluster. Only the fields in `manifests` are owned \
         (server-side apply, field manager `terraform-provider-egress`).",
        attributes,
    );
    schema.with_blocks(outputs())
}

/// The outputs by name, with their usual ports.
pub(super) const PORTS: [(&str, i64); 4] =
    [("elasticsearch", 9200), ("opensearch", 9200), ("loki", 3100), ("otlp", 4318)];

fn outputs() -> Vec<NestedBlock> {
    let what = |name| match name {
        "elasticsearch" => "Elasticsearch 7 and 8, an index for each day.",
        "opensearch" => "OpenSearch, an index for each day.",
        "loki" => "Loki, with the labels `job` and `egress_source`; version 3 with `opentelemetry`.",
        _ => "Whatever takes OTLP over HTTP. Not with `fluentd`, which has no plugin that makes OTLP of records.",
    };
    let mut blocks: Vec<NestedBlock> = PORTS
        .into_iter()
        .map(|(name, port)| {
            let mut attributes = server(port);
            if name.ends_with("search") {
                attributes.push(text("prefix", "What the names of indices begin with. Default: `egress`."));
            }
            let beside = "Where records go; at least one such block is needed.";
            block(name, attributes, format!("{} {beside}", what(name))).with_blocks(vec![login()])
        })
        .collect();
    blocks.push(block("stdout", Vec::new(), "The collector's own output, to try things out."));
    blocks
}

fn server(port: i64) -> Vec<Attribute> {
    vec![
        text("host", "Its host: a name or an address, without a scheme, a user or a path.").required(),
        whole("port", &format!("Its port. Default: `{port}`.")),
        Attribute::new(
            "tls",
            Type::Bool,
            "Whether the connection is protected by TLS. Default: `true`. Without it everybody on the way reads the \
             records and the password; the plan warns.",
        ),
        text(
            "ca_file",
            "A file in the collector's pods with the certificates of the authorities to trust. Default: those of its image.",
        ),
    ]
}

fn login() -> NestedBlock {
    let attributes = vec![
        text("user_variable", "The variable of the collector's environment that holds the user, such as `ES_USER`.")
            .required(),
        text(
            "password_variable",
            "The variable that holds the password, such as `ES_PASSWORD`: its name, never the password.",
        )
        .required(),
    ];
    block("login", attributes, "Who the collector says it is. Without it the server must not ask.")
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
        attributes: vec![attribute("namespace", "The namespace of its object."), attribute("name", "Its name.")],
        mutable: true,
    }
}
