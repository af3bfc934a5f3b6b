//! What the matrix cannot demand, each with the reason.

/// Misbehaviours, the lines that they break though they do not name them, and why these see it by chance only. `any`
/// is every line.
pub(crate) const BY_LUCK: &[(&str, &[&str], &str)] = &[(
    "fails-now-and-then",
    &["any"],
    "whichever line sends the 50th request",
)];

/// MUSTs that no misbehaviour breaks.
pub(crate) const CATCHES_NOTHING: &[(&str, &str)] = &[];
