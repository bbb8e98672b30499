//! Who owns fields, and what that means for an apply.

use cluster::{Cluster, Error, FIELD_MANAGER, FieldConflict, Mode, TakeOver, bare, owned_part, ownerships};
use egress_engines::manifest::Manifest;
use serde_json::{Value, json};

use crate::server::{ApiServer, TOKEN};
use crate::{apply, connect, manifest};

pub(crate) async fn all(server: &ApiServer) {
    server.namespace("ownership").await;
    let cluster = connect(server, TOKEN).await;
    takes_back_what_an_update_took(server, &cluster).await;
    leaves_what_another_manager_applies(server, &cluster).await;
    takes_no_field_that_was_never_ours(server, &cluster).await;
    forces_only_the_object_that_was_observed(server, &cluster).await;
    releases_its_fields(server, &cluster).await;
}

fn path(name: &str) -> String {
    format!("/apis/networking.k8s.io/v1/namespaces/ownership/networkpolicies/{name}")
}

fn conflict(manager: &str) -> FieldConflict {
    FieldConflict { manager: manager.into(), field: ".spec.egress".into() }
}

fn cidr(object: &Value) -> Value {
    object["spec"]["egress"][1]["to"][0]["ipBlock"]["cidr"].clone()
}

/// What `kubectl patch` does: everything is allowed.
async fn widen(server: &ApiServer, name: &str) {
    server.merge(&path(name), "kubectl-patch", &json!({"spec": {"egress": [{}]}})).await;
}

fn policy(name: &str) -> Manifest {
    manifest("ownership", name, "192.0.2.0/24")
}

async fn takes_back_what_an_update_took(server: &ApiServer, cluster: &Cluster) {
    let ours = policy("patched");
    apply(cluster, &ours).await.expect("applied");
    widen(server, "patched").await;
    let live = cluster.get(&ours.id()).await.expect("an answer").expect("an object");
    assert_ne!(owned_part(&ours.to_json(), live.json()), ours.to_json(), "the patch is drift");
    match apply(cluster, &ours).await {
        Err(Error::Conflict(conflicts)) => assert_eq!(conflicts, [conflict("kubectl-patch")]),
        other => panic!("no conflict without what was applied before: {other:?}"),
    }
    let before = ours.to_json();
    let rehearsed = cluster.apply(&ours, TakeOver::TakeBack(&before), Mode::DryRun).await.expect("rehearsed");
    assert_eq!(rehearsed.taken_back, [conflict("kubectl-patch")]);
    let live = cluster.get(&ours.id()).await.expect("an answer").expect("an object");
    assert_eq!(live.json()["spec"]["egress"], json!([{}]), "a rehearsal changes nothing");

    let taken = cluster.apply(&ours, TakeOver::TakeBack(&before), Mode::Real).await.expect("taken back");
    assert_eq!(taken.taken_back, [conflict("kubectl-patch")]);
    assert_eq!(owned_part(&ours.to_json(), taken.object.json()), ours.to_json());
    let owners = ownerships(taken.object.json());
    let egress = |manager: &str| {
        owners.iter().any(|o| o.manager == manager && o.fields.iter().any(|f| f.to_string() == ".spec.egress"))
    };
    assert!(egress(FIELD_MANAGER) && !egress("kubectl-patch"), "{owners:#?}");
}

async fn leaves_what_another_manager_applies(server: &ApiServer, cluster: &Cluster) {
    let ours = policy("applied");
    apply(cluster, &ours).await.expect("applied");
    server.apply_as(&path("applied"), "argocd", &json!({"spec": {"egress": [{}]}})).await;
    let before = ours.to_json();
    for mode in [Mode::DryRun, Mode::Real] {
        match cluster.apply(&ours, TakeOver::TakeBack(&before), mode).await {
            Err(Error::Conflict(conflicts)) => assert_eq!(conflicts, [conflict("argocd")], "{mode:?}"),
            other => panic!("{mode:?}: {other:?}"),
        }
    }
    let forced = cluster.apply(&ours, TakeOver::Everything, Mode::Real).await.expect("forced");
    assert_eq!(cidr(forced.object.json()), "192.0.2.0/24");
}

async fn takes_no_field_that_was_never_ours(server: &ApiServer, cluster: &Cluster) {
    let mut ours = policy("labelled");
    apply(cluster, &ours).await.expect("applied");
    let before = ours.to_json();
    server.merge(&path("labelled"), "kubectl-label", &json!({"metadata": {"labels": {"team": "theirs"}}})).await;
    ours.metadata.labels.insert("team".into(), "ours".into());
    match cluster.apply(&ours, TakeOver::TakeBack(&before), Mode::Real).await {
        Err(Error::Conflict(conflicts)) => assert_eq!(conflicts[0].field, ".metadata.labels.team"),
        other => panic!("taken: {other:?}"),
    }
}

async fn forces_only_the_object_that_was_observed(server: &ApiServer, cluster: &Cluster) {
    let ours = policy("raced");
    let observed = apply(cluster, &ours).await.expect("applied");
    widen(server, "raced").await;
    let forced = cluster.apply(&ours, TakeOver::EverythingOf(&observed), Mode::Real).await;
    assert!(matches!(forced, Err(Error::Changed)), "{forced:?}");
}

async fn releases_its_fields(server: &ApiServer, cluster: &Cluster) {
    let ours = policy("shared");
    apply(cluster, &ours).await.expect("applied");
    let theirs = json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]}});
    server.apply_as(&path("shared"), "argocd", &theirs).await;
    let live = cluster.get(&ours.id()).await.expect("an answer").expect("an object");
    let rehearsed = cluster.release(&ours.id(), &live, &bare(&ours.id()), Mode::DryRun).await.expect("rehearsed");
    let released = cluster.release(&ours.id(), &live, &bare(&ours.id()), Mode::Real).await.expect("released");
    assert_eq!(rehearsed.json()["spec"], released.json()["spec"]);
    assert_eq!(
        released.json()["spec"],
        json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]})
    );
    assert!(!released.is_applied_by_us() && released.label("egress-owner").is_none());
    let again = cluster.release(&ours.id(), &live, &bare(&ours.id()), Mode::Real).await;
    assert!(matches!(again, Err(Error::Changed)), "of another version: {again:?}");
}
