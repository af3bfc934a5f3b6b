use std::collections::HashMap;

use proptest::prelude::*;

use super::{Facts, Jobs, JobsSnapshot, Page, Refused};
use crate::bounds::Bounds;
use crate::clock::Moment;
use crate::course::Course;
use crate::job::{JobAction, JobState, NewJob};
use crate::limits::Limits;

/// Jobs of a world, with room in all worlds together for as many as it may have.
fn room_for(max: usize, keep_micros: u64) -> Jobs {
    Jobs::new(max, keep_micros, Bounds::new(&Limits::default()))
}

fn facts(started: u64, transfer_micros: u64, number: u64, serial: u16) -> Facts {
    let started = Moment::from_micros(started);
    Facts::from(NewJob {
        started,
        transfer_micros,
        seconds: 1,
        bytes: 1,
        number,
        serial,
        kind: 0,
        course: Course::Linear,
    })
}

/// Starts a job as the pipeline does: propose, name, insert.
fn start(jobs: &Jobs, channel: &str, now: u64, transfer: u64) -> Result<String, Refused> {
    let lane = Jobs::lane(0, "device", channel);
    let proposal = jobs.propose(lane, Moment::from_micros(now))?;
    let id = format!("{channel}:{:04}", proposal.serial);
    jobs.insert(
        lane,
        &id,
        facts(now, transfer, proposal.number, proposal.serial),
    )?;
    Ok(id)
}

#[test]
fn a_job_is_found_until_it_is_overdue() {
    let jobs = room_for(10, 100);
    let id = start(&jobs, "a", 0, 50).unwrap();
    let find = |id: &str, at| jobs.find(0, id, Moment::from_micros(at));
    assert_eq!(find(&id, 0).unwrap().transfer_micros, 50);
    assert!(find(&id, 149).is_some());
    assert!(find(&id, 150).is_none());
    assert!(find("a:0001", 0).is_none());
    assert!(
        jobs.find(1, &id, Moment::from_micros(0)).is_none(),
        "another kind"
    );
}

#[test]
fn a_full_table_refuses_until_a_job_is_overdue() {
    let jobs = room_for(2, 10);
    start(&jobs, "a", 0, 5).unwrap();
    start(&jobs, "b", 0, 500).unwrap();
    assert_eq!(start(&jobs, "c", 14, 5), Err(Refused::Full));
    start(&jobs, "c", 15, 5).unwrap();
    assert_eq!(jobs.len(), 2);
}

#[test]
fn a_channel_has_as_many_jobs_as_serials_all_with_ids_of_their_own() {
    let jobs = room_for(100_000, 0);
    let mut ids = std::collections::HashSet::new();
    // Another channel's jobs use up numbers, so that the serials of the first are not in order.
    for n in 0..10_000 {
        if n % 7 == 0 {
            start(&jobs, "other", 0, 5).unwrap();
        }
        assert!(ids.insert(start(&jobs, "a", 0, 100).unwrap()));
    }
    assert_eq!(start(&jobs, "a", 0, 100), Err(Refused::Full));
    assert!(start(&jobs, "b", 0, 100).is_ok());
    assert!(start(&jobs, "a", 100, 100).is_ok());
}

#[test]
fn an_id_that_is_taken_is_not_given_again() {
    let jobs = room_for(10, 10);
    let (a, b) = (Jobs::lane(0, "d", "a"), Jobs::lane(0, "d", "b"));
    jobs.insert(a, "same", facts(0, 1, 0, 0)).unwrap();
    assert_eq!(
        jobs.insert(b, "same", facts(0, 1, 1, 1)),
        Err(Refused::Taken)
    );
    assert_eq!(
        jobs.insert(a, "other", facts(0, 1, 1, 0)),
        Err(Refused::Taken)
    );
    jobs.insert(b, "other", facts(0, 1, 1, 0)).unwrap();
}

#[test]
fn many_threads_never_share_an_id() {
    let jobs = room_for(100_000, 0);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            (0..1_000)
                .filter_map(|_| start(&jobs, "a", 0, 100).ok())
                .collect()
        };
        let all: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        all.into_iter()
            .flat_map(|t| -> Vec<String> { t.join().unwrap() })
            .collect()
    });
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert_eq!(jobs.len(), ids.len());
}

