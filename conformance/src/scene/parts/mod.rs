//! The parts of a scene: each starts a few downloads and does something particular with them. All of them are played at
//! the same time; what could disturb others begins when those who need calm are done.

mod callbacks;
mod files;
mod secrets;
mod watched;

use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::sync::{OnceCell, watch};

use super::Part;
use super::stage::Stage;
pub(crate) use callbacks::SLOW;
pub(crate) use files::declared as declared_length;
pub(crate) use watched::BURST;
use watched::{Pace, Seen};

/// What parts know of each other.
pub(super) struct Common<'c> {
    stage: &'c Stage<'c>,
    /// What was seen of the first download; nothing inside if it did not end.
    first: watch::Sender<Option<Option<Seen>>>,
    pace: OnceCell<Pace>,
}

/// Plays the parts of a stage.
pub(super) async fn play(stage: &Stage<'_>) {
    let common = Common {
        stage,
        // Where nobody watches, nobody is to be waited for.
        first: watch::Sender::new((!stage.plays(Part::Watch)).then_some(None)),
        pace: OnceCell::new(),
    };
    let common = &common;
    let all: [(Part, BoxFuture<'_, ()>); 9] = [
        (Part::Watch, watched::watch(common).boxed()),
        (Part::Long, watched::long(common).boxed()),
        (Part::Burst, watched::burst(common).boxed()),
        (Part::Rejected, callbacks::rejected(stage).boxed()),
        (Part::Addresses, callbacks::addresses(stage).boxed()),
        (Part::Unreachable, callbacks::unreachable(stage).boxed()),
        (Part::Spoilt, callbacks::spoilt(stage).boxed()),
        (Part::Slow, callbacks::slow(stage).boxed()),
        (Part::Secrets, secrets::secrets(stage).boxed()),
    ];
    let played = all.into_iter().filter(|(part, _)| stage.plays(*part));
    join_all(played.map(|(_, future)| future)).await;
}
