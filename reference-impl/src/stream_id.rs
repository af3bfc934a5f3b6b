//! The id of a download, in the form of the page's example.

use std::fmt;
use std::str::FromStr;

use crate::gb28181::{GbCode, GbError, Ssrc};

/// The id of a download: `download:<device>:<channel>:<SSRC>`.
///
/// All three parts are of fixed length and digits only, so no text of a caller can forge one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamId {
    device: GbCode,
    channel: GbCode,
    ssrc: Ssrc,
}

/// A text is not in the form of a [`StreamId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have the form download:<20 digits>:<20 digits>:<10 digits>")]
pub struct StreamIdError;

impl From<GbError> for StreamIdError {
    fn from(_: GbError) -> Self {
        Self
    }
}

impl StreamId {
    /// The id of the download of `channel` of `device` that runs under `ssrc`.
    #[must_use]
    pub fn new(device: GbCode, channel: GbCode, ssrc: Ssrc) -> Self {
        Self {
            device,
            channel,
            ssrc,
        }
    }

    /// The SSRC part.
    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "download:{}:{}:{}", self.device, self.channel, self.ssrc)
    }
}

impl FromStr for StreamId {
    type Err = StreamIdError;

    fn from_str(text: &str) -> Result<Self, StreamIdError> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(StreamIdError);
        if part()? != "download" {
            return Err(StreamIdError);
        }
        let id = Self {
            device: part()?.parse()?,
            channel: part()?.parse()?,
            ssrc: part()?.parse()?,
        };
        if parts.next().is_some() {
            Err(StreamIdError)
        } else {
            Ok(id)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "download:34020000001110000228:34020000001320000666:1200000079";

    #[test]
    fn the_pages_example_is_read_and_written() {
        assert_eq!(EXAMPLE.parse::<StreamId>().unwrap().to_string(), EXAMPLE);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "download",
            "download:::",
            &EXAMPLE[1..],
            &EXAMPLE[..60],
            &format!("{EXAMPLE}:"),
            &format!(" {EXAMPLE}"),
            &format!("{EXAMPLE}\n"),
            &EXAMPLE.to_uppercase(),
        ] {
            assert_eq!(text.parse::<StreamId>(), Err(StreamIdError), "{text:?}");
        }
    }
}
