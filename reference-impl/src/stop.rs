//! The signal to stop, for everything that runs in the background.

use tokio::sync::watch;

/// Who can stop.
#[derive(Debug)]
pub(crate) struct StopSender(watch::Sender<bool>);

/// Who is to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// A signal and its two ends.
pub(crate) fn stop() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    /// Says stop.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether it was said.
    pub(crate) fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is said, or nobody is left who could.
    pub(crate) async fn said(&mut self) {
        let _ = self.0.wait_for(|said| *said).await;
    }
}
