//! Writing an object, and waiting until what was written is reached.
//!
//! An operation that was accepted is asked after where the answer said. A process that died knows that place no more, and another one
//! waits for `provisioningState`, which says the same without the reason of a failure.

use std::future::Future;

use cloud::calls::none_passes;
use cloud::names::{self, Created};
use cloud::{Class, Error, Limits};

use crate::client::{Accepted, Condition, Status};
use crate::id::{Kind, ResourceId};
use crate::object::{Object, Provisioning};
use crate::place::{Place, delete_call, get_call, put_call};

impl Place {
    /// Writes an object, and waits for the end of the operation.
    pub(crate) async fn put(
        &self,
        id: &ResourceId,
        object: &Object,
        condition: &Condition,
        limits: &Limits,
    ) -> Result<(), Error> {
        let operation = put_call(id);
        let put = || self.client.put(operation, id.as_str(), object, condition);
        self.carry_out(operation, limits, put).await
    }

    /// Deletes an object as soon as nothing uses it any more, for what does may be going; done, too, where it is gone already.
    pub(crate) async fn delete(&self, id: &ResourceId, limits: &Limits) -> Result<(), Error> {
        let operation = delete_call(id);
        let mut pauses = limits.pauses(self.poll);
        loop {
            let delete = || self.client.delete(operation, id.as_str());
            match self.carry_out(operation, limits, delete).await {
                Err(error) if error.class == Class::InUse => pauses.next().await.map_err(|_| error)?,
                Err(error) if error.class != Class::NotFound => return Err(error),
                _ => break,
            }
        }
        let gone = || async { Ok(self.get(id, limits).await?.is_none().then_some(())) };
        limits.until(self.poll, gone).await?.map_err(|ended| ended.error(operation))
    }

    /// Sends a call that begins an operation, and waits for its end. One that ends for another's sake is sent again, as one that is
    /// refused for it.
    async fn carry_out<F>(
        &self,
        operation: &'static str,
        limits: &Limits,
        mut call: impl FnMut() -> F,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<Accepted, Error>>,
    {
        let mut pauses = limits.pauses(self.poll).spread();
        loop {
            self.forget_what_was_read();
            let accepted = self.calls(limits).write(operation, none_passes, &mut call).await;
            let answer = match accepted {
                Ok(accepted) => self.finish(operation, accepted, limits).await,
                Err(error) => Err(error),
            };
            self.forget_what_was_read();
            match answer {
                Err(error) if error.had_no_effect() => {
                    let least = error.retry_after().unwrap_or_default();
                    pauses.next_after(least).await.map_err(|_| error)?;
                }
                answer => return answer,
            }
        }
    }

    /// Waits for the end of an operation.
    pub(crate) async fn finish(
        &self,
        operation: &'static str,
        accepted: Accepted,
        limits: &Limits,
    ) -> Result<(), Error> {
        let Accepted(Some(pending)) = accepted else { return Ok(()) };
        let mut pauses = limits.pauses(self.poll);
        let mut least = pending.retry_after;
        loop {
            pauses.next_after(least).await.map_err(|ended| ended.error(operation))?;
            match self.calls(limits).read(operation, || self.client.status(operation, &pending)).await? {
                Status::Running(retry_after) => least = retry_after,
                Status::Over => return Ok(()),
            }
        }
    }

    /// The object when no operation on it is under way. One that failed is written again as it is, which repairs it.
    pub(crate) async fn settled(&self, id: &ResourceId, limits: &Limits) -> Result<Object, Error> {
        let settled = || async {
            let there = self.get(id, limits).await?.ok_or_else(|| missing(id))?;
            match there.provisioning() {
                Provisioning::Succeeded => Ok(Some(there)),
                Provisioning::Updating => Ok(None),
                Provisioning::Failed => self.put(id, &there, &Condition::Any, limits).await.map(|()| None),
                Provisioning::Deleting => Err(missing(id)),
            }
        };
        limits.until(self.poll, settled).await?.map_err(|ended| ended.error(get_call(id)))
    }

    /// Creates an object under the first name that is free, or finds the one that another run has created, which `will_do`. Its name is
    /// looked up before the PUT: that a PUT keeps its condition is written nowhere.
    pub(crate) async fn create(
        &self,
        kind: Kind,
        name: impl Fn(u32) -> String,
        body: &Object,
        will_do: impl Fn(&Object) -> bool,
        limits: &Limits,
    ) -> Result<ResourceId, Error> {
        let operation = put_call(&self.id_of(kind, "any"));
        let create = |name: String| async move {
            let id = self.id_of(kind, &name);
            if self.get(&id, limits).await?.is_some() {
                return Ok(Created::Exists);
            }
            match self.put(&id, body, &Condition::IsAbsent, limits).await {
                Ok(()) => Ok(Created::New(id)),
                Err(error) if error.code == "PreconditionFailed" => Ok(Created::Exists),
                Err(error) => Err(error),
            }
        };
        let get = |name: String| {
            let will_do = &will_do;
            async move {
                let id = self.id_of(kind, &name);
                let is_live = |there: &Object| there.provisioning() != Provisioning::Deleting && will_do(there);
                Ok(self.get(&id, limits).await?.filter(is_live).map(|_| id))
            }
        };
        names::create(operation, name, create, get, |_| true).await
    }
}

/// What was to be changed does not exist.
pub(crate) fn missing(id: &ResourceId) -> Error {
    Error::new(Class::NotFound, get_call(id), format!("{id} does not exist"))
}