#[test]
fn what_is_done_by_hand_keeps_a_job_for_longer() {
    let jobs = room_for(1, 10);
    let at = Moment::from_micros;
    let id = start(&jobs, "a", 0, 50).unwrap();
    jobs.act(&id, at(20), JobAction::Stall).unwrap();
    jobs.act(&id, at(55), JobAction::Resume).unwrap();
    assert!(jobs.get(&id, at(94)).is_some());
    assert_eq!(start(&jobs, "b", 94, 5), Err(Refused::Full));
    assert!(jobs.get(&id, at(95)).is_none());
    assert!(jobs.act(&id, at(95), JobAction::Finish).is_none());
    assert!(start(&jobs, "b", 95, 5).is_ok());
    assert_eq!(jobs.len(), 1);
}

#[test]
fn what_was_told_before_an_action_stays_true_after_it() {
    let jobs = room_for(1, 10);
    let at = Moment::from_micros;
    let id = start(&jobs, "a", 0, 50).unwrap();
    jobs.get(&id, at(40)).unwrap();
    // Whoever stalls it had read the clock before that.
    let facts = jobs.act(&id, at(30), JobAction::Stall).unwrap();
    assert_eq!(facts.kept_until(0), at(50));
    let resumed = jobs.act(&id, at(55), JobAction::Resume).unwrap();
    assert_eq!(resumed.ends(), Some(at(65)));
}

#[test]
fn a_deleted_job_is_gone_and_its_place_is_free() {
    let jobs = room_for(2, 1_000_000);
    let now = Moment::from_micros(0);
    let kept = start(&jobs, "kept", 0, 5).unwrap();
    // Many more than slots that are borne: what deleted jobs leave behind is bounded.
    for n in 0..10_000 {
        let id = start(&jobs, "a", n, 5).unwrap();
        assert_eq!(jobs.len(), 2);
        assert!(jobs.delete(&id, now).is_some());
        assert!(jobs.delete(&id, now).is_none());
        assert!(jobs.get(&id, now).is_none());
    }
    assert!(jobs.get(&kept, now).is_some());
    assert!(jobs.lock().overdue.len() < 2_000);
    assert!(
        start(&jobs, "b", 2_000_000, 5).is_ok(),
        "what is left behind is freed in time"
    );
    assert_eq!(jobs.len(), 1);
}

#[test]
fn pages_follow_each_other_in_the_order_of_numbers() {
    let jobs = room_for(100, 10);
    let now = Moment::from_micros(0);
    let ids: Vec<_> = (0..7).map(|_| start(&jobs, "a", 0, 5).unwrap()).collect();
    jobs.delete(&ids[3], now).unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = jobs.list(now, Page::after(after, 2), |_| true);
        let Some((_, last)) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some(last.number);
        seen.extend(page.into_iter().map(|(id, _)| id));
    }
    let expected: Vec<_> = ids.iter().filter(|id| **id != ids[3]).cloned().collect();
    assert_eq!(seen, expected);
    assert!(
        jobs.list(Moment::from_micros(15), Page::after(None, 9), |_| true)
            .is_empty()
    );
    assert!(jobs.list(now, Page::after(None, 0), |_| true).is_empty());
    assert_eq!(
        jobs.list(now, Page::after(None, usize::MAX), |_| true)
            .len(),
        6
    );
}

#[test]
fn a_snapshot_that_cannot_be_is_refused_and_changes_nothing() {
    let jobs = room_for(2, 100);
    let now = Moment::from_micros(7);
    start(&jobs, "a", 7, 5).unwrap();
    let kept = start(&jobs, "b", 7, 5).unwrap();
    let good = jobs.export(now);
    let edited = |from: &str, to: &str| {
        let text = serde_json::to_string(&good).unwrap();
        assert!(text.contains(from), "{text}");
        serde_json::from_str::<JobsSnapshot>(&text.replace(from, to)).unwrap()
    };
    let refused = |snapshot, at| {
        let error = jobs.import(snapshot, Moment::from_micros(at)).unwrap_err();
        assert!(jobs.get(&kept, now).is_some());
        error.to_string()
    };
    assert!(refused(good.clone(), 4).contains("advance the clock"));
    assert!(refused(edited("a:0000", "b:0001"), 7).contains("is there twice"));
    assert!(refused(edited("\"serial\":1", "\"serial\":10000"), 7).contains("9999"));
    let small = room_for(1, 100);
    let error = small.import(good.clone(), now).unwrap_err();
    assert!(error.to_string().contains("max_jobs"), "{error}");
    assert!(
        serde_json::from_str::<JobsSnapshot>("{\"now\":1,\"next\":0,\"jobs\":[],\"x\":1}").is_err()
    );
    assert_eq!(jobs.import(good, Moment::from_micros(9)), Ok(()));
}

