//! What a file holds: a clip or, where there can be none, its padding alone; all of it, or its first bytes.

use http::HeaderValue;

use super::clip::{Clip, padding};

/// The bytes of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content {
    source: Source,
    len: u64,
    tag: u64,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    Clip(Clip),
    Padding,
}

impl Content {
    pub(crate) fn clip(clip: Clip) -> Self {
        Self {
            source: Source::Clip(clip),
            len: clip.len(),
            tag: clip.tag(),
        }
    }

    /// So many bytes that nobody can play: what a clip of that tag is filled with, from its first byte on.
    pub(crate) fn padding(len: u64, tag: u64) -> Self {
        Self {
            source: Source::Padding,
            len,
            tag,
        }
    }

    /// No more than the first bytes of it.
    pub(crate) fn first(self, len: u64) -> Self {
        Self {
            len: self.len.min(len),
            ..self
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn media_type(&self) -> HeaderValue {
        HeaderValue::from_static(match self.source {
            Source::Clip(_) => "video/mp4",
            Source::Padding => "application/octet-stream",
        })
    }

    /// What tells contents apart: equal texts, equal bytes. Hexadecimal digits and hyphens.
    pub(crate) fn fingerprint(&self) -> String {
        let seconds = match self.source {
            Source::Clip(clip) => clip.seconds(),
            Source::Padding => 0,
        };
        format!("{:016x}-{seconds:x}-{:x}", self.tag, self.len)
    }

    /// Fills `out` with the bytes from `offset` on; there must be so many.
    pub(crate) fn read_at(&self, offset: u64, out: &mut [u8]) {
        match self.source {
            Source::Clip(clip) => {
                clip.read_at(offset, out);
            }
            Source::Padding => padding::fill(self.tag, offset, out),
        }
    }
}
