//! Boxes of cut files, read with the reader of this crate.
