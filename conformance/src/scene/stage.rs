//! The stage: what every part of a scene acts with. It starts downloads, asks for their progress, reads their files, and
//! records all of it. Windows are dealt out here, so that no two downloads of a run are alike: a target may share an id
//! between identical requests.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Part;
use crate::api::start;
use crate::case::Answered;
use crate::client::Fetch;
use crate::exchange::Exchange;
use crate::oracle::Outcome;
use crate::progress::{Reading, ScaleSeen};
use crate::receiver::{Manner, Place, Receiver};
use crate::session::Session;
use crate::target::Limits;
use crate::window::Window;

/// Between two tries of a target that says it is busy: at first, and at most.
const BUSY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// What the parts of a scene act with.
pub(crate) struct Stage<'s> {
    pub(crate) session: &'s Session,
    pub(crate) receiver: Option<&'s Receiver>,
    pub(crate) limits: Limits,
    pub(crate) seed: u64,
    /// Put before the numbers of downloads: nothing, or `again`.
    pub(crate) tag: &'static str,
    /// True if downloads that are watched get a callback address.
    pub(crate) has_callbacks: bool,
    /// Parts that are played.
    pub(crate) parts: HashSet<Part>,
    /// Lines that are judged afterwards.
    pub(crate) lines: HashSet<String>,
    pub(crate) calm: Calm,
    /// Until the slow receiver has shown what there is to see: one that hangs would hide it.
    pub(crate) slow: Calm,
    windows: Mutex<Windows>,
    exchanges: Mutex<Vec<Arc<Exchange>>>,
    scale: Mutex<ScaleSeen>,
}

