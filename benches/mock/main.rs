//! What the mock costs, from outside: `cargo bench --bench mock` (all of it) or
//! `… -- throughput|start|growth|connections|jobs|callbacks`.
//!
//! The mock runs as the program that users run. Throughput is told as a ratio to a bare axum handler that parses the
//! same body and answers with a constant, measured in turns with the same load tool (`wrk`, 32 connections), since
//! absolute figures say more about the machine. Both take the same way over the load tool, which has its share of the
//! time on a small machine; so the processor time of a request is told too, which has none of it. Needs Linux, and
//! `wrk` but for start, connections and callbacks.

mod bare;
mod connections;
mod load;
mod process;
mod receiver;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::load::{Load, QUERY_PATH};
use crate::process::Process;
use crate::receiver::Receiver;

/// The bare handler's too, so that it has what the mock has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Pairs of runs, mock and bare handler in turns.
const PAIRS: usize = 15;
/// How long one of them lasts.
const SECONDS: u32 = 2;
/// Starts that are timed.
const STARTS: usize = 21;
/// Requests after which memory must have stopped to grow.
const REQUESTS: u64 = 1_000_000;
/// Jobs that live at once.
const LIVE: u64 = 1_000_000;
/// Jobs that call back every second.
const CALLING: u32 = 10_000;
/// Seconds that each of them takes.
const CALLING_SECONDS: u32 = 50;
/// Connections that are open at once.
const CONNECTIONS: usize = 10_000;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => {
            throughput()?;
            start()?;
            growth()?;
            connections()?;
            jobs()?;
            callbacks()
        }
        ["throughput"] => throughput(),
        ["start"] => start(),
        ["growth"] => growth(),
        ["connections"] => connections(),
        ["jobs"] => jobs(),
        ["callbacks"] => callbacks(),
        ["serve-bare"] => bare::serve(),
        ["open-connections", address, count] => connections::open(address, count.parse()?),
        other => bail!("{other:?} is no part of this bench; see the head of benches/mock/main.rs"),
    }
}

/// Requests a second of the mock and of a bare handler, and the middle of their ratios.
fn throughput() -> anyhow::Result<()> {
    for load in [Load::Create, Load::Query] {
        let (mut ratios, mut costs) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let bare = {
                let bare = Process::bare()?;
                Sample::of(&bare, load, "none")?
            };
            let mock = {
                let mock = Process::mock(&[])?;
                let id = load::create_one(&mock.url)?;
                Sample::of(&mock, load, &id)?
            };
            let ratio = mock.per_second / bare.per_second;
            println!("{load}: mock {mock}, bare handler {bare}, ratio {ratio:.2}");
            ratios.push(ratio);
            costs.push(bare.micros / mock.micros);
        }
        println!(
            "{load}: middle ratio {:.2}, of processor time {:.2}",
            middle(ratios),
            middle(costs)
        );
    }
    Ok(())
}

/// What a run of the load tool cost a server.
struct Sample {
    per_second: f64,
    /// Processor time of a request, in microseconds.
    micros: f64,
}

impl Sample {
    fn of(server: &Process, load: Load, id: &str) -> anyhow::Result<Self> {
        let before = server.processor_time()?;
        let found = load::run(load, &server.url, id, SECONDS)?;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let requests = found.requests.max(1) as f64;
        Ok(Self {
            per_second: found.per_second,
            micros: (server.processor_time()? - before) * 1e6 / requests,
        })
    }
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0}/s ({:.1} us)", self.per_second, self.micros)
    }
}

fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// From the start of the program to the first answer; what it takes of memory then.
fn start() -> anyhow::Result<()> {
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mock = Process::mock(&[])?;
        load::create_one(&mock.url)?;
        times.push(begun.elapsed());
        memory = memory.max(mock.anonymous_memory()?);
    }
    times.sort();
    println!(
        "start to first answer: middle {:.1} ms, worst {:.1} ms",
        millis(times[STARTS / 2]),
        millis(times[STARTS - 1])
    );
    println!("idle RssAnon: at most {:.1} MiB", mebi(memory));
    Ok(())
}

