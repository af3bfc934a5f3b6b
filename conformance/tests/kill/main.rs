//! The proof of the suite: it catches whatever is wrong with a server, and accuses no correct one.
//!
//! A binary of its own, since it runs the suite a few hundred times. `docs/kill-matrix.md` is written by it:
//! `UPDATE=1 cargo test -p smsload-conformance --test kill matrix`; `SHOW=1` tells what caught what as it goes,
//! `ONLY=name,name` tries these misbehaviours alone.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

mod correct;
mod hopeless;
mod luck;
mod matrix;
mod ticking;
mod trial;
mod variants;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_misbehaviour_is_caught_by_what_it_names_and_by_nothing_else() {
    let only = std::env::var("ONLY").ok();
    let is_wanted = |name: &str| match &only {
        Some(only) => only.split(',').any(|one| one == name),
        None => true,
    };
    let faults = matrix::faults(&trial::all(is_wanted).await);
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn every_must_catches_something_and_forty_are_the_first_to() {
    assert_eq!(matrix::gaps(), Vec::<String>::new());
}

/// The committed matrix is the one of the code: `UPDATE=1 cargo test -p smsload-conformance --test kill matrix` writes
/// it anew.
#[test]
fn the_matrix_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/kill-matrix.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, matrix::document()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, matrix::document(), "write it anew with UPDATE=1");
}
