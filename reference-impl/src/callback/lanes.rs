//! Whose callback is sent next: each receiver has a lane, and the lanes take turns.
//!
//! A receiver that is slow or dead fills its own lane and no other. Of one job at most one letter is
//! under way, so that its letters arrive in order.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::clock::Millis;
use crate::job::JobKey;
use crate::store::Due;

/// How many letters are under way at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// To all receivers.
    pub(crate) all: usize,
    /// To one of them.
    pub(crate) per_receiver: usize,
}

/// The letters that wait and those under way.
#[derive(Debug)]
pub(super) struct Lanes {
    places: Places,
    under_way: usize,
    /// When each letter may be sent, soonest first.
    waiting: BTreeSet<(Millis, JobKey)>,
    letters: HashMap<JobKey, Letter>,
    lanes: HashMap<String, Lane>,
    /// Receivers with a letter that may be sent and a place for it.
    turns: VecDeque<String>,
}

#[derive(Debug)]
struct Letter {
    receiver: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Waiting(Millis),
    Ready,
    /// Under way; what was noted meanwhile.
    UnderWay(Option<Due>),
}

#[derive(Debug, Default)]
struct Lane {
    ready: VecDeque<JobKey>,
    under_way: usize,
    has_turn: bool,
}

impl Lanes {
    pub(super) fn new(places: Places) -> Self {
        Self {
            places,
            under_way: 0,
            waiting: BTreeSet::new(),
            letters: HashMap::new(),
            lanes: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    /// Notes that a job has a letter.
    pub(super) fn note(&mut self, due: Due) {
        let (key, at) = (due.key, due.at);
        match self.letters.get_mut(&key) {
            Some(Letter { stage, .. }) => match stage {
                Stage::UnderWay(noted) => *noted = Some(due),
                Stage::Ready => {}
                Stage::Waiting(before) => {
                    self.waiting.remove(&(*before, key));
                    self.waiting.insert((at, key));
                    *before = at;
                }
            },
            None => {
                self.waiting.insert((at, key));
                let stage = Stage::Waiting(at);
                let receiver = due.receiver;
                self.letters.insert(key, Letter { receiver, stage });
            }
        }
    }

    /// The next letter to send now; it is under way then.
    pub(super) fn next(&mut self, now: Millis) -> Option<JobKey> {
        self.make_ready(now);
        if self.under_way >= self.places.all {
            return None;
        }
        let receiver = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&receiver)?;
        lane.has_turn = false;
        let key = lane.ready.pop_front()?;
        lane.under_way += 1;
        self.under_way += 1;
        if let Some(letter) = self.letters.get_mut(&key) {
            letter.stage = Stage::UnderWay(None);
        }
        self.give_turn(&receiver);
        Some(key)
    }

    /// A letter is no longer under way; if it was not sent, it is looked for again at `again`.
    pub(super) fn done(&mut self, key: JobKey, again: Option<Millis>) {
        let Some(letter) = self.letters.remove(&key) else {
            return;
        };
        self.under_way -= 1;
        if let Some(lane) = self.lanes.get_mut(&letter.receiver) {
            lane.under_way -= 1;
        }
        self.give_turn(&letter.receiver);
        let noted = match letter.stage {
            Stage::UnderWay(noted) => noted,
            Stage::Waiting(_) | Stage::Ready => None,
        };
        let again = again.map(|at| Due {
            key,
            receiver: letter.receiver,
            at,
        });
        if let Some(due) = noted.or(again) {
            self.note(due);
        }
    }

    /// When the next letter may be sent that may not yet.
    pub(super) fn next_due(&self) -> Option<Millis> {
        self.waiting.first().map(|(at, _)| *at)
    }

    fn make_ready(&mut self, now: Millis) {
        while let Some(&(at, key)) = self.waiting.first()
            && at <= now
        {
            self.waiting.pop_first();
            let Some(letter) = self.letters.get_mut(&key) else {
                continue;
            };
            letter.stage = Stage::Ready;
            let receiver = letter.receiver.clone();
            let lane = self.lanes.entry(receiver.clone()).or_default();
            lane.ready.push_back(key);
            self.give_turn(&receiver);
        }
    }

    /// Puts a receiver into the round if it has something and a place; forgets it if it has nothing.
    fn give_turn(&mut self, receiver: &str) {
        let Some(lane) = self.lanes.get_mut(receiver) else {
            return;
        };
        if lane.ready.is_empty() {
            if lane.under_way == 0 {
                self.lanes.remove(receiver);
            }
        } else if !lane.has_turn && lane.under_way < self.places.per_receiver {
            lane.has_turn = true;
            self.turns.push_back(receiver.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places = Places {
        all: 3,
        per_receiver: 2,
    };

    fn due(key: i64, receiver: &str, at: u64) -> Due {
        Due {
            key: JobKey(key),
            receiver: receiver.to_owned(),
            at: Millis(at),
        }
    }

    fn sendable(lanes: &mut Lanes, now: u64) -> Vec<i64> {
        std::iter::from_fn(|| lanes.next(Millis(now)))
            .map(|key| key.0)
            .collect()
    }

    #[test]
    fn a_receiver_with_many_letters_leaves_room_for_others() {
        let mut lanes = Lanes::new(PLACES);
        for key in 0..10 {
            lanes.note(due(key, "slow", 0));
        }
        lanes.note(due(10, "other", 0));
        assert_eq!(sendable(&mut lanes, 0), [0, 10, 1]);
        lanes.done(JobKey(10), None);
        assert_eq!(
            sendable(&mut lanes, 0),
            [0; 0],
            "the slow one has its two places"
        );
        lanes.done(JobKey(1), None);
        assert_eq!(sendable(&mut lanes, 0), [2]);
    }

    #[test]
    fn nothing_is_sent_before_its_time_and_one_letter_of_a_job_at_once() {
        let mut lanes = Lanes::new(PLACES);
        lanes.note(due(1, "r", 5));
        assert_eq!(sendable(&mut lanes, 4), [0; 0]);
        assert_eq!(lanes.next_due(), Some(Millis(5)));
        lanes.note(due(1, "r", 3));
        assert_eq!(sendable(&mut lanes, 4), [1]);
        lanes.note(due(1, "r", 4));
        assert_eq!(sendable(&mut lanes, 9), [0; 0]);
        lanes.done(JobKey(1), None);
        assert_eq!(sendable(&mut lanes, 9), [1]);
        lanes.done(JobKey(1), None);
        assert!(lanes.letters.is_empty() && lanes.lanes.is_empty() && lanes.turns.is_empty());
        assert_eq!(lanes.under_way, 0);
    }
}
