//! Judges any implementation of an smsload contract: every requirement of the catalogue is a check, every check talks to
//! the target through a recording client, every verdict names the exchanges that it rests on.
//!
//! ```no_run
//! use smsload_conformance::{BaseUrl, Event, Fixtures, Run, Target};
//! use smsload_spec::Contract;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let contract = Contract::bundled();
//! let fixtures = Fixtures::from_example(&contract).ok_or("the contract has no example")?;
//! let target = Target::new(BaseUrl::parse("http://127.0.0.1:4020")?, fixtures);
//! let run = Run::builder(contract, target).seed(42).build()?;
//! let result = run.run(&mut |_: &Event| {}).await;
//! std::process::exit(result.exit_code().into());
//! # }
//! ```
//!
//! Limits: `http` only; one target at a time; a line of the catalogue without a check is reported as not tested.

mod about;
mod api;
mod care;
mod case;
mod checks;
mod client;
mod curl;
mod decimal;
mod draw;
mod event;
mod exchange;
mod generic;
mod judge;
mod names;
mod network;
mod oracle;
mod receipt;
mod record;
mod report;
mod request;
mod result;
mod run;
mod secret;
mod seed;
mod session;
mod so_far;
mod tally;
mod target;
mod target_file;
mod text;
mod window;

pub use about::{About, Fingerprint, RunSettings};
pub use api::ContractError;
pub use curl::curl;
pub use decimal::Decimal;
pub use event::{Event, Reporter};
pub use exchange::{
    Answer, Captured, Digest, Exchange, HeaderText, Lost, MAX_ANSWER, Received, Sent, Slice,
};
pub use network::Network;
pub use oracle::{Acceptance, Fault, Oracle, Outcome, Rejected};
pub use receipt::{Door, MAX_CALLBACK, Receipt, Reply};
pub use record::{Head, Record, RecordError, Records};
pub use report::{
    AnswerTimes, Bar, Coverage, Covered, Ending, Evidence, Group, JSON_SCHEMA_VERSION, Point,
    PointKind, REPORT_SCHEMA, ReadError, Report, ReportError, Reports, Requirement, Share, Shown,
    Terminal, Told, Tool, WatchedDownload, github_annotations, github_stop, html, markdown, sarif,
    write_json, write_junit,
};
pub use request::{Caller, Wire};
pub use result::{
    EXIT_CONFORMS, EXIT_FAILED, EXIT_INCOMPLETE, EXIT_USAGE, Ended, Failure, Line, LineResult,
    RunResult, Verdict,
};
pub use run::{DEFAULT_CASES, Run, RunBuilder, RunError};
pub use secret::Secret;
pub use target::{
    BaseUrl, BaseUrlError, Busy, CallbackProgress, Callbacks, Declared, Fixtures, Limits, Progress,
    QueryProgress, Scale, Target, Tenants,
};
pub use target_file::TargetFileError;
pub use window::{Window, WindowError};
