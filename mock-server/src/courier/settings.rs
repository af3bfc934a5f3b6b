//! What the courier may cost, and how patient it is.

use std::sync::Arc;
use std::time::Duration;

use super::pool::Pool;
use super::retry::Retry;

/// Settings of a courier.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Decides the jitter of retries; the same seed gives the same. Default 0.
    pub seed: u64,
    /// Jobs followed at once; further ones are refused. From 1; default 100,000.
    pub max_jobs: usize,
    /// Bounds over several couriers together. Default: none.
    pub pool: Option<Arc<Pool>>,
    /// Deliveries under way at once. From 1; default 256.
    pub places: usize,
    /// Deliveries under way at once to one receiver (`host:port`) that answers quickly. From 1; default 64.
    pub places_per_receiver: usize,
    /// The longest that connecting, the answer's head and its body may take together, in real time. Default 5 s.
    pub deadline: Duration,
    /// A receiver is slow if an exchange takes this long, in real time. Default 1 s.
    pub slow_after: Duration,
    /// How long a message may wait for a place at a slow receiver, in real time: then it is given up, so that no dead
    /// receiver fills the courier. Default 10 minutes.
    pub max_queued: Duration,
    /// Whether one redirect is followed, as nobody should who sends to addresses of callers. Default no.
    pub follow_redirect: bool,
    /// When a failed delivery is tried again.
    pub retry: Retry,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            max_jobs: 100_000,
            pool: None,
            places: 256,
            places_per_receiver: 64,
            deadline: Duration::from_secs(5),
            slow_after: Duration::from_secs(1),
            max_queued: Duration::from_secs(600),
            follow_redirect: false,
            retry: Retry::default(),
        }
    }
}

/// A setting has a value that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the courier's `{name}` cannot be zero: set it to at least {least}")]
pub struct SettingsError {
    name: &'static str,
    least: &'static str,
}

impl Settings {
    /// Says which setting has a value that cannot be kept.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let is_zero = [
            ("max_jobs", self.max_jobs == 0, "1"),
            ("places", self.places == 0, "1"),
            ("places_per_receiver", self.places_per_receiver == 0, "1"),
            ("retry.attempts", self.retry.attempts == 0, "1"),
            ("deadline", self.deadline.is_zero(), "1 ms"),
        ];
        match is_zero.into_iter().find(|(_, is_zero, _)| *is_zero) {
            Some((name, _, least)) => Err(SettingsError { name, least }),
            None => Ok(()),
        }
    }
}
