//! Kills, interrupts and faults at every call that a run makes to a cloud, and what must hold afterwards.
//!
//! A run is what `terraform apply` does: a plan walk and an apply walk, each with a process of its own. It is recorded once,
//! then repeated once for each point, disturbed there; the points are the recorded calls, so none can be forgotten. A sample of them
//! is met unless all are asked for; see [`points::points`].

pub mod points;
pub mod side_by_side;
mod tally;
mod trouble;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use stand_in_cloud::faults::{Hold, HoldPhase, Matcher, Resume};
use stand_in_cloud::log::LogEntry;

use self::points::{Point, RecordedCall, Walk, points};
pub use self::tally::Tally;
use self::trouble::Trouble;
pub use self::world::World;
use crate::core_driver::{Applied, Configuration, Driver, Interrupter, Message, State};
use crate::environment::{Extent, extent};

/// How long a run may take to get to a point.
const PATIENCE: Duration = Duration::from_secs(30);

/// A change from one configuration to another.
#[derive(Debug)]
pub struct Scenario {
    /// What is there before; without resources for a create.
    pub before: Configuration,
    /// What is wanted; without resources for a destroy.
    pub after: Configuration,
    /// The owner whose objects these are.
    pub owner: &'static str,
}

/// A scenario with its undisturbed run on record.
#[derive(Debug)]
pub struct Matrix<'a, W: World> {
    world: &'a W,
    driver: &'a Driver,
    scenario: Scenario,
    start: Start<W::Api>,
    calls: Vec<RecordedCall>,
    egress: Vec<String>,
}

/// Where each run begins.
#[derive(Debug)]
struct Start<A> {
    cloud: A,
    state: State,
}

/// How a disturbed run ended.
struct Disturbed {
    state: State,
    messages: Vec<Message>,
}

impl<'a, W: World> Matrix<'a, W> {
    /// Builds the start and records the undisturbed run.
    pub async fn record(world: &'a W, driver: &'a Driver, scenario: Scenario) -> Result<Self> {
        let state = driver.converge(&scenario.before, &State::default()).await.context("building the start")?;
        let start = Start { cloud: world.snapshot(), state };
        world.restore(&start.cloud);
        let plan =
            driver.plan(&scenario.after, &start.state).await?.accepted().context("planning the undisturbed run")?;
        let planned = world.server().log().len();
        let applied = driver.apply(&scenario.after, &plan).await.and_then(Applied::succeeded);
        let state = applied.context("the undisturbed run")?;
        let recorded = |(index, entry): (usize, LogEntry)| RecordedCall {
            walk: if index < planned { Walk::Plan } else { Walk::Apply },
            kind: entry.kind,
            nth: entry.nth,
            action: entry.action,
        };
        let calls: Vec<RecordedCall> = world.server().log().into_iter().enumerate().map(recorded).collect();
        ensure!(!calls.is_empty(), "the undisturbed run made no call");
        let egress = world.egress();
        expect_settled(driver, &scenario.after, &state).await.context("after the undisturbed run")?;
        Ok(Self { world, driver, scenario, start, calls, egress })
    }

