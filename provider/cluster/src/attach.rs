//! Fields of ours on objects of others.

use egress_engines::manifest::ObjectId;
use serde_json::{Value, json};

use crate::apply::Part;
use crate::{Applied, Cluster, Error, FIELD_MANAGER, Mode, Object, TakeOver};

impl Cluster {
    /// Makes the fields in `part` ours on an object that is there, as a field manager of its own. `part` is the object's name and these
    /// fields; without them, those that were ours before are released.
    ///
    /// `None` where there is no such object: server-side apply would make one, so this looks first.
    pub async fn attach(
        &self,
        id: &ObjectId,
        part: &Value,
        manager: &str,
        take_over: TakeOver<'_>,
        mode: Mode,
    ) -> Result<Option<Applied>, Error> {
        let Some(there) = self.get(id).await? else { return Ok(None) };
        let mut body = part.clone();
        // An object that goes between the look and the apply is not created again.
        body["metadata"]["uid"] = there.uid().into();
        self.apply_part(Part { id, body, manager }, take_over, mode).await.map(Some)
    }

    /// Releases the fields of an object that this provider owns, except those in `kept`, the object's name and these fields. Fields that
    /// nobody else owns are removed. Fails with [`Error::Changed`] where the object is no longer as it was observed.
    pub async fn release(&self, id: &ObjectId, observed: &Object, kept: &Value, mode: Mode) -> Result<Object, Error> {
        let mut body = kept.clone();
        let metadata = &observed.json()["metadata"];
        body["metadata"]["uid"] = metadata["uid"].clone();
        body["metadata"]["resourceVersion"] = metadata["resourceVersion"].clone();
        let part = Part { id, body, manager: FIELD_MANAGER };
        Ok(self.apply_part(part, TakeOver::Nothing, mode).await?.object)
    }
}

/// The name of an object and nothing else of it.
pub fn bare(id: &ObjectId) -> Value {
    let mut metadata = json!({"name": id.name});
    if let Some(namespace) = &id.namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": id.api_version, "kind": id.kind, "metadata": metadata})
}
