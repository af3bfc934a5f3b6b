//! Charts, computed here and drawn as SVG by the template. Every chart has its figures beside it in text.

use crate::report::model::{Group, Report, Requirement};
use crate::report::times::AnswerTimes;
use crate::report::watched::{Told, WatchedDownload};
use crate::report::words::VERDICTS;
use crate::result::Verdict;

use super::{Word, verdict_word};

/// Operations whose answer times are drawn.
const OPERATIONS: usize = 4;
/// Width and height of the plane of a chart, in its own units.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 120.0;

/// Verdicts of a group: parts of a bar.
pub(super) struct GroupBar<'r> {
    pub(super) group: &'r Group,
    pub(super) parts: Vec<Part>,
}

/// A part of a bar.
pub(super) struct Part {
    pub(super) verdict: Word,
    pub(super) count: usize,
    /// In hundredths of the widest bar.
    pub(super) x: String,
    pub(super) width: String,
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
pub(super) fn groups(report: &Report) -> Vec<GroupBar<'_>> {
    let count = |group: &Group, verdict: Option<Verdict>| {
        let all = report.requirements.iter();
        let is_own = |r: &&Requirement| {
            r.group == group.id && verdict.is_none_or(|verdict| r.verdict == verdict)
        };
        all.filter(is_own).count()
    };
    let sizes = report.groups.iter().map(|group| count(group, None));
    let most = sizes.max().unwrap_or(1).max(1) as f64;
    let bars = report.groups.iter().map(|group| {
        let mut before = 0;
        let mut parts = Vec::new();
        for verdict in VERDICTS {
            let count = count(group, Some(verdict));
            if count > 0 {
                parts.push(Part {
                    verdict: verdict_word(verdict),
                    count,
                    x: format!("{:.2}", before as f64 * 100.0 / most),
                    width: format!("{:.2}", count as f64 * 100.0 / most),
                });
            }
            before += count;
        }
        GroupBar { group, parts }
    });
    bars.collect()
}

/// How long answers took.
pub(super) struct Histogram<'r> {
    pub(super) times: &'r AnswerTimes,
    pub(super) bars: Vec<Rect>,
    /// First and last bound, for the axis.
    pub(super) from: String,
    pub(super) to: String,
}

/// A rectangle.
pub(super) struct Rect {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    /// What it stands for.
    pub(super) up_to: String,
    pub(super) count: u64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a chart needs no more than 53 bits"
)]
pub(super) fn times(report: &Report) -> Vec<Histogram<'_>> {
    let mut all: Vec<_> = report
        .answer_times
        .iter()
        .filter(|t| !t.bars.is_empty())
        .collect();
    all.sort_by_key(|times| std::cmp::Reverse(times.count));
    all.truncate(OPERATIONS);
    let chart = |times: &'_ AnswerTimes| {
        let most = times.bars.iter().map(|b| b.count).max().unwrap_or(1).max(1) as f64;
        let step = WIDTH / times.bars.len() as f64;
        let bar = |(n, bar): (usize, &crate::report::times::Bar)| {
            // A bar that stands for something is always seen.
            let height = if bar.count == 0 {
                0.0
            } else {
                (bar.count as f64 / most * HEIGHT).max(1.5)
            };
            Rect {
                x: format!("{:.1}", n as f64 * step + 1.0),
                y: format!("{:.1}", HEIGHT - height),
                width: format!("{:.1}", (step - 2.0).max(1.0)),
                height: format!("{height:.1}"),
                up_to: milliseconds(&bar.up_to),
                count: bar.count,
            }
        };
        times.bars.iter().enumerate().map(bar).collect::<Vec<_>>()
    };
    let histograms = all.into_iter().map(|times| Histogram {
        bars: chart(times),
        from: milliseconds(&times.bars.first().map_or(0.0, |bar| bar.up_to / 2.0)),
        to: milliseconds(&times.bars.last().map_or(0.0, |bar| bar.up_to)),
        times,
    });
    histograms.collect()
}

/// Milliseconds with as many digits as say something.
pub(super) fn milliseconds(value: &f64) -> String {
    match *value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// The progress of a download over time.
pub(super) struct Progress<'r> {
    pub(super) download: &'r WatchedDownload,
    /// Points of the line of what the query told.
    pub(super) line: String,
    pub(super) queries: Vec<Dot>,
    pub(super) callbacks: Vec<Dot>,
    /// Seconds, from the first to the last.
    pub(super) span: String,
}

/// A point.
pub(super) struct Dot {
    pub(super) x: String,
    pub(super) y: String,
    /// `3.2 s: 40 %`.
    pub(super) title: String,
}

pub(super) fn progress(report: &Report) -> Vec<Progress<'_>> {
    report.downloads.iter().map(Progress::of).collect()
}

impl<'r> Progress<'r> {
    fn of(download: &'r WatchedDownload) -> Self {
        let all = || download.by_query.iter().chain(&download.by_callback);
        let first = all().map(|t| t.at).fold(f64::INFINITY, f64::min);
        let last = all().map(|t| t.at).fold(f64::NEG_INFINITY, f64::max);
        let span = (last - first).max(1e-6);
        let dot = |told: &Told| {
            let x = (told.at - first) / span * WIDTH;
            let y = HEIGHT - told.percent.clamp(0.0, 100.0) / 100.0 * HEIGHT;
            Dot {
                x: format!("{x:.1}"),
                y: format!("{y:.1}"),
                title: format!("{:.2} s: {:.0} %", told.at - first, told.percent),
            }
        };
        let queries: Vec<_> = download.by_query.iter().map(dot).collect();
        let points: Vec<_> = queries.iter().map(|d| format!("{},{}", d.x, d.y)).collect();
        Self {
            download,
            line: points.join(" "),
            queries,
            callbacks: download.by_callback.iter().map(dot).collect(),
            span: format!("{span:.1}"),
        }
    }
}
