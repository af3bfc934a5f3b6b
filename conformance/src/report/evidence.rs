//! `evidence.jsonl`: every exchange and every receipt, written as it comes, so that a run's memory does not grow with its
//! cases.
//!
//! Limits: bodies over [`SMALL`] are written whole until [`BUDGET`] bytes of them were; of later ones length, SHA-256 and
//! beginning.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::about::sha256;
use crate::exchange::{Digest, Exchange, Received};
use crate::record::{Head, Record, VERSION};

/// Bytes of a body that are always written.
const SMALL: usize = 4 * 1024;
/// Bytes of larger bodies that are written in all.
const BUDGET: usize = 256 * 1024 * 1024;

/// Writes records. The first error is kept and ends the writing: the run goes on without.
#[derive(Debug)]
pub(crate) struct Evidence<W: Write> {
    out: W,
    left: usize,
    error: Option<io::Error>,
}

impl Evidence<BufWriter<File>> {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self::new(BufWriter::new(File::create(path)?)))
    }
}

impl<W: Write> Evidence<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            left: BUDGET,
            error: None,
        }
    }

    pub(crate) fn head(&mut self, seed: u64, target: &str, started: jiff::Timestamp) {
        self.write(&Record::Run(Head {
            version: VERSION,
            seed: seed.to_string(),
            target: target.to_owned(),
            started: started.to_string(),
        }));
    }

    pub(crate) fn exchange(&mut self, exchange: &Arc<Exchange>) {
        let size = large(exchange);
        let fits = size <= self.left;
        if fits {
            self.left -= size;
            self.write(&Record::Exchange(Arc::clone(exchange)));
        } else {
            self.write(&Record::Exchange(shortened(exchange, SMALL)));
        }
    }

    pub(crate) fn write(&mut self, record: &Record) {
        if self.error.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.out, record).map_err(io::Error::from);
        self.error = written.and_then(|()| self.out.write_all(b"\n")).err();
    }

    /// The writer, once all was written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.error.map_or(Ok(()), Err)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Bytes of large bodies.
fn large(exchange: &Exchange) -> usize {
    let sent = exchange.sent.body.len();
    let received = exchange.answer().map_or(0, |a| a.body.len());
    [sent, received].into_iter().filter(|n| *n > SMALL).sum()
}

/// The same with bodies of so many bytes at most; what they were is kept as a digest.
pub(crate) fn shortened(exchange: &Arc<Exchange>, most: usize) -> Arc<Exchange> {
    let is_short = |body: &Bytes| body.len() <= most;
    if is_short(&exchange.sent.body) && exchange.answer().is_none_or(|a| is_short(&a.body)) {
        return Arc::clone(exchange);
    }
    let mut short = Exchange::clone(exchange);
    shorten(&mut short.sent.body, &mut short.sent.digest, most);
    if let Received::Answer(answer) = &mut short.received {
        shorten(&mut answer.body, &mut answer.digest, most);
    }
    Arc::new(short)
}

fn shorten(body: &mut Bytes, digest: &mut Option<Digest>, most: usize) {
    if body.len() > most {
        digest.get_or_insert_with(|| Digest {
            length: body.len() as u64,
            sha256: sha256(body),
            is_whole: true,
            slices: Vec::new(),
        });
        // A copy, so that the rest can go.
        *body = Bytes::copy_from_slice(&body[..most]);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exchange::{Lost, Sent};
    use crate::record::Records;
    use crate::request::{Caller, Wire};

    fn exchange(length: usize) -> Arc<Exchange> {
        let sent = Sent {
            method: "POST".into(),
            url: "http://127.0.0.1/".into(),
            headers: Vec::new(),
            caller: Caller::Own,
            wire: Wire::Plain,
            body: Bytes::from(vec![b'x'; length]),
            digest: None,
            captured: Vec::new(),
        };
        Arc::new(Exchange {
            id: "A-01#0".into(),
            sent,
            received: Received::Lost(Lost::Dropped),
            at: Duration::ZERO,
            took: Duration::ZERO,
        })
    }

    #[test]
    fn large_bodies_are_whole_while_there_is_room() {
        let mut evidence = Evidence::new(Vec::new());
        evidence.left = 2 * SMALL;
        let all = [exchange(2 * SMALL), exchange(2 * SMALL), exchange(SMALL)];
        all.iter().for_each(|e| evidence.exchange(e));
        let text = evidence.finish().unwrap();
        let read: Vec<_> = Records::new(text.as_slice()).map(Result::unwrap).collect();
        assert_eq!(read[0], Record::Exchange(Arc::clone(&all[0])));
        assert_eq!(read[2], Record::Exchange(Arc::clone(&all[2])));
        let Record::Exchange(short) = &read[1] else {
            unreachable!("an exchange was written");
        };
        assert_eq!(short.sent.body.len(), SMALL);
        let digest = short.sent.digest.as_ref().unwrap();
        assert_eq!(digest.length, 2 * SMALL as u64);
        assert_eq!(digest.sha256, sha256(&all[0].sent.body));
    }

    #[test]
    fn the_first_error_is_kept() {
        let mut room = [0_u8; 100];
        let mut evidence = Evidence::new(&mut room[..]);
        (0..5).for_each(|_| evidence.exchange(&exchange(10)));
        assert!(evidence.finish().is_err());
    }
}
