//! Files that are not on any disk.

mod clip;

pub use clip::{Clip, ClipError};
