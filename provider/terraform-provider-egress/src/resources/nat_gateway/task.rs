//! One call for one resource instance, on whatever cloud: what is asked, and where.

use cloud::Error;
use egress_model::identity::Identity;
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::{Backend, Gateways, Seen};
use super::outputs::GlobalIds;
use super::report;
use super::subject::{Recorded, Subject};
use crate::clouds::Parts;
use crate::resources::cloud_error;
use crate::session::{Call, Configured, Failure};

/// The call.
pub(super) struct Task<'a> {
    pub(super) configured: &'a Configured,
    pub(super) backend: &'a dyn Backend,
    pub(super) subject: Subject<'a>,
}

impl Task<'_> {
    /// The place where the gateways are by what is written; `None` while it is not known.
    pub(super) async fn open(&self) -> Result<Option<Box<dyn Gateways>>, Failure> {
        let Some(parts) = self.backend.cloud().parts_of(self.subject.present()) else { return Ok(None) };
        self.backend.open(self.configured, &parts).await
    }

    /// The same for a call that needs it.
    pub(super) async fn opened(&self, call: Call) -> Result<Box<dyn Gateways>, Diagnostics> {
        let opened = match self.backend.cloud().parts_of(self.subject.present()) {
            Some(parts) => opened(self.configured, self.backend, &parts).await,
            None => Err(report::not_known_yet(self.backend.cloud()).into()),
        };
        opened.map_err(|failure| self.reported(failure, call))
    }

    /// The gateways stay in their place. A change from one written part of it to another replaces the resource; where one of the two is
    /// the provider's, Terraform sees no such change.
    pub(super) async fn check_move(&self, now: &dyn Gateways) -> Result<(), Diagnostic> {
        let Some(used) = self.backend.cloud().parts_of(self.subject.prior) else { return Ok(()) };
        let used = opened(self.configured, self.backend, &used).await.map_err(|failure| failure.diagnostic)?;
        used.place()
            .difference(now.place())
            .map_or(Ok(()), |difference| Err(report::moved(used.place().cloud(), &difference)))
    }

    /// Whether Terraform replaces the resource itself: a part of its place is written before and after, and differs.
    pub(super) fn is_replaced(&self) -> bool {
        let cloud = self.backend.cloud();
        let said = |value| cloud.parts.iter().map(move |part| cloud.said(value, part));
        let mut both = said(self.subject.prior).zip(said(self.subject.planned));
        both.any(|(prior, planned)| prior.is_some() && planned.is_some() && prior != planned)
    }

    /// A gateway of the state that is not even listed as deleted may be in another account or place.
    pub(super) async fn check_account(
        &self,
        gateways: &dyn Gateways,
        recorded: &Recorded,
        seen: &dyn Seen,
    ) -> Result<(), Diagnostic> {
        let listed = seen.all();
        for (id, was) in recorded.global_ids() {
            if !listed.iter().any(|(_, gateway)| gateway.id == id)
                && let Some(now) = gateways.global_id(&id).await.filter(|now| *now != was)
            {
                return Err(report::elsewhere(gateways.place().cloud(), &was, &now));
            }
        }
        Ok(())
    }

    /// What is reported of gateways that could not be read: once for a cause that fails every resource.
    pub(super) fn unreadable(&self, gateways: &dyn Gateways, error: &Error, call: Call) -> Diagnostics {
        let cause = cloud_error::cause(error, &gateways.place().to_string());
        self.reported(Failure::new(cause, report::unreadable(gateways, error)), call)
    }

    /// A failure as the resource reports it.
    pub(super) fn reported(&self, failure: Failure, call: Call) -> Diagnostics {
        let resource = resource(&self.subject.identity);
        self.configured.this_run.causes.report(failure, &resource, call).into_iter().collect()
    }
}

/// The place with these parts, for a call that needs it.
pub(super) async fn opened(
    configured: &Configured,
    backend: &dyn Backend,
    parts: &Parts,
) -> Result<Box<dyn Gateways>, Failure> {
    backend.open(configured, parts).await?.ok_or_else(|| report::not_known_yet(backend.cloud()).into())
}

/// The global ids of the gateways that there are: those of the state, or the cloud's answer.
pub(super) async fn global_ids(gateways: &dyn Gateways, recorded: &Recorded, seen: &dyn Seen) -> GlobalIds {
    let mut known = recorded.global_ids();
    for gateway in seen.view().gateways.into_values() {
        if !known.contains_key(&gateway.id)
            && let Some(global_id) = gateways.global_id(&gateway.id).await
        {
            known.insert(gateway.id, global_id);
        }
    }
    known
}

/// How a resource is called among those of a run.
pub(super) fn resource(identity: &Identity) -> String {
    format!("egress_nat_gateway \"{}\"", identity.name)
}
