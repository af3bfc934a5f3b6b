use std::collections::HashSet;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::gb28181::Serial;
use crate::source::Plan;

const ALL: usize = Serial::COUNT as usize;

fn open(folder: &Path, capacity: usize) -> SqliteStore {
    let settings = StoreSettings {
        capacity,
        queue: ALL,
        queue_per_tenant: ALL,
        syncs: false,
    };
    let domain = "3402000000".parse().unwrap();
    SqliteStore::open(&folder.join("jobs.sqlite3"), domain, settings).unwrap()
}

fn store(capacity: usize) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), capacity);
    (folder, store)
}

fn new(now: u64) -> NewJob {
    NewJob {
        tenant: Tenant::default(),
        recording: Recording {
            device: "34020000001110000228".parse().unwrap(),
            channel: "34020000001320000666".parse().unwrap(),
            duration_ms: 10_000,
            bytes: Some(1024),
            plan: Plan::new(""),
        },
        file: FileKey::random().unwrap(),
        callback: Some(("http://a.example/".to_owned(), "a.example".to_owned())),
        now: Millis(now),
    }
}

fn percent(percent: u8) -> Progress {
    Progress::from_percent(percent)
}

/// A job at work.
async fn running(store: &SqliteStore) -> JobKey {
    store.create(new(1)).await.unwrap();
    store.claim(1).await.unwrap()[0].key
}

#[tokio::test]
async fn all_ten_thousand_serials_are_given_once_and_then_the_store_is_full() {
    let (_folder, store) = store(ALL);
    let creating = (0..ALL).map(|_| store.create(new(1)));
    let created = futures_util::future::join_all(creating).await;
    let ids: HashSet<String> = created
        .into_iter()
        .map(|job| job.unwrap().id.to_string())
        .collect();
    assert_eq!(ids.len(), ALL);
    assert_eq!(store.create(new(1)).await.unwrap_err(), StoreError::Full);
}

