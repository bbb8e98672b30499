//! The schema of the `provider` block.

use tfplugin::schema::declare::{block, boolean, number, numbers, string, string_map, strings};
use tfplugin::schema::{NestedBlock, Schema};

/// The schema of the `provider` block.
pub(crate) fn schema() -> Schema {
    Schema::new(
        "Manages everything that decides how traffic leaves a Kubernetes cluster: static public IPs, NAT gateways \
         and their routes, and egress policies inside the cluster. No public IP that stands on a partner's \
         allow-list changes by accident, and a crash neither loses nor duplicates a cloud object.\n\n\
         Terraform 1.8 or newer, or OpenTofu 1.8 or newer, is needed. Credentials are never attributes of \
         resources: they come from each SDK's own chain (environment variables, profiles, instance roles), or from \
         this block, which Terraform does not store.",
        vec![
            string(
                "owner",
                "Whose objects these are. Written as the tag `egress-owner` on everything that this configuration \
                 creates, and the only way to find an object again after a crash, so it must be **unique per \
                 state** and must not change. A configuration that is used in several workspaces writes `owner = \
                 \"acme-${terraform.workspace}\"`: a second state with the same owner and resource names is refused \
                 what the first one has (`adoption`). 1 to 32 lowercase letters, digits and hyphens, beginning with \
                 a letter and not ending with a hyphen. Must be known at plan time.",
            )
            .required(),
            string(
                "adoption",
                "What a plan does that would create an object when a live one with exactly its identity (owner, \
                 resource type, name, key) exists already and is not in the state. `recent` (the default) adopts \
                 what is at most 2 hours old, as an interrupted apply leaves it, and lists it in a warning; \
                 anything older is an error, because another state manages it as a rule: another workspace, or a \
                 copy of the configuration with the same owner. `automatic` adopts whatever its age, for a state \
                 that is lost: set it for one apply. `error` adopts nothing.",
            ),
        ],
    )
    .with_blocks(vec![aws(), kubernetes()])
}

fn aws() -> NestedBlock {
    block(
        "aws",
        vec![
            string("region", "The region, such as `eu-west-1`. Default: `AWS_REGION`, or the profile's region."),
            string("profile", "The profile of the shared configuration files. Default: `AWS_PROFILE`, or `default`."),
            string(
                "endpoint_url",
                "The base URL of every AWS service, for a stand-in or a proxy, such as `http://127.0.0.1:4566`. \
                 Default: `AWS_ENDPOINT_URL`, or AWS itself.",
            ),
            string_map(
                "default_tags",
                "Tags on everything that is created on AWS; a resource's own `tags` win over them. Keys that begin \
                 with `aws:`, and those that the provider sets itself (`egress-owner` and the like), are reserved.",
            ),
            number(
                "max_attempts",
                "How often a call is tried when AWS throttles it or fails for a moment, 1 to 100. Default: \
                 `AWS_MAX_ATTEMPTS`, or 3. Calls that have no idempotency token are never repeated blindly: after \
                 an unclear answer the provider looks first.",
            ),
            string(
                "poll_interval",
                "How soon to look for the first time whether AWS has finished something, such as `500ms` (the \
                 default); later looks are further and further apart. Shorten it for a stand-in.",
            ),
            string(
                "retry_mode",
                "`standard` (the default) or `adaptive`, which also slows down the first tries once AWS throttles.",
            ),
        ],
        "Amazon Web Services. Needed when a resource has an `aws` block; an empty `aws {}` takes everything from \
         the SDK's own chain: environment variables, the shared configuration files, IAM roles for service accounts \
         and instance roles.",
    )
    .with_blocks(vec![endpoints(), assume_role()])
}

/// The parts of `kubernetes` that say how to reach the cluster, and what to do where that fails. They are known before it is looked at.
pub(super) const CONNECTION: [&str; 12] = [
    "config_path",
    "config_context",
    "host",
    "cluster_ca_certificate",
    "tls_server_name",
    "insecure",
    "token",
    "client_certificate",
    "client_key",
    "exec",
    "in_cluster",
    "on_unreachable",
];

/// The schema of what `kubernetes` says of the cluster, without how to reach it.
pub(crate) fn cluster_description() -> Schema {
    let NestedBlock { mut attributes, mut blocks, .. } = kubernetes();
    attributes.retain(|attribute| !CONNECTION.contains(&attribute.name));
    blocks.retain(|block| !CONNECTION.contains(&block.name));
    Schema::new("The cluster.", attributes).with_blocks(blocks)
}

