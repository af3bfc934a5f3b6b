//! One listener to the events of a world: server-sent events (WHATWG HTML §9.2), written by a task of its own.
//!
//! That a job has ended is no event of its own, since there is no timer behind a job: the listener remembers when the
//! running jobs end, and looks at the clock after each event and ten times a second. So an end is told at most
//! [`TICK`] of real time late. It remembers [`MAX_WATCHED`] jobs; the ends of further ones are not told, and that is.
//!
//! The task ends when the client goes, takes nothing for the server's write timeout, or the server stops.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::clock::Moment;
use crate::events::{About, Event};
use crate::job::{Facts, JobState};
use crate::jobs::Page;
use crate::world::World;

/// How often the clock is looked at while jobs are running.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// After so much silence a comment is sent, so that nobody on the way takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Running jobs whose ends are waited for.
pub(crate) const MAX_WATCHED: usize = 10_000;
/// Events that wait for the connection itself.
const IN_FLIGHT: usize = 16;

/// Listens to a world; gives what is to be sent. The permit is given back at the end.
pub(crate) fn listen(
    world: Arc<World>,
    place: OwnedSemaphorePermit,
    stopping: watch::Receiver<bool>,
) -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    let listener = Listener {
        // Before the answer begins, so that nothing after it is missed.
        events: world.events.subscribe(),
        watched: Watched::of(&world),
        world,
        sender,
    };
    tokio::spawn(async move {
        listener.run(stopping).await;
        drop(place);
    });
    receiver
}

/// Nobody reads any more.
struct Gone;

struct Listener {
    world: Arc<World>,
    events: broadcast::Receiver<Event>,
    watched: Watched,
    sender: mpsc::Sender<Bytes>,
}

impl Listener {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let sender = self.sender.clone();
        tokio::select! {
            () = sender.closed() => {}
            // An error means that the server is gone.
            _ = stopping.wait_for(|stopping| *stopping) => {}
            _ = self.tell_all() => {}
        }
    }

    async fn tell_all(&mut self) -> Result<(), Gone> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.hello().await?;
        self.tell_unwatched().await?;
        let mut silent_since = Instant::now();
        loop {
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Ok(event) => self.event(&event).await?,
                    Err(RecvError::Lagged(missed)) => {
                        self.watched = Watched::of(&self.world);
                        self.say("lagged", &json!({"missed": missed})).await?;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = tick.tick() => {
                    if silent_since.elapsed() < KEEP_ALIVE {
                        if self.ends().await? {
                            silent_since = Instant::now();
                        }
                        continue;
                    }
                    self.send(": still here\n\n".into()).await?;
                }
            }
            silent_since = Instant::now();
            self.ends().await?;
        }
    }

    async fn hello(&mut self) -> Result<(), Gone> {
        let clock = self.world.clock.reading();
        let data = json!({"world": self.world.name, "time": clock.wall.to_string()});
        self.say("hello", &data).await
    }

    async fn event(&mut self, event: &Event) -> Result<(), Gone> {
        match event.about {
            About::Started(ref id) => self.watched.look_at(&self.world, id),
            About::Changed(ref id) => {
                self.watched.forget(id);
                self.watched.look_at(&self.world, id);
            }
            About::Ended(ref id) => self.watched.forget(id),
            About::Everything => self.watched = Watched::of(&self.world),
            About::Nothing => {}
        }
        self.say(event.name, &event.data).await?;
        self.tell_unwatched().await
    }

    /// Tells that there are more running jobs than are waited for.
    async fn tell_unwatched(&mut self) -> Result<(), Gone> {
        if !std::mem::take(&mut self.watched.overflowed) {
            return Ok(());
        }
        self.say("unwatched", &json!({"watched": MAX_WATCHED}))
            .await
    }

    /// Tells of the jobs that have ended; whether there were any.
    async fn ends(&mut self) -> Result<bool, Gone> {
        let mut any = false;
        while let Some((id, change)) = self.watched.next_ended(&self.world) {
            self.say("job", &json!({"id": &*id, "change": change}))
                .await?;
            any = true;
        }
        Ok(any)
    }

    async fn say(&self, name: &str, data: &Value) -> Result<(), Gone> {
        self.send(format!("event: {name}\ndata: {data}\n\n")).await
    }

    async fn send(&self, text: String) -> Result<(), Gone> {
        self.sender.send(text.into()).await.map_err(|_| Gone)
    }
}

/// A job that will end by itself, if nobody interferes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ending {
    at: Moment,
    id: Arc<str>,
    is_failure: bool,
}

/// Jobs that will end by themselves, the next first.
#[derive(Debug, Default)]
struct Watched {
    heap: BinaryHeap<Reverse<Ending>>,
    /// Whether a job was not taken, since the last look.
    overflowed: bool,
}

impl Watched {
    /// The jobs of a world that are not at their ends.
    fn of(world: &World) -> Self {
        let mut watched = Self::default();
        let now = world.clock.now();
        let is_waited_for = |facts: &Facts| facts.ends().is_some_and(|end| end > now);
        for (id, facts) in world
            .jobs
            .list(now, Page::after(None, MAX_WATCHED + 1), is_waited_for)
        {
            watched.push(Arc::from(id), &facts);
        }
        watched
    }

    /// Waits for the end of a job.
    fn look_at(&mut self, world: &World, id: &Arc<str>) {
        if let Some(facts) = world.jobs.get(id, world.clock.now()) {
            self.push(Arc::clone(id), &facts);
        }
    }

    fn push(&mut self, id: Arc<str>, facts: &Facts) {
        let Some(at) = facts.ends() else {
            return;
        };
        if self.heap.len() >= MAX_WATCHED {
            self.overflowed = true;
            return;
        }
        let is_failure = facts.state(at) == JobState::Failed;
        let ending = Ending { at, id, is_failure };
        self.heap.push(Reverse(ending));
    }

    fn forget(&mut self, id: &str) {
        self.heap.retain(|Reverse(ending)| *ending.id != *id);
    }

    /// The next job that has ended, and how.
    fn next_ended(&mut self, world: &World) -> Option<(Arc<str>, &'static str)> {
        let now = world.clock.now();
        loop {
            let ending = match self.heap.peek() {
                Some(Reverse(ending)) if ending.at <= now => ending.clone(),
                _ => return None,
            };
            while self.heap.peek() == Some(&Reverse(ending.clone())) {
                self.heap.pop();
            }
            // One that is no longer kept has been forgotten since it ended: the clock was moved far.
            let ends = world.jobs.get(&ending.id, now).map(|facts| facts.ends());
            if ends.is_none_or(|ends| ends == Some(ending.at)) {
                let change = if ending.is_failure {
                    "failed"
                } else {
                    "finished"
                };
                return Some((ending.id, change));
            }
        }
    }
}
