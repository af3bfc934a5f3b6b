//! The tables of a track: times, sizes and places of its samples, in runs.
//!
//! Samples are numbered from 0 in the order in which they are decoded.

use std::ops::Range;

use super::{MAX_TICKS, Mp4Error, broken};

/// Most samples that last no time: who looks for a time passes them one by one.
const MAX_IDLE: u32 = 1 << 16;

/// Most chunks of a track: half a day of sound with a chunk for every frame.
const MAX_CHUNKS: usize = 1 << 21;

/// When samples are decoded: runs of equal distances.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    runs: Vec<TimeRun>,
    count: u32,
    /// After the last sample.
    end: u64,
    /// Samples that last no time.
    idle: u32,
}

#[derive(Debug, Clone, Copy)]
struct TimeRun {
    first: u32,
    delta: u32,
    time: u64,
}

impl Times {
    /// About how many bytes of memory they take.
    pub(super) fn weight(&self) -> usize {
        size_of_val(self.runs.as_slice())
    }

    /// No samples yet, the first of which will be at `origin`.
    pub(super) fn starting_at(origin: u64) -> Self {
        Self {
            end: origin,
            ..Self::default()
        }
    }

    /// Adds `count` samples that last `delta` ticks each.
    pub(super) fn push(&mut self, count: u32, delta: u32) -> Result<(), Mp4Error> {
        let (Some(samples), Some(end)) = (
            self.count.checked_add(count),
            self.end.checked_add(u64::from(count) * u64::from(delta)),
        ) else {
            return broken("it has too many samples");
        };
        if end > MAX_TICKS {
            return broken("its times are too large");
        }
        if delta == 0 {
            self.idle = self.idle.saturating_add(count);
        }
        if self.idle > MAX_IDLE {
            return broken("too many of its samples last no time");
        }
        if count > 0 && self.runs.last().is_none_or(|run| run.delta != delta) {
            let (first, time) = (self.count, self.end);
            self.runs.push(TimeRun { first, delta, time });
        }
        (self.count, self.end) = (samples, end);
        Ok(())
    }

    /// Makes the last sample last until `time`, if that is later than it does.
    pub(super) fn stretch(&mut self, time: u64) -> Result<(), Mp4Error> {
        let Some(last) = self.count.checked_sub(1).filter(|_| time > self.end) else {
            return Ok(());
        };
        let start = self.at(last);
        let Ok(delta) = u32::try_from(time - start) else {
            return broken("it has a hole in its times");
        };
        self.count = last;
        self.end = start;
        if self.runs.last().is_some_and(|run| run.first == last) {
            self.runs.pop();
        }
        self.push(1, delta)
    }

    /// Only the first `count` samples.
    pub(super) fn truncate(&mut self, count: u32) {
        if count < self.count {
            self.end = self.at(count);
            self.count = count;
            let runs = self.runs.partition_point(|run| run.first < count);
            self.runs.truncate(runs);
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    fn run_of(&self, sample: u32) -> Option<TimeRun> {
        let after = self.runs.partition_point(|run| run.first <= sample);
        self.runs.get(after.checked_sub(1)?).copied()
    }

    /// When `sample` is decoded.
    pub(crate) fn at(&self, sample: u32) -> u64 {
        self.run_of(sample).map_or(self.end, |run| {
            run.time + u64::from(sample - run.first) * u64::from(run.delta)
        })
    }

    /// How long `sample` lasts.
    pub(crate) fn delta(&self, sample: u32) -> u32 {
        self.run_of(sample).map_or(0, |run| run.delta)
    }

    /// The last sample that is decoded no later than `time`; the first if there is none.
    pub(crate) fn sample_at(&self, time: i64) -> u32 {
        let Ok(time) = u64::try_from(time) else {
            return 0;
        };
        let after = self.runs.partition_point(|run| run.time <= time);
        let Some(run) = after.checked_sub(1).and_then(|at| self.runs.get(at)) else {
            return 0;
        };
        let next = self.runs.get(after).map_or(self.count, |next| next.first);
        let last = next.saturating_sub(1);
        match (time - run.time).checked_div(u64::from(run.delta)) {
            Some(within) => u32::try_from(within)
                .ok()
                .and_then(|within| run.first.checked_add(within))
                .map_or(last, |sample| sample.min(last)),
            None => last,
        }
    }

    /// The runs of a range of samples: how many, and how long each lasts.
    pub(crate) fn clip(&self, samples: Range<u32>) -> impl Iterator<Item = (u32, u32)> {
        clip(&self.runs, self.count, samples, |run| run.first)
            .map(|(count, run)| (count, run.delta))
    }
}

/// How much later than it is decoded a sample is shown: runs of equal offsets, in ticks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offsets {
    runs: Vec<(u32, i32)>,
    count: u32,
    least: i32,
    most: i32,
}

impl Offsets {
    /// About how many bytes of memory they take.
    pub(super) fn weight(&self) -> usize {
        size_of_val(self.runs.as_slice())
    }

    /// Adds `count` samples with this offset.
    pub(super) fn push(&mut self, count: u32, offset: i32) -> Result<(), Mp4Error> {
        let Some(samples) = self.count.checked_add(count) else {
            return broken("it has too many samples");
        };
        if count > 0 {
            if self.runs.last().is_none_or(|run| run.1 != offset) {
                self.runs.push((self.count, offset));
            }
            self.least = self.least.min(offset);
            self.most = self.most.max(offset);
        }
        self.count = samples;
        Ok(())
    }

