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
const SEEN: Duration = Duration::from_millis(2_400);
/// Downloads that are started to find out how long one must be for that.
const TRIES: usize = 3;
/// Different values of progress that make a time good enough to reckon with.
const VALUES: usize = 5;
/// By what factor the length changes from one to the next, at most.
const GROWTH: f64 = 16.0;
/// Of the time for completion, how much the others wait for the first download's end.
const PATIENCE: u32 = 4;
/// Queries of a burst, and bursts.
pub(crate) const BURST: usize = 3;
const BURSTS: usize = 4;
/// A pause between bursts is this part of the time that a download takes.
const PAUSE: u32 = 24;
const PAUSES: (Duration, Duration) = (Duration::from_millis(15), Duration::from_secs(2));

/// What was seen of a download.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// From its start to its end.
    time: Duration,
    /// Different values of progress.
    values: usize,
}

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
    let values = values(&started);
    let seen = told.map(|time| Seen { time, values });
    common.first.send_replace(Some(seen));
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
    let shortest = stage.limits.watched_seconds.max(1);
    let mut seen = told.unwrap_or(Seen {
        time: stage.completion() / PATIENCE,
        values: 0,
    });
    let mut pace = Pace {
        seconds: shortest,
        time: seen.time,
    };
    // Not all of it: two windows of that length must differ.
    let all = stage.session.api.fixtures.recorded.seconds() / 8 * 7;
    let all = all.max(shortest);
    for number in 0..=TRIES {
        let is_long = seen.time >= SEEN / 2;
        if is_long && (pace.seconds <= shortest || seen.time <= SEEN * 2) {
            break;
        }
        // What took next to no time says little about what takes longer.
        let is_sure = is_long || seen.values >= VALUES;
        let time = if is_sure { SEEN } else { SEEN * 100 };
        let before = pace.seconds;
        pace = pace.scaled(time, shortest, all);
        let is_last = is_long || pace.seconds == before || number == TRIES;
        if is_last || !stage.session.downloads().take(1) {
            break;
        }
        seen = tried(stage, number, pace).await;
        pace.time = seen.time;
    }
    Pace {
        time: pace.time.min(SEEN * 4),
        ..pace
    }
}

impl Pace {
    /// Downloads that take about this time, if they take it in proportion to their length.
    fn scaled(self, time: Duration, shortest: u32, longest: u32) -> Self {
        let factor = time.as_secs_f64() / self.time.as_secs_f64().max(1e-3);
        let wanted = f64::from(self.seconds) * factor.clamp(1.0 / GROWTH, GROWTH);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two numbers of seconds"
        )]
        let seconds = wanted.clamp(f64::from(shortest.min(longest)), f64::from(longest)) as u32;
        let ratio = f64::from(seconds) / f64::from(self.seconds);
        Self {
            seconds,
            time: self.time.mul_f64(ratio),
        }
    }
}

/// How long a download of some length takes, by what is seen of it in a short time.
async fn tried(stage: &Stage<'_>, number: usize, pace: Pace) -> Seen {
    let window = stage.window(pace.seconds);
    let name = stage.name("PROG-03", number);
    // Where there is no query, callbacks are all that is heard.
    let address = match stage.session.api.query {
        Some(_) => Address::None,
        None => watched_address(stage),
    };
    let started = stage.start(name, window, address).await;
    let begun = Instant::now();
    let mut follower = Follower::new(stage, &started);
    let told = tokio::time::timeout(SEEN, follower.until_told()).await;
    let values = values(&started);
    let last = started.readings().last().and_then(|r| r.told.number());
    let time = match (told, last) {
        (Ok(Some(time)), _) => time,
        (_, Some(last)) => {
            let done = last / stage.end().unwrap_or(f64::INFINITY);
            begun.elapsed().div_f64(done.clamp(1.0 / GROWTH, 1.0))
        }
        (_, None) => SEEN,
    };
    Seen { time, values }
}

/// How many different values were told of a download, by query or by callback.
fn values(started: &Started) -> usize {
    let mut told: Vec<String> = started
        .readings()
        .iter()
        .map(|r| r.told.to_string())
        .collect();
    let receipts = started.place.as_ref().map(|place| place.receipts());
    let called = receipts.unwrap_or_default();
    told.extend(
        called
            .iter()
            .map(|r| crate::progress::callback(r).told.to_string()),
    );
    told.sort();
    told.dedup();
    told.len()
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
        // Where there is nothing to ask, only callbacks tell.
        let address = match stage.session.api.query {
            Some(_) => Address::None,
            None => watched_address(stage),
        };
        let name = stage.name("PROG-08", 0);
        let started = stage.start(name, stage.window(pace.seconds), address).await;
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
    let mut pause = (pace.time / PAUSE).clamp(PAUSES.0, PAUSES.1);
    stage.ask(&started).await;
    for _ in 0..BURSTS {
        tokio::time::sleep(pause).await;
        let begun = Instant::now();
        for _ in 0..=BURST {
            stage.ask(&started).await;
        }
        // Pauses must be long beside bursts, however long a target takes for its answers.
        pause = pause.max(begun.elapsed() * 3).min(PAUSES.1);
    }
}
