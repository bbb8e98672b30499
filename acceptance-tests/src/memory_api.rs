//! An API server in memory, for tests of many runs: server-side apply, reading and deleting of whatever kind, without definitions,
//! defaults and controllers. What a real one does with an object is not its matter: see [`crate::kubernetes`].
//!
//! Of server-side apply it has what a provider meets that is not alone: fields by manager, conflicts, `force`, `dryRun`, the
//! preconditions of `uid` and `resourceVersion`, and `managedFields` (Kubernetes documentation, "Server-Side Apply"). Lists belong to a
//! manager as a whole.

mod http;
mod object;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use self::http::{Answer, Request};
use self::object::Record;

/// Where an object is: the path of its collection, its namespace, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Such as `apis/networking.k8s.io/v1`.
    api: String,
    plural: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<Place, Record>,
    /// How many versions of objects there were.
    versions: u64,
}

/// A running server, which ends with the process.
#[derive(Debug)]
pub struct MemoryApi {
    store: Arc<Mutex<Store>>,
    folder: TempDir,
}

impl MemoryApi {
    /// Starts one with these namespaces.
    pub fn start(namespaces: &[&str]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let folder = TempDir::with_prefix("egress-memory-api-")?;
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "memory",
            "clusters": [{ "name": "memory", "cluster": { "server": format!("http://127.0.0.1:{port}") } }],
            "users": [{ "name": "memory", "user": {} }],
            "contexts": [{ "name": "memory", "context": { "cluster": "memory", "user": "memory" } }],
        });
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string())?;
        let store = Arc::new(Mutex::new(Store::default()));
        let shared = store.clone();
        // It ends with the process: nobody waits for it.
        std::thread::spawn(move || {
            http::serve(&listener, move |request| lock(&shared).answer(request));
        });
        let server = Self { store, folder };
        for name in namespaces {
            let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
            lock(&server.store).apply(Place::of_namespace(name), &namespace, "kube-apiserver");
        }
        Ok(server)
    }

    /// The kubeconfig file of a client.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The objects with a label, each as `Kind/namespace/name` or `Kind/name`, with what they say beside their metadata.
    pub fn labelled(&self, label: &str, value: &str) -> BTreeMap<String, Json> {
        let store = lock(&self.store);
        let objects = store.objects.iter().map(|(place, record)| (place, record.json()));
        let own = objects.filter(|(_, json)| json["metadata"]["labels"][label] == value);
        own.map(|(place, mut json)| {
            let kind = json["kind"].as_str().unwrap_or_default().to_owned();
            let steps = [Some(kind), place.namespace.clone(), Some(place.name.clone())];
            if let Some(members) = json.as_object_mut() {
                members.remove("metadata");
            }
            (steps.into_iter().flatten().collect::<Vec<_>>().join("/"), json)
        })
        .collect()
    }

    /// Deletes an object that has a label, as somebody else would; whether there was one.
    pub fn delete_labelled(&self, label: &str, value: &str, number: usize) -> bool {
        let mut store = lock(&self.store);
        let is_own = |record: &Record| record.json()["metadata"]["labels"][label] == value;
        let own: Vec<Place> =
            store.objects.iter().filter(|(_, record)| is_own(record)).map(|(place, _)| place.clone()).collect();
        let chosen = (!own.is_empty()).then(|| own[number % own.len()].clone());
        chosen.is_some_and(|place| store.objects.remove(&place).is_some())
    }
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    fn of_namespace(name: &str) -> Self {
        Self { api: "api/v1".to_owned(), plural: "namespaces".to_owned(), namespace: None, name: name.to_owned() }
    }

    /// Of a path; the name is empty for the collection.
    fn parse(path: &str) -> Option<Self> {
        let steps: Vec<&str> = Path::new(path).iter().skip(1).filter_map(|step| step.to_str()).collect();
        let (api, rest) = match steps.as_slice() {
            ["api", version, rest @ ..] => (format!("api/{version}"), rest),
            ["apis", group, version, rest @ ..] => (format!("apis/{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] => (Some(*namespace), *plural, ""),
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, *name),
            [plural] => (None, *plural, ""),
            [plural, name] => (None, *plural, *name),
            _ => return None,
        };
        let namespace = namespace.map(str::to_owned);
        Some(Self { api, plural: plural.to_owned(), namespace, name: name.to_owned() })
    }
}

