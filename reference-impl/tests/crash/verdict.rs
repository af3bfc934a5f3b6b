//! What must be true in the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use smsload_reference::{Administrator, Job, State};

use crate::history::{Accepted, Called, History};
use crate::load::{client, progress};
use crate::source;

/// How long the last life may take to end everything.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    accepted: usize,
    finished: usize,
    failed: usize,
    callbacks: usize,
    repeated_ends: usize,
    bytes: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accepted: {} finished ({} bytes compared), {} failed; {} callbacks, {} ends told again",
            self.accepted,
            self.finished,
            self.bytes,
            self.failed,
            self.callbacks,
            self.repeated_ends
        )
    }
}

/// Waits until everything has ended, then judges.
pub(crate) async fn settle(
    history: &History,
    server: SocketAddr,
    folder: &Path,
    full: bool,
) -> Figures {
    let accepted = history.accepted().clone();
    assert!(!accepted.is_empty(), "nothing was accepted");
    let jobs = until_all_ended(folder).await;
    let mut figures = Figures {
        accepted: accepted.len(),
        ..Figures::default()
    };
    let by_id: HashMap<String, &Job> = jobs.iter().map(|job| (job.id.to_string(), job)).collect();
    assert_eq!(by_id.len(), jobs.len(), "two jobs have one id");
    for (number, accepted) in &accepted {
        let job = by_id.get(&accepted.id);
        let job = job.unwrap_or_else(|| panic!("{number} was accepted and is lost: {accepted:?}"));
        judge_job(*number, accepted, job, server, full, &mut figures).await;
    }
    judge_calls(&accepted, &by_id, history, &mut figures);
    judge_folder(&jobs, folder);
    figures
}

/// All jobs, once each has ended and all is told.
async fn until_all_ended(folder: &Path) -> Vec<Job> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let jobs = Administrator::open(folder).unwrap().list().unwrap();
        let open = jobs.iter().filter(|job| !job.state.is_end()).count();
        if open == 0 && untold(folder) == 0 {
            return jobs;
        }
        assert!(
            Instant::now() < deadline,
            "{open} jobs never ended, or their end was never told"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn untold(folder: &Path) -> u32 {
    let database = rusqlite::Connection::open(folder.join("jobs.sqlite3")).unwrap();
    let count = "SELECT count(*) FROM outbox WHERE pending";
    database.query_row(count, (), |row| row.get(0)).unwrap()
}

async fn judge_job(
    number: u32,
    accepted: &Accepted,
    job: &Job,
    server: SocketAddr,
    full: bool,
    figures: &mut Figures,
) {
    let client = client();
    let told = progress(&client, server, &accepted.id).await.unwrap();
    if job.state == State::Finished {
        assert!(!source::is_broken(number), "{number} cannot have finished");
        let (percent, url) = told.unwrap();
        assert_eq!(percent, 100);
        let file = client.get(url).send().await.unwrap().bytes().await.unwrap();
        let whole = source::bytes(number, 0, source::size(number));
        assert!(file == whole, "the file of {number} is not whole");
        figures.finished += 1;
        figures.bytes += file.len() as u64;
    } else {
        let reason = job.reason.as_deref().unwrap();
        let is_full = full && reason == "the disk is full";
        assert!(
            source::is_broken(number) || is_full,
            "{number} failed: {reason}"
        );
        assert_eq!(told, Err("42208".to_owned()));
        figures.failed += 1;
    }
}

fn judge_calls(
    accepted: &BTreeMap<u32, Accepted>,
    jobs: &HashMap<String, &Job>,
    history: &History,
    figures: &mut Figures,
) {
    let calls = history.calls();
    for (number, calls) in &calls {
        figures.callbacks += calls.len();
        // One address was given by one request, so all that arrives there is of one download.
        let ids: HashSet<&str> = calls.iter().map(|call| &*call.id).collect();
        assert_eq!(
            ids.len(),
            1,
            "{number} is told of several downloads: {calls:?}"
        );
        if let Some(accepted) = accepted.get(number) {
            assert_eq!(
                calls[0].id, accepted.id,
                "{number} is told of another's download"
            );
        }
        assert!(
            calls.is_sorted_by_key(|call| call.percent),
            "{number}: {calls:?}"
        );
        figures.repeated_ends += judge_end(*number, calls, jobs[&calls[0].id]);
    }
    let untold: Vec<_> = accepted
        .keys()
        .filter(|number| !calls.contains_key(number))
        .collect();
    assert!(untold.is_empty(), "nothing was told of {untold:?}");
}

/// The last thing told is the end; after one that was acknowledged, nothing but the same again, and
/// that only by a process which could not know of the acknowledgement. How often that was.
fn judge_end(number: u32, calls: &[Called], job: &Job) -> usize {
    let last = calls.last().unwrap();
    assert!(last.acknowledged, "{number}: {calls:?}");
    assert_eq!(last.percent, job.progress.percent(), "{number}: {calls:?}");
    let has_file = job.state == State::Finished;
    assert_eq!(!last.file_url.is_empty(), has_file, "{number}: {calls:?}");
    if !has_file {
        return 0;
    }
    assert!(
        last.file_url.contains(job.file.as_str()),
        "{number}: {calls:?}"
    );
    let path = |url: &str| url.split_once("/files/").map(|(_, name)| name.to_owned());
    let end = calls
        .iter()
        .position(|call| call.percent == 100 && call.acknowledged);
    let after = &calls[end.unwrap()..];
    for pair in after.windows(2) {
        assert_eq!(
            path(&pair[1].file_url),
            path(&pair[0].file_url),
            "{number}: {calls:?}"
        );
        // The address names the port of the process that told it.
        let by_another = pair[1].file_url != pair[0].file_url || pair[1].life > pair[0].life;
        assert!(by_another, "{number} was told its end twice: {calls:?}");
    }
    after.len() - 1
}

fn judge_folder(jobs: &[Job], folder: &Path) {
    let names = |name: &str| -> HashSet<String> {
        let entries = std::fs::read_dir(folder.join(name)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let finished = jobs.iter().filter(|job| job.state == State::Finished);
    let expected: HashSet<String> = finished.map(|job| job.file.as_str().to_owned()).collect();
    assert_eq!(names("files"), expected);
    assert_eq!(names("work"), HashSet::new());
}
