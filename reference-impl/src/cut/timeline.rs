//! When the samples of all pieces are decoded and shown, in one track.

use std::sync::Arc;

use super::NotOneFile;
use super::layout::millis;
use super::part::Piece;
use crate::mp4::{Kind, Look, MAX_TICKS};

/// The times of a track. Ticks are those of `timescale`.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) look: Look,
    /// The least common multiple of the pieces' timescales, so that no time is rounded.
    pub(super) timescale: u32,
    /// By how much to multiply the ticks of each piece; 1 where the piece has no such track.
    factors: Vec<u32>,
    /// How much earlier than shown the first sample of each piece is decoded.
    pub(super) reorder: u32,
    /// How long the last sample of each piece lasts; 0 where the piece has no such track.
    pub(super) joints: Vec<u32>,
    /// How long all samples last together.
    pub(super) duration: u64,
    /// The edit: nothing for so long, then the media from there on, for so long.
    pub(super) delay_ms: u64,
    pub(super) media_start: u64,
    pub(super) length_ms: u64,
}

fn too_long() -> NotOneFile {
    NotOneFile("it would last too long for one file".to_owned())
}

impl Timeline {
    /// `None` if no piece has such a track.
    pub(super) fn new(kind: Kind, pieces: &[Arc<Piece>]) -> Result<Option<Self>, NotOneFile> {
        let parts = || pieces.iter().filter_map(|piece| piece.part(kind));
        let Some(look) = parts().next().map(|part| part.look.clone()) else {
            return Ok(None);
        };
        let timescale = parts().try_fold(1, |all, part| common(all, part.timescale))?;
        let factors: Vec<u32> = pieces
            .iter()
            .map(|piece| {
                piece
                    .part(kind)
                    .map_or(1, |part| timescale / part.timescale)
            })
            .collect();
        let reorder = pieces.iter().zip(&factors).filter_map(|(piece, factor)| {
            let reorder = u64::from(piece.part(kind)?.reorder) * u64::from(*factor);
            Some(reorder)
        });
        let reorder = u32::try_from(reorder.max().unwrap_or(0)).map_err(|_| too_long())?;
        let mut line = Self {
            look,
            timescale,
            factors,
            reorder,
            joints: vec![0; pieces.len()],
            duration: 0,
            delay_ms: 0,
            media_start: 0,
            length_ms: 0,
        };
        line.place(kind, pieces)?;
        Ok(Some(line))
    }

    /// Ticks of a piece in ticks of the track.
    pub(super) fn ticks(&self, piece: usize, ticks: impl Into<u64>) -> u64 {
        // At most MAX_TICKS times a factor: `place` has checked the sum of them all.
        ticks.into().saturating_mul(u64::from(self.factors[piece]))
    }

    /// Puts the pieces one after the other: each where it belongs, or right after the one before.
    fn place(&mut self, kind: Kind, pieces: &[Arc<Piece>]) -> Result<(), NotOneFile> {
        // When the first sample of all is shown, in ticks after the start of the movie.
        let mut first = None;
        // Last sample of the pieces so far: its piece, when it is decoded, how long it lasts.
        let mut last: Option<(usize, i64, u64)> = None;
        let mut elapsed_ms = 0_u64;
        for (at, piece) in pieces.iter().enumerate() {
            let start = u128::from(elapsed_ms) * u128::from(self.timescale) / 1000;
            let start = i64::try_from(start).map_err(|_| too_long())?;
            elapsed_ms = elapsed_ms.saturating_add(piece.span.millis());
            let Some(part) = piece.part(kind) else {
                continue;
            };
            let shown = part.first_shown.saturating_mul(self.factors[at].into());
            let shown = shown.saturating_add(start);
            let decoded = match last {
                None => shown,
                Some((before, time, _)) => {
                    let decoded = shown.max(time + 1);
                    self.joints[before] = joint(time, decoded)?;
                    decoded
                }
            };
            first.get_or_insert(shown);
            let end = decoded.saturating_add_unsigned(self.ticks(at, part.length));
            if end.unsigned_abs() > MAX_TICKS {
                return Err(too_long());
            }
            last = Some((at, end, self.ticks(at, part.last_delta)));
        }
        let (Some(first), Some((at, time, delta))) = (first, last) else {
            return Ok(());
        };
        let end = time.saturating_add_unsigned(delta);
        self.joints[at] = joint(time, end)?;
        self.duration = end.abs_diff(first);
        self.edit(first, end, elapsed_ms);
        Ok(())
    }

    /// Shows what lies between start and end of the movie, which lasts `movie_ms`.
    fn edit(&mut self, first: i64, end: i64, movie_ms: u64) {
        let delay = u64::try_from(first).unwrap_or(0);
        let hidden = u64::try_from(first.saturating_neg()).unwrap_or(0);
        self.delay_ms = delay.saturating_mul(1000) / u64::from(self.timescale);
        self.media_start = hidden + u64::from(self.reorder);
        let end_ms = millis(u64::try_from(end).unwrap_or(0), self.timescale);
        self.length_ms = end_ms.min(movie_ms).saturating_sub(self.delay_ms);
    }
}

/// How long a sample lasts from one time to the other.
fn joint(from: i64, to: i64) -> Result<u32, NotOneFile> {
    u32::try_from(to.saturating_sub(from))
        .map_err(|_| NotOneFile("a track of it pauses for too long".to_owned()))
}

/// The least common multiple.
fn common(one: u32, other: u32) -> Result<u32, NotOneFile> {
    let (mut a, mut b) = (one, other);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    // `a` divides both, and no timescale is 0.
    (one / a).checked_mul(other).ok_or_else(|| {
        NotOneFile(format!(
            "the timescales {one} and {other} have no common one"
        ))
    })
}
