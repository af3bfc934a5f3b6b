//! One job: a few words that never change. Its progress is a pure function of them and of the time.

use smsload_spec::JobView;

use crate::clock::Moment;

/// What is known of a job besides its id. There is no timer and no task behind it: whoever asks, computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// When it started.
    pub(crate) started: Moment,
    /// Microseconds from its start to its end; at least 1.
    pub(crate) transfer_micros: u64,
    /// Duration of the file in seconds.
    pub(crate) seconds: u64,
    /// Size of the file in bytes.
    pub(crate) bytes: u64,
    /// Its number among all jobs, from 0.
    pub(crate) number: u64,
    /// The last four digits of its SSRC, below [`SERIALS`](crate::ssrc::SERIALS).
    pub(crate) serial: u16,
    /// The kind of job, as an index.
    pub(crate) kind: u16,
}

impl Facts {
    /// When it ends.
    pub(crate) fn end(&self) -> Moment {
        self.started.plus_micros(self.transfer_micros)
    }

    /// Whether the whole file is there.
    pub(crate) fn is_finished(&self, now: Moment) -> bool {
        now >= self.end()
    }

    /// Bytes that are there; all of them only once it is finished, unless the file is empty.
    pub(crate) fn done(&self, now: Moment) -> u64 {
        if self.is_finished(now) {
            return self.bytes;
        }
        let passed = u128::from(now.micros_since(self.started));
        let done = u128::from(self.bytes) * passed / u128::from(self.transfer_micros.max(1));
        u64::try_from(done).unwrap_or(self.bytes)
    }

    /// The job as the contract's expressions see it; the address of its file only once that is whole.
    pub(crate) fn view<'a>(
        &self,
        id: &'a str,
        ssrc: &'a str,
        file_url: &'a str,
        now: Moment,
    ) -> JobView<'a> {
        let finished = self.is_finished(now);
        JobView {
            id,
            ssrc,
            serial: self.number,
            seconds: self.seconds,
            bytes: self.bytes,
            done: self.done(now),
            finished,
            file_url: if finished { file_url } else { "" },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Facts, Moment};

    fn facts(started: u64, transfer_micros: u64, bytes: u64) -> Facts {
        let started = Moment::from_micros(started);
        Facts {
            started,
            transfer_micros,
            seconds: 10,
            bytes,
            number: 0,
            serial: 0,
            kind: 0,
        }
    }

    #[test]
    fn it_ends_exactly_at_its_end() {
        let job = facts(1_000, 100, 1_000_000);
        let percent = |at| {
            job.view("id", "ssrc", "", Moment::from_micros(at))
                .percent()
        };
        assert_eq!(
            [0, 1_000, 1_001, 1_050, 1_099, 1_100, u64::MAX].map(percent),
            [0, 0, 1, 50, 99, 100, 100]
        );
    }

    proptest! {
        #[test]
        fn progress_never_falls_and_is_whole_only_at_the_end(
            started in 0_u64..1 << 60,
            transfer in 1_u64..1 << 60,
            bytes: u64,
            mut at in proptest::collection::vec(0_u64..1 << 62, 2..20),
        ) {
            at.sort_unstable();
            let job = facts(started, transfer, bytes);
            let mut last = (0, 0);
            for moment in at.into_iter().map(Moment::from_micros) {
                let view = job.view("id", "ssrc", "/f", moment);
                prop_assert_eq!(view.file_url.is_empty(), moment < job.end());
                prop_assert!((view.percent(), view.done) >= last);
                prop_assert!(view.done <= bytes);
                prop_assert_eq!(view.percent() == 100, moment >= job.end());
                prop_assert!(view.finished || bytes == 0 || view.done < bytes);
                last = (view.percent(), view.done);
            }
        }
    }
}
