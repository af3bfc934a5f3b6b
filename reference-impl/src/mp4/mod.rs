//! MP4 files as they are read: which samples a recording has, when they are shown, where they lie.
//!
//! A file becomes a [`Movie`] of at most one picture track and one sound track. Only the tables are read, never
//! the samples. Tables stay in runs where the file has runs, so that an hour of G.711 (a sample for
//! every byte) costs no more than an hour of AAC.
//!
//! Files may be hostile: sizes, counts and offsets are checked against the length of the file before
//! anything is kept, memory is bounded by [`MAX_TABLES`], every sum is checked, and each loop consumes
//! what it reads.
//!
//! # The crate for the boxes
//! `mp4-atom` reads and writes single boxes from slices (so tables can be read one by one, and files of
//! any size cut), knows fragments, never allocates by an untrusted count, and is released every few
//! weeks. Of the others, `mp4` (last release 2023) and `re_mp4` (a fork of it, reading only) read whole
//! files and know few codecs; `mp4parse` only reads; `shiguredo_mp4` reads and writes well, but keeps
//! no sample entry of a codec that it does not know as it was, and A-law is one. What no crate offers
//! is written here: to walk the boxes of a file without reading it, sample entries byte for byte
//! (`stsd`), and tables that are streamed out instead of held.

mod fragments;
mod input;
mod read;
mod tables;
mod track;
mod walk;

pub(crate) use input::{FileInput, Input};
pub(crate) use read::read;
pub(crate) use tables::{Chunks, Offsets, Sizes, Times};
pub(crate) use track::{Edit, Kind, Look, Movie, SampleEntry, Track};

/// Most bytes of boxes with tables in one file. A day of 25 pictures a second with AAC has about 24 MiB.
pub(crate) const MAX_TABLES: u64 = 32 << 20;

/// Times and edits are at most this many ticks, so that sums of a few of them cannot overflow.
pub(crate) const MAX_TICKS: u64 = 1 << 52;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Mp4Error {
    /// The file system says no.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// It is no MP4 file, or it contradicts itself.
    #[error("it is no whole MP4 file: {0}")]
    Broken(String),
    /// It may be right, but it is more than this reader does.
    #[error("{0} is not supported")]
    Unsupported(String),
}

/// A [`Mp4Error::Broken`].
pub(crate) fn broken<T>(what: impl Into<String>) -> Result<T, Mp4Error> {
    Err(Mp4Error::Broken(what.into()))
}