    /// Makes it exactly `count` samples: what is missing has offset 0.
    pub(super) fn fit(&mut self, count: u32) -> Result<(), Mp4Error> {
        if let Some(missing) = count.checked_sub(self.count) {
            return self.push(missing, 0);
        }
        self.count = count;
        let runs = self.runs.partition_point(|run| run.0 < count);
        self.runs.truncate(runs);
        Ok(())
    }

    pub(crate) fn at(&self, sample: u32) -> i32 {
        let after = self.runs.partition_point(|run| run.0 <= sample);
        let run = after.checked_sub(1).and_then(|at| self.runs.get(at));
        run.map_or(0, |run| run.1)
    }

    /// No offset is less than this; at most 0.
    pub(crate) fn least(&self) -> i32 {
        self.least
    }

    /// No offset is more than this; at least 0.
    pub(crate) fn most(&self) -> i32 {
        self.most
    }

    /// The runs of a range of samples: how many, and their offset.
    pub(crate) fn clip(&self, samples: Range<u32>) -> impl Iterator<Item = (u32, i32)> {
        clip(&self.runs, self.count, samples, |run| run.0).map(|(count, run)| (count, run.1))
    }
}

/// The runs within `samples`, each with how many samples of it are within.
fn clip<T: Copy>(
    runs: &[T],
    count: u32,
    samples: Range<u32>,
    first: impl Fn(&T) -> u32 + Copy,
) -> impl Iterator<Item = (u32, T)> {
    let start = runs
        .partition_point(|run| first(run) <= samples.start)
        .saturating_sub(1);
    let end = samples.end.min(count);
    let runs = runs.get(start..).unwrap_or_default();
    let nexts = runs.iter().skip(1).map(first).chain([count]);
    runs.iter()
        .zip(nexts)
        .take_while(move |(run, _)| first(run) < end)
        .map(move |(run, next)| {
            let within = next.min(end).saturating_sub(first(run).max(samples.start));
            (within, *run)
        })
        .filter(|(within, _)| *within > 0)
}

/// How many bytes samples have.
#[derive(Debug, Clone)]
pub(crate) enum Sizes {
    /// All the same.
    Uniform(u32),
    /// Each its own.
    Various(Vec<u32>),
}

impl Sizes {
    /// About how many bytes of memory they take.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Uniform(_) => 0,
            Self::Various(sizes) => size_of_val(sizes.as_slice()),
        }
    }

    /// The bytes of a range of samples.
    pub(crate) fn sum(&self, samples: Range<u32>) -> u64 {
        match self {
            Self::Uniform(size) => u64::from(*size) * samples.len() as u64,
            Self::Various(_) => self.each(samples).iter().copied().map(u64::from).sum(),
        }
    }

    /// The sizes of a range of samples, if they have their own.
    pub(crate) fn each(&self, samples: Range<u32>) -> &[u32] {
        match self {
            Self::Uniform(_) => &[],
            Self::Various(sizes) => sizes
                .get(samples.start as usize..samples.end as usize)
                .unwrap_or_default(),
        }
    }
}

/// Samples that lie one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Where the first of them lies in the file.
    pub(crate) offset: u64,
    pub(crate) samples: Range<u32>,
    /// Which of the track's sample entries describes them, from 0.
    pub(crate) entry: u16,
}

/// Where samples lie.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunks {
    /// Offset, first sample, sample entry; none is empty.
    chunks: Vec<(u64, u32, u16)>,
    count: u32,
}

impl Chunks {
    /// About how many bytes of memory they take.
    pub(super) fn weight(&self) -> usize {
        size_of_val(self.chunks.as_slice())
    }

    /// Adds a chunk of `count` samples.
    pub(super) fn push(&mut self, offset: u64, count: u32, entry: u16) -> Result<(), Mp4Error> {
        let Some(samples) = self.count.checked_add(count) else {
            return broken("it has too many samples");
        };
        if self.chunks.len() >= MAX_CHUNKS {
            let most = format!("a track of more than {MAX_CHUNKS} chunks");
            return Err(Mp4Error::Unsupported(most));
        }
        if count > 0 {
            self.chunks.push((offset, self.count, entry));
        }
        self.count = samples;
        Ok(())
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Only the first `count` samples.
    pub(super) fn truncate(&mut self, count: u32) {
        self.count = self.count.min(count);
        let chunks = self.chunks.partition_point(|chunk| chunk.1 < count);
        self.chunks.truncate(chunks);
    }

    /// All of them, or the parts of them, with samples in this range.
    pub(crate) fn clip<'a>(
        &'a self,
        samples: Range<u32>,
        sizes: &'a Sizes,
    ) -> impl Iterator<Item = Chunk> + 'a {
        let start = self
            .chunks
            .partition_point(|chunk| chunk.1 <= samples.start)
            .saturating_sub(1);
        let chunks = self.chunks.get(start..).unwrap_or_default();
        let nexts = chunks.iter().skip(1).map(|chunk| chunk.1);
        let part = move |(&(offset, first, entry), next): (&(u64, u32, u16), u32)| {
            let within = first.max(samples.start)..next.min(samples.end);
            (within.start < within.end).then(|| Chunk {
                // An offset past the end of the file is found out when the track is checked.
                offset: offset.saturating_add(sizes.sum(first..within.start)),
                samples: within,
                entry,
            })
        };
        chunks.iter().zip(nexts.chain([self.count])).map_while(part)
    }
}
