//! What the engine costs: judged cases a second against a mock in the same process, the time of the core profile, and
//! the most memory that was held. `cargo bench -p smsload-conformance --bench engine [-- CASES]`.
//!
//! Lines that watch the answers of the whole run are not counted; some cases share a request, so requests are told, too.
//! The mock takes part of the same two cores: the figures are of both together, and those by processor time are the ones to
//! compare on a machine that does something else meanwhile. Needs Linux for memory and processor time.

use std::time::Duration;

use smsload_conformance::{BaseUrl, Event, Fixtures, Run, RunResult, Target};
use smsload_mock::{Limits, MockServer};
use smsload_spec::{Contract, Profile};

/// Cases of each property.
const CASES: u32 = 1_000;
/// Lines that are watched over time.
const WATCHED: [&str; 8] = [
    "CALL", "FILE", "PROG-02", "PROG-03", "PROG-04", "PROG-07", "PROG-08", "PROG-09",
];
/// Runs of each kind; the middle one is told.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let cases = std::env::args().skip(1).find(|arg| arg != "--bench");
    let cases = cases.map_or(Ok(CASES), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mock = MockServer::builder()
            .listen(([127, 0, 0, 1], 0).into())
            // Jobs of an hour are over in seconds and forgotten soon after: there are never ten thousand at once.
            .speed(1_000.0)
            .limits(Limits {
                keep_jobs: Duration::from_secs(1),
                ..Limits::default()
            })
            .start()
            .await?;
        // The first one also compiles the contract and warms the allocator.
        one(&mock.url(), Profile::Core, 10).await?;
        measure("full", &mock.url(), Profile::Full, cases).await?;
        measure("core", &mock.url(), Profile::Core, 100).await?;
        println!("most memory held: {}", memory());
        mock.stop().await;
        Ok(())
    })
}

async fn measure(
    name: &str,
    url: &str,
    profile: Profile,
    cases: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut runs = Vec::new();
    let before = processor();
    for _ in 0..RUNS {
        runs.push(one(url, profile, cases).await?);
    }
    let used = processor() - before;
    let all: u32 = runs.iter().map(|(_, sent, _)| sent).sum();
    runs.sort_by_key(|(_, _, took)| *took);
    let (judged, sent, took) = runs[RUNS / 2];
    let seconds = took.as_secs_f64();
    println!(
        "{name}, {cases} cases of each property: {judged} cases, {sent} requests, {seconds:.2} s: {:.0} cases a second; {:.0} requests for a second of processor time, mock included",
        f64::from(judged) / seconds,
        f64::from(all) / used,
    );
    Ok(())
}

/// Seconds of processor time that this process has had.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time, in hundredths, after the name in brackets (proc_pid_stat(5), 14 and 15).
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Judged cases, requests and the time that they took.
async fn one(
    url: &str,
    profile: Profile,
    cases: u32,
) -> Result<(u32, u32, Duration), Box<dyn std::error::Error>> {
    let contract = Contract::bundled();
    let fixtures = Fixtures::from_example(&contract).ok_or("the contract has no example")?;
    let mut target = Target::new(BaseUrl::parse(url)?, fixtures);
    target.declared.progress_query = true;
    let run = Run::builder(contract, target)
        .seed(1)
        .cases(cases)
        .profiles(&[profile])
        // What is watched over time costs the target's pace, not the engine's work.
        .skip(WATCHED)
        .build()?;
    let result: RunResult = run.run(&mut |_: &Event| {}).await;
    let mut lines = result.lines.iter();
    if let Some(line) = lines.find(|line| line.verdict.is_failure()) {
        return Err(format!("{} failed: {:?}", line.line.id, line.failure).into());
    }
    // Lines that watch the run have as many cases as there were answers.
    let own = result
        .lines
        .iter()
        .filter(|l| u64::from(l.cases) < result.exchanges / 2);
    let judged = own.map(|l| l.cases).sum();
    Ok((judged, u32::try_from(result.exchanges)?, result.took))
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    peak.unwrap_or("unknown").trim().to_owned()
}