/// Does one of several things to the jobs.
fn step(jobs: &Jobs, ids: &mut Vec<String>, now: u64, what: u8, which: usize) {
    let at = Moment::from_micros(now);
    let action = match what {
        0..4 => {
            let channel = ["a", "b", "c", "d"][usize::from(what)];
            ids.extend(start(jobs, channel, now, 20 + which as u64 % 7));
            return;
        }
        4 => JobAction::Stall,
        5 => JobAction::Resume,
        6 => JobAction::Fail,
        7 => JobAction::Finish,
        _ => {
            ids.get(which % ids.len().max(1))
                .map(|id| jobs.delete(id, at));
            return;
        }
    };
    ids.get(which % ids.len().max(1))
        .map(|id| jobs.act(id, at, action));
}

/// Everything that can be asked of jobs, at a time.
fn answers(jobs: &Jobs, ids: &[String], now: u64) -> Vec<(Option<JobState>, Option<u64>)> {
    let at = Moment::from_micros(now);
    let answer = |id: &String| {
        let facts = jobs.get(id, at);
        (facts.map(|f| f.state(at)), facts.map(|f| f.done(at)))
    };
    ids.iter().map(answer).collect()
}

proptest! {
    /// The tables against a plain map, over starts and the passing of time.
    #[test]
    fn it_does_what_a_plain_map_does(
        steps in proptest::collection::vec((0_u8..3, 1_u64..40, 0_u64..30), 1..200),
    ) {
        let (jobs, keep, max) = (room_for(20, 5), 5, 20);
        let mut model: HashMap<String, u64> = HashMap::new();
        let mut now = 0;
        for (channel, transfer, passed) in steps {
            now += passed;
            model.retain(|_, end| now < *end + keep);
            let started = start(&jobs, ["a", "b", "c"][usize::from(channel)], now, transfer);
            prop_assert_eq!(started.is_ok(), model.len() < max);
            if let Ok(id) = started {
                prop_assert!(model.insert(id, now + transfer).is_none());
            }
            for (id, end) in &model {
                let found = jobs.find(0, id, Moment::from_micros(now)).unwrap();
                prop_assert_eq!(found.kept_until(0).micros(), *end);
            }
        }
    }

    #[test]
    fn a_snapshot_keeps_every_answer(
        before in proptest::collection::vec((0_u8..9, 0_usize..50, 0_u64..10), 0..60),
        after in proptest::collection::vec((0_u8..9, 0_usize..50, 0_u64..10), 0..60),
        shift in 0_u64..1_000,
    ) {
        let (jobs, other, mut now) = (room_for(20, 5), room_for(20, 5), 0);
        let mut ids = Vec::new();
        start(&other, "of its own", 0, 1).unwrap();
        for (what, which, passed) in before {
            now += passed;
            step(&jobs, &mut ids, now, what, which);
        }
        let text = serde_json::to_string(&jobs.export(Moment::from_micros(now))).unwrap();
        let snapshot: JobsSnapshot = serde_json::from_str(&text).unwrap();
        other.import(snapshot.clone(), Moment::from_micros(now + shift)).unwrap();
        if shift == 0 {
            prop_assert_eq!(&other.export(Moment::from_micros(now)), &snapshot);
        }
        // From here on the same is done to both, and they never differ, nor do the ids that they give.
        let mut others = ids.clone();
        for (what, which, passed) in after {
            now += passed;
            step(&jobs, &mut ids, now, what, which);
            step(&other, &mut others, now + shift, what, which);
            prop_assert_eq!(&ids, &others);
            prop_assert_eq!(answers(&jobs, &ids, now), answers(&other, &ids, now + shift));
        }
    }
}