/// Memory over a million requests, creates and queries in turns. The clock runs so fast that jobs are forgotten.
fn growth() -> anyhow::Result<()> {
    let mock = Process::mock(&["--speed", "36000"])?;
    let id = load::create_one(&mock.url)?;
    let mut sent = 0;
    println!(
        "after 0 requests: RssAnon {:.1} MiB",
        mebi(mock.anonymous_memory()?)
    );
    while sent < REQUESTS {
        for load in [Load::Create, Load::Query] {
            sent += load::run(load, &mock.url, &id, SECONDS)?.requests;
        }
        let memory = mebi(mock.anonymous_memory()?);
        println!("after {sent} requests: RssAnon {memory:.1} MiB");
    }
    Ok(())
}

/// Ten thousand connections at once, each of which asks once; then whether somebody else is still answered.
fn connections() -> anyhow::Result<()> {
    let mock = Process::mock(&[])?;
    let before = mock.anonymous_memory()?;
    let held = Process::open_connections(&mock.address(), CONNECTIONS)?;
    let during = mock.anonymous_memory()?;
    println!("{}", held.first_line);
    println!(
        "RssAnon {:.1} MiB before, {:.1} MiB with them open",
        mebi(before),
        mebi(during)
    );
    drop(held);
    let begun = Instant::now();
    load::create_one(&mock.url).context("nobody else is answered after the connections")?;
    println!(
        "afterwards a new client is answered in {:.1} ms",
        millis(begun.elapsed())
    );
    Ok(())
}

/// A million live jobs over 1,000 channels: what they take of memory, and whether the progress query is slower than with one.
fn jobs() -> anyhow::Result<()> {
    let (one, many) = (Process::mock(&[])?, Process::mock(&[])?);
    let (id, other) = (load::create_one(&one.url)?, load::create_one(&many.url)?);
    let mut sent = 1;
    while sent < LIVE {
        sent += load::run(Load::Fill, &many.url, "none", SECONDS)?.requests;
    }
    // They are numbered from 0, and none is forgotten within an hour.
    anyhow::ensure!(
        load::has_job(&many.url, LIVE - 1)?,
        "there are fewer than {LIVE} jobs"
    );
    println!(
        "{LIVE} live jobs: RssAnon {:.1} MiB",
        mebi(many.anonymous_memory()?)
    );
    let mut ratios = Vec::new();
    for _ in 0..PAIRS {
        let one = Sample::of(&one, Load::Query, &id)?;
        let many = Sample::of(&many, Load::Query, &other)?;
        println!("query: one job {one}, with them all {many}");
        ratios.push(many.per_second / one.per_second);
    }
    println!(
        "query with them all against one job: middle ratio {:.2}",
        middle(ratios)
    );
    Ok(())
}

/// Ten thousand jobs that each call back every second, over HTTP, until all have told their end.
fn callbacks() -> anyhow::Result<()> {
    /// Recorded seconds that are transferred in a second.
    const SPEED: u32 = 16;
    /// How long after the last job's end all ends must have come.
    const PATIENCE: Duration = Duration::from_secs(120);
    let mut world = tempfile::NamedTempFile::new()?;
    load::write_world(&mut world, SPEED)?;
    let path = world.path().to_str().context("the path is UTF-8")?;
    let step = (100 / CALLING_SECONDS).to_string();
    let mock = Process::mock(&["--world", path, "--callback-step", &step])?;
    let receiver = Receiver::start()?;
    let begun = Instant::now();
    load::start_calling(&mock.url, receiver.addr, CALLING, CALLING_SECONDS * SPEED)?;
    let started = begun.elapsed();
    let last = Duration::from_secs(CALLING_SECONDS.into());
    let mut most = 0;
    let heard = loop {
        std::thread::sleep(Duration::from_millis(200));
        most = most.max(mock.anonymous_memory()?);
        let heard = receiver.heard();
        if heard.ends >= CALLING as usize || begun.elapsed() > started + last + PATIENCE {
            break heard;
        }
    };
    println!(
        "{CALLING} jobs, each for {CALLING_SECONDS} s: {} callbacks, {} ends, {} out of order",
        heard.callbacks, heard.ends, heard.disorders
    );
    println!(
        "the last end came {:.1} s after its job's; RssAnon at most {:.1} MiB",
        (begun.elapsed().saturating_sub(started + last)).as_secs_f64(),
        mebi(most)
    );
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mebi(bytes: u64) -> f64 {
    // Exact below 8 PiB.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let bytes = bytes as f64;
    bytes / 1024.0 / 1024.0
}

/// The address of the progress query below a root.
fn query_url(root: &str) -> String {
    format!("{root}{QUERY_PATH}")
}
