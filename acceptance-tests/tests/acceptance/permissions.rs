//! The permissions that the guide names: the provider calls nothing else, and misses every one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use acceptance_tests::cloud::{Cloud, instant};
use acceptance_tests::core_driver::{Configuration, Driver, Message, State};
use acceptance_tests::crash_safety::World as _;
use acceptance_tests::kubernetes::{ApiServer, RESTRICTED_USER};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use crate::crash_safety::{document, large, routed, small};
use crate::examples;
use crate::suite::Suite;

pub(crate) fn add_to(suite: &mut Suite) {
    suite.with_provider("permissions::aws_needs_what_the_guide_names", aws_needs_what_the_guide_names);
    let name = "permissions::a_cluster_needs_what_the_guide_names";
    match ApiServer::own_available() {
        Ok(()) => suite.with_provider(name, a_cluster_needs_what_the_guide_names),
        Err(missing) => suite.skip(name, &missing),
    }
}

/// What AWS answers to an action that the credentials do not allow: "Error codes for the Amazon EC2 API".
fn refusal(action: &str) -> Fault {
    let effect = Effect::Error {
        status: 403,
        code: "UnauthorizedOperation".to_owned(),
        message: "You are not authorized to perform this operation.".to_owned(),
    };
    Fault { at: Matcher::action(action), phase: FaultPhase::BeforeCommit, effect, times: None }
}

/// The EC2 actions of a statement of the policy in the guide; of all of them where none is named.
fn allowed(sid: Option<&str>) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(examples::folder().join("permissions/aws-policy.json"))?;
    let policy: Json = serde_json::from_str(&text)?;
    let statements = policy["Statement"].as_array().context("no statements")?;
    let statements = statements.iter().filter(|statement| sid.is_none_or(|sid| statement["Sid"] == sid));
    let actions = statements.flat_map(|statement| statement["Action"].as_array().into_iter().flatten());
    let actions = actions.map(|action| {
        let action = action.as_str().and_then(|action| action.strip_prefix("ec2:"));
        action.map(str::to_owned).context("an action of another service")
    });
    actions.collect()
}

/// Configurations, one after the other, that make, change and remove everything that the provider has on AWS.
fn life(cloud: &Cloud) -> Result<Vec<Configuration>> {
    let tagged = |tags: Json| {
        let mut document = document(cloud, &["a", "b", "c"], [&["a"], &["b", "c"]]);
        document["resource"]["egress_ip_pool"]["partners"]["tags"] = tags;
        Configuration::parse(&document)
    };
    let replaced = document(cloud, &["a", "b", "c"], [&["a"], &["c", "b"]]);
    Ok(vec![
        small(cloud)?,
        tagged(json!({ "team": "payments" }))?,
        tagged(json!({}))?,
        large(cloud)?,
        Configuration::parse(&replaced)?,
        routed(cloud, &["203.0.113.0/24"])?,
        routed(cloud, &[])?,
        small(cloud)?.without_resources(),
    ])
}

/// What stops a life: nothing, or the messages of the first plan or apply that fails.
async fn live(driver: &Driver, life: &[Configuration]) -> Result<Vec<Message>> {
    let mut state = State::default();
    for configuration in life {
        let plan = driver.plan(configuration, &state).await?;
        if plan.failed() {
            return Ok(plan.messages);
        }
        if plan.is_empty() {
            continue;
        }
        let applied = driver.apply(configuration, &plan).await?;
        if applied.failed() {
            return Ok(applied.messages);
        }
        state = applied.state;
    }
    Ok(Vec::new())
}

