//! Against a real kube-apiserver: the binaries of `KUBEBUILDER_ASSETS`, started here. Without it the tests say that they are
//! skipped.

#[path = "../../../egress-engines/tests/engines/emitted.rs"]
mod emitted;
mod engines;
mod ownership;
mod server;
mod silence;

use std::time::Duration;

use cluster::{
    Access, Cluster, Config, Credentials, Error, FIELD_MANAGER, Limits, Mode, Object, Secret, Server, TakeOver,
    owned_part,
};
use egress_engines::Settings;
use egress_engines::engines::network_policy::policy::compile;
use egress_engines::manifest::{Manifest, ObjectId};
use egress_model::policy::{Policy, RuleSpec, Spec};
use serde_json::{Value, json};
use server::{ApiServer, TOKEN};
use tokio_util::sync::CancellationToken;

const OWNED: &str = "egress-owner=test";

fn manifest(namespace: &str, name: &str, cidr: &str) -> Manifest {
    let rule =
        RuleSpec { to_cidrs: Some(vec![cidr.to_owned()]), ports: Some(vec!["any".to_owned()]), ..RuleSpec::default() };
    let spec = Spec {
        name: name.into(),
        namespace: Some(namespace.into()),
        allow: [("r".to_owned(), rule)].into(),
        ..Spec::default()
    };
    let compiled = compile(&Policy::parse(&spec).expect("a policy"), &Settings::default());
    compiled.manifests[0].clone().with_labels([("egress-owner", "test")])
}

fn config(host: &str, token: &str) -> Config {
    let server = Server {
        host: host.to_owned(),
        certificate_authority: None,
        tls_server_name: None,
        insecure: true,
        credentials: Credentials::Token(Secret::new(token)),
    };
    Config { access: Access::Server(server) }
}

fn within(seconds: u64) -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(seconds))
}

/// Applies, and takes nothing over.
async fn apply(cluster: &Cluster, manifest: &Manifest) -> Result<Object, Error> {
    cluster.apply(manifest, TakeOver::Nothing, Mode::Real).await.map(|applied| applied.object)
}

async fn connect(server: &ApiServer, token: &str) -> Cluster {
    Cluster::connect(&config(&server.url(), token)).await.expect("a client")
}

/// One server for all the scenarios: each has a namespace of its own.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_real_api_server() {
    let Some(server) = ApiServer::start().await else { return };
    applies_observes_and_deletes(&server).await;
    leaves_what_others_own(&server).await;
    ownership::all(&server).await;
    tells_errors_apart(&server).await;
    waits_for_finalizers(&server).await;
    lists_in_pages(&server).await;
}

async fn applies_observes_and_deletes(server: &ApiServer) {
    server.namespace("basics").await;
    let cluster = connect(server, TOKEN).await;
    let first = manifest("basics", "p", "192.0.2.0/24");
    let id = first.id();
    assert_eq!(cluster.get(&id).await.expect("an answer"), None);
    let made = apply(&cluster, &first).await.expect("applied");
    assert!(made.is_applied_by_us() && !made.uid().is_empty());
    assert_eq!(owned_part(&first.to_json(), made.json()), first.to_json(), "no field differs after an apply");

    let again = apply(&cluster, &first).await.expect("applied again");
    assert_eq!(
        again.json()["metadata"]["resourceVersion"],
        made.json()["metadata"]["resourceVersion"],
        "nothing changed"
    );

    let second = manifest("basics", "p", "198.51.100.0/24");
    let changed = apply(&cluster, &second).await.expect("changed in place");
    assert_eq!(changed.uid(), made.uid());
    assert_eq!(owned_part(&second.to_json(), changed.json()), second.to_json());

    assert!(matches!(cluster.delete(&id, "another-uid", &within(5)).await, Err(Error::Changed)));
    cluster.delete(&id, made.uid(), &within(5)).await.expect("deleted");
    assert_eq!(cluster.observe(&id, OWNED).await.expect("an answer"), None);
    cluster.delete(&id, made.uid(), &within(5)).await.expect("nothing to delete is a success");
}

async fn leaves_what_others_own(server: &ApiServer) {
    server.namespace("shared").await;
    let cluster = connect(server, TOKEN).await;
    let ours = manifest("shared", "p", "192.0.2.0/24");
    apply(&cluster, &ours).await.expect("applied");
    let theirs = json!({"metadata": {"labels": {"theirs": "1"}, "annotations": {"theirs": "2"}}});
    server.merge("/apis/networking.k8s.io/v1/namespaces/shared/networkpolicies/p", "kubectl-label", &theirs).await;
    let live = apply(&cluster, &ours).await.expect("applied over it");
    assert_eq!(live.label("theirs"), Some("1"));
    assert_eq!(live.managers(), ["kubectl-label", FIELD_MANAGER]);
    assert_eq!(owned_part(&ours.to_json(), live.json()), ours.to_json(), "another's fields are no drift");
}

