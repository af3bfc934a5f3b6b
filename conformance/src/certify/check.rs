//! Checking a bundle, offline: the signature, then what was changed after it, then whether what was signed is true. Every
//! verdict is given again from the recordings, so that a signature over a wrong verdict is found out.

use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use smsload_spec::{Contract, Document, Load};

use super::bundle::{self, Bundle, BundleError, Tampering};
use super::consistent::{self, Contents};
use super::differences::differences;
use super::keys::PublicKey;
use super::predicate::Predicate;
use super::run::{CERTIFIED_CASES, locked};
use crate::about::{Fingerprint, sha256};
use crate::builder::RunError;
use crate::client::Playback;
use crate::rejudge::rejudge;
use crate::report::Report;
use crate::result::Verdict;

/// Why a bundle cannot be checked to the end.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It is no bundle, or not one that this key signed.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Its contract cannot be used.
    #[error("contract.json cannot be used: {0}")]
    Contract(String),
    /// Its contract cannot be judged by.
    #[error("contract.json: {0}")]
    Run(#[from] RunError),
    /// It was judged by another catalogue.
    #[error(
        "it was judged by another catalogue of requirements (version {theirs}, SHA-256 {hash}) than the one of this smsload {own}; check it with smsload {by}, which wrote it"
    )]
    Catalogue {
        /// Version of the catalogue.
        theirs: String,
        /// Its SHA-256.
        hash: String,
        /// Version of this program.
        own: &'static str,
        /// Version of the program that wrote it.
        by: String,
    },
}

/// What is to be known of a bundle that was checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was signed.
    pub predicate: Predicate,
    /// The key that signed it.
    pub key: String,
    /// What was changed after it was signed. If anything was, nothing else was looked at.
    pub tampering: Vec<Tampering>,
    /// What was signed and is not so, in whole sentences.
    pub faults: Vec<String>,
    /// Verdicts that the recordings do not bear out.
    pub misjudged: Vec<Misjudged>,
    /// Verdicts that were given again, of all runs.
    pub rejudged: usize,
    /// What a buyer should know besides: how the contract differs from the bundled one.
    pub notes: Vec<String>,
}

impl Checked {
    /// True if it is whole, and all that it says is borne out.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.tampering.is_empty() && self.faults.is_empty() && self.misjudged.is_empty()
    }
}

/// A verdict that a recording does not bear out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misjudged {
    /// The run, from 1.
    pub run: usize,
    /// The requirement.
    pub id: String,
    /// The verdict in the report; nothing if the report lacks the requirement.
    pub said: Option<Verdict>,
    /// The verdict by the recording; nothing if it is none of the requirements that were asked for.
    pub found: Option<Verdict>,
    /// Why, where the verdict alone does not say it.
    pub why: Option<String>,
}

/// Checks a bundle by a key; with a challenge, also that the last seed follows from that word.
///
/// # Errors
/// It is no bundle, is not signed by the key, or cannot be judged again by this program.
pub async fn check(
    file: &Path,
    key: &PublicKey,
    challenge: Option<&str>,
) -> Result<Checked, CheckError> {
    check_by(file, key, challenge, CERTIFIED_CASES).await
}

/// The same by another number of cases.
pub(super) async fn check_by(
    file: &Path,
    key: &PublicKey,
    challenge: Option<&str>,
    cases: u32,
) -> Result<Checked, CheckError> {
    let mut bundle = Bundle::open(file)?;
    let statement = bundle.statement(key)?;
    let mut checked = Checked {
        key: key.id(),
        tampering: bundle.tampering(&statement)?,
        predicate: statement.predicate,
        faults: Vec::new(),
        misjudged: Vec::new(),
        rejudged: 0,
        notes: Vec::new(),
    };
    if !checked.tampering.is_empty() {
        return Ok(checked);
    }
    let predicate = &checked.predicate;
    let contents = read(&mut bundle, predicate)?;
    checked.faults = consistent::faults(predicate, &contents, challenge, cases);
    checked.notes = notes(predicate, &contents.contract);
    for (number, report) in (1..).zip(&contents.reports) {
        let (rejudged, faults) = again(&mut bundle, number, report, &contents).await?;
        checked.faults.extend(faults);
        checked.rejudged += rejudged.0;
        checked.misjudged.extend(rejudged.1);
    }
    Ok(checked)
}

/// The reports of a bundle, whoever signed it, or the one that a `report.json` is.
///
/// # Errors
/// It is neither.
pub fn reports_of(file: &Path) -> Result<Vec<Report>, BundleError> {
    let is_json = file.extension().is_some_and(|end| end == "json");
    if is_json {
        let text = std::fs::read(file).map_err(|error| BundleError::Io {
            file: file.to_owned(),
            error,
        })?;
        let name = file.display().to_string();
        return Ok(vec![report(&name, &text)?]);
    }
    Bundle::open(file).and_then(|mut bundle| reports(&mut bundle))
}

fn reports(bundle: &mut Bundle) -> Result<Vec<Report>, BundleError> {
    let names = (1..=3).map(|number| format!("run-{number}/report.json"));
    let read = |name: String| report(&name, &bundle.bytes(&name)?);
    names.map(read).collect()
}

fn report(name: &str, text: &[u8]) -> Result<Report, BundleError> {
    Report::read(text).map_err(|e| form(name, &e))
}

