//! Exit codes, so that scripts can rely on them. They are part of the interface; `smsload help` lists them.

use std::process::ExitCode;

/// An exit code with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(u8);

/// Everything is as it should be.
pub(crate) const OK: Exit = Exit(0);
/// The thing that was looked at is wrong: `spec lint` found errors, `verify` found a broken MUST.
pub(crate) const FAILED: Exit = Exit(1);
/// Wrong usage or configuration: an unknown option, an unreadable file, a port in use.
pub(crate) const USAGE: Exit = Exit(2);
/// A command that `mock` should run is there and cannot be run.
pub(crate) const NOT_EXECUTABLE: Exit = Exit(126);
/// A command that `mock` should run was not found.
pub(crate) const NOT_FOUND: Exit = Exit(127);

impl Exit {
    /// The code of a run, as the engine gives it.
    pub(crate) fn of_run(code: u8) -> Self {
        Self(code)
    }

    /// The code of a command that ran under ours.
    pub(crate) fn of_child(code: i32) -> Self {
        Self(u8::try_from(code).unwrap_or(FAILED.0))
    }

    /// True for [`OK`].
    pub(crate) fn is_success(self) -> bool {
        self == OK
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
