//! Cases: what is sent, and what is thought of the answers. A plan is all that a check has: a table of cases that are
//! always run, and a strategy for more of them, which can also be made smaller.

use std::sync::Arc;

use proptest::strategy::SBoxedStrategy;
use serde_json::Value;

use crate::api::Api;
use crate::exchange::Exchange;
use crate::oracle::Outcome;
use crate::request::Request;

/// A request with what came of it and what that means.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) request: Request,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) outcome: Outcome,
    /// The JSON of the answer.
    pub(crate) body: Option<Value>,
}

/// The answers of a case, in the order of its steps.
pub(crate) type Answers = [Arc<Answered>];

/// What is thought of the answers of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opinion {
    /// As it must be.
    Pass,
    /// As it must be; this was seen.
    Seen(String),
    /// Not as it must be.
    Fail { expected: String, got: String },
    /// Nothing can be concluded, for this reason.
    Inconclusive(String),
}

impl Opinion {
    pub(crate) fn fail(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Fail {
            expected: expected.into(),
            got: got.into(),
        }
    }

    pub(crate) fn is_fail(&self) -> bool {
        matches!(self, Self::Fail { .. })
    }
}

/// Writes a request from the answers that came before it, or says why it cannot.
pub(crate) type Follow = fn(&Api, &Answers) -> Result<Request, String>;

/// One request of a case.
#[derive(Clone)]
pub(crate) enum Step {
    /// A request of its own.
    Send(Request),
    /// A request that is sent once in a run, whoever asks for it.
    Shared(Request),
    /// A request that depends on the answers before it.
    Follow(Follow),
}

/// What must have been accepted, so that an opinion counts: the same request without the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Twin {
    /// None is needed.
    None,
    /// The plain request.
    Plain,
    /// This request, which lacks nothing but what the case is about. Only a case that failed needs it: a target that
    /// does not take it either has another fault, which another requirement is about.
    Like(Box<Request>),
    /// A progress query for a download that was just accepted.
    Query,
}

/// Thinks about the answers of a case.
pub(crate) type Judge = Arc<dyn Fn(&Api, &Answers) -> Opinion + Send + Sync>;

/// One case.
#[derive(Clone)]
pub(crate) struct Case {
    /// What is particular about it.
    pub(crate) about: String,
    pub(crate) steps: Vec<Step>,
    /// True if the requests are sent at the same moment rather than one after the other.
    pub(crate) is_at_once: bool,
    pub(crate) twin: Twin,
    /// Downloads that it is meant to start.
    pub(crate) downloads: u32,
    pub(crate) judge: Judge,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl Case {
    /// A case of one request.
    pub(crate) fn new(about: impl Into<String>, step: Step, judge: Judge) -> Self {
        Self {
            about: about.into(),
            steps: vec![step],
            is_at_once: false,
            twin: Twin::None,
            downloads: 0,
            judge,
        }
    }

    /// The requests that are known before it runs; equal ones make equal cases.
    pub(crate) fn fingerprint(&self) -> Vec<Option<Request>> {
        self.steps
            .iter()
            .map(|step| match step {
                Step::Send(request) | Step::Shared(request) => Some(request.clone()),
                Step::Follow(_) => None,
            })
            .collect()
    }
}

/// All cases of a check.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Cases that are always run; each of them must be conclusive.
    pub(crate) table: Vec<Case>,
    /// More of them.
    pub(crate) random: Option<SBoxedStrategy<Case>>,
    /// Plans with the same label draw the same cases; without it, the requirement is the label.
    pub(crate) label: Option<&'static str>,
    /// Cases at most, where each of them is dear.
    pub(crate) most: Option<u32>,
    /// What a reader must know, such as what was left out and why.
    pub(crate) note: Option<String>,
}

impl Plan {
    pub(crate) fn table(table: Vec<Case>) -> Self {
        Self {
            table,
            ..Self::default()
        }
    }

    pub(crate) fn random(table: Vec<Case>, random: SBoxedStrategy<Case>) -> Self {
        Self {
            table,
            random: Some(random),
            ..Self::default()
        }
    }

    /// A plan that has nothing to do, and why.
    pub(crate) fn nothing(note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..Self::default()
        }
    }

    /// Downloads that the cases start which are always run, if no other line has sent the same requests before.
    pub(crate) fn downloads(&self) -> u32 {
        self.table.iter().map(|case| case.downloads).sum()
    }

    pub(crate) fn with_note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}