fn form(name: &str, why: &dyn std::fmt::Display) -> BundleError {
    BundleError::Form {
        name: name.to_owned(),
        why: why.to_string(),
    }
}

/// All that is looked at, read.
fn read(bundle: &mut Bundle, predicate: &Predicate) -> Result<Contents, CheckError> {
    let catalogue = bundle.bytes(bundle::CATALOGUE)?;
    let own = Fingerprint::of_catalogue();
    if sha256(&catalogue) != own.sha256 {
        return Err(CheckError::Catalogue {
            theirs: crate::text::shown(&predicate.catalogue.version),
            hash: sha256(&catalogue),
            own: env!("CARGO_PKG_VERSION"),
            by: crate::text::shown(&predicate.tool.version),
        });
    }
    let declaration = bundle.bytes(bundle::DECLARATION)?;
    let declaration =
        serde_json::from_slice(&declaration).map_err(|e| form(bundle::DECLARATION, &e))?;
    let reports = reports(bundle)?;
    let pages = (1..=reports.len())
        .map(|number| bundle.bytes(&format!("run-{number}/report.html")))
        .collect::<Result<_, _>>()?;
    Ok(Contents {
        declaration,
        contract: contract(&bundle.bytes(bundle::CONTRACT)?)?,
        reports,
        pages,
        summary: bundle.bytes(bundle::SUMMARY)?,
        badge: bundle.bytes(bundle::BADGE)?,
    })
}

/// The contract of a bundle. It is whole: it must not make the reader open files of this machine.
fn contract(text: &[u8]) -> Result<Arc<Contract>, CheckError> {
    let document: Value =
        serde_json::from_slice(text).map_err(|e| CheckError::Contract(e.to_string()))?;
    if let Some(reference) = foreign(&document) {
        let reference = crate::text::shown(reference);
        let why = format!("it refers to another file, {reference}, which no bundle has");
        return Err(CheckError::Contract(why));
    }
    let load = Load {
        document: Document::Text {
            name: bundle::CONTRACT.to_owned(),
            text: String::from_utf8_lossy(text).into_owned(),
        },
        overlays: Vec::new(),
    };
    let contract = Contract::load(&load);
    contract
        .map(Arc::new)
        .map_err(|problems| CheckError::Contract(problems.render(false)))
}

/// A reference that leads out of a document.
fn foreign(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::String(text) if name == "$ref" && !text.starts_with('#') => Some(text.as_str()),
            value => foreign(value),
        }),
        Value::Array(items) => items.iter().find_map(foreign),
        _ => None,
    }
}

type Found = ((usize, Vec<Misjudged>), Vec<String>);

/// Judges a run again.
async fn again(
    bundle: &mut Bundle,
    number: usize,
    report: &Report,
    contents: &Contents,
) -> Result<Found, CheckError> {
    let name = format!("run-{number}/evidence.jsonl");
    let recording = bundle.with(&name, |from| {
        Ok(Playback::read(BufReader::new(from)).map_err(io::Error::other))
    })?;
    let recording = recording.map_err(|e| form(&name, &e))?;
    let faults = consistent::recording(number, report, &recording);
    // What is no number was told as a fault.
    let seed = report.seed.parse().unwrap_or_default();
    let target = &contents.declaration.target;
    let builder = locked(&contents.contract, target, seed, report.settings.cases);
    let rejudged = rejudge(builder, recording).await?;
    let said = |id: &str| {
        let mut all = report.requirements.iter();
        all.find(|r| r.id == id).map(|r| r.verdict)
    };
    let mut misjudged: Vec<_> = rejudged
        .iter()
        .filter(|line| said(&line.line.id) != Some(line.verdict))
        .map(|line| Misjudged {
            run: number,
            id: line.line.id.clone(),
            said: said(&line.line.id),
            found: Some(line.verdict),
            why: line.reason.clone().or_else(|| {
                let failure = line.failure.as_ref()?;
                let (expected, got) = (&failure.expected, &failure.got);
                Some(format!("{}: expected {expected}, got {got}", failure.case))
            }),
        })
        .collect();
    let is_asked = |id: &str| rejudged.iter().any(|line| line.line.id == id);
    let foreign = report.requirements.iter().filter(|r| !is_asked(&r.id));
    misjudged.extend(foreign.map(|requirement| Misjudged {
        run: number,
        id: requirement.id.clone(),
        said: Some(requirement.verdict),
        found: None,
        why: None,
    }));
    Ok(((rejudged.len(), misjudged), faults))
}

/// What a buyer should know of the documents.
fn notes(predicate: &Predicate, contract: &Contract) -> Vec<String> {
    let mut notes = Vec::new();
    let bundled = Contract::bundled();
    if Fingerprint::of_contract(contract) != Fingerprint::of_contract(&bundled) {
        let places = differences(bundled.document(), contract.document());
        notes.push(format!(
            "the contract is not the one of smsload {}: {}",
            env!("CARGO_PKG_VERSION"),
            crate::text::shown(&places.join(", "))
        ));
    }
    let by = &predicate.tool.version;
    if by != env!("CARGO_PKG_VERSION") {
        notes.push(format!(
            "smsload {} wrote it, and this is {}: where verdicts differ, check it with the one that wrote it",
            crate::text::shown(by),
            env!("CARGO_PKG_VERSION")
        ));
    }
    notes
}
