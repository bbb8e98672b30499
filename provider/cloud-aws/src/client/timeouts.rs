//! How long a call may take.

use std::time::Duration;

use aws_smithy_types::timeout::TimeoutConfig;

/// How long one call to AWS may take. The SDK sets a time for the connection only, so that a server which accepts a connection and
/// never answers would hold a plan for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the answer begins.
    pub read: Duration,
    /// All of one attempt.
    pub attempt: Duration,
    /// Fetching the credentials that a call is signed with, such as from STS or the instance metadata, with all its attempts.
    pub credentials: Duration,
}

impl Default for Timeouts {
    /// Two attempts that get no answer take a minute. The largest answers, such as the addresses of a large account, take seconds.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(30),
            attempt: Duration::from_secs(30),
            credentials: Duration::from_secs(25),
        }
    }
}

impl From<Timeouts> for TimeoutConfig {
    fn from(timeouts: Timeouts) -> Self {
        Self::builder()
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            .operation_attempt_timeout(timeouts.attempt)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan on a server that never answers ends within two minutes: at most two attempts of one call, or the credentials twice.
    #[test]
    fn silence_is_short() {
        let Timeouts { connect, read, attempt, credentials } = Timeouts::default();
        assert!(connect < read && read <= attempt && credentials < attempt);
        assert!(cloud::calls::SILENCE > attempt, "a second attempt is made");
        assert!(cloud::calls::SILENCE + attempt <= Duration::from_secs(75));
    }
}
