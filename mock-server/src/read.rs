//! Reading a job: what it has come to by now. One that has failed is answered with a rejection (`download-failed`).

use http::StatusCode;
use serde_json::Value;
use smsload_spec::{JobRead, Members};

use crate::evaluate;
use crate::job::JobState;
use crate::mock::Place;
use crate::refusal::Cause;
use crate::request::{Answer, JSON, Outcome};
use crate::start::Refusal;

/// Answers with the progress of the job that `body` names.
pub(crate) fn read<'m>(
    place: Place<'m, '_>,
    job: &'m JobRead,
    body: &Value,
    status: StatusCode,
) -> Result<Answer<'m>, Refusal<'m>> {
    let Place { mock, world } = place;
    let now = world.clock.now();
    let id = evaluate::text(&job.id, &[("self", body)])?;
    let facts = world
        .jobs
        .find(mock.kind(&job.kind), &id, now)
        .ok_or_else(|| Refusal::Because(Cause::UnknownStream, vec![&job.id]))?;
    if facts.state(now) == JobState::Failed {
        return Err(Refusal::Because(Cause::DownloadFailed, Vec::new()));
    }
    let ssrc = mock.domain.ssrc(facts.serial);
    let file_url = mock.file_url(world, &job.kind, &id, &facts, now);
    let view = facts.view(&id, &ssrc, &file_url, now);
    let scope: &[(&str, &dyn Members)] = &[("self", body), ("job", &view)];
    let body = evaluate::body(&job.response, scope)?;
    Ok(Answer {
        at: Some(now),
        ..Answer::new(status, JSON, body, Outcome::Read)
    })
}
