//! PROG-09: asking does not advance progress. One download is asked in bursts, with pauses between them: its progress
//! must move in the pauses, which are long, and not in the bursts.

use std::time::Duration;

use super::prog::{NO_VALUE, about};
use crate::case::Opinion;
use crate::progress::Reading;
use crate::scene::{BURST, Download, Found, Part, View, Watched};

pub(super) const LINES: &[Watched] = &[Watched {
    line: "PROG-09",
    parts: &[Part::Watch, Part::Long, Part::Burst],
    judge: |_, view| view.of_line("PROG-09").map(|d| judge(view, d)).collect(),
}];

/// So much of the scale must come in bursts, to be suspected.
const MUCH: f64 = 0.1;
/// Bursts in which it must move.
const BURSTS: usize = 3;

/// How progress and time passed.
#[derive(Debug, Default)]
struct Passed {
    progress: f64,
    time: Duration,
    /// How many times it moved.
    moves: usize,
}

impl Passed {
    fn add(&mut self, (from, was): (&Reading, f64), (to, is): (&Reading, f64)) {
        self.progress += is - was;
        self.time += to.from.saturating_sub(from.from);
        self.moves += usize::from(is > was);
    }
}

fn judge(view: &View, download: &Download) -> Found {
    if let Some(why) = download.refusal() {
        return Found::open(about(download), why);
    }
    let numbers = download.told().filter_map(|r| Some((r, r.told.number()?)));
    let (Some(end), numbers) = (view.query_end, numbers.collect::<Vec<_>>()) else {
        return Found::open(about(download), NO_VALUE);
    };
    let (mut pauses, mut bursts) = (Passed::default(), Passed::default());
    let mut moved_in = 0;
    // One query at first, then after each pause one and a burst.
    for group in numbers.get(1..).unwrap_or_default().chunks(BURST + 1) {
        let at = numbers.iter().position(|(r, _)| r.by == group[0].0.by);
        let Some(before) = at.and_then(|at| at.checked_sub(1)) else {
            continue;
        };
        // At the end nothing moves any more, whoever asks.
        if group[0].1 >= end {
            break;
        }
        pauses.add(numbers[before], group[0]);
        let (first, last) = (group[0], group[group.len() - 1]);
        bursts.add(first, last);
        moved_in += usize::from(last.1 > first.1);
    }
    let exchanges = download
        .asked
        .iter()
        .map(|a| &a.judged.exchange)
        .take(2 * BURST + 3);
    let opinion = compare(&pauses, &bursts, moved_in, end);
    Found::new(about(download), opinion)
        .by([&download.start.exchange])
        .by(exchanges)
}

fn compare(pauses: &Passed, bursts: &Passed, moved_in: usize, end: f64) -> Opinion {
    if pauses.moves + bursts.moves == 0 {
        return Opinion::Inconclusive(
            "its progress did not move while it was asked; a longer recorded window would show more".to_owned(),
        );
    }
    // What the time of the bursts alone would bring.
    let share = bursts.time.as_secs_f64() / pauses.time.as_secs_f64().max(1e-9);
    let expected = pauses.progress * share;
    if moved_in >= BURSTS && bursts.progress > MUCH * end + 2.0 * expected {
        if bursts.time > pauses.time {
            let why = "the answers took so long that bursts and pauses cannot be told apart";
            return Opinion::Inconclusive(why.to_owned());
        }
        let ms = |passed: &Passed| passed.time.as_millis();
        return Opinion::fail(
            "progress that moves with the time, however often it is asked for",
            format!(
                "{:.1} in {} ms of many queries, {:.1} in {} ms of few",
                bursts.progress,
                ms(bursts),
                pauses.progress,
                ms(pauses)
            ),
        );
    }
    Opinion::Pass
}
