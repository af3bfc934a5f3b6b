//! One job, from its recording to its file.
//!
//! What is told as progress is safe on disk before it is told, so that a restart goes on where it was,
//! and neither a query nor a callback ever sees progress fall. Where the source can only begin anew,
//! progress stands still until the transfer has caught up.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until};

use super::Runner;
use super::pace::Pace;
use crate::files::WorkFile;
use crate::job::{Job, Progress};
use crate::source::{RecordingStream, SourceError};
use crate::store::End;

/// Waits before a source that was not available is asked again; after the last one the job fails.
const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];

/// What became of a transfer.
pub(super) enum Outcome {
    /// This end is to be written down.
    Ended(End),
    /// The process is to stop; the transfer can go on later.
    Interrupted,
    /// Somebody else ended the job.
    EndedByOthers,
}

/// Why a transfer does not go on.
enum Break {
    Source(SourceError),
    Disk(io::Error),
    Stalled,
    /// More or fewer bytes than announced.
    Size,
    Interrupted,
    EndedByOthers,
}

impl From<io::Error> for Break {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<SourceError> for Break {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl Break {
    /// Why, for callers: neither paths nor a system's words.
    fn reason(&self) -> &'static str {
        match self {
            Self::Disk(error) => match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full",
                _ => "the file could not be written",
            },
            Self::Source(SourceError::Unavailable(_)) => "the recording source is not available",
            Self::Source(SourceError::Changed(_)) => {
                "the recording is no longer what it was when the download was accepted"
            }
            Self::Source(_) => "the recording cannot be read",
            Self::Stalled => "the recording source has stopped to deliver",
            Self::Size => "the recording has another size than was announced",
            Self::Interrupted | Self::EndedByOthers => "it was stopped",
        }
    }

    fn log(&self, id: &str) {
        match self {
            Self::Disk(error) => {
                tracing::error!(stream_id = id, %error, "the file cannot be written");
            }
            Self::Source(error) => tracing::warn!(stream_id = id, %error, "the source failed"),
            _ => {}
        }
    }
}

/// A transfer under way.
pub(super) struct Transfer {
    runner: Runner,
    job: Job,
    id: String,
    /// Bytes that are safe.
    saved: u64,
    recorded: Option<Duration>,
    ticks: Interval,
}

