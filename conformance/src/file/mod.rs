//! Files: which parts of one are asked for, what is kept of one while it is read, and what container it is.

pub(crate) mod collect;
pub(crate) mod container;
mod mp4;
mod mpeg_ps;
pub(crate) mod range;

/// Bytes of a file that are kept of its begin and of its end.
pub(crate) const EDGE: usize = 64 * 1024;

/// Bytes of a file that are read at most.
pub(crate) const MOST: u64 = 256 * 1024 * 1024;
