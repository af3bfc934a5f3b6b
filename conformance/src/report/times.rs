//! How long answers took, in a table whose size does not depend on their number: eight steps for each doubling, so that a
//! quantile is right within 9 %.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Steps for each doubling of the time.
const STEPS: f64 = 8.0;
/// Steps in all: up to 2^36 µs, a day.
const MOST: usize = 8 * 36;

/// How long the answers of an operation took, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerTimes {
    /// The id of the operation; `other` for requests that are for none.
    pub operation: String,
    /// Answers.
    pub count: u64,
    /// Half of them took no longer.
    pub median: f64,
    /// 90 % of them took no longer.
    pub p90: f64,
    /// 99 % of them took no longer.
    pub p99: f64,
    /// None took longer.
    pub max: f64,
    /// How many took how long: up to these milliseconds, and longer than the bar before. Bars without any at both ends
    /// are left out.
    pub bars: Vec<Bar>,
}

/// A bar of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Milliseconds.
    pub up_to: f64,
    /// Answers.
    pub count: u64,
}

/// Collects times.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<(String, Table)>);

#[derive(Debug)]
struct Table {
    counts: Vec<u64>,
    max: Duration,
}

impl Times {
    pub(crate) fn add(&mut self, operation: &str, took: Duration) {
        let at = self.0.iter().position(|(name, _)| name == operation);
        let at = at.unwrap_or_else(|| {
            let table = Table {
                counts: vec![0; MOST],
                max: Duration::ZERO,
            };
            self.0.push((operation.to_owned(), table));
            self.0.len() - 1
        });
        let table = &mut self.0[at].1;
        table.counts[step(took)] += 1;
        table.max = table.max.max(took);
    }

    pub(crate) fn report(&self) -> Vec<AnswerTimes> {
        self.0
            .iter()
            .map(|(name, table)| table.report(name))
            .collect()
    }
}

fn step(took: Duration) -> usize {
    let microseconds = took.as_secs_f64() * 1e6;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number that is not negative"
    )]
    let step = (microseconds.max(1.0).log2() * STEPS).ceil() as usize;
    step.min(MOST - 1)
}

/// The upper end of a step, in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "at most 288")]
fn end(step: usize) -> f64 {
    (step as f64 / STEPS).exp2() / 1e3
}

impl Table {
    fn report(&self, name: &str) -> AnswerTimes {
        let count: u64 = self.counts.iter().sum();
        let max = self.max.as_secs_f64() * 1e3;
        let quantile = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut seen = 0;
            let found = self.counts.iter().position(|n| {
                seen += n;
                seen >= rank
            });
            rounded(end(found.unwrap_or(MOST - 1)).min(max))
        };
        let doublings = self.counts.chunks(8).map(|steps| steps.iter().sum());
        let bars = doublings.enumerate().map(|(n, count)| Bar {
            up_to: rounded(end(n * 8 + 7)),
            count,
        });
        let mut bars: Vec<_> = bars.skip_while(|bar| bar.count == 0).collect();
        let used = bars.iter().rposition(|bar| bar.count > 0);
        bars.truncate(used.map_or(0, |last| last + 1));
        AnswerTimes {
            operation: name.to_owned(),
            count,
            median: quantile(50),
            p90: quantile(90),
            p99: quantile(99),
            max: rounded(max),
            bars,
        }
    }
}

/// To whole microseconds.
fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Times;

    #[test]
    fn quantiles_are_right_within_a_step() {
        let mut times = Times::default();
        for n in 1..=1000_u64 {
            times.add("a", Duration::from_millis(n));
        }
        let report = &times.report()[0];
        assert_eq!(report.count, 1000);
        for (seen, exact) in [
            (report.median, 500.0),
            (report.p90, 900.0),
            (report.p99, 990.0),
        ] {
            assert!(seen >= exact && seen <= exact * 1.1, "{seen} for {exact}");
        }
        assert!((report.max - 1000.0).abs() < 1e-9);
        assert_eq!(report.bars.iter().map(|b| b.count).sum::<u64>(), 1000);
        assert!(report.bars[0].count > 0);
    }

    #[test]
    fn nothing_is_too_short_or_too_long() {
        let mut times = Times::default();
        times.add("a", Duration::ZERO);
        times.add("a", Duration::from_secs(u64::from(u32::MAX)));
        assert_eq!(times.report()[0].count, 2);
    }
}