fn kubernetes() -> NestedBlock {
    block(
        "kubernetes",
        vec![
            string(
                "config_path",
                "The kubeconfig file; `~` is the home folder. Default: `KUBECONFIG`, or `~/.kube/config`.",
            ),
            string("config_context", "The context of the kubeconfig. Default: its current context."),
            string(
                "host",
                "The API server's URL, such as `https://10.0.0.1:6443`, instead of a kubeconfig. Then one of \
                 `token`, `exec`, or `client_certificate` with `client_key` is needed.",
            ),
            string(
                "cluster_ca_certificate",
                "The certificate authority of the API server as PEM, with `host`. Default: the system's.",
            ),
            string(
                "tls_server_name",
                "The name that the API server's certificate must have, with `host`. Default: the host of the URL.",
            ),
            boolean(
                "insecure",
                "Do not check the API server's certificate, with `host`. Anybody on the way can then read and \
                 change everything. Default: `false`.",
            ),
            string("token", "A bearer token, with `host`.").sensitive(),
            string("client_certificate", "A client certificate as PEM, with `host`."),
            string("client_key", "The client certificate's key as PEM, with `host`.").sensitive(),
            boolean("in_cluster", "Use the service account of the pod that Terraform runs in. Default: `false`."),
            string(
                "on_unreachable",
                "What a plan does when it cannot look at the cluster, because the API server does not answer or \
                 refuses the credentials: `error` (the default) fails, once for all resources; `warn` goes on with \
                 what the state says, so that changes outside of Terraform and objects that exist already do not \
                 show. An apply always fails. A cluster whose settings are not known before the apply is not looked \
                 at, and needs neither.",
            ),
            string(
                "engine",
                "The engine that policies are compiled to where they name none. Default: `network-policy`, which \
                 every CNI with policy support enforces.",
            ),
            string_map(
                "engine_versions",
                "The versions of the engines that policies and gateways are compiled to, by their names, such as `{ \
                 cilium = \"1.18\", istio = \"1.28\" }`: what they may ask for depends on them. Default: the newest \
                 that this provider knows, so that on an older engine what it does not have yet is refused by the \
                 engine alone, or done without it.",
            ),
            string(
                "platform",
                "Who made the cluster: `openshift`, or `kubernetes` for whoever keeps to what Kubernetes itself \
                 installs. It decides where the DNS resolver is unless `resolver` says so (on OpenShift pods of \
                 `openshift-dns`, on port 5353), and which namespaces policies of the whole cluster leave alone \
                 unless they say so themselves (on OpenShift those of its operators, `openshift-...`). Default: as \
                 `kubernetes`; with the engine `ovn-kubernetes`, which is OpenShift's, the plan warns that this is \
                 a guess.",
            ),
            string(
                "aks_public_ip_prefix",
                "The resource id of the public IP prefix that AKS static egress gateways use, with `engine = \
                 \"aks\"`. Default: AKS makes one, whose addresses are known once it is there.",
            ),
            string(
                "ovn_kubernetes_dns",
                "How OVN-Kubernetes finds the addresses of domain names: `polling` (the default; it asks for them \
                 itself) or `name-resolver` (`--enable-dns-name-resolver`, which wildcards need).",
            ),
            string(
                "network_policy_api_channel",
                "Which CRDs of network-policy-api the cluster has, for the engines `cluster-network-policy` and \
                 `admin-network-policy`: `standard` (the default) or `experimental`, which also knows nodes and \
                 domain names.",
            ),
        ],
        "The cluster. Needed when a policy is applied rather than rendered. Its values may come from a cluster that \
         is made in the same apply: the plan then works without it. An empty `kubernetes {}` uses the default \
         kubeconfig.",
    )
    .with_blocks(vec![exec(), cluster_cidrs(), resolver(), istio(), antrea_subnet(), kube_ovn()])
}

fn antrea_subnet() -> NestedBlock {
    block(
        "antrea_subnet",
        vec![
            string("gateway", "The router to which traffic from these addresses goes.").required(),
            number("prefix_length", "The length of the subnet's prefix, such as 24.").required(),
            number("vlan", "The VLAN that the network expects of this traffic. Default: none."),
        ],
        "The subnet of the addresses of Antrea's egress gateways, with `engine = \"antrea\"`. Default: the nodes' own subnet.",
    )
}

fn cluster_cidrs() -> NestedBlock {
    block(
        "cluster_cidrs",
        vec![
            strings("pods", "The blocks that pods have addresses of, of every node pool and family."),
            strings("services", "The blocks of Service addresses."),
            strings("nodes", "The blocks of node addresses. Without them nodes count as external."),
            strings(
                "api_server",
                "The addresses of the API server's endpoints, for `to_entities = [\"kube-apiserver\"]`.",
            ),
        ],
        "Which addresses are the cluster's own: `to_external` of a policy is everything outside `pods`, `services` \
         and `nodes`. Also used to warn about blocks that hold addresses of the cluster. May come from a cluster \
         that is made in the same apply.",
    )
}

