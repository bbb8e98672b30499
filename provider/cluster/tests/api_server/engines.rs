//! Every emitted object of every engine, applied to an API server that has the engines' published definitions installed, with strict
//! field validation.
//!
//! Needs the definitions (`EGRESS_CRDS`) beside the server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use cluster::{object_id, owned_part};
use crd_check::{Definitions, MISSING};
use serde_json::{Value, json};

use crate::emitted::{self, Emitted};
use crate::server::ApiServer;

/// How long an API server may take until it serves a new definition, or a changed one.
const SERVED: Duration = Duration::from_secs(30);

/// Where objects of a kind are, plural and whether they are in namespaces, or nothing if the kind is not served.
type Kinds = BTreeMap<String, Option<(String, bool)>>;

fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}

fn request(method: &str, path: &str, body: &Value) -> http::Request<Vec<u8>> {
    let content_type = if method == "PATCH" { "application/apply-patch+yaml" } else { "application/json" };
    let request = http::Request::builder().method(method).uri(path).header("Content-Type", content_type);
    request.body(body.to_string().into_bytes()).expect("a request")
}

async fn apply(server: &ApiServer, path: &str, object: &Value) -> Result<Value, String> {
    let query = "fieldManager=gate&force=true&fieldValidation=Strict";
    let answer = server.request(request("PATCH", &format!("{path}?{query}"), object)).await;
    answer.map_err(message)
}

fn message(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        error => error.to_string(),
    }
}

/// Installs definitions, and waits until they are served.
async fn install(server: &ApiServer, definitions: &[Value]) {
    let mut paths = Vec::new();
    for definition in definitions {
        let name = definition["metadata"]["name"].as_str().expect("a name");
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        apply(server, &path, definition).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        paths.push(path);
    }
    let deadline = Instant::now() + SERVED;
    for path in paths {
        while !is_established(&server.request(request("GET", &path, &Value::Null)).await.expect("a definition")) {
            assert!(Instant::now() < deadline, "{path} is not established");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn is_established(definition: &Value) -> bool {
    let mut conditions = definition["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

/// The kinds that the server serves in a group and version, once it serves this one.
async fn kinds(server: &ApiServer, api_version: &str, kind: &str) -> Kinds {
    let deadline = Instant::now() + SERVED;
    loop {
        let answer = server.request(request("GET", &root(api_version), &Value::Null)).await.unwrap_or_default();
        let resources = answer["resources"].as_array().into_iter().flatten();
        let own = resources.filter(|resource| resource["name"].as_str().is_some_and(|name| !name.contains('/')));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entry = |resource: &Value| {
            (text(&resource["kind"]), Some((text(&resource["name"]), resource["namespaced"] == true)))
        };
        let kinds: Kinds = own.map(entry).collect();
        if kinds.contains_key(kind) || Instant::now() > deadline {
            return kinds;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Applies an object and deletes it again, so that the next of the same name is a new one.
async fn take(server: &ApiServer, known: &mut BTreeMap<String, Kinds>, object: &Value) -> Result<(), String> {
    let (api_version, kind) = (object["apiVersion"].as_str().unwrap_or("?"), object["kind"].as_str().unwrap_or("?"));
    if !known.get(api_version).is_some_and(|kinds| kinds.contains_key(kind)) {
        let mut there = kinds(server, api_version, kind).await;
        // What was waited for in vain is not waited for again with the next object.
        there.entry(kind.to_owned()).or_insert(None);
        known.insert(api_version.to_owned(), there);
    }
    let Some((plural, namespaced)) = &known[api_version][kind] else {
        return Err(format!("no {kind} in {api_version} is served"));
    };
    let found_by = object_id(object).map(|id| id.plural);
    if found_by.as_ref() != Some(plural) {
        return Err(format!("is looked for among {found_by:?}, and not among {plural}"));
    }
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let scope = match (namespaced, text("namespace")) {
        (true, "") => return Err("has no namespace".to_owned()),
        (true, namespace) => format!("/namespaces/{namespace}"),
        (false, _) => String::new(),
    };
    let path = format!("{}{scope}/{plural}/{}", root(api_version), text("name"));
    let taken = apply(server, &path, object).await?;
    let stored = owned_part(object, &taken);
    if stored != *object {
        return Err(format!("every plan would change it back, for it was stored as {stored}"));
    }
    if kind == "Namespace" {
        // Without controllers it would be terminating permanently, and take no objects.
        return Ok(());
    }
    server.request(request("DELETE", &path, &Value::Null)).await.map(drop).map_err(message)
}

/// The namespaces that the objects are in.
async fn make_namespaces(server: &ApiServer, objects: &[Emitted]) {
    let namespaces = objects.iter().filter_map(|emitted| emitted.object["metadata"]["namespace"].as_str());
    let existing = ["default", "kube-system", "kube-public", "kube-node-lease"];
    for name in namespaces.filter(|name| !existing.contains(name)).collect::<BTreeSet<_>>() {
        server.namespace(name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_api_server_takes_what_is_emitted() {
    let Some(folder) = Definitions::folder() else {
        eprintln!("skipped: {MISSING}");
        return;
    };
    let Some(server) = ApiServer::start().await else { return };
    let started = Instant::now();
    let definitions = |alternative: Option<&str>| Definitions::manifests(&folder, alternative).expect("definitions");
    let usual = definitions(None);
    install(&server, &usual).await;
    println!("{} definitions installed in {:.1} s", usual.len(), started.elapsed().as_secs_f64());

    let mut objects = emitted::all();
    make_namespaces(&server, &objects).await;
    let folders: BTreeSet<String> = objects.iter().map(|emitted| emitted.definitions().to_owned()).collect();
    let alternatives: BTreeMap<String, Vec<Value>> = folders
        .into_iter()
        .map(|name| (name.clone(), definitions(Some(&name))))
        .filter(|(_, definitions)| !definitions.is_empty())
        .collect();
    // Another edition's definitions take the place of the usual ones, so its objects come last.
    objects.sort_by_key(|emitted| {
        let name = emitted.definitions();
        (alternatives.contains_key(name), name.to_owned())
    });

    let (mut known, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut installed = String::new();
    for emitted in objects {
        if let Some(definitions) = alternatives.get(emitted.definitions())
            && installed != emitted.definitions()
        {
            install(&server, definitions).await;
            // A changed definition is served a moment after it is stored, and nothing tells when.
            tokio::time::sleep(Duration::from_secs(2)).await;
            emitted.definitions().clone_into(&mut installed);
        }
        let Emitted { engine, case, object } = emitted;
        match take(&server, &mut known, &object).await {
            Ok(()) => *taken.entry(engine).or_default() += 1,
            Err(error) => wrong.push(format!("{case}: {} {}: {error}", object["kind"], object["metadata"]["name"])),
        }
    }
    // That what is wrong is reported at all.
    let mistake = json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "mistake", "namespace": "default"},
        "spec": {"endpointSelector": {}, "egress": [{"toCidr": ["192.0.2.0/24"]}]},
    });
    let refused = take(&server, &mut known, &mistake).await.expect_err("a field that nobody knows");
    assert!(refused.contains("spec.egress[0].toCidr"), "{refused}");
    println!("taken {taken:?} in {:.1} s", started.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{} objects are refused:\n{}", wrong.len(), wrong.join("\n"));
    assert!(taken.values().sum::<usize>() > 10, "only {taken:?} were taken");
}