impl Transfer {
    pub(super) fn new(runner: Runner, job: Job) -> Self {
        let mut ticks = interval(runner.settings.save_every.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.reset();
        Self {
            id: job.id.to_string(),
            saved: job.written,
            recorded: None,
            ticks,
            runner,
            job,
        }
    }

    pub(super) async fn run(mut self) -> Outcome {
        let mut retries = RETRIES.into_iter();
        loop {
            let broken = match self.attempt().await {
                Ok(size) => return Outcome::Ended(End::Finished(size)),
                Err(Break::Interrupted) => return Outcome::Interrupted,
                Err(Break::EndedByOthers) => return Outcome::EndedByOthers,
                Err(broken) => broken,
            };
            broken.log(&self.id);
            let wait = match &broken {
                Break::Source(error) if error.is_temporary() => retries.next(),
                _ => None,
            };
            let Some(wait) = wait else {
                return Outcome::Ended(End::Failed(broken.reason().to_owned()));
            };
            let mut stop = self.runner.stop.clone();
            tokio::select! {
                () = sleep(wait) => {}
                () = stop.said() => return Outcome::Interrupted,
            }
        }
    }

    /// From opening the source to the file; its size.
    async fn attempt(&mut self) -> Result<u64, Break> {
        let files = self.runner.files.clone();
        // A former process may have published the file and not lived to say so.
        if let Some(size) = files.size(&self.job.file).await? {
            return Ok(size);
        }
        let mut work = files.work(self.job.key, self.saved).await?;
        let mut stream = self.open(work.written()).await?;
        match stream.position() {
            position if position == work.written() => {}
            0 => work.restart().await?,
            _ => return Err(SourceError::Broken("it begins at a wrong place".to_owned()).into()),
        }
        self.copy(&mut *stream, &mut *work).await?;
        let size = work.written();
        if self.job.recording.bytes.is_some_and(|bytes| bytes != size) || size == 0 {
            return Err(Break::Size);
        }
        work.publish(&self.job.file).await?;
        Ok(size)
    }

    async fn open(&self, from: u64) -> Result<Box<dyn RecordingStream>, Break> {
        let mut stop = self.runner.stop.clone();
        tokio::select! {
            biased;
            () = stop.said() => Err(Break::Interrupted),
            stream = self.runner.source.open(&self.job.recording, from) => Ok(stream?),
            () = sleep(self.runner.settings.stall) => Err(Break::Stalled),
        }
    }

    async fn copy(
        &mut self,
        stream: &mut dyn RecordingStream,
        work: &mut dyn WorkFile,
    ) -> Result<(), Break> {
        let settings = self.runner.settings;
        let pace = Pace::new(&self.job.recording, settings.speed, work.written());
        let most = self.job.recording.bytes.unwrap_or(settings.max_file);
        while let Some(mut chunk) = self.next(stream, work).await? {
            self.runner.metrics.transferred(chunk.len());
            self.recorded = stream.recorded();
            if chunk.len() as u64 > most.saturating_sub(work.written()) {
                return Err(Break::Size);
            }
            while !chunk.is_empty() {
                let piece = chunk.split_to(chunk.len().min(pace.piece()));
                work.write(piece).await?;
                self.keep_pace(&pace, work).await?;
            }
        }
        Ok(())
    }

    /// The next chunk. Meanwhile progress is saved, and a signal to stop is heard.
    async fn next(
        &mut self,
        stream: &mut dyn RecordingStream,
        work: &mut dyn WorkFile,
    ) -> Result<Option<Bytes>, Break> {
        let stalled = Instant::now() + self.runner.settings.stall;
        let mut stop = self.runner.stop.clone();
        // One future for one chunk: it cannot be dropped and asked for again.
        let mut next = stream.next();
        loop {
            tokio::select! {
                biased;
                () = stop.said() => break,
                chunk = &mut next => return Ok(chunk?),
                _ = self.ticks.tick() => self.save(work).await?,
                () = sleep_until(stalled) => return Err(Break::Stalled),
            }
        }
        drop(next);
        self.interrupt(work).await
    }

    async fn keep_pace(&mut self, pace: &Pace, work: &mut dyn WorkFile) -> Result<(), Break> {
        let mut stop = self.runner.stop.clone();
        let wait = pace.wait(work.written());
        tokio::pin!(wait);
        loop {
            tokio::select! {
                biased;
                () = stop.said() => break,
                _ = self.ticks.tick() => self.save(work).await?,
                () = &mut wait => return Ok(()),
            }
        }
        self.interrupt(work).await
    }

    async fn interrupt<T>(&mut self, work: &mut dyn WorkFile) -> Result<T, Break> {
        self.save(work).await?;
        Err(Break::Interrupted)
    }

    /// Makes what was written safe, then notes it. Looks whether somebody ended the job.
    async fn save(&mut self, work: &mut dyn WorkFile) -> Result<(), Break> {
        let written = work.written();
        let store = self.runner.store.clone();
        let goes_on = if written > self.saved {
            work.save().await?;
            let progress = Progress::of_transfer(&self.job.recording, written, self.recorded);
            let now = self.runner.clock.now();
            store.advance(self.job.key, written, progress, now).await
        } else {
            let state = store.state(self.job.key).await;
            state.map(|state| state.is_some_and(|state| !state.is_end()))
        };
        match goes_on {
            Ok(true) => self.saved = self.saved.max(written),
            Ok(false) => return Err(Break::EndedByOthers),
            // The store says in the log what is wrong. The transfer goes on, and is saved later.
            Err(_) => {}
        }
        Ok(())
    }
}
