//! How calls reach a cloud in memory: one after the other, after a random while, and with answers that can get lost.

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

/// What the caller of a cloud gets.
pub(super) type Answer<T> = Result<T, Fault>;

/// Why a caller did not get what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The cloud refused.
    Refused(Refusal),
    /// The answer was lost. The call may have had its effect.
    Lost,
}

/// How a cloud refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The cloud's code.
    pub(super) code: &'static str,
    /// The cloud's words.
    pub(super) message: String,
    /// When the call is worth another try.
    pub(super) retry_after: Option<Duration>,
}

/// The refusal with this code.
pub(super) fn refuse<T>(code: &'static str, message: impl Into<String>) -> Answer<T> {
    Err(Fault::Refused(Refusal { code, message: message.into(), retry_after: None }))
}

/// The same for now: in a second it may be different.
pub(super) fn refuse_for_now<T>(code: &'static str, message: impl Into<String>) -> Answer<T> {
    let retry_after = Some(Duration::from_secs(1));
    Err(Fault::Refused(Refusal { code, message: message.into(), retry_after }))
}

/// What a cloud has, and what becomes of it by itself.
pub(super) trait State: Debug + Send {
    /// Lets everything happen that is due by now.
    fn pass(&mut self, now: Instant);
}

/// A cloud's state as calls meet it.
#[derive(Debug)]
pub(super) struct Served<S> {
    state: Mutex<S>,
    way: Mutex<Way>,
}

/// The way between a caller and a cloud.
#[derive(Debug)]
struct Way {
    random: Random,
    loses_next_answer: bool,
    refuses_next_create: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: State> Served<S> {
    /// The calls take as long as the seed says.
    pub(super) fn new(state: S, seed: u64) -> Self {
        let way = Way { random: Random(seed), loses_next_answer: false, refuses_next_create: false };
        Self { state: Mutex::new(state), way: Mutex::new(way) }
    }

    /// Lets the next call that changes something have its effect, and loses its answer.
    pub(super) fn lose_next_answer(&self) {
        lock(&self.way).loses_next_answer = true;
    }

    /// Lets the cloud refuse the next call that creates something.
    pub(super) fn refuse_next_create(&self) {
        lock(&self.way).refuses_next_create = true;
    }

    /// Looks at the state, or changes it, at once and outside of any call.
    pub(super) fn outside<T>(&self, serve: impl FnOnce(&mut S) -> T) -> T {
        let mut state = lock(&self.state);
        state.pass(Instant::now());
        serve(&mut state)
    }

    /// A call that reads.
    pub(super) async fn read<T>(&self, serve: impl FnOnce(&mut S) -> T) -> T {
        self.travel().await;
        let answer = self.outside(serve);
        self.travel().await;
        answer
    }

    /// A call that changes something.
    pub(super) async fn write<T>(&self, serve: impl FnOnce(&mut S) -> Answer<T>) -> Answer<T> {
        let answer = self.read(serve).await;
        // A refusal had no effect, and so nothing that could be lost.
        if answer.is_ok() && std::mem::take(&mut lock(&self.way).loses_next_answer) {
            return Err(Fault::Lost);
        }
        answer
    }

    /// A call that creates something, or is refused with this code.
    pub(super) async fn create<T>(&self, limit: &'static str, serve: impl FnOnce(&mut S) -> Answer<T>) -> Answer<T> {
        if std::mem::take(&mut lock(&self.way).refuses_next_create) {
            self.travel().await;
            return refuse(limit, "The limit of the account is reached.");
        }
        self.write(serve).await
    }

    /// A while of up to 30 ms, of which some is within one instant; one in eight takes ten times as long.
    async fn travel(&self) {
        let (instant, pause) = {
            let random = &mut lock(&self.way).random;
            let slow = if random.below(8) == 0 { 10 } else { 1 };
            (random.below(4), random.below(4) * random.below(11) * slow)
        };
        for _ in 0..instant {
            yield_now().await;
        }
        if pause > 0 {
            sleep(Duration::from_millis(pause)).await;
        }
    }
}

/// Random numbers that follow from a seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below this one.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
