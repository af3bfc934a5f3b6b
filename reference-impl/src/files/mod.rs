//! Files: where they are made, where they are served from, and how.
//!
//! [`FileStore`] is the seam: today a folder ([`LocalFiles`]), read directly; a bucket (the
//! `object_store` crate: multipart upload, ranged get, delete) is another implementation. A file has a
//! random name and never changes once it is there.

mod answer;
mod body;
mod local;
mod ranges;

use std::collections::HashSet;
use std::io;
use std::pin::Pin;

use bytes::Bytes;

pub(crate) use answer::{FileAnswer, answer};
pub use local::LocalFiles;
pub(crate) use local::make_folder;

use crate::job::{FileKey, JobKey};

/// Something of a file that comes later.
pub type Filed<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// A place for files.
pub trait FileStore: Send + Sync + 'static {
    /// The work file of a job, of which the first `keep` bytes are kept. One that is shorter, or not
    /// there, begins anew: [`WorkFile::written`] tells.
    fn work(&self, job: JobKey, keep: u64) -> Filed<'_, Box<dyn WorkFile>>;

    /// The size of a served file in bytes; `None` if it is not there.
    fn size<'a>(&'a self, file: &'a FileKey) -> Filed<'a, Option<u64>>;

    /// Opens a served file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if it is not there.
    fn open<'a>(&'a self, file: &'a FileKey) -> Filed<'a, Box<dyn ServedFile>>;

    /// Removes a served file. One that is not there is no error.
    fn remove<'a>(&'a self, file: &'a FileKey) -> Filed<'a, ()>;

    /// Removes the work file of a job, if there is one.
    fn discard(&self, job: JobKey) -> Filed<'_, ()>;

    /// Removes all work files but those of `jobs` and all served files but `files`; says how many.
    fn tidy(&self, jobs: HashSet<JobKey>, files: HashSet<FileKey>) -> Filed<'_, usize>;
}

/// A file that is being made. Nobody can fetch it.
pub trait WorkFile: Send {
    /// Bytes that were written so far.
    fn written(&self) -> u64;

    /// Throws away what was written.
    fn restart(&mut self) -> Filed<'_, ()>;

    /// Writes at the end.
    fn write(&mut self, chunk: Bytes) -> Filed<'_, ()>;

    /// Makes what was written safe against a loss of power.
    fn save(&mut self) -> Filed<'_, ()>;

    /// Saves it and makes it a served file, whole or not at all.
    fn publish<'a>(self: Box<Self>, file: &'a FileKey) -> Filed<'a, ()>;
}

/// A file that is being read.
pub trait ServedFile: Send + Sync {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// `length` bytes from `at` on, fewer only if the file has fewer.
    fn read(&self, at: u64, length: usize) -> Filed<'static, Bytes>;
}