async fn tells_errors_apart(server: &ApiServer) {
    let cluster = connect(server, TOKEN).await;
    let nowhere = manifest("nowhere", "p", "192.0.2.0/24");
    assert!(
        matches!(apply(&cluster, &nowhere).await, Err(Error::NamespaceMissing { namespace }) if namespace == "nowhere")
    );
    assert_eq!(cluster.get(&nowhere.id()).await.expect("an answer"), None, "no namespace, no object");

    let unknown = ObjectId {
        api_version: "cilium.io/v2".into(),
        plural: "ciliumnetworkpolicies".into(),
        kind: "CiliumNetworkPolicy".into(),
        ..nowhere.id()
    };
    assert!(
        matches!(cluster.get(&unknown).await, Err(Error::KindMissing { kind, .. }) if kind == "CiliumNetworkPolicy")
    );

    let refused = connect(server, "wrong").await.get(&nowhere.id()).await;
    assert!(matches!(refused, Err(Error::Unauthorized)), "{refused:?}");
    let nobody = connect(server, "NOBODY").await.get(&nowhere.id()).await;
    assert!(matches!(nobody, Err(Error::Forbidden { .. })), "{nobody:?}");

    let closed = Cluster::connect(&config("https://127.0.0.1:1", TOKEN)).await.expect("a client");
    let message = closed.get(&nowhere.id()).await.expect_err("nobody is there").to_string();
    assert_eq!(message, "the API server https://127.0.0.1:1 cannot be reached: Connection refused (os error 111)");
    let plain = Cluster::connect(&config(&server.url().replace("https", "http"), TOKEN)).await.expect("a client");
    let message = plain.get(&nowhere.id()).await.expect_err("it speaks TLS").to_string();
    assert!(message.contains("400 Bad Request") || message.contains("does not take the object"), "{message}");

    server.namespace("invalid").await;
    let mut invalid = manifest("invalid", "p", "192.0.2.0/24");
    invalid.metadata.labels.insert("bad key!".into(), "x".into());
    match apply(&cluster, &invalid).await {
        Err(Error::Invalid { causes, .. }) => assert_eq!(causes[0].field, "metadata.labels"),
        other => panic!("taken: {other:?}"),
    }
}

async fn waits_for_finalizers(server: &ApiServer) {
    server.namespace("held").await;
    let cluster = connect(server, TOKEN).await;
    let ours = manifest("held", "p", "192.0.2.0/24");
    let made = apply(&cluster, &ours).await.expect("applied");
    let path = "/apis/networking.k8s.io/v1/namespaces/held/networkpolicies/p";
    server.merge(path, "holder", &json!({"metadata": {"finalizers": ["example.com/hold"]}})).await;
    match cluster
        .delete(&ours.id(), made.uid(), &Limits::within(CancellationToken::new(), Duration::from_millis(200)))
        .await
    {
        Err(Error::StillThere { finalizers, .. }) => assert_eq!(finalizers, ["example.com/hold"]),
        other => panic!("not held: {other:?}"),
    }
    let release = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.merge(path, "holder", &json!({"metadata": {"finalizers": Value::Null}})).await;
    };
    let id = ours.id();
    let limits = within(20);
    let (deleted, ()) = tokio::join!(cluster.delete(&id, made.uid(), &limits), release);
    deleted.expect("deleted once it was released");
}

async fn lists_in_pages(server: &ApiServer) {
    const COUNT: usize = 1200;
    server.namespace("many").await;
    let cluster = connect(server, TOKEN).await;
    let names: Vec<String> = (0..COUNT).map(|number| format!("p{number}")).collect();
    for chunk in names.chunks(20) {
        let writes = chunk.iter().map(|name| async {
            apply(&cluster, &manifest("many", name, "192.0.2.0/24")).await.expect("applied");
        });
        futures::future::join_all(writes).await;
    }
    let before = server.requests();
    let reader = connect(server, TOKEN).await;
    let ids: Vec<_> = names.iter().map(|name| manifest("many", name, "192.0.2.0/24").id()).collect();
    for chunk in ids.chunks(10) {
        let reads = chunk.iter().map(|id| reader.observe(id, OWNED));
        for object in futures::future::join_all(reads).await {
            assert!(object.expect("an answer").is_some());
        }
    }
    let pages = server.requests() - before;
    assert!(pages <= 4, "{COUNT} objects took {pages} requests");

    let gone = ObjectId { name: "gone".into(), ..ids[0].clone() };
    assert_eq!(reader.observe(&gone, OWNED).await.expect("an answer"), None);
    assert_eq!(server.requests() - before, pages + 1, "read singly before it is called gone");

    apply(&reader, &manifest("many", "p0", "198.51.100.0/24")).await.expect("changed");
    let seen = reader.observe(&ids[0], OWNED).await.expect("an answer").expect("an object");
    assert_eq!(seen.json()["spec"]["egress"][1]["to"][0]["ipBlock"]["cidr"], "198.51.100.0/24", "own writes are seen");

    // Without the permission to list, every object is read singly; here not even that is allowed.
    let nobody = connect(server, "NOBODY").await;
    assert!(matches!(nobody.observe(&ids[0], OWNED).await, Err(Error::Forbidden { .. })));
}
