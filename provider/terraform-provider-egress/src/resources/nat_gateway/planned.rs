//! What a plan knows, and what it says.

use std::collections::BTreeSet;

use cloud::Freshness;
use tfplugin::Diagnostics;

use super::arguments::OnInterruption;
use super::backend::{Ahead, Gateways};
use super::outputs::{Computed, Promise};
use super::report;
use super::subject::{Change, Recorded};
use super::task::Task;
use crate::session::Call;

/// What a plan knows.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// What is computed.
    pub(super) computed: Computed,
    /// Messages.
    pub(super) diagnostics: Diagnostics,
}

impl Task<'_> {
    /// Computes what a plan can know. `on` is what is to be said of a plan that interrupts egress.
    pub(super) async fn plan(&self, on: OnInterruption) -> Result<Planned, Diagnostics> {
        let (subject, change) = (&self.subject, self.subject.change());
        let opened = self.open().await.map_err(|failure| self.reported(failure, Call::PlanSeen))?;
        let Some(gateways) = opened else { return Ok(Planned::default()) };
        let gateways = gateways.as_ref();
        if change == Change::Update && !self.is_replaced() {
            self.check_move(gateways).await?;
        }
        let recorded = Recorded::read(subject.prior)?;
        let Some(wanted) = gateways.wanted(subject)? else { return Ok(Planned::default()) };
        let complete = wanted.is_complete();
        // Without a look the plan would not say what is replaced, taken over or interrupted, and be approved for it. Of what is created
        // with open ends everything is unknown that a look could tell.
        let call = if change == Change::Create && !complete { Call::PlanUnseen } else { Call::PlanSeen };
        let seen = wanted.look(Freshness::Snapshot).await.map_err(|error| self.unreadable(gateways, &error, call))?;
        self.check_account(gateways, &recorded, seen.as_ref()).await?;
        let ahead = seen.ahead();
        if change != Change::Destroy {
            report::refuse_stale(gateways, &ahead)?;
        }
        let mut diagnostics = Diagnostics::new();
        if change == Change::Create && !subject.instance.inherits {
            let view = seen.view();
            diagnostics.extend(report::adoption(gateways, &view, &subject.identity, self.configured.adoption));
        }
        let all = seen.all();
        diagnostics.extend(report::kept(gateways, &ahead, &subject.identity));
        diagnostics.extend(report::notes(gateways, &ahead, change, &seen.view()));
        diagnostics.extend(report::of_others(gateways, &ahead, &all, subject));
        if change == Change::Destroy {
            return Ok(Planned { diagnostics, ..Planned::default() });
        }
        diagnostics.extend(report::refused_rename(&ahead, &all, subject, &recorded));
        diagnostics.extend(ahead.conflicts.clone());
        diagnostics.extend(report::interruptions(gateways, &ahead, on));
        diagnostics.extend(report::undecided(gateways, &ahead, &all, on));
        diagnostics.extend(seen.advise(&self.configured.this_run).await);
        let promise = Promise { forecast: seen.forecast(), recorded: &recorded, of: change, repaired: BTreeSet::new() };
        let computed = promise.computed();
        if subject.planned != subject.prior || !complete {
            return Ok(Planned { computed, diagnostics });
        }
        Ok(self.repair(gateways, &ahead, promise, Planned { computed, diagnostics }))
    }

    /// Nothing that the user wrote differs, and yet something may be to be done: tags that were removed, a second gateway.
    fn repair(&self, gateways: &dyn Gateways, ahead: &Ahead, promise: Promise<'_>, planned: Planned) -> Planned {
        let Planned { mut computed, mut diagnostics } = planned;
        if ahead.operations.is_empty() || ahead.conflicts.has_errors() {
            computed.retain(|name, _| *name == "tags_all");
        } else if computed.iter().all(|(name, value)| self.subject.prior.get(name) == Some(value)) {
            computed = Promise { repaired: ahead.changes.clone(), ..promise }.computed();
            diagnostics.push(report::repair(gateways, ahead));
        }
        Planned { computed, diagnostics }
    }
}
