//! Broken on purpose: servers that differ from the contract in one named thing each.
//!
//! They are how the conformance suite is proved: each names the requirements that must catch it. A [`Misbehaviour`] is
//! data and a small function, in the tables below; correct behaviour knows nothing of them but one branch in
//! [`Mock::answer`](crate::Mock::answer). A new one is a row of a table, and an exchange of the tests that shows it.
//!
//! They are written for the bundled contract and for those that only extend it: with other names of members many find
//! nothing to act on.
//!
//! ```
//! use smsload_mock::{MockServer, misbehave};
//!
//! let builder = MockServer::builder().misbehave(misbehave::find("numeric-duration")?);
//! assert!(misbehave::find("numeric-durations").unwrap_err().to_string().contains("`numeric-duration`"));
//! # Ok::<(), misbehave::UnknownMisbehaviour>(())
//! ```

mod accepted;
mod acting;
mod asked;
mod bodies;
mod callbacks;
mod document;
mod edit;
mod envelopes;
mod files;
mod lenient;
mod near;
mod progress;
mod refusing;
mod rejections;
mod robustness;
mod seen;
mod source_types;
mod times;
mod unreachable;
mod windows;

use std::sync::Arc;

use http::Response;
use serde_json::Value;
use smsload_spec::{Contract, Document, Load};

pub(crate) use acting::Misbehaving;
use asked::Asked;
pub(crate) use callbacks::Call;
pub(crate) use files::FileFacts;
use seen::{Seen, Told};

use crate::courier;
use crate::files::{Content, FileBody};
use crate::mock::Mock;
use crate::request::{Answer, Request as Asking};
use crate::settings::Settings;

/// One deviation from the contract.
#[derive(Debug)]
pub struct Misbehaviour {
    /// What it is called.
    pub name: &'static str,
    /// What it does: one sentence, of which the server is the subject.
    pub what: &'static str,
    /// The lines of the catalogue of requirements that should catch it: `TIME-06`, or `TIME-06/clipped-values`. Others
    /// may catch it too.
    pub catches: &'static [&'static str],
    /// The exchanges that it changes, by the words of the test that shows it: nothing else may change.
    pub touches: &'static [&'static str],
    how: How,
}

/// Where a misbehaviour acts, and what it does there.
#[derive(Debug)]
enum How {
    /// On the document: the mock follows the changed one.
    Contract(fn(&mut Value)),
    /// On what the mock is made of.
    Settings(fn(&mut Settings)),
    /// On a request, before anything looks at it.
    Request(fn(&mut Asked)),
    /// On an answer, after everything is decided.
    Answer(fn(&Seen<'_>, &mut Answer<'_>)),
    /// On the progress that a query is told.
    Progress(fn(&Told) -> String),
    /// On the address that callbacks go to; nothing if none shall be sent.
    CallbackAddress(fn(&str) -> Option<String>),
    /// On a callback, before it is sent.
    Callback(fn(&mut Call)),
    /// On what sends callbacks.
    Courier(fn(&mut courier::Settings)),
    /// On what a finished file holds; nothing if there shall be none. The number counts how often files were looked at.
    FileContent(fn(Content, &FileFacts, u64) -> Option<Content>),
    /// On the answer about a file.
    File(fn(&Asking<'_>, &mut Response<FileBody>)),
    /// On the address of a file as it is told, and on the path of a request for one, so that it still leads there.
    FileAddress(fn(String) -> String, fn(&Mock, &mut Asked)),
}

/// Misbehaviours that are about the same thing.
#[derive(Debug)]
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// In the order in which they are listed.
    pub list: &'static [Misbehaviour],
}

/// Every misbehaviour.
pub const GROUPS: &[Group] = &[
    bodies::GROUP,
    source_types::GROUP,
    windows::GROUP,
    times::GROUP,
    refusing::GROUP,
    envelopes::GROUP,
    accepted::GROUP,
    rejections::GROUP,
    progress::GROUP,
    unreachable::GROUP,
    callbacks::GROUP,
    files::GROUP,
    robustness::GROUP,
];

/// Lines of the catalogue for which there is no misbehaviour, each with the reason.
pub const WITHOUT: &[(&str, &str)] = &[
    ("STRM-02", "reports the form of an id; every form conforms"),
    (
        "STRM-03",
        "reports the structure of an id; every structure conforms",
    ),
    (
        "STRM-05",
        "reports whether identical requests share an id; both are allowed",
    ),
    (
        "CALL-07/unusual-addresses",
        "reports what happens; nothing of it is a fault",
    ),
    (
        "SECU-04",
        "the correct mock may call any address: there is nothing to deviate from",
    ),
    (
        "SECU-07",
        "the correct mock does not authenticate: it takes every `Token`",
    ),
];

/// Every misbehaviour, in the order of [`GROUPS`].
pub fn all() -> impl Iterator<Item = &'static Misbehaviour> {
    GROUPS.iter().flat_map(|group| group.list)
}

