//! Server-side apply.

use egress_engines::Manifest;
use kube::api::{Patch, PatchParams, ValidationDirective};

use crate::connect::{requests, subject};
use crate::{Cluster, Error, FIELD_MANAGER, Object};

impl Cluster {
    /// Makes an object what a manifest says, and leaves every field alone that it does not name. Fields that an earlier apply
    /// named and this one does not are removed. Where another manager owns a field with another value, nothing changes and the
    /// error names both, unless `force` takes the field over. Doing it twice is the same as doing it once.
    ///
    /// Source: Kubernetes documentation, "Server-Side Apply".
    pub async fn apply(&self, manifest: &Manifest, force: bool) -> Result<Object, Error> {
        let id = manifest.id();
        let params = PatchParams {
            force,
            field_manager: Some(FIELD_MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
            ..PatchParams::default()
        };
        let request = requests(&id).patch(&id.name, &params, &Patch::Apply(manifest.to_json()));
        self.snapshots.forget(&id);
        match self.send(subject(&id), request).await? {
            Some(value) => Ok(Object::new(value)),
            // An apply makes what is not there, so only the kind can be missing.
            None => Err(Error::KindMissing { api_version: id.api_version, kind: id.kind }),
        }
    }
}
