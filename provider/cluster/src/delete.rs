//! Deleting, and waiting until it is done.

use std::time::Duration;

use egress_engines::manifest::ObjectId;
use kube::api::{DeleteParams, Preconditions};
use tokio::time::Instant;

use crate::connect::{requests, subject};
use crate::{Cluster, Error};

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Cluster {
    /// Deletes the object with this UID and waits until it is gone. Another object of the same name is left alone: the error
    /// is then [`Error::Changed`]. No object is a success.
    pub async fn delete(&self, id: &ObjectId, uid: &str, patience: Duration) -> Result<(), Error> {
        let started = Instant::now();
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
        let request = requests(id).delete(&id.name, &params);
        self.snapshots.forget(id);
        match self.send(subject(id), request).await {
            Ok(None) | Err(Error::NamespaceMissing { .. }) => return Ok(()),
            Ok(Some(_)) => {}
            Err(error) => return Err(error),
        }
        let mut pause = Duration::from_millis(20);
        loop {
            let left = match self.get(id).await? {
                Some(object) if object.uid() == uid => object,
                // Gone, or already another object of the same name.
                _ => return Ok(()),
            };
            let waited = started.elapsed();
            if waited >= patience {
                return Err(Error::StillThere { waited, finalizers: left.finalizers() });
            }
            tokio::time::sleep(pause.min(patience.saturating_sub(waited))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
