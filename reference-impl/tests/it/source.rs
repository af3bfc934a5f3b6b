//! A recording source whose bytes can be worked out, with switches for what can go wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use smsload_reference::{
    Later, Plan, Recording, RecordingSource, RecordingStream, SourceError, Window,
};

use crate::support::NAMES;

/// Bytes of a recorded second.
pub(crate) const RATE: u64 = 200;

/// What the demonstration has recorded: the first channel's segments.
const SEGMENTS: [(&str, &str); 4] = [
    NAMES.leap_day,
    NAMES.year_end,
    NAMES.recorded,
    (NAMES.gap.1, "2025-04-04T22:20:00"),
];

/// Switches; they may be turned while a stream is open.
#[derive(Default)]
pub(crate) struct Switches {
    /// Bytes of a chunk, at most; all that fits if 0.
    pub(crate) chunk: AtomicU64,
    /// Nothing comes while this is set.
    pub(crate) hold: AtomicBool,
    /// The size is not known beforehand.
    pub(crate) sizeless: AtomicBool,
    /// The next stream fails after this many bytes, unless 0.
    pub(crate) breaks_after: AtomicU64,
    /// A stream can only begin anew.
    pub(crate) from_start: AtomicBool,
    /// Fewer bytes come than were announced.
    pub(crate) short: AtomicBool,
    /// Streams panic.
    pub(crate) panics: AtomicBool,
    /// Streams that were opened.
    pub(crate) opened: AtomicU64,
}

/// The source. Copies share their switches.
#[derive(Clone, Default)]
pub(crate) struct Source(pub(crate) Arc<Switches>);

/// The byte at a place of the file of a plan.
fn byte(seed: u64, at: u64) -> u8 {
    let mixed = (seed ^ at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as u8
}

fn seed(plan: &str) -> u64 {
    plan.bytes()
        .fold(7, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte))
}

/// All bytes of the file for a window.
pub(crate) fn content((start, end): (&str, &str), length: u64) -> Vec<u8> {
    let seed = seed(&plan_of(&window(start, end)));
    (0..length).map(|at| byte(seed, at)).collect()
}

fn plan_of(window: &Window) -> String {
    format!("{} {}", window.start(), window.end())
}

fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

impl RecordingSource for Source {
    fn locate<'a>(
        &'a self,
        device: &'a str,
        channel: &'a str,
        wanted: Window,
    ) -> Later<'a, Recording> {
        Box::pin(async move {
            let code = device.parse().map_err(|_| SourceError::UnknownDevice)?;
            if device != NAMES.device {
                return Err(SourceError::UnknownDevice);
            }
            if channel != NAMES.channel {
                return Err(SourceError::UnknownChannel);
            }
            let parts = SEGMENTS
                .iter()
                .filter_map(|(s, e)| window(s, e).overlap(&wanted));
            let seconds: u64 = parts.map(|part| part.seconds()).sum();
            if seconds == 0 {
                return Err(SourceError::NoRecording);
            }
            Ok(Recording {
                device: code,
                channel: channel.parse().map_err(|_| SourceError::UnknownChannel)?,
                duration_ms: seconds * 1000,
                bytes: (!self.0.sizeless.load(SeqCst)).then_some(seconds * RATE),
                plan: Plan::new(plan_of(&wanted)),
            })
        })
    }

    fn open<'a>(
        &'a self,
        recording: &'a Recording,
        from: u64,
    ) -> Later<'a, Box<dyn RecordingStream>> {
        self.0.opened.fetch_add(1, SeqCst);
        let short = u64::from(self.0.short.load(SeqCst));
        let stream = Stream {
            switches: self.0.clone(),
            seed: seed(recording.plan.as_str()),
            at: if self.0.from_start.load(SeqCst) {
                0
            } else {
                from
            },
            end: recording.duration_ms / 1000 * RATE - short,
            left: self.0.breaks_after.swap(0, SeqCst),
        };
        Box::pin(std::future::ready(Ok(Box::new(stream) as _)))
    }
}

struct Stream {
    switches: Arc<Switches>,
    seed: u64,
    at: u64,
    end: u64,
    /// Until it breaks, unless 0.
    left: u64,
}

impl RecordingStream for Stream {
    fn position(&self) -> u64 {
        self.at
    }

    fn next(&mut self) -> Later<'_, Option<Bytes>> {
        Box::pin(async {
            while self.switches.hold.load(SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(!self.switches.panics.load(SeqCst), "on purpose");
            if self.at >= self.end {
                return Ok(None);
            }
            let chunk = match self.switches.chunk.load(SeqCst) {
                0 => 64 * 1024,
                chunk => chunk,
            };
            let mut chunk = chunk.min(self.end - self.at);
            if self.left > 0 {
                chunk = chunk.min(self.left);
                self.left -= chunk;
                if self.left == 0 {
                    return Err(SourceError::Broken("on purpose".to_owned()));
                }
            }
            let bytes: Vec<u8> = (self.at..self.at + chunk)
                .map(|at| byte(self.seed, at))
                .collect();
            self.at += chunk;
            Ok(Some(bytes.into()))
        })
    }

    fn recorded(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.at * 1000 / RATE))
    }
}
