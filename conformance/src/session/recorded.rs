//! A session whose answers come from a recording: nothing is sent, and what was seen in passing is seen again.

use std::sync::Arc;

use super::Session;
use crate::case::{Answered, Case, Step};
use crate::client::Playback;
use crate::judge::step_name;
use crate::request::{Kind, Request};
use crate::scene;

impl Session {
    /// The recording, if this is one that is judged again.
    pub(crate) fn playback(&self) -> Option<&Playback> {
        self.client.playback()
    }

    /// Looks at all that a recording holds, in its order: in a run this is done when an answer comes.
    pub(crate) fn watch_recording(&self) {
        let all = self.playback().map(Playback::exchanges).unwrap_or_default();
        for exchange in all.iter().filter(|e| !scene::is_of_file(&e.id)) {
            let kind = self.kind(&exchange.sent.url);
            let own = &self.api.own_headers;
            let Some(request) = Request::of_record(&exchange.sent, kind, own) else {
                continue;
            };
            let (outcome, body) = self.api.oracle(kind).judge(exchange);
            self.watch(&Arc::new(Answered {
                request,
                exchange: Arc::clone(exchange),
                outcome,
                body,
            }));
        }
    }

    /// The operation that an address is of.
    fn kind(&self, url: &str) -> Kind {
        let base = self.base();
        let base = base.as_str().trim_end_matches('/');
        let path = url.strip_prefix(base).unwrap_or_default();
        self.api.kind(path).unwrap_or(Kind::Other)
    }

    /// False if this is a recording that has nothing of a case.
    pub(crate) fn was_sent(&self, case: &Case, id: &str) -> bool {
        let Some(recording) = self.playback() else {
            return true;
        };
        let is_there = |(number, step): (usize, &Step)| match step {
            Step::Shared(request) => {
                let path = self.api.path(request.kind);
                let name = self.client.shared_name(id.to_owned(), path, request);
                recording.has(&name)
            }
            _ => recording.has(&step_name(id, number)),
        };
        // What follows from an answer may have been given up.
        let known = case.steps.iter().enumerate();
        let mut known = known.filter(|(_, step)| !matches!(step, Step::Follow(_)));
        known.all(is_there)
    }
}
