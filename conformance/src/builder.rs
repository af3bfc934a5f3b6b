//! Describing a run, and whether it can begin.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use smsload_spec::{Contract, Profile, Requirement, Requirements};

use crate::about::{About, Fingerprint, RunSettings};
use crate::api::{Api, ContractError};
use crate::checks;
use crate::client::Client;
use crate::generic::Generic;
use crate::known::KnownFailure;
use crate::receiver::{self, Doors, ReceiverError};
use crate::result::{Line, LineResult};
use crate::run::{DEFAULT_CASES, Run, all_lines};
use crate::selection::{Selection, Shard, known_tags};
use crate::stop::Stop;
use crate::target::Target;
use crate::tls::TlsError;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The contract cannot be judged by.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The catalogue has no such requirement.
    #[error(
        "the catalogue has no requirement, part or group \"{0}\"; write an id such as TIME-01, TIME-06/clipped-values or TIME"
    )]
    UnknownId(String),
    /// A known failure is of no requirement.
    #[error(
        "a known failure is of \"{0}\", which is no requirement or part of one; write an id such as TIME-01 or TIME-06/clipped-values"
    )]
    UnknownFailure(String),
    /// No requirement has such a tag.
    #[error("no requirement has the tag \"{0}\"; there are {1}")]
    UnknownTag(String, String),
    /// Callbacks cannot be received.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Describes a run.
#[derive(Debug, Clone)]
pub struct RunBuilder {
    pub(crate) contract: Arc<Contract>,
    pub(crate) target: Target,
    pub(crate) seed: u64,
    pub(crate) cases: u32,
    pub(crate) selection: Selection,
    /// True if operations that have no catalogue are left alone.
    pub(crate) is_of_catalogue: bool,
    pub(crate) is_strict: bool,
    pub(crate) fails_fast: bool,
    pub(crate) max_time: Option<Duration>,
    pub(crate) known: Vec<KnownFailure>,
    pub(crate) stop: Stop,
    pub(crate) receiver: receiver::Settings,
}

impl RunBuilder {
    pub(crate) fn new(contract: Arc<Contract>, target: Target) -> Self {
        Self {
            contract,
            target,
            seed: 0,
            cases: DEFAULT_CASES,
            selection: Selection::default(),
            is_of_catalogue: false,
            is_strict: false,
            fails_fast: false,
            max_time: None,
            known: Vec::new(),
            stop: Stop::new(),
            receiver: receiver::Settings::default(),
        }
    }

    /// The seed that all cases are drawn from. 0 unless said otherwise: the caller draws one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Cases of each property.
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The profiles; full unless said otherwise.
    #[must_use]
    pub fn profiles(mut self, profiles: &[Profile]) -> Self {
        profiles.clone_into(&mut self.selection.profiles);
        self
    }

    /// Only these requirements, parts or groups, whatever their profile.
    #[must_use]
    pub fn only<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.selection.only = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Not these requirements, parts or groups.
    #[must_use]
    pub fn skip<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.selection.skip = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Only requirements with one of these tags.
    #[must_use]
    pub fn tags<S: Into<String>>(mut self, tags: impl IntoIterator<Item = S>) -> Self {
        self.selection.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Only one of several parts of all this.
    #[must_use]
    pub fn shard(mut self, shard: Option<Shard>) -> Self {
        self.selection.shard = shard;
        self
    }

    /// Leaves operations alone that have no catalogue.
    pub(crate) fn of_catalogue(mut self) -> Self {
        self.is_of_catalogue = true;
        self
    }

    /// Whether failures of the level SHOULD count too.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// Whether the run ends with the first failure that counts.
    #[must_use]
    pub fn fail_fast(mut self, fails_fast: bool) -> Self {
        self.fails_fast = fails_fast;
        self
    }

    /// How long the run may take.
    #[must_use]
    pub fn max_time(mut self, time: Option<Duration>) -> Self {
        self.max_time = time;
        self
    }

    /// Failures that do not count until they expire.
    #[must_use]
    pub fn expect_failures(mut self, known: Vec<KnownFailure>) -> Self {
        self.known = known;
        self
    }

    /// Where callbacks are received. 127.0.0.1 and a free port, unless said otherwise.
    #[must_use]
    pub fn callback_listen(mut self, address: SocketAddr) -> Self {
        self.receiver.listen = address;
        self
    }

    /// The address by which the target reaches that, if it is another one: `http://HOST:PORT`, perhaps with a path.
    #[must_use]
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.receiver.url = Some(url.into());
        self
    }