/// The misbehaviour of a name.
///
/// # Errors
/// If there is none; the error lists the names that are near.
pub fn find(name: &str) -> Result<&'static Misbehaviour, UnknownMisbehaviour> {
    all()
        .find(|one| one.name == name)
        .ok_or_else(|| UnknownMisbehaviour {
            name: name.to_owned(),
            near: near::near(name, all().map(|one| one.name)),
        })
}

/// There is no misbehaviour of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no misbehaviour is called `{name}`{}; `smsload mock --list-misbehaviours` lists all",
    meant(near)
)]
pub struct UnknownMisbehaviour {
    name: String,
    near: Vec<&'static str>,
}

fn meant(near: &[&str]) -> String {
    match near {
        [] => String::new(),
        names => format!("; near it: `{}`", names.join("`, `")),
    }
}

/// A contract and a misbehaviour do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotMisbehave {
    /// The document has nothing that the misbehaviour could change.
    #[error(
        "`{name}` finds nothing to change in this contract; use it with the bundled one, or with one that only extends it"
    )]
    NothingToChange {
        /// The misbehaviour.
        name: &'static str,
    },
    /// The changed document is no contract.
    #[error(
        "with `{name}` this contract is not sound any more; use the bundled one, or one that only extends it:\n{problems}"
    )]
    Unsound {
        /// The misbehaviour.
        name: &'static str,
        /// What is wrong with it then.
        problems: String,
    },
}

/// A misbehaviour that settings have been made ready for, see [`Settings::misbehave`].
#[derive(Debug, Clone, Copy)]
pub struct Applied(pub(crate) &'static Misbehaviour);

impl Settings {
    /// The same settings, for a mock that does one thing wrong.
    ///
    /// # Errors
    /// If the contract has nothing for it to act on.
    pub fn misbehave(mut self, what: &'static Misbehaviour) -> Result<Self, CannotMisbehave> {
        match what.how {
            How::Contract(change) => self.contract = what.changed(&self.contract, change)?,
            How::Settings(change) => change(&mut self),
            _ => {}
        }
        self.misbehaviour = Some(Applied(what));
        Ok(self)
    }
}

impl Misbehaviour {
    fn changed(
        &self,
        contract: &Contract,
        change: fn(&mut Value),
    ) -> Result<Arc<Contract>, CannotMisbehave> {
        let name = self.name;
        let mut document = contract.document().clone();
        change(&mut document);
        if document == *contract.document() {
            return Err(CannotMisbehave::NothingToChange { name });
        }
        let load = Load {
            document: Document::Text {
                name: format!("the contract with {name}"),
                text: document.to_string(),
            },
            overlays: Vec::new(),
        };
        let changed = Contract::load(&load);
        changed
            .map(Arc::new)
            .map_err(|problems| CannotMisbehave::Unsound {
                name,
                problems: problems.to_string(),
            })
    }
}