impl Store {
    fn answer(&mut self, request: &Request) -> Answer {
        let Some(place) = Place::parse(&request.path) else { return Answer::no_page() };
        match request.method.as_str() {
            "GET" if place.name.is_empty() => Answer::ok(self.list(&place, request.query("labelSelector"))),
            "GET" => self.found(&place, |record| Answer::ok(record.json())),
            "PATCH" => self.patch(place, request),
            "DELETE" => self.delete(&place, &request.body),
            _ => Answer::no_page(),
        }
    }

    fn found(&self, place: &Place, answer: impl FnOnce(&Record) -> Answer) -> Answer {
        self.objects.get(place).map_or_else(|| Answer::not_found(&place.plural, &place.name), answer)
    }

    fn list(&self, place: &Place, selector: &str) -> Json {
        let is_in = |other: &Place| {
            other.api == place.api
                && other.plural == place.plural
                && (place.namespace.is_none() || other.namespace == place.namespace)
        };
        let has = |json: &Json| {
            selector.split(',').filter(|demand| !demand.is_empty()).all(|demand| {
                let (label, value) = demand.split_once('=').unwrap_or((demand, ""));
                json["metadata"]["labels"][label] == value
            })
        };
        let items = self.objects.iter().filter(|(other, _)| is_in(other)).map(|(_, record)| record.json()).filter(has);
        let items: Vec<Json> = items.collect();
        json!({ "kind": "List", "apiVersion": "v1", "metadata": { "resourceVersion": "1" }, "items": items })
    }

    fn apply(&mut self, place: Place, body: &Json, manager: &str) -> Json {
        self.versions += 1;
        let record = self.objects.entry(place).or_insert_with(|| Record::new(self.versions));
        record.apply(manager, body, self.versions);
        record.json()
    }

    fn patch(&mut self, place: Place, request: &Request) -> Answer {
        if let Some(namespace) = &place.namespace
            && !self.objects.contains_key(&Place::of_namespace(namespace))
        {
            return Answer::not_found("namespaces", namespace);
        }
        let (body, manager) = (&request.body, request.query("fieldManager"));
        if let Some(live) = self.objects.get(&place) {
            let live_json = live.json();
            let differs = |field: &str| {
                let wanted = &body["metadata"][field];
                !wanted.is_null() && *wanted != live_json["metadata"][field]
            };
            if differs("uid") || differs("resourceVersion") {
                return Answer::changed();
            }
            let conflicts = live.conflicts(manager, body);
            if request.query("force") != "true" && !conflicts.is_empty() {
                return Answer::conflict(conflicts);
            }
        } else if !body["metadata"]["uid"].is_null() {
            return Answer::changed();
        }
        if request.query("dryRun") == "All" {
            let mut record = self.objects.get(&place).cloned().unwrap_or_else(|| Record::new(self.versions));
            record.apply(manager, body, self.versions);
            return Answer::ok(record.json());
        }
        Answer::ok(self.apply(place, body, manager))
    }

    fn delete(&mut self, place: &Place, options: &Json) -> Answer {
        let uid = &options["preconditions"]["uid"];
        let differs = |record: &Record| !uid.is_null() && record.json()["metadata"]["uid"] != *uid;
        if self.objects.get(place).is_some_and(differs) {
            return Answer::changed();
        }
        match self.objects.remove(place) {
            Some(record) => Answer::ok(record.json()),
            None => Answer::not_found(&place.plural, &place.name),
        }
    }
}
