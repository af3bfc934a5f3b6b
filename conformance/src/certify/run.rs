//! A certification: three locked runs, and the bundle of what they came to.

use std::fs::File;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use smsload_spec::{Contract, Profile, REQUIREMENTS_YAML};

use super::badge::badge;
use super::bundle::{self, BundleError};
use super::declaration::Declaration;
use super::keys::SecretKey;
use super::page::certificate;
use super::predicate::{Binary, Chosen, Clock, Predicate, Seeded};
use super::seeds::{self, ChallengeError, Seed};
use super::standing;
use super::writer::Writer;
use crate::about::Fingerprint;
use crate::api::ContractError;
use crate::builder::{RunBuilder, RunError};
use crate::event::{Event, Reporter as _};
use crate::report::{Ending, Report, ReportError, Reports};
use crate::run::Run;
use crate::stop::Stop;
use crate::target::Target;

/// Cases of each property; of one that starts downloads, as many of them as there are downloads for.
pub const CERTIFIED_CASES: u32 = 500;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// The contract has no download to be certified.
    #[error(
        "this contract has no operation that starts a download, so the catalogue says nothing of it; certify by one that has"
    )]
    NoCatalogue,
    /// A run cannot begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A secret of the target file cannot be fetched.
    #[error(transparent)]
    Secret(#[from] crate::target_check::SecretError),
    /// The buyer's word is none.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The system has no random numbers.
    #[error("the system gives no random number for the seed that is drawn: {0}")]
    Random(#[from] getrandom::Error),
    /// A run ended before it was done.
    #[error(
        "run {number} of 3 ended early ({why}); nothing is certified, and no bundle was written"
    )]
    Early {
        /// Its number, from 1.
        number: usize,
        /// Why it ended.
        why: String,
    },
    /// The bundle is there already.
    #[error("{}: is there already, and is not overwritten; give another name with --out", .0.display())]
    Exists(PathBuf),
    /// The bundle cannot be written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A file cannot be written or read on the way.
    #[error("{what} cannot be kept until it is in the bundle: {error}")]
    Work {
        /// The file.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

/// What happens on the way to a bundle.
#[derive(Debug)]
pub enum Progress<'p> {
    /// A run begins: its number, from 1, and its seed.
    Begins(usize, &'p Seeded),
    /// Something happened in it.
    Event(&'p Event),
    /// It is over.
    Ends(&'p Report),
}

/// A bundle that was written.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Where it is.
    pub file: PathBuf,
    /// What was signed.
    pub predicate: Predicate,
    /// The key that signed it.
    pub key: String,
}

/// Three runs that are to be certified.
#[derive(Debug)]
pub struct Certification {
    declaration: Declaration,
    contract: Arc<Contract>,
    key: SecretKey,
    last: (Seed, Option<String>),
    pub(super) cases: u32,
    listen: Option<SocketAddr>,
    url: Option<String>,
    stop: Stop,
}

impl Certification {
    /// Of a product that is declared, by a contract, signed by a key.
    ///
    /// # Errors
    /// No seed can be drawn, or the contract is not one to certify by.
    pub fn new(
        declaration: Declaration,
        contract: Arc<Contract>,
        key: SecretKey,
    ) -> Result<Self, CertifyError> {
        let one = Self {
            declaration,
            contract,
            key,
            last: (seeds::drawn()?, None),
            cases: CERTIFIED_CASES,
            listen: None,
            url: None,
            stop: Stop::new(),
        };
        match one.builder(0).build() {
            Ok(_) => Ok(one),
            Err(RunError::Contract(ContractError::NoStart)) => Err(CertifyError::NoCatalogue),
            Err(error) => Err(error.into()),
        }
    }

    /// The last seed follows from a buyer's word instead of being drawn.
    ///
    /// # Errors
    /// The word is empty, too long, or does not print.
    pub fn challenge(mut self, word: &str) -> Result<Self, CertifyError> {
        self.last = (seeds::challenged(word)?, Some(word.to_owned()));
        Ok(self)
    }

    /// Where callbacks are received, and the address by which the target reaches that, as in a run.
    #[must_use]
    pub fn callbacks(mut self, listen: Option<SocketAddr>, url: Option<String>) -> Self {
        self.listen = listen;
        self.url = url;
        self
    }

    /// What can end it before it is done.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Runs it, and writes the bundle.
    ///
    /// # Errors
    /// A run cannot begin or ends early, or the bundle cannot be written. There is no bundle then.
    pub async fn run(
        self,
        out: &Path,
        watch: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<Certified, CertifyError> {
        if out.exists() {
            return Err(CertifyError::Exists(out.to_owned()));
        }
        self.declaration.target.fetch_secrets().await?;
        let mut writer = Writer::create(out)?;
        self.documents(&mut writer)?;
        let seeded = self.seeded();
        let (mut reports, mut ahead) = (Vec::new(), None);
        for (seed, number) in seeded.iter().zip(1..) {
            watch(Progress::Begins(number, seed));
            let report = self
                .one(seed, number, &mut writer, &mut ahead, watch)
                .await?;
            watch(Progress::Ends(&report));
            reports.push(report);
        }
        let time = |report: Option<&Report>, of: fn(&Report) -> &String| {
            report.map(of).cloned().unwrap_or_default()
        };
        let predicate = Predicate {
            tool: Binary::own(),
            vendor: self.declaration.vendor(),
            target: self.declaration.target.base_url.to_string(),
            contract: Fingerprint::of_contract(&self.contract),
            catalogue: Fingerprint::of_catalogue(),
            runs: seeded,
            standing: standing::of(&reports),
            started_at: time(reports.first(), |r| &r.started_at),
            ended_at: time(reports.last(), |r| &r.ended_at),
            clock: Clock {
                ahead_of_target_seconds: ahead,
            },
        };
        writer.add(bundle::SUMMARY, certificate(&predicate).as_bytes())?;
        let badge = badge(predicate.standing.grade);
        writer.add(bundle::BADGE, badge.as_bytes())?;
        writer.seal(predicate.clone(), &self.key)?;
        Ok(Certified {
            file: out.to_owned(),
            predicate,
            key: self.key.public().id(),
        })
    }

    /// What all runs have in common.
    fn documents(&self, writer: &mut Writer) -> Result<(), CertifyError> {
        // Both were read from such texts, and can always be written.
        let declaration = serde_json::to_vec_pretty(&self.declaration).unwrap_or_default();
        let contract = serde_json::to_vec(self.contract.document()).unwrap_or_default();
        writer.add(bundle::DECLARATION, &*declaration)?;
        writer.add(bundle::CONTRACT, &*contract)?;
        writer.add(bundle::CATALOGUE, REQUIREMENTS_YAML.as_bytes())?;
        Ok(())
    }

    fn seeded(&self) -> Vec<Seeded> {
        let contract = Fingerprint::of_contract(&self.contract);
        let [first, second] = seeds::fixed(&contract, &Fingerprint::of_catalogue());
        let (last, word) = &self.last;
        let all = [(first, &None), (second, &None), (*last, word)];
        let seeded = |(seed, word): (Seed, &Option<String>)| Seeded {
            seed: seed.value.to_string(),
            chosen: seed.chosen,
            challenge: word.clone().filter(|_| seed.chosen == Chosen::Challenge),
            cases: self.cases,
            downloads: self.declaration.target.limits.downloads,
        };
        all.map(seeded).into()
    }

    fn builder(&self, seed: u64) -> RunBuilder {
        let builder = locked(&self.contract, &self.declaration.target, seed, self.cases);
        let builder = match self.listen {
            Some(address) => builder.callback_listen(address),
            None => builder,
        };
        match &self.url {
            Some(url) => builder.callback_url(url),
            None => builder,
        }
    }

    /// One run, whose files go into the bundle as soon as they are whole.
    async fn one(
        &self,
        seed: &Seeded,
        number: usize,
        writer: &mut Writer,
        ahead: &mut Option<i64>,
        watch: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<Report, CertifyError> {
        let work = |what: &'static str| move |error| CertifyError::Work { what, error };
        let folder = writer.folder().map_err(work("the report"))?;
        let target = &self.declaration.target;
        let mut reports = Reports::create(folder.path(), &self.contract, target)?;
        // It was written from a number.
        let value = seed.seed.parse().unwrap_or_default();
        let run: Run = self.builder(value).stopped_by(&self.stop).build()?;
        let result = run
            .run(&mut |event: &Event| {
                reports.on(event);
                if let (Event::Exchanged(exchange), None) = (event, &ahead) {
                    *ahead = exchange.answer().and_then(ahead_of);
                }
                watch(Progress::Event(event));
            })
            .await;
        let report = reports.finish(&result)?;
        if report.ended != Ending::Complete {
            let why = report.ended_reason.clone().unwrap_or_default();
            return Err(CertifyError::Early { number, why });
        }
        for name in bundle::RUN_FILES {
            let file = File::open(folder.path().join(name)).map_err(work(name))?;
            writer.add(&format!("run-{number}/{name}"), BufReader::new(file))?;
        }
        Ok(report)
    }
}

/// A run as a certification makes it: nothing is left out, nothing is tolerated.
pub(super) fn locked(
    contract: &Arc<Contract>,
    target: &Target,
    seed: u64,
    cases: u32,
) -> RunBuilder {
    Run::builder(Arc::clone(contract), target.clone())
        .seed(seed)
        .cases(cases)
        .profiles(&[Profile::Full])
        .of_catalogue()
}

/// Seconds by which this machine's clock is ahead of the `Date` of an answer that just came.
fn ahead_of(answer: &crate::exchange::Answer) -> Option<i64> {
    let date = answer.headers.get(http::header::DATE)?.to_str().ok()?;
    let theirs = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Timestamp::now().as_second() - theirs.as_second())
}
