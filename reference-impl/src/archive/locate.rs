//! From a window to a recording.

use std::sync::Arc;

use super::name::LocalMillis;
use super::plan::{self, Chosen, MAX_PIECES};
use super::segment::Usable;
use super::stream::{Files, Stream};
use super::{Channel, Inner, Segment};
use crate::cut::{self, Layout, NotOneFile, Piece, Span};
use crate::source::{Recording, RecordingStream, SourceError};
use crate::time::Window;

/// How long before a window a broken segment may start so that it is thought to reach into it.
const REACH: LocalMillis = 3_600_000;

impl From<NotOneFile> for SourceError {
    fn from(error: NotOneFile) -> Self {
        Self::NotOneFile(error.0)
    }
}

impl Inner {
    /// See [`RecordingSource::locate`](crate::RecordingSource::locate).
    pub(super) fn locate(
        &self,
        device: &str,
        channel: &str,
        window: Window,
    ) -> Result<Recording, SourceError> {
        let (channel, metadata) = self.channel(device, channel)?;
        let listing = self.listing(&channel, &metadata)?;
        let (start, end) = (window.start().seconds(), window.end().seconds());
        let (start, end) = (start * 1000, end * 1000);
        let names = listing.within(start, end);
        if names.len() > MAX_PIECES {
            return Err(SourceError::NotOneFile(format!(
                "it has {} segments, and at most {MAX_PIECES} can be one file",
                names.len()
            )));
        }
        let mut chosen = Vec::with_capacity(names.len());
        let mut broken = None;
        for &name in names {
            let segment = Segment {
                channel: channel.clone(),
                name,
            };
            let Some(facts) = self.facts(&segment) else {
                continue;
            };
            let usable = match &facts.usable {
                Ok(usable) => usable,
                Err(reason) => {
                    if name.start + REACH > start {
                        broken.get_or_insert_with(|| Arc::clone(reason));
                    }
                    continue;
                }
            };
            let whole = self.reach(&segment, usable, listing.next(name))?;
            let Some(span) = overlap(name.start, whole, start, end) else {
                continue;
            };
            chosen.push(Chosen {
                name,
                identity: facts.identity,
                span,
            });
        }
        if chosen.is_empty() {
            return Err(match broken {
                Some(reason) => SourceError::Broken(reason.to_string()),
                None => SourceError::NoRecording,
            });
        }
        let layout = self.layout(&channel, &chosen)?;
        Ok(Recording {
            device: channel.device,
            channel: channel.channel,
            duration_ms: layout.duration_ms(),
            bytes: Some(layout.bytes()),
            plan: plan::write(&chosen),
        })
    }

    /// As far as a segment counts: until the next one starts.
    fn reach(
        &self,
        segment: &Segment,
        usable: &Usable,
        next: Option<LocalMillis>,
    ) -> Result<Span, SourceError> {
        let mut span = usable.span;
        let until = next.and_then(|next| u64::try_from(next - segment.name.start).ok());
        if let Some(until) = until.filter(|&until| until < span.end_ms) {
            let (.., movie) = self
                .read(segment)
                .map_err(|error| self.broken(segment, &error))?;
            span.end_ms = cut::closed_end(&movie, until);
        }
        Ok(span)
    }

    /// The plan of the file of these parts.
    pub(super) fn layout(
        &self,
        channel: &Channel,
        chosen: &[Chosen],
    ) -> Result<Layout, SourceError> {
        let last = chosen.len().saturating_sub(1);
        let piece = |(at, part): (usize, &Chosen)| {
            let segment = Segment {
                channel: channel.clone(),
                name: part.name,
            };
            let facts = self.facts(&segment);
            if facts.as_ref().map(|facts| facts.identity) != Some(part.identity) {
                return Err(self.changed(&segment));
            }
            let usable = facts.as_ref().and_then(|facts| facts.usable.as_ref().ok());
            if let Some(usable) = usable.filter(|usable| usable.span == part.span)
                && at > 0
                && at < last
            {
                return Ok(Arc::clone(&usable.whole));
            }
            let (_, movie) = self.read_again(&segment, part.identity)?;
            Ok(Arc::new(Piece::of(&movie, part.span, at == 0, at == last)))
        };
        let pieces = chosen.iter().enumerate().map(piece);
        Ok(Layout::new(pieces.collect::<Result<_, _>>()?)?)
    }

    /// See [`RecordingSource::open`](crate::RecordingSource::open).
    pub(super) fn open(
        self: &Arc<Self>,
        recording: &Recording,
        from: u64,
    ) -> Result<Box<dyn RecordingStream>, SourceError> {
        let Some(chosen) = plan::read(&recording.plan) else {
            let words = "its plan was not made by an archive of files".to_owned();
            return Err(SourceError::Changed(words));
        };
        let channel = Channel {
            device: recording.device.clone(),
            channel: recording.channel.clone(),
        };
        let layout = self.layout(&channel, &chosen)?;
        let announced = (recording.duration_ms, recording.bytes);
        if announced != (layout.duration_ms(), Some(layout.bytes())) {
            let words = "the file would have another size than was announced".to_owned();
            return Err(SourceError::Changed(words));
        }
        let files = Files::new(Arc::clone(self), channel, chosen);
        Ok(Box::new(Stream::new(Arc::new(layout), files, from)))
    }
}

/// What of a segment that starts at `origin` lies within a window, in milliseconds of the segment.
fn overlap(origin: LocalMillis, whole: Span, start: LocalMillis, end: LocalMillis) -> Option<Span> {
    let within = |time: LocalMillis| u64::try_from(time - origin).unwrap_or(0);
    let span = Span {
        start_ms: whole.start_ms.max(within(start)),
        end_ms: whole.end_ms.min(within(end)),
    };
    (span.start_ms < span.end_ms).then_some(span)
}
