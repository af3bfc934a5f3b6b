//! What goes wrong around jobs: sources, disks, databases, folders. The service says so and goes on.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use smsload_reference::{
    Config, FileKey, FileStore, Filed, JobKey, LocalFiles, Reference, ServedFile, StartError,
    WorkFile,
};

use crate::durable::{WINDOW, in_folder, on};
use crate::source::Source;
use crate::support::{Api, config, poll_until, within};

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
    for (page, status) in [("healthz", 200), ("readyz", 503)] {
        let url = format!("{}/{page}", api.running.url());
        assert_eq!(api.client.get(url).send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let reference = Reference::with_source(config(), Arc::new(Source::default())).unwrap();
    let error = reference.start(addr).await.unwrap_err().to_string();
    assert!(error.contains(&addr.to_string()), "{error}");
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
