//! Scenes: what shows only over time. A scene starts downloads, watches them with all that belongs to them (progress,
//! callbacks, files) and records it; afterwards each line that it serves is judged by a pure function of the recording
//! ([`View`]). One watched download serves many lines, and all that is waited for is waited for at the same time.
//!
//! A line that fails has its parts played once more, with other windows and addresses, before it counts.

mod follow;
mod outcome;
mod parts;
mod stage;
mod view;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use outcome::{Found, conclusive};
pub(crate) use parts::{BURST, SLOW, declared_length};
pub(crate) use view::{Called, Download, View, is_of_file};

use crate::api::Api;
use crate::budget::BUDGET;
use crate::checks;
use crate::event::Event;
use crate::receiver::Receiver;
use crate::record::Round;
use crate::result::{Line, LineResult, Verdict};
use crate::session::Session;
use crate::target::Target;
use stage::Stage;

/// What is played together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A short download, from its start until it may be forgotten, with its file.
    Watch,
    /// Two longer ones at once.
    Long,
    /// One that is asked in bursts.
    Burst,
    /// Requests that are rejected, with callback addresses.
    Rejected,
    /// Callback addresses of every form.
    Addresses,
    /// Callback addresses where nobody is.
    Unreachable,
    /// Receivers that fail or redirect.
    Spoilt,
    /// A receiver that is slow.
    Slow,
    /// Own files, and what lies beside them.
    Secrets,
}

impl Part {
    /// Downloads that it starts, of these lines.
    fn downloads(self, lines: &HashSet<String>) -> u32 {
        let each = |costs: &[(&str, u32)]| {
            let wanted = costs.iter().filter(|(line, _)| lines.contains(*line));
            wanted.map(|(_, n)| n).sum()
        };
        match self {
            Self::Watch | Self::Burst => 1,
            Self::Long | Self::Slow => 2,
            Self::Rejected => 0,
            Self::Unreachable | Self::Secrets => 3,
            Self::Addresses => each(&[
                ("CALL-07", 4),
                ("CALL-07/normalised-forms", 4),
                ("CALL-07/unusual-addresses", 4),
            ]),
            Self::Spoilt => each(&[("CALL-09", 3), ("CALL-12", 1)]),
        }
    }
}

/// How a line is judged by what a scene recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    pub(crate) line: &'static str,
    pub(crate) parts: &'static [Part],
    pub(crate) judge: fn(&Api, &View) -> Vec<Found>,
}

/// Plays what some lines need, and judges them.
pub(crate) struct Scene<'s> {
    pub(crate) session: &'s Session,
    pub(crate) receiver: Option<&'s Receiver>,
    pub(crate) target: &'s Target,
    pub(crate) seed: u64,
}