fn resolver() -> NestedBlock {
    block(
        "resolver",
        vec![
            string(
                "namespace",
                "The namespace of the resolver's pods. Default: `kube-system`; with `platform = \"openshift\"` `openshift-dns`.",
            ),
            string_map(
                "match_labels",
                "The labels of the resolver's pods. Default: `k8s-app = \"kube-dns\"`, which CoreDNS has as well; \
                 with `platform = \"openshift\"` `\"dns.operator.openshift.io/daemonset-dns\" = \"default\"`.",
            ),
            numbers(
                "ports",
                "The ports of the resolver's pods, over UDP and TCP. Default: `[53]`; with `platform = \"openshift\"` `[5353]`.",
            ),
            strings(
                "node_local_ips",
                "Addresses of a DNS cache on every node, such as `169.254.20.10` of NodeLocal DNSCache. Default: none.",
            ),
        ],
        "The cluster's DNS resolver, which policies allow unless they refuse it.",
    )
}

fn istio() -> NestedBlock {
    block(
        "istio",
        vec![
            string(
                "mode",
                "How pods join the mesh: `sidecar` (the default; what leaves goes through an egress gateway) or \
                 `ambient` (through a waypoint).",
            ),
            string("trust_domain", "The mesh's trust domain. Default: `cluster.local`."),
            string(
                "gateway_namespace",
                "The namespace of the egress gateway's pods, or of the waypoint. Default: `istio-egress`.",
            ),
            string_map(
                "gateway_labels",
                "The labels of the egress gateway's pods. Default: `istio = \"egressgateway\"`.",
            ),
            string(
                "gateway_service",
                "The name of the egress gateway's Service, or of the waypoint. Default: `istio-egressgateway`.",
            ),
            numbers(
                "gateway_tls_ports",
                "The ports that the egress gateway's pods listen on for the Service's port 443: a NetworkPolicy \
                 sees these. Default: those of the `gateway` chart; `istioctl install` and the older chart have \
                 `[8443]`.",
            ),
            numbers(
                "gateway_http_ports",
                "The same for the Service's port 80. `istioctl install` and the older chart have `[8080]`.",
            ),
            string("control_plane_namespace", "The namespace of istiod. Default: `istio-system`."),
            string("cluster_domain", "The domain of the names of the cluster's Services. Default: `cluster.local`."),
            string(
                "outbound_traffic",
                "The mesh's `outboundTrafficPolicy.mode`: `ALLOW_ANY` (Istio's default) or `REGISTRY_ONLY`.",
            ),
        ],
        "The mesh, with `engine = \"istio\"`.",
    )
}

fn endpoints() -> NestedBlock {
    block(
        "endpoints",
        vec![
            string("ec2", "The URL of EC2. Default: `AWS_ENDPOINT_URL_EC2`, or `endpoint_url`."),
            string(
                "sts",
                "The URL of STS, which is called for `assume_role`. Default: `AWS_ENDPOINT_URL_STS`, or `endpoint_url`.",
            ),
        ],
        "URLs of single services, for VPC endpoints (PrivateLink) or stand-ins.",
    )
}

fn assume_role() -> NestedBlock {
    block(
        "assume_role",
        vec![
            string("role_arn", "The role's ARN.").required(),
            string(
                "session_name",
                "The session's name in CloudTrail: 2 to 64 of `A-Z a-z 0-9 _ = , . @ -`. Default: `terraform-provider-egress`.",
            ),
            string("external_id", "The external id that the role's trust policy asks for.").sensitive(),
            string(
                "duration",
                "How long the credentials live, such as `1h`: 15 minutes to 12 hours. They are renewed before they expire. Default: `1h`.",
            ),
            string(
                "policy",
                "An IAM policy as JSON, at most 2,048 characters, that the session is held to beside the role's own \
                 policies: it may do what both allow. Write it with `jsonencode`.",
            ),
        ],
        "A role to assume with the credentials that the SDK's chain finds.",
    )
}

fn exec() -> NestedBlock {
    block(
        "exec",
        vec![
            string(
                "api_version",
                "The credential API that the command speaks: `client.authentication.k8s.io/v1` or `v1beta1`.",
            )
            .required(),
            string("command", "The command.").required(),
            strings("args", "Its arguments."),
            string_map("env", "Environment variables for it.").sensitive(),
        ],
        "A command that prints credentials, such as `aws eks get-token`, with `host`.",
    )
}

fn kube_ovn() -> NestedBlock {
    block(
        "kube_ovn",
        vec![
            string("external_subnet", "The Kube-OVN Subnet outside, whose addresses gateways have. They need one."),
            string("vpc", "The VPC whose pods use them. Default: the cluster's own."),
        ],
        "Where egress gateways of Kube-OVN are, with `engine = \"kube-ovn\"`.",
    )
}
