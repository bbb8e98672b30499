//! What an apply does, and what it reached.

use cloud::{End, Freshness, Limits};
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::arguments::OnInterruption;
use super::backend::{Gateways, Seen};
use super::looked::corrected;
use super::subject::{Change, Recorded};
use super::task::{Task, global_ids};
use super::{outputs, report};
use crate::session::Call;

/// What there is after an apply.
#[derive(Debug)]
pub(super) struct Applied {
    /// The state; null when nothing is left.
    pub(super) state: Value,
    /// Messages.
    pub(super) diagnostics: Diagnostics,
}

impl Task<'_> {
    /// Makes the gateways what is planned; with a null plan there are to be none.
    pub(super) async fn apply(&self, on: OnInterruption, limits: &Limits) -> Result<Applied, Diagnostics> {
        let (subject, change) = (&self.subject, self.subject.change());
        let gateways = self.opened(Call::Apply).await?;
        let gateways = gateways.as_ref();
        if change == Change::Update {
            self.check_move(gateways).await?;
        }
        let recorded = Recorded::read(subject.prior)?;
        let wanted = gateways.wanted_wholly(subject)?;
        let seen = wanted.look(Freshness::Now).await;
        let seen = seen.map_err(|error| self.unreadable(gateways, &error, Call::Apply))?;
        self.check_account(gateways, &recorded, seen.as_ref()).await?;
        let refused = self.refused(gateways, &recorded, seen.as_ref(), on)?;
        if refused.has_errors() {
            return Err(refused);
        }
        let (seen, end) = seen.apply(limits).await;
        self.reached(gateways, &recorded, seen.as_ref(), &end).await
    }

    /// Why the change is refused. The plan has said the same, unless it could not know: something was unknown then, or was changed since.
    fn refused(
        &self,
        gateways: &dyn Gateways,
        recorded: &Recorded,
        seen: &dyn Seen,
        on: OnInterruption,
    ) -> Result<Diagnostics, Diagnostics> {
        let (ahead, all) = (seen.ahead(), seen.all());
        let stays = self.subject.change() != Change::Destroy;
        if stays {
            report::refuse_stale(gateways, &ahead)?;
        }
        let mut refused = ahead.conflicts.clone();
        refused.extend(report::of_others(gateways, &ahead, &all, &self.subject));
        refused.extend(stays.then(|| report::interruptions(gateways, &ahead, on)).flatten());
        refused.extend(report::refused_rename(&ahead, &all, &self.subject, recorded));
        Ok(refused)
    }

    /// What there is when the work has ended.
    async fn reached(
        &self,
        gateways: &dyn Gateways,
        recorded: &Recorded,
        seen: &dyn Seen,
        end: &End,
    ) -> Result<Applied, Diagnostics> {
        let (subject, change, view) = (&self.subject, self.subject.change(), seen.view());
        let global_ids = global_ids(gateways, recorded, seen).await;
        let conflicts = seen.ahead().conflicts;
        let state = || {
            let shown = seen.shown()?;
            let computed = outputs::computed(&view, &shown.routes, &global_ids);
            Ok::<_, Diagnostics>(outputs::reached(subject.planned, computed, &shown.tags))
        };
        if matches!(end, End::Done) && !conflicts.has_errors() {
            if change == Change::Destroy {
                return Ok(Applied { state: Value::Null, diagnostics: Diagnostics::new() });
            }
            let state = state()?;
            let changed = outputs::contradictions(subject.planned, &state);
            let changed = (!changed.is_empty()).then(|| report::changed_meanwhile(gateways, &changed));
            return Ok(Applied { state, diagnostics: changed.into_iter().collect() });
        }
        if let (End::Stopped(left), Change::Create, false) = (end, change, view.gateways.is_empty()) {
            // An error would make Terraform destroy and create again what exists; so the next plan goes on from here instead.
            return Ok(Applied { state: state()?, diagnostics: report::interrupted(gateways, left, &view).into() });
        }
        // What failed comes first: what is in the way now may follow from it.
        let mut diagnostics = Diagnostics::new();
        if let Some(failure) = report::end(gateways, end, &view, change) {
            diagnostics.extend(self.reported(failure, Call::Apply));
        }
        diagnostics.extend(conflicts);
        let mut state = match seen.shown() {
            Ok(shown) => corrected(gateways, subject.present(), &view, shown, &global_ids),
            Err(unreadable) => {
                diagnostics.extend(unreadable);
                Value::Null
            }
        };
        if state.is_null() && !subject.prior.is_null() {
            // Something is left, or this would not have failed; without state nobody would look for it again.
            state = subject.prior.clone();
        }
        Ok(Applied { state, diagnostics })
    }
}
