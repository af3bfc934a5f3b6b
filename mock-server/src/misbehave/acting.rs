//! A mock that does one thing wrong, at work.

use http::Response;

use super::asked::Asked;
use super::edit;
use super::seen::{Memory, Seen, Told};
use super::{Applied, Call, FileFacts, How, Misbehaviour};
use crate::courier;
use crate::files::{self, Content, FileBody};
use crate::mock::Mock;
use crate::request::{Answer, Outcome, Request};

/// A misbehaviour and what it remembers.
#[derive(Debug)]
pub(crate) struct Misbehaving {
    what: &'static Misbehaviour,
    memory: Memory,
}

impl From<Applied> for Misbehaving {
    fn from(Applied(what): Applied) -> Self {
        Self {
            what,
            memory: Memory::default(),
        }
    }
}

impl Misbehaving {
    /// The answer to a request.
    pub(crate) fn answer<'m>(&self, mock: &'m Mock, request: &Request<'_>) -> Answer<'m> {
        if let How::Request(change) = self.what.how {
            let mut asked = Asked::of(request);
            change(&mut asked);
            return mock.behave(&asked.request());
        }
        let mut answer = mock.behave(request);
        match self.what.how {
            How::Answer(change) => {
                let is_refused = matches!(answer.outcome, Outcome::Refused { .. });
                change(
                    &Seen::new(mock, request, &self.memory, is_refused),
                    &mut answer,
                );
            }
            How::Progress(tell) => self.tell(tell, &mut answer),
            // The others act elsewhere.
            _ => {}
        }
        answer
    }

    /// The address that callbacks go to.
    pub(crate) fn callback_address(&self, address: String) -> Option<String> {
        match self.what.how {
            How::CallbackAddress(change) => change(&address),
            _ => Some(address),
        }
    }

    /// Changes a callback.
    pub(crate) fn callback(&self, call: &mut Call) {
        if let How::Callback(change) = self.what.how {
            change(call);
        }
    }

    /// Changes how callbacks are sent.
    pub(crate) fn courier(&self, settings: &mut courier::Settings) {
        if let How::Courier(change) = self.what.how {
            change(settings);
        }
    }

    /// The address of a file as it is told.
    pub(crate) fn file_address(&self, address: String) -> String {
        match self.what.how {
            How::FileAddress(tell, _) => tell(address),
            _ => address,
        }
    }

    /// What a finished file holds; nothing if there is none.
    pub(crate) fn content(&self, whole: Content, facts: &FileFacts) -> Option<Content> {
        match self.what.how {
            How::FileContent(change) => change(whole, facts, self.memory.count("files")),
            _ => Some(whole),
        }
    }

    /// The answer to a request for a file.
    pub(crate) fn file(&self, mock: &Mock, request: &Request<'_>) -> Option<Response<FileBody>> {
        match self.what.how {
            How::File(change) => {
                let mut response = files::serve(mock, request)?;
                change(request, &mut response);
                Some(response)
            }
            How::FileAddress(_, read) => {
                let mut asked = Asked::of(request);
                read(mock, &mut asked);
                files::serve(mock, &asked.request())
            }
            _ => files::serve(mock, request),
        }
    }

    fn tell(&self, tell: fn(&Told) -> String, answer: &mut Answer<'_>) {
        if !edit::is_progress(answer) {
            return;
        }
        edit::data(answer, |data| {
            let text = |name: &str| Some(data.get(name)?.as_str()?.to_owned());
            let id = text("stream_id").unwrap_or_default();
            let percent = text("download_progress").and_then(|p| p.parse().ok());
            let Some(percent) = percent else { return };
            let is_end = percent == 100;
            let told = Told {
                percent,
                asked: self.memory.count(&id),
                asked_at_end: if is_end {
                    self.memory.count(&format!("end of {id}"))
                } else {
                    0
                },
            };
            data.insert("download_progress".to_owned(), tell(&told).into());
        });
    }
}