    /// What can end the run before it is done.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The run that was described.
    ///
    /// # Errors
    /// The contract cannot be judged by, an id or a tag is not known, callbacks cannot be received, or TLS cannot be set
    /// up.
    pub fn build(self) -> Result<Run, RunError> {
        let catalogue = Requirements::bundled();
        let generic = match self.is_of_catalogue {
            true => None,
            false => Generic::of(&self.contract),
        };
        let api = match Api::new(&self.contract, &self.target) {
            Ok(api) => Some(Arc::new(api)),
            // A document without downloads has no catalogue, but it may have operations all the same.
            Err(ContractError::NoStart) if generic.is_some() => None,
            Err(error) => return Err(error.into()),
        };
        let others = generic.as_ref().map(Generic::lines).unwrap_or_default();
        let all: Vec<_> = all_lines(catalogue).map(|(_, line)| line.id).collect();
        let ids = all.iter().chain(others.iter().map(|line| &line.id));
        self.check(&ids.map(String::as_str).collect::<Vec<_>>())?;
        let lines = match &api {
            Some(_) => self.catalogue_lines(),
            None => Vec::new(),
        };
        let is_watched = |(_, line): &(_, Line)| checks::watched(&line.id).is_some();
        let doors = match lines.iter().any(is_watched) {
            true => Some(Doors::take(&self.receiver)?),
            false => None,
        };
        let others = others.into_iter();
        let others = others.filter(|line| self.selection.selects(None, line));
        let others = others.collect();
        let client = Client::new(&self.target)?;
        Ok(Run {
            lines,
            others,
            api,
            generic,
            client,
            doors,
            builder: self,
        })
    }

    /// The lines of the catalogue that were asked for.
    pub(crate) fn catalogue_lines(&self) -> Vec<(&'static Requirement, Line)> {
        all_lines(Requirements::bundled())
            .filter(|(requirement, line)| self.selection.selects(Some(requirement), line))
            .collect()
    }

    /// What the run is of; it begins now.
    pub(crate) fn about(&self, has_catalogue: bool) -> About {
        let selection = &self.selection;
        About {
            contract: Fingerprint::of_contract(&self.contract),
            catalogue: has_catalogue.then(Fingerprint::of_catalogue),
            settings: RunSettings {
                profiles: selection.profiles.clone(),
                cases: self.cases,
                only: selection.only.clone(),
                skip: selection.skip.clone(),
                tags: selection.tags.clone(),
                shard: selection.shard.map(|shard| shard.to_string()),
                fail_fast: self.fails_fast,
                max_seconds: self.max_time.map(|time| time.as_secs()),
                concurrency: self.target.limits.concurrency,
                downloads: self.target.limits.downloads,
            },
            started: jiff::Timestamp::now(),
        }
    }

    /// True for a failure that the exit code tells of.
    pub(crate) fn counts(&self, result: &LineResult) -> bool {
        let is_known = self.known.iter().any(|known| known.id == result.line.id);
        result.verdict.is_failure() && result.line.counts(self.is_strict) && !is_known
    }

    fn check(&self, ids: &[&str]) -> Result<(), RunError> {
        if let Some(id) = self.selection.unknown_id(ids) {
            return Err(RunError::UnknownId(id.to_owned()));
        }
        if let Some(tag) = self.selection.unknown_tag() {
            let known = known_tags().join(", ");
            return Err(RunError::UnknownTag(tag.to_owned(), known));
        }
        let mut known = self.known.iter().map(|failure| &failure.id);
        match known.find(|id| !ids.contains(&id.as_str())) {
            Some(id) => Err(RunError::UnknownFailure(id.clone())),
            None => Ok(()),
        }
    }
}
