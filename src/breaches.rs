//! What broke the contract, listed on standard error.

use smsload_mock::Violations;

/// Lists every distinct breach under a title; true if there was none.
pub(crate) fn list(violations: &Violations, title: &str) -> bool {
    let total = violations.total();
    if total == 0 {
        return true;
    }
    let times = if total == 1 { "time" } else { "times" };
    eprintln!("smsload: {title}, {total} {times}:");
    for breach in violations.list() {
        eprintln!("  {breach}");
    }
    match violations.beyond() {
        0 => {}
        beyond => eprintln!("  and {beyond} more, in further ways"),
    }
    false
}
