//! Calls without an idempotency token, whose answer may be lost after they had their effect.

use std::future::Future;

use cloud::{Class, Error, Limits, Poll};

/// Calls until there is an answer that is clear, at most `attempts` times. After an unclear failure the effect is looked for
/// before the call is repeated; after throttling it is simply repeated, because a throttled call had no effect.
///
/// The look comes after a pause: what was created a moment ago may not show yet. That leaves a window as long as EC2's read
/// lag exceeds the pause, in which an object could be made twice; [`crate::ip_pools`] looks once more after creation and
/// gives the younger one back.
pub(crate) async fn call<T, C, L>(
    attempts: u32,
    poll: Poll,
    limits: &Limits,
    mut call: impl FnMut() -> C,
    mut look: impl FnMut() -> L,
) -> Result<T, Error>
where
    C: Future<Output = Result<T, Error>>,
    L: Future<Output = Result<Option<T>, Error>>,
{
    let mut pause = poll.first;
    let mut attempt = 1;
    loop {
        let error = match call().await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let again = error.is_unclear() || error.class == Class::Throttled;
        if !again || !limits.sleep(pause).await {
            return Err(error);
        }
        if error.is_unclear()
            && let Some(found) = look().await?
        {
            return Ok(found);
        }
        if attempt >= attempts || limits.stopped() {
            return Err(error);
        }
        attempt += 1;
        pause = (pause * 2).min(poll.longest);
    }
}
