//! Reports: readers of a run's events that the engine does not know. All forms are made from one model, [`Report`].

mod coverage;
mod evidence;
mod github;
pub(crate) mod html;
mod json;
mod junit;
mod live;
mod make;
mod markdown;
mod model;
mod reports;
mod sarif;
mod terminal;
mod times;
mod watched;
mod words;

pub use coverage::{Coverage, Covered, Kind as PointKind, Point, Share};
pub use github::{annotations as github_annotations, stop as github_stop};
pub use html::html;
pub use json::{REPORT_SCHEMA, write_json};
pub use junit::write_junit;
pub use markdown::markdown;
pub use model::{
    Ending, Evidence, Group, Known, KnownState, ReadError, Report, Requirement,
    SCHEMA_VERSION as JSON_SCHEMA_VERSION, Shown, Tool,
};
pub use reports::{ReportError, Reports};
pub use sarif::sarif;
pub use terminal::Terminal;
pub use times::{AnswerTimes, Bar};
pub use watched::{Told, WatchedDownload};
