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
//! Limits: HTTP/1.1, with TLS or without; one target at a time; a line of the catalogue without a check is reported as not tested.

mod about;
mod api;
mod base_url;
mod began;
mod budget;
mod builder;
mod case;
mod certify;
mod checks;
mod client;
mod curl;
mod decimal;
mod draw;
mod event;
mod exchange;
mod file;
mod generic;
mod headers;
mod judge;
mod known;
mod live;
mod names;
mod network;
mod oracle;
mod pace;
mod planned;
mod progress;
mod receipt;
mod receiver;
mod record;
mod rejudge;
mod replay;
mod report;
mod request;
mod result;
mod run;
mod scene;
mod secret;
mod seed;
mod selection;
mod session;
mod stop;
mod tally;
mod target;
mod target_check;
mod target_file;
mod text;
mod tls;
mod window;

pub use about::{About, Fingerprint, RunSettings};
pub use api::ContractError;
pub use builder::{RunBuilder, RunError};
pub use certify::{
    Binary, BundleError, CERTIFIED_CASES, Certification, Certified, CertifyError, ChallengeError,
    Change, CheckError, Checked, Chosen, Clock, Comparison, Declaration, DeclarationError, Grade,
    KeyError, Misjudged, Predicate, Progress as CertifyProgress, PublicKey, Remark, SealError,
    SecretKey, Seeded, Standing, Tampering, certificate, check, checked_text, compare,
    comparison_text, reports_of, seeded_text, standing_text,
};
pub use curl::curl;
pub use decimal::Decimal;
pub use draw::Origin;
pub use event::{Event, Reporter};
pub use exchange::{
    Answer, Captured, Digest, Exchange, HeaderText, Lost, MAX_ANSWER, Received, Sent, Slice,
};
pub use headers::Headers;
pub use known::{KnownFailure, KnownFailuresError};
pub use network::Network;
pub use oracle::{Acceptance, Fault, Oracle, Outcome, Rejected};
pub use planned::{Awaits, Planned};
pub use receipt::{Door, MAX_CALLBACK, Receipt, Reply};
pub use receiver::ReceiverError;
pub use record::{Head, Record, RecordError, Records, Round};
pub use replay::{Again, Replay, ReplayError, Replayed, replay_exit_code};
pub use report::{
    AnswerTimes, Bar, Coverage, Covered, Ending, Evidence, Group, JSON_SCHEMA_VERSION, Known,
    KnownState, Point, PointKind, REPORT_SCHEMA, ReadError, Report, ReportError, Reports,
    Requirement, Share, Shown, Terminal, Told, Tool, WatchedDownload, github_annotations,
    github_stop, html, markdown, sarif, write_json, write_junit,
};
pub use request::{Caller, Wire};
pub use result::{
    EXIT_CONFORMS, EXIT_FAILED, EXIT_INCOMPLETE, EXIT_USAGE, Ended, Failure, Line, LineResult,
    RunResult, Verdict,
};
pub use run::{DEFAULT_CASES, Run};
pub use scene::Part;
pub use secret::Secret;
pub use selection::{Shard, ShardError};
pub use stop::Stop;
pub use target::{
    BaseUrl, BaseUrlError, Busy, CallbackProgress, Callbacks, DEFAULT_DOWNLOADS, Declared,
    Fixtures, Limits, Progress, QueryProgress, Scale, Target, Tenants, Vendor,
};
pub use target_check::SecretError;
pub use target_file::{TARGET_EXAMPLE, TARGET_SCHEMA, TargetFault, TargetFileError};
pub use text::printable;
pub use tls::{Tls, TlsError};
pub use window::{Window, WindowError};
