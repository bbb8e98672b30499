//! What is watched: other resources as a whole.

use tfplugin::cty::Type;
use tfplugin::schema::declare::block;
use tfplugin::schema::{Attribute, NestedBlock, Nesting};

use crate::resources::objects::attributes::{single, text, text_map, texts, whole};
use crate::resources::watched::schema::{gateways, of_a_whole_resource, policies};

pub(super) fn attributes() -> Vec<Attribute> {
    let map = |name, attributes, description: &str| Attribute::nested(name, Nesting::Map, attributes, description);
    vec![
        policies(
            "Policies, by a name of your choice: `egress_policy` resources as a whole, such as `{ backend = \
             egress_policy.backend }`. Each has a panel of its own where something measures it.",
        ),
        gateways("In-cluster gateways, by a name of your choice: `egress_gateway` resources as a whole."),
        map(
            "nat_gateways",
            nat_gateway(),
            "NAT gateways, by a name of your choice: `egress_nat_gateway` resources as a whole. Thresholds follow \
             from how many addresses they have.",
        ),
        map(
            "pools",
            of_a_whole_resource([text_map("public_ips", "The public address of each key.")]),
            "Pools of addresses, by a name of your choice: `egress_ip_pool` resources as a whole. No cloud measures \
             an address; the dashboard shows which there are, above everything else.",
        ),
        map(
            "existing_nat_gateways",
            existing_nat_gateway(),
            "NAT gateways that another resource or nobody in Terraform has, by a name of your choice.",
        ),
    ]
}

fn nat_gateway() -> Vec<Attribute> {
    let gateway = of_a_whole_resource([
        text("id", "The gateway's id."),
        text("arn", "Its Amazon resource name, which says its region."),
        texts("addresses", "The ids of its public addresses."),
    ]);
    of_a_whole_resource([
        single("aws", of_a_whole_resource([text("region", "The region.")]), "Where it is on AWS."),
        Attribute::nested("gateways", Nesting::Map, gateway, "The gateways, by key."),
    ])
}

fn existing_nat_gateway() -> Vec<Attribute> {
    vec![
        text("cloud", "The cloud: `aws`, `azure`, `gcp` or `alibaba`.").required(),
        text("region", "The region, such as `eu-west-1`.").required(),
        Attribute::new(
            "ids",
            Type::set(Type::String),
            "What they are called in metrics: `nat-...` on AWS, the resource id on Azure, the name of the NAT on \
             Google Cloud, `ngw-...` on Alibaba Cloud.",
        )
        .required(),
        whole(
            "addresses",
            "How many public addresses each has. Without it nothing is said of how near the limit of ports is, \
             where that depends on them.",
        ),
        whole(
            "ports_per_vm",
            "On Google Cloud: how many ports each machine gets. Without it nothing is said of how near that limit is.",
        ),
    ]
}

/// Who brings the metrics of NAT gateways to Prometheus.
pub(super) fn nat_metrics() -> NestedBlock {
    let attributes = vec![
        text("aws_exporter", "On AWS: `yace` (yet-another-cloudwatch-exporter, the default) or `cloudwatch_exporter`."),
        text(
            "gcp_exporter",
            "On Google Cloud: `stackdriver_exporter` (the default), `stackdriver_exporter-deltas` where it runs \
             with `--monitoring.aggregate-deltas`, or `managed-prometheus`.",
        ),
        text(
            "alibaba_metric_prefix",
            "On Alibaba Cloud, which has no standard exporter: what metric names begin with. Default: \
             `aliyuncms_acs_nat_gateway`, as Telegraf's `inputs.aliyuncms` writes.",
        ),
        text("period", "Over how long a time each sample of a sum is. Default: `5m` on AWS and `1m` elsewhere."),
    ];
    block(
        "nat_metrics",
        attributes,
        "Who brings the metrics of NAT gateways to Prometheus: expressions differ by exporter. On Azure it is \
         azure-metrics-exporter. `exporter_jobs` has their configuration.",
    )
}
