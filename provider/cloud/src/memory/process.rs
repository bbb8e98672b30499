//! One run of the provider on a cloud in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use egress_model::ip_pool::{AddressId, User};
use tokio_util::sync::CancellationToken;

use super::served::{Answer, Fault, Refusal};
use crate::calls::{Outage, none_passes};
use crate::error::Hints;
use crate::{Calls, Class, Error, Limits, Locks, Poll};

/// What the codes of a cloud mean.
pub trait Codes {
    /// The class of a code. Decided from nothing else.
    fn class(code: &str) -> Class;
}

/// A process with a connection to a cloud. What it knows dies with it.
#[derive(Debug)]
pub struct Process<A> {
    pub(super) api: Arc<A>,
    pub(super) locks: Locks,
    outage: Outage,
}

/// How soon to look again.
pub(super) const POLL: Poll = Poll { first: Duration::from_millis(100), longest: Duration::from_secs(1) };

/// How often a call is tried whose answer was not clear.
const ATTEMPTS: u32 = 3;

/// How long an observation may take.
pub(super) fn look() -> Limits {
    Limits::within(CancellationToken::new(), Limits::LOOK)
}

impl<A: Codes> Process<A> {
    /// A new process.
    pub fn new(api: &Arc<A>) -> Self {
        Self { api: Arc::clone(api), locks: Locks::default(), outage: Outage::default() }
    }

    pub(super) fn calls<'a>(&'a self, limits: &'a Limits) -> Calls<'a> {
        Calls { limits, poll: POLL, attempts: ATTEMPTS, outage: &self.outage }
    }

    /// A call that only reads.
    pub(super) async fn read<T, F>(
        &self,
        operation: &'static str,
        limits: &Limits,
        mut call: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Answer<T>>,
    {
        let call = || {
            let answer = call();
            async move { answer.await.map_err(|fault| error::<A>(operation, fault)) }
        };
        self.calls(limits).read(operation, call).await
    }

    /// A call that changes something, and nothing more when it is sent again.
    pub(super) async fn write<T, F>(
        &self,
        operation: &'static str,
        limits: &Limits,
        mut call: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Answer<T>>,
    {
        let call = || {
            let answer = call();
            async move { answer.await.map_err(|fault| error::<A>(operation, fault)) }
        };
        self.calls(limits).write(operation, none_passes, call).await
    }

    /// A call that removes something, as soon as nothing uses it any more: what does may be going at the same time. Done, too, where it
    /// is gone already.
    pub(super) async fn remove<F>(
        &self,
        operation: &'static str,
        limits: &Limits,
        mut call: impl FnMut() -> F,
    ) -> Result<(), Error>
    where
        F: Future<Output = Answer<()>>,
    {
        let mut pauses = limits.pauses(POLL);
        loop {
            match self.write(operation, limits, &mut call).await {
                Err(error) if error.class == Class::NotFound => return Ok(()),
                Err(error) if error.class == Class::InUse => pauses.next().await.map_err(|_| error)?,
                answer => return answer,
            }
        }
    }

    /// Reads until there is what is waited for.
    pub(super) async fn wait<T, F>(
        &self,
        operation: &'static str,
        limits: &Limits,
        look: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        limits.until(POLL, look).await?.map_err(|ended| ended.error(operation))
    }
}

/// What a failed call means.
pub(super) fn error<A: Codes>(operation: &'static str, fault: Fault) -> Error {
    match fault {
        Fault::Lost => Error::new(Class::Unreachable, operation, "the answer was lost"),
        Fault::Refused(Refusal { code, message, retry_after }) => Error {
            code: code.to_owned(),
            hints: retry_after.map(|_| Box::new(Hints { retry_after, ..Hints::default() })),
            ..Error::new(A::class(code), operation, message)
        },
    }
}

/// What uses addresses, in words for the user.
pub(super) fn describe(users: &BTreeMap<AddressId, Vec<User>>) -> BTreeMap<AddressId, String> {
    let all =
        |users: &[User]| users.iter().map(|user| format!("NAT gateway {}", user.id)).collect::<Vec<_>>().join(", ");
    users.iter().map(|(id, users)| (id.clone(), all(users))).collect()
}