#[tokio::test]
async fn a_forgotten_jobs_serial_comes_again_only_after_the_others() {
    let (_folder, store) = store(2);
    let first = store.create(new(1)).await.unwrap();
    let failed = End::Failed("x".to_owned());
    assert!(store.end(first.key, failed, Millis(5)).await.unwrap());
    store.create(new(1)).await.unwrap();
    assert_eq!(store.create(new(6)).await.unwrap_err(), StoreError::Full);
    assert_eq!(store.forget(Millis(5), u64::MAX).await.unwrap(), []);
    let forgotten = store.forget(Millis(6), u64::MAX).await.unwrap();
    assert_eq!(forgotten.len(), 1);
    assert!(forgotten[0].untold, "its end was still to be told");
    let next = store.create(new(7)).await.unwrap();
    assert_ne!(next.id, first.id);
    assert!(
        store
            .find(&first.id, &first.tenant)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_id_with_the_right_serial_and_another_device_is_unknown() {
    let (_folder, store) = store(2);
    let job = store.create(new(1)).await.unwrap();
    let forged = job
        .id
        .to_string()
        .replace("1110000228", "1110000229")
        .parse()
        .unwrap();
    assert!(store.find(&job.id, &job.tenant).await.unwrap().is_some());
    assert!(store.find(&forged, &job.tenant).await.unwrap().is_none());
    let stranger = "b".parse().unwrap();
    assert!(store.find(&job.id, &stranger).await.unwrap().is_none());
}

#[tokio::test]
async fn a_job_ends_once_and_its_progress_never_falls() {
    let (_folder, store) = store(2);
    let key = running(&store).await;
    let told = async || store.list().await.unwrap()[0].progress.percent();
    for (given, kept) in [(40, 40), (30, 40), (100, 99), (50, 99)] {
        assert!(
            store
                .advance(key, 1, percent(given), Millis(2))
                .await
                .unwrap()
        );
        assert_eq!(told().await, kept);
    }
    assert!(
        store
            .end(key, End::Finished(1024), Millis(3))
            .await
            .unwrap()
    );
    assert!(
        !store
            .end(key, End::Failed("late".to_owned()), Millis(4))
            .await
            .unwrap()
    );
    assert!(!store.advance(key, 1, percent(10), Millis(4)).await.unwrap());
    let job = &store.list().await.unwrap()[0];
    assert_eq!(
        (job.state, job.progress, job.written),
        (State::Finished, Progress::DONE, 1024)
    );
    assert_eq!((job.ended, &job.reason), (Some(Millis(3)), &None));
}

#[tokio::test]
async fn what_was_running_waits_again_and_time_does_not_go_back_over_a_restart() {
    let (folder, store) = store(2);
    let key = running(&store).await;
    let far = Millis(u64::from(u32::MAX) * 1_000_000);
    let _ = store.create(new(far.0)).await.unwrap();
    assert!(store.claim(5).await.unwrap().len() == 1);
    drop(store);
    let store = open(folder.path(), 2);
    assert!(store.clock().now() >= far);
    let again: Vec<JobKey> = store
        .claim(5)
        .await
        .unwrap()
        .iter()
        .map(|job| job.key)
        .collect();
    assert_eq!((again.len(), again[0]), (2, key));
    assert_eq!(store.claim(5).await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_newest_is_told_and_the_end_has_attempts_of_its_own() {
    let (_folder, store) = store(2);
    let key = running(&store).await;
    assert!(
        store.letter(key).await.unwrap().is_none(),
        "nothing to tell yet"
    );
    store
        .advance(key, 1, percent(10), Millis(10))
        .await
        .unwrap();
    let first = store.letter(key).await.unwrap().unwrap();
    store
        .advance(key, 2, percent(20), Millis(20))
        .await
        .unwrap();
    let retry = |at: u64| Outcome::Retry(Millis(at), "no".to_owned());
    store
        .settle(key, first.version, retry(9_000_000), Millis(21))
        .await
        .unwrap();
    let second = store.letter(key).await.unwrap().unwrap();
    assert_eq!(
        (second.progress.percent(), second.failures, second.last),
        (20, 1, false)
    );
    // Delivered, but something newer came meanwhile.
    store
        .advance(key, 3, percent(30), Millis(30))
        .await
        .unwrap();
    store
        .settle(key, second.version, Outcome::Delivered, Millis(31))
        .await
        .unwrap();
    let third = store.letter(key).await.unwrap().unwrap();
    assert_eq!((third.progress.percent(), third.failures), (30, 0));
    store
        .settle(key, third.version, retry(9_000_000), Millis(32))
        .await
        .unwrap();
    let _ = store.changes().take();
    store.end(key, End::Finished(9), Millis(40)).await.unwrap();
    let due = store.changes().take();
    assert!(
        due[0].at <= Millis(40 + 5_000),
        "the end does not wait for hours: {due:?}"
    );
    // What failed was not the end.
    store
        .settle(key, third.version, retry(9_000_000), Millis(41))
        .await
        .unwrap();
    let end = store.letter(key).await.unwrap().unwrap();
    assert_eq!(
        (end.progress, end.failures, end.last),
        (Progress::DONE, 0, true)
    );
    assert!(end.file.is_some());
    store
        .settle(key, end.version, Outcome::Delivered, Millis(50))
        .await
        .unwrap();
    assert!(store.letter(key).await.unwrap().is_none());
}

#[tokio::test]
async fn who_is_gone_is_told_nothing_more() {
    let (_folder, store) = store(2);
    let key = running(&store).await;
    store
        .advance(key, 1, percent(10), Millis(10))
        .await
        .unwrap();
    let letter = store.letter(key).await.unwrap().unwrap();
    let closed = Outcome::Closed("gone".to_owned());
    store
        .settle(key, letter.version, closed, Millis(11))
        .await
        .unwrap();
    store.end(key, End::Finished(9), Millis(40)).await.unwrap();
    assert!(store.letter(key).await.unwrap().is_none());
    let job = &store.list().await.unwrap()[0];
    assert_eq!(job.callback_closed.as_deref(), Some("gone"));
}

#[tokio::test]
async fn one_order_that_fails_takes_nothing_of_the_others_with_it() {
    let (_folder, store) = store(3);
    let twice = new(1);
    let orders = [
        store.create(twice.clone()),
        store.create(twice),
        store.create(new(1)),
    ];
    let results = futures_util::future::join_all(orders).await;
    let accepted = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(accepted, 2, "two jobs cannot have one file: {results:?}");
    assert_eq!(store.list().await.unwrap().len(), 2);
    store.create(new(1)).await.unwrap();
    assert_eq!(store.create(new(1)).await.unwrap_err(), StoreError::Full);
}
