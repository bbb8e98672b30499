//! What a cluster is and has, beside the objects of this provider.

use http::Request as HttpRequest;
use kube::api::ListParams;
use kube::core::Request;
use serde_json::Value;

use crate::connect::{BuiltRequest, collection};
use crate::error::Subject;
use crate::{Cluster, Error};

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
    /// Whether the API server serves a kind at this group and version (Kubernetes API concepts, "Discovery API").
    pub async fn serves(&self, api_version: &str, kind: &str) -> Result<Served, Error> {
        let subject = Subject { api_version, kind, namespace: None };
        let root = if api_version.contains('/') { "/apis/" } else { "/api/" };
        match self.send(subject, get(&format!("{root}{api_version}"))).await {
            Ok(Some(list)) if names_of(&list["resources"], "kind").any(|own| own == kind) => return Ok(Served::Yes),
            Ok(_) | Err(Error::KindMissing { .. }) => {}
            Err(error) => return Err(error),
        }
        let Some((group, _)) = api_version.split_once('/') else { return Ok(Served::No) };
        match self.send(subject, get(&format!("/apis/{group}"))).await {
            Ok(Some(group)) => {
                let versions = names_of(&group["versions"], "groupVersion").map(str::to_owned);
                Ok(Served::OtherVersions(versions.filter(|version| version != api_version).collect()))
            }
            Ok(None) | Err(Error::KindMissing { .. }) => Ok(Served::No),
            Err(error) => Err(error),
        }
    }

    /// The names of nodes that a label selector selects; not more than `limit`, because a cluster can have thousands.
    pub async fn nodes(&self, selector: &str, limit: u32) -> Result<Vec<String>, Error> {
        let subject = Subject { api_version: "v1", kind: "Node", namespace: None };
        let params = ListParams::default().labels(selector).limit(limit);
        let request = Request::new(collection("v1", "nodes", None)).list_metadata(&params);
        let list = self.send(subject, request).await?.unwrap_or_default();
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
