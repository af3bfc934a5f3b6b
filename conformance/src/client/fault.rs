//! Why there is no answer, read off an error: the target's side is told from our own, which is never held against a
//! target.

use std::error::Error;
use std::io::{self, ErrorKind};

use super::transport::causes;
use crate::exchange::Lost;

/// Codes of a system that has no more files or buffers to give us; std has no kinds for them.
#[cfg(target_os = "linux")]
const EXHAUSTED: &[i32] = &[23, 24, 105];
#[cfg(all(unix, not(target_os = "linux")))]
const EXHAUSTED: &[i32] = &[23, 24, 55];
#[cfg(not(unix))]
const EXHAUSTED: &[i32] = &[10024, 10055];

/// No connection came about.
pub(super) fn not_reached(error: &(dyn Error + 'static)) -> Lost {
    if let Some(own) = own(error) {
        return own;
    }
    let why = root(error);
    let tls = causes(error).find_map(|e| e.downcast_ref());
    if let Some(rustls::Error::InvalidCertificate(_)) = tls {
        return Lost::NotReached(format!(
            "{why}; name the authority that signed the certificate as `tls.ca_file`"
        ));
    }
    Lost::NotReached(why)
}

/// There was a connection, and no whole answer.
pub(super) fn lost(error: &(dyn Error + 'static)) -> Lost {
    if let Some(own) = own(error) {
        return own;
    }
    match causes(error).find_map(|e| e.downcast_ref::<hyper::Error>()) {
        Some(error) if error.is_parse() => Lost::NoHttp(root(error)),
        _ => Lost::Dropped,
    }
}

/// A fault of this machine: no files, no ports, no memory.
fn own(error: &(dyn Error + 'static)) -> Option<Lost> {
    let is_own = |io: &&io::Error| {
        let is_kind = matches!(
            io.kind(),
            ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable | ErrorKind::OutOfMemory
        );
        is_kind || io.raw_os_error().is_some_and(|c| EXHAUSTED.contains(&c))
    };
    let mut all = causes(error).filter_map(|e| e.downcast_ref::<io::Error>());
    all.find(is_own).map(|io| Lost::Local(io.to_string()))
}

fn root(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{lost, not_reached};
    use crate::exchange::Lost;

    #[test]
    fn what_is_our_own_is_not_the_targets() {
        for code in super::EXHAUSTED {
            let error = io::Error::from_raw_os_error(*code);
            assert!(matches!(not_reached(&error), Lost::Local(_)), "{error}");
        }
        for kind in [io::ErrorKind::AddrInUse, io::ErrorKind::AddrNotAvailable] {
            assert!(matches!(lost(&io::Error::from(kind)), Lost::Local(_)));
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(not_reached(&refused), Lost::NotReached(_)));
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(lost(&reset), Lost::Dropped);
    }
}
