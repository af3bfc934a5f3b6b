//! The file, from any byte on.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use super::layout::{Layout, Section};
use super::tables::{Places, Run, entries};
use crate::mp4::{Input, Movie, Mp4Error};
use crate::source::SourceError;

/// Opens the file of a piece, by its place; refuses if the file is no longer the same.
pub(crate) trait Open: Send {
    /// An open file.
    type File: Input + Send;

    /// The file, and what it holds.
    fn open(&self, piece: usize) -> Result<(Self::File, Arc<Movie>), SourceError>;

    /// Whether the open file of a piece is still the same.
    fn check(&self, piece: usize, file: &Self::File) -> Result<(), SourceError>;

    /// What `error` is, of this piece.
    fn broken(&self, piece: usize, error: &Mp4Error) -> SourceError;
}

/// Delivers the file of a [`Layout`], in order. It reads files, and so it waits for disks.
pub(crate) struct Writer<O: Open> {
    layout: Arc<Layout>,
    files: O,
    /// The next section, and how many of its bytes are not wanted.
    section: usize,
    skip: u64,
    /// Bytes of a section that have not been delivered yet.
    ready: Bytes,
    /// Samples that have not been read yet.
    samples: Option<Samples<O::File>>,
    /// The file that was read last, and what it holds.
    current: Option<(usize, O::File, Arc<Movie>)>,
}

/// The samples of a piece, while they are read.
struct Samples<F> {
    piece: usize,
    file: F,
    runs: std::vec::IntoIter<Run>,
    run: Run,
}

impl<O: Open> Writer<O> {
    /// The file from byte `from` on.
    pub(crate) fn new(layout: Arc<Layout>, files: O, from: u64) -> Self {
        let (mut section, mut skip) = (0, from);
        while let Some(len) = layout.sections.get(section).map(Section::len) {
            if skip < len {
                break;
            }
            skip -= len;
            section += 1;
        }
        Self {
            layout,
            files,
            section,
            skip,
            ready: Bytes::new(),
            samples: None,
            current: None,
        }
    }

    /// The next bytes: at most `most`, and as many unless it is the end. None is the end.
    pub(crate) fn read(&mut self, most: usize) -> Result<BytesMut, SourceError> {
        let mut out = BytesMut::with_capacity(most);
        while out.len() < most {
            let room = most - out.len();
            if !self.ready.is_empty() {
                let part = self.ready.split_to(room.min(self.ready.len()));
                out.extend_from_slice(&part);
            } else if self.samples.is_some() {
                self.read_samples(&mut out, room)?;
            } else if !self.next_section()? {
                break;
            }
        }
        Ok(out)
    }

    /// Makes the next section ready. `false` if there is none.
    fn next_section(&mut self) -> Result<bool, SourceError> {
        let layout = Arc::clone(&self.layout);
        let Some(section) = layout.sections.get(self.section) else {
            return Ok(false);
        };
        let skip = std::mem::take(&mut self.skip);
        self.section += 1;
        match section {
            Section::Fixed(bytes) => self.ready = bytes.clone(),
            &Section::Entries {
                kind,
                table,
                piece,
                len,
            } => {
                let movie = self.movie(piece)?;
                let bytes = layout
                    .plan(kind)
                    .and_then(|plan| entries(&layout, plan, table, piece, &movie))
                    .filter(|bytes| bytes.len() as u64 == len);
                match bytes {
                    Some(bytes) => self.ready = bytes.freeze(),
                    None => return Err(self.contradiction(piece)),
                }
            }
            &Section::Samples { piece, len } => return self.begin_samples(piece, len, skip),
        }
        // Less than the section, which is in memory.
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        self.ready.advance(skip.min(self.ready.len()));
        Ok(true)
    }

    /// What the file of a piece holds.
    fn movie(&mut self, piece: usize) -> Result<Arc<Movie>, SourceError> {
        let known = self.current.take().filter(|(of, ..)| *of == piece);
        let current = match known {
            Some(current) => current,
            None => {
                let (file, movie) = self.files.open(piece)?;
                (piece, file, movie)
            }
        };
        Ok(Arc::clone(&self.current.insert(current).2))
    }

    fn begin_samples(&mut self, piece: usize, len: u64, skip: u64) -> Result<bool, SourceError> {
        let layout = Arc::clone(&self.layout);
        let places = Places::of(&layout, piece, &*self.movie(piece)?);
        if places.runs.iter().map(|run| run.1).sum::<u64>() != len {
            return Err(self.contradiction(piece));
        }
        // The tables are not needed any more; the file is.
        let Some((_, file, _)) = self.current.take() else {
            return Err(self.contradiction(piece));
        };
        let mut samples = Samples {
            piece,
            file,
            runs: places.runs.into_iter(),
            run: (0, 0),
        };
        samples.skip(skip);
        self.samples = Some(samples);
        Ok(true)
    }

    fn read_samples(&mut self, out: &mut BytesMut, room: usize) -> Result<(), SourceError> {
        let Some(samples) = &mut self.samples else {
            return Ok(());
        };
        let (at, left) = samples.run;
        if left == 0 {
            if let Some(run) = samples.runs.next() {
                samples.run = run;
            } else {
                self.files.check(samples.piece, &samples.file)?;
                self.samples = None;
            }
            return Ok(());
        }
        let size = usize::try_from(left).unwrap_or(room).min(room);
        let start = out.len();
        out.resize(start + size, 0);
        samples
            .file
            .read_exact_at(&mut out[start..], at)
            .map_err(|error| self.files.broken(samples.piece, &error.into()))?;
        samples.run = (at + size as u64, left - size as u64);
        Ok(())
    }

    /// The tables do not say any more what they said.
    fn contradiction(&self, piece: usize) -> SourceError {
        let error = Mp4Error::Broken("its tables are not what they were".to_owned());
        self.files.broken(piece, &error)
    }
}

impl<F> Samples<F> {
    /// Leaves out the first `skip` bytes.
    fn skip(&mut self, mut skip: u64) {
        while skip > 0 {
            let (at, left) = self.run;
            if left == 0 {
                match self.runs.next() {
                    Some(run) => self.run = run,
                    None => return,
                }
                continue;
            }
            let skipped = skip.min(left);
            self.run = (at + skipped, left - skipped);
            skip -= skipped;
        }
    }
}
