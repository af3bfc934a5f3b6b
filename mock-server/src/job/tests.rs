use proptest::prelude::*;

use super::{Facts, JobAction, JobState, NewJob};
use crate::clock::Moment;
use crate::course::{self, Course, Percent};

fn facts(started: u64, transfer_micros: u64, bytes: u64, course: Course) -> Facts {
    Facts::from(NewJob {
        started: Moment::from_micros(started),
        transfer_micros,
        seconds: 10,
        bytes,
        number: 0,
        serial: 0,
        kind: 0,
        course,
    })
}

fn percent(job: &Facts, at: u64) -> u8 {
    job.view("id", "ssrc", "", Moment::from_micros(at))
        .percent()
}

#[test]
fn it_ends_exactly_at_its_end() {
    let job = facts(1_000, 100, 1_000_000, Course::Linear);
    assert_eq!(
        [0, 1_000, 1_001, 1_050, 1_099, 1_100, u64::MAX].map(|at| percent(&job, at)),
        [0, 0, 1, 50, 99, 100, 100]
    );
    assert_eq!(job.ends(), Some(Moment::from_micros(1_100)));
}

#[test]
fn courses_have_states() {
    let forty = Percent::new(40).unwrap();
    let states = |course| {
        let job = facts(0, 100, 1_000, course);
        [0, 39, 40, 1_000].map(|at| job.state(Moment::from_micros(at)))
    };
    use JobState::{Failed, Finished, Running, Stalled, Waiting};
    for (course, expected) in [
        (Course::Linear, [Running, Running, Running, Finished]),
        (Course::Bursty, [Running, Running, Running, Finished]),
        (
            Course::StallsAt(forty),
            [Running, Running, Stalled, Stalled],
        ),
        (Course::FailsAt(forty), [Running, Running, Failed, Failed]),
        (
            Course::FailsAt(Percent::new(0).unwrap()),
            [Failed, Failed, Failed, Failed],
        ),
        (Course::NeverStarts, [Waiting, Waiting, Waiting, Waiting]),
    ] {
        assert_eq!(states(course), expected, "{course}");
    }
}

#[test]
fn a_held_job_goes_on_from_where_it_was() {
    let at = Moment::from_micros;
    let mut job = facts(0, 100, 1_000_000, Course::Linear);
    job.act(at(30), JobAction::Stall);
    assert_eq!(
        (job.state(at(500)), percent(&job, 500)),
        (JobState::Stalled, 30)
    );
    assert_eq!(job.ends(), None);
    job.act(at(500), JobAction::Resume);
    assert_eq!(
        [500, 520, 569, 570].map(|at| percent(&job, at)),
        [30, 50, 99, 100]
    );
    assert_eq!(
        percent(&job, 400),
        30,
        "who read the clock before is told no less"
    );
    assert_eq!(job.kept_until(7), at(577));
    job.act(at(600), JobAction::Fail);
    assert_eq!(
        job.state(at(600)),
        JobState::Finished,
        "an end stays an end"
    );
}

#[test]
fn a_course_that_came_to_a_stop_is_resumed_evenly() {
    let at = Moment::from_micros;
    let mut stalled = facts(
        0,
        100,
        1_000_000,
        Course::StallsAt(Percent::new(40).unwrap()),
    );
    let mut waiting = facts(0, 100, 1_000_000, Course::NeverStarts);
    assert_eq!(stalled.kept_until(0), at(100));
    for job in [&mut stalled, &mut waiting] {
        job.act(at(900), JobAction::Resume);
    }
    assert_eq!(
        [900, 950, 960].map(|at| percent(&stalled, at)),
        [40, 90, 100]
    );
    assert_eq!(
        [900, 950, 1_000].map(|at| percent(&waiting, at)),
        [0, 50, 100]
    );
}

#[test]
fn a_failure_is_for_good_and_keeps_what_was_there() {
    let at = Moment::from_micros;
    let mut job = facts(0, 100, 1_000_000, Course::SlowStart);
    job.act(at(50), JobAction::Stall);
    job.act(at(300), JobAction::Fail);
    for action in [JobAction::Resume, JobAction::Finish, JobAction::Stall] {
        job.act(at(310), action);
    }
    assert_eq!(
        (job.state(at(1_000)), percent(&job, 1_000)),
        (JobState::Failed, 25)
    );
    assert_eq!(
        job.kept_until(0),
        at(350),
        "as long as it would have taken from there on"
    );
    let view = job.view("id", "ssrc", "", at(1_000));
    assert!(view.failed && !view.finished);
}

fn action() -> impl Strategy<Value = Option<JobAction>> {
    proptest::sample::select(vec![
        None,
        Some(JobAction::Stall),
        Some(JobAction::Resume),
        Some(JobAction::Resume),
        Some(JobAction::Fail),
        Some(JobAction::Finish),
    ])
}

proptest! {
    #[test]
    fn whatever_is_done_to_it_progress_never_falls_and_is_whole_only_at_the_end(
        course in course::drawn(),
        started in 0_u64..1 << 40,
        transfer in 1_u64..1_000,
        bytes in prop_oneof![0_u64..4, 1_u64..u64::MAX],
        steps in proptest::collection::vec((0_u64..400, action()), 1..20),
    ) {
        let mut job = facts(started, transfer, bytes, course);
        let (mut now, mut last, mut kept) = (started, (0, 0), job.kept_until(9));
        let mut over = None;
        for (passed, action) in steps {
            now += passed;
            let at = Moment::from_micros(now);
            for action in [None, action].into_iter().flatten() {
                job.act(at, action);
            }
            let (view, state) = (job.view("id", "ssrc", "", at), job.state(at));
            prop_assert!((view.percent(), view.done) >= last, "{job:?}");
            last = (view.percent(), view.done);
            prop_assert_eq!(view.percent() == 100, state == JobState::Finished);
            prop_assert!(view.finished || bytes == 0 || view.done < bytes);
            prop_assert!(over.is_none_or(|over| over == state), "an end is no end: {:?}", job);
            over = over.or(matches!(state, JobState::Failed | JobState::Finished).then_some(state));
            prop_assert!(job.kept_until(9) >= kept);
            kept = job.kept_until(9);
            if let Some(ends) = job.ends() {
                prop_assert_eq!(ends <= at, over.is_some());
            }
            // The rest of the words of a job survive a snapshot.
            let text = serde_json::to_string(&job).unwrap();
            prop_assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), job);
        }
    }
}
