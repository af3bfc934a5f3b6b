//! The files of finished jobs: at the address that a job tells, a playable MP4 of exactly the announced duration and
//! size ([`Clip`]), computed while it is sent.
//!
//! # Where
//!
//! `/__files/{16 hexadecimal digits}/{id, percent-encoded}.mp4` (see [`address`]). Paths below `/__files/` are looked at
//! before the contract's are, so that no contract can hide them; a contract that has such a path of its own is not
//! reached there. The digits are a keyed hash of the mock's seed and the id: whoever knows an id but not the seed knows
//! no address. They keep tests honest, not secrets: the mock compares them as ordinary text, and its default seed is no
//! secret.
//!
//! # What
//!
//! Everything that RFC 9110 says of a file: GET and HEAD, a strong `ETag`, `Last-Modified`, conditions ([`conditions`]),
//! ranges ([`ranges`]). `Last-Modified` is the end of the job by the mock's clock, and so `Date` is the mock's too: a
//! file is never younger than its answer. Nothing is kept between requests and nothing is read from a disk: paths name
//! jobs, never files.
//!
//! An answer computes 64 KiB at a time, when the connection has room for them ([`body`]): 10 GiB cost as much memory as
//! one frame, and a client that does not read costs nothing but its connection.

mod address;
mod answer;
mod body;
mod clip;
mod conditions;
mod content;
mod public_url;
mod ranges;

pub(crate) use address::Addresses;
pub(crate) use answer::not_found;
pub use body::FileBody;
pub use clip::{Clip, ClipError};
pub(crate) use content::Content;
pub use public_url::{PublicUrl, PublicUrlError};

use http::Response;

use crate::job::{Facts, JobState};
use crate::misbehave::FileFacts;
use crate::mock::Mock;
use crate::request::Request;
use address::Asked;
use answer::File;

/// What the address of a job's file answers before the job's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unfinished {
    /// 404: there is no file yet.
    #[default]
    NotFound,
    /// 200 with the bytes that are there by now, and their number as the length. Deliberately nasty: some platforms
    /// serve what they are still writing, and a client that does not wait for the end takes a part for the whole.
    Partial,
}

/// The answer to a request for a file; nothing if the path is not one of files.
pub(crate) fn serve(mock: &Mock, request: &Request<'_>) -> Option<Response<FileBody>> {
    let asked = address::read(request.path)?;
    let file = asked.and_then(|asked| find(mock, &asked));
    let response = file.map_or_else(not_found, |file| {
        answer::answer(&file, request.method, request.headers)
    });
    tracing::debug!(
        method = %request.method,
        path = request.path,
        status = response.status().as_u16(),
        "file answered"
    );
    Some(response)
}

/// The file of a job that is kept and has one to show, in whatever world.
fn find(mock: &Mock, asked: &Asked<'_>) -> Option<File> {
    let (world, kind, name) = mock.worlds().all().into_iter().find_map(|world| {
        let is_it = |name: &str| {
            mock.addresses
                .is_key(asked.key, &world.name, name, &asked.id)
        };
        let (kind, name) = mock.kinds().find(|(_, name)| is_it(name))?;
        Some((world, kind, name))
    })?;
    let now = world.clock.now();
    let facts = world.jobs.find(kind, &asked.id, now)?;
    let tag = mock.addresses.tag(&world.name, name, &asked.id);
    let whole = content(&facts, tag, &asked.id);
    let wall = world.clock.wall(now);
    if facts.state(now) == JobState::Finished {
        let ended = facts.ends().unwrap_or(now);
        let modified = world.clock.wall(ended);
        let whole = match mock.misbehaving() {
            None => whole,
            Some(misbehaving) => misbehaving.content(
                whole,
                &FileFacts {
                    seconds: facts.seconds,
                    bytes: facts.bytes,
                    tag,
                    micros_since_end: now.micros().saturating_sub(ended.micros()),
                },
            )?,
        };
        return Some(File::whole(whole, modified, wall));
    }
    match mock.unfinished {
        Unfinished::NotFound => None,
        Unfinished::Partial => Some(File::part(whole.first(facts.done(now)), wall)),
    }
}

/// What a job's file holds. A contract may announce a file that no MP4 can be; its size is kept to even then.
fn content(facts: &Facts, tag: u64, id: &str) -> Content {
    match Clip::new(facts.seconds, facts.bytes, tag) {
        Ok(clip) => Content::clip(clip),
        Err(why) => {
            tracing::warn!(
                id,
                %why,
                "the contract announces a file that cannot be played: padding of the announced size stands for it"
            );
            Content::padding(facts.bytes, tag)
        }
    }
}
