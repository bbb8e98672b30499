//! Server-side apply.

use egress_engines::Manifest;
use egress_engines::manifest::ObjectId;
use kube::api::{Patch, PatchParams, ValidationDirective};
use serde_json::Value;

use crate::error::FieldConflict;
use crate::managed_fields::divide;
use crate::request::{requests, subject};
use crate::{Cluster, Error, FIELD_MANAGER, Object};

/// How often an object may change between observing it and writing it.
const ROUNDS: usize = 3;

/// Which fields an apply takes from managers that own them with other values.
#[derive(Clone, Copy, Debug)]
pub enum TakeOver<'a> {
    /// None: each is a conflict.
    Nothing,
    /// Those that this object, which was applied before, has, and that somebody's one-time update took, such as `kubectl patch`. What
    /// another manager applies is a conflict.
    TakeBack(&'a Value),
    /// All, as long as the object is the one that was observed.
    EverythingOf(&'a Object),
    /// All.
    Everything,
}

/// Whether a write is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Real,
    /// The API server does everything but store it.
    DryRun,
}

/// What an apply made.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object now.
    pub object: Object,
    /// What was taken back.
    pub taken_back: Vec<FieldConflict>,
}

/// An object, or a part of one, that a manager applies.
pub(crate) struct Part<'a> {
    pub(crate) id: &'a ObjectId,
    pub(crate) body: Value,
    pub(crate) manager: &'a str,
}

impl Cluster {
    /// Makes an object what a manifest says, and leaves every field alone that it does not name. Fields that an earlier apply
    /// named and this one does not are removed. Where another manager owns a field with another value that `take_over` does not cover,
    /// nothing changes and the error names both. Doing it twice is the same as doing it once.
    ///
    /// Source: Kubernetes documentation, "Server-Side Apply".
    pub async fn apply(&self, manifest: &Manifest, take_over: TakeOver<'_>, mode: Mode) -> Result<Applied, Error> {
        let id = manifest.id();
        let part = Part { id: &id, body: manifest.to_json(), manager: FIELD_MANAGER };
        self.apply_part(part, take_over, mode).await
    }

    pub(crate) async fn apply_part(
        &self,
        mut part: Part<'_>,
        take_over: TakeOver<'_>,
        mode: Mode,
    ) -> Result<Applied, Error> {
        let ours = match take_over {
            TakeOver::Nothing => None,
            TakeOver::TakeBack(ours) => Some(ours),
            TakeOver::EverythingOf(observed) => {
                let observed = &observed.json()["metadata"]["resourceVersion"];
                part.body["metadata"]["resourceVersion"] = observed.clone();
                let object = self.patch(&part, Force::Yes, mode).await?;
                return Ok(Applied { object, taken_back: Vec::new() });
            }
            TakeOver::Everything => {
                let object = self.patch(&part, Force::Yes, mode).await?;
                return Ok(Applied { object, taken_back: Vec::new() });
            }
        };
        for _ in 0..ROUNDS {
            let conflicts = match (self.patch(&part, Force::No, mode).await, ours) {
                (Err(Error::Conflict(conflicts)), Some(_)) => conflicts,
                (answer, _) => return answer.map(|object| Applied { object, taken_back: Vec::new() }),
            };
            // An object that has gone in the meantime has no conflicts.
            let Some(live) = self.get(part.id).await? else { continue };
            let (taken_back, others) = divide(conflicts, &part.body, ours.unwrap_or(&Value::Null), live.json());
            if !others.is_empty() {
                return Err(Error::Conflict(others));
            }
            // What was decided holds for this version of the object only.
            part.body["metadata"]["resourceVersion"] = live.json()["metadata"]["resourceVersion"].clone();
            match self.patch(&part, Force::Yes, mode).await {
                Err(Error::Changed) => {
                    if let Some(metadata) = part.body["metadata"].as_object_mut() {
                        metadata.remove("resourceVersion");
                    }
                }
                answer => return answer.map(|object| Applied { object, taken_back }),
            }
        }
        Err(Error::Changed)
    }

    async fn patch(&self, part: &Part<'_>, force: Force, mode: Mode) -> Result<Object, Error> {
        let Part { id, body, manager } = part;
        let params = PatchParams {
            force: force == Force::Yes,
            field_manager: Some((*manager).to_owned()),
            field_validation: Some(ValidationDirective::Strict),
            dry_run: mode == Mode::DryRun,
        };
        let request = requests(id).patch(&id.name, &params, &Patch::Apply(body));
        if mode == Mode::Real {
            self.snapshots.forget(id);
        }
        match self.send(subject(id), request).await? {
            Some(value) => Ok(Object::new(value)),
            // An apply makes what is not there, so only the kind can be missing.
            None => Err(Error::KindMissing { api_version: id.api_version.clone(), kind: id.kind.clone() }),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    Yes,
    No,
}
