//! Kills, interrupts and faults at every call that a run makes to EC2, and what must hold afterwards.
//!
//! A run is what `terraform apply` does: a plan walk and an apply walk, each with a process of its own. It is recorded once,
//! then repeated once for each point, disturbed there; the points are the recorded calls, so none can be forgotten. A sample of them
//! is met unless all are asked for; see [`points::points`].

pub mod points;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use stand_in_cloud::ec2::Ec2;
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Hold, HoldPhase, Matcher, Resume};
use stand_in_cloud::log::LogEntry;

use self::points::{Point, RecordedCall, Walk, points};
use crate::cloud::Cloud;
use crate::core_driver::{Applied, Configuration, Driver, Interrupter, Message, State};
use crate::environment::extent;

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
pub struct Matrix<'a> {
    cloud: &'a Cloud,
    driver: &'a Driver,
    scenario: Scenario,
    start: Start,
    calls: Vec<RecordedCall>,
    footprint: Vec<String>,
}

/// Where each run begins.
#[derive(Debug)]
struct Start {
    cloud: Ec2,
    state: State,
}

/// What a matrix did.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// The calls of the undisturbed run.
    pub calls: usize,
    /// The disturbed runs.
    pub points: usize,
    /// The points that were left out.
    pub left_out: usize,
    /// Runs after which something was marked to be replaced.
    pub tainted: usize,
    /// Runs that needed a second apply.
    pub reapplied: usize,
    /// All of it.
    pub took: Duration,
    begun: Instant,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.took / u32::try_from(self.points.max(1)).unwrap_or(u32::MAX);
        write!(
            f,
            "{} calls, {} points and {} left out, {} needed a second apply, {} tainted an object, {:.1} s, {each:.0?} a point",
            self.calls,
            self.points,
            self.left_out,
            self.reapplied,
            self.tainted,
            self.took.as_secs_f64()
        )
    }
}

/// What core remembers when it plans again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The state as it was before the disturbed run: core died too, or lost its last writes.
    Old,
    /// What core recorded in the disturbed run.
    Recorded,
}

/// How a disturbed run ended.
struct Disturbed {
    state: State,
    messages: Vec<Message>,
}

impl<'a> Matrix<'a> {
    /// Builds the start and records the undisturbed run; the cloud is emptied of what was there, but for the network.
    pub async fn record(cloud: &'a Cloud, driver: &'a Driver, scenario: Scenario) -> Result<Self> {
        let state = driver.converge(&scenario.before, &State::default()).await.context("building the start")?;
        let start = Start { cloud: cloud.snapshot(), state };
        cloud.restore(&start.cloud);
        let plan =
            driver.plan(&scenario.after, &start.state).await?.accepted().context("planning the undisturbed run")?;
        let planned = cloud.server.log().len();
        let applied = driver.apply(&scenario.after, &plan).await.and_then(Applied::succeeded);
        let state = applied.context("the undisturbed run")?;
        let recorded = |(index, entry): (usize, LogEntry)| RecordedCall {
            walk: if index < planned { Walk::Plan } else { Walk::Apply },
            is_read: entry.is_read(),
            action: entry.action,
        };
        let calls: Vec<RecordedCall> = cloud.server.log().into_iter().enumerate().map(recorded).collect();
        ensure!(!calls.is_empty(), "the undisturbed run made no call");
        let footprint = cloud.footprint();
        expect_settled(driver, &scenario.after, &state).await.context("after the undisturbed run")?;
        Ok(Self { cloud, driver, scenario, start, calls, footprint })
    }

