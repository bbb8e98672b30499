//! Several applies at once in one world, each with a process of its own: two states, or two people.

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;

use super::world::World;
use crate::core_driver::{Configuration, Driver, State};

/// A configuration with its state.
#[derive(Clone, Debug)]
pub struct Side {
    /// A word that only its own calls have among their parameters, by which they are told apart in the log.
    pub word: &'static str,
    /// What is wanted.
    pub configuration: Configuration,
    /// What core remembers.
    pub state: State,
}

/// Plans and applies each side at the same time as the others, and then expects that none of them has anything more to do.
pub async fn apply_side_by_side(driver: &Driver, sides: &mut [Side]) -> Result<()> {
    let plans = try_join_all(sides.iter().map(async |side| {
        let plan = driver.plan(&side.configuration, &side.state).await?.accepted().context(side.word)?;
        // The process is there before the first call, so that the applies begin together.
        let provider = driver.provider(&side.configuration).await?;
        anyhow::Ok((plan, provider))
    }));
    let applies = sides.iter().zip(plans.await?).map(async |(side, (plan, provider))| {
        let applied = provider.apply(&side.configuration, &plan).await?;
        provider.shut_down().await?;
        applied.succeeded().context(side.word)
    });
    let states = try_join_all(applies).await?;
    for (side, state) in sides.iter_mut().zip(states) {
        side.state = state;
    }
    // Only now: a plan beside an apply may see what is under way.
    for side in sides {
        let plan = driver.plan(&side.configuration, &side.state).await?.accepted().context(side.word)?;
        ensure!(plan.is_empty(), "{}: the plan after it is not empty: {:#?}", side.word, plan.changes);
    }
    Ok(())
}

/// Fails unless the calls of all sides lie between those of the others, of those that the log has.
pub fn expect_mingled<W: World>(world: &W, sides: &[Side]) -> Result<()> {
    let log = world.server().log();
    let spans = sides.iter().map(|side| {
        let is_own = |text: &str| text.contains(side.word);
        let mut own = log.iter().filter(|entry| entry.params.values().any(is_own)).map(|entry| entry.number);
        let first = own.next().with_context(|| format!("no call says {:?}", side.word))?;
        Ok((first, own.next_back().unwrap_or(first)))
    });
    let spans: Vec<(u64, u64)> = spans.collect::<Result<_>>()?;
    let (last_begin, first_end) = (spans.iter().map(|span| span.0).max(), spans.iter().map(|span| span.1).min());
    ensure!(last_begin < first_end, "one came after the other: {spans:?}");
    Ok(())
}
