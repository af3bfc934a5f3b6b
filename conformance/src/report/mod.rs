//! Reports: readers of a run's events that the engine does not know.

mod json;
mod terminal;

pub use json::{SCHEMA_VERSION as JSON_SCHEMA_VERSION, write_json};
pub use terminal::Terminal;
