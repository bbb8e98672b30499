//! What calls know beside their requests.

use tokio_util::sync::CancellationToken;

/// What a call knows beside its request.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Cancelled when the user interrupts (`StopProvider`): start nothing new, finish what was accepted, return what is
    /// known.
    pub stop: CancellationToken,
}
