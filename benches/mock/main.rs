//! What the mock costs, from outside: `cargo bench --bench mock` (all of it) or `… -- throughput|start|growth|connections`.
//!
//! The mock runs as the program that users run. Throughput is told as a ratio to a bare axum handler that parses the
//! same body and answers with a constant, measured in turns with the same load tool (`wrk`, 32 connections), since
//! absolute figures say more about the machine. Needs Linux and, for throughput and growth, `wrk`.

mod bare;
mod connections;
mod load;
mod process;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::load::{Load, QUERY_PATH};
use crate::process::Process;

/// Pairs of runs, mock and bare handler in turns.
const PAIRS: usize = 5;
/// How long one of them lasts.
const SECONDS: u32 = 4;
/// Starts that are timed.
const STARTS: usize = 21;
/// Requests after which memory must have stopped to grow.
const REQUESTS: u64 = 1_000_000;
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
            connections()
        }
        ["throughput"] => throughput(),
        ["start"] => start(),
        ["growth"] => growth(),
        ["connections"] => connections(),
        ["serve-bare"] => bare::serve(),
        ["open-connections", address, count] => connections::open(address, count.parse()?),
        other => bail!("{other:?} is no part of this bench; see the head of benches/mock/main.rs"),
    }
}

/// Requests a second of the mock and of a bare handler, and the middle of their ratios.
fn throughput() -> anyhow::Result<()> {
    for load in [Load::Create, Load::Query] {
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            let bare = {
                let bare = Process::bare()?;
                load::run(load, &bare.url, "none", SECONDS)?
            };
            let mock = {
                let mock = Process::mock(&[])?;
                let id = load::create_one(&mock.url)?;
                load::run(load, &mock.url, &id, SECONDS)?
            };
            let ratio = mock.per_second / bare.per_second;
            println!(
                "{load}: mock {:.0}/s, bare handler {:.0}/s, ratio {ratio:.2}",
                mock.per_second, bare.per_second
            );
            ratios.push(ratio);
        }
        ratios.sort_by(f64::total_cmp);
        println!("{load}: middle ratio {:.2}", ratios[PAIRS / 2]);
    }
    Ok(())
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
