//! Places: one unguessable path for each download that is given a callback address, and what is done with what comes
//! there.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::lock;
use crate::receipt::{Receipt, Reply};

/// Receipts that one place keeps.
const RECEIPTS: usize = 1_000;
/// Redirects that a place gives before it gives in.
const REDIRECTS: usize = 2;
/// Callbacks that a slow place is slow with: a sender that gives up sends them again and again.
const SLOW: usize = 3;
/// Bytes of a token, and its characters.
const BYTES: usize = 16;
pub(crate) const CHARS: usize = 2 * BYTES;

/// How a place receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It takes everything.
    Take,
    /// It does this to the first callback that tells the end, and takes all others.
    SpoilEnd(Reply),
    /// It takes everything, but the first ones so slowly.
    Slow(Duration),
    /// It sends the first ones elsewhere, and takes all others.
    Redirect,
}

/// Where the callbacks of one download come.
#[derive(Debug)]
pub(crate) struct Place {
    case: String,
    address: String,
    /// Where it sends whom it sends elsewhere.
    elsewhere: String,
    /// The token of that address.
    back: String,
    manner: Manner,
    receipts: Mutex<Vec<Arc<Receipt>>>,
    /// How many came.
    count: watch::Sender<usize>,
}

impl Place {
    pub(super) fn new(
        case: &str,
        address: String,
        elsewhere: String,
        back: String,
        manner: Manner,
    ) -> Self {
        Self {
            case: case.to_owned(),
            address,
            elsewhere,
            back,
            manner,
            receipts: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    pub(super) fn case(&self) -> &str {
        &self.case
    }

    /// The address to be given as callback; more may be put after it.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What came so far, in order.
    pub(crate) fn receipts(&self) -> Vec<Arc<Receipt>> {
        lock(&self.receipts).clone()
    }

    /// Waits until more came than so many.
    pub(crate) async fn more_than(&self, count: usize) {
        // The sender lives as long as the place: there is always a next one to wait for.
        let _ = self.count.subscribe().wait_for(|n| *n > count).await;
    }

    /// True if a token is the one that only redirects lead to.
    pub(super) fn is_back(&self, token: &str) -> bool {
        self.back == token
    }

    /// What is done with a callback, and the record of it; nothing is recorded once too many came.
    pub(super) fn take(
        &self,
        is_back: bool,
        body: &[u8],
        make: impl FnOnce(usize, Reply) -> Receipt,
    ) -> (Reply, Option<Arc<Receipt>>) {
        let mut receipts = lock(&self.receipts);
        let reply = if is_back {
            Reply::Status(200)
        } else {
            self.reply(body, &receipts)
        };
        if receipts.len() >= RECEIPTS {
            return (reply, None);
        }
        let receipt = Arc::new(make(receipts.len(), reply.clone()));
        receipts.push(Arc::clone(&receipt));
        self.count.send_replace(receipts.len());
        (reply, Some(receipt))
    }

    fn reply(&self, body: &[u8], before: &[Arc<Receipt>]) -> Reply {
        let fine = Reply::Status(200);
        match &self.manner {
            Manner::SpoilEnd(spoilt) => {
                let is_first = !before.iter().any(|r| r.reply == *spoilt);
                if is_first && tells_end(body) {
                    spoilt.clone()
                } else {
                    fine
                }
            }
            Manner::Slow(time) if before.len() < SLOW => Reply::Late(200, *time),
            Manner::Take | Manner::Slow(_) => fine,
            Manner::Redirect => {
                let is_sent = |r: &&Arc<Receipt>| matches!(r.reply, Reply::Redirect(..));
                match before.iter().filter(is_sent).count() {
                    0 => Reply::Redirect(307, self.elsewhere.clone()),
                    n if n < REDIRECTS => Reply::Redirect(302, self.elsewhere.clone()),
                    _ => fine,
                }
            }
        }
    }
}

/// True if a callback tells the end, as far as can be seen without knowing the scale: it has a file address, or 100.
pub(crate) fn tells_end(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let url = body.get("fileUrl").and_then(Value::as_str);
    let is_hundred = match body.get("downloadProgress") {
        Some(Value::Number(n)) => n.as_f64() == Some(100.0),
        Some(Value::String(text)) => text.trim().trim_end_matches('%').parse() == Ok(100.0_f64),
        _ => false,
    };
    url.is_some_and(|url| !url.is_empty()) || is_hundred
}

/// A token that nobody can guess.
pub(super) fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// What could be tokens in a request line, in lower case.
pub(super) fn tokens(target: &[u8]) -> impl Iterator<Item = String> + '_ {
    target
        .split(|b| !b.is_ascii_hexdigit())
        .filter(|part| part.len() >= CHARS)
        .flat_map(|part| part.windows(CHARS))
        .map(|part| String::from_utf8_lossy(part).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{tells_end, token, tokens};

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        let token = token().unwrap();
        for target in [
            format!("/{token}"),
            format!("http://h/x/{token}/a?b"),
            format!("/%2F{token}?"),
            format!("/{}", token.to_uppercase()),
        ] {
            assert!(tokens(target.as_bytes()).any(|t| t == token), "{target}");
        }
        assert_eq!(tokens(b"/short").count(), 0);
    }

    #[test]
    fn the_end_shows_by_the_address_or_by_a_hundred() {
        for (body, expected) in [
            (r#"{"downloadProgress":"100","fileUrl":""}"#, true),
            (r#"{"downloadProgress":1,"fileUrl":"http://x"}"#, true),
            (r#"{"downloadProgress":1,"fileUrl":null}"#, false),
            (r#"{"downloadProgress":"99.5","fileUrl":""}"#, false),
            ("100", false),
            ("", false),
        ] {
            assert_eq!(tells_end(body.as_bytes()), expected, "{body}");
        }
    }
}
