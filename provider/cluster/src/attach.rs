//! Fields of ours on objects of others.

use egress_engines::manifest::ObjectId;
use kube::api::{Patch, PatchParams, ValidationDirective};
use serde_json::Value;

use crate::connect::{requests, subject};
use crate::{Cluster, Error, Object};

impl Cluster {
    /// Makes the fields in `part` ours on an object that is there, as a field manager of its own, and takes over none that has
    /// another value. `part` is the object's name and these fields; without them, those that were ours before are given back.
    ///
    /// `None` where there is no such object: server-side apply would make one, so this looks first.
    pub async fn attach(&self, id: &ObjectId, part: &Value, manager: &str) -> Result<Option<Object>, Error> {
        let Some(there) = self.get(id).await? else { return Ok(None) };
        let mut part = part.clone();
        // An object that goes between the look and the apply is not made anew.
        part["metadata"]["uid"] = there.uid().into();
        let params = PatchParams {
            field_manager: Some(manager.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
            ..PatchParams::default()
        };
        let request = requests(id).patch(&id.name, &params, &Patch::Apply(part));
        self.snapshots.forget(id);
        Ok(self.send(subject(id), request).await?.map(Object::new))
    }
}
