//! Recordings whose bytes follow from the number of the request: the second at which its window starts.

use std::time::Duration;

use bytes::Bytes;
use smsload_reference::{
    Later, LocalDateTime, Plan, Recording, RecordingSource, RecordingStream, SourceError, Window,
};

/// The first request's start.
const ORIGIN: &str = "2025-01-01T00:00:00";
const CHUNK: u64 = 16 * 1024;

/// The start of the window of a request, and its end.
pub(crate) fn window(number: u32) -> (String, String) {
    let text = |second: u32| {
        let (day, second) = (second / 86_400, second % 86_400);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!(
            "2025-01-{:02}T{hour:02}:{minute:02}:{:02}",
            day + 1,
            second % 60
        )
    };
    (text(number), text(number + 1))
}

/// How many bytes the file of a request has.
pub(crate) fn size(number: u32) -> u64 {
    5_000 + u64::from(number.wrapping_mul(2_654_435_761) >> 16) * 4
}

/// Whether the recording breaks off, always at the same place.
pub(crate) fn is_broken(number: u32) -> bool {
    number % 13 == 12
}

/// A piece of the file of a request.
pub(crate) fn bytes(number: u32, from: u64, to: u64) -> Vec<u8> {
    let byte = |at: u64| {
        let mixed = (u64::from(number) << 32 ^ at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 56) as u8
    };
    (from..to).map(byte).collect()
}

pub(crate) struct Source;

impl RecordingSource for Source {
    fn locate<'a>(
        &'a self,
        device: &'a str,
        channel: &'a str,
        window: Window,
    ) -> Later<'a, Recording> {
        Box::pin(async move {
            let origin: LocalDateTime = ORIGIN.parse().unwrap();
            let since = Window::new(origin, window.start()).map_or(0, |since| since.seconds());
            let number = u32::try_from(since).map_err(|_| SourceError::NoRecording)?;
            Ok(Recording {
                device: device.parse().map_err(|_| SourceError::UnknownDevice)?,
                channel: channel.parse().map_err(|_| SourceError::UnknownChannel)?,
                duration_ms: 1000,
                // Every third size is unknown beforehand.
                bytes: (number % 3 != 2).then(|| size(number)),
                plan: Plan::new(number.to_string()),
            })
        })
    }

    fn open<'a>(
        &'a self,
        recording: &'a Recording,
        from: u64,
    ) -> Later<'a, Box<dyn RecordingStream>> {
        Box::pin(async move {
            let number: u32 = recording.plan.as_str().parse().unwrap();
            // Every fifth can only begin anew.
            let at = if number % 5 == 4 { 0 } else { from };
            Ok(Box::new(Stream { number, at }) as _)
        })
    }
}

struct Stream {
    number: u32,
    at: u64,
}

impl RecordingStream for Stream {
    fn position(&self) -> u64 {
        self.at
    }

    fn next(&mut self) -> Later<'_, Option<Bytes>> {
        Box::pin(async {
            let size = size(self.number);
            if is_broken(self.number) && self.at > size / 2 {
                return Err(SourceError::Broken("on purpose".to_owned()));
            }
            if self.at >= size {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            let to = (self.at + CHUNK).min(size);
            let chunk = bytes(self.number, self.at, to);
            self.at = to;
            Ok(Some(chunk.into()))
        })
    }

    fn recorded(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.at * 1000 / size(self.number)))
    }
}
