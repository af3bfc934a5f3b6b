//! Starting a job: from a valid body to an id that can be asked for.

use http::StatusCode;
use serde_json::Value;
use smsload_spec::{Expression, JobStart, Members, Recorded};

use crate::bounds::Reached;
use crate::clock::{ClockReading, Moment};
use crate::evaluate::{self, Unusable};
use crate::job::{Facts, NewJob};
use crate::jobs::{Jobs, Lane, Proposal, Refused};
use crate::mock::Place;
use crate::refusal::Cause;
use crate::request::{Answer, JSON, Outcome};
use crate::simulation::{Absence, Ask, Recording};

/// Ids that are tried for one job: another may be taken meanwhile, or two channels may share a code.
const ATTEMPTS: usize = 16;

/// Why a job is not started or read.
#[derive(Debug)]
pub(crate) enum Refusal<'m> {
    /// Something is wrong with what was asked for; the expressions name the members at fault.
    Because(Cause, Vec<&'m Expression>),
    /// An expression of the contract gave nothing usable.
    Contract(Unusable),
}

impl From<Unusable> for Refusal<'_> {
    fn from(unusable: Unusable) -> Self {
        Self::Contract(unusable)
    }
}

/// Starts the job that `body` asks for and answers with its id.
pub(crate) fn start<'m>(
    place: Place<'m, '_>,
    job: &'m JobStart,
    body: &Value,
    status: StatusCode,
) -> Result<Answer<'m>, Refusal<'m>> {
    let Place { mock, world } = place;
    let ClockReading { now, wall, .. } = world.clock.reading();
    let scope: &[(&str, &dyn Members)] = &[("self", body)];
    let device = evaluate::text(&job.device, scope)?;
    let channel = evaluate::text(&job.channel, scope)?;
    let time = |at: &'m Expression| {
        evaluate::time(at, scope)?.ok_or_else(|| Refusal::Because(Cause::BadMember, vec![at]))
    };
    let (start, end) = (time(&job.start)?, time(&job.end)?);
    let ask = Ask {
        device: &device,
        channel: &channel,
        start,
        end,
    };
    let found = mock.simulation.look(&ask, wall);
    let recording = found.map_err(|absence| refusal(job, absence))?;
    let kind = mock.kind(&job.kind);
    let lane = Jobs::lane(kind, &device, &channel);
    let plan = Plan {
        place,
        job,
        body,
        lane,
        kind,
        now,
        status,
    };
    plan.keep(plan.sized(recording)?)
}

fn refusal(job: &JobStart, absence: Absence) -> Refusal<'_> {
    let window = vec![&job.start, &job.end];
    match absence {
        Absence::UnknownDevice => Refusal::Because(Cause::UnknownDevice, vec![&job.device]),
        Absence::UnknownChannel => Refusal::Because(Cause::UnknownChannel, vec![&job.channel]),
        Absence::DeviceOffline => Refusal::Because(Cause::DeviceOffline, vec![&job.device]),
        Absence::BadWindow => Refusal::Because(Cause::BadTimeRange, window),
        Absence::NothingRecorded => Refusal::Because(Cause::NoRecording, window),
    }
}

/// A job about to be kept.
struct Plan<'m, 'b> {
    place: Place<'m, 'b>,
    job: &'m JobStart,
    body: &'b Value,
    lane: Lane,
    kind: u16,
    now: Moment,
    status: StatusCode,
}

impl<'m> Plan<'m, '_> {
    /// Duration and size as the contract makes them of what was recorded.
    fn sized(&self, recording: Recording) -> Result<Recording, Unusable> {
        let scope: &[(&str, &dyn Members)] =
            &[("self", self.body), ("recorded", &recording.recorded)];
        let seconds = evaluate::whole(&self.job.duration, scope)?;
        let bytes = evaluate::whole(&self.job.size, scope)?;
        Ok(Recording {
            recorded: Recorded { seconds, bytes },
            ..recording
        })
    }

    /// Names the job and keeps it. The answer is made first, so that a job is kept only if its id gets out.
    fn keep(&self, recording: Recording) -> Result<Answer<'m>, Refusal<'m>> {
        let overload = || Refusal::Because(Cause::Overload, Vec::new());
        for _ in 0..ATTEMPTS {
            let world = self.place.world;
            let proposal = self.proposal().map_err(|_| overload())?;
            let facts = Facts::from(NewJob {
                started: self.now,
                transfer_micros: recording.transfer_micros,
                seconds: recording.recorded.seconds,
                bytes: recording.recorded.bytes,
                number: proposal.number,
                serial: proposal.serial,
                kind: self.kind,
                course: recording.course,
            });
            let (id, answer) = self.answer(&facts)?;
            match world.jobs.insert(self.lane, &id, facts) {
                Ok(()) => {
                    tracing::debug!(
                        id,
                        seconds = facts.seconds,
                        bytes = facts.bytes,
                        "job started"
                    );
                    world.tell_job("started", &id);
                    return Ok(Answer {
                        job: Some(id),
                        at: Some(self.now),
                        ..answer
                    });
                }
                Err(Refused::Full | Refused::AllFull) => return Err(overload()),
                Err(Refused::Taken) => {}
            }
        }
        Err(overload())
    }

    /// A number and a serial. If all worlds together are full, what is overdue anywhere is freed first.
    fn proposal(&self) -> Result<Proposal, Refused> {
        let Place { mock, world } = self.place;
        let propose = || world.jobs.propose(self.lane, self.now);
        match propose() {
            Err(Refused::AllFull) => {
                mock.worlds().sweep();
                propose().inspect_err(|_| mock.worlds().bounds().tell(Reached::TotalJobs))
            }
            other => other,
        }
    }

    fn answer(&self, facts: &Facts) -> Result<(String, Answer<'m>), Unusable> {
        let ssrc = self.place.mock.domain.ssrc(facts.serial);
        let nameless = facts.view("", &ssrc, "", self.now);
        let scope: &[(&str, &dyn Members)] = &[("self", self.body), ("job", &nameless)];
        let id = evaluate::text(&self.job.id, scope)?.into_owned();
        // A job takes its time: it has no file yet.
        let view = facts.view(&id, &ssrc, "", self.now);
        let body = evaluate::body(&self.job.response, &[("self", self.body), ("job", &view)])?;
        Ok((id, Answer::new(self.status, JSON, body, Outcome::Started)))
    }
}