/// The callback address of a download.
pub(crate) enum Address<'a> {
    /// None.
    None,
    /// One of the runner's own, with more after it.
    Own(Manner, &'a str),
    /// The same, written in another way.
    Written(&'a (dyn Fn(&str) -> String + Sync)),
    /// Any other.
    Other(String),
}

/// A download that was asked for.
pub(crate) struct Started {
    pub(crate) name: String,
    pub(crate) place: Option<Arc<Place>>,
    pub(crate) answered: Arc<Answered>,
    /// When it was asked for.
    pub(crate) sent: Instant,
    /// When its answer was there.
    pub(crate) at: Instant,
    asked: Mutex<usize>,
    files: Mutex<usize>,
    /// What was told so far.
    readings: Mutex<Vec<Reading>>,
}

impl<'s> Stage<'s> {
    pub(crate) fn new(
        session: &'s Session,
        receiver: Option<&'s Receiver>,
        (limits, seed): (Limits, u64),
        tag: &'static str,
        (parts, lines): (HashSet<Part>, HashSet<String>),
    ) -> Self {
        Self {
            session,
            receiver,
            limits,
            seed,
            tag,
            has_callbacks: false,
            parts,
            lines,
            calm: Calm::default(),
            slow: Calm::default(),
            windows: Mutex::new(Windows::new(session.api.fixtures.recorded, tag, seed)),
            exchanges: Mutex::default(),
            scale: Mutex::default(),
        }
    }

    pub(crate) fn plays(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// True if a line of this group is judged.
    pub(crate) fn judges(&self, prefix: &str) -> bool {
        self.lines.iter().any(|line| line.starts_with(prefix))
    }

    pub(crate) fn completion(&self) -> Duration {
        Duration::from_secs(self.limits.completion_seconds.max(1).into())
    }

    pub(crate) fn keeping(&self) -> Duration {
        Duration::from_secs(self.limits.keep_seconds.into())
    }

    /// A window that no other download of the stage has, about so long.
    pub(crate) fn window(&self, seconds: u32) -> Window {
        lock(&self.windows).deal(seconds)
    }

    /// A window as long as those that are watched usually.
    pub(crate) fn short(&self) -> Window {
        self.window(self.limits.watched_seconds)
    }

    pub(crate) fn name(&self, line: &str, number: usize) -> String {
        format!("{line}#{}{number}", self.tag)
    }

    /// Starts a download; while the target is busy, again after a while.
    pub(crate) async fn start(
        &self,
        name: String,
        window: Window,
        address: Address<'_>,
    ) -> Started {
        self.start_body(name, self.session.api.body(window), address)
            .await
    }

    pub(crate) async fn start_body(
        &self,
        name: String,
        mut body: crate::api::Object,
        address: Address<'_>,
    ) -> Started {
        let (place, text) = self.address(&name, address);
        if let (Some(member), Some(text)) = (&self.session.api.callback, text) {
            body.insert(member.clone(), text.into());
        }
        let until = Instant::now() + self.completion() / 2;
        let (mut pause, mut number) = (BUSY.0, 0);
        let answered = loop {
            let id = match number {
                0 => name.clone(),
                n => format!("{name}.s{n}"),
            };
            let answered = self.session.send(id, start(&body), true).await;
            self.record(&answered.exchange);
            let is_busy = matches!(answered.outcome, Outcome::Busy(_));
            if !is_busy || Instant::now() + pause > until || self.session.gone().is_some() {
                break answered;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BUSY.1);
            number += 1;
        };
        let (at, took) = (Instant::now(), answered.exchange.took);
        Started {
            name,
            place,
            answered,
            // Waiting for its turn is no part of it.
            sent: at.checked_sub(took).unwrap_or(at),
            at,
            asked: Mutex::default(),
            files: Mutex::default(),
            readings: Mutex::default(),
        }
    }

    fn address(&self, name: &str, address: Address<'_>) -> (Option<Arc<Place>>, Option<String>) {
        let own = |manner: Manner| self.receiver.and_then(|r| r.place(name, manner).ok());
        match address {
            Address::None => (None, None),
            Address::Other(text) => (None, Some(text)),
            Address::Own(manner, rest) => {
                let place = own(manner);
                let text = place.as_ref().map(|p| format!("{}{rest}", p.address()));
                (place, text)
            }
            Address::Written(write) => {
                let place = own(Manner::Take);
                let text = place.as_ref().map(|p| write(p.address()));
                (place, text)
            }
        }
    }

    /// Asks for the progress of a download; nothing if there is no query, or no download to ask for.
    pub(crate) async fn ask(&self, started: &Started) -> Option<Reading> {
        let api = &self.session.api;
        let request = crate::checks::query_for(api, &started.answered).ok()?;
        let number = next(&started.asked);
        let id = format!("{}.q{number}", started.name);
        let answered = self.session.send(id, request, true).await;
        self.record(&answered.exchange);
        let body = answered.body.as_ref();
        let body = body.filter(|_| answered.outcome.is_taken())?;
        let reading = api.query.as_ref()?.spots.read(&answered.exchange, body);
        lock(&self.scale).add(&reading);
        lock(&started.readings).push(reading.clone());
        Some(reading)
    }

    /// What the end is called in answers to queries, as far as that is known by now.
    pub(crate) fn end(&self) -> Option<f64> {
        let declared = self.session.api.query.as_ref()?.spots.scale;
        lock(&self.scale).end(declared)
    }

    /// Sends a request for the file of a download.
    pub(crate) async fn fetch(&self, started: &Started, fetch: Fetch) -> Arc<Exchange> {
        let id = format!("{}.f{}", started.name, next(&started.files));
        let exchange = self.session.fetch(Fetch { id, ..fetch }).await;
        self.record(&exchange);
        exchange
    }

    /// Sends a GET with a request target of any kind.
    pub(crate) async fn fetch_raw(
        &self,
        started: &Started,
        url: &url::Url,
        target: &str,
    ) -> Arc<Exchange> {
        let id = format!("{}.f{}", started.name, next(&started.files));
        let exchange = self.session.fetch_raw(id, url, target).await;
        self.record(&exchange);
        exchange
    }

    fn record(&self, exchange: &Arc<Exchange>) {
        lock(&self.exchanges).push(Arc::clone(exchange));
    }

    /// Everything that was sent so far.
    pub(crate) fn exchanges(&self) -> Vec<Arc<Exchange>> {
        lock(&self.exchanges).clone()
    }
}

impl Started {
    pub(crate) fn is_taken(&self) -> bool {
        self.answered.outcome.is_taken()
    }

    /// What queries told so far.
    pub(crate) fn readings(&self) -> Vec<Reading> {
        lock(&self.readings).clone()
    }
}

/// Quiet at the beginning: who disturbs the target waits until those who need calm are done.
#[derive(Debug)]
pub(crate) struct Calm(watch::Sender<usize>);

impl Default for Calm {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Calm {
    /// Calm is needed as long as this lives.
    pub(crate) fn hold(&self) -> Hold {
        self.0.send_modify(|n| *n += 1);
        Hold(self.0.clone())
    }

    pub(crate) async fn over(&self) {
        // The sender lives as long as the stage.
        let _ = self.0.subscribe().wait_for(|n| *n == 0).await;
    }
}

/// Someone needs calm.
#[derive(Debug)]
pub(crate) struct Hold(watch::Sender<usize>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n = n.saturating_sub(1));
    }
}

/// Windows that were dealt out.
#[derive(Debug)]
struct Windows {
    recorded: Window,
    met: HashSet<Window>,
    number: u32,
}

impl Windows {
    fn new(recorded: Window, tag: &str, seed: u64) -> Self {
        let begin = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 99_991;
        let begin = u32::try_from(begin).unwrap_or(0);
        Self {
            recorded,
            met: HashSet::new(),
            // Another run begins elsewhere, and so does a repetition: a target that shares ids may still know what was
            // asked for before.
            number: if tag.is_empty() { begin } else { begin + 500 },
        }
    }

    /// A part of the recorded window of about a length, at least a second, that was not dealt out before, as long as
    /// there is one.
    fn deal(&mut self, seconds: u32) -> Window {
        /// Tries before a window is dealt out twice: the recorded window is that small.
        const TRIES: u32 = 64;
        let all = self.recorded.seconds();
        let mut window = self.recorded;
        for _ in 0..TRIES {
            let n = self.number;
            self.number += 1;
            // A second more or less now and then, and places far from each other: 0.618 of the room further each time.
            let length = (seconds.max(1) + n % 3).min(all);
            let room = all - length;
            let step = u64::from(room) * 618 / 1_000 + 1;
            let from = u64::from(n) * step % (u64::from(room) + 1);
            let from = u32::try_from(from).unwrap_or(0);
            window = self.recorded.part(from, from + length);
            if self.met.insert(window) {
                break;
            }
        }
        window
    }
}

fn next(counter: &Mutex<usize>) -> usize {
    let mut counter = lock(counter);
    *counter += 1;
    *counter - 1
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is whole: every change is one insertion or one addition.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Windows;
    use crate::window::Window;

    #[test]
    fn windows_differ_as_long_as_they_can() {
        let hour = Window::parse("2025-04-04T21:00:00", "2025-04-04T22:00:00").unwrap();
        let mut windows = Windows::new(hour, "", 7);
        let dealt: Vec<_> = (0..200).map(|_| windows.deal(10)).collect();
        assert_eq!(dealt.iter().collect::<HashSet<_>>().len(), 200);
        assert!(dealt.iter().all(|w| (10..=12).contains(&w.seconds())));
        assert!(windows.deal(9_999).seconds() > 3_500);
        let second = Window::parse("2025-04-04T21:00:00", "2025-04-04T21:00:01").unwrap();
        let mut windows = Windows::new(second, "again", u64::MAX);
        assert_eq!((windows.deal(10), windows.deal(10)), (second, second));
    }
}