fn aws_needs_what_the_guide_names(binary: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cloud = Cloud::start(instant())?;
        let start = cloud.snapshot();
        let driver = Driver::new(binary, cloud.environment()).await?;
        let life = life(&cloud)?;
        let stopped = live(&driver, &life).await?;
        ensure!(stopped.is_empty(), "with everything allowed: {stopped:#?}");
        let called: BTreeSet<String> = cloud.server.log().into_iter().map(|entry| entry.action).collect();
        let (allowed, optional) = (allowed(None)?, allowed(Some("Optional"))?);
        let beyond: Vec<&String> =
            called.difference(&allowed).filter(|action| *action != "GetCallerIdentity").collect();
        ensure!(beyond.is_empty(), "the guide does not name {beyond:?}");
        ensure!(!optional.is_empty() && optional.len() < allowed.len(), "{optional:?}");
        for action in &allowed {
            cloud.restore(&start);
            cloud.server.set_faults(vec![refusal(action)]);
            let stopped = live(&driver, &life).await?;
            let errors: Vec<&Message> = stopped.iter().filter(|message| message.error).collect();
            if optional.contains(action) {
                ensure!(errors.is_empty(), "without {action}: {errors:#?}");
                continue;
            }
            let text = format!("{action} failed with UnauthorizedOperation");
            let says = |part: &str| errors.iter().any(|error| error.detail.contains(part));
            ensure!(says(&text) && says("Allow the credentials this action"), "without {action}: {errors:#?}");
        }
        Ok(())
    })
}

/// The role of the guide.
fn role(server: &ApiServer) -> Result<Json> {
    let file = examples::folder().join("permissions/cluster-role.yaml");
    let arguments = ["create", "--dry-run=client", "--output=json", "--filename", &file.display().to_string()];
    Ok(serde_json::from_str(&server.kubectl(&arguments, "")?)?)
}

/// The same role without one verb.
fn without(role: &Json, verb: &str) -> Json {
    let mut role = role.clone();
    if let Some(rules) = role["rules"].as_array_mut() {
        for rule in rules.iter_mut() {
            if let Some(verbs) = rule["verbs"].as_array_mut() {
                verbs.retain(|own| own != verb);
            }
        }
        rules.retain(|rule| rule["verbs"].as_array().is_some_and(|verbs| !verbs.is_empty()));
    }
    role
}

/// Policies, one after the other, that make, change and remove an object.
fn policies(server: &ApiServer, namespace: &str) -> Result<Vec<Configuration>> {
    let kubeconfig = server.restricted_kubeconfig().context("not a server of its own")?;
    let document = |resources: Json| {
        Configuration::parse(&json!({
            "provider": { "egress": { "owner": "acme-permissions", "kubernetes": { "config_path": kubeconfig } } },
            "resource": { "egress_policy": resources },
        }))
    };
    let policy = |cidr: &str| {
        json!({ "backend": {
            "name": "backend",
            "namespace": namespace,
            "allow": { "partner": { "to_cidrs": [cidr], "ports": ["443"] } },
        } })
    };
    Ok(vec![document(policy("203.0.113.0/24"))?, document(policy("198.51.100.0/24"))?, document(json!({}))?])
}

fn a_cluster_needs_what_the_guide_names(binary: &Path) -> Result<()> {
    let server = ApiServer::start_own()?;
    let namespace = server.own_namespace()?;
    let role = role(&server)?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "egress-terraform" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"] },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": RESTRICTED_USER }],
    });
    server.kubectl(&["apply", "--filename", "-"], &binding.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let driver = Driver::new(binary, Vec::new()).await?;
        let life = policies(&server, &namespace)?;
        server.kubectl(&["apply", "--filename", "-"], &role.to_string())?;
        let stopped = live(&driver, &life).await?;
        ensure!(stopped.is_empty(), "with the whole role: {stopped:#?}");
        for verb in ["get", "list", "create", "patch", "delete"] {
            server.kubectl(&["apply", "--filename", "-"], &without(&role, verb).to_string())?;
            let stopped = live(&driver, &life).await?;
            server.kubectl(&["delete", "networkpolicies", "--all", "--namespace", &namespace], "")?;
            let errors: Vec<&Message> = stopped.iter().filter(|message| message.error).collect();
            if verb == "list" {
                // Without it every object is read singly.
                ensure!(errors.is_empty(), "without {verb}: {errors:#?}");
                continue;
            }
            let text = format!("cannot {verb} resource \"networkpolicies\"");
            ensure!(errors.iter().any(|error| error.detail.contains(&text)), "without {verb}: {errors:#?}");
        }
        Ok(())
    })
}
