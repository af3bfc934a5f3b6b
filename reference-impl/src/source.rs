//! Where recordings come from: the seam between the service and a recorder.
//!
//! Today's source is [`MemoryArchive`](crate::MemoryArchive), a catalogue without bytes. An archive
//! of files on disk, or a device asked over SIP, is another implementation of [`RecordingSource`].

use std::pin::Pin;

use crate::gb28181::GbCode;
use crate::time::Window;

/// What a source holds of a channel within a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The device that recorded.
    pub device: GbCode,
    /// Its channel.
    pub channel: GbCode,
    /// Seconds recorded within the window: never 0, never more than the window; gaps do not count.
    pub seconds: u64,
    /// Size of those seconds in bytes; 0 if unknown.
    pub bytes: u64,
}

/// Why a source has nothing to download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// No device has this code.
    #[error("no such device")]
    UnknownDevice,
    /// The device has no channel with this number.
    #[error("no such channel of the device")]
    UnknownChannel,
    /// Nothing was recorded within the window.
    #[error("nothing was recorded in the window")]
    NoRecording,
}

/// The answer of [`RecordingSource::locate`], later: a device on the network takes its time.
pub type Locating<'a> = Pin<Box<dyn Future<Output = Result<Recording, LocateError>> + Send + 'a>>;

/// A place that recordings can be downloaded from.
pub trait RecordingSource: Send + Sync + 'static {
    /// Looks for what `channel` of `device` recorded within `window`.
    ///
    /// `device` and `channel` are the caller's own words (the page's `device_unicode` and `channel`)
    /// and may be anything; the codes in the answer are the source's.
    fn locate<'a>(&'a self, device: &'a str, channel: &'a str, window: Window) -> Locating<'a>;
}