impl Scene<'_> {
    /// The results of those of the lines that are judged by scenes.
    pub(crate) async fn play(&self, lines: &[Line]) -> Vec<LineResult> {
        let lines: Vec<(&Line, &Watched)> = lines
            .iter()
            .filter_map(|line| Some((line, checks::watched(&line.id)?)))
            .collect();
        if lines.is_empty() {
            return Vec::new();
        }
        let (view, left_out) = self.round("", &lines).await.unwrap_or_default();
        let view = Arc::new(view);
        let api = &self.session.api;
        let mut results: BTreeMap<&str, LineResult> = BTreeMap::new();
        let mut failing = Vec::new();
        for (line, watched) in &lines {
            let found = (watched.judge)(api, &view);
            let mut result = outcome::result((*line).clone(), &found);
            self.explain(&mut result, watched, &left_out);
            if result.verdict == Verdict::Fail {
                failing.push((*line, *watched));
            }
            results.insert(&line.id, result);
        }
        if !failing.is_empty() {
            self.repeat(&failing, &view, &mut results).await;
        }
        let ordered = lines
            .iter()
            .filter_map(|(line, _)| results.remove(line.id.as_str()));
        ordered.map(|result| self.note(result, &view)).collect()
    }

    /// Plays the parts of some lines; what came of it, and what was left out for want of downloads.
    /// Nothing where a recording has no such round.
    async fn round(
        &self,
        tag: &'static str,
        lines: &[(&Line, &Watched)],
    ) -> Option<(View, Vec<Part>)> {
        let api = &self.session.api;
        if let Some(recording) = self.session.playback() {
            let (round, receipts) = recording.round(tag)?;
            let exchanges = view::of_round(recording.exchanges(), tag);
            let exchanges: Vec<_> = exchanges.cloned().collect();
            let view = View::of(api, &exchanges, &receipts);
            return Some((view, round.left_out.clone()));
        }
        let ids: HashSet<String> = lines.iter().map(|(line, _)| line.id.clone()).collect();
        let mut wanted: Vec<Part> = lines.iter().flat_map(|(_, w)| w.parts).copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let (parts, left_out) = self.pay(&wanted, &ids);
        let mut stage = Stage::new(
            self.session,
            self.receiver,
            (self.target.limits, self.seed),
            tag,
            (parts, ids),
        );
        stage.has_callbacks = self.target.declared.callbacks && self.unheard().is_none();
        parts::play(&stage).await;
        let at = self.session.elapsed();
        let mut receipts = self.receiver.map(Receiver::receipts).unwrap_or_default();
        receipts.retain(|receipt| receipt.at <= at);
        let view = View::of(api, &stage.exchanges(), &receipts);
        let round = Round {
            tag: tag.to_owned(),
            at,
            left_out: left_out.clone(),
        };
        self.session.tell(Event::RoundJudged(round)).await;
        Some((view, left_out))
    }

    /// Sets the downloads of parts aside: no more than half of those that are left, so that other checks have theirs.
    fn pay(&self, wanted: &[Part], lines: &HashSet<String>) -> (HashSet<Part>, Vec<Part>) {
        let mut room = self.session.downloads().left().map(|left| left.div_ceil(2));
        let (paid, left_out): (Vec<_>, Vec<_>) = wanted.iter().partition(|part| {
            let cost = part.downloads(lines);
            if room.is_some_and(|room| room < cost) || !self.session.downloads().take(cost) {
                return false;
            }
            room = room.map(|room| room - cost);
            true
        });
        (paid.into_iter().collect(), left_out)
    }

    /// Plays the parts of failing lines once more.
    async fn repeat(
        &self,
        failing: &[(&Line, &Watched)],
        before: &Arc<View>,
        results: &mut BTreeMap<&str, LineResult>,
    ) {
        let gone = self.session.gone().map(str::to_owned);
        let played = match gone {
            None => self.round("again", failing).await,
            Some(_) => None,
        };
        let is_played = played.is_some();
        let (mut view, left_out) = played.unwrap_or_default();
        view.before = Some(Arc::clone(before));
        for (line, watched) in failing {
            let Some(result) = results.get_mut(line.id.as_str()) else {
                continue;
            };
            let not_repeated = self.session.gone().map(str::to_owned).or_else(|| {
                let is_out = watched.parts.iter().any(|part| left_out.contains(part));
                let is_out = is_out || !is_played;
                is_out.then(|| BUDGET.to_owned())
            });
            if let Some(why) = not_repeated {
                result.reason = Some(format!("not repeated: {why}"));
                continue;
            }
            let found = (watched.judge)(&self.session.api, &view);
            let again = outcome::result((*line).clone(), &found);
            result.cases += again.cases;
            match again.verdict {
                Verdict::Fail => {
                    result.evidence.extend(again.evidence);
                }
                Verdict::Inconclusive => {
                    let why = again.reason.unwrap_or_default();
                    result.verdict = Verdict::Flaky;
                    result.reason = Some(format!("when repeated, it was inconclusive: {why}"));
                }
                _ => {
                    result.verdict = Verdict::Flaky;
                    result.reason = Some("it did not fail when it was repeated".to_owned());
                }
            }
        }
    }

    /// Says why a line stays open, where the recording alone does not show it.
    fn explain(&self, result: &mut LineResult, watched: &Watched, left_out: &[Part]) {
        if result.verdict != Verdict::Inconclusive {
            return;
        }
        let is_left_out = watched.parts.iter().any(|part| left_out.contains(part));
        let reason = match (self.session.gone(), self.unheard()) {
            (Some(gone), _) => Some(gone.to_owned()),
            _ if is_left_out => Some(format!("{BUDGET}; allow more")),
            (_, Some(why)) if result.line.id.starts_with("CALL-") => Some(why),
            _ => None,
        };
        result.reason = reason.or(result.reason.take());
    }

    /// Why no callback can come from the target, as far as that can be seen from here.
    fn unheard(&self) -> Option<String> {
        let Some(receiver) = self.receiver else {
            return Some("callbacks could not be received".to_owned());
        };
        let is_local = |url: &url::Url| match url.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
            None => false,
        };
        let own = url::Url::parse(receiver.base()).ok()?;
        let is_far = receiver.is_default() && is_local(&own) && !is_local(&self.session.base());
        is_far.then(|| {
            format!(
                "the target is on another machine and cannot reach {}; receive callbacks where it can, with --callback-listen IP:PORT, or name the address with --callback-url",
                receiver.base()
            )
        })
    }

    /// Adds what was seen though it was not declared.
    fn note(&self, mut result: LineResult, view: &View) -> LineResult {
        if result.line.id == "PROG-07"
            && !self.target.declared.files
            && view
                .all()
                .any(|download| download.told().any(|r| r.url.is_some()))
        {
            let seen = "a file address is told, though the target file does not declare `files`";
            let reason = result.reason.take();
            result.reason = Some(reason.map_or(seen.to_owned(), |r| format!("{r}; {seen}")));
        }
        result
    }
}

/// Why a line does not apply to a target, beside what the catalogue says: progress is seen by query or by callback.
pub(crate) fn not_applicable(line: &str, target: &Target) -> Option<String> {
    let declared = target.declared;
    let is_seen = declared.progress_query || declared.callbacks;
    (line.starts_with("PROG-") && !is_seen).then(|| {
        "the target file declares neither `progress_query` nor `callbacks`, so no progress can be seen".to_owned()
    })
}
