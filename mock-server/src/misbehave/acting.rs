//! A mock that does one thing wrong, at work.

use super::asked::Asked;
use super::edit;
use super::seen::{Memory, Seen, Told};
use super::{Applied, How, Misbehaviour};
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
            How::Contract(_) | How::Settings(_) | How::Request(_) => {}
        }
        answer
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
