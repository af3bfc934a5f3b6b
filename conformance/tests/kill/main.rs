//! The proof of the suite: it catches whatever is wrong with a server, and accuses no correct one.
//!
//! A binary of its own, since it runs the suite a few hundred times. `docs/kill-matrix.md` is written by it:
//! `UPDATE=1 cargo test -p smsload-conformance --test kill`; `SHOW=1` tells what caught what as it goes,
//! `ONLY=name,name` tries these misbehaviours alone.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

mod correct;
mod luck;
mod matrix;
mod trial;
mod variants;

/// The committed matrix is the one of the code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_misbehaviour_is_caught_by_what_it_names_and_by_nothing_else() {
    let only = std::env::var("ONLY").ok();
    let trials = trial::all(|name| {
        only.as_ref()
            .is_none_or(|only| only.split(',').any(|o| o == name))
    })
    .await;
    if only.is_some() {
        return;
    }
    let faults = matrix::faults(&trials);
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/kill-matrix.md");
    let document = matrix::document(&trials);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, document, "write it anew with UPDATE=1");
}
