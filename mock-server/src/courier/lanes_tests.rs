use std::collections::HashMap;

use proptest::prelude::*;

use super::{FIRST_WIDTH, LaneId, Lanes, Pace};

/// Starts all that can start; returns what it was.
fn start<T>(lanes: &mut Lanes<T>) -> Vec<T> {
    std::iter::from_fn(|| lanes.pop().map(|(thing, _)| thing)).collect()
}

#[test]
fn lanes_take_turns() {
    let mut lanes = Lanes::new(6, 100);
    let (a, b) = (lanes.hold("a"), lanes.hold("b"));
    (0..10).for_each(|n| lanes.push(a, ('a', n)));
    (0..2).for_each(|n| lanes.push(b, ('b', n)));
    let started = start(&mut lanes);
    let expected = [('a', 0), ('b', 0), ('a', 1), ('b', 1), ('a', 2), ('a', 3)];
    assert_eq!(started, expected);
    assert!(lanes.pop().is_none());
}

#[test]
fn a_quick_lane_grows_and_a_slow_one_shrinks_to_one() {
    let mut lanes = Lanes::new(1_000, 10);
    let a = lanes.hold("a");
    (0..1_000).for_each(|n| lanes.push(a, n));
    let mut under_way = start(&mut lanes).len();
    assert_eq!(under_way, FIRST_WIDTH);
    let mut widths = Vec::new();
    for _ in 0..8 {
        lanes.done(a, Pace::Quick);
        under_way += start(&mut lanes).len();
        under_way -= 1;
        widths.push(under_way);
    }
    assert_eq!(widths, [5, 6, 7, 8, 9, 10, 10, 10]);
    for _ in 0..20 {
        lanes.done(a, Pace::Slow);
        under_way -= 1;
        under_way += start(&mut lanes).len();
    }
    assert_eq!(under_way, 1);
    lanes.done(a, Pace::Unknown);
    assert_eq!(start(&mut lanes).len(), 1);
}

#[test]
fn slow_lanes_together_get_half() {
    let mut lanes = Lanes::new(10, 10);
    let slow: Vec<LaneId> = (0..100).map(|n| lanes.hold(&n.to_string())).collect();
    for id in &slow {
        lanes.push(*id, *id);
        assert_eq!(lanes.pop(), Some((*id, false)));
        lanes.done(*id, Pace::Slow);
    }
    slow.iter().for_each(|id| lanes.push(*id, *id));
    assert_eq!(start(&mut lanes).len(), 5);
    let well = lanes.hold("well");
    lanes.push(well, well);
    assert_eq!(lanes.pop(), Some((well, false)));
}

#[test]
fn a_slow_lane_still_has_its_turns() {
    let mut lanes = Lanes::new(1, 1);
    let (slow, well) = (lanes.hold("slow"), lanes.hold("well"));
    lanes.push(slow, slow);
    assert_eq!(lanes.pop(), Some((slow, false)));
    lanes.done(slow, Pace::Slow);
    for id in [slow, slow, well, well] {
        lanes.push(id, id);
    }
    let turns: Vec<_> = std::iter::from_fn(|| {
        let (id, is_slow) = lanes.pop()?;
        lanes.done(id, if is_slow { Pace::Slow } else { Pace::Quick });
        Some(id)
    })
    .collect();
    assert_eq!(turns, [slow, well, slow, well]);
}

#[test]
fn a_lane_is_one_for_all_spellings_and_goes_with_its_last_holder() {
    let mut lanes = Lanes::<()>::new(1, 1);
    let a = lanes.hold("Host:1");
    assert_eq!(lanes.hold("host:1"), a);
    assert_ne!(lanes.hold("host:2"), a);
    lanes.release(a);
    lanes.push(a, ());
    assert!(lanes.pop().is_some());
    lanes.done(a, Pace::Slow);
    lanes.release(a);
    assert_eq!(lanes.names.len(), 1);
    assert!(lanes.is_idle());
}

proptest! {
    /// Any work on any lanes: bounds are kept, a lane keeps its order, nothing is lost, all is done in the end.
    #[test]
    fn nothing_is_lost_and_bounds_are_kept(
        places in 1_usize..8,
        per_lane in 1_usize..6,
        steps in proptest::collection::vec((0_usize..5, 0_u8..4), 1..300),
    ) {
        let mut lanes = Lanes::new(places, per_lane);
        let ids: Vec<_> = (0..5).map(|n| lanes.hold(&n.to_string())).collect();
        let (mut pushed, mut started) = (HashMap::<usize, u32>::new(), HashMap::<usize, u32>::new());
        let mut under_way: Vec<usize> = Vec::new();
        let end = (0..1_000).map(|_| (0, 1));
        for (lane, what) in steps.into_iter().chain(end) {
            if what == 0 {
                let number = pushed.entry(lane).or_default();
                lanes.push(ids[lane], (lane, *number));
                *number += 1;
            } else if !under_way.is_empty() {
                let lane = under_way.remove(lane % under_way.len());
                lanes.done(ids[lane], [Pace::Unknown, Pace::Quick, Pace::Slow][usize::from(what - 1)]);
            }
            while let Some(((lane, number), _)) = lanes.pop() {
                let expected = started.entry(lane).or_default();
                prop_assert_eq!(number, *expected);
                *expected += 1;
                under_way.push(lane);
            }
            prop_assert!(under_way.len() <= places);
            for lane in 0..5 {
                prop_assert!(under_way.iter().filter(|l| **l == lane).count() <= per_lane);
            }
            // No place stays empty while somebody waits, but for the share that slow ones never get.
            prop_assert!(lanes.waiting == 0 || !under_way.is_empty());
        }
        prop_assert!(lanes.is_idle());
        prop_assert_eq!(pushed, started);
    }

    /// A receiver that never answers, with any number of jobs, delays another one's by one turn at most.
    #[test]
    fn the_dead_delay_nobody(dead in 1_usize..1_000, places in 8_usize..64) {
        let mut lanes = Lanes::new(places, places);
        let (a, b) = (lanes.hold("dead"), lanes.hold("well"));
        (0..dead).for_each(|_| lanes.push(a, a));
        start(&mut lanes);
        lanes.push(b, b);
        prop_assert_eq!(lanes.pop(), Some((b, false)));
    }
}
