//! The delivery of a recording, chunk by chunk.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::plan::Chosen;
use super::segment::Identity;
use super::{Channel, Inner, Segment};
use crate::cut::{Layout, Open, Writer};
use crate::mp4::{FileInput, Movie, Mp4Error};
use crate::source::{Later, MAX_CHUNK, RecordingStream, SourceError};

/// The segments that a recording is taken from.
pub(super) struct Files {
    archive: Arc<Inner>,
    channel: Channel,
    chosen: Vec<Chosen>,
}

impl Files {
    pub(super) fn new(archive: Arc<Inner>, channel: Channel, chosen: Vec<Chosen>) -> Self {
        Self {
            archive,
            channel,
            chosen,
        }
    }

    fn segment(&self, piece: usize) -> Segment {
        Segment {
            channel: self.channel.clone(),
            name: self.chosen[piece].name,
        }
    }
}

impl Open for Files {
    type File = FileInput;

    fn open(&self, piece: usize) -> Result<(FileInput, Arc<Movie>), SourceError> {
        let identity = self.chosen[piece].identity;
        self.archive.read_again(&self.segment(piece), identity)
    }

    fn check(&self, piece: usize, file: &FileInput) -> Result<(), SourceError> {
        let segment = self.segment(piece);
        let metadata = file.file().metadata();
        let metadata = metadata.map_err(|error| self.archive.broken(&segment, &error.into()))?;
        match Identity::of(&metadata) == self.chosen[piece].identity {
            true => Ok(()),
            false => Err(self.archive.changed(&segment)),
        }
    }

    fn broken(&self, piece: usize, error: &Mp4Error) -> SourceError {
        self.archive.broken(&self.segment(piece), error)
    }
}

impl Inner {
    /// Opens a segment that has been looked at before.
    pub(super) fn read_again(
        &self,
        segment: &Segment,
        was: Identity,
    ) -> Result<(FileInput, Arc<Movie>), SourceError> {
        match self.read(segment) {
            Ok((file, is, movie)) if is == was => Ok((file, movie)),
            Ok(_) => Err(self.changed(segment)),
            Err(error) => match Identity::at(&self.path(segment)) {
                Ok(is) if is != was => Err(self.changed(segment)),
                _ => Err(self.broken(segment, &error)),
            },
        }
    }

    /// A segment cannot be read any more.
    pub(super) fn broken(&self, segment: &Segment, error: &Mp4Error) -> SourceError {
        let path = self.path(segment);
        match error {
            Mp4Error::Read(error) if error.kind() == io::ErrorKind::NotFound => {
                SourceError::Changed(format!("{} has gone", path.display()))
            }
            _ => SourceError::Broken(format!("{}: {error}", path.display())),
        }
    }

    /// A segment is not what it was.
    pub(super) fn changed(&self, segment: &Segment) -> SourceError {
        let path = self.path(segment);
        match path.try_exists() {
            Ok(false) => SourceError::Changed(format!("{} has gone", path.display())),
            _ => SourceError::Changed(format!("{} has been written to", path.display())),
        }
    }
}

/// A recording on its way.
pub(super) struct Stream {
    /// `None` while a chunk is read, and if that was not waited for.
    writer: Option<Writer<Files>>,
    position: u64,
}

impl Stream {
    pub(super) fn new(layout: Arc<Layout>, files: Files, from: u64) -> Self {
        let position = from.min(layout.bytes());
        Self {
            writer: Some(Writer::new(layout, files, position)),
            position,
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, SourceError> {
        let stopped = || SourceError::Unavailable("a read was given up before its end".to_owned());
        let mut writer = self.writer.take().ok_or_else(stopped)?;
        let read = tokio::task::spawn_blocking(move || {
            let chunk = writer.read(MAX_CHUNK);
            (writer, chunk)
        });
        let (writer, chunk) = read.await.map_err(|_| stopped())?;
        self.writer = Some(writer);
        let chunk = chunk?.freeze();
        self.position += chunk.len() as u64;
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

impl RecordingStream for Stream {
    fn position(&self) -> u64 {
        self.position
    }

    fn next(&mut self) -> Later<'_, Option<Bytes>> {
        Box::pin(self.read())
    }
}