    /// The calls of the undisturbed run, in order.
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }

    /// What the undisturbed run left; see [`World::egress`].
    pub fn egress(&self) -> &[String] {
        &self.egress
    }

    /// SIGKILL of the provider before the commit of, after the commit of, and after the reply to a call.
    ///
    /// When core plans again, it remembers what it recorded in the disturbed run; or the state before that, if it died too, or
    /// lost its last writes. Each must recover, unless both are the same.
    pub async fn kill(&self) -> Result<Tally> {
        let phases = [HoldPhase::BeforeCommit, HoldPhase::AfterCommit, HoldPhase::AfterReply];
        let (points, mut tally) = self.points(&phases, HoldPhase::AfterCommit);
        for Point { call, disturbance: phase } in points {
            let at = || format!("killed at {} {}, {phase:?}", call.action, call.nth);
            self.kill_at(call, phase, &mut tally).await.with_context(at)?;
            tally.points += 1;
        }
        Ok(tally.finish())
    }

    async fn kill_at(&self, call: &RecordedCall, phase: HoldPhase, tally: &mut Tally) -> Result<()> {
        let disturbed = self.disturb(call, phase, async |current| {
            current.kill();
            Ok(Resume::Cut)
        });
        let disturbed = disturbed.await?;
        let left = self.world.snapshot();
        self.recover(&self.start.state, tally).await.context("core remembers nothing of it")?;
        if disturbed.state != self.start.state {
            self.world.restore(&left);
            self.recover(&disturbed.state, tally).await.context("core remembers what it recorded")?;
        }
        Ok(())
    }

    /// Ctrl-C while a call is under way: what was accepted must be in the state when the apply returns.
    pub async fn interrupt(&self) -> Result<Tally> {
        let phases = [HoldPhase::BeforeCommit, HoldPhase::AfterCommit];
        let (points, mut tally) = self.points(&phases, HoldPhase::AfterCommit);
        for Point { call, disturbance: phase } in points {
            let at = || format!("interrupted at {} {}, {phase:?}", call.action, call.nth);
            self.interrupt_at(call, phase, &mut tally).await.with_context(at)?;
            tally.points += 1;
        }
        Ok(tally.finish())
    }

    async fn interrupt_at(&self, call: &RecordedCall, phase: HoldPhase, tally: &mut Tally) -> Result<()> {
        let disturbed = self.disturb(call, phase, async |current| {
            current.interrupt().await?;
            Ok(Resume::Continue)
        });
        let disturbed = disturbed.await?;
        let state =
            serde_json::to_string(&disturbed.state.0.values().map(|object| &object.attributes).collect::<Vec<_>>())?;
        for id in self.world.owned(self.scenario.owner) {
            ensure!(state.contains(&id), "{id} exists but is not in the state; messages: {:#?}", disturbed.messages);
        }
        self.recover(&disturbed.state, tally).await
    }

    /// A fault at a call: at most one further apply, then nothing to do.
    pub async fn faults(&self) -> Result<Tally> {
        let (points, mut tally) = self.points(&Trouble::ALL, Trouble::ResetAfterCommit);
        for Point { call, disturbance: trouble } in points {
            let at = || format!("{trouble:?} at {} {}", call.action, call.nth);
            self.world.restore(&self.start.cloud);
            self.world.server().set_faults(vec![trouble.at(call, self.world)]);
            let disturbed = self.run(&Current::default()).await.with_context(at)?;
            self.world.server().set_faults(Vec::new());
            self.recover(&disturbed.state, &mut tally).await.with_context(at)?;
            tally.points += 1;
        }
        Ok(tally.finish())
    }

    /// Core loses the last writes of its state, one more each time, after a run that succeeded.
    pub async fn lost_writes(&self) -> Result<Tally> {
        self.world.restore(&self.start.cloud);
        let reached = self.driver.converge(&self.scenario.after, &self.start.state).await?;
        let end = self.world.snapshot();
        // Writes come in dependency order, and a destroy's in the opposite one.
        let mut order: Vec<_> = reached.0.keys().chain(self.start.state.0.keys()).cloned().collect();
        order.sort();
        order.dedup();
        let masks = 1_u32..(1 << order.len());
        let mut tally = Tally::begin(self.calls.len(), 0);
        for mask in masks {
            let mut state = reached.clone();
            for (position, address) in order.iter().enumerate() {
                if mask & (1 << position) != 0 {
                    match self.start.state.0.get(address) {
                        Some(old) => drop(state.0.insert(address.clone(), old.clone())),
                        None => drop(state.0.remove(address)),
                    }
                }
            }
            self.world.restore(&end);
            let at = || format!("the writes of {mask:b} of {order:?} are lost");
            self.recover(&state, &mut tally).await.with_context(at)?;
            tally.points += 1;
        }
        Ok(tally.finish())
    }

    /// The points that are met, and a tally that knows of the others.
    fn points<D: Copy>(&self, disturbances: &[D], unanswered: D) -> (Vec<Point<'_, D>>, Tally) {
        let chosen = points(&self.calls, disturbances, unanswered, extent());
        let all = points(&self.calls, disturbances, unanswered, Extent::Exhaustive).len();
        let tally = Tally::begin(self.calls.len(), all - chosen.len());
        (chosen, tally)
    }

    /// Repeats the run up to a point, does there what the test wants to the process of the walk, and lets the run end.
    async fn disturb(
        &self,
        call: &RecordedCall,
        phase: HoldPhase,
        act: impl AsyncFnOnce(Interrupter) -> Result<Resume>,
    ) -> Result<Disturbed> {
        self.world.restore(&self.start.cloud);
        self.world.server().hold(Hold { at: Matcher::nth(&call.action, call.nth), phase });
        let current = Current::default();
        let run = self.run(&current);
        tokio::pin!(run);
        let begin = Instant::now();
        while self.world.server().held().is_none() {
            tokio::select! {
                ended = &mut run => {
                    // After the last reply nothing waits at the gate: the run may return before anybody looks.
                    let last = phase == HoldPhase::AfterReply && self.world.server().log().len() == self.calls.len();
                    ensure!(last, "the run ended after {} calls, before the point", self.world.server().log().len());
                    self.world.server().resume(Resume::Continue);
                    return ended;
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
            ensure!(begin.elapsed() < PATIENCE, "the run did not get to the point");
        }
        if let Some(interrupter) = current.get() {
            let (resume, ended) = {
                let acting = tokio::time::timeout(PATIENCE, act(interrupter));
                tokio::pin!(acting);
                tokio::select! {
                    resume = &mut acting => (resume??, None),
                    ended = &mut run => (acting.await??, Some(ended)),
                }
            };
            self.world.server().resume(resume);
            return match ended {
                Some(ended) => ended,
                None => run.await,
            };
        }
        self.world.server().resume(Resume::Continue);
        run.await
    }

    /// One run: plan, then apply. A provider that dies or refuses is part of it; a broken rule is an error.
    async fn run(&self, current: &Current) -> Result<Disturbed> {
        let (scenario, start) = (&self.scenario, &self.start.state);
        let unchanged = |messages| Ok(Disturbed { state: start.clone(), messages });
        let provider = self.driver.provider(&scenario.after).await?;
        current.set(provider.interrupter());
        let plan = match provider.plan(&scenario.after, start).await {
            Ok(plan) => plan,
            Err(error) if is_lost(&error) => return unchanged(Vec::new()),
            Err(error) => return Err(error),
        };
        if plan.failed() || provider.is_stopped() {
            current.end();
            // It may have been killed after its last reply.
            let _killed = provider.shut_down().await;
            return unchanged(plan.messages);
        }
        current.end();
        let _killed = provider.shut_down().await;
        let provider = self.driver.provider(&scenario.after).await?;
        current.set(provider.interrupter());
        let Applied { state, messages, .. } = provider.apply(&scenario.after, &plan).await?;
        if provider.is_stopped() {
            provider.shut_down().await.context("after the interrupt")?;
        }
        current.end();
        Ok(Disturbed { state, messages })
    }

    /// The same configuration once more: it must reach what the undisturbed run reached, and then have nothing to do.
    async fn recover(&self, state: &State, tally: &mut Tally) -> Result<()> {
        tally.recovered += 1;
        tally.tainted += usize::from(state.0.values().any(|object| object.tainted));
        let plan = self.driver.plan(&self.scenario.after, state).await?.accepted().context("planning again")?;
        let mut state = plan.state.clone();
        if !plan.is_empty() {
            tally.reapplied += 1;
            let applied = self.driver.apply(&self.scenario.after, &plan).await;
            state = applied.and_then(Applied::succeeded).context("applying again")?;
            expect_settled(self.driver, &self.scenario.after, &state).await?;
        }
        let egress = self.world.egress();
        if egress != self.egress {
            bail!("what exists is not what it should be\n  is:     {egress:#?}\n  should: {:#?}", self.egress);
        }
        let text = state.0.values().map(|object| object.attributes.as_str()).collect::<String>();
        for id in self.world.owned(self.scenario.owner) {
            ensure!(text.contains(&id), "{id} exists but is not in the state");
        }
        Ok(())
    }
}

/// The process of the walk that is under way.
#[derive(Clone, Debug, Default)]
struct Current(Arc<Mutex<Option<Interrupter>>>);

impl Current {
    fn lock(&self) -> MutexGuard<'_, Option<Interrupter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, interrupter: Interrupter) {
        *self.lock() = Some(interrupter);
    }

    fn end(&self) {
        *self.lock() = None;
    }

    fn get(&self) -> Option<Interrupter> {
        self.lock().clone()
    }
}

async fn expect_settled(driver: &Driver, configuration: &Configuration, state: &State) -> Result<()> {
    let plan = driver.plan(configuration, state).await?.accepted().context("the plan after it")?;
    ensure!(plan.is_empty(), "the plan after it is not empty: {:#?}", plan.changes);
    Ok(())
}

fn is_lost(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<tonic::Status>().is_some())
}
