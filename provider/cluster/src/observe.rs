//! Looking at objects: singly, or out of one list that answers for all of them.
//!
//! Terraform refreshes one resource per call and keeps ten calls in flight, so a thousand resources would cost a thousand
//! requests. Instead the first call lists everything that carries a label, in pages, and the others wait for it. An object
//! that the list does not have is read singly before it is called gone, and so is every object that this process wrote.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use egress_engines::manifest::{Kind, ObjectId};
use kube::api::ListParams;
use kube::core::Request;
use kube::core::params::GetParams;
use serde_json::Value;

use crate::classify::Subject;
use crate::once::OnceMap;
use crate::request::{collection, requests, subject};
use crate::{Cluster, Error, Object};

/// The objects of one page. The API server builds a page in memory; 500 is what kubectl asks for.
const PAGE: u32 = 500;

/// One list: group and version, plural, label selector.
type ListKey = (String, String, String);
/// Namespace and name to the object as text, which takes a fraction of a parsed one's memory.
type Listed = HashMap<(Option<String>, String), Box<str>>;

/// What was listed, and what was written since.
#[derive(Default)]
pub(crate) struct Snapshots {
    lists: OnceMap<ListKey, Option<Arc<Listed>>>,
    written: Mutex<HashSet<ObjectId>>,
}

impl Snapshots {
    /// Notes that this process wrote an object: the list is stale for it.
    pub(crate) fn forget(&self, id: &ObjectId) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    }

    fn was_written(&self, id: &ObjectId) -> bool {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

impl Cluster {
    /// An object as it is now, or `None` where there is none. One request.
    pub async fn get(&self, id: &ObjectId) -> Result<Option<Object>, Error> {
        let request = requests(id).get(&id.name, &GetParams::default());
        match self.send(subject(id), request).await {
            Ok(value) => Ok(value.map(Object::new)),
            // In a namespace that does not exist there is no object either.
            Err(Error::NamespaceMissing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An object as it was when everything of its kind with these labels was first listed, or as it is now if the list does
    /// not have it or this process wrote it. `None` where there is none. `labels` is a label selector, such as `a=b,c=d`.
    /// Without the permission to list the whole cluster, every object is read singly.
    pub async fn observe(&self, id: &ObjectId, labels: &str) -> Result<Option<Object>, Error> {
        if self.snapshots.was_written(id) {
            return self.get(id).await;
        }
        let key = (id.api_version.clone(), id.plural.clone(), labels.to_owned());
        let list = self.snapshots.lists.of(key);
        let listed = list
            .get(|| async {
                match self.list(id, labels).await {
                    Ok(listed) => Ok(Some(Arc::new(listed))),
                    Err(Error::Forbidden { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .await?;
        let text = listed.as_ref().and_then(|listed| listed.get(&(id.namespace.clone(), id.name.clone())));
        match text.and_then(|text| serde_json::from_str(text).ok()) {
            Some(value) => Ok(Some(Object::new(value))),
            None => self.get(id).await,
        }
    }

    /// The objects of a kind with these labels as they are now: in the whole cluster, or in one namespace.
    pub async fn find(&self, kind: &Kind, namespace: Option<&str>, labels: &str) -> Result<Vec<Object>, Error> {
        let id = ObjectId {
            api_version: kind.api_version.to_owned(),
            kind: kind.kind.to_owned(),
            plural: kind.plural.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: String::new(),
        };
        let listed = self.list_in(&id, namespace, labels).await?;
        Ok(listed.values().filter_map(|text| serde_json::from_str(text).ok()).map(Object::new).collect())
    }

    async fn list(&self, id: &ObjectId, labels: &str) -> Result<Listed, Error> {
        self.list_in(id, None, labels).await
    }

    async fn list_in(&self, id: &ObjectId, namespace: Option<&str>, labels: &str) -> Result<Listed, Error> {
        let requests = Request::new(collection(&id.api_version, &id.plural, namespace));
        let subject = Subject { namespace, ..subject(id) };
        let mut listed = Listed::new();
        let mut next = None;
        loop {
            let params = ListParams { continue_token: next.take(), ..ListParams::default().labels(labels).limit(PAGE) };
            let page = match self.send(subject, requests.list(&params)).await {
                // The API server forgot where the list began (410 Expired): what is not listed is read singly.
                Err(Error::Api { code: 410, .. }) => break,
                answer => answer?,
            };
            let Some(mut page) = page else { break };
            next = page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
            for mut item in page["items"].as_array_mut().map(std::mem::take).unwrap_or_default() {
                // Items of a list leave out what the list says for all of them.
                item["apiVersion"] = id.api_version.as_str().into();
                item["kind"] = id.kind.as_str().into();
                if let Some(metadata) = item["metadata"].as_object_mut() {
                    metadata.remove("managedFields");
                }
                let text = |field: &str| item["metadata"][field].as_str().map(str::to_owned);
                if let Some(name) = text("name") {
                    listed.insert((text("namespace"), name), Value::to_string(&item).into_boxed_str());
                }
            }
            if next.is_none() {
                break;
            }
        }
        tracing::debug!(kind = %id.kind, objects = listed.len(), "listed");
        Ok(listed)
    }
}
