//! What a cluster is and has, beside the objects of this provider.

use std::sync::Arc;

use egress_engines::manifest::ObjectId;
use http::Request as HttpRequest;
use kube::api::ListParams;
use kube::core::Request;
use serde_json::Value;

use crate::classify::Subject;
use crate::request::{BuiltRequest, collection};
use crate::{Cluster, Error, Object};

/// Whether an API server serves a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// It does.
    Yes,
    /// It does not, but it serves these versions of the kind's group.
    OtherVersions(Vec<String>),
    /// It knows nothing of the kind's group.
    No,
}

impl Cluster {
    /// Whether the API server serves a kind at this group and version (Kubernetes API concepts, "Discovery API"). Asked once in a process,
    /// however many resources want to know.
    pub async fn serves(&self, api_version: &str, kind: &str) -> Result<Served, Error> {
        let subject = Subject { api_version, kind, namespace: None };
        let root = if api_version.contains('/') { "/apis/" } else { "/api/" };
        if let Some(list) = self.discover(subject, format!("{root}{api_version}")).await?
            && names_of(&list["resources"], "kind").any(|own| own == kind)
        {
            return Ok(Served::Yes);
        }
        let Some((group, _)) = api_version.split_once('/') else { return Ok(Served::No) };
        Ok(match self.discover(subject, format!("/apis/{group}")).await? {
            Some(group) => {
                let versions = names_of(&group["versions"], "groupVersion").map(str::to_owned);
                Served::OtherVersions(versions.filter(|version| version != api_version).collect())
            }
            None => Served::No,
        })
    }

    async fn discover(&self, subject: Subject<'_>, path: String) -> Result<Option<Arc<Value>>, Error> {
        let once = self.facts.answers.of(path.clone());
        // What is not served is asked for again after a while: it may be installed in this very apply.
        let missing =
            || Error::KindMissing { api_version: subject.api_version.to_owned(), kind: subject.kind.to_owned() };
        let answer =
            once.get(|| async { Ok(Some(Arc::new(self.send(subject, get(&path)).await?.ok_or_else(missing)?))) });
        match answer.await {
            Err(Error::KindMissing { .. }) => Ok(None),
            answer => answer,
        }
    }

    /// An object that is not this provider's and says something about the cluster, such as the configuration of an engine. Asked once
    /// in a process, however many resources want to know.
    pub async fn get_once(&self, id: &ObjectId) -> Result<Option<Arc<Object>>, Error> {
        let once = self.facts.objects.of(id.clone());
        once.get(|| async { Ok(self.get(id).await?.map(Arc::new)) }).await
    }

    /// The names of nodes that a label selector selects; not more than `limit`, because a cluster can have thousands. Asked once in a
    /// process.
    pub async fn nodes(&self, selector: &str, limit: u32) -> Result<Vec<String>, Error> {
        let subject = Subject { api_version: "v1", kind: "Node", namespace: None };
        let once = self.facts.answers.of(format!("{limit} nodes {selector}"));
        let list = once
            .get(|| async {
                let params = ListParams::default().labels(selector).limit(limit);
                let request = Request::new(collection("v1", "nodes", None)).list_metadata(&params);
                Ok(self.send(subject, request).await?.map(Arc::new))
            })
            .await?
            .unwrap_or_default();
        let names = list["items"].as_array().into_iter().flatten().filter_map(|node| node["metadata"]["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }
}

fn get(path: &str) -> BuiltRequest {
    HttpRequest::get(path).body(Vec::new()).map_err(kube::core::request::Error::BuildRequest)
}

fn names_of<'v>(list: &'v Value, field: &'v str) -> impl Iterator<Item = &'v str> {
    list.as_array().into_iter().flatten().filter_map(move |item| item[field].as_str())
}
