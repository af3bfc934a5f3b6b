//! Who is next: one lane of waiting things for each receiver, and turns among the lanes. Knows no sockets and no time.
//!
//! A lane has a width: how many of its things may be under way. It starts at [`FIRST_WIDTH`], grows by one with each
//! quick exchange and is halved by each slow one. Lanes whose last exchange was slow form a group of their own; the
//! two groups take turns, and the slow one never has more than half of all places. So a receiver that does not answer
//! costs one place, and many of them half.

use std::collections::{HashMap, VecDeque};

use slab::Slab;

/// How many places a receiver has that nobody knows yet.
const FIRST_WIDTH: usize = 4;

/// A lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneId(usize);

/// How an exchange went, as to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Quick,
    Slow,
    /// Nothing was sent.
    Unknown,
}

/// The lanes.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    lanes: Slab<Lane<T>>,
    names: HashMap<Box<str>, usize>,
    well: Group,
    slow: Group,
    /// Whose turn it is.
    is_slow_next: bool,
    waiting: usize,
    places: usize,
    places_per_lane: usize,
}

/// Lanes that could start something, in the order of their turns.
#[derive(Debug, Default)]
struct Group {
    turns: VecDeque<usize>,
    under_way: usize,
}

#[derive(Debug)]
struct Lane<T> {
    name: Box<str>,
    /// How many hold on to this lane.
    holders: usize,
    waiting: VecDeque<T>,
    under_way: usize,
    width: usize,
    is_slow: bool,
    has_turn: bool,
}

impl<T> Lanes<T> {
    /// No lanes; at most `places` things under way, at most `places_per_lane` of one lane.
    pub(super) fn new(places: usize, places_per_lane: usize) -> Self {
        Self {
            lanes: Slab::new(),
            names: HashMap::new(),
            well: Group::default(),
            slow: Group::default(),
            is_slow_next: false,
            waiting: 0,
            places,
            places_per_lane,
        }
    }

    /// The lane of a name; it stays while somebody holds on to it. Letter case makes no difference.
    pub(super) fn hold(&mut self, name: &str) -> LaneId {
        let name = name.to_ascii_lowercase().into_boxed_str();
        let lanes = &mut self.lanes;
        let width = FIRST_WIDTH.min(self.places_per_lane);
        let id = *self.names.entry(name).or_insert_with_key(|name| {
            lanes.insert(Lane {
                name: name.clone(),
                holders: 0,
                waiting: VecDeque::new(),
                under_way: 0,
                width,
                is_slow: false,
                has_turn: false,
            })
        });
        self.lanes[id].holders += 1;
        LaneId(id)
    }

    /// Lets go of a lane. Whoever does has nothing waiting or under way there.
    pub(super) fn release(&mut self, LaneId(id): LaneId) {
        self.lanes[id].holders -= 1;
        if self.lanes[id].holders == 0 {
            let lane = self.lanes.remove(id);
            self.names.remove(&lane.name);
        }
    }

    /// Lets something wait.
    pub(super) fn push(&mut self, LaneId(id): LaneId, thing: T) {
        self.lanes[id].waiting.push_back(thing);
        self.waiting += 1;
        self.give_turn(id);
    }

    /// Starts the next thing, if there is one and a place for it; and whether its receiver is slow.
    pub(super) fn pop(&mut self) -> Option<(T, bool)> {
        loop {
            let is_slow = self.next_group()?;
            let id = self.group(is_slow).turns.pop_front()?;
            let lane = &mut self.lanes[id];
            lane.has_turn = false;
            if lane.under_way >= lane.width {
                // It was narrowed meanwhile; what it has under way gives it its next turn.
                continue;
            }
            let thing = lane.waiting.pop_front()?;
            lane.under_way += 1;
            self.group(is_slow).under_way += 1;
            self.is_slow_next = !is_slow;
            self.waiting -= 1;
            self.give_turn(id);
            return Some((thing, is_slow));
        }
    }

    /// Something that was started is done.
    pub(super) fn done(&mut self, LaneId(id): LaneId, pace: Pace) {
        let lane = &mut self.lanes[id];
        let was_slow = lane.is_slow;
        match pace {
            Pace::Quick => lane.width = (lane.width + 1).min(self.places_per_lane),
            Pace::Slow => lane.width = (lane.width / 2).max(1),
            Pace::Unknown => {}
        }
        lane.under_way -= 1;
        self.group(was_slow).under_way -= 1;
        match pace {
            Pace::Quick => self.regroup(id, false),
            Pace::Slow => self.regroup(id, true),
            Pace::Unknown => {}
        }
        self.give_turn(id);
    }

    /// Whether nothing is waiting or under way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting == 0 && self.under_way() == 0
    }

    fn under_way(&self) -> usize {
        self.well.under_way + self.slow.under_way
    }

    /// Which group may start something; whether it is the slow one.
    fn next_group(&self) -> Option<bool> {
        if self.under_way() >= self.places {
            return None;
        }
        let slow_share = (self.places / 2).max(1);
        let can_slow = !self.slow.turns.is_empty() && self.slow.under_way < slow_share;
        let can_well = !self.well.turns.is_empty();
        match (can_well, can_slow) {
            (true, true) => Some(self.is_slow_next),
            (true, false) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    fn group(&mut self, is_slow: bool) -> &mut Group {
        if is_slow {
            &mut self.slow
        } else {
            &mut self.well
        }
    }

    fn give_turn(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        if !lane.has_turn && !lane.waiting.is_empty() && lane.under_way < lane.width {
            lane.has_turn = true;
            let is_slow = lane.is_slow;
            self.group(is_slow).turns.push_back(id);
        }
    }

    /// Moves a lane to the other group. It walks through the turns; but each move to the slow ones was paid with a slow
    /// exchange, so that there are few.
    fn regroup(&mut self, id: usize, is_slow: bool) {
        let lane = &mut self.lanes[id];
        let was_slow = std::mem::replace(&mut lane.is_slow, is_slow);
        if was_slow == is_slow {
            return;
        }
        let (under_way, had_turn) = (lane.under_way, std::mem::take(&mut lane.has_turn));
        let from = self.group(was_slow);
        from.under_way -= under_way;
        if had_turn {
            from.turns.retain(|other| *other != id);
        }
        self.group(is_slow).under_way += under_way;
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
