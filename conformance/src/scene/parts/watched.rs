//! Downloads that are watched: a short one, which everything else takes its time from; then, if it ended too soon for
//! its progress to be seen, longer ones; two at once, and one that is asked now often, now not at all.

use std::time::Duration;

use tokio::time::Instant;

use super::Common;
use super::files;
use crate::receiver::Manner;
use crate::scene::follow::Follower;
use crate::scene::stage::{Address, Stage, Started};

/// So long progress is to be seen.
const SEEN: Duration = Duration::from_millis(1_600);
/// Downloads that are started to find out how long one must be for that.
const TRIES: usize = 2;
/// Of the time for completion, how much the others wait for the first download's end.
const PATIENCE: u32 = 4;
/// Queries of a burst, and bursts.
pub(crate) const BURST: usize = 4;
const BURSTS: usize = 4;
/// A pause between bursts is this part of the time that a download takes.
const PAUSE: u32 = 20;
const PAUSES: (Duration, Duration) = (Duration::from_millis(15), Duration::from_secs(2));

/// How long the downloads are whose progress is to be seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Of recording.
    seconds: u32,
    /// That a download of it takes.
    time: Duration,
}

fn watched_address(stage: &Stage<'_>) -> Address<'static> {
    if stage.has_callbacks {
        Address::Own(Manner::Take, "")
    } else {
        Address::None
    }
}

/// The first download: from its start to its end, with its file, and until it may be forgotten.
pub(super) async fn watch(common: &Common<'_>) {
    let stage = common.stage;
    let mut hold = Some(stage.calm.hold());
    let started = stage
        .start(
            stage.name("PROG-04", 0),
            stage.short(),
            watched_address(stage),
        )
        .await;
    let mut follower = Follower::new(stage, &started);
    let told = {
        let until = follower.until_told();
        tokio::pin!(until);
        let patience = stage.completion() / PATIENCE;
        match tokio::time::timeout(patience, &mut until).await {
            Ok(told) => told,
            Err(_) => {
                // The others need not wait for what may never come.
                common.first.send_replace(Some(None));
                hold.take();
                until.await
            }
        }
    };
    common.first.send_replace(Some(told));
    drop(hold);
    let url = follower.facts.url.clone();
    let keeping = follower.keep(stage.keeping());
    if stage.judges("FILE-") {
        tokio::join!(keeping, files::read(stage, &started, url));
    } else {
        keeping.await;
    }
}

/// How long downloads must be for their progress to be seen.
async fn pace(common: &Common<'_>) -> Pace {
    let stage = common.stage;
    let mut first = common.first.subscribe();
    let told = match first.wait_for(Option::is_some).await {
        Ok(told) => told.flatten(),
        Err(_) => None,
    };
    let mut pace = Pace {
        seconds: stage.limits.watched_seconds.max(1),
        time: told.unwrap_or(stage.completion() / PATIENCE),
    };
    let all = stage.session.api.fixtures.recorded.seconds();
    for number in 0..TRIES {
        let is_seen = pace.time >= SEEN / 2 || pace.seconds >= all;
        if told.is_none() || (number > 0 && is_seen) {
            break;
        }
        let factor = SEEN.as_secs_f64() / pace.time.as_secs_f64().max(1e-4);
        let wanted = f64::from(pace.seconds) * factor.clamp(1.0, 1e6);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1 and at most the seconds of a window"
        )]
        let seconds = wanted.min(f64::from(all)) as u32;
        let is_last = number + 1 == TRIES || factor <= 1.0;
        pace = Pace {
            seconds,
            time: pace
                .time
                .mul_f64(f64::from(seconds) / f64::from(pace.seconds)),
        };
        // What took next to no time says little about what takes longer: it is tried.
        if is_last
            || pace.seconds == stage.limits.watched_seconds
            || !stage.session.downloads().take(1)
        {
            break;
        }
        let window = stage.window(pace.seconds);
        let tried = stage
            .start(stage.name("PROG-03", number), window, Address::None)
            .await;
        let took = Follower::new(stage, &tried).until_told().await;
        pace.time = took.unwrap_or(pace.time);
    }
    pace
}

impl Common<'_> {
    async fn pace(&self) -> Pace {
        *self.pace.get_or_init(|| pace(self)).await
    }
}

/// Two downloads at once, the second one started when the first one is under way.
pub(super) async fn long(common: &Common<'_>) {
    let stage = common.stage;
    let pace = common.pace().await;
    let window = stage.window(pace.seconds);
    let first = stage
        .start(stage.name("PROG-02", 0), window, watched_address(stage))
        .await;
    let second = async {
        // A quarter of the way, by what is known of it.
        tokio::time::sleep_until(Instant::now() + pace.time / 4).await;
        let started = stage
            .start(
                stage.name("PROG-08", 0),
                stage.window(pace.seconds),
                Address::None,
            )
            .await;
        Follower::new(stage, &started).until_told().await;
    };
    let follow = async {
        let mut follower = Follower::new(stage, &first);
        follower.until_told().await;
        let url = follower.facts.url.clone();
        let keeping = follower.keep(stage.keeping());
        if stage.judges("FILE-07") {
            tokio::join!(keeping, files::glance(stage, &first, url));
        } else {
            keeping.await;
        }
    };
    tokio::join!(second, follow);
}

/// A download that is asked once after each pause, and then often: if asking moves it, that shows.
pub(super) async fn burst(common: &Common<'_>) {
    let stage = common.stage;
    let pace = common.pace().await;
    let window = stage.window(pace.seconds);
    let started = stage
        .start(stage.name("PROG-09", 0), window, Address::None)
        .await;
    if !started.is_taken() {
        return;
    }
    let pause = (pace.time / PAUSE).clamp(PAUSES.0, PAUSES.1);
    stage.ask(&started).await;
    for _ in 0..BURSTS {
        tokio::time::sleep(pause).await;
        asked(stage, &started).await;
    }
}

async fn asked(stage: &Stage<'_>, started: &Started) {
    for _ in 0..=BURST {
        stage.ask(started).await;
    }
}
