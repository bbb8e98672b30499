//! What is secret stays so: with every log that there is, no credential of either client is in any line of any run, nor in the state.

use std::fs;

use acceptance_tests::host::{Run as HostRun, Workspace};
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use stand_in_cloud::ec2::ASSUMED_CREDENTIALS;
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, api_server};
use crate::world::{World, gateways, pool, says};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_one_host("secrets::those_of_aws_are_in_no_log", Needs::Host, those_of_aws);
    suite.on_one_host("secrets::those_of_a_cluster_are_in_no_log", Needs::Cluster, those_of_a_cluster);
}

/// Secrets by what they are, each a text that nothing else has.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// Fails if one of them is in the text, as it is or encoded.
    fn are_not_in(&self, text: &str, what: &str) -> Result<()> {
        for (name, secret) in &self.0 {
            for form in [secret.clone(), STANDARD.encode(secret).trim_end_matches('=').to_owned()] {
                let found = text.lines().find(|line| line.contains(&form));
                ensure!(found.is_none(), "{name} is in {what}: {}", found.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// The same of what a run printed, which must have the lines of every level, and of what it left in the folder.
    fn are_not_told(&self, workspace: &Workspace, run: &HostRun) -> Result<()> {
        for line in ["[TRACE]", "[DEBUG] provider.terraform-provider-egress"] {
            ensure!(run.output.contains(line), "{}: {line} is not in the log:\n{}", run.command, run.output);
        }
        self.are_not_in(&run.output, &format!("the log of {}", run.command))?;
        let state = fs::read_to_string(workspace.path().join("terraform.tfstate")).unwrap_or_default();
        self.are_not_in(&state, "the state")
    }
}

fn log_everything(workspace: &mut Workspace) {
    for name in ["TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_CORE"] {
        workspace.set(name, "TRACE");
    }
}

/// A sensitive variable without a value, which the environment gives.
fn variable(workspace: &mut Workspace, name: &str, value: &str) -> String {
    workspace.set(&format!("TF_VAR_{name}"), value);
    format!("variable \"{name}\" {{\n  type = string\n  sensitive = true\n}}\n")
}

fn those_of_aws(run: &Run<'_>) -> Result<()> {
    let mut world = World::new(run)?;
    log_everything(&mut world);
    let own = |name: &str| format!("canary0{name}0of0aws");
    let (key, token, external) = (own("key"), own("token"), own("external"));
    world.set("AWS_SECRET_ACCESS_KEY", &key);
    world.set("AWS_SESSION_TOKEN", &token);
    let declared = variable(&mut world, "external_id", &external);
    let secrets = Secrets(vec![
        ("the secret access key", key),
        ("the session token", token),
        ("the external id", external.clone()),
        ("the role's secret access key", ASSUMED_CREDENTIALS[0].to_owned()),
        ("the role's session token", ASSUMED_CREDENTIALS[1].to_owned()),
    ]);
    let account = acceptance_tests::cloud::ACCOUNT;
    let role = format!(
        "    assume_role {{\n      role_arn = \"arn:aws:iam::{account}:role/egress\"\n      external_id = var.external_id\n    }}\n"
    );
    let body = declared + &pool(&["a"], "") + &gateways(&world.cloud, [&["a"], &[]], "");
    world.configure_as("acme-secrets", &role, "", &body)?;
    let applied = world.apply()?;
    let log = world.cloud.server.log();
    let assumed = log.iter().find(|call| call.action == "AssumeRole").context("no role was assumed")?;
    ensure!(assumed.params.get("ExternalId") == Some(&external), "the external id was not sent");
    secrets.are_not_told(&world, &applied)?;
    // What fails is said: by EC2, which has the credentials of the role, and by STS, which has the others.
    for action in ["DescribeAddresses", "AssumeRole"] {
        let refusal = Effect::Error { status: 403, code: "AccessDenied".to_owned(), message: "No.".to_owned() };
        let refused = Fault::once(Matcher::action(action), FaultPhase::BeforeCommit, refusal);
        world.cloud.server.set_faults(vec![Fault { times: None, ..refused }]);
        let failed = world.fail(&["plan", "-no-color"])?;
        says(&failed.output, &["Error: "])?;
        secrets.are_not_told(&world, &failed)?;
    }
    Ok(())
}

/// The parts of a kubeconfig, where `user` is the user's.
fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: it\nclusters:\n- name: it\n  cluster:\n    server: {server}\n    \
         insecure-skip-tls-verify: true\nusers:\n- name: it\n  user:\n{user}contexts:\n- name: it\n  context:\n    \
         cluster: it\n    user: it\n"
    )
}

/// Every way to give credentials, each in a provider of its own with one policy. The API server accepts none of them, so that every error
/// is told too.
fn those_of_a_cluster(run: &Run<'_>) -> Result<()> {
    let (mut workspace, server) = (run.workspace()?, api_server()?);
    log_everything(&mut workspace);
    let namespace = server.own_namespace()?;
    let path = "jsonpath={.clusters[0].cluster.server}";
    let url = server.kubectl(&["config", "view", "--raw", "-o", path], "")?.trim().to_owned();
    let own = |name: &str| format!("canary0{name}0of0kubernetes");
    let (token, environment, printed) = (own("token"), own("environment"), own("printed"));
    let (in_file, password, broken) = (own("file"), own("password"), own("broken"));
    let pair = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["egress".to_owned()])?.self_signed(&pair)?.pem();
    let pem = pair.serialize_pem();
    let line = pem.lines().nth(1).context("a key has lines")?.to_owned();
    let of_user = [
        ("file", format!("    token: {in_file}\n")),
        ("password", format!("    username: admin\n    password: {password}\n")),
        ("broken", format!("    client-certificate-data: {broken}\n    client-key-data: {broken}\n")),
    ];
    for (name, user) in &of_user {
        workspace.write(name, &kubeconfig(&url, user))?;
    }
    let mut body = REQUIRED_PROVIDERS.to_owned();
    let given = [
        ("token", &token),
        ("environment", &environment),
        ("key", &pem),
        ("certificate", &certificate),
        ("broken", &broken),
    ];
    for (name, value) in given {
        body += &variable(&mut workspace, name, value);
    }
    let credential = format!(
        "{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{printed}\"}}}}"
    );
    workspace.write("credential.json", &credential)?;
    let at = format!("host = \"{url}\"\n    insecure = true\n    ");
    let folder = workspace.path().display().to_string();
    let exec = format!(
        "{at}exec {{\n      api_version = \"client.authentication.k8s.io/v1\"\n      command = \"cat\"\n      \
         args = [\"{folder}/credential.json\"]\n      \
         env = {{ SECRET = var.environment }}\n    }}"
    );
    let mut ways = vec![
        ("token", format!("{at}token = var.token")),
        ("exec", exec),
        ("key", format!("{at}client_certificate = var.certificate\n    client_key = var.key")),
        ("broken_key", format!("{at}client_certificate = var.certificate\n    client_key = var.broken")),
    ];
    ways.extend(of_user.iter().map(|(name, _)| (*name, format!("config_path = \"{folder}/{name}\""))));
    let policies = ways.iter().map(|(name, kubernetes)| {
        format!(
            "provider \"egress\" {{\n  alias = \"{name}\"\n  owner = \"acme-secrets\"\n  kubernetes {{\n    {kubernetes}\n  }}\n}}\n\
             resource \"egress_policy\" \"{name}\" {{\n  provider = egress.{name}\n  name = \"{}\"\n  namespace = \"{namespace}\"\n  \
             allow = {{ partner = {{ to_cidrs = [\"203.0.113.0/24\"], ports = [443] }} }}\n}}\n",
            name.replace('_', "-")
        )
    });
    body += &policies.collect::<String>();
    workspace.write("main.tf", &body)?;
    let secrets = Secrets(vec![
        ("the token", token),
        ("the environment of the credential plugin", environment),
        ("the token of the credential plugin", printed),
        ("the client key", line),
        ("the token of the kubeconfig", in_file),
        ("the password of the kubeconfig", password),
        ("the key that is none", broken),
    ]);
    let failed = workspace.fail(&["plan", "-no-color"])?;
    for (name, _) in &ways {
        ensure!(failed.output.contains(&format!("egress_policy.{name}")), "{name} was not tried:\n{}", failed.output);
    }
    secrets.are_not_told(&workspace, &failed)
}
