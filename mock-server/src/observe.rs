//! Being told of every answer: the seam for whoever counts, records or journals what a mock is asked.

use std::fmt::Debug;

use smsload_spec::Contract;

use crate::request::{Answer, Request};

/// Is told of every answer of a [`Mock`](crate::Mock), before it is sent; see [`Settings::observer`].
///
/// It is called by the thread that answers and delays the answer by what it does: it must not wait for anything but a
/// lock that is held briefly. Requests that HTTP itself refuses (no proper `Host`, a body too large or too slow) do not
/// come this far.
///
/// [`Settings::observer`]: crate::Settings::observer
pub trait Observe: Debug + Send + Sync {
    /// A request was answered under a contract. What is wrong with the request is in the answer's
    /// [`Outcome`](crate::Outcome).
    fn answered(&self, contract: &Contract, request: &Request<'_>, answer: &Answer<'_>);
}
