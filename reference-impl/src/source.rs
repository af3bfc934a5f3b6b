//! Where recordings come from: the seam between the service and a recorder.
//!
//! A source is asked twice. [`RecordingSource::locate`] says what a window holds and plans the file,
//! before a download is accepted. [`RecordingSource::open`] delivers the bytes of that file, from the
//! first one to an end that is told. Between the two lies a [`Recording`]: plain data that is kept
//! with the job, so that a job of a process that was killed goes on in the next one.
//!
//! An archive of files on disk knows the size beforehand and delivers as fast as it is read. A GB/T
//! 28181 device does neither: the size is unknown, bytes come in real time, and the end is a message
//! of the device (`MediaStatus`), not the end of a connection.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::gb28181::GbCode;
use crate::time::Window;

/// The most bytes in a chunk of a [`RecordingStream`].
///
/// A stream holds no more than a few of these at once, so that many downloads fit into memory.
pub const MAX_CHUNK: usize = 256 * 1024;

/// What a source holds of a channel within a window, and how it will make a file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The device that recorded.
    pub device: GbCode,
    /// Its channel.
    pub channel: GbCode,
    /// Milliseconds recorded within the window: never 0, never more than the window; gaps do not
    /// count.
    pub duration_ms: u64,
    /// Size of the file in bytes, exactly; `None` if only the end of the stream will tell.
    pub bytes: Option<u64>,
    /// How the source finds it again.
    pub plan: Plan,
}

impl Recording {
    /// The recorded duration as the page's `playback_duration` has it: seconds, a plain decimal
    /// number without superfluous zeros, such as `600` or `59.96`.
    #[must_use]
    pub fn seconds(&self) -> String {
        let (whole, rest) = (self.duration_ms / 1000, self.duration_ms % 1000);
        if rest == 0 {
            return whole.to_string();
        }
        let decimal = format!("{whole}.{rest:03}");
        decimal.trim_end_matches('0').to_owned()
    }
}

/// A source's own words about a recording, kept with the job and given back to the same source.
///
/// Nobody else reads them. They are short, at most 100 KiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan(String);

impl Plan {
    /// A plan in these words.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a source does not give what was asked for.
///
/// Operands are for the log and for the operator: they may name files and addresses, and are never
/// shown to a caller of the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No device has this code.
    #[error("no such device")]
    UnknownDevice,
    /// The device has no channel with this number.
    #[error("no such channel of the device")]
    UnknownChannel,
    /// Nothing was recorded within the window.
    #[error("nothing was recorded in the window")]
    NoRecording,
    /// The source cannot be asked now; the same may work later. Why.
    #[error("the recording source is not available: {0}")]
    Unavailable(String),
    /// There is a recording, and it cannot be read. Which, and why.
    #[error("the recording cannot be read: {0}")]
    Broken(String),
    /// What lies in the window cannot be one file: it is too much, or does not go together. Why.
    #[error("the window cannot be one file: {0}")]
    NotOneFile(String),
    /// What was located is no longer what the source has, so that the announced size would not hold.
    /// What changed.
    #[error("the recording is no longer what it was when the download was accepted: {0}")]
    Changed(String),
}

impl SourceError {
    /// Whether the same may work when it is tried again later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Something of a source that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// A place that recordings can be downloaded from.
pub trait RecordingSource: Send + Sync + 'static {
    /// Looks for what `channel` of `device` recorded within `window`.
    ///
    /// `device` and `channel` are the caller's own words (the page's `device_unicode` and `channel`)
    /// and may be anything; the codes in the answer are the source's.
    fn locate<'a>(
        &'a self,
        device: &'a str,
        channel: &'a str,
        window: Window,
    ) -> Later<'a, Recording>;

    /// Starts to deliver the file of a recording that this source located, perhaps in an earlier
    /// process, without its first `from` bytes if the source is able to.
    ///
    /// Two streams of one recording deliver the same bytes, where [`Recording::bytes`] is known.
    /// [`RecordingStream::position`] says where this stream begins.
    ///
    /// # Errors
    /// [`SourceError::Changed`] if the bytes would be others than those announced.
    fn open<'a>(
        &'a self,
        recording: &'a Recording,
        from: u64,
    ) -> Later<'a, Box<dyn RecordingStream>>;
}

/// The bytes of one download, in order. To drop it is to stop the transfer.
pub trait RecordingStream: Send {
    /// Where in the file the next chunk belongs, in bytes from its start.
    ///
    /// Right after [`RecordingSource::open`] it is either `from`, or 0 where the source can only begin
    /// anew; the caller then has to begin anew, too.
    fn position(&self) -> u64;

    /// The next chunk: not empty, at most [`MAX_CHUNK`] bytes. `None` is the end as the source told
    /// it, after which nothing comes. A transfer that breaks off is an error, never an end.
    ///
    /// A source of real-time pace may take its time; the caller decides how long it waits. Dropping
    /// the future loses nothing only if the stream is dropped with it.
    fn next(&mut self) -> Later<'_, Option<Bytes>>;

    /// How much recorded time the chunks so far have brought: what progress is measured by where the
    /// size is unknown. `None` if the source cannot tell.
    fn recorded(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_a_plain_decimal() {
        let seconds = |duration_ms| {
            Recording {
                device: "34020000001110000228".parse().unwrap(),
                channel: "34020000001320000666".parse().unwrap(),
                duration_ms,
                bytes: None,
                plan: Plan::new(""),
            }
            .seconds()
        };
        for (duration_ms, text) in [
            (1, "0.001"),
            (40, "0.04"),
            (1000, "1"),
            (59_960, "59.96"),
            (600_000, "600"),
            (21_600_500, "21600.5"),
        ] {
            assert_eq!(seconds(duration_ms), text);
        }
    }
}
