//! What the matrix cannot demand, each with the reason.

/// Misbehaviours, the lines that they break though they do not name them, and why these see it by chance only. `any`
/// is every line.
pub(crate) const BY_LUCK: &[(&str, &[&str], &str)] = &[
    (
        "fails-now-and-then",
        &["any"],
        "whichever line sends the 50th request",
    ),
    (
        "one-id-for-all",
        &["PROG", "CALL", "FILE"],
        "what is told of one download is that of another",
    ),
    (
        "one-id-for-a-channel",
        &["PROG", "CALL", "FILE"],
        "what is told of one download is that of another",
    ),
    (
        "shared-progress",
        &["PROG", "CALL", "FILE"],
        "what is told of one download is that of another",
    ),
    (
        "ended-is-forgotten",
        &["CALL", "FILE"],
        "who comes late finds nothing any more",
    ),
    (
        "file-comes-late",
        &["FILE"],
        "who reads the file before it is there",
    ),
    (
        "file-still-grows",
        &["FILE"],
        "who reads the file before it is whole",
    ),
    (
        "callbacks-one-by-one",
        &["CALL"],
        "whichever callback has to wait for a slow receiver",
    ),
];

/// MUSTs that no misbehaviour breaks.
pub(crate) const CATCHES_NOTHING: &[(&str, &str)] = &[];
