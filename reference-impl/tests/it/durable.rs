//! Jobs over restarts, in turn, and cancelled.

use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

use smsload_reference::{Administrator, Config, State};

use crate::source::{RATE, Source, content};
use crate::support::{Answer, Api, capacity, config, poll_until, speed, within};

pub(crate) const WINDOW: (&str, &str) = ("2025-04-04T21:30:00", "2025-04-04T22:00:00");

pub(crate) fn on(folder: &Path) -> Config {
    let mut config = config();
    config.data_dir = Some(folder.to_owned());
    config
}

fn percent(answer: &Answer) -> u8 {
    answer
        .assert_accepted()
        .data("download_progress")
        .parse()
        .unwrap()
}

pub(crate) fn in_folder(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

async fn assert_whole(api: &Api, id: &str) {
    let url = api.file_of(id).await;
    let response = api.client.get(url).send().await.unwrap();
    let whole = content(WINDOW, 1800 * RATE);
    assert_eq!(response.bytes().await.unwrap(), whole);
}

#[tokio::test]
async fn a_job_goes_on_where_it_was_after_an_orderly_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut slow = on(folder.path());
    // Half an hour in four seconds.
    slow.jobs.speed = speed(450);
    let api = Api::with(slow).await;
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    let before = poll_until("some progress", async || {
        Some(percent(&api.progress(&id).await)).filter(|percent| *percent > 5)
    })
    .await;
    api.running.shutdown().await.unwrap();
    assert_eq!(in_folder(&folder.path().join("work")).len(), 1);

    let api = Api::with(on(folder.path())).await;
    api.source.0.hold.store(true, SeqCst);
    let after = percent(&api.progress(&id).await);
    assert!(after >= before, "{after} after {before}");
    api.source.0.hold.store(false, SeqCst);
    assert_whole(&api, &id).await;
    assert!(in_folder(&folder.path().join("work")).is_empty());
}

#[tokio::test]
async fn progress_stands_still_where_a_source_can_only_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::default();
    source.0.from_start.store(true, SeqCst);
    source.0.sizeless.store(true, SeqCst);
    source.0.chunk.store(1000, SeqCst);
    let api = Api::of(on(folder.path()), source.clone()).await;
    let answer = api.download(&within(WINDOW)).await;
    assert_eq!(answer.data("playback_file_size"), "0", "unknown");
    let id = answer.data("stream_id");
    let before = poll_until("some progress", async || {
        let now = percent(&api.progress(&id).await);
        source.0.hold.store(now > 3, SeqCst);
        (now > 3).then_some(now)
    })
    .await;
    api.running.shutdown().await.unwrap();

    let api = Api::of(on(folder.path()), source.clone()).await;
    let mut seen = vec![before];
    source.0.hold.store(false, SeqCst);
    poll_until("the end", async || {
        seen.push(percent(&api.progress(&id).await));
        (seen.last() == Some(&100)).then_some(())
    })
    .await;
    assert!(seen.is_sorted(), "{seen:?}");
    assert_whole(&api, &id).await;
}

#[tokio::test]
async fn what_nobody_knows_is_removed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::with(on(folder.path())).await;
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    let url = api.file_of(&id).await;
    api.running.shutdown().await.unwrap();
    for stray in [
        "work/1.part",
        "work/999.part",
        "work/x",
        "files/0123",
        "files/.x",
    ] {
        std::fs::write(folder.path().join(stray), "stray").unwrap();
    }
    let api = Api::with(on(folder.path())).await;
    assert!(in_folder(&folder.path().join("work")).is_empty());
    assert_eq!(in_folder(&folder.path().join("files")).len(), 1);
    let path = url.split_once("/files/").unwrap().1;
    let url = format!("{}/files/{path}", api.running.url());
    assert_eq!(api.client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_operator_lists_and_cancels_while_the_server_runs() {
    let mut config = config();
    config.jobs.at_work = capacity(1);
    let api = Api::with(config).await;
    api.source.0.hold.store(true, SeqCst);
    let running = api.download(&within(WINDOW)).await.data("stream_id");
    let waiting = api.download(&within(WINDOW)).await.data("stream_id");
    poll_until("the start", async || {
        (api.job(&running).await.state == State::Running).then_some(())
    })
    .await;
    assert_eq!(api.job(&waiting).await.state, State::Queued);
    let mut administrator = Administrator::open(api.running.data_dir()).unwrap();
    for id in [&waiting, &running] {
        assert!(administrator.cancel(&id.parse().unwrap()).unwrap());
        assert!(
            !administrator.cancel(&id.parse().unwrap()).unwrap(),
            "it has ended"
        );
        api.progress(id).await.assert_rejected(200, "42209");
    }
    // The place of the cancelled one is free again, though its source brings nothing.
    poll_until("the work file's end", async || {
        in_folder(&api.running.data_dir().join("work"))
            .is_empty()
            .then_some(())
    })
    .await;
    api.source.0.hold.store(false, SeqCst);
    let next = api.download(&within(WINDOW)).await.data("stream_id");
    api.file_of(&next).await;
}

#[tokio::test]
async fn tenants_take_turns() {
    let mut config = config();
    config.jobs.at_work = capacity(1);
    let api = Api::with(config).await;
    api.source.0.hold.store(true, SeqCst);
    let url = format!("{}{}", api.running.url(), smsload_reference::DOWNLOAD_PATH);
    let mut of = Vec::new();
    for tenant in ["a", "a", "a", "a", "b", "c"] {
        let request = api
            .client
            .post(&url)
            .header("tenant-id", tenant)
            .json(&within(WINDOW));
        of.push((api.send(request).await.data("stream_id"), tenant));
    }
    api.source.0.hold.store(false, SeqCst);
    let list = || {
        Administrator::open(api.running.data_dir())
            .unwrap()
            .list()
            .unwrap()
    };
    let mut jobs = poll_until("the end of all", async || {
        Some(list()).filter(|jobs| jobs.iter().all(|job| job.state == State::Finished))
    })
    .await;
    jobs.sort_by_key(|job| job.ended);
    let order: Vec<&str> = jobs.iter().map(|job| job.tenant.as_str()).collect();
    // The first of `a` was at work before the others came.
    assert_eq!(order, ["a", "a", "b", "c", "a", "a"]);
}