    /// The calls of the undisturbed run, in order.
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }

    /// What the undisturbed run left; see [`crate::cloud::footprint`].
    pub fn footprint(&self) -> &[String] {
        &self.footprint
    }

    /// SIGKILL of the provider before the commit of, after the commit of, and after the reply to a call.
    pub async fn kill(&self, memory: Memory) -> Result<Tally> {
        let phases = [HoldPhase::BeforeCommit, HoldPhase::AfterCommit, HoldPhase::AfterReply];
        let points = points(&self.calls, &phases, HoldPhase::AfterCommit, extent());
        let mut tally = self.tally(phases.len(), points.len());
        for Point { number, call, disturbance: phase } in points {
            let at = || format!("killed at call {number} {}, {phase:?}", call.action);
            self.kill_at(number, phase, memory, &mut tally).await.with_context(at)?;
        }
        Ok(tally.finish())
    }

    async fn kill_at(&self, number: u64, phase: HoldPhase, memory: Memory, tally: &mut Tally) -> Result<()> {
        let disturbed = self.disturb(number, phase, async |current| {
            current.kill();
            Ok(Resume::Cut)
        });
        let disturbed = disturbed.await?;
        let state = match memory {
            Memory::Old => self.start.state.clone(),
            Memory::Recorded => disturbed.state,
        };
        self.recover(&state, tally).await
    }

    /// Ctrl-C while a call is under way: what was accepted must be in the state when the apply returns.
    pub async fn interrupt(&self) -> Result<Tally> {
        let phases = [HoldPhase::BeforeCommit, HoldPhase::AfterCommit];
        let points = points(&self.calls, &phases, HoldPhase::AfterCommit, extent());
        let mut tally = self.tally(phases.len(), points.len());
        for Point { number, call, disturbance: phase } in points {
            let at = || format!("interrupted at call {number} {}, {phase:?}", call.action);
            self.interrupt_at(number, phase, &mut tally).await.with_context(at)?;
        }
        Ok(tally.finish())
    }

    async fn interrupt_at(&self, number: u64, phase: HoldPhase, tally: &mut Tally) -> Result<()> {
        let disturbed = self.disturb(number, phase, async |current| {
            current.interrupt().await?;
            Ok(Resume::Continue)
        });
        let disturbed = disturbed.await?;
        let state =
            serde_json::to_string(&disturbed.state.0.values().map(|object| &object.attributes).collect::<Vec<_>>())?;
        for id in self.cloud.owned_ids(self.scenario.owner) {
            ensure!(state.contains(&id), "{id} exists but is not in the state; messages: {:#?}", disturbed.messages);
        }
        self.recover(&disturbed.state, tally).await
    }

    /// A fault at a call: at most one further apply, then nothing to do.
    pub async fn faults(&self) -> Result<Tally> {
        let points = points(&self.calls, &Trouble::ALL, Trouble::ResetAfterCommit, extent());
        let mut tally = self.tally(Trouble::ALL.len(), points.len());
        for Point { number, call, disturbance: trouble } in points {
            let at = || format!("{trouble:?} at call {number} {}", call.action);
            self.cloud.restore(&self.start.cloud);
            self.cloud.server.set_faults(vec![trouble.at(number)]);
            let disturbed = self.run(&Current::default()).await.with_context(at)?;
            self.cloud.server.set_faults(Vec::new());
            self.recover(&disturbed.state, &mut tally).await.with_context(at)?;
        }
        Ok(tally.finish())
    }

    /// Core loses the last writes of its state, one more each time, after a run that succeeded.
    pub async fn lost_writes(&self) -> Result<Tally> {
        self.cloud.restore(&self.start.cloud);
        let reached = self.driver.converge(&self.scenario.after, &self.start.state).await?;
        let end = self.cloud.snapshot();
        // Writes come in dependency order, and a destroy's in the opposite one.
        let mut order: Vec<_> = reached.0.keys().chain(self.start.state.0.keys()).cloned().collect();
        order.sort();
        order.dedup();
        let masks = 1_u32..(1 << order.len());
        let mut tally = self.tally(0, 0);
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
            self.cloud.restore(&end);
            let at = || format!("the writes of {mask:b} of {order:?} are lost");
            self.recover(&state, &mut tally).await.with_context(at)?;
        }
        Ok(tally.finish())
    }

    /// Of a matrix that meets so many points, with so many disturbances of each call to choose from.
    fn tally(&self, disturbances: usize, points: usize) -> Tally {
        Tally {
            calls: self.calls.len(),
            points: 0,
            left_out: (self.calls.len() * disturbances).saturating_sub(points),
            tainted: 0,
            reapplied: 0,
            took: Duration::ZERO,
            begun: Instant::now(),
        }
    }

    /// Repeats the run up to a point, does there what the test wants to the process of the walk, and lets the run end.
    async fn disturb(
        &self,
        number: u64,
        phase: HoldPhase,
        act: impl AsyncFnOnce(Interrupter) -> Result<Resume>,
    ) -> Result<Disturbed> {
        self.cloud.restore(&self.start.cloud);
        self.cloud.server.hold(Hold { at: Matcher::call(number), phase });
        let current = Current::default();
        let run = self.run(&current);
        tokio::pin!(run);
        let begin = Instant::now();
        let held = loop {
            if let Some(held) = self.cloud.server.held() {
                break held;
            }
            tokio::select! {
                ended = &mut run => {
                    // After the last reply nothing waits at the gate: the run may return before anybody looks.
                    let last = phase == HoldPhase::AfterReply && self.cloud.server.log().len() == self.calls.len();
                    ensure!(last, "the run ended after {} calls, before the point", self.cloud.server.log().len());
                    self.cloud.server.resume(Resume::Continue);
                    return ended;
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
            ensure!(begin.elapsed() < PATIENCE, "the run did not get to the point");
        };
        let expected = usize::try_from(number - 1).ok().and_then(|index| self.calls.get(index));
        let expected = expected.map(|call| call.action.as_str());
        ensure!(expected == Some(&held.action), "the call is {}, on record it is {expected:?}", held.action);
        if let Some(interrupter) = current.get() {
            let (resume, ended) = {
                let acting = tokio::time::timeout(PATIENCE, act(interrupter));
                tokio::pin!(acting);
                tokio::select! {
                    resume = &mut acting => (resume??, None),
                    ended = &mut run => (acting.await??, Some(ended)),
                }
            };
            self.cloud.server.resume(resume);
            return match ended {
                Some(ended) => ended,
                None => run.await,
            };
        }
        self.cloud.server.resume(Resume::Continue);
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
        tally.points += 1;
        tally.tainted += usize::from(state.0.values().any(|object| object.tainted));
        let plan = self.driver.plan(&self.scenario.after, state).await?.accepted().context("planning again")?;
        let mut state = plan.state.clone();
        if !plan.is_empty() {
            tally.reapplied += 1;
            let applied = self.driver.apply(&self.scenario.after, &plan).await;
            state = applied.and_then(Applied::succeeded).context("applying again")?;
            expect_settled(self.driver, &self.scenario.after, &state).await?;
        }
        let footprint = self.cloud.footprint();
        if footprint != self.footprint {
            bail!("what exists is not what it should be\n  is:     {footprint:#?}\n  should: {:#?}", self.footprint);
        }
        let text = state.0.values().map(|object| object.attributes.as_str()).collect::<String>();
        for id in self.cloud.owned_ids(self.scenario.owner) {
            ensure!(text.contains(&id), "{id} exists but is not in the state");
        }
        Ok(())
    }
}

impl Tally {
    fn finish(mut self) -> Self {
        self.took = self.begun.elapsed();
        self
    }
}

/// A fault that a call meets.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Throttled,
    Unavailable,
    ResetBeforeCommit,
    ResetAfterCommit,
    Slow,
}

impl Trouble {
    const ALL: [Self; 5] =
        [Self::Throttled, Self::Unavailable, Self::ResetBeforeCommit, Self::ResetAfterCommit, Self::Slow];

    fn at(self, number: u64) -> Fault {
        let error = |status, code: &str, message: &str| Effect::Error {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        };
        let (phase, effect) = match self {
            Self::Throttled => {
                (FaultPhase::BeforeCommit, error(503, "RequestLimitExceeded", "Request limit exceeded."))
            }
            Self::Unavailable => (FaultPhase::BeforeCommit, error(503, "Unavailable", "The service is overloaded.")),
            Self::ResetBeforeCommit => (FaultPhase::BeforeCommit, Effect::Cut),
            Self::ResetAfterCommit => (FaultPhase::AfterCommit, Effect::Cut),
            Self::Slow => (FaultPhase::AfterCommit, Effect::Delay { ms: 50 }),
        };
        Fault::once(Matcher::call(number), phase, effect)
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
