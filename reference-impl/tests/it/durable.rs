//! Jobs over restarts, and what goes wrong around them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use smsload_reference::{
    Administrator, Config, FileKey, FileStore, Filed, JobKey, LocalFiles, Reference, ServedFile,
    StartError, State, WorkFile,
};

use crate::source::{RATE, Source, content};
use crate::support::{Answer, Api, capacity, config, poll_until, speed, within};

const WINDOW: (&str, &str) = ("2025-04-04T21:30:00", "2025-04-04T22:00:00");

fn on(folder: &Path) -> Config {
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

fn in_folder(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
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
    let url = api.file_of(&id).await;
    let bytes = api
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes, content(WINDOW, 1800 * RATE));
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
    let url = api.file_of(&id).await;
    let bytes = api
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes, content(WINDOW, 1800 * RATE));
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
async fn a_job_fails_with_its_reason_and_the_service_goes_on() {
    let api = Api::start().await;
    let switches = &api.source.0;
    for (switch, reason) in [
        (&switches.short, "another size"),
        (&switches.panics, "internal error"),
    ] {
        switch.store(true, SeqCst);
        let id = api.download(&within(WINDOW)).await.data("stream_id");
        let answer = poll_until("the failure", async || {
            Some(api.progress(&id).await).filter(|answer| answer.code() != "0")
        })
        .await;
        answer.assert_rejected(200, "42208");
        assert!(answer.message().contains(reason), "{answer:?}");
        switch.store(false, SeqCst);
    }
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    api.file_of(&id).await;
    assert!(in_folder(&api.running.data_dir().join("work")).is_empty());
}

#[tokio::test]
async fn a_source_that_brings_nothing_fails_its_job() {
    let mut config = config();
    config.jobs.stall = Duration::from_millis(100);
    let api = Api::with(config).await;
    api.source.0.hold.store(true, SeqCst);
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    let answer = poll_until("the failure", async || {
        Some(api.progress(&id).await).filter(|answer| answer.code() != "0")
    })
    .await;
    assert!(
        answer.message().contains("stopped to deliver"),
        "{answer:?}"
    );
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

async fn refusal(config: Config) -> StartError {
    let reference = Reference::with_source(config, Arc::new(Source::default())).unwrap();
    reference
        .start(([127, 0, 0, 1], 0).into())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_folder_serves_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let _api = Api::with(on(folder.path())).await;
    let error = refusal(on(folder.path())).await.to_string();
    assert!(error.contains("used by another server"), "{error}");
    assert!(
        error.contains(&folder.path().display().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refusal(on(&file)).await.to_string();
    assert!(error.contains(&file.display().to_string()), "{error}");
}

#[tokio::test]
async fn a_database_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("jobs.sqlite3"),
        "no database".repeat(500),
    )
    .unwrap();
    let error = refusal(on(folder.path())).await.to_string();
    assert!(
        error.contains("jobs.sqlite3") && error.contains("not a database"),
        "{error}"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("jobs.sqlite3");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = refusal(on(folder.path())).await.to_string();
    assert!(error.contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_locked_database_is_said_so_and_the_service_goes_on() {
    let api = Api::start().await;
    let ready = async || {
        let url = format!("{}/readyz", api.running.url());
        api.client.get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ready().await, 200);
    let database = api.running.data_dir().join("jobs.sqlite3");
    let thief = rusqlite::Connection::open(database).unwrap();
    thief.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = api.download(&within(WINDOW)).await;
    answer.assert_rejected(200, "50300");
    assert_eq!(ready().await, 503);
    thief.execute_batch("ROLLBACK").unwrap();
    let id = poll_until("that it works again", async || {
        let answer = api.download(&within(WINDOW)).await;
        (answer.code() == "0").then(|| answer.data("stream_id"))
    })
    .await;
    assert_eq!(ready().await, 200);
    api.file_of(&id).await;
}

#[tokio::test]
async fn a_database_that_is_damaged_while_it_serves_is_said_so() {
    let api = Api::start().await;
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    api.file_of(&id).await;
    let database = api.running.data_dir().join("jobs.sqlite3");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection
        .execute_batch("DROP TABLE outbox; DROP TABLE job")
        .unwrap();
    api.download(&within(WINDOW))
        .await
        .assert_rejected(200, "50300");
    api.progress(&id).await.assert_rejected(200, "50300");
    let url = format!("{}/healthz", api.running.url());
    assert_eq!(api.client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let reference = Reference::with_source(config(), Arc::new(Source::default())).unwrap();
    let error = reference.start(addr).await.unwrap_err().to_string();
    assert!(error.contains(&addr.to_string()), "{error}");
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

/// A place for files on a disk that is full as long as the switch says so.
struct FullDisk {
    files: LocalFiles,
    is_full: Arc<AtomicBool>,
}

struct FullWork {
    work: Box<dyn WorkFile>,
    is_full: Arc<AtomicBool>,
}

impl FileStore for FullDisk {
    fn work(&self, job: JobKey, keep: u64) -> Filed<'_, Box<dyn WorkFile>> {
        Box::pin(async move {
            let work = self.files.work(job, keep).await?;
            let is_full = self.is_full.clone();
            Ok(Box::new(FullWork { work, is_full }) as _)
        })
    }

    fn size<'a>(&'a self, file: &'a FileKey) -> Filed<'a, Option<u64>> {
        self.files.size(file)
    }

    fn open<'a>(&'a self, file: &'a FileKey) -> Filed<'a, Box<dyn ServedFile>> {
        self.files.open(file)
    }

    fn remove<'a>(&'a self, file: &'a FileKey) -> Filed<'a, ()> {
        self.files.remove(file)
    }

    fn discard(&self, job: JobKey) -> Filed<'_, ()> {
        self.files.discard(job)
    }

    fn tidy(&self, jobs: HashSet<JobKey>, files: HashSet<FileKey>) -> Filed<'_, usize> {
        self.files.tidy(jobs, files)
    }
}

impl WorkFile for FullWork {
    fn written(&self) -> u64 {
        self.work.written()
    }

    fn restart(&mut self) -> Filed<'_, ()> {
        self.work.restart()
    }

    fn write(&mut self, chunk: Bytes) -> Filed<'_, ()> {
        if self.is_full.load(SeqCst) {
            let full = std::io::ErrorKind::StorageFull;
            return Box::pin(std::future::ready(Err(full.into())));
        }
        self.work.write(chunk)
    }

    fn save(&mut self) -> Filed<'_, ()> {
        self.work.save()
    }

    fn publish<'a>(self: Box<Self>, file: &'a FileKey) -> Filed<'a, ()> {
        self.work.publish(file)
    }
}

#[tokio::test]
async fn a_full_disk_fails_its_job_with_the_reason_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let is_full = Arc::new(AtomicBool::new(true));
    let files = FullDisk {
        files: LocalFiles::open(folder.path()).unwrap(),
        is_full: is_full.clone(),
    };
    let source = Source::default();
    let reference = Reference::with_source(config(), Arc::new(source.clone())).unwrap();
    let api = Api::started(reference.with_files(Arc::new(files)), source).await;
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    let answer = poll_until("the failure", async || {
        Some(api.progress(&id).await).filter(|answer| answer.code() != "0")
    })
    .await;
    answer.assert_rejected(200, "42208");
    assert!(answer.message().ends_with("the disk is full"), "{answer:?}");
    assert!(in_folder(&folder.path().join("work")).is_empty());
    is_full.store(false, SeqCst);
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    api.file_of(&id).await;
}
