//! Deleting, and waiting until it is done.

use std::time::Duration;

use egress_engines::manifest::ObjectId;
use kube::api::{DeleteParams, Preconditions};
use tokio::time::Instant;

use crate::request::{requests, subject};
use crate::{Cluster, Error, Limits};

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Cluster {
    /// Deletes the object with this UID and waits until it is gone. Another object of the same name is left alone: the error
    /// is then [`Error::Changed`]. No object is a success.
    pub async fn delete(&self, id: &ObjectId, uid: &str, limits: &Limits) -> Result<(), Error> {
        let started = Instant::now();
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
        let request = requests(id).delete(&id.name, &params);
        self.snapshots.forget(id);
        match limits.write(self.send(subject(id), request)).await {
            Ok(None) | Err(Error::NamespaceMissing { .. }) => return Ok(()),
            Ok(Some(_)) => {}
            Err(error) => return Err(error),
        }
        let mut pause = Duration::from_millis(20);
        loop {
            // What was accepted is worth a look even when the time is over.
            let left = match limits.finish(self.get(id)).await? {
                Some(object) if object.uid() == uid => object,
                // Gone, or already another object of the same name.
                _ => return Ok(()),
            };
            match limits.sleep(pause).await {
                Ok(()) => pause = (pause * 2).min(LONGEST_PAUSE),
                Err(Error::Overdue) => {
                    return Err(Error::StillThere { waited: started.elapsed(), finalizers: left.finalizers() });
                }
                Err(error) => return Err(error),
            }
        }
    }
}
